"""Dot products as counts of bits over the lanes, from planes of the operands.

With ``w = c + sum(b_i x_i)`` and ``a = d + sum(e_j y_j)`` the sum of products is, over all lanes,
that of ``b_i e_j (x_i and y_j)``, ``d b_i x_i``, ``c e_j y_j`` and ``c d``.

Bits can be taken as signs as well, ``x_i = (1 + s_i) / 2``: then the same holds with ``b_i / 2`` in
the place of ``b_i`` and ``c + sum(b_i) / 2`` in that of ``c``, and ``s_i t_j = 2 (x_i = y_j) - 1``,
``s_i = 2 x_i - 1``. Of the two, that of fewer counts is taken.

Masked signs ``w``, of mask ``m`` and sign ``s``, give ``w y_j = (m and (y_j != s)) - s``, hence
counts of those bits, of ``m`` and of ``s``. The product of two of them is
``(m and n) - 2 (m and n and (s != t))``.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

from amaranth import Module, Value

from hwdse.pe.planes import BitPlanes, MaskedSigns
from rtl.parts.table import look_up

__all__ = ["Count", "Planes", "Wires", "counts", "wires"]

Planes = BitPlanes | MaskedSigns
# The wires of one operand in one lane; see :func:`wires`.
Wires = Sequence[Value]
Bit = Callable[[Wires, Wires], Value]
# Planes of the weight and of the activation, or of one alone, and what a bit is worth.
Weighted = list[tuple[tuple[int | None, int | None], Fraction | int]]


@dataclass(frozen=True)
class Count:
    """A bit of every lane, and what it is worth where it is set.

    Attributes:
        weight: Not 0.
        bit: From the wires of the weight and of the activation.
    """

    weight: int
    bit: Bit


def wires(m: Module, side: Planes, code: Value, name: str) -> Wires:
    """What bits to count are made of: those of a code, or its mask and sign.

    Args:
        m: Module that takes the decoder, if there is need of one.
        side: Planes of the operand.
        code: The code word.
        name: Of the decoder.
    """
    if isinstance(side, BitPlanes):
        return list(code)
    mask = {side.negative: 1, side.zero: 0, side.positive: 1}
    sign = {side.negative: 1, side.zero: 0, side.positive: 0}
    return [
        look_up(m, code, mask, 1, f"{name}_mask"),
        look_up(m, code, sign, 1, f"{name}_sign"),
    ]


def counts(w: Planes, a: Planes, lanes: int) -> tuple[list[Count], int]:
    """Counts that make up the sum of the products of all lanes, and a constant."""
    if isinstance(w, BitPlanes):
        if isinstance(a, BitPlanes):
            choices = (_of_ands(w, a, lanes), _of_equals(w, a, lanes))
            return min((x for x in choices if x is not None), key=lambda found: len(found[0]))
        return [Count(x.weight, _swapped(x.bit)) for x in _masked(a, w)], 0
    if isinstance(a, BitPlanes):
        return _masked(w, a), 0
    product = w.magnitude * a.magnitude
    return [
        Count(product, lambda x, y: x[0] & y[0]),
        Count(-2 * product, lambda x, y: x[0] & y[0] & (x[1] ^ y[1])),
    ], 0


def _swapped(bit: Bit) -> Bit:
    return lambda x, y: bit(y, x)


def _of_ands(w: BitPlanes, a: BitPlanes, lanes: int) -> tuple[list[Count], int]:
    weighted: Weighted = [
        ((i, j), b * e) for i, b in enumerate(w.weights) for j, e in enumerate(a.weights)
    ]
    weighted += [((i, None), a.constant * b) for i, b in enumerate(w.weights)]
    weighted += [((None, j), w.constant * e) for j, e in enumerate(a.weights)]
    found = [Count(int(weight), _and(*ij)) for ij, weight in weighted if weight]
    return found, lanes * w.constant * a.constant


def _of_equals(w: BitPlanes, a: BitPlanes, lanes: int) -> tuple[list[Count], int] | None:
    b, e = ([Fraction(x, 2) for x in side.weights] for side in (w, a))
    c, d = w.constant + sum(b), a.constant + sum(e)
    weighted: Weighted = [((i, j), 2 * x * y) for i, x in enumerate(b) for j, y in enumerate(e)]
    weighted += [((i, None), 2 * d * x) for i, x in enumerate(b)]
    weighted += [((None, j), 2 * c * y) for j, y in enumerate(e)]
    constant = lanes * (c * d - sum(weight for _, weight in weighted) / 2)
    if any(weight.denominator != 1 for _, weight in weighted):
        return None
    # A sum of integers less integer counts is an integer.
    return [Count(int(weight), _equal(*ij)) for ij, weight in weighted if weight], int(constant)


def _masked(w: MaskedSigns, a: BitPlanes) -> list[Count]:
    v = w.magnitude
    found = [Count(v * e, _masked_bit(j)) for j, e in enumerate(a.weights) if e]
    found.append(Count(v * a.constant, lambda x, y: x[0]))
    found.append(Count(-v * (2 * a.constant + sum(a.weights)), lambda x, y: x[1]))
    return [count for count in found if count.weight]


def _and(i: int | None, j: int | None) -> Bit:
    return _single(i, j) or (lambda x, y: x[i] & y[j])


def _equal(i: int | None, j: int | None) -> Bit:
    return _single(i, j) or (lambda x, y: ~(x[i] ^ y[j]))


def _masked_bit(j: int) -> Bit:
    return lambda x, y: x[0] & (x[1] ^ y[j])


def _single(i: int | None, j: int | None) -> Bit | None:
    if i is None:
        return lambda x, y: y[j]
    return (lambda x, y: x[i]) if j is None else None

"""Sums over the lanes of one cycle: exact, or of products cut off below the largest one.

``exact_sum`` adds the products as fixed-point numbers, in a window as wide as their whole range.

``aligned_sum`` cuts them off first, as units with a narrow window do. What is computed, bit by bit:

* A product's significand is the integer product of its operands' significands, hidden bits
  included, in as many places as the largest one takes (8 for E4M3 by E4M3), and its exponent the
  sum of theirs. Nothing is normalised before the sum, subnormals have the exponent of the least
  normal numbers, integers exponent 0, and products of zero take no part.
* Every magnitude is shifted right by the distance of its exponent from the largest of the cycle,
  and the highest ``bits`` places are kept: with fewer ``bits`` than places, fewer of the largest
  product too; with more, as many more below. The rest is dropped: magnitudes are truncated towards
  zero, whatever their sign.
* The signed rest is summed exactly. The accumulator takes no part in the alignment: it adds the sum
  as it does any other term, rounding once.

NVIDIA's tensor cores align products to the largest exponent and truncate (Fasi, Higham, Mikaitis
and Pranesh, "Numerical behavior of NVIDIA tensor cores", PeerJ Computer Science 7:e330, 2021), for
FP8 on Hopper to 14 bits of each product (DeepSeek-V3 technical report, arXiv 2412.19437, section
3.5.2). They differ from this in that the accumulator is one more addend of the same window and the
result is truncated, and, on Hopper, perhaps in the direction for negative products. The model of
arXiv 2510.25602 (table 6) has aligners of ``min(2**(x + 1) + 2 * y, 24)`` bits for ``x`` exponent
and ``y`` mantissa bits.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat
from hwdse.pe.product import integers, operand, operand_shape, times, times_shape
from hwdse.pe.term import Term, TermShape, significand_dtype

__all__ = [
    "Factor",
    "aligned_shape",
    "aligned_sum",
    "cut_off",
    "cut_off_sum",
    "cut_shape",
    "exact_shape",
    "exact_sum",
]

Ints = NDArray[Any]

_TABLE_BITS = 16
# Products computed at once, which bounds the memory taken.
_CHUNK = 1 << 20


@dataclass(frozen=True)
class Factor:
    """One side of the products: element codes, less a zero point where there is one.

    Attributes:
        format: Of the codes.
        zero_point: Whether a code of the same format is subtracted; fixed-point formats only.
    """

    format: ScalarFormat
    zero_point: bool = False

    @property
    def shape(self) -> TermShape:
        """Bounds."""
        shape = operand_shape(self.format)
        if not self.zero_point:
            return shape
        largest = int(np.ptp(integers(self.format, self.format.codes().astype(np.int64))))
        bits = largest.bit_length()
        return replace(shape, signed=True, significand_bits=bits, max_units=largest)

    def terms(self, codes: NDArray[np.int64], zeros: NDArray[np.int64] | None) -> Term:
        """Terms of codes of shape (..., lanes), and of zero points of shape (...)."""
        if zeros is None:
            return operand(self.format, codes)
        zero = integers(self.format, zeros)[..., None]
        return Term.from_integers(integers(self.format, codes) - zero)


# Codes of one side: elements, shape (..., lanes), and zero points, shape (...).
Side = tuple[Factor, NDArray[np.int64], NDArray[np.int64] | None]


def exact_shape(x: TermShape, y: TermShape, lanes: int) -> TermShape:
    """Bounds of the exact sum of ``lanes`` products."""
    one = times_shape(x, y)
    largest = one.max_units * lanes
    return replace(one, significand_bits=largest.bit_length(), max_shift=0, max_units=largest)


def aligned_shape(x: TermShape, y: TermShape, lanes: int, bits: int) -> TermShape:
    """Bounds of the sum of ``lanes`` products cut off to ``bits``."""
    return cut_shape(times_shape(x, y), lanes, bits)


def cut_shape(one: TermShape, lanes: int, bits: int) -> TermShape:
    """Bounds of the sum of ``lanes`` terms of one shape cut off to ``bits``."""
    up = bits - one.significand_bits
    largest = one.max_units << up if up >= 0 else -(-one.max_units >> -up)
    return replace(
        one,
        significand_bits=(((1 << bits) - 1) * lanes).bit_length(),
        lsb_exponent=one.lsb_exponent - up,
        max_units=largest * lanes,
    )


def exact_sum(w: Side, a: Side) -> Term:
    """Exact sums of products over the last axis, as terms of shift 0.

    A sum is NaN where a product is, or where there are infinities of both signs; infinite where
    there are of one. A sum of zero is positive.
    """
    shape = exact_shape(w[0].shape, a[0].shape, w[1].shape[-1])
    dtype = significand_dtype(shape.max_units.bit_length())

    def sums(w: Side, a: Side) -> Term:
        x, y = _units(*w).astype(dtype, copy=False), _units(*a).astype(dtype, copy=False)
        return Term.from_integers(
            (x * y).sum(axis=-1) if dtype is object else np.einsum("...i,...i->...", x, y)
        )

    return _in_chunks(w, a, sums)


def aligned_sum(w: Side, a: Side, bits: int) -> Term:
    """Sums over the last axis of products cut off to ``bits``; see the module."""
    one = times_shape(w[0].shape, a[0].shape)

    def sums(w: Side, a: Side) -> Term:
        return cut_off_sum(times(w[0].terms(*w[1:]), a[0].terms(*a[1:])), one, bits)

    return _in_chunks(w, a, sums)


def cut_off_sum(terms: Term, one: TermShape, bits: int) -> Term:
    """Sums over the last axis of terms cut off by :func:`cut_off`."""
    units, shift = cut_off(terms, one, bits)
    return replace(Term.from_integers(units.sum(axis=-1)), shift=shift)


def cut_off(terms: Term, one: TermShape, bits: int) -> tuple[Ints, NDArray[np.int64]]:
    """Terms cut off to ``bits`` below the largest of the last axis; see the module.

    Those that are no numbers count as zero.

    Args:
        terms: Shape (..., lanes).
        one: Their bounds.
        bits: Places kept.

    Returns:
        What is kept, signed, shape (..., lanes), and the shift of all, shape (...).
    """
    up = bits - one.significand_bits
    dtype = significand_dtype(((1 << bits) * terms.sign.shape[-1]).bit_length())
    largest = np.where(terms.significand == 0, 0, terms.shift).max(axis=-1)
    down = largest[..., None] - terms.shift
    # A term of zero may lie beyond the largest; it stays zero, whatever it is shifted by.
    down = np.maximum(down, 0) + max(-up, 0)
    magnitude = terms.significand.astype(dtype) << max(up, 0)
    kept = magnitude >> (np.minimum(down, 63) if dtype is np.int64 else down.astype(dtype))
    return np.where(terms.sign, -kept, kept), largest


def _in_chunks(w: Side, a: Side, sums: Any) -> Term:
    """``sums`` of parts of the codes, with the lanes that are no numbers taken into account."""
    outer, lanes = w[1].shape[:-1], w[1].shape[-1]
    rows = [(f, c.reshape(-1, lanes), None if z is None else z.reshape(-1)) for f, c, z in (w, a)]
    step = max(1, _CHUNK // lanes)
    parts = []
    for start in range(0, max(1, len(rows[0][1])), step):
        cut = slice(start, start + step)
        some_w, some_a = ((f, c[cut], None if z is None else z[cut]) for f, c, z in rows)
        parts.append(_with_specials(sums(some_w, some_a), some_w, some_a))
    return Term.concatenate(parts).reshape(outer)


def _with_specials(term: Term, w: Side, a: Side) -> Term:
    special = _special_rows(*w[:2]) | _special_rows(*a[:2])
    if not special.any():
        return term
    products = times(
        *(f.terms(c[special], None if z is None else z[special]) for f, c, z in (w, a))
    )
    positive = (products.infinite & ~products.sign).any(axis=-1)
    negative = (products.infinite & products.sign).any(axis=-1)
    term.nan[special] = products.nan.any(axis=-1) | (positive & negative)
    term.infinite[special] = (positive | negative) & ~term.nan[special]
    term.sign[special] = negative & ~positive
    # What is no number in a lane never leaves a number.
    term.significand[special] = 0
    term.shift[special] = 0
    return term


def _special_rows(factor: Factor, codes: NDArray[np.int64]) -> NDArray[np.bool_]:
    fmt = factor.format
    if not fmt.specials:
        return np.zeros(codes.shape[:-1], dtype=np.bool_)
    if fmt.bits <= _TABLE_BITS:
        return np.asarray(_table(fmt)[1][codes].any(axis=-1))
    fields = fmt.unpack(codes)
    return np.asarray((fields.nan | fields.infinite).any(axis=-1))


def _units(factor: Factor, codes: NDArray[np.int64], zeros: NDArray[np.int64] | None) -> Ints:
    """Signed values in units of the format's last bit; 0 where they are no numbers."""
    fmt = factor.format
    units = _table(fmt)[0][codes] if fmt.bits <= _TABLE_BITS else _signed_units(fmt, codes)
    return units if zeros is None else units - _units(factor, zeros, None)[..., None]


@functools.lru_cache(maxsize=64)
def _table(fmt: ScalarFormat) -> tuple[Ints, NDArray[np.bool_]]:
    """By bit pattern: values in units of the last bit, and whether they are no numbers."""
    codes = fmt.codes().astype(np.int64)
    listed = _signed_units(fmt, codes)
    units = np.zeros(1 << fmt.bits, dtype=listed.dtype)
    units[codes] = listed
    special = np.zeros(1 << fmt.bits, dtype=np.bool_)
    fields = fmt.unpack(codes)
    special[codes] = fields.nan | fields.infinite
    return units, special


def _signed_units(fmt: ScalarFormat, codes: NDArray[np.int64]) -> Ints:
    dtype = significand_dtype(operand_shape(fmt).max_units.bit_length())
    found = operand(fmt, codes)
    magnitude = found.significand.astype(dtype) << found.shift.astype(dtype)
    return np.asarray(np.where(found.sign, -magnitude, magnitude))

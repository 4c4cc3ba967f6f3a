"""Operand sequences that find mistakes: all pairs where they can be enumerated, else hard cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Format, IntegerFormat, Minifloat
from hwdse.pe import Unit

__all__ = [
    "ENUMERABLE_BITS",
    "Sequence",
    "all_pairs",
    "corner_codes",
    "hard_sequences",
    "operand_bits",
    "steady_corners",
]

# Policy: enumeration is the proof of a term up to this many operand bits.
ENUMERABLE_BITS = 24
_LANES = 1 << 14
_STEPS = 64
_RESTART_EVERY = 16
_CORNER_ACCUMULATORS = 1 << 10
# Exponents within this many binades of 1 make products that align with their sum.
_NEAR_BINADES = 6


@dataclass(frozen=True, eq=False)
class Sequence:
    """Operand codes over time for independent accumulators.

    Attributes:
        w, a: int64 codes, shape (steps, accumulators) or (steps, accumulators, lanes).
        clear: Shape (steps,).
        gaps: Whether cycles without a valid element are mixed in.
    """

    w: NDArray[np.int64]
    a: NDArray[np.int64]
    clear: NDArray[np.bool_]
    gaps: bool

    @property
    def vectors(self) -> int:
        """Elements in all."""
        return int(self.w.shape[0] * self.w.shape[1])


def operand_bits(unit: Unit) -> int:
    """Operand bits of one element."""
    return (unit.w.bits + unit.a.bits) * unit.lanes


def all_pairs(unit: Unit) -> Iterator[Sequence]:
    """Every operand combination once, each as the first of a sum."""
    bits = operand_bits(unit)
    total = max(1 << bits, 64)
    width = min(total, 1 << 16)
    for start in range(0, total, width):
        index = np.arange(start, start + width, dtype=np.int64)
        fields = []
        for fmt in (unit.w, unit.a):
            for _ in range(unit.lanes):
                fields.append(index & ((1 << fmt.bits) - 1))
                index = index >> fmt.bits
        if unit.lanes == 1:
            w, a = fields
        else:
            w = np.stack(fields[: unit.lanes], axis=-1)
            a = np.stack(fields[unit.lanes :], axis=-1)
        yield Sequence(w=w[None], a=a[None], clear=np.array([True]), gaps=False)


def hard_sequences(unit: Unit, vectors: int, seed: int) -> Iterator[Sequence]:
    """At least ``vectors`` seeded elements in sums of random length.

    A quarter of the accumulators each sees uniform finite codes, mostly corner values, operands
    whose products lie near the sum, and everything including NaN and infinities; in all of them a
    product is often followed by almost its negative.
    """
    rng = np.random.default_rng(seed)
    accumulators = min(_LANES, max(64, -(-vectors // _STEPS)))
    accumulators = -(-accumulators // 64) * 64
    done = 0
    while done < vectors:
        shape = (_STEPS, accumulators) + ((unit.lanes,) if unit.lanes > 1 else ())
        w = _codes(unit.w, shape, rng)
        a = _codes(unit.a, shape, rng)
        _oppose(unit.w, w, a, rng)
        clear = rng.random(_STEPS) < 1 / _RESTART_EVERY
        clear[0] = True
        sequence = Sequence(w=w, a=a, clear=clear, gaps=True)
        done += sequence.vectors
        yield sequence


def steady_corners(unit: Unit, seed: int) -> Iterator[Sequence]:
    """One pair of corner values added over and over, which fills the high bits of a wide sum."""
    rng = np.random.default_rng(seed)
    shape = (_CORNER_ACCUMULATORS,) + ((unit.lanes,) if unit.lanes > 1 else ())
    # All lanes of one accumulator hold the same pair: sums grow as fast as they can.
    pairs = [
        rng.choice(np.array(_corners(fmt)), size=_CORNER_ACCUMULATORS) for fmt in (unit.w, unit.a)
    ]
    w, a = (
        np.broadcast_to(codes.reshape(-1, *([1] * (len(shape) - 1))), (_STEPS, *shape))
        for codes in pairs
    )
    clear = np.arange(_STEPS) == 0
    yield Sequence(w=w, a=a, clear=clear, gaps=False)


def _codes(fmt: Format, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
    codes = rng.integers(0, 1 << fmt.bits, size=shape, dtype=np.int64)
    corners = _corners(fmt)
    quarter = shape[1] // 4
    finite = [c for c in corners if np.isfinite(fmt.decode(np.array([c]))[0])]
    some = rng.choice(np.array(finite), size=shape)
    codes[:, :quarter] = _finite(fmt, codes[:, :quarter], rng)
    mostly = rng.random((shape[0], quarter, *shape[2:])) < 0.75
    middle = slice(quarter, 2 * quarter)
    codes[:, middle] = np.where(mostly, some[:, middle], _finite(fmt, codes[:, middle], rng))
    near = slice(2 * quarter, 3 * quarter)
    codes[:, near] = _finite(fmt, _near_one(fmt, codes[:, near], rng), rng)
    last = slice(3 * quarter, None)
    special = rng.random(codes[:, last].shape) < 1 / _RESTART_EVERY
    everything = rng.choice(np.array(corners), size=shape)[:, last]
    codes[:, last] = np.where(special, everything, _finite(fmt, codes[:, last], rng))
    return codes


def _finite(fmt: Format, codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """The same codes with random numbers in place of NaN and infinities."""
    unpacked = fmt.unpack(codes)
    bad = unpacked.nan | unpacked.infinite
    if not bad.any():
        return codes
    small = rng.integers(0, 1 << (fmt.bits - 2), size=codes.shape, dtype=np.int64)
    return np.where(bad, small, codes)


def _near_one(fmt: Format, codes: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    if not isinstance(fmt, Minifloat) or fmt.exponent_bits < 4:
        return codes
    low = max(1, fmt.bias - _NEAR_BINADES)
    high = min((1 << fmt.exponent_bits) - 2, fmt.bias + _NEAR_BINADES)
    field = rng.integers(low, high + 1, size=codes.shape, dtype=np.int64)
    mask = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
    return (codes & ~mask) | (field << fmt.mantissa_bits)


def _oppose(
    fmt: Format, w: NDArray[np.int64], a: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Make about a quarter of the elements nearly the negative of the one before."""
    sign = 1 << (fmt.bits - 1)
    chosen = rng.random(w.shape[:2]) < 0.25
    chosen[0] = False
    step, column = np.nonzero(chosen)
    opposite = w[step - 1, column] ^ sign
    if isinstance(fmt, IntegerFormat):
        opposite = (-w[step - 1, column]) & ((1 << fmt.bits) - 1)
    w[step, column] = opposite
    a[step, column] = a[step - 1, column]
    nudge = rng.integers(0, 2, size=a[step, column].shape)
    a[step, column] ^= nudge


def corner_codes(fmt: Format) -> list[int]:
    """Zeros, least and greatest values, the edges of the subnormals, one, and the specials.

    Few enough that all pairs of them can be tried; both signs, in rising order.
    """
    sign = 1 << (fmt.bits - 1)
    magnitudes = {0, 1, sign - 1}
    if isinstance(fmt, Minifloat):
        hidden = 1 << fmt.mantissa_bits
        one = fmt.bias << fmt.mantissa_bits
        magnitudes |= {hidden - 1, hidden, one, fmt.max_code, fmt.max_code + 1}
    return _both_signs(magnitudes, sign)


def _corners(fmt: Format) -> list[int]:
    """Corner codes with their neighbours, and quiet and signalling NaNs."""
    sign = 1 << (fmt.bits - 1)
    magnitudes = {code & (sign - 1) for code in corner_codes(fmt)}
    magnitudes |= {2, sign - 2, sign >> 1, (sign >> 1) - 1}
    if isinstance(fmt, Minifloat):
        hidden = 1 << fmt.mantissa_bits
        top = ((1 << fmt.exponent_bits) - 1) << fmt.mantissa_bits
        one = fmt.bias << fmt.mantissa_bits
        magnitudes |= {hidden + 1, one + 1, top - 1, top, top | 1, top | (hidden >> 1)}
    return _both_signs(magnitudes, sign)


def _both_signs(magnitudes: set[int], sign: int) -> list[int]:
    fitting = {m for m in magnitudes if 0 <= m < sign}
    return sorted(fitting | {m | sign for m in fitting})

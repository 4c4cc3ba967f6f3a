"""Codes of a format to compute on: uniform, finite, near one, opposite, and at the corners.

Everything follows from what the format says of itself, so that every scalar format is served alike.
Only valid codes are given: references refuse the others.
"""

from __future__ import annotations

import functools
import math

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Overflow, ScalarFormat

__all__ = [
    "choose",
    "corner_codes",
    "count",
    "draw",
    "draw_finite",
    "is_finite",
    "is_valid",
    "near_one",
    "neighbourhood",
    "nth",
    "nudged",
    "one_in",
    "opposite",
]

_ENUMERABLE_BITS = 16
# Exponents within this many binades of 1 make products that align with their sum.
_NEAR_BINADES = 6

Codes = NDArray[np.int64]


@functools.lru_cache(maxsize=64)
def _listed(fmt: ScalarFormat) -> Codes | None:
    """The valid codes; None where every bit pattern is one, as of all formats above 16 bits."""
    if fmt.bits > _ENUMERABLE_BITS:
        return None
    codes = fmt.codes().astype(np.int64)
    return None if codes.size == 1 << fmt.bits else codes


def count(fmt: ScalarFormat) -> int:
    """How many valid codes there are."""
    listed = _listed(fmt)
    return 1 << fmt.bits if listed is None else listed.size


def nth(fmt: ScalarFormat, index: Codes) -> Codes:
    """Valid codes by their rank, from 0."""
    listed = _listed(fmt)
    return index if listed is None else np.asarray(listed[index])


def is_valid(fmt: ScalarFormat, patterns: Codes) -> NDArray[np.bool_]:
    """Which bit patterns are codes."""
    listed = _listed(fmt)
    inside = np.asarray((patterns >= 0) & (patterns < 1 << fmt.bits))
    if listed is None:
        return inside
    return inside & _valid_patterns(fmt)[np.where(inside, patterns, 0)]


@functools.lru_cache(maxsize=64)
def _valid_patterns(fmt: ScalarFormat) -> NDArray[np.bool_]:
    """Which bit patterns are codes, of a format of few bits."""
    valid = np.zeros(1 << fmt.bits, dtype=np.bool_)
    valid[fmt.codes().astype(np.int64)] = True
    return valid


def is_finite(fmt: ScalarFormat, codes: Codes) -> NDArray[np.bool_]:
    """Which valid codes are numbers."""
    if fmt.bits <= _ENUMERABLE_BITS:
        return np.asarray(_finite_patterns(fmt)[codes])
    fields = fmt.unpack(codes)
    return ~(fields.nan | fields.infinite)


@functools.lru_cache(maxsize=64)
def _finite_patterns(fmt: ScalarFormat) -> NDArray[np.bool_]:
    """Which bit patterns are codes of numbers."""
    codes = fmt.codes().astype(np.int64)
    fields = fmt.unpack(codes)
    finite = np.zeros(1 << fmt.bits, dtype=np.bool_)
    finite[codes] = ~(fields.nan | fields.infinite)
    return finite


def draw(fmt: ScalarFormat, shape: int | tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Valid codes, equally likely."""
    return nth(fmt, _ranks(count(fmt), shape, rng))


def choose(
    codes: NDArray[np.int64], shape: int | tuple[int, ...], rng: np.random.Generator
) -> Codes:
    """Some of a few codes, equally likely but for less than a percent up to 655 of them."""
    random = rng.integers(0, 1 << 16, size=shape, dtype=np.uint16)
    return np.asarray(codes.take((random.astype(np.int64) * len(codes)) >> 16))


def one_in(count: int, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.bool_]:
    """A mask that is True once in ``count`` places, a power of two, at random."""
    size = math.prod(shape)
    words = (count.bit_length() - 1, -(-size // 64))
    random = rng.integers(0, 1 << 64, size=words, dtype=np.uint64)
    bits = np.bitwise_and.reduce(random, axis=0).view(np.uint8)
    return np.unpackbits(bits, count=size).view(np.bool_).reshape(shape)


def nudged(fmt: ScalarFormat, codes: Codes, rng: np.random.Generator) -> Codes:
    """Codes with the last bit of half of them flipped, where that makes a valid code."""
    flipped = codes ^ one_in(2, codes.shape, rng)
    return flipped if _listed(fmt) is None else np.where(is_valid(fmt, flipped), flipped, codes)


def _ranks(bound: int, shape: int | tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Numbers below a bound; short ones take fewer random bits, and less time."""
    dtype = next(t for t in (np.uint8, np.uint16, np.int64) if bound - 1 <= np.iinfo(t).max)
    return rng.integers(0, bound, size=shape, dtype=dtype).astype(np.int64)


def draw_finite(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Codes of numbers, equally likely."""
    codes = draw(fmt, shape, rng)
    if not fmt.specials:
        return codes
    while not (finite := is_finite(fmt, codes)).all():
        codes[~finite] = draw(fmt, int(np.count_nonzero(~finite)), rng)
    return codes


def near_one(fmt: ScalarFormat, codes: Codes, rng: np.random.Generator) -> Codes:
    """Codes of numbers, brought within a few binades of 1 where the format reaches much farther."""
    if fmt.max_shift <= 2 * _NEAR_BINADES:
        return codes
    fraction, _ = np.frexp(fmt.decode(codes))
    exponent = rng.integers(-_NEAR_BINADES + 1, _NEAR_BINADES + 2, size=codes.shape)
    return fmt.encode(np.ldexp(fraction, exponent)).astype(np.int64)


def opposite(fmt: ScalarFormat, codes: Codes) -> Codes:
    """Codes of the negated values, or what is nearest; NaNs may lose their payload."""
    if fmt.bits <= _ENUMERABLE_BITS:
        return _opposites(fmt).take(codes)
    return _opposite(fmt, codes)


@functools.lru_cache(maxsize=64)
def _opposites(fmt: ScalarFormat) -> Codes:
    """By bit pattern; of no meaning where that is no code."""
    codes = fmt.codes().astype(np.int64)
    table = np.zeros(1 << fmt.bits, dtype=np.int64)
    table[codes] = _opposite(fmt, codes)
    return table


def _opposite(fmt: ScalarFormat, codes: Codes) -> Codes:
    overflow = Overflow.NONFINITE if "inf" in fmt.specials else Overflow.SATURATE
    return fmt.encode(-fmt.decode(codes), overflow=overflow).astype(np.int64)


def corner_codes(fmt: ScalarFormat) -> list[int]:
    """Zeros, least and greatest values, the edges of the subnormals, one, and the specials.

    Few enough that all pairs of them can be tried; both signs, in rising order.
    """
    sign = 1 << (fmt.bits - 1)
    patterns = {0, 1, sign - 1, sign, sign + 1, 2 * sign - 1}
    magnitudes = {fmt.min_normal, 1.0}
    if fmt.min_subnormal is not None:
        magnitudes |= {fmt.min_subnormal, fmt.min_normal - fmt.min_subnormal}
    values = {fmt.min, fmt.max} | magnitudes | {-m for m in magnitudes}
    patterns |= set(fmt.encode([v for v in values if fmt.min <= v <= fmt.max]).tolist())
    if "inf" in fmt.specials:
        patterns |= set(fmt.encode([-np.inf, np.inf], overflow=Overflow.NONFINITE).tolist())
    return _valid_only(fmt, patterns)


@functools.lru_cache(maxsize=64)
def neighbourhood(fmt: ScalarFormat) -> tuple[int, ...]:
    """Corner codes with their neighbours, codes with one bit set or clear, and quiet NaNs."""
    sign = 1 << (fmt.bits - 1)
    corners = corner_codes(fmt)
    patterns = {c + step for c in corners for step in (-1, 0, 1)}
    patterns |= {sign - 2, sign >> 1, (sign >> 1) - 1}
    patterns |= {p | sign for p in patterns if p >= 0}
    if fmt.specials and fmt.specials != ("inf",):
        patterns |= set(fmt.encode([-np.nan, np.nan]).tolist())
    return tuple(_valid_only(fmt, patterns))


def _valid_only(fmt: ScalarFormat, patterns: set[int]) -> list[int]:
    found = np.array(sorted(patterns), dtype=np.int64)
    return [int(code) for code in found[is_valid(fmt, found)]]

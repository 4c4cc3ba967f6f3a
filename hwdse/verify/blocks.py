"""Codes of blocks of numbers that find mistakes in conversions, given the formats alone.

A conversion goes wrong at the boundaries of its rounding, where one number of a block decides for
all, at zeros, and at specials. Boundaries of any binary target lie where the bits behind some place
of a code are a one and zeros, so such codes are drawn for every place.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Minifloat, ScalarFormat
from hwdse.pe import Operand
from hwdse.verify.codes import choose, draw_finite, is_finite, is_valid, neighbourhood, one_in

__all__ = ["KINDS", "block_codes"]

Codes = NDArray[np.int64]

# Binades within which the numbers of a block of like numbers lie.
_LIKE = 3
# A block of small numbers lies so many binades below its one large number, at least.
_BELOW = 4


def block_codes(operand: Operand, shape: tuple[int, int], rng: np.random.Generator) -> Codes:
    """Codes of an operand, shape ``shape`` and its lanes; each eighth of the columns is of a kind.

    Args:
        operand: Its lanes, in order, are taken for one block.
        shape: Steps and columns.
        rng: Chooses the codes.
    """
    steps, columns = shape
    edges = [columns * kind // len(KINDS) for kind in range(len(KINDS) + 1)]
    parts = [
        draw(operand.format, (steps, last - first, operand.lanes), rng)
        for draw, first, last in zip(KINDS, edges, edges[1:], strict=False)
    ]
    codes = np.concatenate(parts, axis=1)
    return codes if operand.trailing else codes[..., 0]


def _corners(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Mostly least, greatest and other outstanding numbers."""
    codes = draw_finite(fmt, shape, rng)
    corners = np.array(neighbourhood(fmt))
    usual = ~one_in(4, shape, rng)
    codes[usual] = choose(corners[is_finite(fmt, corners)], int(np.count_nonzero(usual)), rng)
    return codes


def _boundaries(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Numbers at, and right beside, where some rounding changes."""
    return _with_tails(fmt, draw_finite(fmt, shape, rng), rng, fmt.bits - 1)


def _alike(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Numbers of like magnitude, which are cut off at the same place."""
    exponent = _exponents(fmt, (*shape[:-1], 1), rng) - rng.integers(_LIKE, size=shape)
    return _with_tails(fmt, _encoded(fmt, exponent, rng), rng)


def _spread(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Numbers that differ by orders of magnitude."""
    return _with_tails(fmt, _encoded(fmt, _exponents(fmt, shape, rng), rng), rng)


def _zeros(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Nothing but zeros in half of the blocks; in the others one other number."""
    codes = draw_finite(fmt, shape, rng)
    alone = np.arange(shape[-1]) == rng.integers(shape[-1], size=(*shape[:-1], 1))
    kept = alone & (rng.random((*shape[:-1], 1)) < 1 / 2)
    signs = rng.integers(2, size=shape)
    zero = fmt.encode(np.where(signs, -0.0, 0.0)).astype(np.int64)
    return np.where(kept, codes, zero)


def _one_huge(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """One of the greatest numbers among small ones."""
    top = math.frexp(fmt.max)[1] - 1
    exponent = np.minimum(_exponents(fmt, shape, rng), top - _BELOW)
    huge = top - rng.integers(2, size=(*shape[:-1], 1))
    alone = np.arange(shape[-1]) == rng.integers(shape[-1], size=(*shape[:-1], 1))
    return _with_tails(fmt, _encoded(fmt, np.where(alone, huge, exponent), rng), rng)


def _specials(fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator) -> Codes:
    """Infinities and NaNs here and there, where the format has any, in blocks of any kind."""
    kinds = (draw_finite, _alike, _zeros)
    codes = kinds[int(rng.integers(len(kinds)))](fmt, shape, rng)
    corners = np.array(neighbourhood(fmt))
    others = corners[~is_finite(fmt, corners)]
    place = one_in(8, shape, rng)
    codes[place] = choose(others if len(others) else corners, int(np.count_nonzero(place)), rng)
    return codes


KINDS: tuple[Callable[[ScalarFormat, tuple[int, ...], np.random.Generator], Codes], ...] = (
    draw_finite,
    _corners,
    _boundaries,
    _alike,
    _spread,
    _zeros,
    _one_huge,
    _specials,
)


def _exponents(
    fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    """Binary exponents of the format's whole range, equally likely."""
    least = fmt.min_normal if fmt.min_subnormal is None else fmt.min_subnormal
    low, high = (math.frexp(value)[1] - 1 for value in (least, max(fmt.max, -fmt.min)))
    return rng.integers(low, high + 1, size=shape)


def _encoded(fmt: ScalarFormat, exponent: NDArray[np.int64], rng: np.random.Generator) -> Codes:
    """Codes of numbers of these exponents, of either sign where there are two."""
    value = np.ldexp(1 + rng.random(exponent.shape), exponent)
    if fmt.signed:
        value = np.where(rng.integers(2, size=exponent.shape), -value, value)
    return fmt.encode(value).astype(np.int64)


def _with_tails(
    fmt: ScalarFormat, codes: Codes, rng: np.random.Generator, most: int | None = None
) -> Codes:
    """Codes whose last bits are 0, a half, or next to either, from a place drawn at random on.

    Args:
        fmt: The format.
        codes: What the bits in front are of.
        rng: Chooses.
        most: Last bits, at most; by default so few that magnitudes stay about what they are.
    """
    if most is None:
        most = fmt.mantissa_bits if isinstance(fmt, Minifloat) else fmt.bits // 2
    place = rng.integers(1, max(most, 1) + 1, size=codes.shape)
    half = np.int64(1) << (place - 1)
    tails = np.stack([0 * half, half - 1, half, half + 1, 2 * half - 1])
    tail = np.take_along_axis(tails, rng.integers(len(tails), size=codes.shape)[None], 0)[0]
    changed = codes >> place << place | tail & (2 * half - 1)
    valid = is_valid(fmt, changed)
    valid[valid] = is_finite(fmt, changed[valid])
    # A quarter stays as it was.
    valid &= ~one_in(4, codes.shape, rng)
    return np.where(valid, changed, codes)

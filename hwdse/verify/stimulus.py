"""Operand sequences that find mistakes: all pairs where they can be enumerated, else hard cases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat
from hwdse.pe import Unit
from hwdse.verify.codes import (
    corner_codes,
    count,
    draw_finite,
    is_finite,
    is_valid,
    near_one,
    neighbourhood,
    nth,
    opposite,
)

__all__ = [
    "ENUMERABLE_BITS",
    "Sequence",
    "all_pairs",
    "combinations",
    "corner_pairs",
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


def combinations(unit: Unit) -> int:
    """Combinations of valid operand codes that one element can have."""
    pairs = count(unit.w) * count(unit.a)
    return int(pairs**unit.lanes)


def all_pairs(unit: Unit) -> Iterator[Sequence]:
    """Every combination of valid operand codes, each as the first of a sum.

    The first ones come again at the end, up to a multiple of 64.
    """
    total = -(-combinations(unit) // 64) * 64
    for start in range(0, total, 1 << 16):
        index = np.arange(start, min(start + (1 << 16), total), dtype=np.int64)
        fields = []
        for fmt in (unit.w, unit.a):
            for _ in range(unit.lanes):
                fields.append(nth(fmt, index % count(fmt)))
                index = index // count(fmt)
        if unit.lanes == 1:
            w, a = fields
        else:
            w = np.stack(fields[: unit.lanes], axis=-1)
            a = np.stack(fields[unit.lanes :], axis=-1)
        yield Sequence(w=w[None], a=a[None], clear=np.array([True]), gaps=False)


def corner_pairs(unit: Unit) -> Sequence:
    """Every pair of corner values, the same in all lanes, each as the first of a sum."""
    pairs = np.meshgrid(corner_codes(unit.w), corner_codes(unit.a), indexing="ij")
    w, a = (codes.reshape(1, -1) for codes in pairs)
    if unit.lanes > 1:
        w, a = (np.repeat(codes[..., None], unit.lanes, axis=-1) for codes in (w, a))
    return Sequence(w=w, a=a, clear=np.array([True]), gaps=True)


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
        _oppose(unit, w, a, rng)
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
        rng.choice(np.array(neighbourhood(fmt)), size=_CORNER_ACCUMULATORS)
        for fmt in (unit.w, unit.a)
    ]
    w, a = (
        np.broadcast_to(codes.reshape(-1, *([1] * (len(shape) - 1))), (_STEPS, *shape))
        for codes in pairs
    )
    clear = np.arange(_STEPS) == 0
    yield Sequence(w=w, a=a, clear=clear, gaps=False)


def _codes(
    fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    codes = draw_finite(fmt, shape, rng)
    corners = np.array(neighbourhood(fmt))
    quarter = shape[1] // 4
    middle = slice(quarter, 2 * quarter)
    numbers = rng.choice(corners[is_finite(fmt, corners)], size=shape)[:, middle]
    mostly = rng.random(numbers.shape) < 0.75
    codes[:, middle] = np.where(mostly, numbers, codes[:, middle])
    near = slice(2 * quarter, 3 * quarter)
    codes[:, near] = near_one(fmt, codes[:, near], rng)
    last = slice(3 * quarter, None)
    everything = rng.choice(corners, size=shape)[:, last]
    special = rng.random(everything.shape) < 1 / _RESTART_EVERY
    codes[:, last] = np.where(special, everything, codes[:, last])
    return codes


def _oppose(
    unit: Unit, w: NDArray[np.int64], a: NDArray[np.int64], rng: np.random.Generator
) -> None:
    """Make about a quarter of the products nearly the negative of the one before."""
    chosen = rng.random(w.shape[:2]) < 0.25
    chosen[0] = False
    step, column = np.nonzero(chosen)
    before_w, before_a = w[step - 1, column], a[step - 1, column]
    nudged = before_a ^ rng.integers(0, 2, size=before_a.shape)
    before_a = np.where(is_valid(unit.a, nudged), nudged, before_a)
    if unit.w.signed:
        before_w = opposite(unit.w, before_w)
    elif unit.a.signed:
        before_a = opposite(unit.a, before_a)
    w[step, column] = before_w
    a[step, column] = before_a

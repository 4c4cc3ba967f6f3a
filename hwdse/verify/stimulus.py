"""Operand sequences that find mistakes: all pairs where they can be enumerated, else hard cases."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat
from hwdse.pe import Operand, Unit
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
        codes: By operand: int64, shape (steps, accumulators), or (steps, accumulators, lanes).
        clear: Shape (steps,).
        gaps: Whether cycles without a valid element are mixed in.
    """

    codes: dict[str, NDArray[np.int64]]
    clear: NDArray[np.bool_]
    gaps: bool

    @property
    def shape(self) -> tuple[int, int]:
        """Steps and accumulators."""
        first = next(iter(self.codes.values()))
        return first.shape[0], first.shape[1]

    @property
    def vectors(self) -> int:
        """Elements in all."""
        return math.prod(self.shape)

    def columns(self, chosen: NDArray[np.int64]) -> Sequence:
        """Some of the accumulators alone."""
        codes = {name: codes[:, chosen] for name, codes in self.codes.items()}
        return Sequence(codes=codes, clear=self.clear, gaps=self.gaps)


def operand_bits(unit: Unit) -> int:
    """Operand bits of one element."""
    return sum(operand.width for operand in unit.operands)


def combinations(unit: Unit) -> int:
    """Combinations of valid operand codes that one element can have."""
    return math.prod(count(operand.format) ** operand.lanes for operand in unit.operands)


def all_pairs(unit: Unit) -> Iterator[Sequence]:
    """Every combination of valid operand codes, each as the first of a sum.

    The first ones come again at the end, up to a multiple of 64.
    """
    total = -(-combinations(unit) // 64) * 64
    for start in range(0, total, 1 << 16):
        index = np.arange(start, min(start + (1 << 16), total), dtype=np.int64)
        codes = {}
        for operand in unit.operands:
            lanes = []
            for _ in range(operand.lanes):
                lanes.append(nth(operand.format, index % count(operand.format)))
                index = index // count(operand.format)
            codes[operand.name] = (np.stack(lanes, axis=-1) if operand.trailing else lanes[0])[None]
        yield Sequence(codes=codes, clear=np.array([True]), gaps=False)


def corner_pairs(unit: Unit) -> Sequence:
    """Every combination of corner values, the same in all lanes, each as the first of a sum."""
    grid = np.meshgrid(*(corner_codes(o.format) for o in unit.operands), indexing="ij")
    codes = {
        operand.name: _in_all_lanes(operand, values.reshape(1, -1))
        for operand, values in zip(unit.operands, grid, strict=True)
    }
    return Sequence(codes=codes, clear=np.array([True]), gaps=True)


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
        codes = {
            o.name: _codes(o.format, (_STEPS, accumulators, *o.trailing), rng)
            for o in unit.operands
        }
        _oppose(unit, codes, rng)
        clear = rng.random(_STEPS) < 1 / _RESTART_EVERY
        clear[0] = True
        sequence = Sequence(codes=codes, clear=clear, gaps=True)
        done += sequence.vectors
        yield sequence


def steady_corners(unit: Unit, seed: int) -> Iterator[Sequence]:
    """One pair of corner values added over and over, which fills the high bits of a wide sum."""
    rng = np.random.default_rng(seed)
    codes = {}
    for operand in unit.operands:
        corners = np.array(neighbourhood(operand.format))
        # All lanes of one accumulator hold the same: sums grow as fast as they can.
        chosen = _in_all_lanes(operand, rng.choice(corners, size=_CORNER_ACCUMULATORS))
        codes[operand.name] = np.broadcast_to(chosen, (_STEPS, *chosen.shape))
    clear = np.arange(_STEPS) == 0
    yield Sequence(codes=codes, clear=clear, gaps=False)


def _in_all_lanes(operand: Operand, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(codes[..., None], operand.lanes, axis=-1) if operand.trailing else codes


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


def _oppose(unit: Unit, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator) -> None:
    """Make about a quarter of the terms nearly the negative of the one before."""
    w, a = (next(o for o in unit.operands if o.name == name) for name in ("w", "a"))
    chosen = rng.random(codes["w"].shape[:2]) < 0.25
    chosen[0] = False
    step, column = np.nonzero(chosen)
    before = {name: values[step - 1, column] for name, values in codes.items()}
    nudged = before["a"] ^ rng.integers(0, 2, size=before["a"].shape)
    before["a"] = np.where(is_valid(a.format, nudged), nudged, before["a"])
    negated = w if w.format.signed else a
    if negated.format.signed:
        before[negated.name] = opposite(negated.format, before[negated.name])
    for name, values in before.items():
        codes[name][step, column] = values

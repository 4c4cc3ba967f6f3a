"""Operand sequences that find mistakes: all pairs where they can be enumerated, else hard cases."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat
from hwdse.pe import Design, Operand
from hwdse.verify.blocks import KINDS, block_codes
from hwdse.verify.codes import (
    choose,
    corner_codes,
    count,
    draw_finite,
    is_finite,
    near_one,
    neighbourhood,
    nth,
    nudged,
    one_in,
    opposite,
)

__all__ = [
    "ENUMERABLE_BITS",
    "Sequence",
    "all_pairs",
    "combinations",
    "corner_pairs",
    "enumerable",
    "hard_sequences",
    "kinds",
    "operand_bits",
    "steady_corners",
]

# Policy: enumeration is the proof of a term up to this many operand bits.
ENUMERABLE_BITS = 24
# Few enough that the reference's arrays stay in a processor's caches.
_LANES = 1 << 11
# So many sequences start their sums together, so that they can be simulated side by side.
_TOGETHER = 64
_STEPS = 64
# Codes of one operand drawn at once, which bounds the memory taken.
_CODES = 1 << 24
# Shape of a part of an enumeration: a step for each cycle, which keeps pipelines full.
_COLUMNS = 1 << 14
_BLOCK = 16 * _COLUMNS
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

    def columns(self, chosen: NDArray[np.int64] | slice) -> Sequence:
        """Some of the accumulators alone."""
        codes = {name: codes[:, chosen] for name, codes in self.codes.items()}
        return Sequence(codes=codes, clear=self.clear, gaps=self.gaps)


def operand_bits(unit: Design) -> int:
    """Operand bits of one element."""
    return sum(operand.width for operand in unit.operands)


def combinations(unit: Design) -> int:
    """Combinations of valid operand codes that one element can have."""
    return math.prod(count(operand.format) ** operand.lanes for operand in unit.operands)


def enumerable(unit: Design, most: int) -> bool:
    """Whether at most ``most`` combinations of operands, each an element by itself, show all."""
    return unit.enumerable and combinations(unit) <= most


def all_pairs(unit: Design, first: int = 0, last: int | None = None) -> Iterator[Sequence]:
    """Every combination of valid operand codes, each as the first of a sum.

    Args:
        unit: The unit.
        first, last: Part of them, by their ranks; all by default. The first ones come again at
            the end, up to a multiple of 64.
    """
    last = combinations(unit) if last is None else last
    last = first + -(-(last - first) // 64) * 64
    while first < last:
        size = _BLOCK if last - first >= _BLOCK else min(last - first, _COLUMNS)
        index = np.arange(first, first + size, dtype=np.int64).reshape(-1, min(size, _COLUMNS))
        first += size
        codes = {}
        for operand in unit.operands:
            lanes = []
            for _ in range(operand.lanes):
                index, rank = _divided(index, count(operand.format))
                lanes.append(nth(operand.format, rank))
            codes[operand.name] = np.stack(lanes, axis=-1) if operand.trailing else lanes[0]
        clear = np.ones(size // codes[unit.operands[0].name].shape[1], dtype=np.bool_)
        yield Sequence(codes=codes, clear=clear, gaps=False)


def _divided(
    numbers: NDArray[np.int64], divisor: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Quotients and remainders; divisions are slow, and most formats have ``2**bits`` codes."""
    if divisor & (divisor - 1):
        return numbers // divisor, numbers % divisor
    return numbers >> (divisor.bit_length() - 1), numbers & (divisor - 1)


def corner_pairs(unit: Design) -> Sequence:
    """Every combination of corner values, the same in all lanes, each as the first of a sum."""
    parts = []
    for view in _views(unit):
        read = _read(unit, view)
        grid = np.meshgrid(*(corner_codes(o.format) for o in read), indexing="ij")
        lanes = {
            operand.name: _in_all_lanes(operand, values.reshape(1, -1))
            for operand, values in zip(read, grid, strict=True)
        }
        parts.append(_words(unit, view, lanes, grid[0].size))
    codes = {name: np.concatenate([part[name] for part in parts], axis=1) for name in parts[0]}
    return Sequence(codes=codes, clear=np.array([True]), gaps=True)


def hard_sequences(unit: Design, vectors: int, seed: int | tuple[int, ...]) -> Iterator[Sequence]:
    """At least ``vectors`` seeded elements in sums of random length.

    A quarter of the accumulators each sees uniform finite codes, mostly corner values, operands
    whose products lie near the sum, and everything including NaN and infinities; in all of them a
    product is often followed by almost its negative, in time and in the next lane. Designs without
    ``w`` and ``a`` see blocks of numbers; see :mod:`hwdse.verify.blocks`.
    """
    rng = np.random.default_rng(seed)
    steps = _steps(unit)
    most = min(_LANES, _CODES // (steps * max(operand.lanes for operand in unit.operands)))
    accumulators = min(max(64, most), max(64, -(-vectors // steps)))
    accumulators = -(-accumulators // 64) * 64
    shape = (steps, accumulators)
    restart_every = max(_RESTART_EVERY, 4 * unit.elements_per_result)
    for number in range(-(-vectors // math.prod(shape))):
        if number % _TOGETHER == 0:
            clear = rng.random(steps) < 1 / restart_every
            clear[0] = True
        if _multiplies(unit):
            codes = _drawn(unit, shape, rng, lambda o: _codes(o.format, (*shape, *o.trailing), rng))
            _cancel_lanes(unit, codes, rng)
            _oppose(unit, codes, np.arange(steps), 1, rng)
            if unit.elements_per_result > 1:
                _oppose(unit, codes, _results(unit, clear), unit.elements_per_result, rng)
        else:
            codes = _drawn(unit, shape, rng, lambda o: block_codes(o, shape, rng))
            _mix_kinds(unit, codes, rng)
            codes = unit.focused(codes, rng)
        yield Sequence(codes=codes, clear=clear, gaps=True)


def kinds(unit: Design) -> int:
    """How many kinds of accumulators there are, side by side, in hard sequences."""
    return 4 if _multiplies(unit) else len(KINDS)


def _multiplies(unit: Design) -> bool:
    return {"w", "a"} <= {operand.name for operand in unit.operands}


def _steps(unit: Design) -> int:
    """Elements one after another: enough for several sums of several results."""
    return max(_STEPS, 16 * unit.elements_per_result)


def _mix_kinds(unit: Design, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator) -> None:
    """Bring every kind of one operand together with every kind of the others."""
    for operand in unit.operands[1:]:
        drawn = codes[operand.name]
        codes[operand.name] = drawn[:, rng.permutation(drawn.shape[1])]


def steady_corners(unit: Design, seed: int) -> Iterator[Sequence]:
    """One pair of corner values added over and over, which fills the high bits of a wide sum."""
    rng = np.random.default_rng(seed)
    steps = _steps(unit)
    most = max(64, _CODES // (steps * max(operand.lanes for operand in unit.operands)) // 64 * 64)
    shape = (1, min(_CORNER_ACCUMULATORS, most))

    def corners(operand: Operand) -> NDArray[np.int64]:
        # All lanes of one accumulator hold the same: sums grow as fast as they can.
        chosen = rng.choice(np.array(neighbourhood(operand.format)), size=shape)
        return _in_all_lanes(operand, chosen)

    codes = {
        name: np.broadcast_to(chosen, (steps, *chosen.shape[1:]))
        for name, chosen in _drawn(unit, shape, rng, corners).items()
    }
    clear = np.arange(steps) == 0
    yield Sequence(codes=codes, clear=clear, gaps=False)


def _views(unit: Design) -> range:
    """Numbers of the views that operands can be read in; 0 alone where there are none."""
    return range(max(1, *(len(operand.views) for operand in unit.operands)))


def _read(unit: Design, view: int) -> list[Operand]:
    """The operands that hold codes, as a view reads them."""
    return [o.view(view) if o.views else o for o in unit.operands if not o.selects_view]


def _words(
    unit: Design, view: int, codes: dict[str, NDArray[np.int64]], columns: int
) -> dict[str, NDArray[np.int64]]:
    """Words of every operand from codes of a view, of which there is one step."""
    words = {}
    for operand in unit.operands:
        if operand.selects_view:
            words[operand.name] = np.full((1, columns), view, dtype=np.int64)
        elif operand.views:
            words[operand.name] = operand.packed(view, codes[operand.name])
        else:
            words[operand.name] = codes[operand.name]
    return words


def _drawn(
    unit: Design,
    shape: tuple[int, int],
    rng: np.random.Generator,
    draw: Callable[[Operand], NDArray[np.int64]],
) -> dict[str, NDArray[np.int64]]:
    """Words of every operand, each element's read in a view drawn at random.

    Args:
        unit: The unit.
        shape: Steps and accumulators.
        rng: Chooses views: anew for each element in one half of the accumulators, and in the other
            once for all elements.
        draw: Codes of an operand as a view reads it, shape ``shape`` and its lanes.
    """
    if len(_views(unit)) == 1:
        return {operand.name: draw(operand) for operand in unit.operands}
    view = rng.integers(len(_views(unit)), size=shape)
    view = np.where(rng.random(shape[1]) < 1 / 2, view, view[0])
    words = {}
    for operand in unit.operands:
        if operand.selects_view:
            words[operand.name] = view
        elif operand.views:
            chosen = view.reshape(view.shape + (1,) * len(operand.trailing))
            each = [operand.packed(i, draw(operand.view(i))) for i in _views(unit)]
            words[operand.name] = np.choose(chosen, each)
        else:
            words[operand.name] = draw(operand)
    return words


def _in_all_lanes(operand: Operand, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return np.repeat(codes[..., None], operand.lanes, axis=-1) if operand.trailing else codes


def _codes(
    fmt: ScalarFormat, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    codes = draw_finite(fmt, shape, rng)
    corners = np.array(neighbourhood(fmt))
    quarter = shape[1] // 4
    middle = codes[:, quarter : 2 * quarter]
    usual = ~one_in(4, middle.shape, rng)
    middle[usual] = choose(corners[is_finite(fmt, corners)], int(np.count_nonzero(usual)), rng)
    near = slice(2 * quarter, 3 * quarter)
    codes[:, near] = near_one(fmt, codes[:, near], rng)
    last = codes[:, 3 * quarter :]
    special = one_in(_RESTART_EVERY, last.shape, rng)
    last[special] = choose(corners, int(np.count_nonzero(special)), rng)
    return codes


def _results(unit: Design, clear: NDArray[np.bool_]) -> NDArray[np.int64]:
    """The number of the result that each element goes into, shape (steps,)."""
    ends = unit.completes(clear)
    starts = clear.copy()
    starts[1:] |= ends[:-1]
    return np.cumsum(starts) - 1


def _oppose(
    unit: Design,
    codes: dict[str, NDArray[np.int64]],
    result: NDArray[np.int64],
    distance: int,
    rng: np.random.Generator,
) -> None:
    """Make about a quarter of the terms nearly the negative of the one before.

    Args:
        unit: The unit.
        codes: Of every operand; changed in place.
        result: Shape (steps,): elements with one number are chosen together.
        distance: Elements from one term to the next.
        rng: Chooses them.
    """
    columns = codes["w"].shape[1]
    chosen = one_in(4, (int(result[-1]) + 1, columns), rng)[result]
    chosen[:distance] = False
    place = np.flatnonzero(chosen)
    flat = {name: values.reshape(-1, *values.shape[2:]) for name, values in codes.items()}
    before = {name: values[place - distance * columns] for name, values in flat.items()}
    views = next((before[o.name] for o in unit.operands if o.selects_view), None)
    for view in _views(unit):
        here = slice(None) if views is None else views == view
        w, a = (next(o for o in unit.operands if o.name == name) for name in ("w", "a"))
        _negate(view, w, a, before, here, rng)
    for name, values in before.items():
        flat[name][place] = values


def _cancel_lanes(
    unit: Design, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
) -> None:
    """Make every other lane nearly the negative of the one before, in an eighth of the elements."""
    w, a = (next(o for o in unit.operands if o.name == name) for name in ("w", "a"))
    if w.views or w.lanes % a.lanes or a.lanes == 1:
        return
    place = np.flatnonzero(one_in(8, codes["w"].shape[:2], rng))
    last = a.lanes // 2 * 2
    # Several sums share the activations: lane i of the activations meets lane i of each.
    flat = {o.name: codes[o.name].reshape(-1, o.lanes // a.lanes, a.lanes) for o in (w, a)}
    even = {name: values[place, :, 0:last:2] for name, values in flat.items()}
    _negate(0, w, a, even, slice(None), rng)
    for name, values in even.items():
        flat[name][place, :, 1:last:2] = values


def _negate(
    view: int,
    w: Operand,
    a: Operand,
    codes: dict[str, NDArray[np.int64]],
    here: NDArray[np.bool_] | slice,
    rng: np.random.Generator,
) -> None:
    """Codes of products nearly the negative of what they are, where ``here``."""
    sides = []
    for operand in (w, a):
        words = codes[operand.name][here]
        if operand.views:
            sides.append((operand.view(view).format, operand.unpacked(view, words)))
        else:
            sides.append((operand.format, words))
    (w_format, w_codes), (a_format, a_codes) = sides
    a_codes = nudged(a_format, a_codes, rng)
    if w_format.signed:
        w_codes = opposite(w_format, w_codes)
    elif a_format.signed:
        a_codes = opposite(a_format, a_codes)
    for operand, found in ((w, w_codes), (a, a_codes)):
        codes[operand.name][here] = operand.packed(view, found) if operand.views else found

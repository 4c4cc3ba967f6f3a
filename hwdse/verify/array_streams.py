"""Streams of random tiles for arrays: tight and with gaps, swaps in mid-stream, and resets.

A stream is one order of cycles for many copies of the array, which differ in their codes.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.pe import Operand
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.array import Array
from hwdse.pe.array_stream import respond
from hwdse.verify.stimulus import hard_sequences

__all__ = ["Stream", "bits_of", "random_stream", "tile_stream"]

_Flags = NDArray[np.bool_]
_Bits = NDArray[np.uint8]

_GAP_PROBABILITY = 0.2
_INT64_BITS = 63
# Codes are drawn from so many elements of hard sequences.
_POPULATION = 1 << 12


@dataclass(frozen=True, eq=False)
class Stream:
    """What goes in and must come out, cycle by cycle, as bits.

    Attributes:
        inputs: By port, ``rst`` among them, shape (cycles, copies, width).
        out_valid: Shape (cycles,).
        checked: Shape (cycles,): where ``out_valid`` is compared.
        defined: Shape (cycles,): where results are compared.
        expected: By result, shape (cycles, copies, width).
        elements: Elements whose results are compared, of one copy.
    """

    inputs: dict[str, _Bits]
    out_valid: _Flags
    checked: _Flags
    defined: _Flags
    expected: dict[str, _Bits]
    elements: int


@dataclass
class _Schedule:
    """Flags of a stream that follows the protocol, a list entry for each cycle."""

    valid: list[bool]
    clear: list[bool]
    flags: dict[str, list[bool]]

    def add(self, valid: bool, clear: bool, **flags: bool) -> None:
        self.valid.append(valid)
        self.clear.append(clear)
        for name, values in self.flags.items():
            values.append(flags[name])

    def __len__(self) -> int:
        return len(self.valid)


def random_stream(array: Array, cycles: int, copies: int, rng: np.random.Generator) -> Stream:
    """A stream of at least so many cycles, in two parts with a reset between them.

    Args:
        array: The array.
        cycles: Cycles in which elements may come.
        copies: Arrays side by side.
        rng: Draws everything.
    """
    population = _Population(array, rng)
    parts = [_part(array, population, max(1, cycles // 2), copies, rng) for _ in range(2)]
    start = _lost(parts[0], 1, rng)
    # What registers hold before the first reset says nothing.
    start = replace(start, checked=np.array([False]))
    return _joined([start, parts[0], _lost(parts[0], array.latency, rng), parts[1]])


def tile_stream(array: Array, cycles: int, rng: np.random.Generator) -> Stream:
    """A stream of one copy without a reset, in which every result is defined."""
    population = _Population(array, rng)
    return _part(array, population, cycles, 1, rng, defined=True)


class _Population:
    """Codes to draw from: those of hard sequences of the unit, and the sums that they make."""

    def __init__(self, array: Array, rng: np.random.Generator) -> None:
        self.array, self.rng = array, rng
        sequence = next(hard_sequences(array.pe, _POPULATION, int(rng.integers(1 << 31))))
        self.codes = {
            o.name: sequence.codes[o.name].reshape(-1, o.lanes) for o in array.pe.operands
        }
        self.sums = {
            name: values.reshape(-1, array.pe.sums)
            for name, values in array.pe.outputs(sequence.codes, sequence.clear).items()
        }
        self.size = len(next(iter(self.codes.values())))

    def drawn(self, cycles: int, copies: int) -> dict[str, NDArray[np.int64]]:
        """Codes of every operand of the unit, shape (cycles, copies, lanes of the port)."""
        counts = {"row": self.array.rows, "column": self.array.cols, "all": 1}
        index = {
            side: self.rng.integers(self.size, size=(cycles, copies, count))
            for side, count in counts.items()
        }
        return {
            o.name: self.codes[o.name][index[self.array.side(o)]].reshape(cycles, copies, -1)
            for o in self.array.pe.operands
        }

    def sums_before(self, cycles: int, copies: int) -> dict[str, NDArray[Any]]:
        """Sums to go on with, by result, shape (cycles, copies, lanes)."""
        index = self.rng.integers(self.size, size=(cycles, copies, self.array.cols))
        found = {name: values[index] for name, values in self.sums.items()}
        accumulator = self.array.pe.accumulator
        if isinstance(accumulator, FixedAccumulator):
            # Few sums grow to all bits; additions are right whatever was before.
            any_content = self.rng.random((cycles, copies, self.array.cols, 1)) < 1 / 2
            shape = found["acc"].shape
            content = _integers(self.rng, shape, accumulator.width)
            found["acc"] = np.where(any_content, content, found["acc"])
        return {name: values.reshape(cycles, copies, -1) for name, values in found.items()}


def _integers(rng: np.random.Generator, shape: tuple[int, ...], bits: int) -> NDArray[Any]:
    """Signed integers of any width, all equally likely."""
    if bits <= _INT64_BITS:
        return rng.integers(-(1 << (bits - 1)), 1 << (bits - 1), size=shape)
    size = -(-bits // 8)
    octets = rng.bytes(size * math.prod(shape))
    numbers = np.empty(math.prod(shape), dtype=object)
    for i in range(len(numbers)):
        word = int.from_bytes(octets[i * size : (i + 1) * size], "little") & ((1 << bits) - 1)
        numbers[i] = word - (word >> (bits - 1) << bits)
    return numbers.reshape(shape)


def _part(
    array: Array,
    population: _Population,
    cycles: int,
    copies: int,
    rng: np.random.Generator,
    *,
    defined: bool = False,
) -> Stream:
    """Tiles one after the other, and as many idle cycles as it takes until all is out.

    Where ``defined``, elements come only after the first ``swap``.
    """
    plan = _Schedule([], [], {flag.name: [] for flag in array.flags})
    if defined and array.chained:
        for _ in range(array.rows):
            plan.add(False, _coin(rng), load=True, swap=_coin(rng))
        cycles += array.rows
    _PLANS[array.dataflow](array, plan, cycles, rng)
    for _ in range(array.latency + array.drain):
        _gap(plan, rng)
    return _with_codes(array, population, plan, copies)


def _with_codes(array: Array, population: _Population, plan: _Schedule, copies: int) -> Stream:
    cycles = len(plan)
    valid, clear = np.array(plan.valid), np.array(plan.clear)
    codes = population.drawn(cycles, copies)
    for cycle in np.flatnonzero(valid):
        for values in codes.values():
            values[cycle : cycle + array.initiation_interval] = values[cycle]
    before = population.sums_before(cycles, copies) if array.chained else {}
    for name, flags in plan.flags.items():
        codes[name] = np.repeat(np.array(flags, dtype=np.int64)[:, None], copies, axis=1)[..., None]
    shaped = {o.name: _shaped(o, codes[o.name]) for o in array.operands}
    shown = None
    if array.chained:
        shown = {
            r.name: before[r.name] if r.trailing else before[r.name][..., 0] for r in array.results
        }
    response = respond(array, shaped, valid, clear, shown)
    inputs = {o.name: bits_of(codes[o.name], o.format.bits) for o in array.operands}
    for result in array.results if array.chained else ():
        inputs[f"{result.name}_in"] = bits_of(before[result.name], result.bits)
    for name, bits in {"in_valid": valid, "clear": clear, "rst": np.zeros_like(valid)}.items():
        inputs[name] = np.repeat(bits.astype(np.uint8)[:, None, None], copies, axis=1)
    # What the reference says of a cycle comes out later; nothing is lost, as the end is idle.
    late = array.latency
    expected = {}
    for result in array.results:
        values = response.results[result.name].reshape(cycles, copies, result.lanes)
        expected[result.name] = np.roll(bits_of(values, result.bits), late, axis=0)
    return Stream(
        inputs=inputs,
        out_valid=np.roll(response.out_valid, late),
        checked=np.ones(cycles, dtype=np.bool_),
        defined=np.roll(response.defined, late),
        expected=expected,
        elements=int(np.count_nonzero(valid)),
    )


def _shaped(operand: Operand, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    return codes if operand.trailing else codes[..., 0]


def _lost(like: Stream, cycles: int, rng: np.random.Generator) -> Stream:
    """Anything at all, of which a reset in the last cycle lets nothing come out."""

    def noise(bits: _Bits) -> _Bits:
        return rng.integers(2, size=(cycles, *bits.shape[1:]), dtype=np.uint8)

    inputs = {name: noise(bits) for name, bits in like.inputs.items()}
    inputs["in_valid"][:] = 1
    inputs["rst"][:] = (np.arange(cycles) == cycles - 1)[:, None, None]
    nothing = np.zeros(cycles, dtype=np.bool_)
    return Stream(
        inputs=inputs,
        out_valid=nothing,
        checked=~nothing,
        defined=nothing,
        expected={name: noise(bits) for name, bits in like.expected.items()},
        elements=0,
    )


def _joined(parts: list[Stream]) -> Stream:
    return Stream(
        inputs={n: np.concatenate([p.inputs[n] for p in parts]) for n in parts[0].inputs},
        out_valid=np.concatenate([p.out_valid for p in parts]),
        checked=np.concatenate([p.checked for p in parts]),
        defined=np.concatenate([p.defined for p in parts]),
        expected={n: np.concatenate([p.expected[n] for p in parts]) for n in parts[0].expected},
        elements=sum(part.elements for part in parts),
    )


def bits_of(values: NDArray[Any], bits: int) -> _Bits:
    """Integers of shape (cycles, copies, lanes) as bits, lane 0 first, lowest bit first."""
    size = -(-bits // 8)
    if values.dtype == object:
        mask = (1 << bits) - 1
        text = b"".join((int(v) & mask).to_bytes(size, "little") for v in values.reshape(-1))
        octets = np.frombuffer(text, dtype=np.uint8).reshape(*values.shape, size)
    else:
        low = np.ascontiguousarray(values, dtype="<i8")[..., None].view(np.uint8)
        sign = np.where(values < 0, np.uint8(0xFF), np.uint8(0))[..., None]
        high = np.repeat(sign, max(0, size - 8), axis=-1)
        octets = np.concatenate([low[..., :size], high], axis=-1)
    found = np.unpackbits(octets, axis=-1, bitorder="little")[..., :bits]
    return found.reshape(*values.shape[:2], -1)


def _coin(rng: np.random.Generator, probability: float = 0.5) -> bool:
    return bool(rng.random() < probability)


def _gap(plan: _Schedule, rng: np.random.Generator) -> None:
    """A cycle without an element, in which its flags mean nothing."""
    plan.add(False, _coin(rng), **{name: name != "load" and _coin(rng) for name in plan.flags})


def _element(
    array: Array, plan: _Schedule, rng: np.random.Generator, clear: bool, **flags: bool
) -> None:
    plan.add(True, clear, **flags)
    for _ in range(array.initiation_interval - 1):
        _gap(plan, rng)


def _plan_chained(array: Array, plan: _Schedule, cycles: int, rng: np.random.Generator) -> None:
    """First as tight as can be, a new tile with every ``rows`` elements; then at random."""
    loaded, swapped = sum(plan.flags["load"]), 0
    tight = cycles // 2
    while len(plan) < cycles:
        ready = loaded > swapped and loaded % array.rows == 0
        hurry = len(plan) < tight
        valid = hurry or not _coin(rng, _GAP_PROBABILITY)
        swap = valid and ready and (hurry or _coin(rng))
        # A tile that waits may be replaced by another before it is used.
        waits = ready and not swap and not _coin(rng, _GAP_PROBABILITY)
        load = hurry or not (waits or _coin(rng, _GAP_PROBABILITY))
        plan.add(valid, _coin(rng), load=load, swap=swap if valid else _coin(rng))
        if swap:
            swapped = loaded
        loaded += load


def _plan_os(array: Array, plan: _Schedule, cycles: int, rng: np.random.Generator) -> None:
    """First tiles that drain without pause, then some of any length, and sums that go on."""
    each = array.elements_per_result
    shortest = -(-array.rows // (array.initiation_interval * each))
    ended = -array.rows
    while len(plan) < cycles:
        hurry = len(plan) < cycles // 2
        length = each * (shortest if hurry else int(rng.integers(1, 2 * shortest + 3)))
        fresh = hurry or not ended >= 0 or not _coin(rng, _GAP_PROBABILITY)
        for k in range(length):
            last = k == length - 1
            while (not hurry and _coin(rng, _GAP_PROBABILITY)) or (
                last and len(plan) - ended < array.rows
            ):
                _gap(plan, rng)
            if last:
                ended = len(plan)
            _element(array, plan, rng, clear=fresh and k == 0, last=last)


def _plan_tile(array: Array, plan: _Schedule, cycles: int, rng: np.random.Generator) -> None:
    first = True
    while len(plan) < cycles:
        while len(plan) > cycles // 2 and _coin(rng, _GAP_PROBABILITY):
            _gap(plan, rng)
        _element(array, plan, rng, clear=first or _coin(rng, _GAP_PROBABILITY))
        first = False


_PLANS: dict[str, Callable[[Array, _Schedule, int, np.random.Generator], None]] = {
    "ws": _plan_chained,
    "is": _plan_chained,
    "os": _plan_os,
    "tile": _plan_tile,
}

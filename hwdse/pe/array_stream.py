"""What an array gives for what it is shown, cycle by cycle: its bit-exact reference.

Sums are those of the unit's own reference, in the order in which the array adds: down the rows
where sums wander, over time where they stay. Only the array's latency is left out: what
:func:`respond` says of a cycle comes out ``latency`` cycles later.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.pe.array import Array
from hwdse.pe.design import Codes
from hwdse.pe.ports import Operand

__all__ = ["Response", "respond"]

_Flags = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Response:
    """What comes out ``latency`` cycles after each cycle.

    Attributes:
        out_valid: Shape (cycles,).
        defined: Shape (cycles,): where ``out_valid`` is high and the results mean something.
        results: By name, shape (cycles, ...) and the result's lanes; 0 where not defined.
    """

    out_valid: _Flags
    defined: _Flags
    results: dict[str, NDArray[Any]]


def respond(
    array: Array,
    codes: Codes,
    valid: _Flags,
    clear: _Flags,
    before: Mapping[str, NDArray[Any]] | None = None,
) -> Response:
    """The results of a stream of cycles.

    Args:
        array: The array.
        codes: Of every operand, shape (cycles, ...) and its lanes. Flags are the same for all
            copies.
        valid, clear: Shape (cycles,): ``in_valid`` and ``clear``.
        before: Of ``ws`` and ``is``: sums to go on with, by the name of the result, shape
            (cycles, ...) and its lanes; by default 0.

    Raises:
        HwdseError: The stream breaks the protocol.
    """
    if array.chained:
        return _respond_chained(array, codes, valid, clear, before)
    return _respond_own_sums(array, codes, valid, clear)


def _respond_own_sums(array: Array, codes: Codes, valid: _Flags, clear: _Flags) -> Response:
    """``os`` and ``tile``: each PE has a sum of its own."""
    taken = np.flatnonzero(valid)
    if (np.diff(taken) < array.initiation_interval).any():
        raise HwdseError(
            f"{array.canonical}: elements must be {array.initiation_interval} cycles apart"
        )
    per_pe = {
        o.name: _per_pe(array, o, np.asarray(codes[o.name])[taken]) for o in array.pe.operands
    }
    sums = array.pe.run(per_pe, clear[taken])
    started = np.logical_or.accumulate(clear[taken])
    complete = array.pe.completes(clear[taken])
    # Rows and columns are axes behind the copies, before a unit's several sums.
    axis = -2 if array.pe.sums == 1 else -3
    cycles = len(valid)
    if array.dataflow == "tile":
        rows = {name: values.reshape(*_outer(values, axis), -1) for name, values in sums.items()}
        shown = {name: values[complete] for name, values in rows.items()}
        return _scattered(cycles, taken[complete], started[complete], shown)
    last = _flag(array, codes, "last")[taken]
    if (last & ~complete).any():
        raise HwdseError(f"{array.canonical}: last comes with an element that completes no result")
    ends = taken[last]
    if (np.diff(ends) < array.rows).any():
        raise HwdseError(
            f"{array.canonical}: the last elements of tiles must be {array.rows} cycles apart"
        )
    beats = (ends[:, None] + np.arange(array.rows)).reshape(-1)
    shifted = {}
    for name, values in sums.items():
        tiles = np.moveaxis(values[last], axis, 1)
        flat = tiles.reshape(-1, *tiles.shape[2:])
        shifted[name] = flat.reshape(*_outer(flat, axis + 1), -1)
    kept = beats < cycles
    shown = {name: values[kept] for name, values in shifted.items()}
    return _scattered(cycles, beats[kept], np.repeat(started[last], array.rows)[kept], shown)


def _outer(values: NDArray[Any], axis: int) -> tuple[int, ...]:
    return values.shape[: values.ndim + axis]


def _per_pe(array: Array, operand: Operand, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes of a port as those of every PE, which are axes (rows, cols) before the lanes."""
    side = array.side(operand)
    if side == "all":
        codes = codes.reshape(*_without_lanes(codes, operand), 1, 1, *operand.trailing)
    else:
        count = (array.rows, 1) if side == "row" else (1, array.cols)
        lanes = array.rows if side == "row" else array.cols
        outer = codes.shape if lanes * operand.lanes == 1 else codes.shape[:-1]
        codes = codes.reshape(*outer, *count, *operand.trailing)
    shape = (*_without_lanes(codes, operand)[:-2], array.rows, array.cols, *operand.trailing)
    return np.broadcast_to(codes, shape)


def _without_lanes(codes: NDArray[np.int64], operand: Operand) -> tuple[int, ...]:
    return codes.shape[: codes.ndim - len(operand.trailing)]


def _respond_chained(
    array: Array,
    codes: Codes,
    valid: _Flags,
    clear: _Flags,
    before: Mapping[str, NDArray[Any]] | None,
) -> Response:
    """``ws`` and ``is``: sums wander down the rows, past operands that stay."""
    cycles, rows, unit = len(valid), array.rows, array.pe
    taken = np.flatnonzero(valid)
    tile = _tiles_in_use(array, codes, valid)[taken]
    defined = tile >= 0
    used, taken_used = tile[defined], taken[defined]
    loads = np.flatnonzero(_flag(array, codes, "load"))
    per_pe = {}
    for operand in unit.operands:
        port = np.asarray(codes[operand.name])
        if array.side(operand) == "column":
            # The row that comes first is the last one.
            cycle = loads[used * rows + (rows - 1 - np.arange(rows))[:, None]]
            lanes = array.cols * operand.lanes
            chosen = port[cycle]
            outer = chosen.shape if lanes == 1 else chosen.shape[:-1]
            per_row = chosen.reshape(*outer, array.cols, *operand.trailing)
        else:
            of_pe = _per_pe(array, operand, port[taken_used])
            axis = of_pe.ndim - 2 - len(operand.trailing)
            per_row = np.moveaxis(of_pe, axis, 0)
        per_pe[operand.name] = per_row
    shape = np.broadcast_shapes(
        *(_without_lanes(per_pe[operand.name], operand) for operand in unit.operands)
    )
    per_pe = {o.name: np.broadcast_to(per_pe[o.name], (*shape, *o.trailing)) for o in unit.operands}
    start = _starts(array, before, clear[taken_used], taken_used, shape[1:])
    terms = unit.terms_of(per_pe)
    sums = unit.accumulator.run(terms, np.zeros(rows, dtype=np.bool_), start)
    axis = -1 if unit.sums == 1 else -2
    last = {
        name: values[-1].reshape(*_outer(values[-1], axis), -1) for name, values in sums.items()
    }
    response = _scattered(cycles, taken_used, np.ones(len(taken_used), dtype=np.bool_), last)
    return Response(valid.copy(), response.defined, response.results)


def _starts(
    array: Array,
    before: Mapping[str, NDArray[Any]] | None,
    clear: _Flags,
    taken: NDArray[np.int64],
    shape: tuple[int, ...],
) -> dict[str, NDArray[Any]]:
    """What each column of each element starts with, as the unit's accumulator has it."""
    starts = {}
    several = (array.pe.sums,) if array.pe.sums > 1 else ()
    for result in array.pe.results:
        if before is None:
            starts[result.name] = np.zeros(shape + several, dtype=np.int64)
            continue
        given = np.asarray(before[result.name])[taken].reshape(shape + several)
        forgets = clear.reshape(-1, *(1,) * (given.ndim - 1))
        starts[result.name] = np.where(forgets, 0, given)
    return starts


def _tiles_in_use(array: Array, codes: Codes, valid: _Flags) -> NDArray[np.int64]:
    """The tile, counted as loaded, that an element in each cycle is multiplied with; -1: none."""
    loaded = np.cumsum(_flag(array, codes, "load"))
    before = np.concatenate([[0], loaded[:-1]])
    swap = _flag(array, codes, "swap") & valid
    if (swap & ((before % array.rows != 0) | (before == 0))).any():
        raise HwdseError(
            f"{array.canonical}: swap comes while a tile of {array.rows} rows is not complete"
        )
    at_swap = np.where(swap, before // array.rows - 1, -1)
    return np.maximum.accumulate(at_swap)


def _flag(array: Array, codes: Codes, name: str) -> _Flags:
    flags = np.asarray(codes[name], dtype=np.bool_)
    flags = flags.reshape(len(flags), -1)
    if (flags != flags[:, :1]).any():
        raise HwdseError(f"{array.canonical}: {name} must be the same for all copies")
    return flags[:, 0]


def _scattered(
    cycles: int, at: NDArray[np.int64], defined: _Flags, values: dict[str, NDArray[Any]]
) -> Response:
    """Results of some cycles, among zeros."""
    out_valid = np.zeros(cycles, dtype=np.bool_)
    out_valid[at] = True
    known = np.zeros(cycles, dtype=np.bool_)
    known[at] = defined
    results = {}
    for name, found in values.items():
        everywhere = np.zeros((cycles, *found.shape[1:]), dtype=found.dtype)
        everywhere[at] = found
        results[name] = everywhere[..., 0] if found.shape[-1] == 1 else everywhere
    return Response(out_valid, known, results)

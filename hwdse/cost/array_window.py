"""A few PEs from the middle of an array, with the operands and sums that reach them there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.operands import Operands
from hwdse.pe import Operand
from hwdse.pe.array import Array
from hwdse.synth.simulate import Words, pack

__all__ = ["Window", "window_codes", "window_of", "window_planes"]

_SIDE = 2
# Sums to go on with are drawn from so many.
_SUMS = 4096


@dataclass(frozen=True)
class Window(Array):
    """An array that is what its PEs would be within a larger one.

    Attributes:
        whole_rows: Rows of the larger one.
    """

    whole_rows: int = _SIDE

    @property
    def side_length(self) -> int:
        """Rows or columns, whichever are more."""
        return max(self.rows, self.cols)

    @property
    def loads(self) -> int:
        """Rows of operands that pass a PE in the middle of the larger array, in whole tiles."""
        return max(1, round((self.whole_rows + 1) / 2 / self.rows)) * self.rows

    @property
    def rows_above(self) -> int:
        """Rows whose products are in the sums that come in at the top."""
        return (self.whole_rows - self.rows) // 2


def window_of(array: Array) -> Window:
    """Two rows and columns, or what there is, from the middle of an array."""
    return Window(
        pe=array.pe,
        rows=min(_SIDE, array.rows),
        cols=min(_SIDE, array.cols),
        dataflow=array.dataflow,
        whole_rows=array.rows,
    )


def window_codes(
    window: Window, distribution: Operands, shape: tuple[int, int], rng: np.random.Generator
) -> dict[str, NDArray[Any]]:
    """Codes of every input over a period: one tile, of as many elements as ``shape`` has steps.

    Where operands stay, the next tile is loaded in the last cycles of the period: as many of them
    as rows pass a PE in the middle of the larger array.

    Args:
        window: The PEs.
        distribution: Of the unit's operands.
        shape: Elements, and copies.
        rng: Draws them.

    Returns:
        By port, without ``clear``: shape (steps, copies) and the port's lanes.
    """
    steps, copies = shape
    drawn = distribution.sample(window.pe, (steps, copies * window.side_length), rng)
    codes = {o.name: _vector(window, o, drawn[o.name], copies) for o in window.pe.operands}
    when = np.arange(steps)
    flags = {"last": when == steps - 1, "swap": when == 0}
    flags["load"] = when >= steps - min(window.loads, steps // window.rows * window.rows)
    for flag in window.flags:
        values = flags[flag.name].astype(np.int64)
        codes[flag.name] = np.repeat(values[:, None], copies, axis=1)
    if window.chained:
        _hold_between_loads(window, codes, flags["load"])
        codes |= _sums_before(window, distribution, steps, copies, rng)
    return codes


def _vector(
    window: Window, operand: Operand, codes: NDArray[np.int64], copies: int
) -> NDArray[np.int64]:
    """Codes of neighbouring copies of the unit as those of a port."""
    side = window.side(operand)
    count = {"row": window.rows, "column": window.cols, "all": 1}[side]
    apart = codes.reshape(len(codes), copies, window.side_length, operand.lanes)
    lanes = apart[:, :, :count].reshape(len(codes), copies, -1)
    return lanes[..., 0] if lanes.shape[-1] == 1 else lanes


def _hold_between_loads(
    window: Window, codes: dict[str, NDArray[Any]], load: NDArray[np.bool_]
) -> None:
    """Let ports of operands that stay rest while nothing is loaded."""
    first = int(np.flatnonzero(load)[0])
    for operand in window.pe.operands:
        if window.side(operand) == "column":
            codes[operand.name] = codes[operand.name].copy()
            codes[operand.name][:first] = codes[operand.name][-1]


def _sums_before(
    window: Window,
    distribution: Operands,
    steps: int,
    copies: int,
    rng: np.random.Generator,
) -> dict[str, NDArray[Any]]:
    unit = window.pe
    found: dict[str, NDArray[Any]] = {}
    shape = (steps, copies, window.cols)
    if window.rows_above:
        drawn = distribution.sample(unit, (window.rows_above, _SUMS), rng)
        sums = unit.run(drawn, np.arange(window.rows_above) == 0)
        index = rng.integers(_SUMS, size=shape)
        found = {name: values[-1][index] for name, values in sums.items()}
    return {
        f"{result.name}_in": (
            found[result.name].reshape(steps, copies, -1)
            if found
            else np.zeros((steps, copies, result.lanes), dtype=np.int64)
        )
        for result in window.results
    }


def window_planes(window: Window, codes: Mapping[str, NDArray[Any]], step: int) -> dict[str, Words]:
    """Planes of the sums that go on, in one cycle."""
    return {
        f"{r.name}_in": np.concatenate(
            [pack(lane, r.bits) for lane in codes[f"{r.name}_in"][step].T]
        )
        for r in (window.results if window.chained else ())
    }

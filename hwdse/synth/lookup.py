"""Look-up of many timing tables at once: bilinear, extrapolating at the edges as timers do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwdse.tech.model import Table

__all__ = ["Curves", "TableStack"]

_Array = NDArray[np.float64]
_Index = NDArray[np.intp]


class Curves:
    """Piecewise linear functions of the input transition, one per row.

    Args:
        axes: Shape (N, S), ascending; columns past a row's own points are infinite.
        inner: Shape (N, S - 2): the axes without a row's own first and last point, likewise.
        values: Shape (N, S).
    """

    def __init__(self, axes: _Array, inner: _Array, values: _Array) -> None:
        self._inner = inner
        with np.errstate(invalid="ignore"):
            slopes = np.diff(values, axis=1) / np.diff(axes, axis=1)
        self._segments = axes.shape[1] - 1
        self._slope = slopes.ravel()
        self._origin = axes[:, :-1].ravel()
        self._base = values[:, :-1].ravel()

    def at(self, rows: slice, slews: _Array) -> _Array:
        """Values of some consecutive rows, each at its own transition."""
        segment = (self._inner[rows] <= slews[:, None]).sum(axis=1)
        at = np.arange(rows.start, rows.stop) * self._segments + segment
        found: _Array = self._base[at] + self._slope[at] * (slews - self._origin[at])
        return found


class TableStack:
    """Tables of any sizes in one array, their axes padded with infinities."""

    def __init__(self, tables: Sequence[Table]) -> None:
        wide = [_at_least_two(table) for table in tables]
        self._slew, self._inner_slew = _padded([slew for slew, _, _ in wide])
        self._load, self._inner_load = _padded([load for _, load, _ in wide])
        self._values = np.zeros((len(wide), self._slew.shape[1], self._load.shape[1]))
        for n, (slew, load, values) in enumerate(wide):
            self._values[n, : len(slew), : len(load)] = values

    def curves(self, rows: _Index, load_ff: _Array) -> Curves:
        """The tables of these rows at one load each, as functions of the transition."""
        segment = (self._inner_load[rows] <= load_ff[:, None]).sum(axis=1)
        low, high = self._load[rows, segment], self._load[rows, segment + 1]
        share = ((load_ff - low) / (high - low))[:, None]
        below = self._values[rows, :, segment]
        above = self._values[rows, :, segment + 1]
        values = below + (above - below) * share
        return Curves(self._slew[rows], self._inner_slew[rows], values)


def _padded(axes: Sequence[_Array]) -> tuple[_Array, _Array]:
    """The axes in one array, and the same without each one's first and last point."""
    longest = max([2, *map(len, axes)])
    whole = np.full((len(axes), longest), np.inf)
    inner = np.full((len(axes), longest - 2), np.inf)
    for n, axis in enumerate(axes):
        whole[n, : len(axis)] = axis
        # A value beyond the last point extends the last segment.
        inner[n, : len(axis) - 2] = axis[1:-1]
    return whole, inner


def _at_least_two(table: Table) -> tuple[_Array, _Array, _Array]:
    """Axes of length 1 get a second point with the same values."""
    slew, load, values = table.slew_ps, table.load_ff, table.values
    if len(slew) == 1:
        slew, values = np.array([slew[0], slew[0] + 1.0]), np.repeat(values, 2, axis=0)
    if len(load) == 1:
        load, values = np.array([load[0], load[0] + 1.0]), np.repeat(values, 2, axis=1)
    return slew, load, values

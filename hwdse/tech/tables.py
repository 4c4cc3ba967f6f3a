"""Arithmetic on look-up tables: resampling, and merging the tables of several conditions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from hwdse.tech.model import Table

__all__ = ["at", "constant", "mean", "resample", "total", "worst"]

_Array = NDArray[np.float64]


def constant(value: float) -> Table:
    """A table that holds one value everywhere."""
    zero = np.zeros(1)
    return Table(zero, zero, np.array([[value]]))


def resample(table: Table, *, slew_ps: _Array, load_ff: _Array) -> Table:
    """The table on other axes: bilinear within, linear beyond its ends, constant along an axis of
    length 1 (what timing tools do with Liberty tables)."""
    rows, rest = _weights(table.slew_ps, slew_ps)
    values = table.values[rows] * (1 - rest)[:, None]
    if len(table.slew_ps) > 1:
        values = values + table.values[rows + 1] * rest[:, None]
    columns, rest = _weights(table.load_ff, load_ff)
    across = values[:, columns] * (1 - rest)
    if len(table.load_ff) > 1:
        across = across + values[:, columns + 1] * rest
    return Table(slew_ps, load_ff, across)


def at(table: Table, slew_ps: float, load_ff: float) -> float:
    """One figure of a table, resampled as :func:`resample` does."""
    found = resample(table, slew_ps=np.array([slew_ps]), load_ff=np.array([load_ff]))
    return float(found.values[0, 0])


def worst(tables: Sequence[Table]) -> Table:
    """Element-wise largest of one or more tables."""
    return _merge(tables, "max")


def mean(tables: Sequence[Table]) -> Table:
    """Element-wise mean of one or more tables."""
    return _merge(tables, "mean")


def total(tables: Sequence[Table]) -> Table:
    """Element-wise sum of one or more tables."""
    return _merge(tables, "sum")


def _merge(tables: Sequence[Table], how: str) -> Table:
    if len(tables) == 1:
        return tables[0]
    slew_ps = max((t.slew_ps for t in tables), key=_extent)
    load_ff = max((t.load_ff for t in tables), key=_extent)
    stack = np.stack([_on(t, slew_ps, load_ff).values for t in tables])
    return Table(slew_ps, load_ff, getattr(stack, how)(axis=0))


def _on(table: Table, slew_ps: _Array, load_ff: _Array) -> Table:
    same = np.array_equal(table.slew_ps, slew_ps) and np.array_equal(table.load_ff, load_ff)
    return table if same else resample(table, slew_ps=slew_ps, load_ff=load_ff)


def _extent(axis: _Array) -> tuple[int, float]:
    return len(axis), float(axis[-1])


def _weights(axis: _Array, wanted: _Array) -> tuple[NDArray[np.intp], _Array]:
    """Lower index and fraction towards the next point, beyond [0, 1] where it extrapolates."""
    if len(axis) == 1:
        return np.zeros(len(wanted), dtype=np.intp), np.zeros(len(wanted))
    low = np.clip(np.searchsorted(axis, wanted, side="right") - 1, 0, len(axis) - 2)
    return low, (wanted - axis[low]) / (axis[low + 1] - axis[low])

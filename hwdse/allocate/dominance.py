"""The Pareto filter: which rows of a table no other row beats."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

__all__ = ["nondominated"]

# Rows from which the others are thinned out, each by one pass over the table.
_PIVOTS = 24
# Rows from which the pivots are drawn.
_SAMPLE = 1 << 14
# Grids laid over what is left, one after another, and their cells.
_GRIDS = 3
_CELLS = 1 << 20
# Up to here thinning out is not worth its passes.
_SMALL = 1 << 12
_SEED = 5
# A pivot that leaves more than this share of what others left is not worth its pass.
_WORTH = 0.95
# Rows that are looked at together.
_CHUNK = 1 << 16


def nondominated(values: NDArray[np.floating[Any]]) -> NDArray[np.int64]:
    """Rows that no other row dominates, when less is better in every column.

    A row dominates another where it is less in some column and more in none; of rows that are
    equal in all columns, all are kept or none.

    Args:
        values: Shape (rows, columns), without NaN.

    Returns:
        Their numbers, ascending.

    Raises:
        HwdseError: A NaN, or no column.
    """
    if values.ndim != 2 or values.shape[1] == 0:
        raise HwdseError("a Pareto filter needs at least one column")
    for at, column in enumerate(values.T):
        if np.isnan(column).any():
            row = int(np.isnan(column).argmax())
            raise HwdseError(f"a Pareto filter takes no NaN: row {row}, column {at} is one")
    rows = _thinned(np.asarray(values, dtype=np.float64))
    left = values[rows].astype(np.float64)
    for _ in range(_GRIDS):
        if len(rows) <= _SAMPLE or values.shape[1] == 1:
            break
        keep = _over_grid(left)
        rows, left = rows[keep], left[keep]
    # Equal rows stand or fall together.
    unique, inverse = np.unique(left, axis=0, return_inverse=True)
    kept = _front(unique)
    return np.asarray(rows[kept[inverse.reshape(-1)]])


def _thinned(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows that are left once some good ones have thrown out what they dominate."""
    if len(values) <= _SMALL:
        return np.arange(len(values), dtype=np.int64)
    sample = values[np.random.default_rng(_SEED).integers(len(values), size=_SAMPLE)]
    front = np.unique(sample, axis=0)
    front = front[_front(front)]
    pivots = _spread(front, sample)
    return np.flatnonzero(_by_chunks(lambda columns: _unbeaten(columns, pivots), values))


def _by_chunks(
    function: Callable[[NDArray[np.float64]], NDArray[Any]], values: NDArray[np.float64]
) -> NDArray[Any]:
    """What a function of some rows' columns, shape (columns, rows), gives, of all rows."""

    def of_chunk(start: int) -> NDArray[Any]:
        return function(np.ascontiguousarray(values[start : start + _CHUNK].T))

    # Operations on a chunk find it in the cache, and run side by side.
    with ThreadPoolExecutor() as threads:
        return np.concatenate(list(threads.map(of_chunk, range(0, len(values), _CHUNK))))


def _unbeaten(columns: NDArray[np.float64], pivots: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows no pivot dominates."""
    count = columns.shape[1]
    rows = np.arange(count, dtype=np.int64)
    left = np.ones(count, dtype=np.bool_)
    # A row that is no less in any column, and more in their sum, is dominated.
    columns = np.vstack([columns, _totals(columns)])
    for pivot, total in zip(pivots, _totals(pivots.T), strict=True):
        beaten = columns[-1] > total
        for column, least in zip(columns, pivot, strict=False):
            beaten &= column >= least
        left &= ~beaten
        if np.count_nonzero(left) < len(rows) // 2:
            rows, columns = rows[left], columns[:, left]
            left = np.ones(len(rows), dtype=np.bool_)
    found = np.zeros(count, dtype=np.bool_)
    found[rows[left]] = True
    return found


def _totals(columns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Sums over columns, always in the same order: equal rows have equal ones."""
    found: NDArray[np.float64] = columns[0].copy()
    with np.errstate(invalid="ignore"):
        for column in columns[1:]:
            found += column
    return found


def _over_grid(values: NDArray[np.float64]) -> NDArray[np.int64]:
    """Rows that are left by what lies in lower cells of a grid over all columns but the last.

    A row in a cell that is lower in each of those columns is less in each; where it is no more in
    the last one, it dominates.
    """
    across = values.shape[1] - 1
    side = min(1024, int(_CELLS ** (1 / across)))
    if side < 4:
        return np.arange(len(values), dtype=np.int64)
    sample = values[np.random.default_rng(_SEED).integers(len(values), size=_SAMPLE)]
    shares = np.linspace(0, 1, side - 1)[1:-1]
    edges = [np.unique(np.quantile(column, shares)) for column in sample.T[:-1]]

    def cells(columns: NDArray[np.float64]) -> NDArray[np.int64]:
        found = np.zeros(columns.shape[1], dtype=np.int64)
        for column, at in zip(columns, edges, strict=False):
            found = found * side + np.searchsorted(at, column, side="right")
        return found

    cell = _by_chunks(cells, values)
    least = np.full(side**across, np.inf)
    np.minimum.at(least, cell, values[:, -1])
    # By one cell lower in every column, and from there on downwards.
    table = np.full((side + 1,) * across, np.inf)
    table[(slice(1, None),) * across] = least.reshape((side,) * across)
    for axis in range(across):
        table = np.minimum.accumulate(table, axis=axis)
    below = table[(slice(None, -1),) * across].reshape(-1)
    return np.flatnonzero(values[:, -1] < below[cell])


def _spread(front: NDArray[np.float64], sample: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows of the front that throw out the most of a sample, one after another."""
    some = sample[: 1 << 11]
    candidates = front[np.random.default_rng(_SEED).permutation(len(front))[: 1 << 9]]
    beats: NDArray[np.bool_] = np.all(some[None] >= candidates[:, None], axis=2)
    chosen: list[int] = []
    left = np.ones(len(some), dtype=np.bool_)
    for _ in range(_PIVOTS):
        gains = (beats & left).sum(axis=1)
        best = int(gains.argmax())
        # Each candidate beats itself where it is among the sample.
        if gains[best] <= max(1, (1 - _WORTH) * left.sum()):
            break
        chosen.append(best)
        left &= ~beats[best]
    return np.asarray(candidates[chosen])


def _front(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which of distinct rows, in lexicographic order, no other dominates."""
    if values.shape[1] == 1:
        return np.asarray(np.arange(len(values)) == 0)
    if values.shape[1] == 2:
        best = np.minimum.accumulate(values[:, 1])
        return np.concatenate([[True], values[1:, 1] < best[:-1]])[: len(values)]
    return _halves(values)


def _halves(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    """By halves: in lexicographic order no row dominates an earlier one.

    H. T. Kung, F. Luccio and F. P. Preparata, On Finding the Maxima of a Set of Vectors (1975).
    """
    count = len(values)
    if count <= 64:
        no_more: NDArray[np.bool_] = np.all(values[:, None] <= values[None], axis=2)
        np.fill_diagonal(no_more, False)
        return np.asarray(~np.any(no_more, axis=0))
    middle = count // 2
    upper, lower = _halves(values[:middle]), _halves(values[middle:])
    found = np.flatnonzero(lower)
    # What the first half's front does not beat without the first column, in which it is no more.
    found = found[~_beaten(values[:middle][upper][:, 1:], values[middle:][found][:, 1:])]
    lower = np.zeros(count - middle, dtype=np.bool_)
    lower[found] = True
    return np.concatenate([upper, lower])


def _beaten(front: NDArray[np.float64], rows: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Which rows have some row of the front that is no more in any column."""
    if rows.shape[1] == 2:
        order = np.lexsort((front[:, 1], front[:, 0]))
        first, second = front[order, 0], np.minimum.accumulate(front[order, 1])
        at = np.searchsorted(first, rows[:, 0], side="right") - 1
        return np.asarray((at >= 0) & (second[np.maximum(at, 0)] <= rows[:, 1]))
    beaten = np.zeros(len(rows), dtype=np.bool_)
    for start in range(0, len(front), 256):
        some, left = front[start : start + 256], np.flatnonzero(~beaten)
        for first in range(0, len(left), 1 << 12):
            here = left[first : first + (1 << 12)]
            no_more = np.all(some[None] <= rows[here][:, None], axis=2)
            beaten[here] = np.any(no_more, axis=1)
    return beaten

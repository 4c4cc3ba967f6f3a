"""The cheapest pair of partial answers, one from each of two lists, within the limits.

A cheap answer leaves little of a limit that has a price, so a partner's usages lie in a narrow
window: partners are looked up in sorted order rather than tried one by one.
"""

from __future__ import annotations

import time

import numpy as np

from .columns import Floats
from .instance import Ints

__all__ = ["best_of_few", "best_pair"]

_FEW = 1024
_CHUNK = 1 << 20
_MOST_PAIRS = 1 << 29
_GRID_BITS = 30

Pair = tuple[int, int]


def best_of_few(one: Ints, two: Ints, left: Ints, below: int | None) -> Pair | None:
    """The cheapest pair among the first entries of both lists, whatever it leaves unused.

    Args:
        one: Excess, cost and usages of a list; shape (2 + budgets, n).
        two: Of the other.
        left: What the two usages may sum to; shape (budgets,).
        below: A cost to beat, or None.
    """
    one, two = one[:, :_FEW], two[:, :_FEW]
    cost = one[1][:, None] + two[1]
    fits = np.ones(cost.shape, dtype=bool)
    for i, most in enumerate(left):
        fits &= one[2 + i][:, None] <= most - two[2 + i]
    if below is not None:
        fits &= cost < below
    if not fits.any():
        return None
    cost[~fits] = np.iinfo(np.int64).max
    at = int(cost.argmin())
    return at // cost.shape[1], at % cost.shape[1]


def best_pair(
    one: Ints, two: Ints, left: Ints, windows: Floats, below: int | None, deadline: float | None
) -> tuple[Pair | None, bool]:
    """The cheapest pair that costs less than `below` (None: any) within the limits.

    Args:
        one: As in `best_of_few`.
        two: Likewise.
        left: Likewise.
        windows: Pairs that leave more than this unused of a budget may be missed; shape (budgets,
            len(one)), for each entry of the first list.
        below: A cost that cannot be beyond int64.
        deadline: See `time.monotonic`.

    Returns:
        The pair, and whether all were looked at.
    """
    if len(left) == 1:
        return _one_budget(one, two, int(left[0]), below), True
    # The two budgets whose windows are narrowest, as whole numbers.
    least, most = two[2:].min(axis=1), two[2:].max(axis=1)
    reach = np.minimum(windows, 2.0**61).astype(np.int64)
    narrow = np.argsort(reach.max(axis=1) / (most - least + 1.0), kind="stable")
    i, j = int(narrow[0]), int(narrow[1])
    # What a partner may use, counted from the least that any uses.
    high_i = left[i] - one[2 + i] - least[i]
    high_j = left[j] - one[2 + j] - least[j]
    low_i, low_j = high_i - reach[i], high_j - reach[j]
    # A grid: buckets as wide as the widest window, so that each window meets at most two, with
    # cells of the other usage inside. One sorted whole number stands for bucket and cell.
    span_i, span_j = int(most[i] - least[i]), int(most[j] - least[j])
    width = max(int(reach[i].max()) + 1, (span_i >> _GRID_BITS) + 1)
    cell = (span_j >> _GRID_BITS) + 1
    cells = span_j // cell + 1
    keys = (two[2 + i] - least[i]) // width * cells + (two[2 + j] - least[j]) // cell
    order = np.argsort(keys, kind="stable")
    keys = keys[order]
    wanted = (high_i >= 0) & (low_i <= span_i) & (high_j >= 0) & (low_j <= span_j)
    row = np.flatnonzero(wanted)
    row = row[np.argsort(high_i[row], kind="stable")]  # looked up in order, which is quicker
    start_cell = np.maximum(low_j[row], 0) // cell
    stop_cell = np.minimum(high_j[row], span_j) // cell
    first, last = np.maximum(low_i[row], 0) // width, np.minimum(high_i[row], span_i) // width
    rows, starts, stops = [], [], []
    for bucket, new in ((first, slice(None)), (last, last != first)):
        where = bucket[new] * cells
        rows.append(row[new])
        starts.append(np.searchsorted(keys, where + start_cell[new], side="left"))
        stops.append(np.searchsorted(keys, where + stop_cell[new], side="right"))
    ranges = (np.concatenate(rows), np.concatenate(starts), np.concatenate(stops), order)
    return _pairs(one, two, left, below, ranges, deadline)


def _one_budget(one: Ints, two: Ints, left: int, below: int | None) -> Pair | None:
    order = np.lexsort((two[1], two[2]))
    cost = two[1][order]
    cheapest = np.minimum.accumulate(cost)
    reach = np.searchsorted(two[2][order], left - one[2], side="right")
    row = np.flatnonzero(reach)
    if not len(row):
        return None
    total = one[1][row] + cheapest[reach[row] - 1]
    at = int(total.argmin())
    if below is not None and int(total[at]) >= below:
        return None
    partner = int(np.flatnonzero(cost[: reach[row[at]]] == cheapest[reach[row[at]] - 1])[0])
    return int(row[at]), int(order[partner])


def _pairs(
    one: Ints,
    two: Ints,
    left: Ints,
    below: int | None,
    ranges: tuple[Ints, Ints, Ints, Ints],
    deadline: float | None,
) -> tuple[Pair | None, bool]:
    """Try the partners order[start:stop] of each row."""
    row, start, stop, order = ranges
    some = stop > start
    row, start, stop = row[some], start[some], stop[some]
    ends = np.cumsum(stop - start)
    best: Pair | None = None
    begin = 0
    while begin < len(row):
        done = int(ends[begin - 1]) if begin else 0
        if done > _MOST_PAIRS or (deadline is not None and time.monotonic() > deadline):
            return best, False
        end = max(begin + 1, int(np.searchsorted(ends, done + _CHUNK, side="right")))
        count = (stop - start)[begin:end]
        mine = np.repeat(row[begin:end], count)
        jump = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        theirs = order[np.repeat(start[begin:end], count) + jump]
        fits = np.ones(len(mine), dtype=bool)
        for i, most in enumerate(left):
            fits &= one[2 + i][mine] <= most - two[2 + i][theirs]
        mine, theirs = mine[fits], theirs[fits]
        begin = end
        if not len(mine):
            continue
        cost = one[1][mine] + two[1][theirs]
        at = int(cost.argmin())
        if below is None or int(cost[at]) < below:
            below = int(cost[at])
            best = int(mine[at]), int(theirs[at])
    return best, True

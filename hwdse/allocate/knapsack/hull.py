"""The lower convex hull of every group's options, for all groups at once, in exact arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .columns import Columns
from .instance import Ints

__all__ = ["hull_steps"]

_SURE = 1e-14  # products of floats that differ by less, relatively, are compared as integers


def hull_steps(columns: Columns) -> tuple[Ints, Ints, Ints, NDArray[np.bool_]]:
    """The hull of each group as steps of falling worth, all groups' steps merged.

    Args:
        columns: With one usage.

    Returns:
        The option of each group of least usage (of least cost among those), as an index into all;
        then for the steps, by falling cost saved per usage: the option before, the option after,
        and whether the next step saves less per usage than this one (rather than as much).
    """
    cost, usage = columns.cost, columns.usage[0]
    # The least usage of a group is nought; of equal usage only the cheapest can be on the hull.
    start = columns.least_at(np.where(usage == 0, cost, np.iinfo(np.int64).max))
    group = columns.spread(np.arange(columns.groups))
    order = np.lexsort((cost, usage, group))
    # Only what costs less than all of less usage.
    points = _falling(order, group, cost)
    while True:
        owner = group[points]
        inner = np.flatnonzero((owner[:-2] == owner[1:-1]) & (owner[1:-1] == owner[2:])) + 1
        before, here, after = points[inner - 1], points[inner], points[inner + 1]
        saved, spent = cost[before] - cost[here], usage[here] - usage[before]
        saves, spends = cost[here] - cost[after], usage[after] - usage[here]
        # Keep a point only if the step to it saves more per usage than the step from it.
        drop = inner[~_greater(saved, spends, saves, spent)]
        if not len(drop):
            break
        points = np.delete(points, drop)
    owner = group[points]
    same = owner[1:] == owner[:-1]
    before, after = points[:-1][same], points[1:][same]
    saved, spent = cost[before] - cost[after], usage[after] - usage[before]
    order = np.argsort(-(saved / spent), kind="stable")
    order = _settle(order, saved, spent)
    before, after, saved, spent = before[order], after[order], saved[order], spent[order]
    ends = np.ones(len(order), dtype=bool)
    ends[:-1] = _greater(saved[:-1], spent[1:], saved[1:], spent[:-1])
    return start, before, after, ends


def _falling(order: Ints, group: Ints, cost: Ints) -> Ints:
    """Of points in order, those that cost less than every earlier one of their group."""
    # Ranks of the costs, each group's wholly below those of the one before.
    rank = np.empty(len(order), dtype=np.int64)
    rank[np.lexsort((cost, -group))] = np.arange(len(order))
    first = np.concatenate([[True], group[order][1:] != group[order][:-1]])
    lowered = rank[order]
    lowest = np.minimum.accumulate(lowered)
    keep = first.copy()
    fresh = lowered[1:] < lowest[:-1]
    # Equal costs have different ranks, yet neither is below the other.
    at = np.flatnonzero(fresh & ~first[1:]) + 1
    best = np.maximum.accumulate(np.where(np.r_[True, fresh], np.arange(len(order)), 0))
    keep[at] = cost[order[at]] < cost[order[best[at - 1]]]
    kept: Ints = order[keep]
    return kept


def _greater(a: Ints, b: Ints, c: Ints, d: Ints) -> NDArray[np.bool_]:
    """a * b > c * d, exactly; all at least nought."""
    one, two = a.astype(float) * b, c.astype(float) * d
    result = one > two
    for at in np.flatnonzero(np.abs(one - two) <= _SURE * (one + two)).tolist():
        result[at] = int(a[at]) * int(b[at]) > int(c[at]) * int(d[at])
    return result


def _settle(order: Ints, saved: Ints, spent: Ints) -> Ints:
    """Steps in the order of their floats, put in the order of their exact ratios."""
    ratio = (saved / spent)[order]
    close = ratio[:-1] - ratio[1:] <= _SURE * ratio[:-1]
    result = order.copy()
    edges = np.flatnonzero(np.diff(np.concatenate([[0], close.astype(np.int8), [0]])))
    for begin, last in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        some = order[begin : last + 1].tolist()
        some.sort(key=lambda s: (-Fraction(int(saved[s]), int(spent[s])), s))
        result[begin : last + 1] = some
    return result

"""The frontier of cost against one resource: all of it, or only its convex hull."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from .columns import Columns, columns_of
from .hull import hull_steps
from .instance import Ints, Knapsack
from .pareto import unbeaten

__all__ = ["Frontier", "frontier", "supported"]

_MOST_AT_ONCE = 1 << 24
_MOST_IN_ALL = 1 << 29


@dataclass(frozen=True, eq=False)
class Frontier:
    """Points that no answer beats in both cost and usage, by rising usage and falling cost.

    Attributes:
        cost: Of each point.
        usage: Likewise.
    """

    cost: Ints
    usage: Ints
    _choose: Callable[[int], Ints] = field(repr=False)

    def choice(self, point: int) -> Ints:
        """One answer of this cost and usage: each group's option, counted within the group."""
        return self._choose(point)


def supported(first: Ints, cost: Ints, usage: Ints) -> Frontier:
    """The corners of the frontier's convex hull, each optimal for some price of the resource.

    Args:
        first: See `Knapsack`.
        cost: Likewise.
        usage: Of one resource; shape (options,).

    Raises:
        ValueError: See `instance.check`.
    """
    columns = _columns(first, cost, usage)
    start, before, after, ends = hull_steps(columns)
    spent = np.cumsum(columns.usage[0][after] - columns.usage[0][before])
    saved = np.cumsum(columns.cost[before] - columns.cost[after])
    corners = np.concatenate([[0], np.flatnonzero(ends) + 1])

    def choose(point: int) -> Ints:
        option = start.copy()
        taken = after[: corners[point]]
        # A group's steps come in order, so the last one taken is the furthest option.
        last = np.full(columns.groups, -1)
        np.maximum.at(last, columns.group_of(taken), np.arange(len(taken)))
        option[last >= 0] = taken[last[last >= 0]]
        return option - columns.first[:-1]

    least_usage = columns.usage_base[0]
    cost_there = int(columns.cost[start].sum()) + columns.cost_base
    return Frontier(
        cost=cost_there - np.concatenate([[0], saved])[corners],
        usage=least_usage + np.concatenate([[0], spent])[corners],
        _choose=choose,
    )


def frontier(
    first: Ints, cost: Ints, usage: Ints, *, deadline: float | None = None
) -> Frontier | None:
    """All points of the frontier, whether on its convex hull or not.

    One group after another joins the frontier of those before it (Nemhauser and Ullmann, "Discrete
    Dynamic Programming and Capital Allocation", 1969). Of answers of equal cost and usage one is
    kept.

    Args:
        first: See `Knapsack`.
        cost: Likewise.
        usage: Of one resource; shape (options,).
        deadline: `time.monotonic()` after which to give up.

    Returns:
        None when the deadline passed, or when there are too many points for memory: some frontiers
        have as many as there are answers.

    Raises:
        ValueError: See `instance.check`.
    """
    columns = _columns(first, cost, usage)
    points = np.zeros((2, 1), dtype=np.int64)
    trail: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
    effort = 0
    for begin, end in zip(columns.first[:-1].tolist(), columns.first[1:].tolist(), strict=True):
        formed = points.shape[1] * (end - begin)
        effort += formed
        late = deadline is not None and time.monotonic() > deadline
        if late or formed > _MOST_AT_ONCE or effort > _MOST_IN_ALL:
            return None
        options = np.vstack([columns.cost[begin:end], columns.usage[0, begin:end]])
        options_kept = unbeaten(options)
        grown = (options[:, options_kept, None] + points[:, None, :]).reshape(2, -1)
        kept = unbeaten(grown)
        kept = kept[np.argsort(grown[1, kept], kind="stable")]
        trail.append(
            (
                (kept % points.shape[1]).astype(np.int32),
                options_kept[kept // points.shape[1]].astype(np.int32),
            )
        )
        points = grown[:, kept]

    def choose(point: int) -> Ints:
        choice = np.zeros(columns.groups, dtype=np.int64)
        for group in range(columns.groups - 1, -1, -1):
            parent, option = trail[group]
            choice[group] = option[point]
            point = int(parent[point])
        return choice

    return Frontier(
        cost=points[0] + columns.cost_base,
        usage=points[1] + columns.usage_base[0],
        _choose=choose,
    )


def _columns(first: Ints, cost: Ints, usage: Ints) -> Columns:
    nothing = np.zeros(1, dtype=np.int64)
    return columns_of(Knapsack(first, cost, usage.reshape(1, -1), nothing))

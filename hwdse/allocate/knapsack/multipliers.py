"""The dual of a problem's columns: its relaxation at given multipliers, maximised by `dual`."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from .columns import Columns, Floats
from .dual import Cut, maximise
from .instance import Ints

__all__ = ["AnyBudgets", "OneBudget", "solve_dual"]


def solve_dual(
    columns: Columns,
    limit: tuple[int, ...],
    forbidden: Ints,
    known: list[Cut],
    *,
    feasibility: bool = False,
) -> tuple[Floats, list[Cut], bool]:
    """Near-optimal multipliers, the cuts found, and whether they are beyond all bounds.

    Args:
        columns: The problem.
        limit: What is left of each limit above the least usage.
        forbidden: Options that cannot be chosen.
        known: Cuts of the same problem, for any limits.
        feasibility: Leave the cost out: multipliers that prove infeasibility if any do.
    """
    cost, usage = columns.scaled()
    if feasibility:
        known = []
    cost = np.zeros_like(cost) if feasibility else cost.copy()
    cost[forbidden] = np.inf
    spans = np.maximum(1.0, np.array(columns.usage_range, dtype=float))
    scaled_limit = np.array([float(most) for most in limit]) / spans
    evaluate: Callable[[Floats], Cut] = OneBudget(columns, cost, usage[0])
    if len(limit) > 1:
        evaluate = AnyBudgets(columns, cost, usage)
    return maximise(evaluate, scaled_limit, known, simplex=feasibility)


@dataclass(frozen=True, eq=False)
class AnyBudgets:
    """The relaxation's answer for any number of budgets; forbidden options cost infinitely much."""

    columns: Columns
    cost: Floats
    usage: Floats

    def __call__(self, multipliers: Floats) -> Cut:
        """The sums of the answer at these multipliers."""
        value = self.cost
        for weight, row in zip(multipliers, self.usage, strict=True):
            if weight:
                value = value + weight * row
        at = self.columns.least_at(value)
        return Cut(float(self.cost[at].sum()), self.usage[:, at].sum(axis=1))


@dataclass(frozen=True, eq=False)
class OneBudget:
    """The relaxation's answer for one budget.

    An option that is a group's best at two multipliers is so at all between them: only groups whose
    choices differ are looked at again.
    """

    columns: Columns
    cost: Floats
    usage: Floats
    _met: list[float] = field(default_factory=list)
    _chosen: list[Ints] = field(default_factory=list)

    def __call__(self, multipliers: Floats) -> Cut:
        """The sums of the answer at this multiplier."""
        weight = float(multipliers[0])
        place = bisect_left(self._met, weight)
        if 0 < place < len(self._met):
            at = self._between(weight, self._chosen[place - 1], self._chosen[place])
        else:
            at = self.columns.least_at(self.cost + weight * self.usage)
        self._met.insert(place, weight)
        self._chosen.insert(place, at)
        return Cut(float(self.cost[at].sum()), self.usage[at].sum(keepdims=True))

    def _between(self, weight: float, below: Ints, above: Ints) -> Ints:
        open_ = np.flatnonzero(below != above)
        at = below.copy()
        width = self.columns.per_group
        if width:
            cost, usage = (v.reshape(-1, width)[open_] for v in (self.cost, self.usage))
            at[open_] = (cost + weight * usage).argmin(axis=1) + open_ * width
        elif len(open_):
            start = self.columns.first[open_]
            size = self.columns.first[open_ + 1] - start
            first = np.cumsum(size) - size
            options = np.arange(int(size.sum())) + np.repeat(start - first, size)
            value = self.cost[options] + weight * self.usage[options]
            least = np.repeat(np.minimum.reduceat(value, first), size)
            hit = np.flatnonzero(value == least)
            at[open_] = options[hit[np.searchsorted(hit, first)]]
        return at

"""The columns of a problem, each group's least value taken off, and sums and minima over groups."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from .instance import Ints, Knapsack, check, exact_sum

__all__ = ["Columns", "Floats", "columns_of"]

_T = TypeVar("_T", bound=np.generic)

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Columns:
    """A problem without its limits.

    Attributes:
        first: As in `Knapsack`.
        cost: Non-negative: the least cost of each group is taken off.
        usage: Likewise; shape (budgets, options).
        cost_base: The sum of what was taken off the cost.
        usage_base: And off each usage.
        cost_range: The greatest sum of `cost`.
        usage_range: The greatest sum of each usage.
        per_group: The number of options when all groups have the same, else 0.
    """

    first: Ints
    cost: Ints
    usage: Ints
    cost_base: int
    usage_base: tuple[int, ...]
    cost_range: int
    usage_range: tuple[int, ...]
    per_group: int
    _scaled: list[tuple[Floats, Floats]] = field(default_factory=list, repr=False)

    @property
    def groups(self) -> int:
        """The number of groups."""
        return len(self.first) - 1

    def sizes(self) -> Ints:
        """The number of options of each group."""
        return np.diff(self.first)

    def group_of(self, options: Ints) -> Ints:
        """The group of each of these options."""
        if self.per_group:
            return options // self.per_group
        return np.searchsorted(self.first, options, side="right") - 1

    def spread(self, values: NDArray[_T]) -> NDArray[_T]:
        """One value for each group, repeated for each of its options."""
        if self.per_group:
            return np.repeat(values, self.per_group)
        return np.repeat(values, self.sizes())

    def least(self, values: NDArray[_T]) -> NDArray[_T]:
        """The least value of each group."""
        result: NDArray[_T] = np.minimum.reduceat(values, self.first[:-1])
        return result

    def least_at(self, values: NDArray[np.generic]) -> Ints:
        """The first option of each group that has the least value."""
        if self.per_group:
            at: Ints = values.reshape(-1, self.per_group).argmin(axis=1)
            return at + self.first[:-1]
        hit = np.flatnonzero(values == self.spread(self.least(values)))
        return hit[np.searchsorted(hit, self.first[:-1])]

    def scaled(self) -> tuple[Floats, Floats]:
        """Cost and usages as floats, each with a range of one (or zero)."""
        if not self._scaled:
            cost = self.cost / max(1.0, float(self.cost_range))
            usage = self.usage / np.maximum(1.0, np.array(self.usage_range, float))[:, None]
            self._scaled.append((cost, usage))
        return self._scaled[0]


def columns_of(problem: Knapsack) -> Columns:
    """Check a problem and take the least values off.

    Raises:
        ValueError: See `instance.check`.
    """
    check(problem)
    first = problem.first
    sizes = np.diff(first)
    per_group = int(sizes[0]) if (sizes == sizes[0]).all() else 0

    def shift(column: Ints) -> tuple[Ints, int, int]:
        low = np.minimum.reduceat(column, first[:-1])
        above = column - np.repeat(low, sizes)
        return above, exact_sum(low), exact_sum(np.maximum.reduceat(above, first[:-1]))

    cost, cost_base, cost_range = shift(problem.cost)
    usage = np.empty_like(problem.usage)
    bases, ranges = [], []
    for i, row in enumerate(problem.usage):
        usage[i], base, span = shift(row)
        bases.append(base)
        ranges.append(span)
    return Columns(
        first, cost, usage, cost_base, tuple(bases), cost_range, tuple(ranges), per_group
    )

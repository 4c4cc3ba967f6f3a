"""What is still open of a problem, in Python integers, with one key that orders answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Exact, Picks

__all__ = ["Choice", "Model", "Open", "Table", "open_part", "restrict"]

Choice = tuple[int, ...]
Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Model:
    """Choose one option per group; minimise the sum of `key` with every usage within its limit.

    Attributes:
        labels: Per group, the option's position in the `Exact` problem's group, for those still in
            the race.
        cost: Per group and option, the objective.
        usage: Per budget, group and option: what counts against the limit.
        limits: Per budget, the greatest sum allowed.
        key: `cost * key_scale` plus a whole number that sums to less than `key_scale` and ranks
            answers of equal cost: less usage of the first budget, then of the next, and at last
            the names of the options. No two answers share a key, so the optimum is unique.
        key_scale: See `key`.
    """

    labels: Table
    cost: Table
    usage: tuple[Table, ...]
    limits: tuple[int, ...]
    key: Table
    key_scale: int

    def positions(self, choice: Choice) -> tuple[int, ...]:
        """Where each chosen label stands in its group."""
        return tuple(group.index(label) for group, label in zip(self.labels, choice, strict=True))

    def total(self, table: Table, choice: Choice) -> int:
        """The sum of a table over a choice."""
        return sum(row[p] for row, p in zip(table, self.positions(choice), strict=True))


@dataclass(frozen=True, eq=False)
class Open:
    """A problem with its decided groups put aside.

    Attributes:
        model: The groups of two options or more; at least one group in any case.
        groups: Which groups of the `Exact` problem those are.
        budgets: Which of its budgets the model has: those that can be exceeded at all.
        base: Cost of the decided groups.
        exact: The problem.
    """

    model: Model
    groups: NDArray[np.int64]
    budgets: tuple[int, ...]
    base: int
    exact: Exact

    def picks(self, choice: Choice) -> Picks:
        """The answer to the whole problem."""
        picks = self.exact.first[:-1].copy()
        picks[self.groups] += np.array(choice, dtype=np.int64)
        return picks

    def choice(self, picks: Picks) -> Choice | None:
        """An answer to the whole problem as one of the model, or None where it is not in it."""
        local = (picks - self.exact.first[:-1])[self.groups].tolist()
        inside = all(p in row for p, row in zip(local, self.model.labels, strict=True))
        return tuple(local) if inside else None


def open_part(exact: Exact) -> Open:
    """Put decided groups aside and drop options that another one beats in every respect.

    Args:
        exact: The problem, without couplings.
    """
    sizes = np.diff(exact.first)
    groups = np.flatnonzero(sizes > 1)
    if groups.size == 0:
        groups = np.zeros(1, dtype=np.int64)
    decided = np.ones(exact.groups, dtype=bool)
    decided[groups] = False
    fixed = exact.first[:-1][decided]

    def table(values: NDArray[Any]) -> Table:
        return tuple(
            tuple(int(v) for v in values[exact.first[g] : exact.first[g + 1]]) for g in groups
        )

    cost = table(exact.cost)
    usage = tuple(table(u) for u in exact.usage)
    limits = tuple(
        limit - int(u[fixed].sum()) for limit, u in zip(exact.limits, exact.usage, strict=True)
    )
    key, scale = _keys(cost, usage)
    labels = tuple(tuple(range(len(row))) for row in cost)
    # What no answer can exceed has its part in the key and needs no attention beside.
    budgets = tuple(
        at for at, limit in enumerate(limits) if sum(max(row) for row in usage[at]) > limit
    )
    model = Model(
        labels,
        cost,
        tuple(usage[at] for at in budgets),
        tuple(limits[at] for at in budgets),
        key,
        scale,
    )
    model = restrict(model, [_undominated(model, g) for g in range(len(cost))])
    return Open(model, groups, budgets, int(exact.cost[fixed].sum()), exact)


def _keys(cost: Table, usage: Sequence[Table]) -> tuple[Table, int]:
    key = [list(row) for row in cost]
    scale = 1

    def append(digits: list[list[int]]) -> None:
        nonlocal scale
        base = sum(max(row) for row in digits) + 1
        for row, extra in zip(key, digits, strict=True):
            row[:] = [k * base + d for k, d in zip(row, extra, strict=True)]
        scale *= base

    for table in usage:
        append([[v - min(row) for v in row] for row in table])
    # The options' ranks, as the digits of one number with a place for each group.
    place = 1
    ranks: list[list[int]] = []
    for row in reversed(cost):
        ranks.insert(0, [place * r for r in range(len(row))])
        place *= len(row)
    append(ranks)
    return tuple(tuple(row) for row in key), scale


def _undominated(model: Model, group: int) -> list[int]:
    points = [
        (model.key[group][p], *(table[group][p] for table in model.usage))
        for p in range(len(model.labels[group]))
    ]
    return [
        p
        for p, mine in enumerate(points)
        if not any(
            other != mine and all(a <= b for a, b in zip(other, mine, strict=True))
            for other in points
        )
    ]


def restrict(model: Model, keep: Sequence[Sequence[int]]) -> Model:
    """The same model with only the options at these positions of each group."""

    def cut(table: Table) -> Table:
        return tuple(tuple(row[p] for p in some) for row, some in zip(table, keep, strict=True))

    return replace(
        model,
        labels=cut(model.labels),
        cost=cut(model.cost),
        usage=tuple(cut(table) for table in model.usage),
        key=cut(model.key),
    )

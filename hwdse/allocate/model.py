"""The problem in whole numbers: exact costs, usages and limits, and one key that orders answers.

A column's figures are decimals, so over their common denominator every sum is a sum of integers
and a budget is met or it is not: no tolerance enters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from .budget import Budget
from .numbers import exact
from .problem import Problem

__all__ = ["Choice", "Model", "Table", "build_model", "column_sums", "reachable", "restrict"]

Choice = tuple[int, ...]
Table = tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Model:
    """Choose one option per group; minimise the sum of `key` with every usage within its limit.

    Attributes:
        labels: Per group, the option's index in `Problem.options`, for those still in the race.
        cost: Per group and option, the objective (negated when maximising), in `cost_unit`.
        cost_unit: What 1 stands for in `cost`.
        usage: Per budget, group and option: what counts against the limit (negated for `>=`).
        limits: Per budget, the greatest sum allowed.
        units: Per budget, what 1 stands for in its usage.
        key: `cost * key_scale` plus a whole number that sums to less than `key_scale` and ranks
            answers of equal cost: less usage of the first budget, then of the next, and at last
            the names of the options. No two answers share a key, so the optimum is unique.
        key_scale: See `key`.
    """

    labels: Table
    cost: Table
    cost_unit: Fraction
    usage: tuple[Table, ...]
    limits: tuple[int, ...]
    units: tuple[Fraction, ...]
    key: Table
    key_scale: int

    def positions(self, choice: Choice) -> tuple[int, ...]:
        """Where each chosen label stands in its group."""
        return tuple(group.index(label) for group, label in zip(self.labels, choice, strict=True))

    def total(self, table: Table, choice: Choice) -> int:
        """The sum of a table over a choice."""
        return sum(row[p] for row, p in zip(table, self.positions(choice), strict=True))

    def meets_limits(self, choice: Choice) -> bool:
        """Whether a choice is within every budget, exactly."""
        return all(
            self.total(usage, choice) <= limit
            for usage, limit in zip(self.usage, self.limits, strict=True)
        )


def column_sums(problem: Problem, column: str) -> tuple[Table, Fraction]:
    """A column summed over the layers of each group and option, as integers, and their unit."""
    at = problem.columns.index(column)
    values = [exact(v) for v in problem.values[:, at].tolist()]
    denominator = math.lcm(*(v.denominator for v in values))
    whole = [v.numerator * (denominator // v.denominator) for v in values]
    sums = tuple(
        tuple(sum(whole[r] for r in option) for option in rows.tolist()) for rows in problem.rows
    )
    return sums, Fraction(1, denominator)


def build_model(
    problem: Problem, budgets: Sequence[Budget], *, objective: str, maximize: bool
) -> Model:
    """The exact model of a problem, without options that another one beats in every respect.

    Args:
        problem: The validated table.
        budgets: Limits on its columns; the columns must exist.
        objective: The column to minimise or maximise.
        maximize: Which of the two.
    """
    cost, unit = column_sums(problem, objective)
    if maximize:
        cost = _negated(cost)
    usage, limits, units = [], [], []
    for budget in budgets:
        sums, size = column_sums(problem, budget.column)
        limit = budget.limit / size
        if budget.sense == "<=":
            usage.append(sums)
            limits.append(math.floor(limit))
        else:
            usage.append(_negated(sums))
            limits.append(-math.ceil(limit))
        units.append(size)
    key, scale = _keys(cost, usage)
    model = Model(
        labels=tuple(tuple(range(len(row))) for row in cost),
        cost=cost,
        cost_unit=unit,
        usage=tuple(usage),
        limits=tuple(limits),
        units=tuple(units),
        key=key,
        key_scale=scale,
    )
    return restrict(model, [_undominated(model, g) for g in range(len(cost))])


def _negated(table: Table) -> Table:
    return tuple(tuple(-v for v in row) for row in table)


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


def reachable(model: Model, budget: int) -> int:
    """The least usage of one budget when the others are ignored."""
    return sum(min(row) for row in model.usage[budget])

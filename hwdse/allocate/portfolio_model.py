"""A portfolio in whole numbers: an option for each layer, and each unit built or not."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError, nearest_hint

from .budget import Budget
from .decimals import Whole, whole_numbers
from .exact import Exact, Picks
from .portfolio_tables import Tables

__all__ = ["Goal", "Model", "build_model"]


@dataclass(frozen=True)
class Goal:
    """What to optimise: the total of a column, or the number of units built where it is None."""

    column: str | None
    maximize: bool = False

    @property
    def text(self) -> str:
        """Such as `minimize loss`."""
        return f"{'maximize' if self.maximize else 'minimize'} {self.column}"


@dataclass(frozen=True, eq=False)
class Model:
    """The whole-number problem of a portfolio.

    The groups of `exact` are those of the layers, then one of two entries for each unit: not built,
    built. What `exact` does not know is that an entry needs its unit built.

    Attributes:
        tables: Both tables.
        budgets: As asked for.
        exact: Its usages are those of the budgets, then the number of units, then that of each
            type that has several.
        entry_unit: The unit of each entry of a layer; -1 for the entries of units.
    """

    tables: Tables
    budgets: tuple[Budget, ...]
    exact: Exact
    entry_unit: NDArray[np.int64]

    @property
    def layer_groups(self) -> int:
        """Groups before those of the units."""
        return self.tables.problem.groups

    @property
    def most(self) -> int:
        """How many units may be built."""
        return self.exact.limits[len(self.budgets)]

    def with_most(self, most: int) -> Model:
        """The same with another number of units."""
        at = len(self.budgets)
        return self._with_limit(at, most)

    def with_budget(self, at: int, limit: int) -> Model:
        """The same with another limit of one budget, in its unit."""
        return self._with_limit(at, limit)

    def _with_limit(self, at: int, limit: int) -> Model:
        limits = list(self.exact.limits)
        limits[at] = limit
        return replace(self, exact=self.exact.with_limits(limits))

    def built_entry(self, unit: int) -> int:
        """The entry that stands for a unit being built."""
        return int(self.exact.first[self.layer_groups + unit]) + 1

    def built(self, picks: Picks) -> tuple[int, ...]:
        """The units that a choice builds."""
        own = picks[self.layer_groups :]
        return tuple(np.flatnonzero(own == self.exact.first[self.layer_groups : -1] + 1).tolist())

    def restricted(self, built: Sequence[int]) -> Exact:
        """The problem of these units and no others; every layer must have an option on one."""
        keep = np.isin(self.entry_unit, built)
        for unit in range(len(self.tables.units)):
            keep[self.built_entry(unit) - (unit not in built)] = True
        return self.exact.restrict(keep)

    def is_feasible(self, picks: Picks) -> bool:
        """Whether a choice is within every limit and every layer runs on a unit that is built."""
        if not self.exact.is_feasible(picks):
            return False
        return set(self.entry_unit[picks[: self.layer_groups]].tolist()) <= set(self.built(picks))


def build_model(tables: Tables, budgets: Sequence[Budget], goal: Goal, most: int) -> Model:
    """The problem in whole numbers.

    Raises:
        HwdseError: A budget or the goal names no column of either table, with the nearest name.
    """
    problem, units = tables.problem, len(tables.units)
    counts = _cells(tables, np.zeros(len(problem.values)), np.ones(units))
    cost = counts if goal.column is None else _column(tables, goal.column, "objective")
    usages, limits = [], []
    for budget in budgets:
        whole = _column(tables, budget.column, f"budget {str(budget)!r}")
        sign = 1 if budget.sense == "<=" else -1
        usages.append(whole.scaled(Fraction(sign)))
        limits.append(math.floor(sign * budget.limit / whole.unit))
    usages.append(counts)
    limits.append(most)
    for kind in sorted(set(tables.types) - {""}):
        same = np.array([float(kind == other) for other in tables.types])
        if same.sum() > 1:
            usages.append(_cells(tables, np.zeros(len(problem.values)), same))
            limits.append(1)
    entries = len(problem.entry_option)
    first = np.r_[problem.first, entries + 2 * np.arange(1, units + 1)]
    exact = Exact(
        first=first,
        label=np.arange(first[-1]),
        cost=-cost.values if goal.maximize else cost.values,
        cost_unit=cost.unit,
        usage=tuple(usage.values for usage in usages),
        limits=tuple(limits),
        units=tuple(usage.unit for usage in usages),
        errors=(Fraction(0),) * (len(usages) + 1),
    )
    entry_unit = np.r_[tables.entry_unit, np.full(2 * units, -1)]
    return Model(tables, tuple(budgets), exact, entry_unit)


def _column(tables: Tables, name: str, what: str) -> Whole:
    if name not in tables.columns:
        hint = nearest_hint(name, tables.columns)
        raise HwdseError(f"{what}: neither table has a numeric column {name!r}{hint}")
    problem, units = tables.problem, len(tables.units)
    rows = np.zeros(len(problem.values))
    if name in problem.columns:
        rows = problem.values[:, problem.columns.index(name)]
    return _cells(tables, rows, tables.charges.get(name, np.zeros(units)))


def _cells(tables: Tables, rows: NDArray[np.float64], charges: NDArray[np.float64]) -> Whole:
    """What every entry adds to a total: an option the sum of its rows, a unit its charge."""
    whole = whole_numbers(np.r_[rows, charges])
    problem = tables.problem
    values = whole.values[: len(rows)][problem.rows]
    summed = np.add.reduceat(values, problem.entry_start[:-1])
    built = np.zeros(2 * len(charges), dtype=values.dtype)
    built[1::2] = whole.values[len(rows) :]
    return Whole(np.r_[summed, built], whole.unit)

"""From budgets, an objective and rules to the problem in whole numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError, InfeasibleError

from .budget import Budget
from .couplings import build_couplings
from .decimals import Whole
from .exact import Exact
from .figures import Figures
from .measure import Measure, Objective, parse_measure
from .numbers import show_reachable
from .problem import Problem
from .rules import Rules, allowed_entries, sets_of

__all__ = ["Limit", "Task", "build_exact", "build_task", "limits_of"]

Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Limit:
    """A budget with what it is about.

    Attributes:
        budget: As given.
        measure: What its text names.
    """

    budget: Budget
    measure: Measure


# A budget on an extreme that excludes entries, and the entries it leaves.
_Excluding = tuple[Limit, Mask]


@dataclass(frozen=True, eq=False)
class Task:
    """A table with its rules: everything but budgets and objectives.

    Attributes:
        figures: The exact figures.
        allowed: Entries that the rules leave.
        rules: The rules.
    """

    figures: Figures
    allowed: Mask
    rules: Rules

    @property
    def problem(self) -> Problem:
        """The validated table."""
        return self.figures.problem


def build_task(problem: Problem, rules: Rules) -> Task:
    """Apply rules to a table.

    Raises:
        HwdseError: A rule names what is not there, or rules contradict each other.
    """
    sets = sets_of(problem, rules)
    allowed = allowed_entries(problem, rules, sets)
    couplings = build_couplings(problem, rules)
    allowed &= couplings.allowed
    _need_entries(problem, allowed, "the couplings leave it without an option")
    return Task(Figures(problem, sets, couplings), allowed, rules)


def _need_entries(problem: Problem, allowed: Mask, why: str) -> None:
    left = np.logical_or.reduceat(allowed, problem.first[:-1])
    if not bool(left.all()):
        raise HwdseError(f"layer {problem.members(int(np.argmin(left)))[0]!r}: {why}")


def limits_of(task: Task, budgets: Sequence[Budget]) -> list[Limit]:
    """Budgets with what their texts name.

    Raises:
        HwdseError: An unknown column or set, with the nearest name.
    """
    found = []
    for budget in budgets:
        try:
            measure = parse_measure(budget.column, task.problem.columns, task.figures.sets)
        except HwdseError as error:
            raise HwdseError(f"budget {str(budget)!r}: {error}") from None
        found.append(Limit(budget, measure))
    return found


def build_exact(
    task: Task,
    limits: Sequence[Limit],
    objective: Objective | None,
    *,
    caps: Sequence[tuple[Objective, Fraction]] = (),
) -> Exact:
    """The problem in whole numbers.

    Args:
        task: Table and rules.
        limits: Budgets.
        objective: A sum to optimise; None for any answer within the budgets.
        caps: Objectives that must be at least as good as a value (of earlier stages).

    Raises:
        InfeasibleError: A budget on an extreme leaves some layer without an option.
        HwdseError: As `Figures.objective` and `Figures.weighted`.
    """
    problem, figures = task.problem, task.figures
    keep = task.allowed.copy()
    cells = len(problem.entry_option) + figures.couplings.size
    if objective is None:
        cost = Whole(np.zeros(cells, dtype=np.int64), Fraction(1))
    else:
        cost = figures.objective(objective)
    if objective is not None and objective.maximize:
        cost = Whole(-cost.values, cost.unit, cost.error)
    usage: list[Whole] = []
    bounds: list[int] = []
    excluding: list[_Excluding] = []
    for limit in limits:
        if limit.measure.kind in ("max", "min"):
            row = _extreme(task, limit, keep, excluding)
        else:
            row = _linear(figures, limit)
        if row is not None:
            usage.append(row[0])
            bounds.append(row[1])
    for capped, value in caps:
        whole = figures.objective(capped)
        sign = -1 if capped.maximize else 1
        usage.append(Whole(sign * whole.values, whole.unit, whole.error))
        bounds.append(math.floor(sign * value / whole.unit))
    exact = Exact(
        first=problem.first,
        label=np.arange(len(problem.entry_option)),
        cost=cost.values,
        cost_unit=cost.unit,
        usage=tuple(u.values for u in usage),
        limits=tuple(bounds),
        units=tuple(u.unit for u in usage),
        errors=(cost.error, *(u.error for u in usage)),
        pairs=figures.couplings.pairs,
    )
    return exact.restrict(keep)


def _linear(figures: Figures, limit: Limit) -> tuple[Whole, int]:
    budget, value = limit.budget, limit.budget.limit
    if limit.measure.kind == "avg":
        # Weights are not negative, so the quotient is at most V where sum w (c - V) is at most 0.
        product, weights = figures.weighted(limit.measure)
        whole, value = product.plus(weights.scaled(-value)), Fraction(0)
    else:
        whole = figures.sums(limit.measure)
    if budget.sense == "<=":
        return whole, math.floor(value / whole.unit)
    return Whole(-whole.values, whole.unit, whole.error), -math.ceil(value / whole.unit)


def _extreme(
    task: Task, limit: Limit, keep: Mask, excluding: list[_Excluding]
) -> tuple[Whole, int] | None:
    """Excludes entries in `keep`; or a row that asks for one layer at least, where one suffices."""
    problem, budget = task.problem, limit.budget
    values, unit = task.figures.extremes(limit.measure)
    inside = np.array([v is not None for v in values])
    level = budget.limit / unit
    good = np.zeros(len(values), dtype=bool)
    some = values[inside]
    good[inside] = (some <= level) if budget.sense == "<=" else (some >= level)
    if (limit.measure.kind == "max") == (budget.sense == "<="):
        good |= ~inside

        def cannot(entries: Mask) -> bool:
            return not bool(np.logical_or.reduceat(entries & good, problem.first[:-1]).all())

        if cannot(keep):
            raise _unmet(task, limit, values, unit, excluding, cannot)
        keep &= good
        excluding.append((limit, good))
        return None
    row = np.zeros(len(values) + task.figures.couplings.size, dtype=np.int64)
    row[: len(values)] = -good.astype(np.int64)
    if not bool((good & keep).any()):
        raise _unmet(
            task, limit, values, unit, excluding, lambda entries: not bool((entries & good).any())
        )
    return Whole(row, Fraction(1)), -1


def _unmet(
    task: Task,
    limit: Limit,
    values: NDArray[np.object_],
    unit: Fraction,
    excluding: list[_Excluding],
    cannot: Callable[[Mask], bool],
) -> InfeasibleError:
    """The error for an extreme that cannot be kept: alone, or with the fewest others."""
    if cannot(task.allowed):
        return _out_of_reach(task, limit, values, unit)

    def left(some: list[_Excluding]) -> Mask:
        return np.asarray(np.logical_and.reduce([task.allowed, *(mask for _, mask in some)]))

    needed = list(excluding)
    for one in excluding:
        rest = [other for other in needed if other is not one]
        if cannot(left(rest)):
            needed = rest
    shown = " and ".join(str(other.budget) for other, _ in needed)
    return InfeasibleError(f"budget {limit.budget} cannot be met together with {shown}")


def _out_of_reach(
    task: Task, limit: Limit, values: NDArray[np.object_], unit: Fraction
) -> InfeasibleError:
    upper = limit.budget.sense == "<="
    inside = np.array([v is not None for v in values]) & task.allowed
    best: list[int] = []
    for g in range(task.problem.groups):
        here = slice(task.problem.first[g], task.problem.first[g + 1])
        some = values[here][inside[here]]
        if len(some):
            best.append(min(some) if upper else max(some))
    at_every_layer = (limit.measure.kind == "max") == upper
    found = (
        (max(best) if upper else min(best))
        if at_every_layer
        else (min(best) if upper else max(best))
    )
    word = "least" if upper else "greatest"
    shown = show_reachable(found * unit, upper=upper)
    return InfeasibleError(
        f"budget {limit.budget} cannot be met: the {word} reachable {limit.measure} is {shown}"
    )

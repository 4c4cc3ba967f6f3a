"""From the answers to whole-number problems to the result in the table's own terms."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from .build import Limit, Task
from .check import check_rows, chosen_options, exact_value
from .exact import Exact
from .measure import Measure, Objective
from .numbers import bound_to_float
from .outcome import Effort, Outcome
from .result import Allocation, Stage

__all__ = ["Solved", "objective_value", "rows_of", "to_allocation"]


@dataclass(frozen=True, eq=False)
class Solved:
    """One objective's answer.

    Attributes:
        objective: What was optimised.
        exact: The problem that was solved.
        outcome: What came out; its bounds are in the problem's cost unit.
        picks_of: Where the assignment is taken from, if not from `outcome`.
        extreme: For an extreme, its value and the best value that is possible.
    """

    objective: Objective
    exact: Exact
    outcome: Outcome
    picks_of: Outcome | None = None
    extreme: tuple[Fraction, Fraction] | None = None

    @property
    def value(self) -> Fraction:
        """The objective's value."""
        if self.extreme is not None:
            return self.extreme[0]
        if self.outcome.picks is None:
            raise AssertionError("no answer to take a value from")
        return self.from_cost(self.exact.total(self.exact.cost, self.outcome.picks))

    def from_cost(self, cost: int) -> Fraction:
        """A cost as a value of the objective."""
        return (-1 if self.objective.maximize else 1) * cost * self.exact.cost_unit

    def bound(self, cost: int | None) -> Fraction:
        """A bound on the cost as one on the value."""
        if self.extreme is not None:
            return self.extreme[1]
        return self.value if cost is None else self.from_cost(cost)


def rows_of(task: Task, exact: Exact, picks: NDArray[np.int64]) -> NDArray[np.int64]:
    """The chosen row of the table for each layer."""
    problem = task.problem
    chosen = exact.label[picks]
    start = problem.entry_start
    if len(problem.rows) == len(problem.entry_option):
        rows = problem.rows[start[chosen]]
    else:
        rows = np.concatenate([problem.rows[start[e] : start[e + 1]] for e in chosen.tolist()])
    found = np.empty(len(problem.layers), dtype=np.int64)
    found[problem.row_layer[rows]] = rows
    return found


def to_allocation(
    task: Task,
    limits: Sequence[Limit],
    solved: Sequence[Solved],
    effort: Effort,
    start: float,
) -> Allocation:
    """The result, checked.

    Args:
        task: Table and rules.
        limits: Budgets.
        solved: The objectives in turn; the assignment is the last one's.
        effort: How it was solved.
        start: `time.monotonic()` when the work began.

    Raises:
        CertificateError: The answer breaks a constraint.
    """
    last = solved[-1]
    source = last.picks_of or last.outcome
    if source.picks is None:
        raise AssertionError("no answer to report")
    rows = rows_of(task, last.exact, source.picks)
    checks = check_rows(task, limits, rows)
    problem = task.problem
    totals = {c: exact_value(task, Measure("sum", c), rows) for c in problem.columns}
    first = solved[0]
    value = _value(first.objective, totals)
    if value is None:
        value = objective_value(task, first.objective, rows)
    bound = first.bound(first.outcome.bound)
    if (bound > value) != first.objective.maximize and bound != value:
        bound = value  # a rounded cost may have passed its own bound
    largest = max(abs(value), abs(bound))
    gap = abs(value - bound) / largest if largest else Fraction(0)
    done = all(one.outcome.proven for one in solved) or (
        len(solved) == 1 and gap <= effort.relative_gap
    )
    independent = first.outcome.independent
    return Allocation(
        status="optimal" if done else "feasible",
        objective=float(value),
        bound=_shown(value, bound, first.objective),
        gap=float(gap),
        gap_absolute=float(abs(value - bound)),
        bound_independent=(
            None
            if independent is None
            else _shown(value, first.bound(independent), first.objective)
        ),
        solver=first.outcome.solver,
        second_method=first.outcome.second,
        agreement=first.outcome.agreed,
        seconds=time.monotonic() - start,
        assignment=dict(zip(problem.layers, chosen_options(problem, rows), strict=True)),
        totals={c: float(v) for c, v in totals.items()},
        stages=tuple(_stage(one) for one in solved),
        checks=checks,
        chosen=problem.table.iloc[rows].copy(),
        exact_totals=totals,
    )


def _value(objective: Objective, totals: Mapping[str, Fraction]) -> Fraction | None:
    """The objective where it is made of whole columns' sums, else None."""
    if any(t.measure != Measure("sum", t.measure.column) for t in objective.terms):
        return None
    return sum((t.weight * totals[t.measure.column] for t in objective.terms), Fraction(0))


def objective_value(task: Task, objective: Objective, rows: NDArray[np.int64]) -> Fraction:
    """The objective, from the chosen rows rather than from the whole-number problem."""
    return sum(
        (t.weight * exact_value(task, t.measure, rows) for t in objective.terms), Fraction(0)
    )


def _shown(value: Fraction, bound: Fraction, objective: Objective) -> float:
    if bound == value:
        return float(value)
    return bound_to_float(bound, upper=objective.maximize)


def _stage(one: Solved) -> Stage:
    word = "maximize" if one.objective.maximize else "minimize"
    value, bound = one.value, one.bound(one.outcome.bound)
    return Stage(f"{word} {one.objective.text}", float(value), _shown(value, bound, one.objective))

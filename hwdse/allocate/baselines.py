"""The proven optimum beside what simpler methods find: what exactness is worth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError

from .budget import Budgets, as_budgets
from .build import Limit, Task, build_exact, limits_of
from .check import CertificateError, check_rows, chosen_options, exact_value
from .conflict import check_each, no_answer
from .driver import effort_of, objectives_of, task_of
from .exact import Exact
from .finish import Solved, rows_of, to_allocation
from .heuristics import METHODS, Setting, Tried
from .measure import Measure, Objective
from .optimise import optimise
from .result import Allocation
from .rules import Rules

__all__ = ["Baseline", "Comparison", "compare"]


@dataclass(frozen=True)
class Baseline:
    """What one method found.

    Attributes:
        method: Its name, a key of `METHODS`.
        rule: What it did, in words.
        feasible: Whether it found an assignment that meets every constraint.
        reason: Why not.
        objective: Of the assignment.
        excess: How much worse the objective is than that of the exact answer, as a part of the
            latter's magnitude; None where that is zero.
        seconds: Wall-clock time of the search and its check; setting up the table is not counted.
        assignment: The option of each layer, in the order of the table.
        totals: Sum of each numeric column, exactly added, then rounded.
    """

    method: str
    rule: str
    feasible: bool
    reason: str
    objective: float | None
    excess: float | None
    seconds: float
    assignment: Mapping[str, str] | None
    totals: Mapping[str, float] | None

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, under the names of the attributes."""
        found = vars(self).copy()
        for name in ("assignment", "totals"):
            found[name] = None if found[name] is None else dict(found[name])
        return found


@dataclass(frozen=True)
class Comparison:
    """The exact answer and the baselines, on one problem.

    Attributes:
        exact: The exact answer, with its certificate; `seconds` as those of the baselines.
        baselines: In the order of `METHODS`.
    """

    exact: Allocation
    baselines: tuple[Baseline, ...]

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values."""
        return {
            "exact": self.exact.to_json(),
            "baselines": [one.to_json() for one in self.baselines],
        }


def compare(
    table: pd.DataFrame,
    budgets: Budgets = (),
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    rules: Rules | None = None,
    seed: int = 0,
    time_limit: float | None = None,
    relative_gap: float = 0.0,
    solver: str = "auto",
) -> Comparison:
    """Solve exactly, and by every method of `heuristics.METHODS`.

    Every assignment is checked against every constraint in exact arithmetic. A baseline that beats
    the bound of the exact answer would refute its certificate, and is reported as that.

    Args:
        table: As for `solve`.
        budgets: As for `solve`.
        minimize: As for `solve`, but no extreme.
        maximize: Likewise.
        rules: As for `solve`.
        seed: Of the methods that draw.
        time_limit: Of the exact answer.
        relative_gap: Likewise.
        solver: Likewise.

    Raises:
        CertificateError: A baseline beats the bound.
        HwdseError: As `solve`; also an extreme as objective.
    """
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise HwdseError(f"seed {seed!r}: give a whole number of at least 0")
    task = task_of(table, rules, loss=minimize is None and maximize is None)
    objective = objectives_of(task, minimize=minimize, maximize=maximize, then=())[0]
    if objective.is_extreme:
        raise HwdseError(f"objective {objective.text!r}: baselines are of sums, not of extremes")
    limits = tuple(limits_of(task, as_budgets(budgets)))
    check_each(task, limits)
    exact = build_exact(task, limits, objective)
    start = time.monotonic()
    effort = effort_of(solver, time_limit, relative_gap, start)
    outcome = optimise(exact, effort)
    if outcome.picks is None:
        raise no_answer(task, limits, outcome, effort)
    solved = Solved(objective, exact, outcome)
    best = to_allocation(task, limits, [solved], effort, start)
    setting = Setting(task, limits, _safe(exact), seed)
    found = []
    for name, method in METHODS.items():
        start = time.monotonic()
        tried = method(setting)
        found.append(_baseline(name, tried, setting, objective, best, start))
    return Comparison(best, tuple(found))


def _safe(exact: Exact) -> Exact:
    """Limits within which the true figures are within theirs, where figures had to be rounded."""
    if not any(exact.errors):
        return exact
    slack = [-(-(exact.groups * error) // 1) for error in exact.errors[1:]]
    return replace(exact, limits=tuple(b - s for b, s in zip(exact.limits, slack, strict=True)))


def _baseline(
    name: str, tried: Tried, setting: Setting, objective: Objective, best: Allocation, start: float
) -> Baseline:
    task, limits = setting.task, setting.limits
    if tried.picks is None:
        seconds = time.monotonic() - start
        return Baseline(
            name, tried.rule, False, tried.reason, None, None, seconds, None, None
        )
    rows = rows_of(task, setting.exact, tried.picks)
    check_rows(task, limits, rows)
    seconds = time.monotonic() - start
    value = _value(task, objective, rows)
    sign = -1 if objective.maximize else 1
    if sign * value < sign * Fraction(repr(best.bound)):
        raise CertificateError(
            f"the baseline {name!r} reaches {float(value):.9g}, beyond the bound {best.bound:.9g} "
            "of the exact answer: please report"
        )
    problem = task.problem
    known = _value(task, objective, _rows_of_assignment(task, best))
    return Baseline(
        method=name,
        rule=tried.rule,
        feasible=True,
        reason="",
        objective=float(value),
        excess=float(sign * (value - known) / abs(known)) if known else None,
        seconds=seconds,
        assignment=dict(zip(problem.layers, chosen_options(problem, rows), strict=True)),
        totals={c: float(exact_value(task, Measure("sum", c), rows)) for c in problem.columns},
    )

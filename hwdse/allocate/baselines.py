"""The proven optimum beside what simpler methods find: what exactness is worth."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import pandas as pd

from hwdse.errors import HwdseError

from .baseline import METHODS, Setting, Tried
from .budget import Budgets, as_budgets
from .build import build_exact, limits_of
from .check import CertificateError, check_rows, chosen_options, exact_value
from .conflict import check_each, no_answer
from .driver import effort_of, objectives_of, task_of
from .exact import Exact
from .finish import Solved, objective_value, rows_of, to_allocation
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
    """Solve exactly, and by every method of `baseline.METHODS`.

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
    known = _Known(
        objective,
        objective_value(task, objective, rows_of(task, exact, outcome.picks)),
        # Where figures had to be rounded, so was the bound.
        None if any(exact.errors) else solved.bound(outcome.bound),
    )
    setting = Setting(task, limits, _safe(exact), seed)
    found = []
    for name, method in METHODS.items():
        start = time.monotonic()
        tried = method(setting)
        found.append(_baseline(name, tried, setting, known, start))
    return Comparison(best, tuple(found))


@dataclass(frozen=True, eq=False)
class _Known:
    """What baselines are held against.

    Attributes:
        objective: What is optimised.
        value: Of the exact answer.
        bound: No answer is better.
    """

    objective: Objective
    value: Fraction
    bound: Fraction | None


def _safe(exact: Exact) -> Exact:
    """Limits within which the true figures are within theirs, where figures had to be rounded."""
    if not any(exact.errors):
        return exact
    slack = [-(-(exact.groups * error) // 1) for error in exact.errors[1:]]
    return replace(exact, limits=tuple(b - s for b, s in zip(exact.limits, slack, strict=True)))


def _baseline(
    name: str,
    tried: Tried,
    setting: Setting,
    known: _Known,
    start: float,
) -> Baseline:
    if tried.picks is None:
        seconds = time.monotonic() - start
        return Baseline(name, tried.rule, False, tried.reason, None, None, seconds, None, None)
    task = setting.task
    rows = rows_of(task, setting.exact, tried.picks)
    check_rows(task, setting.limits, rows)
    value = objective_value(task, known.objective, rows)
    seconds = time.monotonic() - start
    sign = -1 if known.objective.maximize else 1
    if known.bound is not None and sign * value < sign * known.bound:
        raise CertificateError(
            f"the baseline {name!r} reaches {float(value)!r}, beyond the bound of the exact "
            f"answer, {float(known.bound)!r}, which is refused: please report"
        )
    problem = task.problem
    excess = float(sign * (value - known.value) / abs(known.value)) if known.value else None
    return Baseline(
        method=name,
        rule=tried.rule,
        feasible=True,
        reason="",
        objective=float(value),
        excess=excess,
        seconds=seconds,
        assignment=dict(zip(problem.layers, chosen_options(problem, rows), strict=True)),
        totals={c: float(exact_value(task, Measure("sum", c), rows)) for c in problem.columns},
    )

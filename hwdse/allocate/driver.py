"""Solving an allocation: budgets and objectives in turn, certificate, and errors that explain."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import pandas as pd

from hwdse.errors import HwdseError

from .bottleneck import best_extreme
from .budget import Budgets, as_budgets
from .build import Limit, Task, build_exact, build_task, limits_of
from .conflict import NoResultError, check_each, no_answer
from .exact import Exact
from .finish import Solved, to_allocation
from .measure import Objective, parse_objective
from .optimise import Warm, check_solver, optimise, prepare
from .outcome import Effort
from .problem import build_problem
from .result import Allocation
from .rules import Rules
from .table import KEYS

__all__ = [
    "NoResultError",
    "Prepared",
    "effort_of",
    "objectives_of",
    "prepare_table",
    "solve",
    "task_of",
]

Objectives = Sequence[tuple[str, str]]
"""Objectives in turn: ("minimize", "loss") or ("maximize", "0.5*snr+gain")."""


def solve(
    table: pd.DataFrame,
    budgets: Budgets = (),
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    then: Objectives = (),
    rules: Rules | None = None,
    time_limit: float | None = None,
    relative_gap: float = 0.0,
    solver: str = "auto",
    confirm: bool = False,
) -> Allocation:
    """Choose one option per layer: the best sum of one column with others within budgets.

    The answer is checked against every constraint in exact arithmetic and against a bound that
    does not come from the solver; where an independent enumeration finds a better one, that is the
    answer. Among answers of equal objective the one with less of the first budgeted column (more,
    for `>=`) is taken, then of the next, then the options first by name; so the answer depends
    neither on the order of the rows nor on the solver, as far as the second method has confirmed
    it (`agreement`).

    Args:
        table: `layer, option, loss, [tie], [group]` and any numeric columns; see `read_table`.
        budgets: Such as `"size<=7.9"`, `["size<=7.9", "snr>=20"]`, `"3<=bits<=4"`,
            `"avg(bits,params)<=4.5"`, `"max(latency)<=2"`, `"size[content]<=3"` (a set of layers,
            from the column `group` or from the rules), `Budget` objects, or a mapping of column to
            greatest value. Any number of them. They are met exactly, so a total that was rounded
            down to a float, given back as a budget, may be just out of reach: see `exact_totals`.
        minimize: What to minimise; `loss` unless `maximize` is given. A column, a weighted sum
            (`loss+0.25*energy_uj`), `avg(bits,params)`, or the worst layer (`max(latency)`).
        maximize: What to maximise instead.
        then: Further objectives, each among the best answers of those before.
        rules: Ties, sets, options allowed or not, couplings, conversions.
        time_limit: Seconds after which to return the best answer found; None for no limit.
        relative_gap: An answer is called optimal when it is proven to be within this part of the
            optimum.
        solver: `auto` (the specialised one, or HiGHS), `knapsack`, `highs` or `cbc`.
        confirm: Let a second method run to its end even where the answer is proven already; it
            runs anyway where it is quick.

    Raises:
        InfeasibleError: No assignment meets the budgets; the message names one and the least (or
            greatest) value it can reach, or budgets that conflict.
        NoResultError: The time limit passed without an answer.
        CertificateError: The answer found broke a constraint when it was checked.
        HwdseError: A bad table, budget, column, rule or option.
    """
    start = time.monotonic()
    effort = effort_of(solver, time_limit, relative_gap, start, confirm=confirm)
    task = task_of(table, rules, loss=minimize is None and maximize is None)
    objectives = objectives_of(task, minimize=minimize, maximize=maximize, then=then)
    limits = limits_of(task, as_budgets(budgets))
    return _solve(task, limits, objectives, effort, start)


def task_of(table: pd.DataFrame, rules: Rules | None, *, loss: bool = True) -> Task:
    """A table and its rules, checked; `loss` is asked for only where it is the objective."""
    rules = rules or Rules()
    need = KEYS if loss else KEYS[:2]
    return build_task(build_problem(table, ties=rules.ties, need=need), rules)


def effort_of(
    solver: str,
    time_limit: float | None,
    relative_gap: float,
    start: float,
    *,
    confirm: bool = False,
) -> Effort:
    """How to solve; HwdseError for an unknown solver, or a limit or gap that makes no sense."""
    check_solver(solver)
    deadline = None
    if time_limit is not None:
        if not (isinstance(time_limit, int | float) and time_limit > 0):
            raise HwdseError(f"time limit {time_limit!r}: give a positive number of seconds")
        deadline = None if math.isinf(time_limit) else start + time_limit
    if not (isinstance(relative_gap, int | float) and 0 <= relative_gap < 1):
        raise HwdseError(f"relative gap {relative_gap!r}: give a number from 0 up to 1")
    return Effort(solver, deadline, Fraction(repr(float(relative_gap))), confirm)


def objectives_of(
    task: Task, *, minimize: str | None, maximize: str | None, then: Objectives
) -> list[Objective]:
    """The objectives in turn.

    Raises:
        HwdseError: Both are given, or a column is not in the table.
    """
    if minimize is not None and maximize is not None:
        raise HwdseError("give one column to minimise or to maximise, not both")
    first = ("maximize", maximize) if maximize is not None else ("minimize", minimize or "loss")
    found = []
    for sense, text in (first, *then):
        if sense not in ("minimize", "maximize"):
            raise HwdseError(f"objective sense {sense!r} is neither 'minimize' nor 'maximize'")
        try:
            found.append(
                parse_objective(
                    text,
                    maximize=sense == "maximize",
                    columns=task.problem.columns,
                    sets=task.figures.sets,
                )
            )
        except HwdseError as error:
            raise HwdseError(f"objective {text!r}: {error}") from None
    return found


def _solve(
    task: Task,
    limits: Sequence[Limit],
    objectives: Sequence[Objective],
    effort: Effort,
    start: float,
) -> Allocation:
    check_each(task, limits)
    solved: list[Solved] = []
    caps: list[tuple[Objective, Fraction]] = []
    bounded = list(limits)
    for objective in objectives:
        if objective.is_extreme:
            one, limit = best_extreme(task, bounded, objective, caps, effort)
            bounded.append(limit)
        else:
            exact = build_exact(task, bounded, objective, caps=caps)
            outcome = optimise(exact, effort)
            if outcome.picks is None:
                raise no_answer(task, limits, outcome, effort)
            one = Solved(objective, exact, outcome)
            caps.append((objective, one.value))
        solved.append(one)
    if objectives[-1].is_extreme:
        # Of all answers as good, the one that uses least of the budgets.
        exact = build_exact(task, bounded, None, caps=caps)
        outcome = optimise(exact, effort)
        if outcome.picks is not None:
            solved[-1] = replace(solved[-1], exact=exact, picks_of=outcome)
    return to_allocation(task, limits, solved, effort, start)


@dataclass(frozen=True, eq=False)
class Prepared:
    """A table ready to be solved again and again with other values of the same budgets.

    Attributes:
        task: Table and rules.
        objective: One sum.
        limits: The budgets it was prepared with.
        exact: In whole numbers.
        warm: What solving again can use, if anything.
    """

    task: Task
    objective: Objective
    limits: tuple[Limit, ...]
    exact: Exact
    warm: Warm | None

    def solve(
        self,
        budgets: Budgets,
        *,
        time_limit: float | None = None,
        relative_gap: float = 0.0,
        solver: str = "auto",
    ) -> Allocation:
        """As the function `solve`, for budgets on the same measures in the same order.

        Raises:
            HwdseError: The budgets are on other measures; and as `solve`.
        """
        start = time.monotonic()
        effort = effort_of(solver, time_limit, relative_gap, start)
        limits = limits_of(self.task, as_budgets(budgets))
        forms = [(one.measure, one.budget.sense) for one in limits]
        if forms != [(one.measure, one.budget.sense) for one in self.limits]:
            known = ", ".join(str(one.budget) for one in self.limits)
            raise HwdseError(f"prepared for {known}: give the same budgets with other values")
        if any(one.measure.kind != "sum" for one in limits):
            return _solve(self.task, limits, [self.objective], effort, start)
        bounds = [
            math.floor((1 if one.budget.sense == "<=" else -1) * one.budget.limit / unit)
            for one, unit in zip(limits, self.exact.units, strict=True)
        ]
        exact = self.exact.with_limits(bounds)
        outcome = optimise(exact, effort, self.warm)
        if outcome.picks is None:
            check_each(self.task, limits)
            raise no_answer(self.task, limits, outcome, effort)
        one = Solved(self.objective, exact, outcome)
        return to_allocation(self.task, limits, [one], effort, start)


def prepare_table(
    table: pd.DataFrame,
    budgets: Budgets,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    rules: Rules | None = None,
) -> Prepared:
    """Check a table and set everything up for `Prepared.solve`.

    Args:
        table: As for `solve`.
        budgets: What will be bounded; the values may change later.
        minimize: As for `solve`.
        maximize: As for `solve`.
        rules: As for `solve`.

    Raises:
        HwdseError: As `solve`.
    """
    task = task_of(table, rules, loss=minimize is None and maximize is None)
    objective = objectives_of(task, minimize=minimize, maximize=maximize, then=())[0]
    if objective.is_extreme:
        raise HwdseError(f"objective {objective.text!r}: prepare a sum; solve() takes extremes")
    limits = tuple(limits_of(task, as_budgets(budgets)))
    exact = build_exact(task, limits, objective)
    return Prepared(task, objective, limits, exact, prepare(exact))

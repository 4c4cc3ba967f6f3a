"""The frontier of the objective against one column, budget by budget."""

from __future__ import annotations

import math
import time
from dataclasses import replace
from fractions import Fraction

import pandas as pd

from hwdse.errors import HwdseError

from . import ilp
from .budget import Budget, Budgets, as_budgets, check_columns
from .driver import (
    NoResultError,
    check_feasible,
    deadline_of,
    no_answer,
    optimise,
    pick_objective,
)
from .model import Model, build_model
from .problem import build_problem
from .result import Allocation, Outcome, to_allocation

__all__ = ["frontier"]


def frontier(
    table: pd.DataFrame,
    column: str,
    *,
    budgets: Budgets = (),
    points: int = 33,
    minimize: str | None = None,
    maximize: str | None = None,
    time_limit: float | None = None,
    solver: str = "auto",
) -> list[Allocation]:
    """The best objective at each of several budgets on one column, without what is dominated.

    The budgets (the constraints of the epsilon-constraint method) run evenly from the least value
    of the column that is reachable to the least one at which the objective is at its best. Each
    answer is exact for its budget; the list ascends in the column and strictly improves in the
    objective. Answers between two budgets may exist that are not listed; more points show them.

    Args:
        table: As for `solve`.
        column: The column to trade against the objective; less of it is better.
        budgets: Budgets that hold throughout.
        points: Number of budgets, at least 2, both ends included.
        minimize: As for `solve`.
        maximize: As for `solve`.
        time_limit: Seconds for all of them together, or None. Answers without proof are of status
            `feasible`.
        solver: As for `solve`; used where the enumeration alone gives no proof.

    Raises:
        HwdseError: As for `solve`; also fewer than two points, or the objective as the column.
    """
    start = time.monotonic()
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise HwdseError(f"frontier of {points!r} points: give a whole number of at least 2")
    asked = as_budgets(budgets)
    deadline = deadline_of(time_limit, start)
    engine = ilp.pick_solver(solver)
    problem = build_problem(table)
    objective, maximal = pick_objective(problem, minimize=minimize, maximize=maximize)
    # A limit that any answer meets; it is replaced at each point.
    sweep = (Budget(column, "<=", Fraction(0)), *asked)
    check_columns(sweep[:1], problem.columns)
    check_columns(asked, problem.columns)
    if column == objective:
        raise HwdseError(f"the frontier needs a column other than the objective {objective!r}")

    base = build_model(problem, sweep, objective=objective, maximize=maximal)
    greatest = sum(max(row) for row in base.usage[0])
    base = _with_limit(base, greatest)
    check_feasible(base, sweep)
    least_model = build_model(problem, asked, objective=column, maximize=False)

    def best(model: Model) -> Outcome:
        return optimise(model, solver=engine, deadline=deadline, certificate_first=True)

    least = best(least_model)
    if least.choice is None:
        raise no_answer(problem, asked, least, solver=engine, deadline=deadline)
    top = best(base)
    if top.choice is None:
        raise NoResultError("the time limit passed before the ends of the frontier were found")
    # Dominated options are gone from `base`, but the least value itself survives in some answer.
    low = least_model.total(least_model.cost, least.choice) * least_model.cost_unit
    low_limit = math.floor(low / base.units[0])

    found: list[Allocation] = [to_allocation(problem, base, top, maximize=maximal, start=start)]
    used = base.total(base.usage[0], top.choice)
    high = used
    for step in range(points - 2, -1, -1):
        limit = low_limit + (high - low_limit) * step // (points - 1)
        if used <= limit and found[-1].status == "optimal":
            continue  # the last answer is within this budget too, hence its best
        model = _with_limit(base, limit)
        outcome = best(model)
        if outcome.choice is None:
            continue
        used = model.total(model.usage[0], outcome.choice)
        found.append(to_allocation(problem, model, outcome, maximize=maximal, start=start))
    return _nondominated(found, column, sign=-1.0 if maximal else 1.0)


def _with_limit(model: Model, limit: int) -> Model:
    return replace(model, limits=(limit, *model.limits[1:]))


def _nondominated(found: list[Allocation], column: str, *, sign: float) -> list[Allocation]:
    kept: list[Allocation] = []
    for one in sorted(found, key=lambda a: (a.totals[column], sign * a.objective)):
        if not kept or sign * one.objective < sign * kept[-1].objective:
            kept.append(one)
    return kept

"""The frontier of the objective against one column: budget by budget, on the hull, or all of it."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Iterator
from fractions import Fraction
from typing import Literal

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError

from . import knapsack
from .budget import Budget, Budgets, as_budgets
from .build import Limit, Task, build_exact, limits_of
from .conflict import NoResultError, check_each, no_answer
from .corners import corners
from .driver import effort_of, objectives_of, task_of
from .exact import Exact, Picks
from .finish import Solved, to_allocation
from .knapsacks import TITLE
from .measure import Measure, Objective, Term
from .optimise import optimise, prepare
from .outcome import Effort, Outcome
from .result import Allocation
from .rules import Rules
from .wide_frontier import wide_frontier

__all__ = ["frontier"]

Which = Literal["grid", "supported", "exact"]
_WHICH = ("grid", "supported", "exact")


def frontier(
    table: pd.DataFrame,
    column: str,
    *,
    budgets: Budgets = (),
    points: int = 33,
    which: Which = "grid",
    minimize: str | None = None,
    maximize: str | None = None,
    rules: Rules | None = None,
    time_limit: float | None = None,
    solver: str = "auto",
) -> list[Allocation]:
    """The best objective against one column, without what is dominated.

    With `grid`, budgets (the constraints of the epsilon-constraint method) run evenly from the
    least value of the column that is reachable to the least one at which the objective is at its
    best; each answer is exact for its budget, and others may lie between two. `supported` gives
    every point on the lower convex hull of the frontier, `exact` every point there is, whether on
    the hull or not. The list ascends in the column and strictly improves in the objective.

    Args:
        table: As for `solve`.
        column: The column to trade against the objective; less of it is better.
        budgets: Budgets that hold throughout; not for `exact`.
        points: Number of budgets, at least 2, both ends included; for `grid` only.
        which: `grid`, `supported` or `exact`.
        minimize: As for `solve`.
        maximize: As for `solve`.
        rules: As for `solve`; no couplings for `exact`.
        time_limit: Seconds for all of them together, or None. Answers without proof are of status
            `feasible`.
        solver: As for `solve`; for `grid` only.

    Raises:
        NoResultError: The time limit passed, or the exact frontier has too many points for memory.
        HwdseError: As for `solve`; also fewer than two points, or the objective as the column.
    """
    start = time.monotonic()
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise HwdseError(f"frontier of {points!r} points: give a whole number of at least 2")
    if which not in _WHICH:
        raise HwdseError(f"frontier {which!r} is none of {', '.join(_WHICH)}")
    asked = as_budgets(budgets)
    effort = effort_of(solver, time_limit, 0.0, start)
    task = task_of(table, rules, loss=minimize is None and maximize is None)
    objective = objectives_of(task, minimize=minimize, maximize=maximize, then=())[0]
    if objective.is_extreme:
        raise HwdseError(f"objective {objective.text!r}: a frontier takes sums, not extremes")
    # A limit that any answer meets; it is replaced at each point.
    sweep, *held = limits_of(task, [Budget(column, "<=", Fraction(0)), *asked])
    if sweep.measure != Measure("sum", sweep.measure.column):
        raise HwdseError(f"frontier over {column!r}: give a column, whose sum is traded")
    if objective.terms == (Term(Fraction(1), sweep.measure),):
        raise HwdseError(f"the frontier needs a column other than the objective {objective.text!r}")
    check_each(task, held)
    exact = build_exact(task, [sweep, *held], objective)
    if which == "grid":
        found = _grid(task, exact, objective, held, sweep.measure, points, effort)
    elif which == "supported" and (held or exact.pairs or _is_wide(exact)):
        found = _corners(task, exact, objective, held, effort)
    else:
        if held or exact.pairs:
            raise HwdseError(
                "the exact frontier takes no further budgets and no couplings; leave them out, "
                "ask for the supported points, or sweep budgets over a grid"
            )
        found = _whole(task, exact, objective, which, effort)
    kept = [
        to_allocation(task, held, [one], effort, start)
        for one in found
        if one.outcome.picks is not None
    ]
    return _nondominated(kept, sweep.measure.column, sign=-1.0 if objective.maximize else 1.0)


def _whole(
    task: Task, exact: Exact, objective: Objective, which: Which, effort: Effort
) -> Iterator[Solved]:
    """All points, from one pass over the groups."""
    if any(exact.errors):
        raise HwdseError(
            f"the {which} frontier takes no million options of so many digits; round the columns, "
            "or sweep budgets over a grid"
        )
    found = _every_answer(exact, which, effort)
    if found is None:
        raise NoResultError(
            "the exact frontier has too many points for the time or memory there is; "
            "sweep budgets over a grid instead"
        )
    for picks in found:
        outcome = Outcome(picks, exact.total(exact.cost, picks), True, None, TITLE, "", None)
        yield Solved(objective, exact, outcome)


def _is_wide(exact: Exact) -> bool:
    """Whether sums do not fit 64 bits."""
    return bool(exact.cost.dtype == object or exact.usage[0].dtype == object)


def _every_answer(exact: Exact, which: Which, effort: Effort) -> Iterable[Picks] | None:
    cost, usage = exact.cost, exact.usage[0]
    if _is_wide(exact):
        return wide_frontier(exact.first, cost, usage, deadline=effort.deadline)
    if which == "supported":
        points: knapsack.Frontier | None = knapsack.supported(exact.first, cost, usage)
    else:
        points = knapsack.frontier(exact.first, cost, usage, deadline=effort.deadline)
    if points is None:
        return None
    return (exact.first[:-1] + points.choice(at) for at in range(len(points.cost)))


def _corners(
    task: Task, exact: Exact, objective: Objective, held: list[Limit], effort: Effort
) -> Iterator[Solved]:
    """The supported points under further budgets or couplings, one solve after another."""
    found = corners(exact, effort)
    if found is None:
        raise no_answer(task, held, Outcome(None, None, True, None, TITLE, "", None), effort)
    for picks in found:
        value = exact.total(exact.cost, picks)
        yield Solved(objective, exact, Outcome(picks, value, True, None, TITLE, "", None))


def _grid(
    task: Task,
    base: Exact,
    objective: Objective,
    held: list[Limit],
    measure: Measure,
    points: int,
    effort: Effort,
) -> Iterator[Solved]:
    """The best answer at each of several limits of the first budget."""
    greatest = int(np.abs(base.usage[0]).astype(object).sum())
    base = base.with_limits([greatest, *base.limits[1:]])
    column = Objective(str(measure), False, (Term(Fraction(1), measure),))
    lowest = build_exact(task, held, column)
    least = optimise(lowest, effort)
    if least.picks is None:
        raise no_answer(task, held, least, effort)
    warm = prepare(base)
    top = optimise(base, effort, warm)
    if top.picks is None:
        raise NoResultError("the time limit passed before the ends of the frontier were found")
    low = lowest.total(lowest.cost, least.picks) * lowest.cost_unit
    low_limit = math.floor(low / base.units[0])
    one = Solved(objective, base, top)
    yield one
    used = high = base.total(base.usage[0], top.picks)
    for step in range(points - 2, -1, -1):
        limit = low_limit + (high - low_limit) * step // (points - 1)
        if used <= limit and one.outcome.proven:
            continue  # the last answer is within this budget too, hence its best
        exact = base.with_limits([limit, *base.limits[1:]])
        outcome = optimise(exact, effort, warm)
        if outcome.picks is None:
            continue
        used = exact.total(exact.usage[0], outcome.picks)
        one = Solved(objective, exact, outcome)
        yield one


def _nondominated(found: list[Allocation], column: str, *, sign: float) -> list[Allocation]:
    kept: list[Allocation] = []
    for one in sorted(found, key=lambda a: (a.totals[column], sign * a.objective)):
        if not kept or sign * one.objective < sign * kept[-1].objective:
            kept.append(one)
    return kept

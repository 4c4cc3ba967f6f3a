"""Portfolios: which units to build, and which of them each layer runs on."""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError, nearest_hint

from .budget import Budget, Budgets, as_budgets
from .conflict import NoResultError
from .driver import effort_of
from .exact import Picks
from .ilp import pick_solver, solver_title
from .numbers import bound_to_float
from .outcome import Effort
from .portfolio_conflict import no_portfolio
from .portfolio_ilp import solve_program
from .portfolio_model import Goal, Model, build_model
from .portfolio_result import Portfolio, check_portfolio, exact_totals
from .portfolio_search import TITLE, Prices, Searched, rank, search
from .portfolio_tables import Tables, build_tables

__all__ = ["SECOND", "portfolio", "portfolio_frontier"]

SECOND = ("highs", "cbc", "none")
"""Integer-program solvers that may give the second opinion."""

_SHARE = 0.7  # of a time limit; the rest is for the second method


@dataclass(frozen=True, eq=False)
class _Job:
    tables: Tables
    budgets: tuple[Budget, ...]
    goal: Goal
    effort: Effort
    second: str


def portfolio(
    options: pd.DataFrame,
    units: pd.DataFrame,
    budgets: Budgets = (),
    *,
    most: int,
    minimize: str | None = None,
    maximize: str | None = None,
    time_limit: float | None = None,
    second: str = "highs",
) -> Portfolio:
    """Choose at most `most` units to build and an option on one of them for each layer.

    A column's total is its sum over the chosen options and over the units that are built, whichever
    table has it: `area_mm2` of the unit table is a fixed charge, `energy_uj` of the option table
    what running costs. The answer comes from a search over sets of units whose bounds are computed
    in whole numbers; the same problem as a fixed-charge integer program, in scaled columns, is the
    second method, and where it finds better that is the answer. Of equal answers the one of fewest
    units is taken, then of less of the first budgeted column (more, for `>=`), then of the next,
    then by name. Everything is checked in exact arithmetic.

    Args:
        options: `layer, option, unit, loss, [tie]` and any numeric columns. Several options may run
            on one unit, as the modes of a composite unit do.
        units: `unit, [type]` and any numeric columns; of a type, one unit at most is built.
        budgets: Such as `["area_mm2<=0.5", "time_ms<=3"]`; see `solve`. Columns only.
        most: Greatest number of units.
        minimize: The column to minimise; `loss` unless `maximize` is given.
        maximize: The column to maximise instead.
        time_limit: Seconds after which to return the best answer found; None for no limit.
        second: Solver of the second method, `highs` or `cbc`; `none` leaves it out.

    Raises:
        InfeasibleError: No portfolio meets the budgets; the message names one and the least (or
            greatest) value it can reach, or budgets that conflict.
        NoResultError: The time limit passed without an answer.
        HwdseError: A bad table, budget, column or option.
    """
    start = time.monotonic()
    job = _job(options, units, budgets, minimize, maximize, time_limit, second, start)
    model = build_model(job.tables, job.budgets, job.goal, _count(most))
    found = _solve(job, model, start, (), [])
    if isinstance(found, HwdseError):
        raise found
    return found[0]


def portfolio_frontier(
    options: pd.DataFrame,
    units: pd.DataFrame,
    column: str,
    *,
    most: Iterable[int] = (1, 2, 3),
    budgets: Budgets = (),
    points: int = 33,
    minimize: str | None = None,
    maximize: str | None = None,
    time_limit: float | None = None,
    second: str = "none",
) -> list[Portfolio]:
    """The best objective against one column, for each greatest number of units.

    Limits on the column run evenly from the least reachable total of any of the numbers to the
    greatest one that an optimum uses; the same ones for all, so that the frontiers compare, and for
    each its own least total. Each point is exact for its limit; others may lie between two.

    Args:
        options: As for `portfolio`.
        units: As for `portfolio`.
        column: The column to trade against the objective; less of it is better.
        most: Greatest numbers of units. Those that cannot meet the budgets at all are left out.
        budgets: Budgets that hold throughout.
        points: Number of limits, at least 2.
        minimize: As for `portfolio`.
        maximize: As for `portfolio`.
        time_limit: Seconds for all of them together, or None.
        second: As for `portfolio`.

    Returns:
        By number of units, then ascending in the column and strictly improving in the objective.

    Raises:
        HwdseError: As `portfolio`; infeasible only where every number is. Also fewer than two
            points, or the objective as the column.
    """
    start = time.monotonic()
    if isinstance(points, bool) or not isinstance(points, int) or points < 2:
        raise HwdseError(f"frontier of {points!r} points: give a whole number of at least 2")
    job = _job(options, units, budgets, minimize, maximize, time_limit, second, start)
    if column == job.goal.column:
        raise HwdseError(f"the frontier needs a column other than the objective {column!r}")
    counts = sorted({_count(k) for k in most})
    if not counts:
        raise HwdseError("a frontier needs a greatest number of units")
    ends: dict[int, tuple[int, int]] = {}
    failed: HwdseError | None = None
    for count in counts:
        end = _ends(job, column, count)
        if isinstance(end, HwdseError):
            failed = end
        else:
            ends[count] = end
    if not ends:
        raise failed or AssertionError("neither ends nor a reason")
    sweep = Budget(column, "<=", Fraction(0))
    base = build_model(job.tables, (sweep, *job.budgets), job.goal, counts[-1])
    low = min(end[0] for end in ends.values())
    high = max(end[1] for end in ends.values())
    grid = {low + (high - low) * step // (points - 1) for step in range(points)}
    kept: list[Portfolio] = []
    known: list[Picks] = []
    prices: Prices = []
    for count, (least, _) in ends.items():
        found: list[Portfolio] = []
        last: tuple[Portfolio, Picks] | None = None
        for limit in sorted({level for level in grid if level > least} | {least}, reverse=True):
            model = base.with_most(count).with_budget(0, limit)
            if last is not None and last[0].status == "optimal" and model.is_feasible(last[1]):
                continue  # the last answer is within this limit too, hence its best
            one = _solve(job, model, start, known, prices)
            if isinstance(one, HwdseError):
                failed = one
                continue
            last = one
            known.append(one[1])
            found.append(one[0])
        kept += _nondominated(found, column, sign=-1.0 if job.goal.maximize else 1.0)
    if not kept:
        raise failed or AssertionError("neither points nor a reason")
    return kept


def _job(
    options: pd.DataFrame,
    units: pd.DataFrame,
    budgets: Budgets,
    minimize: str | None,
    maximize: str | None,
    time_limit: float | None,
    second: str,
    start: float,
) -> _Job:
    if minimize is not None and maximize is not None:
        raise HwdseError("give one column to minimise or to maximise, not both")
    if second not in SECOND:
        raise HwdseError(f"no second method {second!r}{nearest_hint(second, SECOND)}")
    if second != "none":
        pick_solver(second)
    effort = effort_of("auto", time_limit, 0.0, start)
    goal = Goal(maximize or minimize or "loss", maximize is not None)
    asked = as_budgets(budgets)
    tables = build_tables(options, units, need=("layer", "option"))
    return _Job(tables, asked, goal, effort, second)


def _count(most: int) -> int:
    if isinstance(most, bool) or not isinstance(most, int) or most < 1:
        raise HwdseError(f"at most {most!r} units: give a whole number of at least 1")
    return most


def _search_effort(job: _Job) -> Effort:
    if job.effort.deadline is None or job.second == "none":
        return job.effort
    now = time.monotonic()
    return replace(job.effort, deadline=now + _SHARE * max(0.0, job.effort.deadline - now))


def _ends(job: _Job, column: str, count: int) -> tuple[int, int] | HwdseError:
    """The least total of a column, and the one of an optimum, for one number of units."""
    lowest = search(build_model(job.tables, job.budgets, Goal(column), count), job.effort)
    if lowest.picks is None:
        return _failure(job, lowest, job.budgets, count)
    # A limit beyond all totals: the budget is there to be reported, and for its tie-break.
    sweep = Budget(column, "<=", Fraction(0))
    model = build_model(job.tables, (sweep, *job.budgets), job.goal, count)
    values = model.exact.usage[0]
    model = model.with_budget(0, int(np.abs(values).astype(object).sum()))
    best = search(model, job.effort, [lowest.picks])
    if best.picks is None:
        return _failure(job, best, job.budgets, count)
    return (
        model.exact.total(values, lowest.picks),
        model.exact.total(values, best.picks),
    )


def _failure(job: _Job, found: Searched, budgets: Sequence[Budget], count: int) -> HwdseError:
    if found.proven:
        return no_portfolio(job.tables, budgets, count, job.effort)
    return NoResultError(
        "the time limit passed before any portfolio within the budgets was found; "
        "loosen a budget or give more time"
    )


def _solve(
    job: _Job, model: Model, start: float, known: Sequence[Picks], prices: Prices
) -> tuple[Portfolio, Picks] | HwdseError:
    """One portfolio with its picks, or why there is none."""
    found = search(model, _search_effort(job), known, prices)
    picks, title, agreed, second = found.picks, TITLE, None, ""
    if job.second != "none":
        second = solver_title(job.second)
        answer = solve_program(model, solver=job.second, time_limit=job.effort.seconds())
        if answer.picks is not None:
            if picks is None or rank(model, answer.picks)[0] < rank(model, picks)[0]:
                picks, title = answer.picks, second
            elif answer.proven:
                agreed = rank(model, answer.picks)[0] == rank(model, picks)[0]
    if picks is None:
        return _failure(job, found, model.budgets, model.most)
    if title != TITLE and found.proven:
        agreed = False  # the search called something worse optimal; its bound is not believed
        found = replace(found, proven=False, bound=None)
    return _to_portfolio(job, model, picks, found, title, (second, agreed), start), picks


def _to_portfolio(
    job: _Job,
    model: Model,
    picks: Picks,
    found: Searched,
    title: str,
    second: tuple[str, bool | None],
    start: float,
) -> Portfolio:
    tables, problem = model.tables, model.tables.problem
    rows, built = _rows(model, picks), model.built(picks)
    budgets = [_as_limited(model, at) for at in range(len(model.budgets))]
    checks = check_portfolio(tables, rows, built, budgets, model.most)
    totals = exact_totals(tables, rows, built)
    unit = model.exact.cost_unit * (-1 if job.goal.maximize else 1)
    value = totals[str(job.goal.column)]
    if value != model.exact.total(model.exact.cost, picks) * unit:
        raise AssertionError("the objective differs between the tables and the whole numbers")
    bound = None if found.bound is None else found.bound * unit
    if bound is None:
        shown, gap, apart = -math.inf if unit > 0 else math.inf, math.inf, math.inf
    else:
        same = bound == value
        shown = float(value) if same else bound_to_float(bound, upper=job.goal.maximize)
        largest = max(abs(value), abs(bound))
        apart = float(abs(value - bound))
        gap = float(abs(value - bound) / largest) if largest else 0.0
    chosen = problem.table["option"].to_numpy()[rows]
    on = [tables.units[tables.row_unit[row]] for row in rows]
    return Portfolio(
        status="optimal" if found.proven else "feasible",
        objective=float(value),
        bound=shown,
        gap=gap,
        gap_absolute=apart,
        solver=title,
        second_method=second[0],
        agreement=second[1],
        seconds=time.monotonic() - start,
        sets=found.sets,
        units_at_most=model.most,
        units=tuple(tables.units[at] for at in built),
        assignment=dict(zip(problem.layers, map(str, chosen.tolist()), strict=True)),
        runs_on=dict(zip(problem.layers, on, strict=True)),
        totals={column: float(total) for column, total in totals.items()},
        checks=checks,
        chosen=problem.table.iloc[rows].copy(),
        exact_totals=totals,
    )


def _rows(model: Model, picks: Picks) -> list[int]:
    """The chosen row of the option table for each layer."""
    problem = model.tables.problem
    found = np.empty(len(problem.layers), dtype=np.int64)
    for entry in picks[: model.layer_groups].tolist():
        rows = problem.rows[problem.entry_start[entry] : problem.entry_start[entry + 1]]
        found[problem.row_layer[rows]] = rows
    return [int(row) for row in found]


def _as_limited(model: Model, at: int) -> Budget:
    """A budget as written or, along a frontier, with the limit it has here."""
    budget, exact = model.budgets[at], model.exact
    sign = 1 if budget.sense == "<=" else -1
    if math.floor(sign * budget.limit / exact.units[at]) == exact.limits[at]:
        return budget
    return replace(budget, value=sign * exact.limits[at] * exact.units[at])


def _nondominated(found: list[Portfolio], column: str, *, sign: float) -> list[Portfolio]:
    kept: list[Portfolio] = []
    for one in sorted(found, key=lambda p: (p.exact_totals[column], sign * p.objective)):
        if not kept or sign * one.objective < sign * kept[-1].objective:
            kept.append(one)
    return kept

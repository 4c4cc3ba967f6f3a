"""The objective against two columns: the proven optimum at every pair of limits of a grid."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace
from fractions import Fraction
from operator import le
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .budget import Budget, Budgets, as_budgets
from .build import Limit, Task, build_exact, limits_of
from .conflict import NoResultError, check_each, no_answer
from .driver import effort_of, objectives_of, task_of
from .exact import Exact
from .finish import Solved, to_allocation
from .measure import Measure, Objective, Term
from .numbers import bound_to_float
from .optimise import optimise, prepare
from .outcome import Effort, Outcome
from .result import Allocation
from .rules import Rules

__all__ = ["Cell", "Surface", "frontier_surface"]

_MOST_POINTS = 101


@dataclass(frozen=True)
class Cell:
    """The best objective within one limit of each column.

    Attributes:
        limits: Of the two columns, exactly; the other budgets hold as well.
        status: `optimal` (within the relative gap asked for), `feasible` (stopped before proof),
            `infeasible` (proven that there is no answer) or `unknown` (stopped before one was
            found).
        objective: Of the best answer, where there is one.
        bound: No answer is better; None where there is no answer.
    """

    limits: tuple[Fraction, Fraction]
    status: Literal["optimal", "feasible", "infeasible", "unknown"]
    objective: float | None
    bound: float | None


@dataclass(frozen=True)
class Surface:
    """Objective against two columns.

    Attributes:
        objective: As it was asked for, such as `minimize loss`.
        columns: The two.
        cells: Of each pair of limits, by rising first, then second limit.
        points: The answers of all cells, each once, less those that another one beats or equals in
            the objective and both columns; by rising first, then second column.
    """

    objective: str
    columns: tuple[str, str]
    cells: tuple[Cell, ...]
    points: tuple[Allocation, ...]

    @property
    def exit_code(self) -> int:
        """The exit code for a command line: 0, or 4 when any cell was stopped before proof."""
        return 0 if all(one.status in ("optimal", "infeasible") for one in self.cells) else 4

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values; limits are rounded upwards, so that they can be met."""
        return {
            "objective": self.objective,
            "columns": list(self.columns),
            "cells": [
                vars(one) | {"limits": [bound_to_float(limit, upper=True) for limit in one.limits]}
                for one in self.cells
            ],
            "points": [one.to_json() for one in self.points],
        }


def frontier_surface(
    table: pd.DataFrame,
    columns: tuple[str, str],
    *,
    budgets: Budgets = (),
    points: int = 13,
    minimize: str | None = None,
    maximize: str | None = None,
    rules: Rules | None = None,
    time_limit: float | None = None,
    relative_gap: float = 0.0,
    solver: str = "auto",
) -> Surface:
    """The best objective under budgets on two columns, over a grid of both (epsilon-constraint).

    Limits of each column run evenly from its least reachable sum to the most of it that is used by
    the best answer without limits on the two, or by the best with the least of one of them. Every
    cell is solved to proof, so the grid is exact where it is; other optima may lie between its
    limits. An answer that a looser cell proved optimal is taken over where it meets the tighter
    limits: it is optimal there as well.

    Args:
        table: As for `solve`.
        columns: The two to trade against the objective; less of them is better.
        budgets: Budgets that hold throughout.
        points: Limits of each column, at least 2 and at most 101, both ends included.
        minimize: As for `solve`, but no extreme.
        maximize: Likewise.
        rules: As for `solve`.
        time_limit: Seconds for all cells together, or None.
        relative_gap: As for `solve`, of each cell.
        solver: As for `solve`.

    Raises:
        InfeasibleError: The budgets cannot be met at all.
        NoResultError: The time limit passed before the ends of the grid were found.
        HwdseError: As for `solve`; the two columns are one, or one of them is the objective.
    """
    start = time.monotonic()
    if isinstance(points, bool) or not isinstance(points, int) or not 2 <= points <= _MOST_POINTS:
        raise HwdseError(
            f"surface of {points!r} limits a column: give a whole number from 2 to {_MOST_POINTS}"
        )
    effort = effort_of(solver, time_limit, relative_gap, start)
    task = task_of(table, rules, loss=minimize is None and maximize is None)
    objective = objectives_of(task, minimize=minimize, maximize=maximize, then=())[0]
    if objective.is_extreme:
        raise HwdseError(f"objective {objective.text!r}: a surface takes sums, not extremes")
    # Limits that are replaced cell by cell.
    swept = [Budget(column, "<=", Fraction(0)) for column in columns]
    one, other, *held = limits_of(task, [*swept, *as_budgets(budgets)])
    for sweep in (one, other):
        if sweep.measure != Measure("sum", sweep.measure.column):
            raise HwdseError(f"surface over {str(sweep.measure)!r}: give a column to sum")
        if objective.terms == (Term(Fraction(1), sweep.measure),):
            raise HwdseError(f"surface over {str(sweep.measure)!r}, which is the objective")
    if one.measure == other.measure:
        raise HwdseError(f"surface over {columns[0]!r} twice; give two columns")
    check_each(task, held)
    base = build_exact(task, [one, other, *held], objective)
    exact = base.with_limits([*(_greatest(usage) for usage in base.usage[:2]), *base.limits[2:]])
    warm = prepare(exact)
    top = optimise(exact, effort, warm)
    if top.picks is None:
        raise no_answer(task, held, top, effort)
    lows = [
        _least(task, held, s, u, effort) for s, u in zip((one, other), exact.units, strict=False)
    ]
    # The greatest use of a column may be that of an answer with the least of the other.
    ends = [top, *(_edge(exact, at, lows[at], effort, warm) for at in (0, 1))]
    axes = []
    for usage, low in zip(exact.usage, lows, strict=False):
        high = max(exact.total(usage, end.picks) for end in ends if end.picks is not None)
        axes.append(sorted({low + (high - low) * n // (points - 1) for n in range(points)}))
    outcomes = _solve_all(exact, axes, top, effort, warm)
    distinct = list({id(o): o for o in outcomes.values() if o.picks is not None}.values())
    sense = "maximize" if objective.maximize else "minimize"
    return Surface(
        f"{sense} {objective.text}",
        (one.measure.column, other.measure.column),
        tuple(_cell(exact, objective, at, outcomes[at]) for at in sorted(outcomes)),
        tuple(
            to_allocation(task, held, [Solved(objective, exact, outcome)], effort, start)
            for outcome in _nondominated(exact, distinct)
        ),
    )


def _greatest(usage: NDArray[Any]) -> int:
    """More than any answer can use."""
    return int(np.abs(usage).astype(object).sum())


def _least(task: Task, held: list[Limit], sweep: Limit, unit: Fraction, effort: Effort) -> int:
    """The least reachable sum of a column, in its unit."""
    column = Objective(str(sweep.measure), False, (Term(Fraction(1), sweep.measure),))
    exact = build_exact(task, held, column)
    outcome = optimise(exact, replace(effort, relative_gap=Fraction(0)))
    if outcome.picks is None or not outcome.proven:
        raise NoResultError(f"the time limit passed before the least {sweep.measure} was found")
    return math.ceil(exact.total(exact.cost, outcome.picks) * exact.cost_unit / unit)


def _edge(exact: Exact, at: int, low: int, effort: Effort, warm: Any) -> Outcome:
    """The best answer with the least of one column and no limit on the other."""
    limits = list(exact.limits)
    limits[at] = low
    outcome = optimise(exact.with_limits(limits), effort, warm)
    if outcome.picks is None:
        raise NoResultError("the time limit passed before the ends of the grid were found")
    return outcome


def _solve_all(
    exact: Exact, axes: list[list[int]], top: Outcome, effort: Effort, warm: Any
) -> dict[tuple[int, int], Outcome]:
    """The outcome at each pair of limits, from the loosest to the tightest."""
    found: dict[tuple[int, int], Outcome] = {}
    first, second = axes
    for i, j in itertools.product(reversed(range(len(first))), reversed(range(len(second)))):
        looser = [
            found[first[a], second[b]]
            for a, b in ((i + 1, j), (i, j + 1))
            if a < len(first) and b < len(second)
        ] or [top]
        tighter = exact.with_limits([first[i], second[j], *exact.limits[2:]])
        known = next((o for o in looser if _settles(tighter, o)), None)
        found[first[i], second[j]] = known or optimise(tighter, effort, warm)
    return found


def _settles(exact: Exact, looser: Outcome) -> bool:
    """Whether what is proven for looser limits holds for these."""
    if not looser.proven:
        return False
    return looser.picks is None or exact.is_feasible(looser.picks)


def _cell(exact: Exact, objective: Objective, at: tuple[int, int], outcome: Outcome) -> Cell:
    limits = (at[0] * exact.units[0], at[1] * exact.units[1])
    if outcome.picks is None:
        return Cell(limits, "infeasible" if outcome.proven else "unknown", None, None)
    solved = Solved(objective, exact, outcome)
    bound = solved.bound(outcome.bound)
    return Cell(
        limits,
        "optimal" if outcome.proven else "feasible",
        float(solved.value),
        float(bound) if bound == solved.value else bound_to_float(bound, upper=objective.maximize),
    )


def _nondominated(exact: Exact, outcomes: list[Outcome]) -> list[Outcome]:
    """Answers that no other one beats or equals in cost and both usages; of equals the first."""
    keyed = []
    for outcome in outcomes:
        picks = outcome.picks
        if picks is not None:
            tables = (*exact.usage[:2], exact.cost)
            keyed.append((tuple(exact.total(table, picks) for table in tables), outcome))
    keyed.sort(key=lambda pair: pair[0])
    kept: list[tuple[tuple[int, ...], Outcome]] = []
    for key, outcome in keyed:
        # Whatever beats it comes before it.
        if not any(all(map(le, rival, key)) for rival, _ in kept):
            kept.append((key, outcome))
    return [outcome for _, outcome in kept]

"""The whole way from a problem to a proven answer."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from .branch import Search
from .columns import Columns, Floats, columns_of
from .dominance import dominated
from .dual import Cut
from .instance import Ints, Knapsack, Outcome, exact_sum
from .multipliers import solve_dual
from .search import Answer

__all__ = ["State", "prepare", "solve"]


@dataclass(frozen=True, eq=False)
class State:
    """What solving the same columns at other limits need not do again.

    Attributes:
        columns: Shifted and scaled.
        cuts: Cutting planes of the dual; they hold for any limits.
    """

    columns: Columns
    cuts: tuple[Cut, ...]


def prepare(problem: Knapsack) -> State:
    """Solve the dual at the problem's limits, for later use at others.

    Raises:
        ValueError: See `instance.check`.
    """
    columns = columns_of(problem)
    limit = _left(columns, problem.limit)
    if any(most < 0 for most in limit):
        return State(columns, ())
    _, cuts, _ = solve_dual(columns, limit, np.zeros(0, dtype=np.int64), [])
    return State(columns, tuple(cuts))


def solve(
    problem: Knapsack,
    *,
    deadline: float | None = None,
    relative_gap: Fraction | float = 0,
    warm: State | None = None,
) -> Outcome:
    """The cheapest answer within the limits, with its proof.

    Args:
        problem: Any number of budgets; made for one to three.
        deadline: `time.monotonic()` after which to stop.
        relative_gap: Stop once cost - bound is at most this part of the cost's magnitude.
        warm: From `prepare`, for the same columns.

    Raises:
        ValueError: See `instance.check`.
    """
    columns = columns_of(problem) if warm is None else warm.columns
    limit = _left(columns, problem.limit)
    if any(most < 0 for most in limit):
        return Outcome(None, None, None, "infeasible", "least usage")
    binding = [i for i, most in enumerate(limit) if most < columns.usage_range[i]]
    cuts = [] if warm is None else [Cut(c.cost, c.usage[binding]) for c in warm.cuts]
    if len(binding) < len(limit):
        columns = replace(
            columns,
            usage=columns.usage[binding],
            usage_base=tuple(columns.usage_base[i] for i in binding),
            usage_range=tuple(columns.usage_range[i] for i in binding),
            _scaled=[],
        )
        limit = tuple(limit[i] for i in binding)
    if not binding:
        none = np.zeros(len(problem.limit))
        answer = Answer(columns.least_at(columns.cost), 0)
        return _outcome(columns, answer, 0, "no limit binds", none)
    forbidden = _forbidden(columns, limit)
    if forbidden is None:
        return Outcome(None, None, None, "infeasible", "least usage")
    search = Search(columns, limit, deadline, Fraction(relative_gap))
    found = search.run(forbidden, cuts)
    multipliers = np.zeros(len(problem.limit))
    if search.multipliers is not None:
        spans = np.maximum(1.0, np.array(columns.usage_range, dtype=float))
        multipliers[binding] = search.multipliers * max(1.0, float(columns.cost_range)) / spans
    if found.answer is not None:
        return _outcome(columns, found.answer, found.bound, found.method, multipliers)
    if found.method == "stopped":
        bound = found.bound + columns.cost_base
        return Outcome(None, None, bound, "stopped", "stopped", multipliers)
    return Outcome(None, None, None, "infeasible", found.method)


def _left(columns: Columns, limit: Ints) -> tuple[int, ...]:
    return tuple(
        int(most) - base for most, base in zip(limit.tolist(), columns.usage_base, strict=True)
    )


def _forbidden(columns: Columns, limit: tuple[int, ...]) -> Ints | None:
    """Options that are dominated or too large for the limits; None when a group has no other.

    One pass of the smallest usages of the others against each limit, repeated while it helps.
    """
    out = dominated(columns)
    while True:
        before = np.count_nonzero(out)
        for row, most in zip(columns.usage, limit, strict=True):
            usage = np.where(out, np.iinfo(np.int64).max, row) if before else row
            least = columns.least(usage)
            spare = most - exact_sum(least)
            if spare < 0:
                return None
            out |= row - columns.spread(least) > spare
        if columns.least(out).any():
            return None
        if np.count_nonzero(out) == before:
            return np.flatnonzero(out)


def _outcome(
    columns: Columns, answer: Answer, bound: int, method: str, multipliers: Floats
) -> Outcome:
    return Outcome(
        choice=answer.option - columns.first[:-1],
        cost=answer.cost + columns.cost_base,
        bound=min(bound, answer.cost) + columns.cost_base,
        status="stopped" if method == "stopped" else "optimal",
        method=method,
        multipliers=multipliers,
    )

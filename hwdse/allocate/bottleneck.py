"""The best greatest (or least) figure of any layer, by bisection over the table's own figures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from hwdse.errors import InfeasibleError

from .budget import Budget, Sense
from .build import Limit, Task, build_exact
from .conflict import NoResultError, no_answer
from .finish import Solved
from .measure import Objective
from .optimise import optimise
from .outcome import Effort

__all__ = ["best_extreme"]


def best_extreme(
    task: Task,
    limits: Sequence[Limit],
    objective: Objective,
    caps: Sequence[tuple[Objective, Fraction]],
    effort: Effort,
) -> tuple[Solved, Limit]:
    """The best value that `max(COL)` or `min(COL)` can take, and the budget that holds it.

    A value is possible if the problem with that budget has an answer; if one is, all worse are.

    Args:
        task: Table and rules.
        limits: Budgets.
        objective: An extreme.
        caps: Earlier objectives.
        effort: How to solve.

    Raises:
        InfeasibleError: The budgets cannot be met at all.
        NoResultError: The time limit passed without an answer.
    """
    measure = objective.terms[0].measure
    sense: Sense = ">=" if objective.maximize else "<="
    values, unit = task.figures.extremes(measure)
    levels = sorted({int(v) for v in values if v is not None}, reverse=objective.maximize)

    def limit_at(level: int) -> Limit:
        return Limit(Budget(str(measure), sense, level * unit), measure)

    def attempt(level: int) -> Solved | None:
        try:
            exact = build_exact(task, [*limits, limit_at(level)], None, caps=caps)
        except InfeasibleError:
            return None
        outcome = optimise(exact, effort)
        if outcome.picks is None:
            if not outcome.proven:
                raise NoResultError(
                    "the search stopped before it was known how good the worst layer can be; "
                    "loosen a budget or give more time"
                )
            return None
        return Solved(objective, exact, outcome)

    low, high = 0, len(levels) - 1  # the best level that may do, and one that must
    best = attempt(levels[high])
    if best is None:
        exact = build_exact(task, limits, None, caps=caps)
        raise no_answer(task, limits, optimise(exact, effort), effort)
    while low < high:
        middle = (low + high) // 2
        found = attempt(levels[middle])
        if found is None:
            low = middle + 1
        else:
            best, high = found, middle
    value = levels[high] * unit
    outcome = replace(best.outcome, proven=True, bound=None, independent=None)
    return replace(best, outcome=outcome, extreme=(value, value)), limit_at(levels[high])

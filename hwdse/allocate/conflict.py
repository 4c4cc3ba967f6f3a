"""Why there is no answer: a budget out of reach alone, or a smallest set of them that conflicts."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from hwdse.errors import HwdseError, InfeasibleError

from .build import Limit, Task, build_exact
from .decimals import Whole
from .measure import Measure, Objective, Term
from .numbers import show_reachable
from .optimise import optimise
from .outcome import Effort, Outcome

__all__ = ["NoResultError", "check_each", "no_answer"]


class NoResultError(HwdseError):
    """The search stopped before any assignment within the budgets was found."""

    exit_code = 4


def check_each(task: Task, limits: Sequence[Limit]) -> None:
    """Raise InfeasibleError when one budget on a sum or an average cannot be met even alone.

    Where couplings hold, only what none of them can help with is noticed here.
    """
    for limit in limits:
        if limit.measure.kind not in ("sum", "avg"):
            continue
        budget = limit.budget
        upper = budget.sense == "<="
        best = _reach(task, limit.measure, least=upper)
        if best > budget.limit if upper else best < budget.limit:
            raise InfeasibleError(f"budget {budget} cannot be met: {_reachable(limit, best)}")


def _reachable(limit: Limit, value: Fraction, word: str | None = None) -> str:
    upper = limit.budget.sense == "<="
    word = word or ("least" if upper else "greatest")
    return f"the {word} reachable {limit.measure} is {show_reachable(value, upper=upper)}"


def _reach(task: Task, measure: Measure, *, least: bool) -> Fraction:
    """The least (or greatest) value of a sum or average when nothing else is asked."""
    sign = 1 if least else -1
    figures = task.figures
    if measure.kind == "sum":
        whole = figures.sums(measure)
        return sign * _sum_of_least(task, sign, whole)
    product, weights = figures.weighted(measure)
    # Dinkelbach's method: the quotient is at its best where the best of product - quotient *
    # weight is zero; every step comes closer, and there are finitely many assignments.
    quotient = _quotient(task, product, weights, Fraction(0), sign)
    while True:
        better = _quotient(task, product, weights, quotient, sign)
        if sign * better >= sign * quotient:
            return quotient
        quotient = better


def _sum_of_least(task: Task, sign: int, whole: Whole) -> Fraction:
    entries = len(task.problem.entry_option)
    values = sign * whole.values
    here = np.where(task.allowed, values[:entries], values[:entries].max())
    total = int(np.minimum.reduceat(here, task.problem.first[:-1]).sum())
    for pair in task.figures.couplings.pairs:
        cells = values[entries + pair.offset : entries + pair.offset + pair.allowed.size]
        total += int(cells[pair.allowed.reshape(-1)].min())
    error = math.ceil(whole.error * task.problem.groups)
    return (total - error) * whole.unit


def _quotient(
    task: Task, product: Whole, weights: Whole, quotient: Fraction, sign: int
) -> Fraction:
    """The average of the assignment whose product - quotient * weight is best."""
    entries = len(task.problem.entry_option)
    values = sign * product.plus(weights.scaled(-quotient)).values[:entries].astype(object)
    values = np.where(task.allowed, values, values.max())
    first = task.problem.first
    picks = [
        int(first[g]) + int(np.argmin(values[first[g] : first[g + 1]]))
        for g in range(task.problem.groups)
    ]
    total = int(weights.values[picks].astype(object).sum()) * weights.unit
    return int(product.values[picks].astype(object).sum()) * product.unit / total


def no_answer(task: Task, limits: Sequence[Limit], outcome: Outcome, effort: Effort) -> HwdseError:
    """The error for an outcome without an answer, where each budget alone can be met.

    Args:
        task: Table and rules.
        limits: All the budgets.
        outcome: What `optimise` returned.
        effort: How to solve what has to be solved for the explanation.
    """
    if not outcome.proven:
        why = "the effort limit was reached" if effort.deadline is None else "the time limit passed"
        return NoResultError(
            f"{why} before any assignment within the budgets was found; "
            "loosen a budget or give more time"
        )
    core = _smallest_conflict(task, list(limits), effort)
    if not core:
        return InfeasibleError("the couplings of layers leave no assignment; loosen one of them")
    *others, last = core
    upper = last.budget.sense == "<="
    shown = " and ".join(str(one.budget) for one in others)
    together = f"together with {shown}" if others else "with the couplings of layers"
    text = f"budget {last.budget} cannot be met {together}"
    if last.measure.kind not in ("sum", "avg"):
        return InfeasibleError(text)
    objective = Objective(str(last.measure), not upper, (Term(Fraction(1), last.measure),))
    try:
        exact = build_exact(task, others, objective)
    except HwdseError:  # an average whose weights depend on the option
        return InfeasibleError(text)
    best = optimise(exact, effort)
    if best.picks is None:
        return InfeasibleError(text)
    value = exact.total(exact.cost, best.picks) * exact.cost_unit * (1 if upper else -1)
    under = f"under {'it' if len(others) == 1 else 'them'} " if others else ""
    return InfeasibleError(
        f"{text}: {under}{_reachable(last, value, None if best.proven else 'best found')}"
    )


def _smallest_conflict(task: Task, limits: list[Limit], effort: Effort) -> list[Limit]:
    """Budgets that cannot be met together, none of which can be left out."""
    at = 0
    while at < len(limits):
        rest = limits[:at] + limits[at + 1 :]
        if _is_infeasible(task, rest, effort):
            limits = rest
        else:
            at += 1
    return limits


def _is_infeasible(task: Task, limits: list[Limit], effort: Effort) -> bool:
    try:
        exact = build_exact(task, limits, None)
    except InfeasibleError:
        return True
    outcome = optimise(exact, effort)
    return outcome.picks is None and outcome.proven

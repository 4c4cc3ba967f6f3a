"""Solving one allocation: the integer program, its certificate, and what to say when it fails."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

import pandas as pd

from hwdse.errors import HwdseError, InfeasibleError, nearest_hint

from . import certificate, ilp
from .budget import Budget, Budgets, as_budgets, check_columns
from .model import Choice, Model, build_model, reachable
from .numbers import show_reachable
from .problem import Problem, build_problem
from .result import Allocation, Outcome, to_allocation

__all__ = [
    "NoResultError",
    "check_feasible",
    "deadline_of",
    "no_answer",
    "optimise",
    "pick_objective",
    "solve",
]

# Part of a time limit that the integer program may use; the rest is for the certificate.
_ILP_SHARE = 0.8
_ENUMERATION = "hwdse enumeration"


class NoResultError(HwdseError):
    """The search stopped before any assignment within the budgets was found."""

    exit_code = 4


def solve(
    table: pd.DataFrame,
    budgets: Budgets = (),
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    time_limit: float | None = None,
    solver: str = "auto",
) -> Allocation:
    """Choose one option per layer: the best sum of one column with others within budgets.

    The answer of the integer program is checked against every budget in exact arithmetic and
    against an independent bound; where an independent enumeration finds a better one, that is the
    answer. Among answers of equal objective the one with less of the first budgeted column (more,
    for `>=`) is taken, then of the next, then the options first by name; so the answer depends
    neither on the order of the rows nor on the solver, as far as the certificate is complete
    (gap 0).

    Args:
        table: `layer, option, loss, [tie]` and any numeric columns; see `read_table`.
        budgets: Such as `"size<=7.9"`, `["size<=7.9", "snr>=20"]`, `Budget` objects, or a mapping
            of column to greatest value. Any number of them. They are met exactly, so a total that
            was rounded down to a float, given back as a budget, may be just out of reach.
        minimize: The column to minimise; `loss` unless `maximize` is given.
        maximize: The column to maximise instead.
        time_limit: Seconds after which to return the best answer found; None for no limit.
        solver: `auto` (HiGHS, else CBC), `highs` or `cbc`.

    Raises:
        InfeasibleError: No assignment meets the budgets; the message names one and the least (or
            greatest) value it can reach.
        NoResultError: The time limit passed without an answer.
        HwdseError: A bad table, budget, column or option.
    """
    start = time.monotonic()
    asked = as_budgets(budgets)
    deadline = deadline_of(time_limit, start)
    engine = ilp.pick_solver(solver)
    problem = build_problem(table)
    check_columns(asked, problem.columns)
    objective, maximal = pick_objective(problem, minimize=minimize, maximize=maximize)
    model = build_model(problem, asked, objective=objective, maximize=maximal)
    check_feasible(model, asked)
    outcome = optimise(model, solver=engine, deadline=deadline)
    if outcome.choice is None:
        raise no_answer(problem, asked, outcome, solver=engine, deadline=deadline)
    return to_allocation(problem, model, outcome, maximize=maximal, start=start)


def deadline_of(time_limit: float | None, start: float) -> float | None:
    """The moment on `time.monotonic()` to stop; HwdseError for a limit that is not positive."""
    if time_limit is None:
        return None
    if not (isinstance(time_limit, (int, float)) and time_limit > 0):
        raise HwdseError(f"time limit {time_limit!r}: give a positive number of seconds")
    return None if math.isinf(time_limit) else start + time_limit


def pick_objective(
    problem: Problem, *, minimize: str | None, maximize: str | None
) -> tuple[str, bool]:
    """The objective column and whether it is maximised.

    Raises:
        HwdseError: Both are given, or the column is not in the table.
    """
    if minimize is not None and maximize is not None:
        raise HwdseError("give one column to minimise or to maximise, not both")
    column = maximize if maximize is not None else (minimize if minimize is not None else "loss")
    if column not in problem.columns:
        raise HwdseError(
            f"the table has no numeric column {column!r} to optimise"
            + nearest_hint(column, problem.columns)
        )
    return column, maximize is not None


def check_feasible(model: Model, budgets: Sequence[Budget]) -> None:
    """Raise InfeasibleError when one budget alone cannot be met."""
    for at, budget in enumerate(budgets):
        least = reachable(model, at)
        if least > model.limits[at]:
            raise InfeasibleError(
                f"budget {budget} cannot be met: {_least_text(model, at, budget, least)}"
            )


def _least_text(model: Model, at: int, budget: Budget, least: int) -> str:
    upper = budget.sense == "<="
    value = least * model.units[at] * (1 if upper else -1)
    word = "least" if upper else "greatest"
    return f"the {word} reachable {budget.column} is {show_reachable(value, upper=upper)}"


def optimise(
    model: Model, *, solver: str, deadline: float | None, certificate_first: bool = False
) -> Outcome:
    """Solve an exact model by integer program and certificate.

    Args:
        model: The exact model.
        solver: `highs` or `cbc`.
        deadline: See `deadline_of`.
        certificate_first: Run the integer program only where the enumeration does not finish.
    """
    start = time.monotonic()
    if certificate_first:
        proof = certificate.certify(model, None, deadline=deadline)
        if proof.complete:
            return _proven(model, proof, _ENUMERATION)
    answer = _checked(
        model, ilp.solve_ilp(model, solver=solver, time_limit=_share(start, deadline))
    )
    title = ilp.solver_title(solver)
    proof = certificate.certify(model, answer.choice, deadline=deadline)
    best = _better_title(model, answer.choice, proof.choice, title)
    if proof.complete:
        return _proven(model, proof, best)
    if proof.choice is None:
        return Outcome(None, proof.bound, answer.proven, title)
    cost = model.total(model.cost, proof.choice)
    agreed = _agrees(model, answer, cost)
    if not agreed and (deadline is None or time.monotonic() < deadline):
        # The solver gave no proof, or was contradicted: ask again with what cannot help left out,
        # which is smaller and better scaled.
        limit = _share(time.monotonic(), deadline)
        answer = _checked(model, ilp.solve_ilp(proof.reduced, solver=solver, time_limit=limit))
        if answer.choice is not None and model.total(model.cost, answer.choice) < cost:
            proof = certificate.certify(model, answer.choice, deadline=deadline)
            if proof.complete:
                return _proven(model, proof, title)
            best = _better_title(model, answer.choice, proof.choice, title)
        if proof.choice is None:  # certify never loses its incumbent
            raise AssertionError
        agreed = _agrees(model, answer, model.total(model.cost, proof.choice))
    return Outcome(proof.choice, _cost_bound(model, proof), agreed, best)


def _checked(model: Model, answer: ilp.IlpAnswer) -> ilp.IlpAnswer:
    # Nothing from a solver becomes an incumbent without this, whatever the module above says.
    if answer.choice is not None and not model.meets_limits(answer.choice):
        return ilp.IlpAnswer(None, proven=False)
    return answer


def _agrees(model: Model, answer: ilp.IlpAnswer, cost: int) -> bool:
    return (
        answer.proven
        and answer.choice is not None
        and model.total(model.cost, answer.choice) <= cost
    )


def _share(now: float, deadline: float | None) -> float | None:
    return None if deadline is None else max(0.0, (deadline - now) * _ILP_SHARE)


def _better_title(model: Model, first: Choice | None, best: Choice | None, title: str) -> str:
    if first is None or best is None:
        return _ENUMERATION
    if model.total(model.cost, best) < model.total(model.cost, first):
        return f"{_ENUMERATION}, correcting {title}"
    return title


def _cost_bound(model: Model, proof: certificate.Certificate) -> int | None:
    # cost = floor(key / key_scale), and flooring is monotonic.
    return None if proof.bound is None else proof.bound // model.key_scale


def _proven(model: Model, proof: certificate.Certificate, title: str) -> Outcome:
    return Outcome(proof.choice, _cost_bound(model, proof), True, title)


def no_answer(
    problem: Problem,
    budgets: Sequence[Budget],
    outcome: Outcome,
    *,
    solver: str,
    deadline: float | None,
) -> HwdseError:
    """The error for an outcome without a choice, where each budget alone can be met.

    Args:
        problem: The validated table.
        budgets: All the budgets.
        outcome: What `optimise` returned.
        solver: `highs` or `cbc`.
        deadline: See `deadline_of`.
    """
    if not outcome.proven:
        why = "the effort limit was reached" if deadline is None else "the time limit passed"
        return NoResultError(
            f"{why} before any assignment within the budgets was found; "
            "loosen a budget or give more time"
        )
    # Each budget can be met alone, so some first few can be met together and the next cannot.
    for count in range(1, len(budgets)):
        budget, others = budgets[count], budgets[:count]
        model = build_model(problem, others, objective=budget.column, maximize=budget.sense == ">=")
        best = optimise(model, solver=solver, deadline=deadline, certificate_first=True)
        if best.choice is None:
            break
        least = model.total(model.cost, best.choice)
        upper = budget.sense == "<="
        value = least * model.cost_unit * (1 if upper else -1)
        if value > budget.limit if upper else value < budget.limit:
            word = ("least" if upper else "greatest") if best.proven else "best found"
            return InfeasibleError(
                f"budget {budget} cannot be met together with "
                f"{' and '.join(str(b) for b in others)}: under "
                f"{'it' if count == 1 else 'them'} the {word} reachable {budget.column} is "
                f"{show_reachable(value, upper=upper)}"
            )
    shown = ", ".join(str(b) for b in budgets)
    return InfeasibleError(f"the budgets {shown} cannot be met together; loosen one of them")

"""Why no portfolio is possible: too few units, a budget out of reach, or budgets that conflict."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from hwdse.errors import HwdseError, InfeasibleError

from .budget import Budget
from .conflict import NoResultError
from .numbers import show_reachable
from .outcome import Effort
from .portfolio_model import Goal, build_model
from .portfolio_search import search
from .portfolio_tables import Tables

__all__ = ["no_portfolio"]


def no_portfolio(
    tables: Tables, budgets: Sequence[Budget], most: int, effort: Effort
) -> HwdseError:
    """The error for a problem that was found to have no answer.

    Args:
        tables: Both tables.
        budgets: All of them.
        most: How many units may be built.
        effort: How long may be spent on the explanation.
    """
    too_few = _too_few(tables, most, effort)
    if too_few is not None:
        return too_few
    within = f"with at most {most} unit{'s' * (most > 1)}"
    for budget in budgets:
        value = _reach(tables, [], budget, most, effort)
        if value is not None and not _meets(budget, value):
            return InfeasibleError(
                f"budget {budget} cannot be met {within}: {_reachable(budget, value)}"
            )
    core = list(budgets)
    at = 0
    while at < len(core) and len(core) > 1:
        rest = core[:at] + core[at + 1 :]
        found = search(build_model(tables, rest, Goal(None), most), effort)
        if found.picks is None and found.proven:
            core = rest
        else:
            at += 1
    *others, last = core
    together = " and ".join(map(str, others))
    text = f"budget {last} cannot be met together with {together} {within}"
    value = _reach(tables, others, last, most, effort)
    if value is None:
        return InfeasibleError(text)
    under = "it" if len(others) == 1 else "them"
    return InfeasibleError(f"{text}: under {under} {_reachable(last, value)}")


def _too_few(tables: Tables, most: int, effort: Effort) -> HwdseError | None:
    found = search(build_model(tables, (), Goal(None), len(tables.units)), effort)
    if found.picks is None:
        if not found.proven:
            return NoResultError("the time limit passed before any portfolio was found")
        return InfeasibleError(
            "no set of units with one size of each type at most serves every layer; "
            "give a unit more options, or leave a type empty"
        )
    if found.bound is None or found.bound <= most:
        return None
    return InfeasibleError(
        f"at most {most} unit{'s' * (most > 1)} cannot serve every layer: "
        f"the least number that can is {found.bound}"
    )


def _reach(
    tables: Tables, others: Sequence[Budget], budget: Budget, most: int, effort: Effort
) -> Fraction | None:
    """The least (or greatest) total of a budget's column under others; None where not known."""
    upper = budget.sense == "<="
    model = build_model(tables, others, Goal(budget.column, not upper), most)
    found = search(model, effort)
    if found.picks is None or not found.proven:
        return None
    value = model.exact.total(model.exact.cost, found.picks) * model.exact.cost_unit
    return value if upper else -value


def _meets(budget: Budget, value: Fraction) -> bool:
    return value <= budget.limit if budget.sense == "<=" else value >= budget.limit


def _reachable(budget: Budget, value: Fraction) -> str:
    upper = budget.sense == "<="
    word = "least" if upper else "greatest"
    return f"the {word} reachable {budget.column} is {show_reachable(value, upper=upper)}"

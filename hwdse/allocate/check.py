"""Every constraint, recomputed from the chosen rows of the table in exact arithmetic.

Nothing here uses the whole-number model or what a solver said: only the table's own figures, the
budgets as they were written, and the rules.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .build import Limit, Task
from .dual import exact_sum
from .measure import Measure
from .numbers import exact
from .problem import Problem
from .result import Check
from .rules import Rules, layers_of

__all__ = ["CertificateError", "check_rows", "chosen_options", "exact_value"]

Rows = NDArray[np.int64]

_DIGITS = 15
# Sums of floats span some 650 digits, products twice as many; a rounded one would be an error.
_EXACTLY = Context(prec=2000, traps=[Inexact])


class CertificateError(HwdseError):
    """An answer broke a constraint when it was checked; it is not given out."""

    exit_code = 1


def check_rows(task: Task, limits: Sequence[Limit], rows: Rows) -> tuple[Check, ...]:
    """Check an assignment.

    Args:
        task: Table and rules.
        limits: Budgets.
        rows: The chosen row of the table for each layer.

    Raises:
        CertificateError: A constraint is broken; the message names it.
    """
    problem = task.problem
    if not np.array_equal(problem.row_layer[rows], np.arange(len(problem.layers))):
        raise CertificateError("the answer does not give every layer one row of its own")
    checks = []
    for limit in limits:
        value = exact_value(task, limit.measure, rows)
        bound = limit.budget.limit
        met = value <= bound if limit.budget.sense == "<=" else value >= bound
        checks.append(Check(str(limit.budget), float(value), met))
    checks += _rule_checks(task, chosen_options(problem, rows))
    for check in checks:
        if not check.met:
            shown = "" if check.value is None else f" (it has {check.value:.9g})"
            raise CertificateError(
                f"the answer found breaks {check.constraint}{shown}; it is refused: please report"
            )
    return tuple(checks)


def chosen_options(problem: Problem, rows: Rows) -> list[str]:
    """The option of each layer."""
    names = problem.table["option"].to_numpy()[rows]
    found: list[str] = names.tolist()
    return found


def exact_value(task: Task, measure: Measure, rows: Rows) -> Fraction:
    """A measure of an assignment: sums include conversions."""
    problem = task.problem
    inside = rows[task.figures.layers(measure)]
    figures = problem.values[inside, problem.columns.index(measure.column)]
    if measure.kind == "sum":
        return _sum(figures) + _conversions(task, measure, rows)
    if measure.kind == "max":
        return exact(figures.max())
    if measure.kind == "min":
        return exact(figures.min())
    if measure.weight is None:
        return _sum(figures) / len(figures)
    weights = problem.values[inside, problem.columns.index(measure.weight)]
    with localcontext(_EXACTLY):
        pairs = zip(map(_decimal, figures.tolist()), map(_decimal, weights.tolist()), strict=True)
        products = sum((f * w for f, w in pairs), Decimal(0))
    return Fraction(products) / _sum(weights)


def _sum(figures: NDArray[np.float64]) -> Fraction:
    """The sum of the decimals that floats are written as."""
    for digits in range(_DIGITS):
        # A decimal of so few digits is the shortest that names its float.
        whole = np.rint(figures * 10.0**digits)
        if not bool((np.abs(whole) < 10.0**_DIGITS).all()):
            break
        if bool((whole / 10.0**digits == figures).all()):
            return Fraction(exact_sum(whole.astype(np.int64)), 10**digits)
    with localcontext(_EXACTLY):
        return Fraction(sum(map(_decimal, figures.tolist()), Decimal(0)))


def _decimal(figure: float) -> Decimal:
    return Decimal(repr(figure))


def _conversions(task: Task, measure: Measure, rows: Rows) -> Fraction:
    if not task.rules.conversions:
        return Fraction(0)
    options = chosen_options(task.problem, rows)
    inside = task.figures.layers(measure)
    total = Fraction(0)
    for rule in task.rules.conversions:
        one, other = task.problem.find_layer(rule.layer), task.problem.find_layer(rule.next_layer)
        figure = rule.costs.get((options[one], options[other]), {}).get(measure.column)
        if figure is not None and inside[one] and inside[other]:
            total += exact(figure)
    return total


def _rule_checks(task: Task, options: list[str]) -> list[Check]:
    problem, rules = task.problem, task.rules
    checks: list[Check] = []
    if "tie" not in problem.table.columns and rules == Rules():
        return checks
    option_of = dict(zip(problem.layers, options, strict=True))
    ties: dict[str, list[str]] = {}
    if "tie" in problem.table.columns:
        cells = problem.table.drop_duplicates("layer")
        for layer, tie in zip(cells["layer"].tolist(), cells["tie"].tolist(), strict=True):
            if tie:
                ties.setdefault(tie, []).append(layer)
    named = [(f"tie {name!r}", layers) for name, layers in ties.items()]
    for title, layers in [*named, *((f"tie {', '.join(t)}", list(t)) for t in rules.ties)]:
        checks.append(Check(title, None, len({option_of[layer] for layer in layers}) <= 1))
    for word, rule in (("allow", rules.allow), ("forbid", rules.forbid)):
        for name, some in rule.items():
            taken = {options[i] for i in layers_of(problem, name, task.figures.sets)}
            met = taken <= set(some) if word == "allow" else not taken & set(some)
            checks.append(Check(f"{word} {name}: {', '.join(some)}", None, met))
    for name, option in rules.force.items():
        taken = {options[i] for i in layers_of(problem, name, task.figures.sets)}
        checks.append(Check(f"force {name}: {option}", None, taken == {option}))
    for one in rules.implications:
        met = (
            option_of[one.layer] not in one.options or option_of[one.then_layer] in one.then_options
        )
        title = (
            f"{one.layer} in ({', '.join(one.options)}) needs "
            f"{one.then_layer} in ({', '.join(one.then_options)})"
        )
        checks.append(Check(title, None, met))
    return checks

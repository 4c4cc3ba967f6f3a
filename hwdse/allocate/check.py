"""Every constraint, recomputed from the chosen rows of the table in exact arithmetic.

Nothing here uses the whole-number model or what a solver said: only the table's own figures, the
budgets as they were written, and the rules.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError

from .build import Limit, Task
from .decimals import whole_numbers
from .measure import Measure
from .problem import Problem
from .result import Check
from .rules import Rules, layers_of

__all__ = ["CertificateError", "check_rows", "chosen_options", "exact_value"]

Rows = NDArray[np.int64]


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
    inside = np.flatnonzero(task.figures.layers(measure))
    if measure.kind == "sum":
        column = problem.columns.index(measure.column)
        whole = whole_numbers(problem.values[rows[inside], column])
        total = int(whole.values.sum()) * whole.unit
        return total + _conversions(task, measure, rows)
    figures = _exact(problem, measure.column, rows[inside])
    if measure.kind == "max":
        return max(figures)
    if measure.kind == "min":
        return min(figures)
    weights: Iterable[Fraction] = [Fraction(1)] * len(figures)
    if measure.weight is not None:
        weights = _exact(problem, measure.weight, rows[inside])
    pairs = list(zip(figures, weights, strict=True))
    return sum((f * w for f, w in pairs), Fraction(0)) / sum((w for _, w in pairs), Fraction(0))


def _exact(problem: Problem, column: str, rows: Rows) -> list[Fraction]:
    whole = whole_numbers(problem.values[rows, problem.columns.index(column)])
    return [int(v) * whole.unit for v in whole.values.tolist()]


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
            total += Fraction(repr(float(figure)))
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

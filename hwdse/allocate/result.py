"""What an allocation returns, made from the answer to an exact model."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

from .model import Choice, Model
from .numbers import bound_to_float, exact
from .problem import Problem

__all__ = ["Allocation", "Outcome", "to_allocation"]


@dataclass(frozen=True)
class Allocation:
    """One option for each layer, within every budget, and how good it is known to be.

    Attributes:
        status: `optimal`, or `feasible` when the search stopped before proof.
        objective: Sum of the objective column over the chosen rows, in its unit.
        bound: No answer is better than this (a lower bound when minimising, an upper one when
            maximising). Equal to `objective` where the certificate closed the gap.
        gap: |objective - bound| over the greater of their magnitudes; 0 when equal.
        gap_absolute: |objective - bound|, in the unit of the objective.
        solver: Name and version of the solver that gave the answer.
        seconds: Wall-clock time.
        assignment: The option of each layer, in the order of the table.
        totals: Sum of each numeric column over the chosen rows, exactly added, then rounded.
        chosen: The chosen rows of the table.
    """

    status: Literal["optimal", "feasible"]
    objective: float
    bound: float
    gap: float
    gap_absolute: float
    solver: str
    seconds: float = field(compare=False)
    assignment: Mapping[str, str]
    totals: Mapping[str, float]
    chosen: pd.DataFrame = field(repr=False, compare=False)

    @property
    def exit_code(self) -> int:
        """The exit code for a command line: 0, or 4 when stopped before proof."""
        return 0 if self.status == "optimal" else 4

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values: status, objective, bound, gap, gap_absolute, solver,
        seconds, assignment, totals.
        """
        return {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "gap_absolute": self.gap_absolute,
            "solver": self.solver,
            "seconds": self.seconds,
            "assignment": dict(self.assignment),
            "totals": dict(self.totals),
        }

    def to_frame(self) -> pd.DataFrame:
        """The chosen rows of the option table, one for each layer, in the order of the table."""
        return self.chosen.copy()


@dataclass(frozen=True)
class Outcome:
    """An answer to an exact model.

    Attributes:
        choice: The best answer found; None when there is none or none was found.
        bound: In the model's cost unit, no answer costs less.
        proven: The choice is optimal or, without one, the problem infeasible.
        solver: What gave the answer.
    """

    choice: Choice | None
    bound: int | None
    proven: bool
    solver: str


def to_allocation(
    problem: Problem, model: Model, outcome: Outcome, *, maximize: bool, start: float
) -> Allocation:
    """The result in the table's own terms.

    Args:
        problem: The validated table.
        model: The exact model that was solved.
        outcome: Its outcome, with a choice.
        maximize: Whether the objective was negated.
        start: `time.monotonic()` when the work began.
    """
    choice = outcome.choice
    if choice is None or not model.meets_limits(choice):
        raise AssertionError("an answer outside its budgets came through")
    sign = -1 if maximize else 1
    value = sign * model.total(model.cost, choice) * model.cost_unit
    bound = value if outcome.bound is None else sign * outcome.bound * model.cost_unit
    largest = max(abs(value), abs(bound))
    option_of: dict[int, str] = {}
    row_of: dict[int, int] = {}
    for group, labels, rows, label in zip(
        problem.groups, problem.options, problem.rows, choice, strict=True
    ):
        for layer, row in zip(group, rows[label].tolist(), strict=True):
            option_of[layer] = labels[label]
            row_of[layer] = row
    order = range(len(problem.layers))
    picked = problem.values[[row_of[i] for i in order]]
    totals = {
        column: float(sum((exact(v) for v in picked[:, at].tolist()), Fraction(0)))
        for at, column in enumerate(problem.columns)
    }
    return Allocation(
        status="optimal" if outcome.proven else "feasible",
        objective=float(value),
        bound=float(value) if bound == value else bound_to_float(bound, upper=maximize),
        gap=float(abs(value - bound) / largest) if largest else 0.0,
        gap_absolute=float(abs(value - bound)),
        solver=outcome.solver,
        seconds=time.monotonic() - start,
        assignment={problem.layers[i]: option_of[i] for i in order},
        totals=totals,
        chosen=problem.table.iloc[[row_of[i] for i in order]].copy(),
    )

"""What an allocation returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

__all__ = ["Allocation", "Check", "Stage"]


@dataclass(frozen=True)
class Check:
    """One constraint, recomputed in exact arithmetic from the chosen rows of the table.

    Attributes:
        constraint: What it asks.
        value: What the assignment has, where it is a figure.
        met: Whether it holds.
    """

    constraint: str
    value: float | None
    met: bool


@dataclass(frozen=True)
class Stage:
    """One objective of several that come one after another, or the only one.

    Attributes:
        objective: As it was asked for, such as `minimize loss`.
        value: Of the assignment.
        bound: No assignment that is as good in the earlier stages is better.
    """

    objective: str
    value: float
    bound: float


@dataclass(frozen=True)
class Allocation:
    """One option for each layer, within every budget, and how good it is known to be.

    Attributes:
        status: `optimal` (within the relative gap asked for, 0 by default), or `feasible` when the
            search stopped before proof.
        objective: The first objective's value, in its unit.
        bound: No answer is better than this (a lower bound when minimising, an upper one when
            maximising). Equal to `objective` where that is proven optimal.
        gap: |objective - bound| over the greater of their magnitudes; 0 when equal.
        gap_absolute: |objective - bound|, in the unit of the objective.
        bound_independent: A bound computed without the solver that found the answer, in exact
            arithmetic.
        solver: Name and version of the solver that gave the answer.
        second_method: What was run to confirm it.
        agreement: Whether the second method proved the same objective; None where it came to no
            end.
        seconds: Wall-clock time.
        assignment: The option of each layer, in the order of the table.
        totals: Sum of each numeric column over the chosen rows, conversions included, exactly
            added, then rounded.
        stages: Every objective in turn.
        checks: Every constraint, checked in exact arithmetic.
        chosen: The chosen rows of the table.
        exact_totals: As `totals`, not rounded: a budget of exactly this much can be met.
    """

    status: Literal["optimal", "feasible"]
    objective: float
    bound: float
    gap: float
    gap_absolute: float
    bound_independent: float | None
    solver: str
    second_method: str
    agreement: bool | None
    seconds: float = field(compare=False)
    assignment: Mapping[str, str]
    totals: Mapping[str, float]
    stages: tuple[Stage, ...]
    checks: tuple[Check, ...]
    chosen: pd.DataFrame = field(repr=False, compare=False)
    exact_totals: Mapping[str, Fraction] = field(repr=False, compare=False)

    @property
    def exit_code(self) -> int:
        """The exit code for a command line: 0, or 4 when stopped before proof."""
        return 0 if self.status == "optimal" else 4

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, under the names of the attributes."""
        return {
            "status": self.status,
            "objective": self.objective,
            "bound": self.bound,
            "gap": self.gap,
            "gap_absolute": self.gap_absolute,
            "bound_independent": self.bound_independent,
            "solver": self.solver,
            "second_method": self.second_method,
            "agreement": self.agreement,
            "seconds": self.seconds,
            "assignment": dict(self.assignment),
            "totals": dict(self.totals),
            "stages": [vars(stage).copy() for stage in self.stages],
            "checks": [vars(check).copy() for check in self.checks],
        }

    def to_frame(self) -> pd.DataFrame:
        """The chosen rows of the option table, one for each layer, in the order of the table."""
        return self.chosen.copy()

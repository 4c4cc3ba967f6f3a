"""What a portfolio returns, and its check from the tables alone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any, Literal

import pandas as pd

from .budget import Budget
from .check import CertificateError
from .numbers import exact
from .portfolio_tables import Tables
from .result import Check

__all__ = ["Portfolio", "check_portfolio", "exact_totals"]


@dataclass(frozen=True)
class Portfolio:
    """The units to build, one option for each layer, and how good that is known to be.

    Attributes:
        status: `optimal`, or `feasible` when the search stopped before proof.
        objective: The objective's value, in its unit.
        bound: No portfolio is better than this. Equal to `objective` where that is optimal.
        gap: |objective - bound| over the greater of their magnitudes; 0 when equal.
        gap_absolute: |objective - bound|, in the unit of the objective.
        solver: What gave the answer.
        second_method: What else solved the whole problem, or an empty text.
        agreement: Whether it found the same objective; None where it came to no end.
        seconds: Wall-clock time.
        sets: Sets of units that had to be solved; all others were ruled out by bounds.
        units_at_most: How many units were allowed.
        units: The units built, by name.
        assignment: The option of each layer, in the order of the table.
        runs_on: The unit of each layer.
        totals: Sum of each numeric column over the chosen options and the units built.
        checks: Every constraint, recomputed in exact arithmetic.
        chosen: The chosen rows of the option table.
        exact_totals: As `totals`, not rounded.
    """

    status: Literal["optimal", "feasible"]
    objective: float
    bound: float
    gap: float
    gap_absolute: float
    solver: str
    second_method: str
    agreement: bool | None
    seconds: float = field(compare=False)
    sets: int = field(compare=False)
    units_at_most: int
    units: tuple[str, ...]
    assignment: Mapping[str, str]
    runs_on: Mapping[str, str]
    totals: Mapping[str, float]
    checks: tuple[Check, ...]
    chosen: pd.DataFrame = field(repr=False, compare=False)
    exact_totals: Mapping[str, Fraction] = field(repr=False, compare=False)

    @property
    def exit_code(self) -> int:
        """The exit code for a command line: 0, or 4 when stopped before proof."""
        return 0 if self.status == "optimal" else 4

    def to_json(self) -> dict[str, Any]:
        """A dictionary of plain values, under the names of the attributes."""
        plain = {
            name: getattr(self, name)
            for name in self.__dataclass_fields__
            if name not in ("chosen", "exact_totals")
        }
        return plain | {
            "units": list(self.units),
            "assignment": dict(self.assignment),
            "runs_on": dict(self.runs_on),
            "totals": dict(self.totals),
            "checks": [vars(check).copy() for check in self.checks],
        }

    def to_frame(self) -> pd.DataFrame:
        """The chosen rows of the option table with their units, in the order of the table."""
        found = self.chosen.copy()
        found.insert(2, "unit", list(self.runs_on.values()))
        return found


def exact_totals(tables: Tables, rows: Sequence[int], built: Sequence[int]) -> dict[str, Fraction]:
    """The exact sum of each column over rows of the option table and units."""
    problem = tables.problem
    totals = dict.fromkeys(tables.columns, Fraction(0))
    for at, column in enumerate(problem.columns):
        totals[column] += sum(map(exact, problem.values[list(rows), at].tolist()), Fraction(0))
    for column, charge in tables.charges.items():
        totals[column] += sum((exact(charge[unit]) for unit in built), Fraction(0))
    return totals


def check_portfolio(
    tables: Tables,
    rows: Sequence[int],
    built: Sequence[int],
    budgets: Sequence[Budget],
    most: int,
) -> tuple[Check, ...]:
    """Check a portfolio against every constraint, from the tables and the budgets as written.

    Args:
        tables: Both tables.
        rows: The chosen row of the option table for each layer.
        built: The units built.
        budgets: As asked for.
        most: How many units may be built.

    Raises:
        CertificateError: A constraint is broken; the message names it.
    """
    problem = tables.problem
    if problem.row_layer[list(rows)].tolist() != list(range(len(problem.layers))):
        raise CertificateError("the answer does not give every layer one row of its own")
    totals = exact_totals(tables, rows, built)
    checks = [Check(f"units<={most}", float(len(set(built))), len(set(built)) <= most)]
    for budget in budgets:
        value, limit = totals[budget.column], budget.limit
        met = value <= limit if budget.sense == "<=" else value >= limit
        checks.append(Check(str(budget), float(value), met))
    used = {int(tables.row_unit[row]) for row in rows}
    checks.append(Check("every layer runs on a unit that is built", None, used <= set(built)))
    for kind in sorted(set(tables.types) - {""}):
        same = sum(tables.types[unit] == kind for unit in set(built))
        if tables.types.count(kind) > 1:
            checks.append(Check(f"one size of {kind!r} at most", float(same), same <= 1))
    ties = problem.table.get("tie")
    if ties is not None:
        chosen: dict[str, set[str]] = {}
        for row in rows:
            if tie := str(ties.iloc[row]):
                chosen.setdefault(tie, set()).add(str(problem.table["option"].iloc[row]))
        checks += [Check(f"tie {tie!r}", None, len(some) == 1) for tie, some in chosen.items()]
    for check in checks:
        if not check.met:
            raise CertificateError(
                f"the answer found breaks {check.constraint!r}; it is refused: please report"
            )
    return tuple(checks)

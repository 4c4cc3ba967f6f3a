"""Budgets: limits on the sum of a column over the chosen rows."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from fractions import Fraction
from typing import Literal

from hwdse.errors import HwdseError

from .numbers import exact, parse_number

__all__ = ["Budget", "Budgets", "Sense", "as_budgets", "parse_budget"]

Sense = Literal["<=", ">="]

_FORM = re.compile(r"\s*(?P<column>.*?)\s*(?P<sense><=|>=)\s*(?P<value>.*?)\s*\Z", re.DOTALL)


@dataclass(frozen=True)
class Budget:
    """The sum of `column` over all layers is at most (`<=`) or at least (`>=`) `value`.

    In place of a name, `column` may be any text that `measure.parse_measure` reads, such
    as `avg(bits,params)`. The value is in the unit of the column. Text is read as an exact decimal;
    a float stands for the shortest decimal that names it.

    Raises:
        HwdseError: The column has no name, the sense is neither `<=` nor `>=`, or the value is not
            a finite number.
    """

    column: str
    sense: Sense
    value: str | float | Decimal | Fraction

    def __post_init__(self) -> None:
        if not isinstance(self.column, str) or not self.column.strip():
            raise HwdseError(f"budget without a column name: {self}; write it as 'size<=7.9'")
        if self.sense not in ("<=", ">="):
            raise HwdseError(
                f"budget on {self.column!r}: sense {self.sense!r} is neither '<=' nor '>='"
            )
        _ = self.limit

    @property
    def limit(self) -> Fraction:
        """The exact value."""
        value = self.value
        found: Fraction | None = None
        if isinstance(value, str):
            found = parse_number(value)
        elif isinstance(value, Fraction):
            found = value
        elif isinstance(value, bool):
            found = None
        elif isinstance(value, int):
            found = Fraction(value)
        elif isinstance(value, Decimal):
            found = parse_number(str(value))
        else:
            try:
                number = float(value)
            except (TypeError, ValueError):
                number = math.nan
            found = exact(number) if math.isfinite(number) else None
        if found is None:
            raise HwdseError(
                f"budget on {self.column!r}: {str(value)!r} is not a finite number; "
                f"write it as '{self.column}{self.sense}12.5'"
            )
        return found

    def __str__(self) -> str:
        # A Fraction such as 16/3 would not be read back by parse_budget.
        value = float(self.value) if isinstance(self.value, Fraction) else self.value
        return f"{self.column}{self.sense}{value}"


Budgets = str | Budget | Mapping[str, str | float] | Iterable[str | Budget]


def parse_budget(text: str) -> Budget:
    """Read a budget such as `energy_pj<=12.5` or `snr >= 20`.

    Raises:
        HwdseError: No `<=` or `>=`, no column, or no finite number.
    """
    match = _FORM.match(text)
    if match is None:
        raise HwdseError(f"budget {text!r} has neither '<=' nor '>='; write it as 'size<=7.9'")
    if not match["column"]:
        raise HwdseError(f"budget {text!r} names no column; write it as 'size<=7.9'")
    value = match["value"]
    if parse_number(value) is None:
        what = f"{value!r} is not a finite number" if value else "the number is missing"
        raise HwdseError(f"budget {text!r}: {what}; write it as '{match['column']}<=7.9'")
    sense: Sense = "<=" if match["sense"] == "<=" else ">="
    return Budget(match["column"], sense, value)


def as_budgets(budgets: Budgets) -> tuple[Budget, ...]:
    """Budgets from texts or `Budget` objects, one or many, or a mapping of column to most.

    A text may be two-sided: `3<=bits<=4` is `bits>=3` and `bits<=4`.

    Raises:
        HwdseError: As `parse_budget` and `Budget`.
    """
    if isinstance(budgets, str | Budget):
        budgets = [budgets]
    if isinstance(budgets, Mapping):
        return tuple(Budget(column, "<=", value) for column, value in budgets.items())
    found: list[Budget] = []
    for budget in budgets:
        if isinstance(budget, Budget):
            found.append(budget)
        elif isinstance(budget, str):
            found += _two_sided(budget) or [parse_budget(budget)]
        else:
            raise HwdseError(f"budget {budget!r} is neither text such as 'size<=7.9' nor a Budget")
    return tuple(found)


def _two_sided(text: str) -> list[Budget]:
    parts = text.split("<=")
    if len(parts) != 3 or parse_number(parts[0]) is None or parse_number(parts[2]) is None:
        return []
    low, column, high = (part.strip() for part in parts)
    budgets = [Budget(column, ">=", low), Budget(column, "<=", high)]
    if budgets[0].limit > budgets[1].limit:
        raise HwdseError(f"budget {text!r}: the lower limit is above the upper one")
    return budgets

"""Portfolios by trying every set of units and every assignment, in fractions."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import pandas as pd

Rows = list[dict[str, object]]


@dataclass(frozen=True)
class Best:
    """The least loss, the fewest units that reach it, and every least answer's units."""

    loss: Fraction
    count: int
    sets: frozenset[tuple[str, ...]]


def exact(value: object) -> Fraction:
    return Fraction(repr(float(value)))  # type: ignore[arg-type]


def best_portfolio(
    options: Rows, units: Rows, budgets: Sequence[tuple[str, str, Fraction]], most: int
) -> Best | None:
    layers = list(dict.fromkeys(row["layer"] for row in options))
    columns = [c for c in options[0] if c not in ("layer", "option", "unit", "tie")]
    charged = [c for c in units[0] if c not in ("unit", "type")]
    by_name = {str(row["unit"]): row for row in units}
    found: dict[tuple[Fraction, int], set[tuple[str, ...]]] = {}
    for count in range(1, min(most, len(units)) + 1):
        for built in itertools.combinations(sorted(by_name), count):
            types = [by_name[name]["type"] for name in built if by_name[name]["type"]]
            if len(set(types)) < len(types):
                continue
            offers = [
                [row for row in options if row["layer"] == layer and row["unit"] in built]
                for layer in layers
            ]
            for chosen in itertools.product(*offers):
                if not _ties_hold(chosen):
                    continue
                chosen_rows = [*chosen, *(by_name[name] for name in built)]
                totals = {
                    column: sum((exact(r[column]) for r in chosen_rows if column in r), Fraction(0))
                    for column in {*columns, *charged}
                }
                if all(
                    totals[column] <= limit if sense == "<=" else totals[column] >= limit
                    for column, sense, limit in budgets
                ):
                    found.setdefault((totals["loss"], count), set()).add(built)
    if not found:
        return None
    loss, count = min(found)
    return Best(loss, count, frozenset(found[loss, count]))


def _ties_hold(chosen: Sequence[dict[str, object]]) -> bool:
    options: dict[object, set[object]] = {}
    for row in chosen:
        if row["tie"]:
            options.setdefault(row["tie"], set()).add(row["option"])
    return all(len(some) == 1 for some in options.values())


def frames(options: Rows, units: Rows) -> tuple[pd.DataFrame, pd.DataFrame]:
    return pd.DataFrame(options), pd.DataFrame(units)

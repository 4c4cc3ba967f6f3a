"""An oracle that shares no code with the allocator: every combination, in exact arithmetic."""

from __future__ import annotations

import functools
import itertools
import math
from fractions import Fraction

import numpy as np
import pandas as pd


@functools.lru_cache(maxsize=100_000)
def number(value) -> Fraction:
    return Fraction(value) if isinstance(value, str) else Fraction(repr(float(value)))


def combinations(table: pd.DataFrame):
    """Every assignment that respects ties, with its exact totals."""
    numeric = [c for c in table.columns if c not in ("layer", "option", "tie")]
    rows = {}
    tie_of = {}
    figures = {c: [number(v) for v in table[c]] for c in numeric}
    parts = {c: math.lcm(*(f.denominator for f in figures[c])) for c in numeric}
    for at, record in enumerate(table.to_dict("records")):
        whole = {c: int(figures[c][at] * parts[c]) for c in numeric}
        rows.setdefault(record["layer"], {})[record["option"]] = whole
        tie_of[record["layer"]] = record.get("tie", "")
    layers = list(rows)
    for options in itertools.product(*(rows[layer] for layer in layers)):
        ties = {}
        if any(
            tie_of[layer] and ties.setdefault(tie_of[layer], option) != option
            for layer, option in zip(layers, options, strict=True)
        ):
            continue
        picked = [rows[layer][option] for layer, option in zip(layers, options, strict=True)]
        totals = {c: Fraction(sum(r[c] for r in picked), parts[c]) for c in numeric}
        yield dict(zip(layers, options, strict=True)), totals


def within(totals, budgets) -> bool:
    for column, sense, limit in budgets:
        if sense == "<=" and totals[column] > number(limit):
            return False
        if sense == ">=" and totals[column] < number(limit):
            return False
    return True


def best(table: pd.DataFrame, budgets=(), objective="loss", maximize=False):
    """The best objective and, among equals, least use of each budget in turn; None: infeasible."""
    sign = -1 if maximize else 1
    keys = [
        (sign * totals[objective], *(t * totals[c] for c, t in _turns(budgets)))
        for _, totals in combinations(table)
        if within(totals, budgets)
    ]
    return min(keys, default=None)


def key_of(allocation, table, budgets=(), objective="loss", maximize=False):
    for assignment, totals in combinations(table):
        if assignment == allocation.assignment:
            assert within(totals, budgets)
            sign = -1 if maximize else 1
            return (sign * totals[objective], *(t * totals[c] for c, t in _turns(budgets)))
    raise AssertionError("an assignment that breaks a tie, or names no option")


def _turns(budgets):
    return [(column, 1 if sense == "<=" else -1) for column, sense, _ in budgets]


def texts(budgets) -> list[str]:
    return [f"{column}{sense}{limit}" for column, sense, limit in budgets]


def random_table(
    seed: int,
    layers: int = 5,
    options: int = 3,
    *,
    resources: int = 2,
    coarse: bool = False,
    ties: bool = False,
    missing: float = 0.0,
    scale: float = 1.0,
) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    rows = []
    tie_of = [
        f"t{rng.integers(layers)}" if ties and rng.random() < 0.5 else "" for _ in range(layers)
    ]
    for layer in range(layers):
        for option in range(options):
            if option and rng.random() < missing:
                continue
            row = {"layer": f"conv{layer}", "option": f"o{option}", "tie": tie_of[layer]}
            draw = (
                (lambda: float(rng.integers(-2, 5)))
                if coarse
                else (lambda: float(rng.uniform(0.0, 1.0)))
            )
            row["loss"] = draw() * scale
            for r in range(resources):
                row[f"r{r}"] = draw()
            rows.append(row)
    return pd.DataFrame(rows)


def middle(table: pd.DataFrame, column: str, fraction: float) -> float:
    """A budget at a fraction of the way from the least to the greatest total."""
    by = table.groupby("layer")[column]
    low, high = by.min().sum(), by.max().sum()
    return round(float(low + (high - low) * fraction), 4)

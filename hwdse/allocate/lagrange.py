"""The Lagrangian bound of a `Model` (see `dual`), exact whatever the multipliers."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .dual import Dual, weigh
from .exact import Exact
from .model import Model, Table, restrict

__all__ = [
    "Multipliers",
    "best_multipliers",
    "fix_options",
    "lower_bound",
    "proves_infeasible",
    "relaxed",
]

_PRECISION = 60  # bits kept of the least multiplier


@dataclass(frozen=True)
class Multipliers:
    """Whole-number weights: `key` counts `cost` times, and budget j's usage `usage[j]` times.

    Attributes:
        cost: At least 1.
        usage: At least 0 each.
    """

    cost: int
    usage: tuple[int, ...]


def relaxed(model: Model, weights: Multipliers) -> tuple[list[list[int]], int]:
    """The weighted sum of each group and option, and the weighted sum of the limits."""
    table = [[weights.cost * k for k in row] for row in model.key]
    for weight, usage in zip(weights.usage, model.usage, strict=True):
        if weight:
            for row, used in zip(table, usage, strict=True):
                row[:] = [v + weight * u for v, u in zip(row, used, strict=True)]
    return table, sum(w * b for w, b in zip(weights.usage, model.limits, strict=True))


def lower_bound(model: Model, weights: Multipliers) -> int:
    """A bound that no feasible answer's key is below."""
    table, offset = relaxed(model, weights)
    return -((offset - sum(min(row) for row in table)) // weights.cost)


def fix_options(model: Model, weights: Multipliers, upper: int | None) -> Model | None:
    """The model without options that no answer of a key up to `upper` can use.

    Returns:
        None when a group is left without options: there is no such answer.
    """
    tests = [
        (table, limit - sum(min(row) for row in table))
        for table, limit in zip(model.usage, model.limits, strict=True)
    ]
    if upper is not None:
        table, offset = relaxed(model, weights)
        rows: Table = tuple(tuple(row) for row in table)
        tests.append((rows, weights.cost * upper + offset - sum(min(row) for row in rows)))
    keep = []
    for group, labels in enumerate(model.labels):
        left = [
            p
            for p in range(len(labels))
            if all(table[group][p] - min(table[group]) <= slack for table, slack in tests)
        ]
        if not left:
            return None
        keep.append(left)
    return restrict(model, keep)


def best_multipliers(model: Model) -> Multipliers:
    """Near-optimal multipliers."""
    return _rounded(Dual(_exact(model)).multipliers())


def proves_infeasible(model: Model) -> bool:
    """Whether a non-negative combination of the budgets excludes every answer, exactly."""
    exact = _exact(model)
    return weigh(exact, Dual(exact).conflict(), with_cost=False).total > 0


def _exact(model: Model) -> Exact:
    """The model with its key as the cost."""

    def column(table: Table) -> NDArray[Any]:
        return np.array([v for row in table for v in row], dtype=object)

    cells = [len(row) for row in model.labels]
    return Exact(
        first=np.r_[0, np.cumsum(cells)],
        label=np.arange(sum(cells)),
        cost=column(model.key),
        cost_unit=Fraction(1),
        usage=tuple(column(table) for table in model.usage),
        limits=model.limits,
        units=(Fraction(1),) * len(model.usage),
        errors=(Fraction(0),) * (1 + len(model.usage)),
    )


def _rounded(factors: list[Fraction]) -> Multipliers:
    known = [f for f in factors if f > 0]
    if not known:
        return Multipliers(1, (0,) * len(factors))
    small = min(known)
    bits = small.numerator.bit_length() - small.denominator.bit_length()
    scale = 1 << max(0, _PRECISION - bits)
    return Multipliers(scale, tuple(round(f * scale) for f in factors))

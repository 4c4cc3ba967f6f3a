"""The Lagrangian bound, in exact arithmetic from approximate multipliers.

Relaxing the budgets with multipliers p >= 0 leaves one independent minimum per group, and for any
such p the result is a lower bound (Fisher, "The Lagrangian Relaxation Method for Solving Integer
Programming Problems", 1981). The multipliers come from the linear program in floats; the bound is
then computed in integers, so no error of the linear program can make it wrong, only weak.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from .model import Model, Table, restrict
from .scaling import Scaled, scale_model

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


def best_multipliers(model: Model) -> Multipliers | None:
    """Near-optimal multipliers, from the dual of the linear program.

    Returns:
        None when the linear program says that it is infeasible; no multipliers at all (zeros) when
        it cannot be solved.
    """
    nothing = Multipliers(1, (0,) * len(model.usage))
    if not model.usage:
        return nothing
    scaled = scale_model(model)
    found = _linprog(scaled, elastic=False)
    if found.status == 2:
        return None
    if found.status != 0 or found.ineqlin.marginals is None:
        return nothing
    factors = [
        Fraction(float(-m)) * model.key_scale * _power(scaled.cost_exponent - e) if m < 0 else None
        for m, e in zip(found.ineqlin.marginals, scaled.exponents, strict=True)
    ]
    return _rounded(factors)


def proves_infeasible(model: Model) -> bool:
    """Whether a non-negative combination of the budgets, found by linear programming, excludes
    every answer; checked in exact arithmetic.
    """
    if not model.usage:
        return False
    scaled = scale_model(model)
    found = _linprog(scaled, elastic=True)
    if found.status != 0:
        return False
    factors = [
        Fraction(float(-m)) * _power(-e) if m < 0 else None
        for m, e in zip(found.ineqlin.marginals, scaled.exponents, strict=True)
    ]
    weights = _rounded(factors).usage
    least = sum(
        min(
            sum(w * table[g][p] for w, table in zip(weights, model.usage, strict=True))
            for p in range(len(labels))
        )
        for g, labels in enumerate(model.labels)
    )
    return least > sum(w * b for w, b in zip(weights, model.limits, strict=True))


def _power(exponent: int) -> Fraction:
    return Fraction(1 << exponent) if exponent >= 0 else Fraction(1, 1 << -exponent)


def _rounded(factors: list[Fraction | None]) -> Multipliers:
    known = [f for f in factors if f is not None and f > 0]
    if not known:
        return Multipliers(1, (0,) * len(factors))
    least = min(known)
    bits = least.numerator.bit_length() - least.denominator.bit_length()
    scale = 1 << max(0, _PRECISION - bits)
    return Multipliers(scale, tuple(round(f * scale) if f is not None else 0 for f in factors))


def _linprog(scaled: Scaled, *, elastic: bool) -> Any:
    """The relaxation; with `elastic`, the least sum by which budgets must be exceeded."""
    from scipy.optimize import linprog
    from scipy.sparse import csr_array, hstack, identity

    count, budgets = len(scaled.segment), len(scaled.limits)
    groups = int(scaled.segment[-1]) + 1
    one_each = csr_array(
        (np.ones(count), (scaled.segment, np.arange(count))), shape=(groups, count)
    )
    usage, cost = csr_array(scaled.usage), scaled.cost
    if elastic:
        usage = hstack([usage, -identity(budgets)], format="csr")
        one_each = hstack([one_each, csr_array((groups, budgets))], format="csr")
        cost = np.concatenate([np.zeros(count), np.ones(budgets)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return linprog(
            cost,
            A_ub=usage,
            b_ub=scaled.limits,
            A_eq=one_each,
            b_eq=np.ones(groups),
            bounds=(0, None),
            method="highs",
        )

"""The model in floats of a sensible size, for solvers whose tolerances are absolute."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .model import Model, Table

__all__ = ["Scaled", "scale_model"]

# The greatest coefficient lies in [2**11, 2**12): tolerances of 1e-9 are then some 1e-13 of it,
# yet sums over hundreds of groups stay exact to well below the tolerance.
_BITS = 12


@dataclass(frozen=True, eq=False)
class Scaled:
    """Options of all groups one after another, each group's least value subtracted.

    Attributes:
        group: The group of each option.
        cost: Objective, times 2**-cost_exponent.
        cost_exponent: See `cost`.
        usage: One row for each budget, times 2**-exponent of it.
        limits: What remains of each budget above the sum of the least values, likewise scaled.
        exponents: One for each budget.
    """

    group: NDArray[np.int64]
    cost: NDArray[np.float64]
    cost_exponent: int
    usage: NDArray[np.float64]
    limits: NDArray[np.float64]
    exponents: tuple[int, ...]


def _scaled(table: Table) -> tuple[NDArray[np.float64], int]:
    above = [v - min(row) for row in table for v in row]
    exponent = max(above).bit_length() - _BITS
    return np.array([_times_power(v, -exponent) for v in above], dtype=np.float64), exponent


def _times_power(value: int, exponent: int) -> float:
    """The float nearest to value * 2**exponent; beyond the range of floats, the greatest float."""
    try:
        return value / (1 << -exponent) if exponent < 0 else float(value << exponent)
    except OverflowError:
        return 1e300 if value > 0 else -1e300


def scale_model(model: Model) -> Scaled:
    """Shift each group's least value to zero and scale by powers of two.

    Integers of more than 53 bits are rounded, so an answer must be checked on the exact model.
    """
    cost, cost_exponent = _scaled(model.cost)
    usage, limits, exponents = [], [], []
    for table, limit in zip(model.usage, model.limits, strict=True):
        row, exponent = _scaled(table)
        left = limit - sum(min(values) for values in table)
        # A limit beyond the sum of the greatest values never binds, however large.
        left = min(left, sum(max(values) - min(values) for values in table))
        usage.append(row)
        exponents.append(exponent)
        limits.append(_times_power(left, -exponent))
    sizes = [len(row) for row in model.labels]
    return Scaled(
        group=np.repeat(np.arange(len(sizes)), sizes),
        cost=cost,
        cost_exponent=cost_exponent,
        usage=np.array(usage, dtype=np.float64).reshape(len(usage), len(cost)),
        limits=np.array(limits, dtype=np.float64),
        exponents=tuple(exponents),
    )

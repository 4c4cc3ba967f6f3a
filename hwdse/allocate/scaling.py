"""Problems in floats of a sensible size, for solvers whose tolerances are absolute."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Exact
from .model import Model

__all__ = ["Scaled", "scale_exact", "scale_model"]

# The greatest coefficient lies in [2**11, 2**12): tolerances of 1e-9 are then some 1e-13 of it,
# yet sums over hundreds of groups stay exact to well below the tolerance.
_BITS = 12

Segments = Sequence[NDArray[Any]]


@dataclass(frozen=True, eq=False)
class Scaled:
    """Cells of all segments one after another, each segment's least value subtracted.

    A segment is a group, or a pair of groups: of each, exactly one cell counts.

    Attributes:
        segment: The segment of each cell.
        cost: Objective, times 2**-cost_exponent.
        cost_exponent: See `cost`.
        usage: One row for each budget, times 2**-exponent of it.
        limits: What remains of each budget above the sum of the least values, likewise scaled.
        exponents: One for each budget.
    """

    segment: NDArray[np.int64]
    cost: NDArray[np.float64]
    cost_exponent: int
    usage: NDArray[np.float64]
    limits: NDArray[np.float64]
    exponents: tuple[int, ...]


def _times_power(value: int, exponent: int) -> float:
    """The float nearest to value * 2**exponent; beyond the range of floats, the greatest float."""
    try:
        return value / (1 << -exponent) if exponent < 0 else float(value << exponent)
    except OverflowError:
        return 1e300 if value > 0 else -1e300


def _scaled(table: Segments) -> tuple[NDArray[np.float64], int]:
    above = [v - min(row) for row in (list(map(int, part)) for part in table) for v in row]
    exponent = max(above).bit_length() - _BITS
    return np.array([_times_power(v, -exponent) for v in above], dtype=np.float64), exponent


def _scale(cost: Segments, usages: Sequence[Segments], bounds: Sequence[int]) -> Scaled:
    scaled_cost, cost_exponent = _scaled(cost)
    usage, limits, exponents = [], [], []
    for table, limit in zip(usages, bounds, strict=True):
        row, exponent = _scaled(table)
        low = sum(int(min(values)) for values in table)
        # A limit beyond the sum of the greatest values never binds, however large.
        left = min(limit - low, sum(int(max(values)) for values in table) - low)
        usage.append(row)
        exponents.append(exponent)
        limits.append(_times_power(left, -exponent))
    sizes = [len(row) for row in cost]
    return Scaled(
        segment=np.repeat(np.arange(len(sizes)), sizes),
        cost=scaled_cost,
        cost_exponent=cost_exponent,
        usage=np.array(usage, dtype=np.float64).reshape(len(usage), len(scaled_cost)),
        limits=np.array(limits, dtype=np.float64),
        exponents=tuple(exponents),
    )


def scale_model(model: Model) -> Scaled:
    """Shift each group's least value to zero and scale by powers of two.

    Integers of more than 53 bits are rounded, so an answer must be checked on the exact model.
    """
    cost = [np.array(row, dtype=object) for row in model.cost]
    usage = [[np.array(row, dtype=object) for row in table] for table in model.usage]
    return _scale(cost, usage, model.limits)


def scale_exact(exact: Exact) -> Scaled:
    """As `scale_model`; pairs follow the groups, with their allowed cells only."""

    def parts(values: NDArray[Any]) -> list[NDArray[Any]]:
        found = np.split(values[: exact.entries], exact.first[1:-1])
        for pair in exact.pairs:
            start = exact.entries + pair.offset
            cells = values[start : start + pair.allowed.size]
            found.append(cells[pair.allowed.reshape(-1)])
        return found

    return _scale(parts(exact.cost), [parts(u) for u in exact.usage], exact.limits)

"""Problems in floats of a sensible size, for solvers whose tolerances are absolute."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Exact

__all__ = ["Scaled", "scale_exact"]

# The greatest coefficient lies in [2**11, 2**12): tolerances of 1e-9 are then some 1e-13 of it,
# yet sums over hundreds of groups stay exact to well below the tolerance.
_BITS = 12


@dataclass(frozen=True, eq=False)
class Scaled:
    """Cells of all segments one after another, each segment's least value subtracted.

    A segment is a group, or a pair of groups: of each, exactly one cell counts.

    Attributes:
        cost: Objective, times a power of two.
        usage: One row for each budget, each times a power of two.
        limits: What remains of each budget above the sum of the least values, likewise scaled.
    """

    cost: NDArray[np.float64]
    usage: NDArray[np.float64]
    limits: NDArray[np.float64]


def scale_exact(exact: Exact) -> Scaled:
    """Shift each segment's least value to zero and scale by powers of two.

    Pairs follow the groups, with their allowed cells only. Integers of more than 53 bits are
    rounded, so an answer must be checked on the exact problem.
    """
    cost, _, _, _ = _scaled(_segments(exact, exact.cost))
    usage, limits = [], []
    for values, limit in zip(exact.usage, exact.limits, strict=True):
        row, exponent, low, high = _scaled(_segments(exact, values))
        usage.append(row)
        # A limit beyond the sum of the greatest values never binds, however large.
        limits.append(_times_power(min(limit, high) - low, -exponent))
    return Scaled(
        cost=cost,
        usage=np.array(usage, dtype=np.float64).reshape(len(usage), len(cost)),
        limits=np.array(limits, dtype=np.float64),
    )


def _segments(exact: Exact, values: NDArray[Any]) -> list[list[int]]:
    found = [part.tolist() for part in np.split(values[: exact.entries], exact.first[1:-1])]
    for pair in exact.pairs:
        start = exact.entries + pair.offset
        cells = values[start : start + pair.allowed.size]
        found.append(cells[pair.allowed.reshape(-1)].tolist())
    return found


def _scaled(segments: list[list[int]]) -> tuple[NDArray[np.float64], int, int, int]:
    """The cells, the exponent of the power of two taken out, and the least and greatest sums."""
    lows = [min(row) for row in segments]
    above = [v - low for row, low in zip(segments, lows, strict=True) for v in row]
    exponent = max(above).bit_length() - _BITS
    cells = np.array([_times_power(v, -exponent) for v in above], dtype=np.float64)
    return cells, exponent, sum(lows), sum(max(row) for row in segments)


def _times_power(value: int, exponent: int) -> float:
    """The float nearest to value * 2**exponent; beyond the range of floats, the greatest float."""
    try:
        return value / (1 << -exponent) if exponent < 0 else float(value << exponent)
    except OverflowError:
        return 1e300 if value > 0 else -1e300

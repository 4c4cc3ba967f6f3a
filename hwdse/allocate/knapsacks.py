"""The specialised solver for problems without couplings (`hwdse.allocate.knapsack`)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse import __version__

from . import knapsack
from .dual import exact_sum
from .exact import Exact, Picks

__all__ = ["TITLE", "KnapsackAnswer", "prepare_knapsack", "solve_knapsack"]

# Where figures of 16 digits and more had to be rounded, an answer this near its bound is optimal.
_ROUNDED = Fraction(1, 10**12)

TITLE = f"hwdse knapsack {__version__}"


@dataclass(frozen=True, eq=False)
class KnapsackAnswer:
    """What the specialised solver says.

    Attributes:
        picks: An answer within every limit, or None.
        bound: In the cost unit, no answer costs less.
        proven: The answer is optimal or, without one, none exists.
        multipliers: Of the usages, for costs as they are: those of its relaxation, if it has any.
    """

    picks: Picks | None
    bound: int | None
    proven: bool
    multipliers: list[Fraction] | None = None


def solve_knapsack(
    exact: Exact,
    *,
    deadline: float | None,
    relative_gap: Fraction,
    warm: knapsack.State | None = None,
) -> KnapsackAnswer:
    """Solve a problem without couplings.

    Figures beyond int64 are rounded downwards. The bound holds all the same, and an answer is
    proven if it is within every limit and within a part in 10**12 of the bound; where it is beyond
    a limit, usages are rounded upwards instead, which gives an answer that is.

    Args:
        exact: The problem.
        deadline: `time.monotonic()` after which to stop.
        relative_gap: Part of the cost's magnitude that cost and bound may differ by.
        warm: From `prepare_knapsack` of the same costs and usages.
    """
    problem, shifts, rounded = _instance(exact, relaxed=True)
    found = knapsack.solve(problem, deadline=deadline, relative_gap=relative_gap, warm=warm)
    picks = None if found.choice is None else exact.first[:-1] + found.choice
    multipliers = _multipliers(found, shifts)
    if not rounded:
        proven = found.status != "stopped"
        return KnapsackAnswer(picks, found.bound, proven=proven, multipliers=multipliers)
    if found.status == "infeasible":
        return KnapsackAnswer(None, None, proven=True)
    error = math.ceil(exact.groups * exact.errors[0])
    bound = None if found.bound is None else (found.bound << shifts[0]) - error
    if picks is None or not exact.is_feasible(picks):
        problem, _, _ = _instance(exact, relaxed=False)
        found = knapsack.solve(problem, deadline=deadline, relative_gap=relative_gap)
        picks = None if found.choice is None else exact.first[:-1] + found.choice
        if picks is None:
            return KnapsackAnswer(None, bound, proven=False, multipliers=multipliers)
    cost = exact.total(exact.cost, picks)
    gap = max(relative_gap, _ROUNDED)
    proven = bound is not None and cost - bound <= gap * abs(cost)
    return KnapsackAnswer(picks, bound, proven=proven, multipliers=multipliers)


def _multipliers(found: knapsack.Outcome, shifts: list[int]) -> list[Fraction] | None:
    if found.multipliers is None:
        return None
    return [
        Fraction(float(m)) * 2 ** shifts[0] / 2**shift
        for m, shift in zip(found.multipliers, shifts[1:], strict=True)
    ]


def prepare_knapsack(exact: Exact) -> knapsack.State:
    """What `solve_knapsack` may use again at other limits."""
    return knapsack.prepare(_instance(exact, relaxed=True)[0])


def _instance(exact: Exact, *, relaxed: bool) -> tuple[knapsack.Knapsack, list[int], bool]:
    """The instance in int64, by how many bits its columns are shifted, and whether it is rounded.

    Args:
        exact: The problem.
        relaxed: Whether what is within the true limits must be within the rounded ones, rather than
            the other way round.
    """
    cost, cost_shift = _shifted(exact, exact.cost)
    usage, limits, shifts = [], [], [cost_shift]
    for values, limit, error in zip(exact.usage, exact.limits, exact.errors[1:], strict=True):
        slack = math.ceil(exact.groups * error)
        if relaxed:
            table, shift = _shifted(exact, values)
            most = (limit + slack) >> shift
        else:
            turned, shift = _shifted(exact, -values)
            table, most = -turned, (limit - slack) >> shift
        shifts.append(shift)
        usage.append(table)
        limits.append(max(min(most, 2**62), -(2**62)))
    tables = np.array(usage, dtype=np.int64).reshape(len(usage), exact.entries)
    bounds = np.array(limits, dtype=np.int64)
    rounded = any(shifts) or any(exact.errors)
    return knapsack.Knapsack(exact.first, cost, tables, bounds), shifts, rounded


def _shifted(exact: Exact, values: NDArray[Any]) -> tuple[NDArray[np.int64], int]:
    """The values, halved downwards as often as it takes for their sums to fit."""
    values = values[: exact.entries]
    high = np.maximum.reduceat(np.abs(values), exact.first[:-1])
    total = exact_sum(high)
    shift = max(0, total.bit_length() - knapsack.MAX_TOTAL.bit_length() + 1)
    if total <= knapsack.MAX_TOTAL:
        shift = 0
    return (values >> shift if shift else values).astype(np.int64), shift

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
from .exact import Exact, Picks, least

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
    whole = _instance(exact, relaxed=True)
    found = knapsack.solve(whole.problem, deadline=deadline, relative_gap=relative_gap, warm=warm)
    picks = None if found.choice is None else exact.first[:-1] + found.choice
    multipliers = _multipliers(found, whole.shifts)
    bound = None if found.bound is None else (found.bound << whole.shifts[0]) + whole.base
    if not whole.rounded:
        proven = found.status != "stopped"
        return KnapsackAnswer(picks, bound, proven=proven, multipliers=multipliers)
    if found.status == "infeasible":
        return KnapsackAnswer(None, None, proven=True)
    error = math.ceil(exact.groups * exact.errors[0])
    bound = None if bound is None else bound - error
    if picks is None or not exact.is_feasible(picks):
        inner = _instance(exact, relaxed=False).problem
        found = knapsack.solve(inner, deadline=deadline, relative_gap=relative_gap)
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
    return knapsack.prepare(_instance(exact, relaxed=True).problem)


def _instance(exact: Exact, *, relaxed: bool) -> _Instance:
    """The instance in int64.

    Args:
        exact: The problem.
        relaxed: Whether what is within the true limits must be within the rounded ones, rather than
            the other way round.
    """
    cost = _fitted(exact, exact.cost)
    tables, limits, shifts = [], [], [cost.shift]
    for values, limit, error in zip(exact.usage, exact.limits, exact.errors[1:], strict=True):
        slack = math.ceil(exact.groups * error)
        if relaxed:
            one = _fitted(exact, values)
            table, most = one.values, (limit + slack - one.base) >> one.shift
        else:
            one = _fitted(exact, -values)
            table, most = -one.values, (limit - slack + one.base) >> one.shift
        tables.append(table)
        shifts.append(one.shift)
        limits.append(max(min(most, 2**62), -(2**62)))
    problem = knapsack.Knapsack(
        exact.first,
        cost.values,
        np.array(tables, dtype=np.int64).reshape(len(tables), exact.entries),
        np.array(limits, dtype=np.int64),
    )
    return _Instance(problem, cost.base, shifts, any(shifts) or any(exact.errors))


@dataclass(frozen=True, eq=False)
class _Instance:
    """A problem for the specialised solver.

    Attributes:
        problem: In int64.
        base: Of the cost, see `_Fitted`.
        shifts: Of the cost and each usage.
        rounded: Whether it is not exactly the problem that it stands for.
    """

    problem: knapsack.Knapsack
    base: int
    shifts: list[int]
    rounded: bool


@dataclass(frozen=True, eq=False)
class _Fitted:
    """A column whose sums fit in int64.

    Attributes:
        values: What is above the group's least figure, halved downwards `shift` times; the figures
            themselves where those fit.
        base: The sum of the least figures, or 0.
        shift: See `values`.
    """

    values: NDArray[np.int64]
    base: int
    shift: int


def _fitted(exact: Exact, values: NDArray[Any]) -> _Fitted:
    values = values[: exact.entries]
    if exact_sum(np.maximum.reduceat(np.abs(values), exact.first[:-1])) <= knapsack.MAX_TOTAL:
        return _Fitted(values.astype(np.int64, copy=False), 0, 0)
    low = least(exact, values)
    above = values - np.repeat(low, np.diff(exact.first))
    total = exact_sum(np.maximum.reduceat(above, exact.first[:-1]))
    shift = 0
    if total > knapsack.MAX_TOTAL:
        shift = total.bit_length() - knapsack.MAX_TOTAL.bit_length() + 1
    return _Fitted((above >> shift).astype(np.int64), exact_sum(low), shift)

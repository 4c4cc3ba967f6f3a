"""The Lagrangian dual of a multiple-choice knapsack, whatever its size.

Relaxing the budgets with multipliers p >= 0 leaves one independent minimum per group, and for any
such p the result is a lower bound (Fisher, "The Lagrangian Relaxation Method for Solving Integer
Programming Problems", 1981). Good multipliers come from cutting planes in floats; the bound is then
computed here in integers, so no error of the floats can make it wrong, only weak.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Exact, as_ratio, in_floats, least
from .knapsack.dual import Cut, maximise

__all__ = ["Dual", "Weighted", "exact_sum", "weigh"]

_OBJECTS = 300_000  # entries up to which Python integers are quick enough
_FEW_BITS = 2**20

Floats = NDArray[np.float64]


@dataclass(eq=False)
class Dual:
    """The dual of a problem, in floats.

    Attributes:
        exact: The problem, without couplings.
    """

    exact: Exact
    _cost: Floats = field(init=False)
    _usage: Floats = field(init=False)
    _scales: list[int] = field(init=False)
    _left: Floats = field(init=False)

    def __post_init__(self) -> None:
        exact = self.exact
        sizes, scales, bases, tables = np.diff(exact.first), [], [], []
        for values in (exact.cost, *exact.usage):
            low = least(exact, values)
            above, scale = in_floats(values[: exact.entries] - np.repeat(low, sizes))
            tables.append(above)
            scales.append(scale)
            bases.append(exact_sum(low))
        self._cost, self._usage = tables[0], np.array(tables[1:]).reshape(-1, exact.entries)
        self._scales = scales
        left = [
            as_ratio(limit - base, scale)
            for limit, base, scale in zip(exact.limits, bases[1:], scales[1:], strict=True)
        ]
        # What lies beyond all usages never binds.
        self._left = np.minimum(np.array(left), exact.groups + 1.0)

    def multipliers(self) -> list[Fraction]:
        """Near-optimal multipliers of the usages, for costs as they are."""
        if not self.exact.limits:
            return []
        best, _, _ = maximise(lambda at: self._evaluate(at, self._cost), self._left, [])
        return self._unscaled(best, self._scales[0])

    def conflict(self) -> list[Fraction]:
        """Multipliers whose weighted sum of usages shows that the limits conflict, if any do."""
        if not self.exact.limits:
            return []
        nothing = np.zeros_like(self._cost)
        best, _, _ = maximise(lambda at: self._evaluate(at, nothing), self._left, [], simplex=True)
        return self._unscaled(best, max(self._scales[1:]))

    def _unscaled(self, multipliers: Floats, scale: int) -> list[Fraction]:
        return [
            Fraction(float(m)) * scale / s
            for m, s in zip(multipliers, self._scales[1:], strict=True)
        ]

    def _evaluate(self, multipliers: Floats, cost: Floats) -> Cut:
        value = cost
        for weight, usage in zip(multipliers, self._usage, strict=True):
            if weight:
                value = value + weight * usage
        first = self.exact.first
        low = np.minimum.reduceat(value, first[:-1])
        at = np.flatnonzero(value == np.repeat(low, np.diff(first)))
        group = np.searchsorted(first, at, side="right")
        picks = at[np.r_[True, group[1:] != group[:-1]]]
        return Cut(float(cost[picks].sum()), self._usage[:, picks].sum(axis=1))


@dataclass(frozen=True, eq=False)
class Weighted:
    """Cost and usages in one weighted sum, in whole numbers.

    Attributes:
        cost: How often a cost counts; 0 only where it was left out.
        usage: How often each usage counts.
        above: Per entry, the weighted sum above the least one of its group.
        total: Least weighted sum of all groups, less the weighted limits: a bound on cost times
            `cost`, over all answers within the limits.
    """

    cost: int
    usage: tuple[int, ...]
    above: NDArray[Any]
    total: int

    @property
    def bound(self) -> int:
        """No answer within the limits costs less."""
        return -(-self.total // self.cost)

    def excludes(self, upper: int) -> NDArray[np.bool_]:
        """Entries that no answer of a cost up to `upper` can hold."""
        return np.asarray(self.above > self.cost * upper - self.total, dtype=bool)


def weigh(exact: Exact, factors: list[Fraction], *, with_cost: bool = True) -> Weighted:
    """The exact weighted sums for multipliers.

    Args:
        exact: The problem, without couplings.
        factors: Multipliers, at least 0.
        with_cost: Whether the cost counts; where it does not, a `total` above 0 proves that there
            is no answer.
    """
    entries = exact.entries
    tables = [values[:entries] for values in (exact.cost, *exact.usage)]
    largest = [max(abs(int(t.max())), abs(int(t.min())), 1) for t in tables]
    one = Fraction(1 if with_cost else 0)
    size = sum((f * m for f, m in zip([one, *factors], largest, strict=True)), Fraction(0))
    scale = min(math.floor(2**61 / size), 2**60) if size else 1
    if scale < 1 or (scale < _FEW_BITS and entries <= _OBJECTS):
        # Enough bits for the smallest multiplier, however far it is from the others.
        small = min((f for f in factors if f > 0), default=Fraction(1))
        bits = small.denominator.bit_length() - small.numerator.bit_length()
        tables, scale = [t.astype(object) for t in tables], 1 << (60 + max(0, bits))
    whole = [round(f * scale) for f in (one, *factors)]
    value = np.zeros(entries, dtype=tables[0].dtype)
    for weight, table in zip(whole, tables, strict=True):
        if weight:
            value = value + weight * table
    low = np.minimum.reduceat(value, exact.first[:-1])
    above = value - np.repeat(low, np.diff(exact.first))
    total = exact_sum(low)
    for weight, limit, error in zip(whole[1:], exact.limits, exact.errors[1:], strict=True):
        total -= weight * (limit + math.ceil(exact.groups * error))
    total -= whole[0] * math.ceil(exact.groups * exact.errors[0])
    return Weighted(whole[0], tuple(whole[1:]), above, total)


def exact_sum(values: NDArray[Any]) -> int:
    """A sum that may leave int64."""
    if values.dtype == object:
        return int(values.sum())
    return (int((values >> 31).sum()) << 31) + int((values & (2**31 - 1)).sum())

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

__all__ = ["Bundle", "Weighted", "weigh"]

_OBJECTS = 300_000  # entries up to which Python integers are quick enough
_FEW_BITS = 2**20
_KEPT = 100  # cuts

Floats = NDArray[np.float64]


@dataclass(eq=False)
class Bundle:
    """Answers of the relaxation met so far: each bounds the dual from above at any limits.

    Attributes:
        exact: The problem, without couplings; its limits are not used.
    """

    exact: Exact
    _cost: Floats = field(init=False)
    _usage: Floats = field(init=False)
    _scales: list[int] = field(init=False)
    _bases: list[int] = field(init=False)
    _cuts: list[Cut] = field(default_factory=list)

    def __post_init__(self) -> None:
        exact = self.exact
        sizes, scales, bases, tables = np.diff(exact.first), [], [], []
        for values in (exact.cost, *exact.usage):
            low = least(exact, values)
            above, scale = in_floats(values[: exact.entries] - np.repeat(low, sizes))
            tables.append(above)
            scales.append(scale)
            bases.append(int(low.sum()))
        self._cost, self._usage = tables[0], np.array(tables[1:]).reshape(-1, exact.entries)
        self._scales, self._bases = scales, bases

    def multipliers(self, limits: tuple[int, ...]) -> list[Fraction]:
        """Near-optimal multipliers of the usages, for costs as they are."""
        if not limits:
            return []
        left = [
            as_ratio(limit - base, scale)
            for limit, base, scale in zip(limits, self._bases[1:], self._scales[1:], strict=True)
        ]
        # What lies beyond all usages never binds.
        spare = np.minimum(np.array(left), self.exact.groups + 1.0)
        best, self._cuts, _ = maximise(self._evaluate, spare, self._cuts[-_KEPT:])
        return [
            Fraction(float(b)) * self._scales[0] / s
            for b, s in zip(best, self._scales[1:], strict=True)
        ]

    def _evaluate(self, multipliers: Floats) -> Cut:
        value = self._cost
        for weight, usage in zip(multipliers, self._usage, strict=True):
            if weight:
                value = value + weight * usage
        first = self.exact.first
        low = np.minimum.reduceat(value, first[:-1])
        at = np.flatnonzero(value == np.repeat(low, np.diff(first)))
        group = np.searchsorted(first, at, side="right")
        picks = at[np.r_[True, group[1:] != group[:-1]]]
        return Cut(float(self._cost[picks].sum()), self._usage[:, picks].sum(axis=1))


@dataclass(frozen=True, eq=False)
class Weighted:
    """Cost and usages in one weighted sum, in whole numbers.

    Attributes:
        cost: How often a cost counts, at least 1.
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


def weigh(exact: Exact, factors: list[Fraction]) -> Weighted:
    """The exact weighted sums for multipliers.

    Args:
        exact: The problem, without couplings.
        factors: Multipliers, at least 0.
    """
    entries = exact.entries
    tables = [values[:entries] for values in (exact.cost, *exact.usage)]
    largest = [max(abs(int(t.max())), abs(int(t.min())), 1) for t in tables]
    size = sum(f * m for f, m in zip([Fraction(1), *factors], largest, strict=True))
    scale = min(math.floor(2**61 / size), 2**60)
    if scale < _FEW_BITS and entries <= _OBJECTS:
        # Enough bits for the smallest multiplier, however far it is from the others.
        small = min((f for f in factors if f > 0), default=Fraction(1))
        bits = small.denominator.bit_length() - small.numerator.bit_length()
        tables, scale = [t.astype(object) for t in tables], 1 << (60 + max(0, bits))
    scale = max(scale, 1)
    whole = [round(f * scale) for f in factors]
    value = tables[0] * scale
    for weight, table in zip(whole, tables[1:], strict=True):
        if weight:
            value = value + weight * table
    low = np.minimum.reduceat(value, exact.first[:-1])
    above = value - np.repeat(low, np.diff(exact.first))
    total = _exact_sum(low)
    for weight, limit, error in zip(whole, exact.limits, exact.errors[1:], strict=True):
        total -= weight * (limit + _ceil(exact.groups * error))
    total -= scale * _ceil(exact.groups * exact.errors[0])
    return Weighted(scale, tuple(whole), above, total)


def _ceil(value: Fraction) -> int:
    return -(-value.numerator // value.denominator)


def _exact_sum(values: NDArray[Any]) -> int:
    """A sum that may leave int64."""
    if values.dtype == object:
        return int(values.sum())
    return (int((values >> 31).sum()) << 31) + int((values & (2**31 - 1)).sum())

"""Many assignments at once: what they cost, whether they are within the limits, and repair."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.allocate.exact import Exact, as_ratio, least

__all__ = ["Repair", "cheapest", "costs_of", "fitting", "lightest", "rows_at_once", "shares"]

Population = NDArray[np.int64]
"""Assignments as rows: the position of the chosen entry of each group, among all entries."""

_CELLS = 5_000_000


def rows_at_once(exact: Exact, most: int) -> int:
    """How many assignments fit comfortably into memory, at least 1 and at most `most`."""
    return max(1, min(most, _CELLS // exact.groups))


def costs_of(exact: Exact, population: Population) -> NDArray[Any]:
    """The cost of each assignment, conversions included."""
    return _sums(exact, exact.cost, population)


def fitting(exact: Exact, population: Population) -> NDArray[np.bool_]:
    """Which of the assignments are within every limit and break no coupling, exactly."""
    good = np.ones(len(population), dtype=bool)
    for usage, limit in zip(exact.usage, exact.limits, strict=True):
        good &= np.asarray(_sums(exact, usage, population) <= limit, dtype=bool)
    for pair in exact.pairs:
        one = population[:, pair.first] - exact.first[pair.first]
        other = population[:, pair.second] - exact.first[pair.second]
        good &= pair.allowed[one, other]
    return good


def cheapest(exact: Exact, population: Population) -> int | None:
    """Of the assignments within the limits the cheapest, the first of equals."""
    inside = np.flatnonzero(fitting(exact, population))
    if not len(inside):
        return None
    return int(inside[np.argmin(costs_of(exact, population[inside]))])


def _sums(exact: Exact, values: NDArray[Any], population: Population) -> NDArray[Any]:
    total = values[population].sum(axis=1)
    for pair in exact.pairs:
        one = population[:, pair.first] - exact.first[pair.first]
        other = population[:, pair.second] - exact.first[pair.second]
        total = total + values[exact.entries + pair.offset + one * pair.allowed.shape[1] + other]
    return np.asarray(total)


def shares(exact: Exact) -> NDArray[np.float64]:
    """What each entry uses above the least of its group, as a share of what each limit leaves.

    Of shape (budgets, entries): floats, to rank entries by; nothing is decided by them.
    """
    found = np.zeros((len(exact.usage), exact.entries))
    for row, usage, limit in zip(found, exact.usage, exact.limits, strict=True):
        low = least(exact, usage)
        above = usage[: exact.entries] - np.repeat(low, np.diff(exact.first))
        left = max(1, limit - int(low.sum()))
        row[:] = (
            [as_ratio(v, left) for v in above.tolist()] if above.dtype == object else above / left
        )
    return found


def lightest(exact: Exact) -> NDArray[np.int64]:
    """Of each group the entry of least shares in all budgets together; of equals the cheapest."""
    weight = shares(exact).sum(axis=0)
    order = np.lexsort((_ranks(exact), weight, exact.group_of))
    return np.asarray(order[exact.first[:-1]], dtype=np.int64)


def _ranks(exact: Exact) -> NDArray[np.int64]:
    """The rank of each entry's cost: comparable whatever the type of the costs."""
    return np.unique(exact.cost[: exact.entries], return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Repair:
    """Brings assignments within the limits: groups in random order fall to their lightest entry.

    Attributes:
        exact: The problem.
        light: See `lightest`.
    """

    exact: Exact
    light: NDArray[np.int64]

    def __call__(self, population: Population, random: np.random.Generator) -> Population:
        """The assignments, repaired as far as that goes; couplings are left as they are."""
        exact = self.exact
        order = np.argsort(random.random(population.shape), axis=1)
        shuffled = np.take_along_axis(population, order, axis=1)
        lighter = self.light[order]
        within = np.ones((len(population), exact.groups + 1), dtype=bool)
        for usage, limit in zip(exact.usage, exact.limits, strict=True):
            total = usage[population].sum(axis=1)[:, None]
            saved = np.cumsum(usage[lighter] - usage[shuffled], axis=1)
            within[:, :1] &= np.asarray(total <= limit, dtype=bool)
            within[:, 1:] &= np.asarray(total + saved <= limit, dtype=bool)
        # Without any prefix that does, all groups fall.
        enough = np.where(within.any(axis=1), within.argmax(axis=1), exact.groups)
        falls = np.arange(exact.groups) < enough[:, None]
        repaired = np.empty_like(population)
        np.put_along_axis(repaired, order, np.where(falls, lighter, shuffled), axis=1)
        return repaired

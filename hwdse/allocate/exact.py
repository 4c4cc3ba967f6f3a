"""The problem in whole numbers: what every option costs and uses, and the limits.

A column's figures are decimals, so over their common denominator every sum is a sum of integers
and a budget is met or it is not: no tolerance enters.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Exact", "Pair", "Picks", "as_ratio", "in_floats", "least"]

Picks = NDArray[np.int64]
"""The position of the chosen entry of each group, among all entries."""


@dataclass(frozen=True, eq=False)
class Pair:
    """What two groups cost together.

    Attributes:
        first: Index of the first group.
        second: Index of the second, not the same.
        offset: Where the pair's cells begin, row by row (first group's entries are the rows).
        allowed: Which pairs of entries may stand together, bool of (entries, entries).
    """

    first: int
    second: int
    offset: int
    allowed: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Exact:
    """Choose one entry per group; minimise the sum of `cost` with every usage within its limit.

    Costs and usages are int64 where all sums fit, Python integers (dtype object) otherwise. The
    cells of pairs, if there are any, follow those of the entries.

    Attributes:
        first: Entries of group g are first[g] .. first[g+1]-1.
        label: The entry of the `Problem` that each entry is.
        cost: The objective (negated when maximising), in `cost_unit`.
        cost_unit: What 1 stands for in `cost`.
        usage: Per budget: what counts against the limit (negated for `>=`).
        limits: Per budget, the greatest sum allowed.
        units: Per budget, what 1 stands for in its usage.
        errors: Greatest deviation of a cell of `cost`, and of each usage, from the figure it stands
            for, in units; above 0 only where a million figures or more had to be rounded.
        pairs: Couplings.
    """

    first: NDArray[np.int64]
    label: NDArray[np.int64]
    cost: NDArray[Any]
    cost_unit: Fraction
    usage: tuple[NDArray[Any], ...]
    limits: tuple[int, ...]
    units: tuple[Fraction, ...]
    errors: tuple[Fraction, ...]
    pairs: tuple[Pair, ...] = ()

    @property
    def groups(self) -> int:
        """How many groups there are."""
        return len(self.first) - 1

    @property
    def entries(self) -> int:
        """How many entries there are."""
        return len(self.label)

    @property
    def group_of(self) -> NDArray[np.int64]:
        """The group of each entry."""
        return np.repeat(np.arange(self.groups), np.diff(self.first))

    def cells(self, picks: Picks) -> NDArray[np.int64]:
        """Every cell that a choice counts: its entries, then its pairs."""
        at = picks - self.first[:-1]
        extra = [
            self.entries + p.offset + int(at[p.first]) * p.allowed.shape[1] + int(at[p.second])
            for p in self.pairs
        ]
        return np.concatenate([picks, np.array(extra, dtype=np.int64)])

    def total(self, values: NDArray[Any], picks: Picks) -> int:
        """The sum of costs, or of a usage, over a choice."""
        return int(values[self.cells(picks)].sum())

    def is_feasible(self, picks: Picks) -> bool:
        """Whether a choice is one entry of each group, allowed, and surely within every limit."""
        if len(picks) != self.groups:
            return False
        if not bool(((picks >= self.first[:-1]) & (picks < self.first[1:])).all()):
            return False
        at = picks - self.first[:-1]
        if not all(bool(p.allowed[at[p.first], at[p.second]]) for p in self.pairs):
            return False
        return all(
            self.total(values, picks) + error * self.groups <= limit
            for values, limit, error in zip(self.usage, self.limits, self.errors[1:], strict=True)
        )

    def with_limits(self, limits: Sequence[int]) -> Exact:
        """The same with other limits."""
        return replace(self, limits=tuple(limits))

    def restrict(self, keep: NDArray[np.bool_]) -> Exact:
        """The same with only some entries; every group must keep one."""
        if bool(keep.all()):
            return self
        kept = np.add.reduceat(keep.astype(np.int64), self.first[:-1])
        pairs, chosen, offset = [], [keep], 0
        for pair in self.pairs:
            rows = keep[self.first[pair.first] : self.first[pair.first + 1]]
            columns = keep[self.first[pair.second] : self.first[pair.second + 1]]
            both = rows[:, None] & columns[None, :]
            chosen.append(both.reshape(-1))
            allowed = pair.allowed[rows][:, columns]
            pairs.append(replace(pair, offset=offset, allowed=allowed))
            offset += allowed.size
        cells = np.concatenate(chosen)
        return replace(
            self,
            first=np.r_[0, np.cumsum(kept)],
            label=self.label[keep],
            cost=self.cost[cells],
            usage=tuple(u[cells] for u in self.usage),
            pairs=tuple(pairs),
        )


def least(exact: Exact, values: NDArray[Any]) -> NDArray[Any]:
    """The least cell of each group's entries."""
    return np.asarray(np.minimum.reduceat(values[: exact.entries], exact.first[:-1]))


def in_floats(values: NDArray[Any]) -> tuple[NDArray[np.float64], int]:
    """The values over the greatest magnitude, and that magnitude (at least 1)."""
    largest = max(1, int(np.abs(values).max(initial=0)))
    if values.dtype == object:  # beyond the range of floats, perhaps; the quotients are not
        return np.array([v / largest for v in values.tolist()], dtype=np.float64), largest
    return values / largest, largest


def as_ratio(value: int, scale: int) -> float:
    """A quotient in floats; the greatest float of its sign beyond their range."""
    try:
        return value / scale
    except OverflowError:
        return 1e300 if value > 0 else -1e300

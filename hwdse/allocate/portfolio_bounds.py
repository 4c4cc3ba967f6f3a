"""Lower bounds on what a set of units can reach, in whole numbers.

With prices on the budgets each layer takes its cheapest option on a unit that is built, so the
bound of a set is a sum of minima and charges, as in facility location. Adding a unit gains at most
what it gains by itself (the gain is submodular: Cornuejols, Fisher and Nemhauser, "Location of Bank
Accounts to Optimize Float", Management Science 1977), which bounds all larger sets at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .portfolio_model import Model

__all__ = ["Bounds"]

_FINE = 2**50  # prices are rounded to so many parts of the sum of all costs
_ROOM = 2**60  # of any sum in int64

Ints = NDArray[np.int64]


@dataclass(eq=False)
class Bounds:
    """Bounds by several sets of prices at once; the greatest counts.

    Units go by their place in `order`. The first rows ask, without any cost, whether a budget by
    itself is out of reach; `add` makes further ones from prices. All sums are in int64: where
    figures have too many digits, each is cut downwards to fewer, which keeps every bound valid.

    Attributes:
        model: The problem.
        order: Units in the order that sets are extended in.
    """

    model: Model
    order: Sequence[int]
    _scales: list[tuple[int, int]] = field(default_factory=list)  # of a cost, and bits cut off
    _bases: list[int] = field(default_factory=list)
    _missing: Ints = field(init=False)  # stands where a unit has no option for a group
    _least: Ints = field(init=False)  # row, unit, layer group: the least weighted sum
    _charge: Ints = field(init=False)
    _rest: Ints = field(init=False)  # row, i, group: the least of units i and after
    _credit: Ints = field(init=False)  # row, i: the sum of negative charges of units i and after

    def __post_init__(self) -> None:
        units, groups = len(self.order), self.model.layer_groups
        self._missing = np.zeros(0, dtype=np.int64)
        self._least = np.zeros((0, units, groups), dtype=np.int64)
        self._charge = np.zeros((0, units), dtype=np.int64)
        self._rest = np.zeros((0, units + 1, groups), dtype=np.int64)
        self._credit = np.zeros((0, units + 1), dtype=np.int64)
        count = len(self.model.exact.usage)
        for at in range(count):
            self._add([0, *(int(i == at) for i in range(count))])

    def add(self, multipliers: Sequence[Fraction]) -> None:
        """Bounds from prices of the usages, each at least 0, in cost units for a unit of it."""
        exact = self.model.exact
        size = int(np.abs(exact.cost).astype(object).sum())
        for price, usage in zip(multipliers, exact.usage, strict=True):
            size += math.ceil(price * int(np.abs(usage).astype(object).sum()))
        small = min((price for price in multipliers if price > 0), default=Fraction(1))
        scale = max(1, _FINE // (size + 1)) * math.ceil(1 / min(small, Fraction(1)))
        self._add([scale, *(round(price * scale) for price in multipliers)])

    def favourites(self) -> Ints:
        """By the last prices, how many layer groups would choose each unit."""
        return np.bincount(self._least[-1].argmin(axis=0), minlength=len(self.order))

    def of_set(self, built: Sequence[int]) -> int | None:
        """No answer that builds just this set costs less; None where there is no such answer."""
        least = self._least[:, list(built)].min(axis=1).sum(axis=1)
        if bool((least > self._missing // 2).any()):
            return None
        return self._greatest(least + self._charge[:, list(built)].sum(axis=1))

    def of_larger(self, built: Sequence[int], following: int, slots: int) -> int | None:
        """As `of_set`, for the set with one to `slots` of the units from `following` on."""
        chosen = list(built)
        here = np.repeat(self._missing[:, None], self._least.shape[2], axis=1)
        if chosen:
            here = self._least[:, chosen].min(axis=1)
        plain = np.minimum(here, self._rest[:, following]).sum(axis=1)
        if bool((plain > self._missing // 2).any()):
            return None
        charge = self._charge[:, chosen].sum(axis=1)
        gains = np.maximum(here[:, None] - self._least[:, following:], 0).sum(axis=2)
        best = np.sort(gains - self._charge[:, following:], axis=1)[:, -slots:]
        gained = here.sum(axis=1) - np.maximum(best, 0).sum(axis=1)
        return self._greatest(charge + np.maximum(plain + self._credit[:, following], gained))

    def _greatest(self, sums: Ints) -> int | None:
        best: int | None = None
        for total, base, (scale, cut) in zip(sums.tolist(), self._bases, self._scales, strict=True):
            value = (total << cut) + base
            if scale == 0:
                if value > 0:
                    return None
            elif best is None or value > best * scale:
                best = -(-value // scale)
        return best

    def _add(self, weights: Sequence[int]) -> None:
        exact, groups, units = self.model.exact, self.model.layer_groups, len(self.order)
        value: NDArray[Any] = np.zeros(exact.entries, dtype=object)
        for weight, table in zip(weights, (exact.cost, *exact.usage), strict=True):
            if weight:
                value = value + weight * table.astype(object)
        size = int(np.abs(value).sum()) + exact.entries
        # More than any sum without a missing option, however many units and groups there are.
        room = _ROOM // (8 * (groups + 1) * (units + 1))
        cut = max(0, size.bit_length() - room.bit_length() + 1)
        whole = (value >> cut).astype(np.int64)
        missing = 4 * (size >> cut) + 5 * exact.entries
        least = np.full((units, groups), missing, dtype=np.int64)
        entries = int(exact.first[groups])
        place = np.empty(units, dtype=np.int64)
        place[list(self.order)] = np.arange(units)
        at = place[self.model.entry_unit[:entries]]
        np.minimum.at(least, (at, exact.group_of[:entries]), whole[:entries])
        charge = whole[[self.model.built_entry(unit) for unit in self.order]]
        last = np.full((1, groups), missing, dtype=np.int64)
        rest = np.minimum.accumulate(np.r_[last, least[::-1]], axis=0)[::-1]
        credit = np.r_[np.minimum(charge, 0)[::-1].cumsum()[::-1], 0]
        base = -sum(w * int(limit) for w, limit in zip(weights[1:], exact.limits, strict=True))
        self._scales.append((weights[0], cut))
        self._bases.append(base)
        self._missing = np.r_[self._missing, missing]
        self._least = np.concatenate([self._least, least[None]])
        self._charge = np.concatenate([self._charge, charge[None]])
        self._rest = np.concatenate([self._rest, rest[None]])
        self._credit = np.concatenate([self._credit, credit[None]])

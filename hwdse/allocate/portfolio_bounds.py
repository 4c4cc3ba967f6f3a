"""Lower bounds on what a set of units can reach, in whole numbers.

With prices on the budgets each layer takes its cheapest option on a unit that is built, so the
bound of a set is a sum of minima and charges, as in facility location. Adding a unit gains at most
what it gains by itself (the gain is submodular: Cornuejols, Fisher and Nemhauser, "Location of Bank
Accounts to Optimize Float", Management Science 1977), which bounds all larger sets at once.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .portfolio_model import Model

__all__ = ["Priced", "budget_test", "priced"]

_BITS = 2**40
_ROOM = 2**60  # of a sum over all groups


@dataclass(frozen=True, eq=False)
class Priced:
    """Cost and usages in one weighted sum.

    Attributes:
        scale: How often a cost counts; 0 where only usages do, of which the sum must then be <= 0.
        least: Least weighted sum of each layer group on each unit; shape (units, groups).
        charge: Of each unit, in the same weights.
        base: Less the weighted limits.
        missing: Stands in `least` where a unit has no option for a group; no sum of what is
            there comes near it.
        rest: Entry i has the least of units i and after, as `least`; one more than there are units.
        credit: Entry i has the sum of the negative charges of units i and after.
    """

    scale: int
    least: NDArray[Any]
    charge: NDArray[Any]
    base: int
    missing: int
    rest: NDArray[Any]
    credit: NDArray[Any]

    def of_set(self, built: Sequence[int]) -> int | None:
        """The bound of a set of units; None where a layer has no option on any."""
        chosen = list(built)
        total = int(self.least[chosen].min(axis=0).sum()) if chosen else self.missing
        if total > self.missing // 2:
            return None
        return total + int(self.charge[chosen].sum()) + self.base

    def of_larger(self, built: Sequence[int], following: int, slots: int) -> int | None:
        """The bound of the set with at most `slots` (>= 1) of the units from `following` on."""
        chosen = list(built)
        nothing = np.full(self.least.shape[1], self.missing, dtype=self.least.dtype)
        here = self.least[chosen].min(axis=0) if chosen else nothing
        charge = int(self.charge[chosen].sum()) + self.base
        plain = int(np.minimum(here, self.rest[following]).sum())
        if plain > self.missing // 2:
            return None
        bound = plain + charge + int(self.credit[following])
        # In Python's integers: with groups that none serves yet the sums may leave int64.
        gains = np.maximum(here - self.least[following:], 0).astype(object).sum(axis=1)
        best = sorted((gains - self.charge[following:]).tolist(), reverse=True)[:slots]
        gained = sum(gain for gain in best if gain > 0)
        return max(bound, int(here.astype(object).sum()) + charge - int(gained))


def priced(model: Model, order: Sequence[int], multipliers: Sequence[Fraction]) -> Priced:
    """Bounds from prices of the usages, each at least 0.

    Args:
        model: The problem.
        order: Units in the order that sets are extended in; `Priced` counts them so.
        multipliers: One for each usage, in cost units for a unit of it.
    """
    exact = model.exact
    weights = [Fraction(1), *multipliers]
    tables = [exact.cost, *exact.usage]
    size = 1 + sum(
        weight * int(np.abs(table).astype(object).sum())
        for weight, table in zip(weights, tables, strict=True)
    )
    scale = math.floor(_ROOM / (4 * size * (model.layer_groups + 1)))
    wide = scale < _BITS
    if wide:
        small = min(weight for weight in weights if weight > 0)
        scale = math.ceil(_BITS / min(small, Fraction(1)))
    whole = [scale, *(round(m * scale) for m in multipliers)]
    return _of(model, order, whole, wide=wide)


def budget_test(model: Model, order: Sequence[int], at: int) -> Priced:
    """What is above 0 for a set of units, if the usage `at` is beyond its limit."""
    weights = [0] * (len(model.exact.usage) + 1)
    weights[at + 1] = 1
    return _of(model, order, weights, wide=True)


def _of(model: Model, order: Sequence[int], weights: Sequence[int], *, wide: bool) -> Priced:
    exact, groups, units = model.exact, model.layer_groups, len(order)
    value: Any = 0
    for weight, table in zip(weights, (exact.cost, *exact.usage), strict=True):
        if weight:
            value = value + weight * (table.astype(object) if wide else table)
    entries = int(exact.first[groups])
    # All that any sum of these can be, so that no sum with one missing is taken for one without.
    missing = 4 * int(np.abs(value).astype(object).sum()) + 1
    roomy = missing * (groups + 1) < 2**62
    kind: Any = np.int64 if roomy else object
    least = np.full((units, groups), missing, dtype=kind)
    group = exact.group_of[:entries]
    place = np.empty(units, dtype=np.int64)
    place[list(order)] = np.arange(units)
    at = place[model.entry_unit[:entries]]
    np.minimum.at(least, (at, group), value[:entries].astype(kind))
    built = [model.built_entry(unit) for unit in order]
    idle = [entry - 1 for entry in built]
    charge = (value[built] - value[idle]).astype(kind)
    last = np.full((1, groups), missing, dtype=kind)
    rest = np.minimum.accumulate(np.r_[last, least[::-1]], axis=0)[::-1]
    credit = np.r_[np.minimum(charge, 0)[::-1].cumsum()[::-1], np.zeros(1, dtype=kind)]
    base = -sum(w * int(limit) for w, limit in zip(weights[1:], exact.limits, strict=True))
    return Priced(weights[0], least, charge, base, missing, rest, credit)

"""The Lagrangian relaxation in exact integers, from any multipliers.

Costs are scaled by a power of two and each usage by its multiplier, a whole number over a power of
two; each product is rounded down. For an answer within the limits the rounded sum cannot exceed
`cost * 2**shift` plus the rounded products of the limits, so the least sum is a proven bound, and
an answer cheaper than some cost has no more excess over that least sum than `room` says.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .columns import Columns, Floats
from .instance import Ints, exact_sum

__all__ = ["Relaxation", "relax"]

_BITS = 61  # the greatest weighted sum stays below 2**62
_NOISE = 1 << (_BITS - 50)
_MASK = np.uint64((1 << 32) - 1)
_HALF = np.uint64(32)


@dataclass(frozen=True, eq=False)
class Relaxation:
    """What a set of multipliers says about every answer within the limits.

    Attributes:
        base: The option of each group of least weighted sum, as an index into all options.
        excess: The weighted sum of each option above that of its group's base; shape (options,).
            Forbidden options have the greatest int64.
        shift: Costs count `2**shift` times; None: not at all.
        offset: The least weighted sum less that of the limits.
        multiplier: Weight of each usage, in the units of the weighted sum (a float, for guidance
            and, with a margin, for windows).
    """

    base: Ints
    excess: Ints
    shift: int | None
    offset: int
    multiplier: Floats

    def room(self, cost: int | None) -> int:
        """The greatest excess of an answer within the limits that costs no more than this.

        Negative when there is none. None, or no weight on the cost: of any cost.
        """
        if self.shift is None:
            return -self.offset
        if cost is None:
            return (1 << 63) - 2
        return _shifted(cost, self.shift) - self.offset

    def least_cost(self, excess: int) -> int | None:
        """No answer within the limits whose excess is at least this costs less than the result.

        Args:
            excess: Zero for the bound on all answers.

        Returns:
            None when costs have no weight: nothing is known.
        """
        if self.shift is None:
            return None
        return -_shifted(-(excess + self.offset), -self.shift)


def _shifted(value: int, shift: int) -> int:
    """value * 2**shift, rounded down."""
    return value << shift if shift >= 0 else value >> -shift


def relax(
    columns: Columns,
    limit: tuple[int, ...],
    multipliers: Floats,
    forbidden: Ints,
    *,
    weigh_cost: bool = True,
) -> Relaxation:
    """The relaxation at these multipliers.

    Args:
        columns: The problem.
        limit: What is left of each limit above the least usage; not negative.
        multipliers: Non-negative; for columns scaled to a range of one.
        forbidden: Options that cannot be chosen.
        weigh_cost: Whether the cost counts.
    """
    spans = np.maximum(1.0, np.array(columns.usage_range, dtype=float))
    worth = np.where(spans > 0, multipliers / spans, 0.0)  # in units of the cost's range
    cost_weight = 1.0 / max(1.0, float(columns.cost_range)) if weigh_cost else 0.0
    total = cost_weight * columns.cost_range + float(
        sum(w * r for w, r in zip(worth, columns.usage_range, strict=True))
    )
    if not total > 0.0:
        total = 1.0
    # A power of two times the cost weight is what one unit of cost counts.
    unit = max(1.0, float(columns.cost_range)) if weigh_cost else 1.0
    shift = _BITS - 1 - math.frexp(total * unit)[1]
    weighted = _column(columns.cost, shift) if weigh_cost else np.zeros_like(columns.cost)
    offset = 0
    actual = np.zeros(len(limit))
    for i, row in enumerate(columns.usage):
        mantissa, exponent = math.frexp(float(worth[i] * unit))
        power = 62 - (exponent + shift)
        numerator = int(math.ldexp(mantissa, 62))
        if numerator == 0 or columns.usage_range[i] == 0 or power >= 125:
            continue
        weighted += _product(row, numerator, power)
        offset -= (numerator * limit[i]) >> power
        actual[i] = math.ldexp(numerator, -power)
    if len(forbidden):
        weighted[forbidden] = np.iinfo(np.int64).max
    least = columns.least(weighted)
    base = columns.least_at(weighted)
    weighted -= columns.spread(least)
    # Less than the multipliers are good for: counted as none, so that ties are seen as such. An
    # excess too small is as valid as a bound too low.
    weighted[weighted <= _NOISE] = 0
    if len(forbidden):
        weighted[forbidden] = np.iinfo(np.int64).max
    return Relaxation(
        base=base,
        excess=weighted,
        shift=shift if weigh_cost else None,
        offset=offset + exact_sum(least),
        multiplier=actual,
    )


def _column(values: Ints, shift: int) -> Ints:
    return values << shift if shift >= 0 else values >> -shift


def _product(values: Ints, numerator: int, power: int) -> Ints:
    """floor(values * numerator / 2**power), by halves of 32 bits.

    Args:
        values: Non-negative, below 2**63.
        numerator: Positive, at most 2**62.
        power: 0 to 124; the result must fit in int64.
    """
    x = values.astype(np.uint64)
    x_low, x_high = x & _MASK, x >> _HALF
    n_low, n_high = np.uint64(numerator & 0xFFFFFFFF), np.uint64(numerator >> 32)
    low = x_low * n_low
    # Neither sum overflows: (2**32 - 1)**2 + 2 * (2**32 - 1) < 2**64.
    middle = x_high * n_low + (low >> _HALF)
    other = x_low * n_high + (middle & _MASK)
    high = x_high * n_high + (middle >> _HALF) + (other >> _HALF)
    low = (other << _HALF) | (low & _MASK)
    if power == 0:
        result = low
    elif power < 64:
        result = (high << np.uint64(64 - power)) | (low >> np.uint64(power))
    else:
        result = high >> np.uint64(power - 64)
    return result.astype(np.int64)

"""What is to be solved, and what came out: a multiple-choice knapsack in exact integers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["MAX_TOTAL", "Ints", "Knapsack", "Outcome", "check", "exact_sum"]

Ints = NDArray[np.int64]

MAX_TOTAL = (1 << 61) - 1
"""Greatest sum, over the groups, of a column's largest magnitude in each group."""

_HALF = 32


@dataclass(frozen=True, eq=False)
class Knapsack:
    """Choose one option of each group; minimise the cost with every usage within its limit.

    Attributes:
        first: Where each group's options begin, and at last their number; shape (groups + 1,).
        cost: To be minimised, of any sign; shape (options,).
        usage: Of any sign; shape (budgets, options).
        limit: The greatest sum of each usage over the chosen options; shape (budgets,).
    """

    first: Ints
    cost: Ints
    usage: Ints
    limit: Ints


@dataclass(frozen=True, eq=False)
class Outcome:
    """The best answer found and what is proven about it.

    Attributes:
        choice: Each group's option, counted within the group; None when no answer was found.
        cost: Its cost.
        bound: No answer within the limits costs less; equal to `cost` when that is the optimum.
            None when there is none at all.
        status: `optimal`: within the relative gap that was asked for; `infeasible`: proven that no
            answer exists; `stopped`: neither was proven in time.
        method: In words, what settled it.
        multipliers: Of the linear relaxation, one for each budget; None where there
            is no answer.
    """

    choice: Ints | None
    cost: int | None
    bound: int | None
    status: Literal["optimal", "infeasible", "stopped"]
    method: str
    multipliers: NDArray[np.float64] | None = None


def exact_sum(values: Ints) -> int:
    """The sum of int64 values, which may be beyond int64 itself."""
    high = int((values >> _HALF).sum())
    low = int((values & ((1 << _HALF) - 1)).sum())
    return (high << _HALF) + low


def check(problem: Knapsack) -> None:
    """Refuse what the integer arithmetic of this package cannot hold.

    Raises:
        ValueError: For shapes that do not fit together, other types than int64, a group without
            options, or a column whose magnitudes sum to more than `MAX_TOTAL`.
    """
    first, cost, usage, limit = problem.first, problem.cost, problem.usage, problem.limit
    for name, array in (("first", first), ("cost", cost), ("usage", usage), ("limit", limit)):
        if array.dtype != np.int64:
            raise ValueError(f"{name} must be int64, not {array.dtype}")
    if first.ndim != 1 or len(first) < 2 or first[0] != 0 or first[-1] != len(cost):
        raise ValueError("first must run from 0 to the number of options")
    if (np.diff(first) < 1).any():
        raise ValueError("every group needs an option")
    if cost.ndim != 1 or limit.ndim != 1 or usage.shape != (len(limit), len(cost)):
        raise ValueError(
            f"shapes of cost {cost.shape}, usage {usage.shape} and limit {limit.shape} do not agree"
        )
    for name, column in (("cost", cost), *((f"usage {i}", row) for i, row in enumerate(usage))):
        high = np.maximum.reduceat(column, first[:-1])
        low = np.minimum.reduceat(column, first[:-1])
        # |-2**63| is not an int64; the values themselves are compared before any sign is turned.
        if int(low.min()) < -MAX_TOTAL or exact_sum(np.maximum(high, -low)) > MAX_TOTAL:
            raise ValueError(f"magnitudes of {name} sum to more than {MAX_TOTAL}")

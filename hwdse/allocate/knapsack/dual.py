"""Near-optimal Lagrangian multipliers in floats, by cutting planes in the space of multipliers.

Each evaluation of the relaxation gives one cut (Kelley, "The Cutting-Plane Method for Solving
Convex Programs", 1960). The little linear program of the cuts is centred on the best multipliers
and scaled by what is still to be gained, so that its absolute tolerances never show. Nothing is
claimed here: `relaxation` turns the result into an exact bound.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import highspy
import numpy as np

from .columns import Floats

__all__ = ["Cut", "maximise"]

_ROUNDS = 300
_KEPT = 60  # cuts in the linear program
_WIDEST = 1e9  # multipliers beyond this, for columns of range one, mean that there is no limit
_PRECISION = 1e-15


@dataclass(frozen=True, eq=False)
class Cut:
    """The sums of one answer of the relaxation, scaled.

    Attributes:
        cost: Its cost.
        usage: Its usage of each budget.
    """

    cost: float
    usage: Floats


def maximise(
    evaluate: Callable[[Floats], Cut],
    limit: Floats,
    known: list[Cut],
    *,
    simplex: bool = False,
) -> tuple[Floats, list[Cut], bool]:
    """Maximise the Lagrangian bound, min over answers of cost + multipliers . (usage - limit).

    Args:
        evaluate: The answer of least cost + multipliers . usage.
        limit: The scaled limits.
        known: Cuts found before, for any limits.
        simplex: The multipliers sum to one (and the cost is nought): for proofs of infeasibility.

    Returns:
        The multipliers, all cuts, and whether the maximum lies beyond all bounds.
    """
    budgets = len(limit)
    solver = _solver()
    best = np.full(budgets, 1.0 / budgets) if simplex else np.zeros(budgets)
    cuts = list(known)
    widest = 1.0 if simplex else 8.0
    first = evaluate(best)
    cuts.append(first)
    value = first.cost + float(best @ (first.usage - limit))
    gain = 1.0
    for _ in range(_ROUNDS):
        b = np.array([c.cost for c in cuts])
        slope = np.array([c.usage for c in cuts]) - limit
        height = b + slope @ best - value
        step = _step(solver, height, slope, best, widest, gain, simplex=simplex)
        if step is None:
            break
        trial, gain = step
        if not simplex and (trial > 0.999 * widest).any() and widest < _WIDEST:
            widest *= 64.0
            gain = max(gain, 1e-6)
        if gain <= _PRECISION * max(1e-6, abs(value)):
            break
        cut = evaluate(trial)
        reached = cut.cost + float(trial @ (cut.usage - limit))
        cuts.append(cut)
        if reached > value:
            best, value = trial, reached
        elif reached + gain * 1e-7 < value and gain < 1e-13:
            break
    unlimited = bool(not simplex and (best > 0.9 * _WIDEST).any())
    return best, cuts, unlimited


def _step(
    solver: highspy.Highs,
    height: Floats,
    slope: Floats,
    best: Floats,
    widest: float,
    gain: float,
    *,
    simplex: bool,
) -> tuple[Floats, float] | None:
    """Where the cuts are highest, and by how much more than the best value."""
    near = np.argsort(height, kind="stable")[:_KEPT]
    height, slope = height[near], slope[near]
    scale = max(gain, 1e-16)
    reach = np.maximum(np.abs(slope).max(axis=0), 1e-300)
    # In units of `scale` for the height, and of `scale / reach` for each multiplier.
    matrix = np.column_stack([np.ones(len(near)), -slope / reach])
    low = np.concatenate([[0.0], -best * reach / scale])
    high = np.concatenate([[np.inf], (widest - best) * reach / scale])
    upper = np.clip(height / scale, 0.0, 1e12)
    if simplex:
        matrix = np.vstack([matrix, np.concatenate([[0.0], 1.0 / reach])])
        upper = np.append(upper, 0.0)
    lower = np.full(len(upper), -np.inf)
    if simplex:
        lower[-1] = 0.0
    solution = _linear_program(solver, matrix, lower, upper, low, high)
    if solution is None:
        return None
    trial = np.clip(best + solution[1:] * scale / reach, 0.0, widest)
    return trial, float(solution[0]) * scale


def _solver() -> highspy.Highs:
    """One solver for all steps: making one takes longer than solving."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("presolve", "off")
    return solver


def _linear_program(
    solver: highspy.Highs,
    matrix: Floats,
    lower: Floats,
    upper: Floats,
    low: Floats,
    high: Floats,
) -> Floats | None:
    rows, columns = matrix.shape
    lp = highspy.HighsLp()
    lp.num_col_, lp.num_row_ = columns, rows
    lp.col_cost_ = np.concatenate([[-1.0], np.zeros(columns - 1)])
    lp.col_lower_, lp.col_upper_ = low, high
    lp.row_lower_, lp.row_upper_ = lower, upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_ = np.arange(0, rows * columns + 1, columns, dtype=np.int32)
    lp.a_matrix_.index_ = np.tile(np.arange(columns, dtype=np.int32), rows)
    lp.a_matrix_.value_ = np.ascontiguousarray(matrix).ravel()
    solver.passModel(lp)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return np.array(solver.getSolution().col_value)

"""Multiple-choice knapsacks in exact integers: the optimum with its proof, and the frontier."""

from __future__ import annotations

from .frontier import Frontier, frontier, supported
from .instance import MAX_TOTAL, Knapsack, Outcome
from .solver import State, prepare, solve

__all__ = [
    "MAX_TOTAL",
    "Frontier",
    "Knapsack",
    "Outcome",
    "State",
    "frontier",
    "prepare",
    "solve",
    "supported",
]

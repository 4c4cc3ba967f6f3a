"""Allocation: which option each layer takes, under budgets, with a proof of how good it is.

This room knows only tables. Its public names load on first use, so that importing it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwdse.lazy import names_on_demand

if TYPE_CHECKING:
    from .budget import Budget, parse_budget
    from .driver import NoResultError, solve
    from .pareto import frontier
    from .problem import Problem, build_problem
    from .result import Allocation
    from .table import read_table

__all__ = [
    "Allocation",
    "Budget",
    "NoResultError",
    "Problem",
    "build_problem",
    "frontier",
    "parse_budget",
    "read_table",
    "solve",
]

_HOME = {
    "Allocation": "result",
    "Budget": "budget",
    "NoResultError": "driver",
    "Problem": "problem",
    "build_problem": "problem",
    "frontier": "pareto",
    "parse_budget": "budget",
    "read_table": "table",
    "solve": "driver",
}

__getattr__, __dir__ = names_on_demand(__name__, _HOME)

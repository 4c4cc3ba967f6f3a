"""Allocation: which option each layer takes, under budgets, with a proof of how good it is.

This room knows only tables. Its public names load on first use, so that importing it costs nothing.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

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

# No submodule may bear the name of a public function: importing it would hide the function.
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


def __getattr__(name: str) -> Any:
    if name in _HOME:
        return getattr(importlib.import_module(f".{_HOME[name]}", __name__), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})

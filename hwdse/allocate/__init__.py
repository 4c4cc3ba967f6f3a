"""Allocation: which option each layer takes, under budgets, with a proof of how good it is.

This room knows only tables. Its public names load on first use, so that importing it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwdse.lazy import names_on_demand

if TYPE_CHECKING:
    from .budget import Budget, parse_budget
    from .check import CertificateError
    from .conflict import NoResultError
    from .driver import Prepared, prepare_table, solve
    from .pareto import frontier
    from .problem import Problem, build_problem
    from .problem_file import ProblemFile, read_problem_file
    from .result import Allocation, Check, Stage
    from .rules import Conversion, Implication, Rules
    from .table import read_table

_HOME = {
    "Allocation": "result",
    "Budget": "budget",
    "CertificateError": "check",
    "Check": "result",
    "Conversion": "rules",
    "Implication": "rules",
    "NoResultError": "conflict",
    "Prepared": "driver",
    "Problem": "problem",
    "ProblemFile": "problem_file",
    "Rules": "rules",
    "Stage": "result",
    "build_problem": "problem",
    "frontier": "pareto",
    "parse_budget": "budget",
    "prepare_table": "driver",
    "read_problem_file": "problem_file",
    "read_table": "table",
    "solve": "driver",
}

__all__ = [
    "Allocation",
    "Budget",
    "CertificateError",
    "Check",
    "Conversion",
    "Implication",
    "NoResultError",
    "Prepared",
    "Problem",
    "ProblemFile",
    "Rules",
    "Stage",
    "build_problem",
    "frontier",
    "parse_budget",
    "prepare_table",
    "read_problem_file",
    "read_table",
    "solve",
]

__getattr__, __dir__ = names_on_demand(__name__, _HOME)

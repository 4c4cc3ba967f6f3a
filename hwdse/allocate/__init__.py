"""Allocation: which option each layer takes, under budgets, with a proof of how good it is.

This room knows only tables. Its public names load on first use, so that importing it costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from hwdse.lazy import names_on_demand

if TYPE_CHECKING:
    from .baselines import Baseline, Comparison, compare
    from .budget import Budget, as_budgets, parse_budget
    from .check import CertificateError
    from .conflict import NoResultError
    from .driver import Prepared, prepare_table, solve
    from .pareto import frontier
    from .portfolio_result import Portfolio
    from .portfolio_solve import portfolio, portfolio_frontier
    from .portfolio_tables import read_option_rows, read_units
    from .problem import Problem, build_problem
    from .problem_file import ProblemFile, read_problem_file
    from .result import Allocation, Check, Stage
    from .rules import Conversion, Implication, Rules
    from .surface import Cell, Surface, frontier_surface
    from .table import read_table

_HOME = {
    "Allocation": "result",
    "Baseline": "baselines",
    "Budget": "budget",
    "Cell": "surface",
    "CertificateError": "check",
    "Check": "result",
    "Comparison": "baselines",
    "Conversion": "rules",
    "Implication": "rules",
    "NoResultError": "conflict",
    "Portfolio": "portfolio_result",
    "Prepared": "driver",
    "Problem": "problem",
    "ProblemFile": "problem_file",
    "Rules": "rules",
    "Stage": "result",
    "Surface": "surface",
    "as_budgets": "budget",
    "build_problem": "problem",
    "compare": "baselines",
    "frontier": "pareto",
    "frontier_surface": "surface",
    "parse_budget": "budget",
    "portfolio": "portfolio_solve",
    "portfolio_frontier": "portfolio_solve",
    "prepare_table": "driver",
    "read_option_rows": "portfolio_tables",
    "read_problem_file": "problem_file",
    "read_table": "table",
    "read_units": "portfolio_tables",
    "solve": "driver",
}

__all__ = [
    "Allocation",
    "Baseline",
    "Budget",
    "Cell",
    "CertificateError",
    "Check",
    "Comparison",
    "Conversion",
    "Implication",
    "NoResultError",
    "Portfolio",
    "Prepared",
    "Problem",
    "ProblemFile",
    "Rules",
    "Stage",
    "Surface",
    "as_budgets",
    "build_problem",
    "compare",
    "frontier",
    "frontier_surface",
    "parse_budget",
    "portfolio",
    "portfolio_frontier",
    "prepare_table",
    "read_option_rows",
    "read_problem_file",
    "read_table",
    "read_units",
    "solve",
]

__getattr__, __dir__ = names_on_demand(__name__, _HOME)

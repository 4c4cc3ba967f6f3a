"""Portfolios: which units to build, and which of them each layer runs on."""

from __future__ import annotations

import importlib.metadata
import math
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np
import pandas as pd

from hwdse.errors import HwdseError, nearest_hint

from .budget import Budget, Budgets, as_budgets
from .conflict import NoResultError
from .driver import effort_of
from .exact import Picks
from .finish import rows_of_picks
from .ilp import pick_solver, solver_title
from .numbers import bound_to_float
from .outcome import Effort
from .portfolio_conflict import no_portfolio
from .portfolio_ilp import solve_program
from .portfolio_model import Goal, Model, build_model
from .portfolio_result import Portfolio, check_portfolio, exact_totals
from .portfolio_search import TITLE, Searched, rank, search
from .portfolio_tables import Tables, build_tables

__all__ = ["SECOND", "portfolio", "portfolio_frontier"]

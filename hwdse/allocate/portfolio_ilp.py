"""The portfolio as a fixed-charge integer program, by HiGHS or CBC through PuLP.

It is the second opinion: what it says is checked, never believed.
"""

from __future__ import annotations

import itertools
import math
import warnings
from typing import Any

import numpy as np

from .exact import Picks
from .ilp import IlpAnswer, engine
from .portfolio_model import Model
from .scaling import scale_exact

__all__ = ["solve_program"]

# Tries at an answer that breaks a budget by less than the solver's tolerance; see `ilp`.
_TRIES = 8


def solve_program(model: Model, *, solver: str, time_limit: float | None) -> IlpAnswer:
    """Solve the integer program: a layer's options on a unit sum to at most `built` of that unit.

    Costs and usages are shifted and scaled as in `ilp`.

    Args:
        model: The problem.
        solver: `highs` or `cbc`.
        time_limit: Seconds, or None.
    """
    import pulp

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # PuLP announces its own coming changes
        program, binary = _program(pulp, model)
        for attempt in range(_TRIES):
            limit = None if time_limit is None else time_limit / (attempt + 1)
            try:
                program.solve(engine(pulp, solver, limit))
            except pulp.PulpSolverError:
                break
            if program.status == pulp.LpStatusInfeasible:
                return IlpAnswer(None, proven=True)
            values = [v.varValue for v in binary]
            if program.status != pulp.LpStatusOptimal or not all(
                v is not None and math.isfinite(v) for v in values
            ):
                break
            picks = _round(model, values)
            if model.is_feasible(picks):
                return IlpAnswer(picks, proven=program.sol_status == pulp.LpSolutionOptimal)
            program += pulp.lpSum(binary[p] for p in picks.tolist()) <= len(picks) - 1
    return IlpAnswer(None, proven=False)


def _round(model: Model, values: list[float]) -> Picks:
    parts = np.split(np.array(values, dtype=np.float64), model.exact.first[1:-1])
    return np.asarray(model.exact.first[:-1] + np.array([int(np.argmax(part)) for part in parts]))


def _program(pulp: Any, model: Model) -> tuple[Any, list[Any]]:
    exact = model.exact
    scaled = scale_exact(exact)
    program = pulp.LpProblem("portfolio", pulp.LpMinimize)
    binary = [pulp.LpVariable(f"x{p:06d}", cat="Binary") for p in range(exact.entries)]
    program += pulp.lpSum(
        c * v for c, v in zip(scaled.cost.tolist(), binary, strict=True) if c != 0.0
    )
    bounds = list(itertools.pairwise(exact.first.tolist()))
    for start, end in bounds:
        program += pulp.lpSum(binary[start:end]) == 1
    for start, end in bounds[: model.layer_groups]:
        units = model.entry_unit[start:end]
        for unit in sorted(set(units.tolist())):
            on_it = [binary[start + int(at)] for at in np.flatnonzero(units == unit)]
            program += pulp.lpSum(on_it) <= binary[model.built_entry(unit)]
    for row, limit in zip(scaled.usage.tolist(), scaled.limits.tolist(), strict=True):
        used = [u * v for u, v in zip(row, binary, strict=True) if u != 0.0]
        if used:
            program += pulp.lpSum(used) <= limit
        elif limit < 0:
            program += pulp.lpSum(binary[:1]) >= 2  # the least of everything is beyond it
    return program, binary

"""The integer program, by HiGHS or CBC through PuLP. What it says is checked, never believed."""

from __future__ import annotations

import contextlib
import importlib.metadata
import importlib.util
import itertools
import math
import re
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from hwdse.errors import HwdseError

from .exact import Exact, Picks
from .scaling import Scaled, scale_exact

__all__ = ["IlpAnswer", "engine", "pick_solver", "solve_ilp", "solver_title"]

# Tries at an answer that breaks a budget by less than the solver's tolerance, each excluded by a
# cut that nothing else breaks. Then the enumeration decides.
_TRIES = 8


@dataclass(frozen=True, eq=False)
class IlpAnswer:
    """What the solver found.

    Attributes:
        picks: An assignment that meets every budget exactly, or None.
        proven: The solver called it optimal (or, with no picks, the problem infeasible).
    """

    picks: Picks | None
    proven: bool


def pick_solver(name: str) -> str:
    """`highs` or `cbc` for `auto` or either name, whichever of them is usable.

    Raises:
        HwdseError: No such solver, or it is not installed.
    """
    if name in ("auto", "highs") and importlib.util.find_spec("highspy") is not None:
        return "highs"
    if name in ("auto", "cbc") and _cbc_path() is not None:
        return "cbc"
    need = "highspy (pip install highspy)" if name != "cbc" else "the CBC that comes with PuLP"
    raise HwdseError(f"solver {name!r} is not installed: it needs {need}")


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    # PuLP announces its own coming changes as warnings.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@lru_cache(maxsize=1)
def _cbc_path() -> str | None:
    import pulp

    with _quiet():
        solver = pulp.PULP_CBC_CMD(msg=False)
        return str(solver.path) if solver.available() else None


@lru_cache(maxsize=2)
def solver_title(name: str) -> str:
    """Name and version, such as `HiGHS 1.15.1 (PuLP 3.3.2)`."""
    pulp_version = importlib.metadata.version("pulp")
    if name == "highs":
        return f"HiGHS {importlib.metadata.version('highspy')} (PuLP {pulp_version})"
    path = _cbc_path()
    done = subprocess.run(  # noqa: S603
        [str(path), "-quit"], capture_output=True, text=True, timeout=30, check=False
    )
    found = re.search(r"Version:\s*(\S+)", done.stdout)
    return f"CBC {found[1] if found else '?'} (PuLP {pulp_version})"


def solve_ilp(exact: Exact, *, solver: str, time_limit: float | None) -> IlpAnswer:
    """Solve the problem by integer programming.

    The program is shifted and scaled first (`scaling`): CBC and HiGHS stop within absolute
    tolerances, and call an answer optimal that is far from it when losses are about 1e-6.

    Args:
        exact: The problem, with or without couplings.
        solver: `highs` or `cbc`.
        time_limit: Seconds, or None.
    """
    import pulp

    with _quiet():
        program, variables = _program(pulp, exact, scale_exact(exact))
        for attempt in range(_TRIES):
            limit = None if time_limit is None else time_limit / (attempt + 1)
            try:
                program.solve(engine(pulp, solver, limit))
            except pulp.PulpSolverError:
                return IlpAnswer(None, proven=False)
            if program.status == pulp.LpStatusInfeasible:
                return IlpAnswer(None, proven=True)
            values = [v.varValue for v in variables]
            if program.status != pulp.LpStatusOptimal or not _usable(values):
                return IlpAnswer(None, proven=False)
            picks = _round(exact, values)
            if exact.is_feasible(picks):
                return IlpAnswer(picks, proven=program.sol_status == pulp.LpSolutionOptimal)
            program += pulp.lpSum(variables[p] for p in picks.tolist()) <= len(picks) - 1
    return IlpAnswer(None, proven=False)


def _usable(values: list[float | None]) -> bool:
    return all(v is not None and math.isfinite(v) for v in values)


def _round(exact: Exact, values: list[float | None]) -> Picks:
    parts = np.split(np.array(values, dtype=np.float64), exact.first[1:-1])
    return np.asarray(exact.first[:-1] + np.array([int(np.argmax(part)) for part in parts]))


def _program(pulp: Any, exact: Exact, scaled: Scaled) -> tuple[Any, list[Any]]:
    program = pulp.LpProblem("allocation", pulp.LpMinimize)
    binary = [pulp.LpVariable(f"x{p:06d}", cat="Binary") for p in range(exact.entries)]
    groups = [binary[start:end] for start, end in itertools.pairwise(exact.first.tolist())]
    cells, couplings = list(binary), []
    for number, pair in enumerate(exact.pairs):
        # y[i, j] is the product of x[i] and x[j]: its sums along each side are the other's x.
        rows, columns = groups[pair.first], groups[pair.second]
        here = {
            (int(i), int(j)): pulp.LpVariable(f"y{number:05d}_{i}_{j}", lowBound=0)
            for i, j in np.argwhere(pair.allowed)
        }
        cells += here.values()
        for i, x in enumerate(rows):
            couplings.append(pulp.lpSum(y for (a, _), y in here.items() if a == i) == x)
        for j, x in enumerate(columns):
            couplings.append(pulp.lpSum(y for (_, b), y in here.items() if b == j) == x)
    program += pulp.lpSum(
        c * v for c, v in zip(scaled.cost.tolist(), cells, strict=True) if c != 0.0
    )
    for some in groups:
        program += pulp.lpSum(some) == 1
    for coupling in couplings:
        program += coupling
    for row, limit in zip(scaled.usage.tolist(), scaled.limits.tolist(), strict=True):
        used = [u * v for u, v in zip(row, cells, strict=True) if u != 0.0]
        if used:
            program += pulp.lpSum(used) <= limit
    return program, binary


def engine(pulp: Any, solver: str, time_limit: float | None) -> Any:
    """PuLP's solver of this name, exact to its least tolerances, on one thread."""
    limit = None if time_limit is None else max(time_limit, 1e-3)
    if solver == "highs":
        return pulp.HiGHS(
            msg=False,
            gapRel=0.0,
            gapAbs=0.0,
            threads=1,
            timeLimit=limit,
            random_seed=0,
            primal_feasibility_tolerance=1e-9,
            dual_feasibility_tolerance=1e-9,
            mip_feasibility_tolerance=1e-9,
        )
    return pulp.PULP_CBC_CMD(
        msg=False,
        gapRel=0.0,
        gapAbs=0.0,
        timeLimit=limit,
        options=["primalT 1e-9", "dualT 1e-9", "integerT 1e-9", "increment 1e-9"],
    )

"""`hwdse allocate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwdse import allocate
from hwdse.allocate import Allocation
from hwdse.cli.output import print_json, print_table
from hwdse.errors import HwdseError

__all__ = ["allocate_table"]


def allocate_table(
    path: Path,
    *,
    minimize: str | None,
    maximize: str | None,
    then: list[str],
    budgets: list[str],
    frontier: str | None,
    exact: bool,
    supported: bool,
    points: int,
    time_limit: float | None,
    gap: float,
    solver: str,
    confirm: bool,
    json: bool,
) -> int:
    """Solve an option table or a problem file; the exit code is 4 where a result is not proven."""
    rules = None
    objectives = [_stage(text) for text in then]
    if path.suffix.lower() in (".yaml", ".yml"):
        problem = allocate.read_problem_file(path)
        table, rules = problem.table, problem.rules
        budgets = [*problem.budgets, *budgets]
        if minimize is None and maximize is None:
            (sense, text), *rest = problem.objectives
            minimize, maximize = (text, None) if sense == "minimize" else (None, text)
            objectives = [*rest, *objectives]
    else:
        needs_loss = minimize is None and maximize is None
        table = allocate.read_table(path, need=("layer", "option", *["loss"] * needs_loss))
    if frontier is None:
        if exact or supported:
            raise HwdseError("--exact and --supported belong to --frontier COL")
        found = [
            allocate.solve(
                table,
                budgets,
                minimize=minimize,
                maximize=maximize,
                then=objectives,
                rules=rules,
                time_limit=time_limit,
                relative_gap=gap,
                solver=solver,
                confirm=confirm,
            )
        ]
    else:
        if objectives:
            raise HwdseError("a frontier has one objective; leave --then out")
        found = allocate.frontier(
            table,
            frontier,
            budgets=budgets,
            points=points,
            which="exact" if exact else "supported" if supported else "grid",
            minimize=minimize,
            maximize=maximize,
            rules=rules,
            time_limit=time_limit,
            solver=solver,
        )
    _print(found, frontier=frontier is not None, json=json)
    return max(one.exit_code for one in found)


def _stage(text: str) -> tuple[str, str]:
    sense, _, what = text.strip().partition(" ")
    if sense in ("minimize", "maximize") and what.strip():
        return sense, what.strip()
    return "minimize", text


def _print(found: list[Allocation], *, frontier: bool, json: bool) -> None:
    if json:
        documents: list[dict[str, Any]] = [one.to_json() for one in found]
        print_json(documents if frontier else documents[0])
    elif frontier:
        columns = list(found[0].totals)
        rows = [[one.status, one.gap, *(one.totals[c] for c in columns)] for one in found]
        print_table(["status", "gap", *columns], rows)
    else:
        _print_one(found[0])


def _print_one(found: Allocation) -> None:
    print_table(["layer", "option"], list(found.assignment.items()))
    print()
    print_table(["column", "total"], list(found.totals.items()))
    print()
    if found.checks:
        print_table(
            ["constraint", "value"],
            [[c.constraint, "met" if c.value is None else f"{c.value:.8g}"] for c in found.checks],
        )
        print()
    for stage in found.stages[1:]:
        print(f"then {stage.objective}: {stage.value:.8g}, bound {stage.bound:.8g}")
    print(f"{found.status}: objective {found.objective:.8g}, bound {found.bound:.8g}, ", end="")
    print(f"gap {found.gap:.3g}, {found.solver}, {found.seconds:.2f} s")
    if found.second_method:
        words = {True: "agrees", False: "disagreed, and is believed", None: "came to no end"}
        print(f"second method: {found.second_method} {words[found.agreement]}")

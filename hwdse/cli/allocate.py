"""`hwdse allocate`."""

from __future__ import annotations

from pathlib import Path

from hwdse import allocate
from hwdse.allocate import Allocation
from hwdse.cli.output import print_json, print_table

__all__ = ["allocate_table"]


def allocate_table(
    path: Path,
    *,
    minimize: str | None,
    maximize: str | None,
    budgets: list[str],
    frontier: str | None,
    points: int,
    time_limit: float | None,
    solver: str,
    json: bool,
) -> int:
    """Solve an option table; the exit code is 4 where a result is not proven."""
    table = allocate.read_table(path)
    if frontier is None:
        found = [
            allocate.solve(
                table,
                budgets,
                minimize=minimize,
                maximize=maximize,
                time_limit=time_limit,
                solver=solver,
            )
        ]
    else:
        found = allocate.frontier(
            table,
            frontier,
            budgets=budgets,
            points=points,
            minimize=minimize,
            maximize=maximize,
            time_limit=time_limit,
            solver=solver,
        )
    if json:
        documents = [one.to_json() for one in found]
        print_json(documents if frontier is not None else documents[0])
    elif frontier is not None:
        columns = list(found[0].totals)
        rows = [[one.status, one.gap, *(one.totals[c] for c in columns)] for one in found]
        print_table(["status", "gap", *columns], rows)
    else:
        _print_one(found[0])
    return max(one.exit_code for one in found)


def _print_one(found: Allocation) -> None:
    print_table(["layer", "option"], list(found.assignment.items()))
    print()
    print_table(["column", "total"], list(found.totals.items()))
    print()
    print(f"{found.status}: objective {found.objective:.8g}, bound {found.bound:.8g}, ", end="")
    print(f"gap {found.gap:.3g}, {found.solver}, {found.seconds:.2f} s")

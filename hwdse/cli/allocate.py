"""`hwdse allocate`."""

from __future__ import annotations

from pathlib import Path

from hwdse import allocate
from hwdse.allocate import Allocation
from hwdse.cli.frontier import Question, show_comparison, show_frontier, show_surface
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
    frontier: list[str],
    exact: bool,
    supported: bool,
    points: int | None,
    compare: bool,
    seed: int,
    outputs: list[Path],
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
    if not frontier and (exact or supported or points is not None) and not compare:
        raise HwdseError("--exact, --supported and --points belong to --frontier COL")
    if len(frontier) > 2:
        raise HwdseError(f"--frontier {frontier[2]}: a third; a surface is over two columns")
    if not frontier and not compare:
        if outputs:
            raise HwdseError(
                "-o belongs to --frontier COL and --compare; see --json for one answer"
            )
        found = allocate.solve(
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
        if json:
            print_json(found.to_json())
        else:
            _print_one(found)
        return found.exit_code
    if objectives:
        raise HwdseError("--frontier and --compare have one objective; leave --then out")
    if confirm:
        raise HwdseError("--confirm is for one answer; leave --frontier and --compare out")
    if gap and len(frontier) == 1 and not compare:
        raise HwdseError("--gap is not for the frontier of one column, which is solved to proof")
    if exact and supported:
        raise HwdseError("give --exact or --supported, not both")
    question = Question(
        name=path.name,
        table=table,
        rules=rules,
        minimize=minimize,
        maximize=maximize,
        budgets=allocate.as_budgets(budgets),
        which="exact" if exact else "supported" if supported else "grid",
        points=points,
        time_limit=time_limit,
        solver=solver,
        outputs=outputs,
    )
    if compare:
        if len(frontier) > 1:
            raise HwdseError("--compare is against the frontier of one column; give one --frontier")
        column = frontier[0] if frontier else None
        return show_comparison(question, column, gap=gap, seed=seed, json=json)
    if len(frontier) == 2:
        return show_surface(question, (frontier[0], frontier[1]), gap=gap, json=json)
    return show_frontier(question, frontier[0], json=json)


def _stage(text: str) -> tuple[str, str]:
    sense, _, what = text.strip().partition(" ")
    if sense in ("minimize", "maximize") and what.strip():
        return sense, what.strip()
    return "minimize", text


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

"""`hwdse explore`."""

from __future__ import annotations

from pathlib import Path

from hwdse.cli.output import note, print_table, progress
from hwdse.cli.synthesis import announce_compilation

__all__ = ["explore"]


def explore(path: Path, directory: Path, *, jobs: int | None, resume: bool) -> int:
    """Run a study; the exit code is 4 where some result is not proven."""
    from hwdse.files.output import make_directory
    from hwdse.study.run import is_finished, run_study, steps_of
    from hwdse.study.schema import read_study

    study = read_study(path)
    make_directory(directory)
    if resume and is_finished(study, directory):
        note(f"{directory} holds this study already; nothing to do")
        return 0
    announce_compilation()
    with progress(steps_of(study)) as step:
        result = run_study(study, directory, jobs=jobs, on_done=step)
    costs = result.costs
    columns = ["area_um2", "delay_ps", "energy_pj_per_mac", "leakage_uw"]
    print_table(
        ["unit", *columns],
        [[label, *(float(costs.loc[label, c]) for c in columns)] for label in costs.index],
    )
    print()
    rows = [
        [a["name"], a["status"], a["objective"], a["gap"], "; ".join(a["budgets"])]
        for a in result.allocations
    ]
    print_table(["budget", "status", "loss", "gap", "limits"], rows)
    note(f"\nresults in {directory}: report.html, pareto.png, frontier.csv, allocation.json, rtl/")
    if result.failed is not None:
        raise result.failed
    return 0 if result.proven else 4

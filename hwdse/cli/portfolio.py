"""`hwdse portfolio`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from hwdse import allocate
from hwdse.cli.output import figure, note, print_json, print_table, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

if TYPE_CHECKING:
    from hwdse.allocate import Portfolio
    from hwdse.study.portfolio_run import PortfolioJob, PortfolioResult

__all__ = ["choose_portfolio"]

_STUDIES = (".yaml", ".yml")


def choose_portfolio(
    path: Path,
    directory: Path,
    *,
    unit_table: Path | None,
    units: list[int],
    budgets: list[str],
    minimize: str | None,
    frontier: str | None,
    points: int | None,
    time_limit: float | None,
    second: str,
    jobs: int | None,
    json: bool,
) -> int:
    """Solve a study or a pair of tables; the exit code is 4 where a result is not proven."""
    from hwdse.files.output import make_directory
    from hwdse.study.portfolio_run import run_portfolio, to_json

    if path.suffix.lower() in _STUDIES:
        if unit_table is not None:
            raise HwdseError("--unit-table belongs to an option table; a study names its units")
        make_directory(directory)
        job = _job_of_study(path, jobs)
    else:
        job = _job_of_tables(path, unit_table, frontier)
    job = replace(
        job,
        units_at_most=tuple(sorted(set(units))) or job.units_at_most,
        budgets=(*job.budgets, *budgets),
        minimize=minimize or job.minimize,
        objective_label=minimize or job.objective_label,
        column=frontier or job.column,
        points=points or job.points,
    )
    result = run_portfolio(job, directory, time_limit=time_limit, second=second)
    if json:
        print_json(to_json(job, result))
    else:
        _print(job, result)
    note(f"results in {directory}: portfolio.json, frontier.csv, portfolio.png, options.csv, ...")
    return 0 if result.proven else 4


def _job_of_study(path: Path, jobs: int | None) -> PortfolioJob:
    from hwdse.study.portfolio import read_portfolio_study
    from hwdse.study.portfolio_run import job_of_study

    study = read_portfolio_study(path)
    announce_compilation()
    with progress(sum(len(one.modes) for one in study.candidates.values())) as step:
        return job_of_study(study, jobs=jobs, on_done=step)


def _job_of_tables(path: Path, unit_table: Path | None, frontier: str | None) -> PortfolioJob:
    from hwdse.study.portfolio_run import PortfolioJob

    if unit_table is None:
        raise HwdseError(f"{path}: an option table needs its units: give --unit-table UNITS.csv")
    if frontier is None:
        raise HwdseError(f"{path}: name the column to trade the objective against: --frontier COL")
    return PortfolioJob(
        title=path.stem,
        subtitle="",
        options=allocate.read_option_rows(path),
        units=allocate.read_units(unit_table),
        units_at_most=(1, 2, 3),
        minimize="loss",
        objective_label="loss",
        budgets=(),
        column=frontier,
        points=33,
    )


def _print(job: PortfolioJob, result: PortfolioResult) -> None:
    if job.costs is not None:
        columns = ["spec", "area_um2", "period_ps", "energy_pj_per_mac", "macs_per_cycle"]
        print_table(columns, job.costs[columns].to_numpy().tolist())
        print()
    columns = [column for column in result.portfolios[0].totals if column != job.minimize]
    print_table(
        ["units", job.minimize, *columns, "status", "gap", "second method", "built"],
        [
            [
                f"<= {one.units_at_most}",
                one.objective,
                *(one.totals[column] for column in columns),
                one.status,
                one.gap,
                _opinion(one),
                "; ".join(one.units),
            ]
            for one in result.portfolios
        ],
    )
    for most, why in result.infeasible.items():
        print(f"<= {most}: {why}")
    print()
    layers = list(result.portfolios[0].assignment)
    print_table(
        ["layer", *(f"units <= {one.units_at_most}" for one in result.portfolios)],
        [[layer, *(one.assignment[layer] for one in result.portfolios)] for layer in layers],
    )
    print()
    _print_frontier(job, result)


def _opinion(one: Portfolio) -> str:
    if not one.second_method:
        return "none"
    words = {True: "agrees", False: "disagrees", None: "came to no end"}
    return f"{one.second_method} {words[one.agreement]}"


def _print_frontier(job: PortfolioJob, result: PortfolioResult) -> None:
    for most in sorted({one.units_at_most for one in result.frontier}):
        mine = [one for one in result.frontier if one.units_at_most == most]
        first, last = mine[0], mine[-1]
        proven = sum(one.status == "optimal" for one in mine)
        print(
            f"frontier, units <= {most}: {len(mine)} points, {proven} proven; {job.column} "
            f"{figure(first.totals[job.column])} to {figure(last.totals[job.column])}, "
            f"{job.minimize} {figure(first.objective)} to {figure(last.objective)}"
        )

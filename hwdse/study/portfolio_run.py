"""A portfolio job: solve it for each number of units, sweep the frontier, write the results."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from hwdse import __version__, allocate, cost, tech
from hwdse.allocate import Budget, Portfolio, as_budgets
from hwdse.errors import InfeasibleError
from hwdse.files.output import make_directory, write_text
from hwdse.report.portfolio_figure import Curve, PortfolioPicture, save_portfolio_figure
from hwdse.study.portfolio import PortfolioStudy
from hwdse.study.portfolio_tables import COLUMN_TITLES, INCLUDES, option_rows, unit_rows

__all__ = ["PortfolioJob", "PortfolioResult", "job_of_study", "run_portfolio"]

_PACKAGES = ("numpy", "pandas", "pulp", "highspy")


@dataclass(frozen=True, eq=False, kw_only=True)
class PortfolioJob:
    """What to solve and what to call it.

    Attributes:
        title: Of the picture.
        subtitle: Likewise; the budgets follow it.
        options, units: See :func:`hwdse.allocate.portfolio`.
        units_at_most: Greatest numbers of units, ascending.
        minimize: The objective.
        objective_label: What the picture calls it.
        budgets: Of the portfolios; along the frontier all but those on its column.
        column: What the objective is traded against.
        points: Of the frontier.
        costs: Figures of the units, where they were computed for this.
        provenance: What goes into portfolio.json.
    """

    title: str
    subtitle: str
    options: pd.DataFrame
    units: pd.DataFrame
    units_at_most: tuple[int, ...]
    minimize: str
    objective_label: str
    budgets: tuple[str, ...]
    column: str
    points: int
    costs: pd.DataFrame | None = None
    provenance: dict[str, Any] = field(default_factory=dict)

    @property
    def frontier_budgets(self) -> list[Budget]:
        """The budgets that hold along the frontier."""
        return [one for one in as_budgets(self.budgets) if one.column != self.column]


@dataclass(frozen=True)
class PortfolioResult:
    """What a job gave.

    Attributes:
        portfolios: One for each number of units that can meet the budgets.
        infeasible: Number of units to why it cannot.
        frontier: By number of units; see :func:`hwdse.allocate.portfolio_frontier`.
        proven: Whether every one of them is proven optimal.
    """

    portfolios: tuple[Portfolio, ...]
    infeasible: dict[int, str]
    frontier: tuple[Portfolio, ...]
    proven: bool


def job_of_study(
    study: PortfolioStudy, *, jobs: int | None, on_done: Callable[[str], None]
) -> PortfolioJob:
    """Cost the units of a study and build its tables.

    Args:
        study: From :func:`hwdse.study.portfolio.read_portfolio_study`.
        jobs: Threads for synthesis.
        on_done: Called with each spec as it is costed.

    Raises:
        HwdseError: A unit cannot be costed.
    """
    technology = tech.load(study.technology)
    labels = {mode.canonical: k for k, one in study.candidates.items() for mode in one.modes}
    costs = cost.evaluate(
        list(labels),
        technology,
        distribution=study.operands,
        clock_ns=study.clock_ns,
        jobs=jobs,
        on_done=on_done,
    )
    by_spec = {str(row["spec"]): row for _, row in costs.iterrows()}
    costs.insert(0, "label", list(labels.values()))
    first = costs.iloc[0]["provenance"]
    return PortfolioJob(
        title=study.name,
        subtitle=f"{technology.name}, arithmetic units alone",
        options=option_rows(study, by_spec),
        units=unit_rows(study, by_spec),
        units_at_most=study.units_at_most,
        minimize=study.minimize,
        objective_label=_objective_label(study),
        budgets=study.budgets,
        column=study.column,
        points=study.points,
        costs=costs,
        provenance={
            "includes": INCLUDES,
            "losses": study.source,
            "technology": {"name": technology.name, "sha256": technology.sha256},
            "synthesis": first["synthesis"],
            "operands": first["operands"],
            "activity": first["activity"],
            "wires": first["wires"],
            "inputs": study.inputs,
        },
    )


def _objective_label(study: PortfolioStudy) -> str:
    if study.minimize == "loss":
        return study.profile.metric or "loss"
    return COLUMN_TITLES.get(study.minimize, study.minimize)


def run_portfolio(
    job: PortfolioJob,
    directory: Path,
    *,
    time_limit: float | None = None,
    second: str = "highs",
) -> PortfolioResult:
    """Solve a job and write its results.

    Args:
        job: The tables and what is asked.
        directory: Where to write; made if absent.
        time_limit: Seconds for each portfolio, and for the frontier.
        second: See :func:`hwdse.allocate.portfolio`.

    Raises:
        InfeasibleError: Not even the greatest number of units can meet the budgets.
        HwdseError: A bad budget or column, or the directory cannot be written.
    """
    portfolios, infeasible = [], {}
    for most in job.units_at_most:
        try:
            found = allocate.portfolio(
                job.options,
                job.units,
                job.budgets,
                most=most,
                minimize=job.minimize,
                time_limit=time_limit,
                second=second,
            )
        except InfeasibleError as error:
            # More units may do what fewer cannot; where none can, there is no result.
            if most == job.units_at_most[-1]:
                raise
            infeasible[most] = str(error)
        else:
            portfolios.append(found)
    frontier = allocate.portfolio_frontier(
        job.options,
        job.units,
        job.column,
        most=[found.units_at_most for found in portfolios],
        budgets=job.frontier_budgets,
        points=job.points,
        minimize=job.minimize,
        time_limit=time_limit,
    )
    result = PortfolioResult(
        tuple(portfolios),
        infeasible,
        tuple(frontier),
        all(one.status == "optimal" for one in (*portfolios, *frontier)),
    )
    _write(job, result, directory)
    return result


def _write(job: PortfolioJob, result: PortfolioResult, directory: Path) -> None:
    make_directory(directory)
    write_text(directory / "options.csv", job.options.to_csv(index=False))
    write_text(directory / "units.csv", job.units.to_csv(index=False))
    if job.costs is not None:
        costs = job.costs.assign(provenance=job.costs["provenance"].map(json.dumps))
        write_text(directory / "costs.csv", costs.to_csv(index=False))
    rows = pd.DataFrame([_row(one) for one in result.frontier])
    write_text(directory / "frontier.csv", rows.to_csv(index=False))
    document = to_json(job, result)
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_text(directory / "portfolio.json", text + "\n")
    picture = _picture(job, result)
    for suffix in (".png", ".svg"):
        save_portfolio_figure(picture, directory / f"portfolio{suffix}")


def to_json(job: PortfolioJob, result: PortfolioResult) -> dict[str, Any]:
    """What portfolio.json holds."""
    return {
        "title": job.title,
        "budgets": list(job.budgets),
        "portfolios": [_plain(one) for one in result.portfolios],
        "infeasible": {str(most): text for most, text in result.infeasible.items()},
        "frontier": [_row(one) for one in result.frontier],
        "provenance": job.provenance
        | {"hwdse": __version__, "packages": {name: version(name) for name in _PACKAGES}},
    }


def _plain(found: Portfolio) -> dict[str, Any]:
    """As `Portfolio.to_json`; a bound that is not known is None, as JSON has no infinity."""
    return {
        key: None if isinstance(value, float) and math.isinf(value) else value
        for key, value in found.to_json().items()
    }


def _row(found: Portfolio) -> dict[str, Any]:
    plain = _plain(found)
    return {
        "units_at_most": found.units_at_most,
        "units": "; ".join(found.units),
        **found.totals,
        **{key: plain[key] for key in ("status", "objective", "bound", "gap")},
        **{f"layer:{layer}": option for layer, option in found.assignment.items()},
    }


def _picture(job: PortfolioJob, result: PortfolioResult) -> PortfolioPicture:
    counts = sorted({one.units_at_most for one in result.frontier})
    curves = []
    for most in counts:
        mine = [one for one in result.frontier if one.units_at_most == most]
        curves.append(
            Curve(
                label=f"at most {most} unit{'s' * (most > 1)}",
                x=[one.totals[job.column] for one in mine],
                y=[one.objective for one in mine],
                proven=[one.status == "optimal" for one in mine],
                units=[one.units for one in mine],
            )
        )
    limits = ", ".join(map(str, job.frontier_budgets)) or "no other budget"
    return PortfolioPicture(
        title=job.title,
        subtitle=f"{job.subtitle}; {limits}" if job.subtitle else limits,
        x_label=COLUMN_TITLES.get(job.column, job.column),
        y_label=job.objective_label,
        curves=curves,
        units=_in_order([str(name) for name in job.units["unit"]], result.frontier),
    )


def _in_order(names: Sequence[str], frontier: Sequence[Portfolio]) -> list[str]:
    """The units that any portfolio builds, in the order of the table."""
    built = {name for one in frontier for name in one.units}
    return [name for name in names if name in built]

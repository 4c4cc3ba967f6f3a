"""The main job: cost every candidate unit, allocate over the budgets, write the results."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pandas as pd

from hwdse import __version__, allocate, cost, report, tech
from hwdse.allocate import Allocation
from hwdse.errors import InfeasibleError
from hwdse.export import export
from hwdse.files.output import make_directory, write_text
from hwdse.study.options import option_table
from hwdse.study.schema import RESOURCES, Budget, Study
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Technology

__all__ = ["StudyResult", "is_finished", "run_study"]

RUN_FILE = "run.json"
_PACKAGES = ("numpy", "scipy", "pandas", "pulp", "highspy", "amaranth", "matplotlib")

# Called with what has just been finished.
OnDone = Callable[[str], None]


@dataclass(frozen=True)
class StudyResult:
    """What a study gave.

    Attributes:
        costs: One row per unit label.
        frontier: Rows of frontier.csv.
        allocations: Name, budgets and result of every named budget that could be met.
        failed: Message of the first budget that could not be met, or None.
        proven: Whether every result is proven optimal.
    """

    costs: pd.DataFrame
    frontier: pd.DataFrame
    allocations: tuple[dict[str, Any], ...]
    failed: InfeasibleError | None
    proven: bool


def steps_of(study: Study) -> int:
    """How often :func:`run_study` reports that something is done."""
    return len(set(study.units.values())) + len(study.budgets) + len(RESOURCES) + 1


def run_study(
    study: Study, directory: Path, *, jobs: int | None = None, on_done: OnDone
) -> StudyResult:
    """Run a study and write its results.

    Args:
        study: From :func:`hwdse.study.schema.read_study`.
        directory: Where to write; made if absent. Results of an earlier run are replaced.
        jobs: Threads for synthesis.
        on_done: Called after each step, :func:`steps_of` times in all.

    Raises:
        HwdseError: The directory cannot be written, or a unit cannot be costed. What was computed
            until then stays in the store. A budget that cannot be met is in ``failed`` instead, so
            that everything else is still written.
    """
    make_directory(directory)
    technology = tech.load(study.technology)
    costs = _costs(study, technology, jobs, on_done)
    table = option_table(study, costs)
    # Not before: until here a mistake leaves an earlier run as it was.
    _remove_outputs(directory)
    written = [write_text(directory / "options.csv", table.to_csv(index=False))]
    units = costs.assign(provenance=costs["provenance"].map(json.dumps))
    written.append(write_text(directory / "units.csv", units.to_csv()))

    rows = [_row("uniform", label, "", a) for label, a in _uniforms(study, table)]
    allocations, failed = [], None
    for budget in study.budgets:
        try:
            limits = _limits(budget, table)
            found = allocate.solve(table, limits | _tie_breakers(table, limits))
        except InfeasibleError as error:
            failed = failed or InfeasibleError(f"budget {budget.name!r}: {error}")
        else:
            texts = [f"{column} <= {float(limit):.6g}" for column, limit in limits.items()]
            allocations.append({"name": budget.name, "budgets": texts, **found.to_json()})
            rows.append(_row("budget", budget.name, "", found))
        on_done(f"budget {budget.name}")
    for column in RESOURCES:
        loose = [f"{name}<={limit}" for name, limit in _tie_breakers(table, {column}).items()]
        points = allocate.frontier(table, column, budgets=loose, points=study.frontier_points)
        rows += [_row("frontier", "", column, found) for found in points]
        on_done(f"frontier over {column}")

    frontier = pd.DataFrame(rows)
    written.append(write_text(directory / "frontier.csv", frontier.to_csv(index=False)))
    document = {"study": study.name, "technology": technology.name, "allocations": allocations}
    written.append(write_text(directory / "allocation.json", _json(document)))
    written += _write_report(study, technology, costs, frontier, allocations, directory)
    used = {label for one in allocations for label in one["assignment"].values()}
    if not allocations:
        on_frontier = [row for row in rows if row["kind"] == "frontier"]
        used = {row[f"layer:{layer.name}"] for row in on_frontier for layer in study.layers}
    written += _write_rtl(study, used, directory / "rtl")
    written.append(directory / RUN_FILE)
    proven = all(row["status"] == "optimal" for row in rows)
    run = _fingerprint(study, technology) | {
        "complete": failed is None and proven,
        "outputs": sorted(str(path.relative_to(directory)) for path in written),
    }
    write_text(directory / RUN_FILE, _json(run))
    on_done("report and Verilog")
    return StudyResult(costs, frontier, tuple(allocations), failed, proven)


def is_finished(study: Study, directory: Path) -> bool:
    """Whether a directory already holds this very study: same inputs, same versions, no failure."""
    try:
        done = json.loads((directory / RUN_FILE).read_text(encoding="utf-8"))
        files = [directory / name for name in done["outputs"]]
        if not (done["complete"] and all(file.exists() for file in files)):
            return False
    except (OSError, ValueError, KeyError, TypeError):
        return False
    wanted = _fingerprint(study, tech.load(study.technology))
    return all(done.get(key) == value for key, value in wanted.items())


def _costs(study: Study, technology: Technology, jobs: int | None, on_done: OnDone) -> pd.DataFrame:
    labels = {unit.canonical: label for label, unit in study.units.items()}
    costs = cost.evaluate(
        [unit.canonical for unit in study.units.values()],
        technology,
        distribution=study.operands,
        clock_ns=study.clock_ns,
        jobs=jobs,
        on_done=lambda spec: on_done(f"unit {labels[spec]}"),
    )
    costs.insert(0, "label", list(study.units))
    return costs.set_index("label")


def _uniforms(study: Study, table: pd.DataFrame) -> Iterable[tuple[str, Allocation]]:
    """Every unit that can serve all layers, in all of them."""
    for label in study.units:
        rows = table[table["option"] == label]
        if len(rows) == len(study.layers):
            yield label, allocate.solve(rows, {})


def _limits(budget: Budget, table: pd.DataFrame) -> dict[str, Fraction]:
    """Upper limits by column; fractions lie between the least and greatest reachable totals."""
    limits: dict[str, Fraction] = {}
    for column, fraction in budget.fraction.items():
        low = allocate.solve(table, {}, minimize=column).exact_totals[column]
        high = allocate.solve(table, {}, maximize=column).exact_totals[column]
        limits[column] = low + (high - low) * Fraction(str(fraction))
    for column, value in budget.at_most.items():
        limit = Fraction(str(value))
        limits[column] = min(limit, limits.get(column, limit))
    return limits


def _tie_breakers(table: pd.DataFrame, budgeted: Collection[str]) -> dict[str, Fraction]:
    """Limits on the other resources that nothing can break.

    Among assignments of equal loss the allocator prefers less of its budgeted columns, in order:
    so a budget on size alone still gets the units of least energy.
    """
    most = table.groupby("layer")[list(RESOURCES)].max().sum()
    return {c: Fraction(int(2 * most[c]) + 1) for c in RESOURCES if c not in budgeted}


def _row(kind: str, label: str, resource: str, found: Allocation) -> dict[str, Any]:
    return {
        "kind": kind,
        "label": label,
        "resource": resource,
        "loss": found.totals["loss"],
        **{column: found.totals[column] for column in RESOURCES},
        "status": found.status,
        "bound": found.bound,
        "gap": found.gap,
        **{f"layer:{layer}": option for layer, option in found.assignment.items()},
    }


def _write_report(
    study: Study,
    technology: Technology,
    costs: pd.DataFrame,
    frontier: pd.DataFrame,
    allocations: list[dict[str, Any]],
    directory: Path,
) -> list[Path]:
    first = costs.iloc[0]["provenance"]
    corner = technology.corner
    page = report.StudyReport(
        title=study.name,
        description=study.description,
        loss_label=study.profile.metric or "loss",
        resources=tuple(report.Resource(c, *names) for c, names in RESOURCES.items()),
        frontier=frontier,
        units=costs.reset_index(),
        allocations=tuple(allocations),
        layers=tuple(layer.name for layer in study.layers),
        provenance={
            "command": f"hwdse explore {next(iter(study.inputs))} -o DIR",
            "losses": study.source,
            "technology": f"{technology.name}: {technology.description}",
            "corner": f"{corner.process}, {corner.voltage_v:g} V, {corner.temperature_c:g} °C",
            "technology licence": technology.source.licence,
            "synthesis": f"{first['synthesis']}, recipe {first['recipe_sha256'][:12]}",
            "operands": first["operands"],
            "activity": first["activity"],
            "energy interval": first["energy_interval"],
            "wires": first["wires"],
            "hwdse": __version__,
        }
        | {f"input {name}": digest for name, digest in study.inputs.items()},
    )
    png, svg = report.save_pareto(page, directory)
    return [png, svg, report.write_html(page, directory, picture=svg)]


def _write_rtl(study: Study, used: Collection[str], directory: Path) -> list[Path]:
    """Verilog of the units of these labels."""
    make_directory(directory)
    written: list[Path] = []
    for label, unit in study.units.items():
        if label in used:
            written += export(unit, directory, testbench=True)
    return written


def _fingerprint(study: Study, technology: Technology) -> dict[str, Any]:
    return {
        "hwdse": __version__,
        "python": platform.python_version(),
        "packages": {name: version(name) for name in _PACKAGES},
        "synthesis": yosys_version(),
        "technology": {"name": technology.name, "sha256": technology.sha256},
        "inputs": study.inputs,
        "units": {label: unit.canonical for label, unit in study.units.items()},
        "operands": _operands_hash(study.operands),
    }


def _operands_hash(choice: str) -> str:
    if choice.endswith(".npz"):
        with suppress(OSError, ValueError):
            return hashlib.sha256(Path(choice).read_bytes()).hexdigest()
    return choice


def _remove_outputs(directory: Path) -> None:
    """Remove what an earlier run wrote here, by its own list, so that nothing stale remains."""
    try:
        earlier = json.loads((directory / RUN_FILE).read_text(encoding="utf-8"))["outputs"]
        root = directory.resolve()
        for name in earlier:
            path = (directory / str(name)).resolve()
            if path.is_relative_to(root) and path.is_file():
                path.unlink()
    except (OSError, ValueError, KeyError, TypeError):
        return


def _json(document: Mapping[str, Any]) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"

"""`hwdse sweep`: thousands of designs to a table."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from hwdse import __version__, tech
from hwdse.cli.output import note, print_json, progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.cost.figures import FIGURES_VERSION
from hwdse.cost.fpga import FPGA_FIGURES_VERSION
from hwdse.cost.operands import operands
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.files.output import make_directory, write_text
from hwdse.sweep.engines import Engine, cluster, processes
from hwdse.sweep.journal import KINDS, Journal
from hwdse.sweep.run import run_points
from hwdse.sweep.space import Point, Space, read_space
from hwdse.sweep.tables import write_failures, write_results
from hwdse.synth.devices import check_target, device, is_device
from hwdse.synth.yosys import warm_up, yosys_version

__all__ = ["sweep"]


def sweep(
    path: Path,
    directory: Path,
    *,
    jobs: int,
    scheduler: str | None,
    resume: bool,
    most: int,
    json_: bool,
) -> int:
    """Run a space and write its tables.

    Returns:
        The exit code: 5 where designs failed, 0 otherwise; a refused combination is no failure.
    """
    space = read_space(path)
    technologies = {name: _version(name) for name in space.technologies}
    drawn = operands(space.operands)
    _agree(space, path, most)
    make_directory(directory)
    header = {
        "hwdse": __version__,
        "space_sha256": space.sha256,
        "operands": drawn.key,
        "technologies": technologies,
        "figures": FIGURES_VERSION,
        "yosys": yosys_version(),
    }
    journal = Journal(directory, header, size=space.size, resume=resume)
    try:
        document = _run(space, directory, journal, jobs, scheduler)
    finally:
        journal.close()
    if json_:
        print_json(document)
    else:
        for name in ("results", "without_figures"):
            if document[name]:
                print(document[name])
        note(
            f"{document['computed']} points computed now; {document['rows']} have figures, "
            f"{document['refused']} are no designs or miss the clock, {document['failed']} failed"
        )
    return ExternalToolError.exit_code if document["failed"] else 0


def _version(technology: str) -> str:
    """What a technology's figures depend on."""
    if is_device(technology):
        return f"{device(technology).name}, figures {FPGA_FIGURES_VERSION}"
    check_target(technology)
    return tech.load(technology).sha256


def _agree(space: Space, path: Path, most: int) -> None:
    """Ask before a space that is larger than usual is run."""
    if space.size <= most:
        return
    what = f"{path}: the space has {space.size:,} points, more than {most:,}"
    if sys.stdin.isatty() and sys.stderr.isatty():
        sys.stderr.write(f"{what}. Run them all? [y/N] ")
        if sys.stdin.readline().strip().lower() in ("y", "yes"):
            return
    raise HwdseError(f"{what}; narrow it, or say --max-points {space.size}")


def _run(
    space: Space, directory: Path, journal: Journal, jobs: int, scheduler: str | None
) -> dict[str, Any]:
    # What failed is tried again.
    open_ = (journal.kinds < 0) | (journal.kinds == KINDS.index("failed"))
    pending = sum(1 for point in space.points() if open_[point.number])

    def points() -> Iterator[Point]:
        return (point for point in space.points() if open_[point.number])

    if pending:
        announce_compilation()
        engine = _engine(jobs, scheduler)
        try:
            with progress(pending) as step:
                for done in run_points(points(), space.operands, engine):
                    journal.add(done)
                    step(done.label)
        finally:
            engine.close()
    results, failures = directory / "results.parquet", directory / "without_figures.csv"
    rows = write_results(journal, results)
    refused, failed = write_failures(journal, space.points(), failures)
    document = {
        "name": space.name,
        "points": space.size,
        "computed": pending,
        "rows": rows,
        "refused": refused,
        "failed": failed,
        "results": str(results) if rows else None,
        "without_figures": str(failures) if refused or failed else None,
    }
    about = document | {
        "finished": datetime.now(UTC).isoformat(timespec="seconds"),
        "hwdse": __version__,
        "yosys": yosys_version(),
        "space_sha256": space.sha256,
        "operands": space.operands,
    }
    write_text(directory / "run.json", json.dumps(about, indent=2) + "\n")
    return document


def _engine(jobs: int, scheduler: str | None) -> Engine:
    if scheduler is not None:
        return cluster(scheduler)
    # Once for this machine, before all processes find out that it has to be done.
    warm_up()
    return processes(jobs)

"""How busy a sweep keeps the processes it is given, and how fast the Pareto filter is.

Designs are costed twice, by one process and by several, each time into an empty store; the ratio of
the times is set beside the number of processes, and so is the time that the processes were at work,
their start included. Then as many processes run points that take a moment each, as the fitted model
does. Without arguments as many as there are cores.

    python scripts/bench_sweep.py --jobs 4
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import resource
import tempfile
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from hwdse.allocate.dominance import nondominated
from hwdse.sweep.engines import processes
from hwdse.sweep.jobs import Outcome, run_batch
from hwdse.sweep.run import Job, run_points
from hwdse.sweep.space import Point, read_space
from hwdse.synth.yosys import warm_up

SPACE = """
name: Small MACs
technologies: [nangate45]
designs:
  - family: mac
    w: [int2, int3, int4, uint2, uint3, uint4]
    a: [int2, int3, int4, uint4]
    pipeline: {from: 0, to: 1}
"""


# About as many as a row of the table has.
FIGURES = [f"figure{n}" for n in range(30)]
# Points of the second sweep, and the seconds that each of them takes a worker.
QUICK = 400_000
QUICK_SECONDS = 1e-4


def timed(points: tuple[Point, ...], distribution: str) -> tuple[Outcome, ...]:
    """Costs points, and notes how long a worker was at it."""
    start = time.perf_counter()
    first, *rest = run_batch(points, distribution)
    row = (first.row or {}) | {"worker_seconds": time.perf_counter() - start}
    return replace(first, row=row), *rest


def quick(points: tuple[Point, ...], distribution: str) -> tuple[Outcome, ...]:
    """Keeps a worker busy for a moment with each point."""
    start = time.perf_counter()
    found = []
    for n, point in enumerate(points, start=1):
        found.append(Outcome(point.number, dict.fromkeys(FIGURES, 0.1) | {"spec": point.spec}))
        while time.perf_counter() < start + n * QUICK_SECONDS:
            pass
    found[0] = replace(found[0], row=found[0].row | {"worker_seconds": time.perf_counter() - start})
    return tuple(found)


def swept(folder: Path, jobs: int) -> tuple[int, float, float]:
    """Designs costed into an empty store, the seconds that took, and those of work in them."""
    path = folder / "space.yaml"
    path.write_text(SPACE)
    os.environ["HWDSE_CACHE_DIR"] = str(folder / f"store{jobs}")
    space = read_space(path)
    return timed_run(space.points(), jobs, timed)


def timed_run(points: Iterable[Point], jobs: int, job: Job) -> tuple[int, float, float]:
    """Points run, wall-clock seconds, and the sum of the seconds that workers were at them."""
    count, busy = 0, 0.0
    start = time.perf_counter()
    for done in run_points(points, "uniform", processes(jobs), job=job):
        assert done.kind == "done"
        count += 1
        if b'"worker_seconds"' in done.line:
            busy += json.loads(done.line)["row"]["worker_seconds"]
    return count, time.perf_counter() - start, busy


def children_seconds() -> float:
    """CPU seconds of processes that have ended, once all have."""
    for child in multiprocessing.active_children():
        child.join()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def filtered(rows: int, columns: int, shape: str) -> tuple[int, float]:
    """Rows on the front of random ones, and the seconds that finding them took."""
    rng = np.random.default_rng(1)
    values = rng.random((rows, columns))
    if shape == "shell":
        values /= np.linalg.norm(values, axis=1)[:, None]
        values *= 1 + rng.random((rows, 1)) / 2
    start = time.perf_counter()
    front = nondominated(values)
    return len(front), time.perf_counter() - start


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    jobs = parser.parse_args().jobs
    warm_up()
    with tempfile.TemporaryDirectory() as folder:
        before = children_seconds()
        count, alone, _ = swept(Path(folder), 1)
        one = children_seconds() - before
        _, together, busy = swept(Path(folder), jobs)
        many = children_seconds() - before - one
    print(f"{count} designs: {alone:.1f} s by 1 process, {together:.1f} s by {jobs}")
    print(f"speed-up {alone / together:.2f}, {alone / together / jobs:.0%} of {jobs}")
    print(f"processes at work {busy / (jobs * together):.1%} of the time, of {jobs}")
    print(
        f"CPU seconds {one:.1f} by 1, {many:.1f} by {jobs}: {many / (jobs * together):.1%} of them"
    )
    points = (Point(n, f"s{n}", "t", None) for n in range(QUICK))
    count, seconds, busy = timed_run(points, jobs, quick)
    print(
        f"{count} points of {QUICK_SECONDS * 1e3:g} ms: {seconds:.1f} s, processes at work "
        f"{busy / (jobs * seconds):.1%} of the time"
    )
    for shape in ("cube", "shell"):
        front, seconds = filtered(10_000_000, 3, shape)
        print(f"Pareto filter, 1e7 x 3 in a {shape}: {front} rows in {seconds:.2f} s")


if __name__ == "__main__":
    main()

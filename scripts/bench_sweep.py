"""How busy a sweep keeps the processes it is given, and how fast the Pareto filter is.

Designs are costed twice, by one process and by several, each time into an empty store; the ratio of
the times is set beside the number of processes. Without arguments as many as there are cores.

    python scripts/bench_sweep.py --jobs 4
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import numpy as np

from hwdse.allocate.dominance import nondominated
from hwdse.sweep.engines import processes
from hwdse.sweep.run import run_points
from hwdse.sweep.space import read_space
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


def swept(folder: Path, jobs: int) -> tuple[int, float]:
    """Designs, and the seconds that they took into an empty store."""
    path = folder / "space.yaml"
    path.write_text(SPACE)
    os.environ["HWDSE_CACHE_DIR"] = str(folder / f"store{jobs}")
    space = read_space(path)
    engine = processes(jobs)
    start = time.perf_counter()
    outcomes = list(run_points(space.points(), "uniform", engine))
    assert all(outcome.kind == "done" for outcome in outcomes)
    return len(outcomes), time.perf_counter() - start


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
        count, alone = swept(Path(folder), 1)
        _, together = swept(Path(folder), jobs)
    print(f"{count} designs: {alone:.1f} s by 1 process, {together:.1f} s by {jobs}")
    print(f"speed-up {alone / together:.2f}, {alone / together / jobs:.0%} of {jobs}")
    for shape in ("cube", "shell"):
        front, seconds = filtered(10_000_000, 3, shape)
        print(f"Pareto filter, 1e7 x 3 in a {shape}: {front} rows in {seconds:.2f} s")


if __name__ == "__main__":
    main()

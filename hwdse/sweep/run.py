"""Running a space: few jobs in flight, each finished one kept at once."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Future, wait
from itertools import islice

from hwdse.errors import ExternalToolError
from hwdse.sweep.engines import Engine
from hwdse.sweep.jobs import Outcome, failed, run_point
from hwdse.sweep.space import Point

__all__ = ["run_points"]

# In flight for each worker: enough that none waits for this process.
_AHEAD = 3
# How often to look whether the cluster is still there.
_LOOK_SECONDS = 2.0

Job = Callable[[Point, str], Outcome]


def run_points(
    points: Iterable[Point], distribution: str, engine: Engine, *, job: Job = run_point
) -> Iterator[Outcome]:
    """Outcomes of points, as they come.

    Only as many points are drawn as are in flight, however many there are. Where a process dies,
    what was in flight is run again, one by one: the point that kills its process once more fails.

    Args:
        points: What to run.
        distribution: Operands of the energy figures.
        engine: Where.
        job: What to do with a point; a module's own function, which other processes can import.

    Raises:
        ExternalToolError: The cluster is gone.
    """
    waiting = iter(points)
    executor = engine.start(engine.workers)
    flying: dict[Future[Outcome], Point] = {}
    try:
        while True:
            room = _AHEAD * engine.workers - len(flying)
            try:
                for point in islice(waiting, room):
                    flying[executor.submit(job, point, distribution)] = point
            except BrokenExecutor:
                # The point that could not be handed over is among the suspects.
                flying[_failed()] = point
            if not flying:
                return
            done, _ = wait(flying, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            if reason := engine.lost():
                raise ExternalToolError(
                    f"{reason}; what was computed is kept: go on with --resume once it is back"
                )
            broken = False
            for future in done:
                error = future.exception()
                if isinstance(error, BrokenExecutor):
                    broken = True
                elif error is not None:
                    point = flying.pop(future)
                    yield failed(point, f"its worker failed: {type(error).__name__}: {error}")
                else:
                    del flying[future]
                    yield future.result()
            if broken:
                suspects = list(flying.values())
                flying.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                yield from _one_by_one(suspects, distribution, engine, job)
                executor = engine.start(engine.workers)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


def _failed() -> Future[Outcome]:
    future: Future[Outcome] = Future()
    future.set_exception(BrokenExecutor())
    return future


def _one_by_one(
    suspects: list[Point], distribution: str, engine: Engine, job: Job
) -> Iterator[Outcome]:
    """Points of a pool that broke, each in a process of its own where it must."""
    executor = engine.start(1)
    for point in suspects:
        try:
            yield executor.submit(job, point, distribution).result()
        except BrokenExecutor:
            yield failed(point, "its process died twice: out of memory, or killed")
            executor.shutdown(wait=False, cancel_futures=True)
            executor = engine.start(1)
    executor.shutdown(wait=False, cancel_futures=True)

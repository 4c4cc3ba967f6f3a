"""Running a space: few batches of points in flight, each finished one kept at once."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from itertools import islice

from hwdse.errors import ExternalToolError
from hwdse.sweep.engines import Engine
from hwdse.sweep.jobs import BATCH_SECONDS, Outcome, failed, run_batch
from hwdse.sweep.journal import Entry, entry
from hwdse.sweep.space import Point

__all__ = ["Job", "run_points"]

# In flight for each worker: enough that none waits for this process.
_AHEAD = 3
# Enough that handing a batch over costs far less than the quickest points do; few enough that the
# outcomes in flight take little memory.
_LARGEST_BATCH = 2048
# How often to look whether the cluster is still there.
_LOOK_SECONDS = 2.0

Batch = tuple[Point, ...]
Job = Callable[[Batch, str], tuple[Outcome, ...]]


def run_points(
    points: Iterable[Point], distribution: str, engine: Engine, *, job: Job = run_batch
) -> Iterator[Entry]:
    """What came of points, as it comes, ready to be kept.

    Points are handed over in batches, of so many as take a worker a fraction of a second. Only as
    many are drawn as are in flight, however many there are. Where a process dies, what was in
    flight is run again, batch by batch and then point by point: the point that kills its process
    once more fails.

    Args:
        points: What to run.
        distribution: Operands of the energy figures.
        engine: Where.
        job: What to do with a batch; a module's own function, which other processes can import.
            It returns the outcomes of the first points of the batch, at least of one, in order;
            the rest is handed out again.

    Raises:
        ExternalToolError: The cluster is gone; every outcome that reached this process was given.
    """
    batches = _Batches(iter(points))
    executor = engine.start(engine.workers)
    flying: dict[Future[_Done], Batch] = {}
    suspects: list[Batch] = []
    try:
        while True:
            while len(flying) < _AHEAD * engine.workers and not suspects:
                if not (batch := batches.next()):
                    break
                try:
                    flying[executor.submit(_work, job, batch, distribution)] = batch
                except BrokenExecutor:
                    suspects.append(batch)
            if not flying and not suspects:
                return
            done, _ = wait(flying, timeout=_LOOK_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                batch = flying.pop(future)
                try:
                    yield from batches.done(batch, future)
                except BrokenExecutor:
                    suspects.append(batch)
            if reason := engine.lost():
                raise ExternalToolError(
                    f"{reason}; what was computed is kept: go on with --resume once it is back"
                )
            if suspects:
                suspects += flying.values()
                flying.clear()
                executor.shutdown(wait=False, cancel_futures=True)
                yield from _by_themselves(suspects, batches, distribution, engine, job)
                suspects.clear()
                executor = engine.start(engine.workers)
    finally:
        executor.shutdown(wait=False, cancel_futures=True)


# What came of the first points of a batch, and the seconds that it took.
_Done = tuple[tuple[Entry, ...], float]


def _work(job: Job, batch: Batch, distribution: str) -> _Done:
    """What a worker does: all that can be done there, so that this process keeps many busy."""
    start = time.perf_counter()
    found = tuple(map(_entry, job(batch, distribution)))
    return found, time.perf_counter() - start


def _entry(outcome: Outcome) -> Entry:
    return entry(outcome.number, outcome.kind, outcome.reason, outcome.row)


def _failed(point: Point, reason: str) -> Entry:
    return _entry(failed(point, reason))


class _Batches:
    """Points in batches that take about :data:`BATCH_SECONDS`, by how long the last ones took."""

    def __init__(self, points: Iterator[Point]) -> None:
        self._points = points
        self._again: deque[Batch] = deque()
        self._size = 1

    def next(self) -> Batch:
        """The next batch, empty where there is none."""
        return self._again.popleft() if self._again else tuple(islice(self._points, self._size))

    def done(self, batch: Batch, future: Future[_Done]) -> tuple[Entry, ...]:
        """What came of a batch; those of its points that nothing came of are handed out again.

        Raises:
            BrokenExecutor: Its process died.
        """
        # Taken as a value: what a job raised, be it to end its process, must not end this one.
        error = CancelledError() if future.cancelled() else future.exception()
        if isinstance(error, BrokenExecutor):
            raise error
        if isinstance(error, CancelledError):
            # By a scheduler that went away, and may have come back.
            self._again.append(batch)
            return ()
        if error is not None:
            if len(batch) == 1:
                return (_failed(batch[0], f"its worker failed: {type(error).__name__}: {error}"),)
            self._again.extend((point,) for point in batch)
            return ()
        found, seconds = future.result()
        if rest := batch[len(found) :]:
            self._again.append(rest)
        wanted = int(len(found) * BATCH_SECONDS / max(seconds, 1e-9))
        self._size = max(1, min(wanted, 2 * self._size, _LARGEST_BATCH))
        return found


def _by_themselves(
    suspects: list[Batch], batches: _Batches, distribution: str, engine: Engine, job: Job
) -> Iterator[Entry]:
    """What comes of batches of a pool that broke, each in a process of its own where it must."""
    executor = engine.start(1)
    left = deque(suspects)
    while left:
        batch = left.popleft()
        try:
            future = executor.submit(_work, job, batch, distribution)
            wait([future])
            yield from batches.done(batch, future)
        except BrokenExecutor:
            if len(batch) == 1:
                yield _failed(batch[0], "its process died twice: out of memory, or killed")
            else:
                left.extendleft((point,) for point in reversed(batch))
            executor.shutdown(wait=False, cancel_futures=True)
            executor = engine.start(1)
    executor.shutdown(wait=False, cancel_futures=True)

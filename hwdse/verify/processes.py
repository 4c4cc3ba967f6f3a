"""Work shared by processes: NumPy's short operations would wait for one another in threads."""

from __future__ import annotations

import multiprocessing
import signal
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import Any, TypeVar

__all__ = ["in_processes"]

Shared = TypeVar("Shared")
Task = TypeVar("Task")
Result = TypeVar("Result")

_shared: Any = None


def in_processes(
    function: Callable[[Shared, Task], Result], tasks: Sequence[Task], shared: Shared, jobs: int
) -> Iterator[Result]:
    """Results of ``function(shared, task)``, as they come; in this process where one is enough.

    Args:
        function: A module's own, which other processes can import.
        tasks: What to do.
        shared: Sent once to each process.
        jobs: Processes.
    """
    jobs = min(jobs, len(tasks))
    if jobs <= 1:
        yield from (function(shared, task) for task in tasks)
        return
    # A fork would take along the threads of the embedded Yosys' runtime half-way.
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, context, _start, (shared,)) as pool:
        pending = [pool.submit(_call, function, task) for task in tasks]
        try:
            for future in as_completed(pending):
                yield future.result()
        finally:
            for future in pending:
                future.cancel()


def _start(shared: Any) -> None:
    global _shared
    _shared = shared
    # On ctrl-C the parent has the last word.
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def _call(function: Callable[[Any, Task], Result], task: Task) -> Result:
    return function(_shared, task)

"""Work shared by threads: Yosys and most of NumPy let others run meanwhile."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from typing import TypeVar

__all__ = ["in_threads"]

Task = TypeVar("Task")
Result = TypeVar("Result")


def in_threads(
    function: Callable[[Task], Result],
    tasks: Iterable[Task],
    *,
    jobs: int | None,
    on_done: Callable[[Task], None],
) -> dict[Task, Result]:
    """Results by task.

    Args:
        function: What to do with a task.
        tasks: What to do, each once.
        jobs: Threads; None for all cores.
        on_done: Called with each task as it is finished.
    """
    found = {}
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        pending = {pool.submit(function, task): task for task in tasks}
        try:
            for future in as_completed(pending):
                found[pending[future]] = future.result()
                on_done(pending[future])
        except BaseException:
            # Do not compute the rest before saying so.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return found

"""Where jobs run: processes of this machine, or the workers of an existing Dask cluster.

Both are executors of ``concurrent.futures``. A process that dies breaks its whole pool, so an
engine can be started again; which job it died of is found by running the suspects one by one.
"""

from __future__ import annotations

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable
from concurrent.futures import (
    BrokenExecutor,
    CancelledError,
    Executor,
    Future,
    ProcessPoolExecutor,
)
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hwdse.errors import ExternalToolError, HwdseError

__all__ = ["Engine", "cluster", "processes"]

_CONNECT_SECONDS = 10
# Between looks at a cluster's workers, and until it is given up without any: they may come back.
_LOOK_SECONDS = 1.0
_IDLE_SECONDS = 60.0
# Of jobs whose worker died.
_RETRIES = 2


@dataclass
class Engine:
    """Runs jobs.

    Attributes:
        workers: Jobs that run at a time.
        start: A new executor, of so many workers at most.
        lost: What became of the cluster, in words; "" while it is there.
        close: Lets go of what is not an executor's own.
    """

    workers: int
    start: Callable[[int], Executor]
    lost: Callable[[], str] = field(default=lambda: "")
    close: Callable[[], None] = field(default=lambda: None)


def processes(jobs: int) -> Engine:
    """Processes of this machine."""
    # A fork would take along the threads of the embedded Yosys' runtime half-way.
    context = multiprocessing.get_context("spawn")

    def start(workers: int) -> Executor:
        return ProcessPoolExecutor(min(jobs, workers), context, _start_worker)

    return Engine(jobs, start)


def _start_worker() -> None:
    # On ctrl-C the parent has the last word.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """A parent that is killed cannot tell its workers, which would work on and then wait for it."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def cluster(address: str) -> Engine:
    """The workers of a Dask cluster.

    Args:
        address: Of its scheduler, such as ``tcp://host:8786``.

    Raises:
        HwdseError: Dask is not installed, or nothing answers there, or it has no workers.
    """
    try:
        import distributed
    except ImportError:
        raise ExternalToolError(
            "--scheduler needs dask and distributed: pip install 'hwdse[cluster]'"
        ) from None
    # What becomes of the cluster is said in one line, without its tracebacks.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        connect: Any = distributed.Client
        client = connect(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        raise HwdseError(
            f"--scheduler {address[:80]}: no Dask scheduler answers there "
            f"({' '.join(str(error).split())[:120] or type(error).__name__}); start one with "
            "`dask scheduler`"
        ) from None
    threads = sum(client.nthreads().values())
    if not threads:
        client.close()
        raise HwdseError(
            f"--scheduler {address[:80]}: the cluster has no workers; start some with `dask worker`"
        )

    watch = _Watch(client, address[:80])
    return Engine(threads, lambda _: _DaskExecutor(client), watch.lost, client.close)


class _Watch:
    """What becomes of a cluster: a scheduler without workers would wait for ever."""

    def __init__(self, client: Any, address: str) -> None:
        self._client = client
        self._address = address
        self._looked = self._worked = time.monotonic()

    def lost(self) -> str:
        """What became of it, in words; "" while it is there."""
        now = time.monotonic()
        if self._client.status == "running" and now - self._looked >= _LOOK_SECONDS:
            self._looked = now
            # The connection may break while it is asked.
            with suppress(OSError):
                if self._client.nthreads():
                    self._worked = now
        if self._client.status != "running":
            return f"the scheduler {self._address} is gone"
        idle = now - self._worked
        return f"no worker of {self._address} since {idle:.0f} s" if idle > _IDLE_SECONDS else ""


class _DaskExecutor(Executor):
    """Jobs on a cluster; shutting it down leaves the client to others.

    Dask's own ``ClientExecutor`` leaves a future pending for ever where its result gets lost on the
    way here.
    """

    def __init__(self, client: Any) -> None:
        self._client = client

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        ours: Future[Any] = Future()
        try:
            theirs = self._client.submit(fn, *args, **kwargs, pure=False, retries=_RETRIES)
        except Exception as error:
            raise BrokenExecutor(f"{type(error).__name__}: {error}") from error
        theirs.add_done_callback(partial(_pass_on, ours))
        return ours


def _pass_on(ours: Future[Any], theirs: Any) -> None:
    """Give the result of a future of Dask to one of ours, or the error of its job."""
    try:
        if theirs.status == "error":
            ours.set_exception(theirs.exception())
        else:
            ours.set_result(theirs.result())
    except BaseException as error:
        # Cancelled, or lost with a connection.
        ours.set_exception(CancelledError(str(error)))

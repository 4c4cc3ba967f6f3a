"""Jobs that cost nothing, for processes that tests start."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from hwdse.cli import sweep as command
from hwdse.sweep.engines import Engine
from hwdse.sweep.run import run_points

JOBS = """
import os
import signal
import time

from hwdse.sweep.jobs import Outcome


def quick(points, distribution):
    row = {"pid": os.getpid(), "of": distribution, "batch": len(points)}
    return tuple(Outcome(point.number, {"spec": point.spec, **row}) for point in points)


def one_in_ten_is_refused(points, distribution):
    return tuple(
        Outcome(p.number, {"spec": p.spec, "area_um2": p.number / 7})
        if p.number % 10
        else Outcome(p.number, None, "refused", f"there is no such design as {p.spec}")
        for p in points
    )


def only_the_first(points, distribution):
    return quick(points, distribution)[:1]


def long(points, distribution):
    time.sleep(0.3)
    return quick(points, distribution)


def infinite(points, distribution):
    return tuple(Outcome(point.number, {"spec": "s", "x": float("inf")}) for point in points)


def slow(points, distribution):
    time.sleep(0.2)
    return quick(points[:1], distribution)


def sometimes_dies(points, distribution):
    if any(point.spec == "deadly" for point in points):
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(points, distribution)


def raises(points, distribution):
    raise MemoryError("no room")


def leaves(points, distribution):
    raise SystemExit(3)
"""


@pytest.fixture
def jobs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A module that other processes can import, those of a cluster too."""
    (tmp_path / "jobs_of_this_test.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    yield importlib.import_module("jobs_of_this_test")
    sys.modules.pop("jobs_of_this_test")


class _Here(Executor):
    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except BaseException as error:
            future.set_exception(error)
        return future


@pytest.fixture
def here() -> Engine:
    """Does each job at once, in this process."""
    return Engine(1, lambda _: _Here())


@pytest.fixture
def sweep(jobs: Any, here: Engine, monkeypatch: pytest.MonkeyPatch) -> Any:
    """`hwdse sweep` in this process, with a job that costs nothing."""
    monkeypatch.setattr(command, "_engine", lambda *_: here)
    monkeypatch.setattr(command, "announce_compilation", lambda: None)
    options = {"jobs": 1, "scheduler": None, "most": 10**9, "json_": False}

    def run(space: Path, directory: Path, *, resume: bool = False, job: Any = jobs.quick) -> int:
        monkeypatch.setattr(command, "run_points", partial(run_points, job=job))
        return command.sweep(space, directory, resume=resume, **options)

    return run

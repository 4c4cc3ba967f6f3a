"""Running points: in processes that may die, and on a real Dask cluster that loses a worker."""

import importlib
import os
import signal
import sys

import pytest

from hwdse.errors import HwdseError
from hwdse.sweep.engines import cluster, processes
from hwdse.sweep.jobs import Outcome
from hwdse.sweep.run import run_points
from hwdse.sweep.space import Point

JOBS = """
import os
import signal
import time

from hwdse.sweep.jobs import Outcome


def quick(point, distribution):
    return Outcome(point.number, {"pid": os.getpid(), "spec": point.spec, "of": distribution})


def slow(point, distribution):
    time.sleep(0.2)
    return quick(point, distribution)


def sometimes_dies(point, distribution):
    if point.spec == "deadly":
        os.kill(os.getpid(), signal.SIGKILL)
    return quick(point, distribution)


def raises(point, distribution):
    raise MemoryError("no room")
"""


@pytest.fixture
def jobs(tmp_path, monkeypatch):
    """A module that other processes can import."""
    (tmp_path / "jobs_of_this_test.py").write_text(JOBS)
    monkeypatch.syspath_prepend(tmp_path)
    yield importlib.import_module("jobs_of_this_test")
    sys.modules.pop("jobs_of_this_test")


def points(count, deadly=()):
    return [Point(n, "deadly" if n in deadly else f"s{n}", "t", None) for n in range(count)]


def outcomes(engine, given, job):
    found = list(run_points(iter(given), "uniform", engine, job=job))
    assert sorted(outcome.number for outcome in found) == [point.number for point in given]
    return {outcome.number: outcome for outcome in found}


def test_every_point_is_run_once(jobs):
    found = outcomes(processes(2), points(50), jobs.quick)
    assert all(found[n].row["spec"] == f"s{n}" for n in range(50))
    assert {outcome.row["of"] for outcome in found.values()} == {"uniform"}


def test_no_more_points_are_drawn_than_are_in_flight(jobs):
    drawn = []

    def source():
        for point in points(40):
            drawn.append(point)
            yield point

    running = run_points(source(), "uniform", processes(1), job=jobs.quick)
    next(running)
    assert len(drawn) <= 8
    assert len(list(running)) == 39


def test_points_that_kill_their_process_spare_the_rest(jobs):
    found = outcomes(processes(2), points(20, deadly={3, 11}), jobs.sometimes_dies)
    for number, outcome in found.items():
        if number in {3, 11}:
            assert (outcome.kind, outcome.row) == ("failed", None)
            assert "died" in outcome.reason
        else:
            assert outcome.kind == "done"


def test_an_error_of_the_worker_is_the_points_own(jobs):
    found = outcomes(processes(1), points(3), jobs.raises)
    assert all("MemoryError: no room" in outcome.reason for outcome in found.values())
    assert {outcome.kind for outcome in found.values()} == {"failed"}


@pytest.fixture
def dask_cluster(jobs, tmp_path, monkeypatch):
    """Two workers, each a process of one thread, which can import the jobs."""
    distributed = pytest.importorskip("distributed")
    path = os.pathsep.join([str(tmp_path), *filter(None, [os.environ.get("PYTHONPATH")])])
    monkeypatch.setenv("PYTHONPATH", path)
    made = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None
    )
    yield made
    made.close()


def test_a_cluster_that_loses_a_worker_ends_the_sweep_all_the_same(jobs, dask_cluster):
    engine = cluster(dask_cluster.scheduler_address)
    assert engine.workers == 2
    victim = next(iter(dask_cluster.workers.values())).pid
    found: list[Outcome] = []
    try:
        for outcome in run_points(iter(points(24)), "uniform", engine, job=jobs.slow):
            if not found:
                os.kill(victim, signal.SIGKILL)
            found.append(outcome)
    finally:
        engine.close()
    assert sorted(outcome.number for outcome in found) == list(range(24))
    assert {outcome.kind for outcome in found} == {"done"}
    assert len({outcome.row["pid"] for outcome in found}) >= 2


def test_a_scheduler_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("hwdse.sweep.engines._CONNECT_SECONDS", 0.2)
    with pytest.raises(HwdseError, match="no Dask scheduler answers there") as caught:
        cluster("tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    with pytest.raises(HwdseError, match="no Dask scheduler answers there"):
        cluster("nonsense://x")

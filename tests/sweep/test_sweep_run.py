"""Running points: in processes that may die, and on a real Dask cluster that loses a worker."""

import json
import os
import signal
import time
from contextlib import ExitStack

import pytest

from hwdse.errors import ExternalToolError, HwdseError
from hwdse.sweep import engines
from hwdse.sweep.engines import cluster, processes
from hwdse.sweep.jobs import failed, run_batch
from hwdse.sweep.run import run_points
from hwdse.sweep.space import Point


def points(count, deadly=()):
    return [Point(n, "deadly" if n in deadly else f"s{n}", "t", None) for n in range(count)]


def outcomes(engine, given, job):
    found = list(run_points(iter(given), "uniform", engine, job=job))
    assert sorted(outcome.number for outcome in found) == [point.number for point in given]
    return {outcome.number: json.loads(outcome.line) for outcome in found}


def test_every_point_is_run_once(jobs):
    found = outcomes(processes(2), points(50), jobs.quick)
    assert all(found[n]["row"]["spec"] == f"s{n}" for n in range(50))
    assert {outcome["row"]["of"] for outcome in found.values()} == {"uniform"}


def test_points_that_take_no_time_are_handed_over_in_batches(jobs, here):
    found = outcomes(here, points(3000), jobs.quick)
    sizes = [outcome["row"]["batch"] for outcome in found.values()]
    assert sizes[0] == 1
    assert 64 <= max(sizes) <= 2048


def test_points_that_take_long_are_handed_over_one_by_one(jobs, here):
    found = outcomes(here, points(4), jobs.long)
    assert {outcome["row"]["batch"] for outcome in found.values()} == {1}


def test_the_rest_of_a_batch_is_handed_out_again(jobs, here):
    found = outcomes(here, points(300), jobs.only_the_first)
    assert max(outcome["row"]["batch"] for outcome in found.values()) > 1


def test_a_batch_ends_when_its_time_is_over(monkeypatch):
    def pause(point, distribution):
        time.sleep(0.03)
        return failed(point, "no reason")

    monkeypatch.setattr("hwdse.sweep.jobs.run_point", pause)
    monkeypatch.setattr("hwdse.sweep.jobs.BATCH_SECONDS", 0.05)
    assert len(run_batch(tuple(points(10)), "uniform")) == 2
    monkeypatch.setattr("hwdse.sweep.jobs.BATCH_SECONDS", 0.0)
    assert len(run_batch(tuple(points(10)), "uniform")) == 1


def test_figures_that_no_table_holds_are_a_failure_of_the_point(jobs, here):
    found = outcomes(here, points(40), jobs.infinite)
    assert all("ValueError" in outcome["reason"] for outcome in found.values())


def test_no_more_points_are_drawn_than_are_in_flight(jobs, here):
    drawn = []

    def source():
        for point in points(40):
            drawn.append(point)
            yield point

    running = run_points(source(), "uniform", here, job=jobs.quick)
    next(running)
    assert len(drawn) <= 8
    assert len(list(running)) == 39


def test_points_that_kill_their_process_spare_the_rest(jobs):
    found = outcomes(processes(2), points(12, deadly={3, 8}), jobs.sometimes_dies)
    for number, outcome in found.items():
        if number in {3, 8}:
            assert (outcome["kind"], outcome["row"]) == ("failed", None)
            assert "died" in outcome["reason"]
        else:
            assert outcome["kind"] == "done"


@pytest.mark.parametrize(
    ("job", "reason"), [("raises", "MemoryError: no room"), ("leaves", "SystemExit: 3")]
)
def test_an_error_of_the_worker_is_the_points_own(jobs, here, job, reason):
    found = outcomes(here, points(20), getattr(jobs, job))
    assert all(reason in outcome["reason"] for outcome in found.values())
    assert {outcome["kind"] for outcome in found.values()} == {"failed"}


@pytest.fixture
def dask_clusters(jobs):
    """Makes clusters of workers that are processes of one thread and can import the jobs."""
    distributed = pytest.importorskip("distributed")
    with ExitStack() as made:

        def make(workers):
            # Status pages get any free port: tests run side by side.
            return made.enter_context(
                distributed.LocalCluster(
                    n_workers=workers,
                    threads_per_worker=1,
                    processes=True,
                    dashboard_address=":0",
                )
            )

        yield make


def test_a_cluster_that_loses_a_worker_ends_the_sweep_all_the_same(jobs, dask_clusters):
    made = dask_clusters(2)
    engine = cluster(made.scheduler_address)
    assert engine.workers == 2
    victim = next(iter(made.workers.values())).pid
    found = []
    try:
        for outcome in run_points(iter(points(24)), "uniform", engine, job=jobs.slow):
            if not found:
                os.kill(victim, signal.SIGKILL)
            found.append(outcome)
    finally:
        engine.close()
    assert sorted(outcome.number for outcome in found) == list(range(24))
    assert {outcome.kind for outcome in found} == {"done"}


def test_a_cluster_that_loses_all_workers_ends_the_sweep(jobs, dask_clusters, monkeypatch):
    monkeypatch.setattr("hwdse.sweep.engines._IDLE_SECONDS", 2.0)
    made = dask_clusters(1)
    engine = cluster(made.scheduler_address)
    found = []
    try:
        running = run_points(iter(points(24)), "uniform", engine, job=jobs.slow)
        found.append(next(running))
        made.scale(0)
        with pytest.raises(ExternalToolError, match=r"no worker of .* go on with --resume"):
            found.extend(running)
    finally:
        engine.close()
    assert len(found) < 24


def test_a_connection_that_breaks_while_workers_are_counted(monkeypatch):
    class Client:
        status = "running"

        def nthreads(self):
            raise OSError("broken")

    monkeypatch.setattr(engines, "_LOOK_SECONDS", 0.0)
    watch = engines._Watch(Client(), "tcp://here:1")
    assert watch.lost() == ""
    monkeypatch.setattr(engines, "_IDLE_SECONDS", -1.0)
    assert watch.lost() == "no worker of tcp://here:1 since 0 s"
    Client.status = "closed"
    assert watch.lost() == "the scheduler tcp://here:1 is gone"


def test_a_scheduler_that_is_not_there(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("hwdse.sweep.engines._CONNECT_SECONDS", 0.2)
    with pytest.raises(HwdseError, match="no Dask scheduler answers there") as caught:
        cluster("tcp://127.0.0.1:9")
    assert "\n" not in str(caught.value)
    with pytest.raises(HwdseError, match="no Dask scheduler answers there"):
        cluster("nonsense://x")

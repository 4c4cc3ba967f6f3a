"""`hwdse sweep` in processes of its own: a scheduler that dies, directories that are in use."""

from __future__ import annotations

import fcntl
import json
import os
import resource
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pandas as pd
import pytest

from hwdse.errors import HwdseError

SPACE = """
name: Many
technologies: [nangate45]
designs:
  - family: mac
    w: [int2, int3, int4, int5]
    a: [int2, int3, int4, int5]
    pipeline: {from: 0, to: 3}
"""
POINTS = 64
slow = pytest.mark.slow
# The command, with another job than costing.
SCRIPT = """
import functools
import sys

import jobs_of_this_test
from hwdse.cli import main, sweep
from hwdse.sweep.run import run_points

if __name__ == "__main__":
    job = getattr(jobs_of_this_test, sys.argv.pop(1))
    sweep.run_points = functools.partial(run_points, job=job)
    sweep.warm_up = sweep.announce_compilation = lambda: None
    main.run()
"""


@pytest.fixture
def start(jobs, tmp_path):
    """Starts a sweep with one of the jobs, in a process of its own."""
    (tmp_path / "command.py").write_text(SCRIPT)
    started = []

    def start(job, *arguments):
        command = [sys.executable, tmp_path / "command.py", job, "sweep", *arguments]
        piped = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, start_new_session=True, **piped))
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


@pytest.fixture
def scheduler(jobs):
    """A Dask scheduler with one worker, which can import the jobs: its process and address."""
    distributed = pytest.importorskip("distributed")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    port = address.rpartition(":")[2]
    place = ["--host", "127.0.0.1", "--port", port, "--no-dashboard"]
    worker = [address, "--nthreads", "2", "--no-dashboard", "--no-nanny"]
    started = [
        subprocess.Popen(
            [sys.executable, "-m", "dask", what, *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for what, options in (("scheduler", place), ("worker", worker))
    ]
    with distributed.Client(address, set_as_default=False) as client:
        client.wait_for_workers(1, timeout=60)
    yield started[0], address
    for process in started:
        process.kill()
        process.wait()


def lines(journal):
    """Whole lines of a journal."""
    if not journal.exists():
        return []
    return [line for line in journal.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]


@pytest.mark.parametrize("how", [signal.SIGKILL, pytest.param(signal.SIGTERM, marks=slow)])
def test_a_scheduler_that_dies_ends_the_sweep_and_loses_nothing(
    start, sweep, scheduler, space, tmp_path, how
):
    process, address = scheduler
    out, journal = tmp_path / "out", tmp_path / "out" / "sweep.jsonl"
    running = start("slow", space, "-o", out, "--scheduler", address)
    deadline = time.monotonic() + 60
    while len(lines(journal)) < 4:
        assert running.poll() is None, running.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(how)
    printed, complaint = running.communicate(timeout=60)
    assert running.returncode == 5
    assert printed == ""
    assert complaint.count("\n") == 1, complaint
    assert f"the scheduler {address} is gone" in complaint
    assert "go on with --resume" in complaint
    kept = lines(journal)
    assert 4 <= len(kept) < POINTS
    ends_well(sweep, space, out, kept)


def ends_well(sweep, space, out, kept):
    """Goes on, and computes only what was not there."""
    assert sweep(space, out, resume=True) == 0
    again = lines(out / "sweep.jsonl")
    assert again[: len(kept)] == kept
    numbers = [json.loads(line)["number"] for line in again[1:]]
    assert sorted(numbers) == list(range(POINTS))
    assert json.loads((out / "run.json").read_text())["computed"] == POINTS - len(kept) + 1


def test_a_directory_belongs_to_one_sweep(sweep, space, tmp_path):
    out = tmp_path / "out"
    assert sweep(space, out) == 0
    kept = lines(out / "sweep.jsonl")
    assert len(kept) == 1 + POINTS
    other = tmp_path / "other.yaml"
    other.write_text(SPACE.replace("to: 3", "to: 2"))
    with pytest.raises(HwdseError, match=r"results of another space.*choose another -o"):
        sweep(other, out, resume=True)
    with (out / "sweep.jsonl").open("ab") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(HwdseError, match="another sweep is writing there"):
            sweep(space, out, resume=True)
    assert lines(out / "sweep.jsonl") == kept


def test_a_disk_that_fills_up_loses_nothing(sweep, space, tmp_path):
    out = tmp_path / "out"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # Python leaves the signal of the limit alone: writing fails, as on a full disk.
    resource.setrlimit(resource.RLIMIT_FSIZE, (2500, before[1]))
    try:
        with pytest.raises(HwdseError, match=r"cannot write .* once there is room"):
            sweep(space, out)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    kept = lines(out / "sweep.jsonl")
    assert b"".join(kept) == (out / "sweep.jsonl").read_bytes()
    assert 1 < len(kept) < POINTS
    ends_well(sweep, space, out, kept)


@slow
def test_two_sweeps_share_a_store(space, tmp_path, monkeypatch):
    monkeypatch.setenv("HWDSE_CACHE_DIR", str(tmp_path / "store"))
    space.write_text(SPACE.replace("[int2, int3, int4, int5]", "[int2, int3]"))
    command = [sys.executable, "-c", "from hwdse.cli.main import run; run()", "sweep", space]
    outs = [tmp_path / name for name in ("one", "two")]
    both = [subprocess.Popen([*command, "-o", out, "--jobs", "1"]) for out in outs]
    assert [process.wait(timeout=600) for process in both] == [0, 0]
    one, two = (pd.read_parquet(out / "results.parquet") for out in outs)
    # A plain multiplier has no place for a third stage.
    assert len(one) == 12
    pd.testing.assert_frame_equal(one, two)


def running(process):
    """Whether a process is there and has not ended."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks processes up in /proc")
def test_workers_end_with_a_sweep_that_is_killed(start, space, tmp_path):
    process = start("slow", space, "-o", tmp_path / "swept", "--jobs", "2")
    journal = tmp_path / "swept" / "sweep.jsonl"
    wait_for(lambda: len(lines(journal)) > 2)
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    assert len(children) >= 2
    process.kill()
    process.wait()
    wait_for(lambda: not any(map(running, children)))


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)

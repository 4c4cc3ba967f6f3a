"""Tables of finished points, and the memory that a whole sweep takes."""

from __future__ import annotations

import resource
import tracemalloc

import pandas as pd
import pytest

from hwdse.cli import sweep as command
from hwdse.errors import HwdseError
from hwdse.sweep.journal import Journal, entry
from hwdse.sweep.space import Point
from hwdse.sweep.tables import write_failures, write_results


@pytest.fixture
def journal(tmp_path):
    """Five points: two with figures, of other columns each, two without, and one not computed."""
    made = Journal(tmp_path, {}, size=5, resume=False)
    made.add(entry(4, "done", "", {"spec": "e", "x": 2, "late": 1, "dsp": True, "none": None}))
    made.add(entry(2, "refused", 'no "such", design', None))
    made.add(entry(1, "failed", "lost", None))
    made.add(entry(0, "failed", "at first", None))
    made.add(entry(0, "done", "", {"spec": "a", "x": 0.5, "y": None}))
    yield made
    made.close()


def points(count=5):
    for number in range(count):
        yield Point(number, f"s{number},x=1", "t", 1.5 if number % 2 else None)


def test_tables_are_in_the_order_of_the_space(journal, tmp_path):
    assert write_results(journal, tmp_path / "r.parquet") == 2
    found = pd.read_parquet(tmp_path / "r.parquet")
    assert list(found["spec"]) == ["a", "e"]
    assert list(found["x"]) == [0.5, 2.0]
    assert found["late"].iloc[1] == 1
    assert found["dsp"].iloc[1] == True  # noqa: E712
    assert write_failures(journal, points(), tmp_path / "f.csv") == (1, 1)
    assert (tmp_path / "f.csv").read_text().splitlines() == [
        "spec,tech,clock_ns,kind,reason",
        '"s1,x=1",t,1.5,failed,lost',
        '"s2,x=1",t,,refused,"no ""such"", design"',
    ]


def test_tables_of_nothing_are_not_there(tmp_path):
    empty = Journal(tmp_path, {}, size=5, resume=False)
    for name in ("r.parquet", "f.csv"):
        (tmp_path / name).write_text("of an earlier run")
    assert write_results(empty, tmp_path / "r.parquet") == 0
    assert write_failures(empty, points(), tmp_path / "f.csv") == (0, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.jsonl"]
    empty.close()


def test_a_full_disk_leaves_no_half_table(journal, tmp_path):
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (20, before[1]))
    try:
        for write in (
            lambda: write_results(journal, tmp_path / "r.parquet"),
            lambda: write_failures(journal, points(), tmp_path / "f.csv"),
        ):
            with pytest.raises(HwdseError, match="cannot write"):
                write()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert [path.name for path in tmp_path.iterdir()] == ["sweep.jsonl"]


def test_memory_does_not_grow_with_the_space(sweep, jobs, tmp_path, monkeypatch):
    # Reading a technology takes more than all the rest.
    monkeypatch.setattr(command, "_version", lambda _: "")
    monkeypatch.setattr("hwdse.sweep.tables._ROWS", 512)
    monkeypatch.setattr("hwdse.sweep.run._LARGEST_BATCH", 128)

    def swept(count, *, resume=False):
        space, out = tmp_path / f"{count}.yaml", tmp_path / str(count)
        keys = "w: [int4, int8], a: [int4, int5, int6, int7, int8], pipeline: {from: 0, to: 3}"
        terms = f"terms: {{from: 1, to: {count // 40}}}"
        space.write_text(
            f"name: n\ntechnologies: [nangate45]\ndesigns:\n  - {{family: mac, {keys}, {terms}}}\n"
        )
        assert sweep(space, out, resume=resume, job=jobs.one_in_ten_is_refused) == 0

    def peak(count, *, resume=False):
        tracemalloc.start()
        try:
            swept(count, resume=resume)
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # What is imported on the way does not count.
    swept(200)
    few, many = 3_000, 9_000
    # The journal notes 9 bytes of each point; its row, or its line, would be hundreds.
    most = 100 * (many - few)
    assert peak(many) - peak(few) < most
    assert peak(many, resume=True) - peak(few, resume=True) < most

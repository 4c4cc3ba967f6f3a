"""`hwdse sweep`, `pareto` and `plot` as a user runs them."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import pandas as pd
import pytest

SPACE = """
name: Small
technologies: [nangate45]
designs:
  - family: mac
    w: [int2, binary]
    a: [int2, uint2]
    acc: [int32, fp16]
    pipeline: {from: 0, to: 1}
"""
RUN = "from hwdse.cli.main import run; run()"


@pytest.fixture
def space(tmp_path):
    path = tmp_path / "space.yaml"
    path.write_text(SPACE)
    return path


@pytest.fixture(scope="module")
def swept(tmp_path_factory):
    """A directory of results, from a sweep that was killed and resumed."""
    folder = tmp_path_factory.mktemp("swept")
    (folder / "space.yaml").write_text(SPACE)
    out = folder / "out"
    command = [sys.executable, "-c", RUN, "sweep", folder / "space.yaml", "-o", out, "--jobs", "2"]
    first = subprocess.Popen(
        command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    journal = out / "sweep.jsonl"
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline:
        if journal.exists() and journal.read_bytes().count(b'"done"') >= 2:
            break
        time.sleep(0.05)
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    kept = [line for line in journal.read_bytes().splitlines(keepends=True) if line[-1:] == b"\n"]
    second = subprocess.run([*command, "--resume"], capture_output=True, text=True, timeout=300)
    assert second.returncode == 0, second.stderr
    # Of what was there, no line was computed again.
    assert journal.read_bytes().startswith(b"".join(kept))
    assert journal.read_bytes().count(b"\n") == 1 + 16
    return out


def test_a_killed_sweep_goes_on_and_ends_like_any_other(swept):
    frame = pd.read_parquet(swept / "results.parquet")
    assert len(frame) == 8
    assert list(frame["spec"]) == [
        f"mac:w={w},a={a},acc=int32,pipeline={p}"
        for w in ("int2", "binary")
        for a in ("int2", "uint2")
        for p in (0, 1)
    ]
    assert {"family", "w", "a", "tech", "area_um2", "energy_pj_per_mac"} <= set(frame.columns)
    assert (frame["area_um2"] > 0).all()
    refused = pd.read_csv(swept / "without_figures.csv")
    assert len(refused) == 8
    assert set(refused["kind"]) == {"refused"}
    assert refused["reason"].str.contains("acc=fp16 is not supported here").all()


def test_figures_are_those_of_cost(swept, hwdse):
    frame = pd.read_parquet(swept / "results.parquet").set_index("spec")
    spec = frame.index[1]
    (row,) = hwdse("cost", spec, "--tech", "nangate45", "--json").document
    for name in ("area_um2", "delay_ps", "energy_pj_per_mac", "leakage_uw", "macs_per_cycle"):
        assert row[name] == frame.loc[spec, name]


def test_a_finished_sweep_is_not_run_again(swept, hwdse):
    again = hwdse("sweep", swept.parent / "space.yaml", "-o", swept, "--resume", "--json")
    assert again.code == 0
    assert (again.document["computed"], again.document["rows"]) == (0, 8)
    plain = hwdse("sweep", swept.parent / "space.yaml", "-o", swept)
    assert "add --resume" in plain.complaint


@pytest.mark.parametrize(
    ("change", "options", "message"),
    [
        (("pipeline: {from: 0, to: 1}", "pipeline: []"), [], "makes the product empty"),
        (("[nangate45]", "[nangate54]"), [], "nangate54"),
        (("to: 1}", "to: 40000}"), [], "more than 20,000; narrow it, or say --max-points"),
        (("to: 1}", "to: 1}"), ["--scheduler", "tcp://127.0.0.1:9"], "no Dask scheduler answers"),
    ],
)
def test_mistakes_are_one_line(space, tmp_path, hwdse, monkeypatch, change, options, message):
    monkeypatch.setattr("hwdse.sweep.engines._CONNECT_SECONDS", 0.2)
    space.write_text(SPACE.replace(*change))
    found = hwdse("sweep", space, "-o", tmp_path / "out", *options)
    assert found.code == 2
    assert message in found.complaint


def test_the_front_of_a_table(tmp_path, hwdse):
    table = tmp_path / "t.csv"
    table.write_text("spec,area,rate\na,1,1\nb,2,2\nc,2,1\nd,3,2\ne,,9\n")
    found = hwdse("pareto", table, "--minimize", "area", "--maximize", "rate", "--json")
    assert [row["spec"] for row in found.document] == ["a", "b"]
    written = hwdse(
        "pareto", table, "--minimize", "area", "--maximize", "rate", "-o", tmp_path / "f.csv"
    )
    assert written.code == 0
    assert (tmp_path / "f.csv").read_text() == "spec,area,rate\na,1.0,1\nb,2.0,2\n"
    assert "did you mean" in hwdse("pareto", table, "--minimize", "aera").complaint
    assert "holds words" in hwdse("pareto", table, "--minimize", "spec").complaint
    assert "say what is better" in hwdse("pareto", table).complaint


@pytest.mark.parametrize("colour", [None, "spec", "rate"])
@pytest.mark.parametrize("suffix", [".csv", ".json", ".parquet"])
def test_a_picture_of_a_table(tmp_path, hwdse, colour, suffix):
    rows = [{"spec": f"s{n % 12}", "area": 1 + n * 7 % 13, "rate": n / 3} for n in range(40)]
    table = tmp_path / f"t{suffix}"
    if suffix == ".json":
        table.write_text(json.dumps(rows))
    else:
        frame = pd.DataFrame(rows)
        (frame.to_csv if suffix == ".csv" else frame.to_parquet)(table, index=False)
    more = [] if colour is None else ["--colour", colour]
    options = ["--x", "area", "--y", "rate", "--maximize", "rate", *more]
    found = hwdse("plot", table, *options, "-o", tmp_path / "p.svg")
    assert found.code == 0, found.err
    front = [line.split() for line in found.out.splitlines()[1:]]
    best = pd.DataFrame(rows).groupby("area")["rate"].max().cummax()
    assert [float(rate) for *_, rate in front] == pytest.approx(best.unique(), rel=1e-3)
    assert (tmp_path / "p.svg").read_text().count("<path") > 10


def test_pictures_that_cannot_be_drawn(tmp_path, hwdse):
    table = tmp_path / "t.csv"
    table.write_text("spec,area,rate\na,1,\nb,,2\n")
    out = ["-o", tmp_path / "p.png"]
    assert "no row has both" in hwdse("plot", table, "--x", "area", "--y", "rate", *out).complaint
    assert "no column" in hwdse("plot", table, "--x", "area", "--y", "rata", *out).complaint
    (tmp_path / "bad.parquet").write_bytes(b"nothing")
    bad = hwdse("plot", tmp_path / "bad.parquet", "--x", "a", "--y", "b", *out)
    assert "not a parquet table" in bad.complaint
    assert (
        "tables end in" in hwdse("plot", tmp_path / "t.txt", "--x", "a", "--y", "b", *out).complaint
    )

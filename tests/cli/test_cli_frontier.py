"""`hwdse allocate` with --frontier and --compare, and what they write."""

from __future__ import annotations

import csv
import io

import pytest

TABLE = "layer,option,loss,size,energy\n" + "".join(
    f"conv{layer},int{bits},{(layer + 2) * 3.0 / 2**bits:.6g},{(layer % 3 + 1) * bits},"
    f"{(5 - layer) * bits**2 / 8}\n"
    for layer in range(5)
    for bits in (2, 3, 4, 6, 8)
)


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(TABLE)
    return path


def read(path):
    return list(csv.DictReader(io.StringIO(path.read_text())))


def test_baselines_stand_beside_the_exact_answer(hwdse, table, tmp_path):
    outputs = [tmp_path / "c.csv", tmp_path / "c.png"]
    words = ("allocate", table, "--budget", "size<=36", "--compare", "--seed", 3)
    told = hwdse(*words, "-o", outputs[0], "-o", outputs[1])
    assert told.code == 0
    lines = told.out.splitlines()
    assert lines[0].split() == [
        "method", "loss", "excess_percent", "size", "energy", "seconds", "feasible",
    ]  # fmt: skip
    methods = ["exact", "uniform", "greedy", "random", "balanced", "evolutionary"]
    assert [line.split()[0] for line in lines[1:7]] == methods
    rows = read(outputs[0])
    assert [row["method"] for row in rows] == methods
    assert outputs[1].read_bytes().startswith(b"\x89PNG")
    document = hwdse(*words, "--json").document
    exact = document["exact"]["objective"]
    assert float(rows[0]["loss"]) == exact
    assert "frontier" not in document
    for row, one in zip(rows[1:], document["baselines"], strict=True):
        assert float(row["loss"]) == one["objective"] >= exact
        assert float(row["size"]) <= 36
        assert float(row["excess_percent"]) == pytest.approx((one["objective"] / exact - 1) * 100)
    assert float(rows[1]["excess_percent"]) > 1
    assert "seed 3" in told.out


def test_compared_against_the_frontier_of_a_column(hwdse, table):
    words = ("allocate", table, "--budget", "energy<=60", "--budget", "size<=36", "--compare")
    document = hwdse(*words, "--frontier", "size", "--points", 5, "--json").document
    sizes = [one["totals"]["size"] for one in document["frontier"]]
    assert min(sizes) < 36 < max(sizes)  # the budget on the column is only marked
    assert all(one["totals"]["energy"] <= 60 for one in document["frontier"])
    assert "needs a budget loss2<=V" in hwdse(*words, "--frontier", "loss2").complaint


def test_the_exact_frontier_is_drawn_and_written(hwdse, table, tmp_path):
    path, picture = tmp_path / "f.csv", tmp_path / "f.svg"
    told = hwdse("allocate", table, "--frontier", "size", "--exact", "-o", path, "-o", picture)
    assert told.code == 0
    hull = hwdse("allocate", table, "--frontier", "size", "--supported", "--json").document
    rows = read(path)
    assert list(rows[0]) == ["status", "gap", "loss", "size", "energy"]
    pairs = [(float(r["size"]), float(r["loss"])) for r in rows]
    assert pairs == sorted(pairs)
    assert {(one["totals"]["size"], one["objective"]) for one in hull} < set(pairs)
    assert picture.read_text().startswith("<?xml")


def test_two_columns_make_a_surface(hwdse, table, tmp_path):
    words = ("allocate", table, "--frontier", "size", "--frontier", "energy", "--points", 4)
    told = hwdse(*words, "-o", tmp_path / "s.csv", "-o", tmp_path / "s.png")
    assert told.code == 0
    assert "16 pairs of budgets" in told.out
    document = hwdse(*words, "--json").document
    assert len(document["cells"]) == 16
    assert len(document["points"]) == len(read(tmp_path / "s.csv"))
    assert (tmp_path / "s.png").stat().st_size > 5000


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["--exact"], "belong to --frontier"),
        (["--points", "5"], "belong to --frontier"),
        (["-o", "x.png"], "-o belongs to --frontier"),
        (["--frontier", "size", "--then", "energy"], "one objective"),
        (["--frontier", "size", "--exact", "--supported"], "not both"),
        (["--frontier", "size", "--confirm"], "--confirm is for one answer"),
        (["--frontier", "size", "--gap", "0.1"], "--gap is not for"),
        (["--frontier", "size", "--frontier", "energy", "--exact"], "one --frontier column"),
        (["--frontier", "size", "--frontier", "energy", "--frontier", "loss"], "a third"),
        (["--frontier", "size", "--frontier", "enrgy"], "did you mean 'energy'"),
        (["--frontier", "sum(size)[x]"], "no set of layers 'x'"),
        (["--frontier", "avg(size)"], "give a column"),
        (["--compare", "--frontier", "size", "--frontier", "energy"], "one --frontier"),
        (["--compare", "-o", "x.png"], "needs a '<=' budget"),
        (["--compare", "--then", "energy"], "one objective"),
        (["--frontier", "size", "-o", "x.gif"], "pictures end in"),
        (["--compare", "--budget", "size<=1"], "least reachable size is 18"),
    ],
)
def test_what_cannot_be_is_said(hwdse, table, words, complaint, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert complaint in hwdse("allocate", table, *words).complaint
    assert [path.name for path in tmp_path.iterdir()] == ["t.csv"]

"""`hwdse portfolio` from its command line."""

from __future__ import annotations

import csv
import json

import pytest

STUDY = """\
name: tiny portfolio
source: made up
technology: nangate45
operands: uniform
workload: layers.csv
sensitivity: losses.csv
units:
  two: {spec: "mac:w=int2,a=int2", copies: [1, 2]}
  three: {spec: "mac:w=int3,a=int3"}
units_at_most: [1, 2]
budgets: [time_ms<=1]
frontier: {column: energy_uj, points: 4}
"""

OPTIONS = """\
layer,option,unit,loss,energy
a,fine,fine,1,5
a,coarse,coarse,3,1
b,fine,fine,1,7
b,coarse,coarse,2,2
"""
UNITS = "unit,type,area\nfine,,5\ncoarse,,3\n"


@pytest.fixture
def tables(tmp_path):
    (tmp_path / "options.csv").write_text(OPTIONS)
    (tmp_path / "units.csv").write_text(UNITS)
    return (tmp_path / "options.csv", "--unit-table", tmp_path / "units.csv")


@pytest.fixture
def study(study_tables):
    (study_tables / "study.yaml").write_text(STUDY)
    return study_tables / "study.yaml"


def test_a_study_is_costed_solved_and_written(hwdse, study, tmp_path):
    out = tmp_path / "out"
    found = hwdse("portfolio", study, "-o", out, "--jobs", 1)
    assert found.code == 0
    assert "frontier, units <= 2" in found.out
    assert "HiGHS" in found.out
    for name in ("options.csv", "units.csv", "costs.csv", "portfolio.png", "portfolio.svg"):
        assert (out / name).stat().st_size > 0
    document = json.loads((out / "portfolio.json").read_text())
    assert "no memory" in document["provenance"]["includes"]
    one, two = document["portfolios"]
    assert (one["units_at_most"], two["units_at_most"]) == (1, 2)
    assert one["units"] == ["three"]
    assert one["agreement"] is True
    with (out / "units.csv").open() as file:
        area = {row["unit"]: float(row["area_mm2"]) for row in csv.DictReader(file)}
    assert area["2 × two"] == pytest.approx(2 * area["1 × two"])
    assert one["totals"]["area_mm2"] == area["three"]
    with (out / "frontier.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["status"] for row in rows} == {"optimal"}
    mixed = [row for row in rows if ";" in row["units"]]
    assert {row["units_at_most"] for row in mixed} == {"2"}
    # What was written can be solved again as plain tables.
    again = hwdse(
        "portfolio", out / "options.csv", "--unit-table", out / "units.csv",
        "--budget", "time_ms<=1", "--frontier", "energy_uj", "--units", 2, "-o", tmp_path / "again",
        "--json",
    )  # fmt: skip
    assert again.document["portfolios"][0]["totals"] == two["totals"]


def test_plain_tables_as_json(hwdse, tables, tmp_path):
    found = hwdse(
        "portfolio", *tables, "-o", tmp_path / "out", "--frontier", "energy",
        "--budget", "area<=8", "--units", 1, "--units", 2, "--second", "cbc", "--json",
    )  # fmt: skip
    assert found.code == 0
    document = found.document
    assert [one["objective"] for one in document["portfolios"]] == [2.0, 2.0]
    assert [one["agreement"] for one in document["portfolios"]] == [True, True]
    points = {(p["units_at_most"], p["energy"], p["loss"]) for p in document["frontier"]}
    assert points == {
        (1, 3.0, 5.0), (1, 12.0, 2.0), (2, 3.0, 5.0), (2, 7.0, 3.0), (2, 12.0, 2.0),
    }  # fmt: skip


def test_what_one_unit_cannot_do_two_may(hwdse, tables, tmp_path):
    command = (
        "portfolio", *tables, "-o", tmp_path / "out", "--frontier", "energy",
        "--budget", "energy<=7", "--budget", "loss<=3",
    )  # fmt: skip
    found = hwdse(*command, "--units", 1, "--units", 2)
    assert found.code == 0
    assert "<= 1: budget" in found.out
    alone = hwdse(*command, "--units", 1)
    assert alone.code == 3
    assert "budget loss<=3 cannot be met together with energy<=7" in alone.complaint
    assert "the least reachable loss is 5" in alone.complaint


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        (["--budget", "area<=2"], 3, "the least reachable area is 3"),
        (["--budget", "aera<=2"], 2, "did you mean 'area'"),
        (["--minimize", "los"], 2, "did you mean 'loss'"),
        (["--second", "cplex"], 2, "no second method 'cplex'"),
        (["--budget", "area"], 2, "neither '<=' nor '>='"),
        (["--frontier", "loss"], 2, "other than the objective"),
    ],
)
def test_mistakes_are_one_line(hwdse, tables, tmp_path, more, code, said):
    command = ["portfolio", *tables, "-o", tmp_path / "out", "--frontier", "energy", *more]
    found = hwdse(*command)
    assert found.code == code
    assert said in found.complaint


def test_a_table_needs_its_units_and_a_column_to_trade(hwdse, tables, tmp_path):
    path = tables[0]
    assert "--unit-table" in hwdse("portfolio", path, "-o", tmp_path / "out").complaint
    assert "--frontier" in hwdse("portfolio", *tables, "-o", tmp_path / "out").complaint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("mac:w=int3,a=int3", "mac:w=int5,a=int5", "serves no layer"),
        ("copies: [1, 2]", "copies: []", "copies"),
        ("units_at_most: [1, 2]", "units_at_most: [0]", "units_at_most"),
        ("budgets:", "bugdets:", "bugdets"),
        ("layers.csv", "absent.csv", "absent.csv"),
    ],
)
def test_mistakes_in_a_study_are_one_line(hwdse, study, tmp_path, old, new, said):
    study.write_text(STUDY.replace(old, new))
    found = hwdse("portfolio", study, "-o", tmp_path / "out")
    assert found.code == 2
    assert said in found.complaint


@pytest.mark.parametrize(
    ("file", "old", "new", "said"),
    [
        ("options.csv", "a,fine,fine", "a,fine,fein", "did you mean 'fine'"),
        ("options.csv", "unit,", "unti,", "no column 'unit'"),
        ("options.csv", ",5\n", ",nan\n", "is not a finite number"),
        ("units.csv", "coarse,,3", "fine,,3", "unit 'fine' occurs twice"),
        ("units.csv", "coarse,,3", "coarse,,", "the number is missing"),
        ("units.csv", "coarse,,3", ",,3", "the unit has no name"),
    ],
)
def test_mistakes_in_tables_name_the_row(hwdse, tables, tmp_path, file, old, new, said):
    path = tmp_path / file
    path.write_text(path.read_text().replace(old, new, 1))
    found = hwdse("portfolio", *tables, "-o", tmp_path / "out", "--frontier", "energy")
    assert found.code == 2
    assert said in found.complaint

"""Tables of figures: the same values in every kind of file, and every quantity's unit."""

from __future__ import annotations

import csv
import json
from dataclasses import fields

import numpy as np
import pyarrow.parquet as pq
import pytest

from hwdse.cost import Cost
from hwdse.cost.fpga import FpgaCost
from hwdse.errors import HwdseError
from hwdse.files.any_table import read_any_table
from hwdse.interchange.figures import write_figures
from hwdse.interchange.units import unit_of
from hwdse.sweep.journal import KINDS
from hwdse.sweep.tables import write_results

SPECS = ["mac:w=int8,a=int8", "convert:from=fp32,to=mxfp4"]
TEXTS = {"spec", "tech", "source", "provenance"}


@pytest.fixture
def rows(row):
    return [row(spec, seed) for seed, spec in enumerate(SPECS, 1)]


def test_every_figure_has_a_unit():
    for kind in (Cost, FpgaCost):
        for field in fields(kind):
            assert (unit_of(field.name) is None) == (field.name in TEXTS), field.name
    units = ("area_um2", "delay_ps_low", "fmax_mhz", "energy_pj_per_value", "clock_ns", "recipe")
    assert [unit_of(name) for name in units] == ["um^2", "ps", "MHz", "pJ/value", "ns", None]


def test_parquet(rows, tmp_path):
    table = pq.read_table(write_figures(rows, tmp_path / "figures.parquet"))
    for field in table.schema:
        unit = unit_of(field.name)
        assert field.metadata == (None if unit is None else {b"unit": unit.encode()})
    kinds = {field.name: str(field.type) for field in table.schema}
    assert (kinds["cells"], kinds["area_um2"], kinds["spec"]) == ("int64", "double", "string")
    read = table.to_pylist()
    assert [r | {"provenance": json.loads(r["provenance"])} for r in read] == rows


def test_sweeps_have_units(rows, tmp_path):
    class Finished:
        offsets = np.arange(len(rows))
        kinds = np.full(len(rows), KINDS.index("done"))

        def documents(self, offsets):
            return ({"row": {"clock_ns": 1.5, "lanes": "4"} | rows[offset]} for offset in offsets)

    for row in rows:
        del row["provenance"]
    path = tmp_path / "results.parquet"
    assert write_results(Finished(), path) == len(rows)
    for field in pq.read_schema(path):
        unit = unit_of(field.name)
        assert field.metadata == (None if unit is None else {b"unit": unit.encode()})
    assert pq.read_schema(path).field("clock_ns").metadata == {b"unit": b"ns"}


def test_json(rows, tmp_path):
    document = json.loads(write_figures(rows, tmp_path / "figures.json").read_text())
    assert document["rows"] == rows
    assert document["units"] == {name: unit_of(name) for name in rows[0] if name not in TEXTS}


def test_csv(rows, tmp_path):
    with write_figures(rows, tmp_path / "figures.csv").open(newline="") as file:
        read = list(csv.DictReader(file))
    for got, row in zip(read, rows, strict=True):
        for name, value in row.items():
            if value is None:
                assert got[name] == ""
            elif name == "provenance":
                assert json.loads(got[name]) == value
            else:
                assert type(value)(got[name]) == value


@pytest.mark.parametrize("suffix", ["csv", "parquet", "json"])
def test_other_commands_read_them(rows, suffix, tmp_path):
    frame = read_any_table(write_figures(rows, tmp_path / f"figures.{suffix}"))
    assert frame["area_um2"].tolist() == [row["area_um2"] for row in rows]
    assert frame["spec"].tolist() == [row["spec"] for row in rows]


def test_another_suffix(rows, tmp_path):
    with pytest.raises(HwdseError, match=r"\.csv, \.parquet, \.json"):
        write_figures(rows, tmp_path / "figures.xls")
    assert not list(tmp_path.iterdir())

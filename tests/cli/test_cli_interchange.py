"""`hwdse interchange` and `cost -o` as a user runs them."""

from __future__ import annotations

import json

import pytest
import yaml

from hwdse import pe

SPECS = ("mac:w=int2,a=int2", "dot:w=int2,a=int2,lanes=2")
ARRAY = "array:pe=(mac:w=int8,a=int8),rows=4,cols=4,dataflow=ws"


def test_accelergy_gives_the_energy_that_cost_gives(hwdse, tmp_path):
    out, figures = tmp_path / "out", tmp_path / "figures.json"
    assert hwdse("cost", *SPECS, "--tech", "nangate45", "-o", figures).code == 0
    said = hwdse("interchange", *SPECS, "--tech", "nangate45", "--to", "accelergy", "-o", out)
    assert said.code == 0, said
    assert sorted(said.out.split()) == sorted(str(p) for p in out.rglob("*") if p.is_file())
    energies, areas = (
        {each["name"]: each for each in yaml.safe_load((out / name).read_text())[key]["tables"]}
        for name, key in (("ERT.yaml", "ERT"), ("ART.yaml", "ART"))
    )
    rows = json.loads(figures.read_text())["rows"]
    assert len(rows) == len(energies) == len(areas) == 2
    for row in rows:
        name = pe.parse(row["spec"]).module_name
        pj = {action["name"]: action["energy"] for action in energies[name]["actions"]}
        per_mac = pj["compute"] + pj["leak"] / row["macs_per_cycle"]
        assert per_mac == pytest.approx(row["energy_pj_per_mac"], rel=1e-12, abs=0)
        assert areas[name]["area"] == row["area_um2"]


def test_scale_sim_needs_no_technology(hwdse, tmp_path):
    out = tmp_path / "out"
    said = hwdse("interchange", ARRAY, "--to", "scale-sim", "--sram-kib", 64, 64, 32, "-o", out)
    assert said.out.split() == [str(out / f"{pe.parse(ARRAY).module_name}.cfg")]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((ARRAY, "--to", "scalesim"), "did you mean 'scale-sim'"),
        ((ARRAY, "--to", "scale-sim"), "--sram-kib 64 64 64"),
        (
            (ARRAY, "--to", "scale-sim", "--sram-kib", 1, 1, 1, "--tech", "nangate45"),
            "leave --tech",
        ),
        ((ARRAY, "--to", "scale-sim", "--sram-kib", 0, 1, 1), "--sram-kib"),
        ((SPECS[0], "--to", "scale-sim", "--sram-kib", 64, 64, 64), "takes arrays"),
        ((SPECS[0], "--to", "accelergy"), "say --tech"),
        ((SPECS[0], "--to", "accelergy", "--tech", "ice40"), "FPGAs have no energy"),
        (
            (SPECS[0], "--to", "accelforge", "--tech", "nangate45", "--dram-words-per-cycle", 2),
            "belong to scale-sim",
        ),
        (
            ("convert:from=fp32,to=e4m3", "--to", "accelforge", "--tech", "nangate45"),
            "write it --to accelergy",
        ),
        (
            (
                "composite:modes=int8_int4_int2,mode=int4",
                "composite:modes=int8_int4_int2,mode=int2",
                *("--to", "accelergy", "--tech", "nangate45"),
            ),
            "write them to two directories",
        ),
        (
            ("mac:w=int8,a=int8", "--to", "accelergy", "--tech", "horowitz45", "--source", "table"),
            "has no leakage_uw",
        ),
        ((SPECS[0], "--to", "accelergy", "--tech", "nangate54"), "nangate45"),
        (("mac:w=int9000,a=int8", "--to", "accelergy", "--tech", "nangate45"), "int9000"),
    ],
)
def test_bad_input(hwdse, arguments, message, tmp_path):
    out = tmp_path / "out"
    said = hwdse("interchange", *arguments, "-o", out)
    assert said.code == 2, said
    assert message in said.complaint
    assert not out.exists()


def test_nothing_is_written_over(hwdse, tmp_path):
    taken = tmp_path / "taken"
    taken.mkdir()
    (taken / "mine.yaml").write_text("mine")
    for out in (taken, taken / "mine.yaml"):
        said = hwdse("interchange", SPECS[0], "--to", "accelergy", "--tech", "nangate45", "-o", out)
        assert said.code == 2
        assert "no empty directory" in said.complaint
    assert [p.name for p in taken.iterdir()] == ["mine.yaml"]


@pytest.mark.parametrize("technology", ["nangate45", "ice40"])
def test_cost_says_at_once_that_it_cannot_write(hwdse, technology, tmp_path):
    said = hwdse("cost", SPECS[0], "--tech", technology, "-o", tmp_path / "figures.xls")
    assert (said.code, said.out) == (2, "")
    assert ".parquet" in said.complaint

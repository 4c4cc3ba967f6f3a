"""The study that ships: its tables come from the published figures, and say what was published."""

from __future__ import annotations

import csv
import importlib.util
import shutil
from pathlib import Path

import pytest

from hwdse.allocate import solve
from hwdse.study.options import option_table
from hwdse.study.run import run_study, steps_of
from hwdse.study.schema import read_study

ROOT = Path(__file__).parents[2]
STUDY = ROOT / "studies" / "resnet18.yaml"
DATA = STUDY.parent / "data"
SCRIPT = ROOT / "scripts" / "make_resnet18_study.py"


def _rows(name):
    with (DATA / name).open(newline="") as stream:
        return list(csv.DictReader(stream))


def test_tables_are_what_the_script_makes(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_file_location("make_resnet18_study", SCRIPT)
    script = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(script)
    shutil.copy(DATA / "hawqv3_resnet18_layers.csv", tmp_path)
    monkeypatch.setattr(script, "DATA", tmp_path)
    script.main()
    made = sorted(path.name for path in tmp_path.glob("resnet18_*.csv"))
    assert made == ["resnet18_sensitivity.csv", "resnet18_workload.csv"]
    for name in made:
        assert (tmp_path / name).read_bytes() == (DATA / name).read_bytes()


def test_tables_agree_with_the_published_layers():
    published = _rows("hawqv3_resnet18_layers.csv")
    layers = _rows("resnet18_workload.csv")
    losses = {(r["layer"], r["w_format"]): r for r in _rows("resnet18_sensitivity.csv")}
    assert [r["layer"] for r in published] == [r["layer"] for r in layers]
    assert len(layers) == 19
    assert len(losses) == 38
    for known, layer in zip(published, layers, strict=True):
        assert int(layer["macs"]) == pytest.approx(float(known["MMACs"]) * 1e6, abs=0.5)
        assert int(layer["params"]) == float(known["params_M"]) * 2**20
        assert layer["tie"] == known["tie"]
        for name in ("int4", "int8"):
            row = losses[known["layer"], name]
            loss = float(known["trace"]) * float(known[f"dw2_{name}"])
            assert float(row["loss"]) == pytest.approx(loss, rel=1e-15)
            assert row["a_format"] == name


def test_published_totals_follow_from_the_layers():
    layers = _rows("hawqv3_resnet18_layers.csv")
    for row in _rows("hawqv3_resnet18_published.csv"):
        bits = [int(b) for b in row["bits"]]
        size = sum(float(x["params_M"]) * b / 8 for x, b in zip(layers, bits, strict=True))
        bops = sum(float(x["MMACs"]) * b * b / 1024 for x, b in zip(layers, bits, strict=True))
        time = sum(float(x[f"latency_int{b}_ms"]) for x, b in zip(layers, bits, strict=True))
        change = sum(
            float(x["trace"]) * (float(x["dw2_int8"]) - float(x["dw2_int4"]))
            for x, b in zip(layers, bits, strict=True)
            if b == 8
        )
        assert size == pytest.approx(float(row["size_m"]), abs=1e-6)
        assert bops == pytest.approx(float(row["bops_g"]), abs=1e-6)
        assert time == pytest.approx(float(row["latency_ms"]), abs=1e-6)
        assert change == pytest.approx(float(row["objective"]), abs=1e-6)


def test_the_study_reads_and_every_unit_serves():
    study = read_study(STUDY)
    assert len(study.layers) == 19
    assert {unit.w.name for unit in study.units.values()} == {"int4", "int8"}
    assert len(study.budgets) >= 3


def test_model_size_is_the_published_one():
    """The size budget needs no synthesis: it is the published program under another name."""
    import pandas as pd

    study = read_study(STUDY)
    kinds = {label: unit.w.bits for label, unit in study.units.items()}
    columns = ["macs_per_cycle", "energy_pj_per_mac", "period_ps", "area_um2"]
    table = option_table(study, pd.DataFrame(1.0, index=list(kinds), columns=columns))
    for row in _rows("hawqv3_resnet18_published.csv"):
        if row["constraint"] != "size":
            continue
        # size_m counts 8-bit weights in units of 2**20: that is MiB.
        found = solve(table, f"size_mib<={row['limit_value']}")
        bits = "".join(str(kinds[option]) for option in found.assignment.values())
        assert bits == row["bits"]
        assert found.totals["size_mib"] == pytest.approx(float(row["size_m"]), abs=1e-6)


@pytest.mark.slow
def test_the_whole_study(tmp_path):
    study = read_study(STUDY)
    steps = []
    result = run_study(study, tmp_path, on_done=steps.append)
    assert len(steps) == steps_of(study)
    assert result.proven
    assert result.failed is None
    rows = result.frontier[result.frontier["kind"] == "frontier"]
    for resource in rows["resource"].unique():
        points = rows[rows["resource"] == resource].sort_values(resource)
        assert len(points) >= 5
        assert points["loss"].is_monotonic_decreasing
    cheapest = result.costs.loc[["int4 MAC", "int8 MAC"], "energy_pj_per_mac"]
    assert cheapest.iloc[0] < cheapest.iloc[1]

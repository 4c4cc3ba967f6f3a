"""The explanation adds up to the figures, and names where each comes from."""

from __future__ import annotations

import json

import pytest

from hwdse import cost, pe
from hwdse.cost.conditions import Conditions
from hwdse.cost.explain import explain
from hwdse.cost.operands import operands

SPEC = "dot:w=int2,a=int2,lanes=2"


@pytest.fixture(scope="module")
def document(nangate45):
    return explain(pe.parse(SPEC), nangate45, Conditions(operands("uniform")), cost.Store())


def test_it_explains_the_figures_that_are_given(document, costed):
    row = costed(SPEC).to_dict()
    known = row.pop("provenance")
    assert document["figures"] == row
    assert document["provenance"] == known
    json.dumps(document, allow_nan=False)


def test_cells_and_parts_add_up_to_the_area(document):
    figures, cells, parts = document["figures"], document["cells"], document["parts"]
    assert sum(c["count"] for c in cells) == figures["cells"]
    assert sum(c["area_um2"] for c in cells) == pytest.approx(figures["area_um2"], rel=1e-5)
    assert sum(c["leakage_uw"] for c in cells) == pytest.approx(figures["leakage_uw"])
    assert sum(c["area_share"] for c in cells) == pytest.approx(1)
    areas = [c["area_um2"] for c in cells]
    assert areas == sorted(areas, reverse=True)
    assert sum(p["area_um2"] for p in parts["parts"]) == pytest.approx(parts["area_um2"])
    assert {"accumulator", "top"} <= {p["part"] for p in parts["parts"]}
    ratio = parts["area_um2"] / figures["area_um2"]
    assert parts["ratio_to_flattened"] == pytest.approx(ratio, rel=1e-5)


def test_the_path_adds_up_to_the_delay(document):
    path = document["critical_path"]
    steps = path["cells"]
    assert sum(s["delay_ps"] for s in steps) == pytest.approx(steps[-1]["arrival_ps"])
    assert steps[-1]["arrival_ps"] + path["setup_ps"] == pytest.approx(path["delay_ps"])
    assert path["delay_ps"] == document["figures"]["delay_ps"]


def test_energy_adds_up_by_part_by_cell_and_by_net(document):
    figures = document["figures"]
    for part in document["energy"]:
        assert part["pj_per_mac"] == pytest.approx(figures[f"{part['part']}_pj_per_mac"])
    assert sum(p["share"] for p in document["energy"]) == pytest.approx(1)
    cells = document["energy_by_cell"]
    settled = figures["switching_pj_per_mac"] + figures["internal_pj_per_mac"]
    assert sum(c["settled_pj_per_mac"] for c in cells) == pytest.approx(settled)
    # Glitches are followed in a part of the sums; the total makes use of all.
    glitch = sum(c["glitch_pj_per_mac"] for c in cells)
    assert glitch == pytest.approx(figures["glitch_pj_per_mac"], rel=0.05)
    nets = document["energy_by_net"]
    energies = [n["pj_per_mac"] for n in nets]
    assert energies == sorted(energies, reverse=True)
    assert 0 < sum(energies) < settled + glitch


def test_it_names_its_sources(document, nangate45):
    library = document["technology"]
    assert library["source"]["licence"] == nangate45.source.licence
    assert library["source"]["files"]
    assert library["corner"]["voltage_v"] == 1.1
    assert "abc" in document["recipe"]["script"]
    assert {"hwdse", "yosys", "amaranth", "numpy", "python"} == document["versions"].keys()


def test_a_second_explanation_synthesises_nothing(document, nangate45, monkeypatch):
    from hwdse.synth import flow

    monkeypatch.setattr(flow, "map_to_cells", None)
    monkeypatch.setattr(flow, "map_hierarchy", None)
    conditions = Conditions(operands("uniform"))
    assert explain(pe.parse(SPEC), nangate45, conditions, cost.Store()) == document

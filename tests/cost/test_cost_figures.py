"""Figures against sums over the netlist, and against what physics demands of them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from hwdse import cost, pe
from hwdse.cost.figures import FIGURES_VERSION
from hwdse.errors import HwdseError, InfeasibleError

INT2, INT3 = "mac:w=int2,a=int2", "mac:w=int3,a=int3"
PARTS = ("switching", "internal", "clock", "glitch", "leakage")


@pytest.mark.parametrize("spec", [INT2, INT3])
def test_area_leakage_and_cells_are_sums_over_the_netlist(spec, costed, mapped_module, nangate45):
    row = costed(spec)
    kinds = [cell["type"] for cell in mapped_module(spec)["cells"].values()]
    cells = [nangate45.cells[kind] for kind in kinds]
    assert row["cells"] == len(kinds)
    assert row["area_um2"] == pytest.approx(sum(c.area_um2 for c in cells), rel=1e-5)
    assert row["leakage_uw"] == pytest.approx(sum(c.leakage_nw for c in cells) / 1e3, rel=1e-12)


def test_energy_is_the_sum_of_its_parts(costed):
    row = costed(INT2)
    parts = [row[f"{part}_pj_per_mac"] for part in PARTS]
    assert min(parts) > 0
    assert row["energy_pj_per_mac"] == pytest.approx(sum(parts), rel=1e-12)
    # uW * ps = 1e-6 pJ
    leaked = row["leakage_uw"] * row["period_ps"] * 1e-6
    assert row["leakage_pj_per_mac"] == pytest.approx(leaked, rel=1e-12)


def test_intervals_contain_their_values(costed):
    row = costed(INT2)
    for figure in ("area_um2", "delay_ps", "energy_pj_per_mac"):
        assert row[f"{figure}_low"] <= row[figure] <= row[f"{figure}_high"]
    width = row["energy_pj_per_mac_high"] - row["energy_pj_per_mac_low"]
    assert 0 < width < 0.02 * row["energy_pj_per_mac"]


def test_a_slower_clock_leaks_longer_and_switches_the_same(costed):
    fast, slow = costed(INT2), costed(INT2, clock_ns=50.0)
    assert fast["period_ps"] == fast["delay_ps"] == slow["delay_ps"]
    assert slow["period_ps"] == 50_000
    for part in PARTS[:4]:
        assert slow[f"{part}_pj_per_mac"] == fast[f"{part}_pj_per_mac"]
    ratio = slow["leakage_pj_per_mac"] / fast["leakage_pj_per_mac"]
    assert ratio == pytest.approx(50_000 / fast["period_ps"])


def test_a_clock_out_of_reach_names_one_that_is_not(costed, nangate45):
    with pytest.raises(InfeasibleError, match=r"no mapping meets a clock of 0\.01 ns") as caught:
        cost.evaluate([INT2], nangate45, clock_ns=0.01)
    assert caught.value.exit_code == 3
    named = float(str(caught.value).split("path of ")[1].split(" ns")[0])
    assert 1e3 * named < costed(INT2)["delay_ps"]
    row = cost.evaluate([INT2], nangate45, clock_ns=named).iloc[0]
    assert row["delay_ps"] <= row["period_ps"] == 1e3 * named
    assert row["area_um2"] > costed(INT2)["area_um2"]
    assert row["provenance"]["recipe"].split()[0] in ("sized", "balanced", "delay")
    assert row["provenance"]["recipe_sha256"] != costed(INT2)["provenance"]["recipe_sha256"]


def test_a_clock_within_reach_of_the_mapping_for_area_changes_nothing(costed):
    free, clocked = costed(INT2), costed(INT2, clock_ns=50.0)
    assert free["provenance"]["recipe"] == clocked["provenance"]["recipe"] == "area"
    assert (free["area_um2"], free["delay_ps"]) == (clocked["area_um2"], clocked["delay_ps"])


def test_glitches_are_a_part_of_their_own(costed):
    rows = {a: costed(INT3, activity=a) for a in ("timed", "unit-delay", "zero-delay")}
    for part in ("switching", "internal", "clock", "leakage"):
        # Glitches vary, so that it may take more sums to know the energy as well.
        values = [row[f"{part}_pj_per_mac"] for row in rows.values()]
        assert values == pytest.approx([values[0]] * 3, rel=5e-3)
    assert rows["zero-delay"]["glitch_pj_per_mac"] == 0
    assert rows["zero-delay"]["provenance"]["glitch_vectors"] == 0
    # A step for every cell lets pulses through that are shorter than the cells' delays.
    timed, unit = (rows[a]["glitch_pj_per_mac"] for a in ("timed", "unit-delay"))
    assert 0.1 * rows["timed"]["switching_pj_per_mac"] < timed < unit
    assert costed(INT3)["energy_pj_per_mac"] == rows["timed"]["energy_pj_per_mac"]
    said = [row["provenance"]["activity"] for row in rows.values()]
    assert ["timed" in said[0], "unit-delay" in said[1], "no glitches" in said[2]] == [True] * 3


def test_the_interval_is_as_narrow_as_asked(costed):
    for wanted in (0.02, 0.01, 0.003):
        row = costed(INT3, confidence=wanted)
        known = row["provenance"]
        assert known["energy_half_width"] <= wanted == known["energy_half_width_wanted"]
        half = (row["energy_pj_per_mac_high"] - row["energy_pj_per_mac_low"]) / 2
        dynamic = row["energy_pj_per_mac"] - row["leakage_pj_per_mac"]
        assert half == pytest.approx(known["energy_half_width"] * dynamic)
    rough, fine = (
        costed(INT3, confidence=c)["provenance"]["glitch_vectors"] for c in (0.02, 0.003)
    )
    assert fine > rough


@pytest.mark.parametrize("clock_ns", [0.0, -1.0, float("nan"), float("inf")])
def test_no_clock_that_is_no_period(clock_ns, nangate45):
    with pytest.raises(HwdseError, match="give a finite period of more than 0 ns"):
        cost.evaluate([INT2], nangate45, clock_ns=clock_ns)


def test_a_bigger_unit_costs_more(costed):
    # The accumulator grows with the operands: one of 32 bits would hide them.
    rows = [costed(f"mac:w=int{n},a=int{n},acc=exact") for n in (2, 3, 8)]
    for figure in ("area_um2", "energy_pj_per_mac", "leakage_uw", "cells", "delay_ps"):
        values = [row[figure] for row in rows]
        assert values == sorted(values)
        assert len(set(values)) == len(values)


def test_energy_of_a_dot_product_is_per_mac(costed):
    one, two = (costed(spec, activity="zero-delay") for spec in (INT2, "dot:w=int2,a=int2,lanes=2"))
    assert two["macs_per_cycle"] == 2
    # Both have the same flip-flops, those of one 32-bit accumulator.
    assert two["clock_pj_per_mac"] == pytest.approx(one["clock_pj_per_mac"] / 2)
    assert two["energy_pj_per_mac"] < 0.75 * one["energy_pj_per_mac"]
    # 1/2: leakage per MAC counts one period for two MACs.
    leaked = two["leakage_uw"] * two["period_ps"] * 1e-6 / 2
    assert two["leakage_pj_per_mac"] == pytest.approx(leaked)


def _npz(path, **arrays):
    np.savez(path, **arrays)
    return str(path)


def test_energy_follows_the_activity_of_the_operands(costed, tmp_path):
    spec = "mac:w=int8,a=int8"
    zero, one = np.zeros(8, dtype=np.int8), np.ones(8, dtype=np.int8)
    wild = np.array([85, -86, 127, -128, 0, -1, 64, -65], dtype=np.int8)
    idle = costed(spec, distribution=_npz(tmp_path / "idle.npz", w=zero, a=zero))
    calm = costed(spec, distribution=_npz(tmp_path / "calm.npz", w=one, a=one))
    busy = costed(spec, distribution=_npz(tmp_path / "busy.npz", w=wild, a=wild))
    uniform = costed(spec)

    def moved(row):
        return row["switching_pj_per_mac"] + row["internal_pj_per_mac"]

    assert moved(idle) < 0.05 * moved(uniform)
    assert moved(idle) < moved(calm) < 0.5 * moved(uniform)
    assert moved(busy) > 0.5 * moved(uniform)
    for row in (idle, calm, busy):
        for figure in ("area_um2", "delay_ps", "leakage_uw", "clock_pj_per_mac"):
            assert row[figure] == uniform[figure]
    assert costed(spec, distribution="normal")["energy_pj_per_mac"] != uniform["energy_pj_per_mac"]


def test_rows_come_in_the_order_of_the_specs_duplicates_too(nangate45):
    done = []
    specs = [INT3, INT2, " mac:a=int3,w=int3,acc=int32", INT2]
    table = cost.evaluate(specs, nangate45, on_done=done.append)
    assert list(table["spec"]) == [pe.parse(spec).canonical for spec in specs]
    assert sorted(done) == sorted({pe.parse(spec).canonical for spec in specs})
    first, again = (table.iloc[i].to_dict() for i in (0, 2))
    assert first == again


def test_technology_by_name_path_and_object_are_one(nangate45, monkeypatch):
    from hwdse.synth import flow

    def fail(*_):
        raise AssertionError("synthesised again")

    monkeypatch.setattr(flow, "map_to_cells", fail)
    by_name = cost.evaluate([INT2], "nangate45").iloc[0].to_dict()
    assert by_name == cost.evaluate([INT2], nangate45).iloc[0].to_dict()


def test_figures_say_where_they_come_from(costed, nangate45):
    row = costed(INT2)
    known = row["provenance"]
    assert (row["source"], row["tech"]) == ("synth", "nangate45")
    assert known["technology_sha256"] == nangate45.sha256
    assert known["checked_exhaustively"] is True
    assert known["checked_vectors"] >= 1 << 16
    for key in ("synthesis", "recipe_sha256", "rtlil_sha256", "corner", "operands", "activity"):
        assert known[key]
    json.dumps(cost.Cost(**row.to_dict()).to_json(), allow_nan=False)
    assert isinstance(FIGURES_VERSION, int)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "fitt"}, r"unknown source 'fitt'.*fit"),
        ({"source": "table"}, "'nangate45' is no published table"),
        ({"activity": "zero-dealy"}, "did you mean 'zero-delay'"),
        ({"confidence": 0.0}, "confidence of 0.0: give the half-width"),
        ({"confidence": float("nan")}, "confidence of nan"),
        ({"confidence": 1.0}, "from 0.0005 to 0.5"),
        ({"source": "synht"}, "did you mean 'synth'"),
        ({"distribution": "gauss"}, "neither one of uniform, normal nor an .npz file"),
    ],
)
def test_refusals(options, message, nangate45):
    with pytest.raises(HwdseError, match=message):
        cost.evaluate([INT2], nangate45, **options)


def test_unknown_names_have_hints(nangate45):
    with pytest.raises(HwdseError, match="did you mean 'nangate45'"):
        cost.evaluate([INT2], "nangate54")
    with pytest.raises(HwdseError, match="did you mean 'mac'"):
        cost.evaluate(["mca:w=int2,a=int2"], nangate45)


def test_nothing_to_cost_is_an_empty_table(nangate45):
    assert len(cost.evaluate([], nangate45)) == 0

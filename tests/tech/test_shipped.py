"""Facts about the two shipped technologies that were read off their Liberty files by hand."""

from __future__ import annotations

import numpy as np
import pytest

from hwdse.tech import Technology, mapping_liberty, summarise
from hwdse.tech.boolean import parse
from hwdse.tech.liberty import parse_liberty


@pytest.mark.parametrize(
    ("cell", "area"),
    [("NAND2_X1", 0.798), ("INV_X1", 0.532), ("DFF_X1", 4.522), ("FA_X1", 4.256)],
)
def test_nangate45_areas(nangate45: Technology, cell: str, area: float) -> None:
    assert nangate45.cells[cell].area_um2 == area


def test_nangate45_header(nangate45: Technology) -> None:
    assert nangate45.corner.voltage_v == 1.1
    assert nangate45.corner.temperature_c == 25
    assert (nangate45.slew_lower, nangate45.slew_upper) == (0.3, 0.7)
    assert "License Agreement containing restrictions" in nangate45.source.licence


def test_nangate45_flip_flop(nangate45: Technology) -> None:
    cell = nangate45.cells["DFF_X1"]
    assert cell.leakage_nw == 79.1123
    assert cell.pins["D"].capacitance_ff == 1.14029
    assert cell.pins["D"].setup_ps == 39.81
    arc = cell.pins["Q"].arcs[0]
    assert arc.related_pin == "CK"
    assert arc.rise_delay.values[0, 0] == 82.812
    assert arc.fall_delay.values[-1, -1] == 176.65
    assert arc.rise_slew.values[0, -1] == 141.27
    assert cell.pins["Q"].power[0].rise.values[0, 0] == 4.358
    # Hidden energy of the clock pin, the mean of four states: fall (4.4978+7.5800+7.5399+4.2653)/4.
    (hidden,) = cell.pins["CK"].power
    np.testing.assert_allclose(hidden.fall.values[0, 0], 5.97075, rtol=1e-4)
    np.testing.assert_allclose(hidden.rise.values[0, 0], (2.441622 + 2.627385) / 4, rtol=1e-4)


def test_nangate45_exclusive_or_takes_the_worst_condition(nangate45: Technology) -> None:
    arc = next(a for a in nangate45.cells["XOR2_X1"].pins["Z"].arcs if a.related_pin == "A")
    assert arc.sense == "non_unate"
    # when !B: 0.037026, when B: 0.016654.
    assert arc.rise_delay.values[0, 0] == 37.026
    # when !B: 0.172307, when B: 0.236729.
    assert arc.rise_delay.values[-1, -1] == 236.73


def test_nangate45_leaves_out_what_synthesis_may_not_use(nangate45: Technology) -> None:
    assert not {
        "ANTENNA_X1",
        "FILLCELL_X1",
        "LOGIC0_X1",
        "CLKGATE_X1",
        "DLH_X1",
        "SDFF_X1",
        "TBUF_X1",
    } & set(nangate45.cells)
    assert {"FA_X1", "HA_X1", "MUX2_X1", "DFFRS_X1"} <= set(nangate45.cells)


def test_asap7_header(asap7: Technology) -> None:
    assert asap7.corner.voltage_v == 0.7
    assert (asap7.slew_lower, asap7.slew_upper) == (0.1, 0.9)
    assert asap7.source.licence.startswith("BSD-3-Clause")
    assert len(asap7.source.files) == 5


def test_asap7_flip_flop_inverts_twice(asap7: Technology) -> None:
    cell = asap7.cells["DFFHQNx1_ASAP7_75t_R"]
    assert cell.area_um2 == 0.2916
    ff = cell.ff
    assert ff is not None
    assert (ff.state, ff.state_n, ff.next_state, ff.clocked_on) == ("IQN", "IQNN", "!D", "CLK")
    assert cell.pins["QN"].function == "IQN"
    assert cell.pins["QN"].arcs[0].rise_delay.values[0, 0] == 46.886
    # The supply rail's 0.509235 alone, without the ground rail's 0.620513.
    assert cell.pins["QN"].power[0].rise.values[0, 0] == pytest.approx(0.509235, rel=2e-5)
    # Mean of the eight conditioned states, in pW in the file.
    states = (192.231, 232.822, 224.47, 205.309, 230.672, 260.532, 260.146, 231.711)
    assert cell.leakage_nw == pytest.approx(sum(states) / 8000, rel=1e-5)
    low = asap7.cells["DFFLQNx1_ASAP7_75t_R"].ff
    assert low is not None
    assert low.clocked_on == "!CLK"


def test_asap7_inverter(asap7: Technology) -> None:
    cell = asap7.cells["INVx1_ASAP7_75t_R"]
    assert cell.area_um2 == 0.04374
    assert cell.pins["A"].capacitance_ff == 0.619928
    assert cell.pins["Y"].arcs[0].rise_delay.values[0, 0] == pytest.approx(6.90715, rel=2e-5)
    assert cell.pins["Y"].max_capacitance_ff == 46.08
    assert cell.leakage_nw == pytest.approx((48.9923 + 53.3254) / 2000)


def test_summaries(nangate45: Technology, asap7: Technology) -> None:
    one, two = summarise(nangate45), summarise(asap7)
    assert one["nand2"] == {"cell": "NAND2_X1", "area_um2": 0.798}
    assert one["inverter"] == {"cell": "INV_X1", "area_um2": 0.532}
    assert one["full_adder"] == {"cell": "FA_X1", "area_um2": 4.256}
    assert one["dff"] == {"cell": "DFF_X1", "area_um2": 4.522}
    assert one["cells"] == len(nangate45.cells) == one["combinational"] + one["flip_flops"]
    assert two["full_adder"] == {"cell": "FAx1_ASAP7_75t_R", "area_um2": 0.20412}
    assert two["inverter"] == {"cell": "INVx1_ASAP7_75t_R", "area_um2": 0.04374}
    assert two["nand2"] == {"cell": "NAND2xp33_ASAP7_75t_R", "area_um2": 0.05832}
    assert two["dff"] == {"cell": "DFFHQNx1_ASAP7_75t_R", "area_um2": 0.2916}


@pytest.mark.parametrize("name", ["nangate45", "asap7"])
def test_delays_are_sane_everywhere(name: str, request: pytest.FixtureRequest) -> None:
    tech: Technology = request.getfixturevalue(name)
    for cell in tech.cells.values():
        assert cell.leakage_nw > 0
        for pin in cell.outputs:
            for arc in pin.arcs:
                for table in (arc.rise_delay, arc.fall_delay, arc.rise_slew, arc.fall_slew):
                    assert table.values.shape == (len(table.slew_ps), len(table.load_ff)) == (7, 7)
                    # At the fastest input a heavier load is slower.
                    assert np.all(np.diff(table.values[0]) > 0)


@pytest.mark.parametrize("name", ["nangate45", "asap7"])
def test_mapping_liberty_says_what_the_technology_says(
    name: str, request: pytest.FixtureRequest
) -> None:
    tech: Technology = request.getfixturevalue(name)
    library = parse_liberty(mapping_liberty(tech))
    groups = {g.label: g for g in library.all("cell")}
    assert list(groups) == list(tech.cells)
    for cell in tech.cells.values():
        group = groups[cell.name]
        assert group.number("area") == cell.area_um2
        assert (group.first("ff") is None) == (cell.ff is None)
        for pin_group in group.all("pin"):
            pin = cell.pins[pin_group.label]
            assert pin_group.simple["direction"] == pin.direction
            if pin.function is not None:
                assert parse(pin_group.simple["function"]) == parse(pin.function.replace("!!", ""))
            for timing, arc in zip(pin_group.all("timing"), pin.arcs, strict=True):
                assert timing.simple["related_pin"] == arc.related_pin
                rise = timing.first("cell_rise")
                assert rise is not None
                assert rise.numbers("values") == arc.rise_delay.values.ravel().tolist()
                assert rise.numbers("index_2") == arc.rise_delay.load_ff.tolist()


@pytest.mark.parametrize(
    ("name", "cell", "edge", "ff"),
    [
        (
            "nangate45",
            "DFFRS_X1",
            "rising_edge",
            {"clocked_on": "CK", "next_state": "D", "clear": "!RN", "preset": "!SN"},
        ),
        (
            "asap7",
            "DFFLQNx1_ASAP7_75t_R",
            "falling_edge",
            {"clocked_on": "!CLK", "next_state": "!D"},
        ),
    ],
)
def test_mapping_liberty_flip_flops(
    name: str, cell: str, edge: str, ff: dict[str, str], request: pytest.FixtureRequest
) -> None:
    library = parse_liberty(mapping_liberty(request.getfixturevalue(name)))
    group = next(g for g in library.all("cell") if g.label == cell)
    found = group.first("ff")
    assert found is not None
    assert found.simple == ff
    timings = [t for p in group.all("pin") for t in p.all("timing")]
    assert {t.simple["timing_type"] for t in timings} == {edge}

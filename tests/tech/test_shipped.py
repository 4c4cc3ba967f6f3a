"""Facts about the shipped technologies that were read off their Liberty files by hand."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest

from hwdse.tech import Technology, import_liberty, load, mapping_liberty, summarise
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


def test_nangate45_exclusive_or_has_an_arc_per_sense(nangate45: Technology) -> None:
    arcs = {a.sense: a for a in nangate45.cells["XOR2_X1"].pins["Z"].arcs if a.related_pin == "A"}
    # when !B: 0.037026 and 0.172307; when B: 0.016654 and 0.236729.
    assert arcs["positive_unate"].rise_delay.values[0, 0] == 37.026
    assert arcs["positive_unate"].rise_delay.values[-1, -1] == 172.31
    assert arcs["negative_unate"].rise_delay.values[0, 0] == 16.654
    assert arcs["negative_unate"].rise_delay.values[-1, -1] == 236.73


def test_nangate45_wire_load(nangate45: Technology) -> None:
    model = nangate45.wire_load
    assert model is not None
    assert model.name == "5K_hvratio_1_1"
    # One sink: a length of 1.746095 at 0.1774 fF and 3.571429 ohm a unit of length.
    assert model.fanout[0] == 1
    assert model.capacitance_ff[0] == pytest.approx(1.74605 * 0.1774, rel=1e-4)
    assert model.resistance_ohm[0] == pytest.approx(1.74605 * 3.571429, rel=1e-4)
    assert model.capacitance_ff_per_sink == pytest.approx(5.0 * 0.1774, rel=1e-4)


def test_nangate45_setup_over_slews(nangate45: Technology) -> None:
    pin = nangate45.cells["DFF_X1"].pins["D"]
    (setup,) = pin.setup
    assert setup.related_pin == "CK"
    middle = [float(t.values_ps[1, 1]) for t in (setup.rise, setup.fall)]
    assert setup.rise.values_ps.shape == (3, 3)
    assert max(middle) == pin.setup_ps == 39.81


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


def test_sky130hd_header_and_licence(sky130hd: Technology) -> None:
    corner = sky130hd.corner
    assert (corner.process, corner.voltage_v, corner.temperature_c) == ("tt_025C_1v80", 1.8, 25)
    assert (sky130hd.slew_lower, sky130hd.slew_upper) == (0.2, 0.8)
    assert sky130hd.source.licence.startswith("Apache-2.0")
    assert "skywater" in sky130hd.source.url
    assert sky130hd.source.dont_use == ("*__probe*", "*__lpflow_*")
    assert not [c for c in sky130hd.cells if "lpflow" in c or "probe" in c]


def test_sky130hd_nand2(sky130hd: Technology) -> None:
    cell = sky130hd.cells["sky130_fd_sc_hd__nand2_1"]
    assert (cell.area_um2, cell.leakage_nw) == (3.7536, 0.00211796)
    # The mean of the four states' leakage is what the cell states.
    states = (0.0002796, 3.005879e-05, 0.0079423, 0.0002199)
    assert cell.leakage_nw == pytest.approx(sum(states) / 4, rel=1e-5)
    assert cell.pins["A"].capacitance_ff == 2.315
    (power_a, power_b) = cell.pins["Y"].power
    assert (power_a.related_pin, power_b.related_pin) == ("A", "B")
    # In units of 1 pF x 1 V^2.
    assert power_a.fall.values[0, 0] == pytest.approx(2.193)
    assert power_a.rise.values[0, 0] == pytest.approx(3.7314)
    (arc_a, arc_b) = cell.pins["Y"].arcs
    assert arc_a.fall_delay.values[0, 0] == pytest.approx(20.6305, rel=1e-4)
    assert arc_a.sense == arc_b.sense == "negative_unate"


def test_sky130hd_flip_flop_setup(sky130hd: Technology) -> None:
    cell = sky130hd.cells["sky130_fd_sc_hd__dfxtp_1"]
    assert (cell.area_um2, cell.leakage_nw) == (20.0192, 0.00843863)
    (setup,) = cell.pins["D"].setup
    np.testing.assert_allclose(setup.rise.clock_slew_ps, [10, 500, 1500])
    assert setup.rise.values_ps.shape == (3, 3)
    assert sky130hd.wire_load is not None
    assert sky130hd.wire_load.name == "Small"


def test_gt2n_header_and_licence(gt2n: Technology) -> None:
    corner = gt2n.corner
    assert (corner.process, corner.voltage_v, corner.temperature_c) == ("0p7v25c", 0.7, 25)
    assert (gt2n.slew_lower, gt2n.slew_upper) == (0.3, 0.7)
    assert gt2n.source.licence.startswith("BSD-3-Clause, Copyright 2025 Dongwon Jang")
    assert gt2n.wire_load is None


def test_gt2n_inverter_and_flip_flop(gt2n: Technology) -> None:
    cell = gt2n.cells["gt2_6t_inv_x1_w31_lvt"]
    assert (cell.area_um2, cell.leakage_nw) == (0.012096, 6.581)
    assert cell.pins["A"].capacitance_ff == 0.4694
    pin = cell.pins["Y"]
    assert pin.max_capacitance_ff == 391.6
    assert pin.arcs[0].fall_delay.values[1, :2].tolist() == [5.162, 18.06]
    np.testing.assert_allclose(pin.arcs[0].fall_delay.load_ff[:2], [1, 5.889])
    # 1 pF x 1 V^2 = 1000 fJ.
    assert pin.power[0].rise.values[0, -1] == pytest.approx(42.82)
    flop = gt2n.cells["gt2_6t_dffasync_x1_w31_lvt"]
    assert flop.ff is not None
    assert (flop.ff.clear, flop.ff.preset) == ("!RESETN", "!SETN")
    # The file's rows are slews of the data, ours those of the clock.
    (setup,) = flop.pins["D"].setup
    assert setup.fall.values_ps[:3, 0].tolist() == [5.125, 5.171, 5.332]
    assert setup.fall.values_ps[0, :3].tolist() == [5.125, 10.34, 10.66]


def test_licence_texts_are_shipped_beside_the_technologies(
    nangate45: Technology, asap7: Technology, sky130hd: Technology, gt2n: Technology
) -> None:
    folder = Path(__file__).parent.parent.parent / "tech_libs"
    for tech in (nangate45, asap7, sky130hd, gt2n):
        named = re.search(rf"{tech.name}\.(LICENSE|NOTICE)", tech.source.licence)
        assert named is not None
        assert (folder / named[0]).read_text(encoding="utf-8").startswith(f"{tech.name}.yaml")


LIBERTY = Path(__file__).parent.parent.parent.parent / "shared" / "liberty"


@pytest.mark.slow
@pytest.mark.skipif(not LIBERTY.is_dir(), reason="the Liberty files are not here")
@pytest.mark.parametrize("name", ["nangate45", "sky130hd", "gt2n", "asap7"])
def test_the_importer_gives_the_shipped_bytes(name: str) -> None:
    known = load(name)
    result = import_liberty(
        [LIBERTY / f"{file}.gz" for file, _ in known.source.files],
        name=known.name,
        licence=known.source.licence,
        url=known.source.url,
        description=known.description,
        dont_use=known.source.dont_use,
    )
    path = Path(__file__).parent.parent.parent / "tech_libs" / f"{name}.yaml"
    assert result.yaml_text == path.read_text(encoding="utf-8")


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


@pytest.mark.parametrize("name", ["nangate45", "asap7", "sky130hd", "gt2n"])
def test_delays_are_sane_everywhere(name: str, request: pytest.FixtureRequest) -> None:
    tech: Technology = request.getfixturevalue(name)
    for cell in tech.cells.values():
        # A cell without inputs only ties a net.
        assert cell.leakage_nw > 0 or not cell.inputs
        for pin in cell.outputs:
            for arc in pin.arcs:
                for table in (arc.rise_delay, arc.fall_delay, arc.rise_slew, arc.fall_slew):
                    assert table.values.shape == (len(table.slew_ps), len(table.load_ff))
                    assert table.values.shape in ((7, 7), (8, 8))
                    # At the fastest input a heavier load is slower.
                    assert np.all(np.diff(table.values[0]) > 0)


@pytest.mark.parametrize("name", ["nangate45", "asap7", "sky130hd", "gt2n"])
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

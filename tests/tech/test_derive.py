from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.tech import Technology, load, write
from hwdse.tech.derive import derive_by_node, derive_by_record
from hwdse.tech.scaling import Point, parse_node, scale


@pytest.fixture(scope="module")
def scaled(nangate45: Technology) -> Technology:
    return derive_by_node(nangate45, "45hp", "7hp", name="scaled").technology


def test_every_figure_is_scaled(nangate45: Technology, scaled: Technology) -> None:
    factors = scale(Point(parse_node("45hp"), 1.1), Point(parse_node("7hp"), 0.7))
    area, delay, energy = factors.area.value, factors.delay.value, factors.energy.value
    capacitance = energy * (1.1 / 0.7) ** 2
    for name, cell in nangate45.cells.items():
        other = scaled.cells[name]
        assert other.area_um2 == pytest.approx(cell.area_um2 * area, rel=1e-5)
        assert other.leakage_nw == pytest.approx(cell.leakage_nw * factors.power.value, rel=1e-5)
        for pin in cell.inputs:
            assert other.pins[pin.name].capacitance_ff == pytest.approx(
                pin.capacitance_ff * capacitance, rel=1e-5
            )
        for pin in cell.outputs:
            for arc, new in zip(pin.arcs, other.pins[pin.name].arcs, strict=True):
                for what in ("rise_delay", "fall_delay", "rise_slew", "fall_slew"):
                    old = getattr(arc, what)
                    np.testing.assert_allclose(
                        getattr(new, what).values, old.values * delay, rtol=1e-4
                    )
                    np.testing.assert_allclose(
                        getattr(new, what).load_ff, old.load_ff * capacitance, rtol=1e-5
                    )
            for power, new_power in zip(pin.power, other.pins[pin.name].power, strict=True):
                np.testing.assert_allclose(
                    new_power.rise.values, power.rise.values * energy, rtol=1e-4
                )


def test_switching_energy_scales_as_the_energy(nangate45: Technology, scaled: Technology) -> None:
    factor = scale(Point(parse_node("45hp"), 1.1), Point(parse_node("7hp"), 0.7)).energy.value
    old, new = (t.cells["NAND2_X1"].pins["A1"].capacitance_ff for t in (nangate45, scaled))
    assert new * 0.7**2 == pytest.approx(old * 1.1**2 * factor, rel=1e-5)


def test_provenance_and_intervals(
    nangate45: Technology, scaled: Technology, tmp_path: Path
) -> None:
    result = derive_by_node(nangate45, "45hp", "7hp", name="scaled")
    again = load(write(result, tmp_path / "scaled.yaml"))
    assert again.derived == scaled.derived
    derived = scaled.derived
    assert derived is not None
    assert (derived.base, derived.base_sha256) == ("nangate45", nangate45.sha256)
    assert "10.1016/j.vlsi.2017.02.002" in derived.method
    assert nangate45.sha256 in scaled.source.importer
    for what in ("area", "delay", "energy"):
        # Wider than what rounding alone leaves: the scaling was off against a library of the node.
        assert getattr(derived, f"{what}_low") < 0.9
        assert getattr(derived, f"{what}_high") > 1.1
    assert scaled.corner.voltage_v == 0.7


def test_intervals_hold_the_library_of_the_node(nangate45: Technology, asap7: Technology) -> None:
    """Full-adder and flip-flop areas of the 7 nm library lie within the scaled ones' intervals."""
    scaled = derive_by_node(nangate45, "45hp", "7hp", name="scaled").technology
    assert scaled.derived is not None
    for ours, theirs in (("FA_X1", "FAx1_ASAP7_75t_R"), ("DFF_X1", "DFFHQNx1_ASAP7_75t_R")):
        area = scaled.cells[ours].area_um2
        assert (
            area * scaled.derived.area_low
            <= asap7.cells[theirs].area_um2
            <= area * scaled.derived.area_high
        )


def test_a_smaller_step_is_surer(nangate45: Technology) -> None:
    near, far = (
        derive_by_node(nangate45, "45hp", node, voltage_v=v, name="x").technology.derived
        for node, v in (("32hp", 0.9), ("7hp", 0.7))
    )
    assert near is not None
    assert far is not None
    assert near.energy_high < far.energy_high


def test_relative_record(asap7: Technology) -> None:
    flipped = derive_by_record(asap7, "ffet-over-cfet", name="flipped").technology
    cell = "NAND2xp33_ASAP7_75t_R"
    old, new = asap7.cells[cell], flipped.cells[cell]
    assert new.area_um2 == pytest.approx(old.area_um2 * 0.767, rel=1e-5)
    (old_arc, *_), (new_arc, *_) = (c.outputs[0].arcs for c in (old, new))
    np.testing.assert_allclose(new_arc.rise_delay.values, old_arc.rise_delay.values * 0.8, 1e-4)
    assert flipped.derived is not None
    assert "2501.15275" in flipped.derived.method
    # Power at one frequency, or at each core's own.
    assert 0.788 * flipped.derived.energy_low == pytest.approx(0.881 / 1.25, rel=1e-3)
    assert 0.788 * flipped.derived.energy_high == pytest.approx(0.881, rel=1e-3)


def test_refusals(nangate45: Technology, scaled: Technology) -> None:
    with pytest.raises(HwdseError, match="itself derived"):
        derive_by_node(scaled, "7hp", "10hp", name="x")
    with pytest.raises(HwdseError, match="different transistors"):
        derive_by_node(nangate45, "45hp", "7lp", name="x")
    with pytest.raises(HwdseError, match="unknown relative record"):
        derive_by_record(nangate45, "../../etc", name="x")
    with pytest.raises(HwdseError, match="name"):
        derive_by_node(nangate45, "45hp", "7hp", name='"; rm -rf')

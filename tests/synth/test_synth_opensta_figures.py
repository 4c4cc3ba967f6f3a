"""The script that holds our figures against OpenSTA's: that it agrees, and that it would not."""

from __future__ import annotations

import csv
import json
import shutil
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from hwdse import tech
from hwdse.errors import ExternalToolError, HwdseError
from hwdse.pe import parse
from hwdse.synth.netlist import Instance, Netlist, read_netlist
from hwdse.tech.model import Technology

from . import netlists, sta_library

ROOT = Path(__file__).parents[2]
LIBERTY = ROOT.parent / "shared" / "liberty"
needs_sta = pytest.mark.skipif(shutil.which("sta") is None, reason="OpenSTA is not installed")


@pytest.fixture(scope="module")
def script() -> Iterator[ModuleType]:
    """The script, imported as Python imports it when it is run."""
    sys.path.insert(0, str(ROOT / "scripts"))
    try:
        import validate_silicon

        yield validate_silicon
    finally:
        sys.path.remove(str(ROOT / "scripts"))


@pytest.fixture(scope="module")
def comparison(script: ModuleType) -> ModuleType:
    return sys.modules["silicon_comparison"]


@pytest.fixture
def small(tmp_path: Path) -> tuple[Technology, Path]:
    path = tmp_path / "small.lib"
    path.write_text(sta_library.LIBERTY)
    result = tech.import_liberty([path], name="small", licence="none", url="", description="")
    return result.technology, path


def row(comparison: ModuleType, technology: Technology, liberty: Path) -> object:
    netlist = sta_library.netlist()
    rates = np.array([0, 0, 2, 0.4, 0.3, 0.4, 0.25, 0.25, 0.25, 0.25])
    high = np.array([0, 1, 0.5, 0.5, 0.4, 0.5, 0.8, 0.2, 0.8, 0.8])
    activity = sys.modules["opensta_power"].Activity(rates, high, {})
    ours, reference = comparison.both(netlist, technology, [liberty], activity, seconds=60)
    return comparison.Row("unit", "small", 5, ours, reference, 0.0)


@needs_sta
def test_small_netlist_agrees(comparison, small):
    found = row(comparison, *small)
    assert found.broken() == []
    assert abs(found.deviation("delay_ps")) < 1e-3
    assert abs(found.deviation("switching_fj")) < 1e-3
    assert abs(found.deviation("leakage_nw")) < 1e-3
    # By hand: all states equally likely; a register's one figure.
    assert found.reference.leakage_nw == pytest.approx(2 * 20 + 2 * 3 + (8 + 3 + 2 + 1) / 4, 1e-3)
    assert found.reference.area_um2 == pytest.approx(2 * 5 + 1.5 + 2)


def planted(technology: Technology, figure: str) -> Technology:
    def changed(pin):
        if figure == "delay_ps":
            scaled = [
                replace(arc, **{k: _scaled(getattr(arc, k)) for k in ("rise_delay", "fall_delay")})
                for arc in pin.arcs
            ]
            return replace(pin, arcs=tuple(scaled))
        scaled = [
            replace(p, rise=_scaled(p.rise, 1.3), fall=_scaled(p.fall, 1.3)) for p in pin.power
        ]
        return replace(pin, power=tuple(scaled), capacitance_ff=pin.capacitance_ff * 1.15)

    cells = {}
    for name, cell in technology.cells.items():
        if figure == "area_um2":
            cells[name] = replace(cell, area_um2=cell.area_um2 * 1.001)
        elif figure == "leakage_nw":
            cells[name] = replace(cell, leakage_nw=cell.leakage_nw * 1.1)
        else:
            cells[name] = replace(cell, pins={n: changed(p) for n, p in cell.pins.items()})
    return replace(technology, cells=cells)


def _scaled(table, factor=1.1):
    return replace(table, values=table.values * factor)


@needs_sta
@pytest.mark.parametrize("figure", ["area_um2", "delay_ps", "leakage_nw", "dynamic_fj"])
def test_planted_error_is_found(figure, comparison, small):
    technology, liberty = small
    assert figure in row(comparison, planted(technology, figure), liberty).broken()


@needs_sta
def test_what_opensta_cannot_read_is_an_error(comparison, small):
    technology, liberty = small
    liberty.write_text(sta_library.LIBERTY.replace("cell (INV)", "cell (OTHER)"))
    with pytest.raises(ExternalToolError, match="INV"):
        row(comparison, technology, liberty)


def figures(comparison, factor=1.0):
    return comparison.Figures(100.0, 200.0, 300.0, 40.0 * factor, 60.0 * factor)


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({}, []),
        ({"area_um2": 100.01}, ["area_um2"]),
        ({"delay_ps": 220.0}, ["delay_ps"]),
        ({"delay_ps": 180.0}, ["delay_ps"]),
        ({"leakage_nw": 330.0}, ["leakage_nw"]),
        ({"switching_fj": 45.0, "internal_fj": 54.0}, []),
        ({"internal_fj": 71.0}, ["dynamic_fj"]),
        ({"delay_ps": float("nan")}, ["delay_ps"]),
    ],
)
def test_bounds(change, broken, comparison):
    one = figures(comparison)
    assert comparison.Row("u", "t", 1, replace(one, **change), one, 0.0).broken() == broken


LOG = """\
power: switching NAND2_X1/ZN activity = 1.00e+08 volt = 1.10 2.105e-08
power: internal u1/ZN (NAND2_X1)
power:  cap = 1.4500
power:        when act/ns duty  energy    power
power:  ^ energy =  1.20e-15 * 0.50 =  6.00e-16
power:  v energy = -2.00e-16 * 0.50 = -1.00e-16
power:  A1 -> ZN A2  0.10 0.50  5.00e-16  5.00e-08 no pg_pin
power: leakage NAND2_X1 !A1*!A2 3.000e-09 * 0.50
power: leakage NAND2_X1 A1*A2 4.000e-08 * 0.50
power: internal u2/CK (DFF)
power:  ^ energy =  1.00e-15 * 0.25 =  2.50e-16
power:  CK -> CK (!D*!Q)*QN  0.20 0.25  2.50e-16  2.50e-08 VDD
power:  ^ energy =  7.00e-15 * 0.25 =  2.50e-16
power:  CK -> CK (!D*!Q)*QN  0.20 0.25  2.50e-16  2.50e-08 VSS
power: leakage DFF D 1.000e-09 * 0.50
power: leakage DFF D 2.000e-09 * 0.50
power: internal u3/ZN (NAND2_X1)
power: leakage NAND2_X1 !A1*!A2 3.000e-09 * 0.50
power: leakage cell BUF 5.000e-09
"""


def test_power_log(script):
    import opensta

    pins, leakage = opensta.read_power_log(LOG, period_ps=10_000.0)
    assert pins["u1", "ZN"].switching_fj == pytest.approx(0.2105)
    (arc,) = pins["u1", "ZN"].arcs
    assert (arc.related_pin, arc.when, arc.rail) == ("A1", "A2", "")
    assert (arc.rise_fj, arc.fall_fj) == pytest.approx((1.2, -0.2))
    # The ground rail's table counts the same energy once more.
    (arc,) = pins["u2", "CK"].arcs
    assert (arc.when, arc.rail) == ("(!D*!Q)*QN", "VDD")
    assert [(s.when, s.leakage_nw) for s in leakage["NAND2_X1"]] == [
        ("!A1*!A2", pytest.approx(3.0)),
        ("A1*A2", pytest.approx(40.0)),
    ]
    # A state's rails add up; the next instance of a cell repeats its states.
    assert [s.leakage_nw for s in leakage["DFF"]] == pytest.approx([3.0])
    assert [s.leakage_nw for s in leakage["BUF"]] == pytest.approx([5.0])


def test_switching_is_that_of_sums_of_uniform_operands(comparison):
    spec, name = "mac:w=int4,a=int4", "nangate45"
    netlist = read_netlist(netlists.mapped(spec, name).netlist)
    activity = comparison.count_switching(parse(spec), netlist, netlists.technology(name))
    operands = [*netlist.inputs["w"], *netlist.inputs["a"]]
    assert activity.toggles[operands] == pytest.approx(0.5, abs=0.01)
    assert activity.high[operands] == pytest.approx(0.5, abs=0.01)
    # A sum of 64 elements starts with the one that clears.
    assert activity.toggles[netlist.inputs["clear"][0]] == pytest.approx(2 / 64)
    assert activity.high[netlist.inputs["clear"][0]] == pytest.approx(1 / 64)
    assert activity.high[netlist.inputs["rst"][0]] == 0


def test_output_that_drives_nothing_moves_all_the_same(comparison):
    spec, name = "mac:w=int4,a=int4", "nangate45"
    netlist = read_netlist(netlists.mapped(spec, name).netlist)
    at, register = next((k, i) for k, i in enumerate(netlist.instances) if "QN" in i.pins)
    without = replace(register, pins={p: n for p, n in register.pins.items() if p != "QN"})
    instances = (*netlist.instances[:at], without, *netlist.instances[at + 1 :])
    cut = replace(netlist, instances=instances)
    activity = comparison.count_switching(parse(spec), cut, netlists.technology(name))
    stored = register.pins["Q"]
    expected = (activity.toggles[stored], 1 - activity.high[stored])
    assert activity.open_pins == {(register.name, "QN"): pytest.approx(expected)}


def test_energy_by_hand(script, small):
    import opensta
    import opensta_power

    technology, _ = small
    netlist = Netlist(
        {"clk": (2,), "a": (3, 4)},
        {"y": (5,)},
        (Instance("u0", "NAND2", {"A": 3, "B": 4, "Y": 5}),),
        6,
    )
    activity = opensta_power.Activity(
        toggles=np.array([0, 0, 0, 0.4, 0.2, 0.3]),
        high=np.array([0, 1, 0, 0.5, 0.25, 0.8]),
        open_pins={},
    )
    arc = opensta.EnergyArc
    pins = {
        ("u0", "Y"): opensta.PinPower(7.0, [arc("A", "", "", 4, 2), arc("B", "", "", 8, 0)]),
        ("u0", "A"): opensta.PinPower(0.0, [arc("A", "!B", "", 1.5, 0.5)]),
    }
    analysis = opensta.Analysis(100.0, pins, {}, {2: 6.0, 3: 2.0, 4: 1.0})
    # A causes 0.4 x P(B), B 0.2 x P(A): half each. A's own counts while B is low.
    internal = 0.3 * (0.5 * 3 + 0.5 * 4) + 0.4 * 0.75 * 1
    found = opensta_power.internal_fj(analysis, netlist, technology, activity)
    assert found == pytest.approx(internal)
    # Ports' loads at 1 V, the clock's twice a cycle, and the gate's own.
    switching = 0.5 * (6 * 2 + 2 * 0.4 + 1 * 0.2) + 7 * 0.3
    found = opensta_power.switching_fj(analysis, netlist, technology, activity)
    assert found == pytest.approx(switching)


def run(script, comparison, tmp_path, monkeypatch, one):
    reference = figures(comparison)

    def compared(seconds, spec, technology, liberty):
        if isinstance(one, Exception):
            raise one
        return comparison.Row(spec, technology.name, 1, one, reference, 0.0)

    monkeypatch.setattr(script, "_within", compared)
    monkeypatch.setattr(script, "unpacked", lambda *_: [])
    arguments = ["--liberty", str(tmp_path), "--units", "mac:w=int8,a=int8"]
    arguments += ["--technologies", "nangate45", "--no-published", "--json", "-o", str(tmp_path)]
    return script.main(arguments)


def test_exit_code_and_files(script, comparison, tmp_path, monkeypatch, capsys):
    assert run(script, comparison, tmp_path, monkeypatch, figures(comparison, 1.05)) == 0
    (found,) = json.loads(capsys.readouterr().out)["rows"]
    assert found["deviation_dynamic_fj"] == pytest.approx(0.05)
    with (tmp_path / "silicon.csv").open() as file:
        (line,) = csv.DictReader(file)
    assert float(line["reference_delay_ps"]) == 200.0
    assert run(script, comparison, tmp_path, monkeypatch, figures(comparison, 1.11)) == 1
    assert "dynamic_fj" in capsys.readouterr().out
    assert run(script, comparison, tmp_path, monkeypatch, ExternalToolError("stopped")) == 1
    assert "stopped" in capsys.readouterr().err


def test_time_limit_and_errors_reach_the_caller(script, monkeypatch):
    technology = tech.load("nangate45")
    monkeypatch.setattr(script, "compare", lambda *_, **__: time.sleep(60))
    with pytest.raises(ExternalToolError, match=r"stopped after 0\.5 s"):
        script._within(0.5, "mac:w=int8,a=int8", technology, [])
    monkeypatch.undo()
    with pytest.raises(HwdseError, match="frac"):
        script._within(60.0, "frac:w=int8", technology, [])


def test_missing_liberty_is_named(script, tmp_path):
    with pytest.raises(HwdseError, match=r"has neither .* of nangate45"):
        script.unpacked(tmp_path, tech.load("nangate45"), tmp_path)


def test_published_areas(script, monkeypatch):
    import published_circuits as circuits

    published = circuits.read_published(script.PUBLISHED)
    assert len(published) >= 15
    exact = [c.area_um2 / 2 for c in published]
    monkeypatch.setattr(circuits, "_areas", lambda *_: exact)
    factor, ratios = circuits.area_ratios(published, tech.load("nangate45"))
    assert factor == pytest.approx(2.0)
    assert max(abs(r.error) for r in ratios) < 1e-12
    exact[3] *= 1.1
    _, ratios = circuits.area_ratios(published, tech.load("nangate45"))
    assert ratios[3].error == pytest.approx(0.1)
    assert circuits.percentile([0.1, -0.4, 0.2, 0.3], 0.5) == 0.2
    assert circuits.percentile([0.1, -0.4, 0.2, 0.3], 0.9) == 0.4


def test_published_circuit_is_mapped(script):
    import published_circuits as circuits

    adder = next(c for c in circuits.read_published(script.PUBLISHED) if c.name == "add8u_0FP")
    _, (ratio,) = circuits.area_ratios([adder], tech.load("nangate45"))
    # Between seven and sixteen of the library's full adders.
    full_adder = tech.load("nangate45").cells["FA_X1"].area_um2
    assert 7 * full_adder < ratio.area_um2 < 16 * full_adder


@needs_sta
@pytest.mark.slow
@pytest.mark.skipif(not LIBERTY.exists(), reason="the original Liberty files are not here")
@pytest.mark.parametrize("name", ["nangate45", "sky130hd"])
@pytest.mark.parametrize("spec", ["mac:w=int8,a=int8", "lmul:w=e4m3,a=e4m3,acc=fp32"])
def test_units_agree(spec, name, comparison, tmp_path):
    technology = tech.load(name)
    liberty = comparison.unpacked(LIBERTY, technology, tmp_path)
    found = comparison.compare(spec, technology, liberty, seconds=300)
    assert found.broken() == [], found
    assert found.cells > 300

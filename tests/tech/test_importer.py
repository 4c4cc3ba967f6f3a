from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.tech import ImportResult, Table

from .library_text import (
    FLOP,
    INVERTER,
    NAND,
    NEGATIVE,
    cell,
    library,
    pin_in,
    pin_out,
    power,
    table,
    timing,
)

Import = Callable[..., ImportResult]


def grid(base: float) -> list[list[float]]:
    return [[base, base + 1, base + 2], [base + 3, base + 4, base + 5]]


def buffer(body: str, extra: str = "") -> str:
    return cell("BUF", pin_in("A", extra) + pin_in("B") + pin_out("Y", "A & B", body))


def both(body: str = "") -> str:
    return timing("A B", 1) + body


def only_output(result: ImportResult, name: str = "BUF", pin: str = "Y"):  # type: ignore[no-untyped-def]
    return result.technology.cells[name].pins[pin]


def assert_table(found: Table, values: list[list[float]]) -> None:
    np.testing.assert_allclose(found.values, values)


def test_units_become_ps_ff_fj_nw(imported: Import) -> None:
    text = library(buffer(both(power(1))), time="1ns", cap="pf", leakage="1uW")
    tech = imported(text).technology
    found = tech.cells["BUF"]
    arc = found.pins["Y"].arcs[0]
    assert found.area_um2 == 1.5
    assert found.leakage_nw == 2000
    assert found.pins["A"].capacitance_ff == 1000
    assert_table(arc.rise_delay, [[1000, 2000, 3000], [4000, 5000, 6000]])
    np.testing.assert_allclose(arc.rise_delay.slew_ps, [10, 20])
    np.testing.assert_allclose(arc.rise_delay.load_ff, [1000, 2000, 4000])
    # 1 V^2 x 1 pF = 1 pJ.
    assert_table(found.pins["Y"].power[0].rise, [[1000, 2000, 3000], [4000, 5000, 6000]])


def test_energy_unit_is_voltage_unit_squared_times_capacitance(imported: Import) -> None:
    text = library(buffer(both(power(1))), voltage="1100").replace('"1V"', '"1mV"')
    result = imported(text)
    assert result.technology.corner.voltage_v == pytest.approx(1.1)
    np.testing.assert_allclose(only_output(result).power[0].rise.values, np.array(grid(1)) * 1e-6)


def test_header_figures(imported: Import) -> None:
    tech = imported(library(INVERTER)).technology
    assert (tech.slew_lower, tech.slew_upper) == (0.3, 0.7)
    assert (tech.corner.process, tech.corner.voltage_v, tech.corner.temperature_c) == (
        "typ",
        1.1,
        25,
    )
    assert tech.source.library == ("toy",)
    assert tech.source.files[0][0] == "toy0.lib"


def test_four_tables_land_in_their_places(imported: Import) -> None:
    pin = imported(library(INVERTER)).technology.cells["INV"].pins["Y"]
    (arc,) = pin.arcs
    assert (pin.function, arc.related_pin, arc.sense) == ("!A", "A", "negative_unate")
    tables = (arc.rise_delay, arc.fall_delay, arc.rise_slew, arc.fall_slew)
    for found, base in zip(tables, (1, 11, 21, 31), strict=True):
        assert_table(found, (np.array(grid(base)) * 1000).tolist())


def test_swapped_template_is_transposed(imported: Import) -> None:
    plain = only_output(imported(library(buffer(timing("A B", 1)))))
    turned = only_output(imported(library(buffer(timing("A B", 1, template="swapped")))))
    for a, b in zip(plain.arcs, turned.arcs, strict=True):
        assert a.rise_delay.values.shape == (2, 3)
        np.testing.assert_array_equal(a.rise_delay.values, b.rise_delay.values)
        np.testing.assert_array_equal(a.rise_delay.load_ff, b.rise_delay.load_ff)


def test_related_pin_may_name_several(imported: Import) -> None:
    pin = imported(library(NAND)).technology.cells["NAND"].pins["Y"]
    assert [a.related_pin for a in pin.arcs] == ["A", "B"]
    assert pin.function == "!(A & B)"


def test_conditions_merge_to_worst_delay_and_mean_energy(imported: Import) -> None:
    body = (
        timing("A", 1, extra='when : "B";' + NEGATIVE)
        + timing("A", 3, extra='when : "!B";' + NEGATIVE)
        + timing("B", 1)
        + power(1, extra='related_pin : A; when : "B";')
        + power(4, extra='related_pin : A; when : "!B";')
        + power(900, extra="related_pin : A;")
    )
    pin = only_output(imported(library(buffer(body), time="1ps")))
    (arc,) = (a for a in pin.arcs if a.related_pin == "A")
    assert arc.sense == "negative_unate"
    assert_table(arc.rise_delay, grid(3))
    assert_table(arc.fall_slew, grid(33))
    (energy,) = pin.power
    assert energy.related_pin == "A"
    # The unconditioned default does not take part in the mean of 1 and 4.
    assert_table(energy.rise, grid(2.5))
    assert_table(energy.fall, grid(12.5))


def test_senses_stay_apart(imported: Import) -> None:
    positive = "timing_sense : positive_unate;"
    body = (
        timing("A", 1, extra='when : "B";' + NEGATIVE)
        + timing("A", 3, extra='when : "!B";' + positive)
        + timing("A", 2, extra='when : "C";' + positive)
        + timing("B", 1)
    )
    pin = only_output(imported(library(buffer(body), time="1ps")))
    arcs = {a.sense: a for a in pin.arcs if a.related_pin == "A"}
    assert list(arcs) == ["negative_unate", "positive_unate"]
    assert_table(arcs["negative_unate"].rise_delay, grid(1))
    assert_table(arcs["positive_unate"].rise_delay, grid(3))


def test_senses_of_which_one_lacks_an_edge_stay_together(imported: Import) -> None:
    rise = f"timing () {{ related_pin : A; {NEGATIVE} " + (
        table("cell_rise", 5) + table("rise_transition", 2) + "}"
    )
    body = rise + timing("A", 1, extra="timing_sense : positive_unate;") + timing("B", 1)
    pin = only_output(imported(library(buffer(body), time="1ps")))
    (arc,) = (a for a in pin.arcs if a.related_pin == "A")
    assert arc.sense == "non_unate"
    assert_table(arc.rise_delay, grid(5))
    assert_table(arc.fall_delay, grid(11))


@pytest.mark.parametrize(
    ("function", "sense"),
    [("A & B", "positive_unate"), ("!(A & B)", "negative_unate"), ("A ^ B", "non_unate")],
)
def test_an_unstated_sense_is_that_of_the_function(
    imported: Import, function: str, sense: str
) -> None:
    text = library(buffer(both()).replace("A & B", function))
    assert [a.sense for a in only_output(imported(text)).arcs] == [sense, sense]


def test_worst_is_element_by_element(imported: Import) -> None:
    falling = 'cell_rise (d) { values ("9, 1, 1", "1, 9, 1"); }'
    extra = timing("A", 3, extra='when : "!B";').replace(table("cell_rise", 3), falling)
    body = timing("A", 2, extra='when : "B";') + extra + timing("B", 1)
    pin = only_output(imported(library(buffer(body), time="1ps")))
    assert_table(pin.arcs[0].rise_delay, [[9, 3, 4], [5, 9, 7]])


def test_conditions_on_other_axes_are_resampled(imported: Import) -> None:
    wide = timing("A", 0, extra='when : "!B";').replace(
        table("cell_rise", 0),
        'cell_rise (d) { index_1 ("0.01, 0.03"); index_2 ("1, 3, 5"); '
        'values ("10, 30, 50", "30, 50, 70"); }',
    )
    body = timing("A", 0, extra='when : "B";') + wide + timing("B", 1)
    found = only_output(imported(library(buffer(body)))).arcs[0].rise_delay
    np.testing.assert_allclose(found.load_ff, [1, 3, 5])
    np.testing.assert_allclose(found.slew_ps, [10, 30])
    assert_table(found, [[10000, 30000, 50000], [30000, 50000, 70000]])


def test_ground_rail_energy_is_not_added_and_supplies_are(imported: Import) -> None:
    rails = "".join(
        f"pg_pin ({n}) {{ pg_type : {t}; }}"
        for n, t in (("VDD", "primary_power"), ("VPP", "backup_power"), ("VSS", "primary_ground"))
    )
    body = both(
        power(1, extra="related_pin : A; related_pg_pin : VDD;")
        + power(2, extra="related_pin : A; related_pg_pin : VPP;")
        + power(7, extra="related_pin : A; related_pg_pin : VSS;")
    )
    text = library(buffer(body).replace("area", rails + "area", 1))
    assert_table(only_output(imported(text)).power[0].rise, [[3, 5, 7], [9, 11, 13]])


LEAKAGE = (
    "leakage_power () { value : 4; related_pg_pin : VDD; %s }"
    "leakage_power () { value : 6; related_pg_pin : VDD; %s }"
    "leakage_power () { value : 99; related_pg_pin : VDD; }"
)


@pytest.mark.parametrize(
    ("groups", "stated", "expected"),
    [
        (LEAKAGE % ("when : A;", 'when : "!A";'), "cell_leakage_power : 2;", 2),
        (LEAKAGE % ("when : A;", 'when : "!A";'), "", 5),
        (LEAKAGE % ("when : A;", 'when : "!A";'), "cell_leakage_power : 0;", 5),
        ("leakage_power () { value : 99; }", "", 99),
        ("", "", 0),
    ],
)
def test_leakage_rule(imported: Import, groups: str, stated: str, expected: float) -> None:
    text = library(INVERTER.replace("cell_leakage_power : 2;", stated + groups))
    assert imported(text).technology.cells["INV"].leakage_nw == expected


def test_leakage_of_the_ground_rail_is_not_added(imported: Import) -> None:
    rails = (
        "pg_pin (VDD) { pg_type : primary_power; } pg_pin (VSS) { pg_type : primary_ground; }"
        "leakage_power () { value : 4; related_pg_pin : VDD; }"
        "leakage_power () { value : 3; related_pg_pin : VSS; }"
    )
    text = library(INVERTER.replace("cell_leakage_power : 2;", rails))
    assert imported(text).technology.cells["INV"].leakage_nw == 4


def test_flip_flop(imported: Import) -> None:
    found = imported(library(FLOP, time="1ps")).technology.cells["DFF"]
    ff = found.ff
    assert ff is not None
    assert (ff.state, ff.state_n, ff.clocked_on, ff.next_state) == ("IQ", "IQN", "CK", "!D")
    assert (ff.clear, ff.preset) == ("!RN", None)
    # The worst of the two edges in the middle of the table; hold does not count.
    assert found.pins["D"].setup_ps == 5.5
    assert found.pins["CK"].setup_ps is None
    assert [a.related_pin for a in found.pins["QN"].arcs] == ["CK"]
    (hidden,) = found.pins["CK"].power
    assert hidden.related_pin is None
    assert_table(hidden.rise, [[1], [3]])
    assert_table(hidden.fall, [[5]])


def test_falling_edge_flip_flop_is_kept(imported: Import) -> None:
    text = FLOP.replace('clocked_on : "CK"', 'clocked_on : "!CK"').replace(
        "rising_edge", "falling_edge"
    )
    ff = imported(library(text)).technology.cells["DFF"].ff
    assert ff is not None
    assert ff.clocked_on == "!CK"


def test_one_edge_arcs_of_a_pair_are_joined(imported: Import) -> None:
    rise = "timing () { related_pin : A; timing_type : combinational_rise; " + (
        table("cell_rise", 1) + table("rise_transition", 2) + "}"
    )
    fall = "timing () { related_pin : A; timing_type : combinational_fall; " + (
        table("cell_fall", 3) + table("fall_transition", 4) + "}"
    )
    arc = only_output(imported(library(buffer(rise + fall + timing("B", 1))))).arcs[0]
    assert arc.rise_delay.values[0, 0] == 1000
    assert arc.fall_delay.values[0, 0] == 3000
    lone = only_output(imported(library(buffer(rise + timing("B", 1))))).arcs[0]
    assert lone.fall_delay.values[0, 0] == 1000


DROPPED = {
    "dont_use": INVERTER.replace("area", "dont_use : true; area", 1),
    "clock gate": INVERTER.replace("area", "clock_gating_integrated_cell : x; area", 1),
    "latch": INVERTER.replace("area", "latch (Q, QN) { enable : A; } area", 1),
    "scan cell": INVERTER.replace("capacitance", "nextstate_type : scan_in; capacitance", 1),
    "tri-state": INVERTER.replace("function", 'three_state : "A"; function', 1),
    "no outputs (fill, tap, antenna)": cell("FILL", pin_in("A")),
    "no area": INVERTER.replace("area : 1.5;", ""),
    "no function": INVERTER.replace('function : "A\'";', ""),
    "not a plain D flip-flop": FLOP.replace('"!D"', '"(D RN) + IQ"'),
    "state table": INVERTER.replace("area", 'statetable ("A", "B") { table : "x"; } area', 1),
    "no timing from A to Y": cell("INV", pin_in("A") + pin_out("Y", "!A", "")),
    "function of Y uses Z, which is no input": INVERTER.replace('"A\'"', '"A Z"'),
}


@pytest.mark.parametrize("reason", DROPPED)
def test_dropped_with_its_reason(imported: Import, reason: str) -> None:
    result = imported(library(NAND, DROPPED[reason]))
    assert list(result.technology.cells) == ["NAND"]
    assert list(result.dropped.values()) == [reason]


def test_constant_cells_and_several_outputs_are_kept(imported: Import) -> None:
    tie = cell("TIE", pin_out("H", "1", ""))
    adder = cell(
        "HA",
        pin_in("A")
        + pin_in("B")
        + pin_out("C", "A B", timing("A B", 1))
        + pin_out("S", "A^B", timing("A B", 1)),
    )
    cells = imported(library(tie, adder)).technology.cells
    assert cells["TIE"].pins["H"].function == "1"
    assert [p.function for p in cells["HA"].outputs] == ["A & B", "A ^ B"]


HOSTILE = ['"; rm -rf', "../..", "..", "A/B", "a\\nb", "A\nB", "INVé", "$(id)", "A`B", "-rf", "A B"]


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cell_name_is_refused(imported: Import, name: str) -> None:
    text = library(INVERTER.replace("cell (INV)", f'cell ("{name}")'))
    # A name that breaks Liberty's own syntax is refused by the parser instead.
    if name == "..":
        name = "A"
        text = library(INVERTER.replace("cell (INV)", 'cell ("..")'))
    with pytest.raises(HwdseError) as caught:
        imported(text)
    assert "toy0.lib:" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["../x", "1A", "A;B", "A'B", "", "ü"])
def test_hostile_pin_name_is_refused(imported: Import, name: str) -> None:
    text = library(NAND.replace('pin ("B")', f'pin ("{name}")'))
    with pytest.raises(HwdseError, match=r"toy0\.lib:"):
        imported(text)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("area : 1.5", "area : 1e6", "area"),
        ("area : 1.5", "area : -1", "area"),
        ("area : 1.5", "area : big", "area"),
        ("capacitance : 1;", "capacitance : -1;", "capacitance"),
        ("capacitance : 1;", "capacitance : 1e9;", "capacitance"),
        ("voltage : 1.1;", "voltage : 11;", "voltage"),
        ("temperature : 25;", "temperature : 2500;", "temperature"),
        ("(1, ff)", "(1, furlong)", "capacitive_load_unit"),
        ('time_unit : "1ns"', 'time_unit : "soon"', "time_unit"),
        ('leakage_power_unit : "1nW";', "", "leakage_power_unit"),
        ("table_lookup", "cmos2", "delay_model"),
        ("cell_rise (d)", "cell_rise (nowhere)", "template"),
        ("cell_leakage_power : 2", "cell_leakage_power : -2", "leakage"),
        ('index_1 ("0.01, 0.02"); index_2', 'index_1 ("0.02, 0.01"); index_2', "ascend"),
        ('index_2 ("1, 2, 4");', 'index_2 ("1, 2");', "values"),
        ("variable_1 : input_net_transition", "variable_1 : moon_phase", "moon_phase"),
        ('"A\'"', '"A & & B"', "function"),
    ],
)
def test_absurd_or_missing_figures_name_file_and_line(
    imported: Import, old: str, new: str, words: str
) -> None:
    text = library(INVERTER)
    assert old in text
    with pytest.raises(HwdseError, match=words) as caught:
        imported(text.replace(old, new))
    assert str(caught.value).startswith("toy0.lib:")
    assert "\n" not in str(caught.value)


def test_files_are_joined_in_order(imported: Import) -> None:
    result = imported(library(NAND), library(INVERTER, FLOP, time="1ps"))
    assert list(result.technology.cells) == ["NAND", "INV", "DFF"]
    assert [n for n, _ in result.technology.source.files] == ["toy0.lib", "toy1.lib"]
    # Each file's own units hold for its cells.
    cells = result.technology.cells
    assert cells["NAND"].pins["Y"].arcs[0].rise_delay.values[0, 0] == 1000
    assert cells["INV"].pins["Y"].arcs[0].rise_delay.values[0, 0] == 1


def test_files_that_do_not_fit_together_are_refused(imported: Import) -> None:
    with pytest.raises(HwdseError, match="twice"):
        imported(library(INVERTER), library(INVERTER))
    with pytest.raises(HwdseError, match="voltage_v differs"):
        imported(library(INVERTER), library(NAND, voltage="0.9"))


def test_nothing_usable_is_an_error(imported: Import) -> None:
    with pytest.raises(HwdseError, match="no usable cell"):
        imported(library(DROPPED["latch"]))
    with pytest.raises(HwdseError, match="no Liberty file"):
        imported()


def test_same_bytes_twice(imported: Import) -> None:
    texts = (library(INVERTER, NAND), library(FLOP))
    assert imported(*texts).yaml_text == imported(*texts).yaml_text

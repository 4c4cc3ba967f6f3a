"""Liberty as others write it: units, buses, names, templates, and what a file may leave unsaid."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.tech import ImportResult, import_liberty, summarise

from .library_text import (
    FLOP,
    INVERTER,
    NAND,
    cell,
    library,
    pin_in,
    pin_out,
    table,
    timing,
)

Import = Callable[..., ImportResult]


def inverter(result: ImportResult):  # type: ignore[no-untyped-def]
    return result.technology.cells["INV"]


@pytest.mark.parametrize(
    ("unit", "ps"), [("1ps", 1), ("10ps", 10), ("100ps", 100), ("1ns", 1000), ("0.1 ns", 100)]
)
def test_time_units(imported: Import, unit: str, ps: float) -> None:
    arc = inverter(imported(library(INVERTER, time=unit))).pins["Y"].arcs[0]
    np.testing.assert_allclose(arc.rise_delay.values[0], [ps, 2 * ps, 3 * ps])


@pytest.mark.parametrize(
    ("unit", "nw"), [("1pW", 0.001), ("10pW", 0.01), ("1nW", 1), ("1uW", 1e3), ("1mW", 1e6)]
)
def test_leakage_units(imported: Import, unit: str, nw: float) -> None:
    assert inverter(imported(library(INVERTER, leakage=unit))).leakage_nw == pytest.approx(2 * nw)


def test_bare_units_and_capacitance_in_other_spellings(imported: Import) -> None:
    text = library(INVERTER).replace('time_unit : "1ns"', "time_unit : 1ps")
    text = text.replace("(1, ff)", '("0.01", "pF")')
    found = inverter(imported(text))
    assert found.pins["A"].capacitance_ff == 10
    assert found.pins["Y"].arcs[0].rise_delay.values[0, 0] == 1


def test_current_source_and_noise_models_are_passed_over(imported: Import) -> None:
    ccs = (
        'output_current_rise () { vector (ccs) { reference_time : 1; index_1 ("0.1"); '
        'values ("1, 2"); } }'
        'receiver_capacitance1_rise (odd) { values ("1, 2, 3"); }'
        'ocv_sigma_cell_rise (odd) { values ("{ \\" /* unbalanced"); } // }\n'
    )
    noise = "ccsn_first_stage () { dc_current (odd) { values (1); } /* } */ }"
    text = library(INVERTER.replace("cell_rise (d)", ccs + "cell_rise (d)"))
    text = text.replace("direction : output;", "direction : output;" + noise)
    plain = inverter(imported(library(INVERTER)))
    found = inverter(imported(text))
    np.testing.assert_array_equal(
        found.pins["Y"].arcs[0].fall_slew.values, plain.pins["Y"].arcs[0].fall_slew.values
    )


def test_without_power_leakage_and_setup_the_notes_say_so(imported: Import) -> None:
    bare = INVERTER.replace("cell_leakage_power : 2;", "")
    flop = FLOP.replace("setup_rising", "hold_rising")
    result = imported(library(bare, NAND, flop))
    assert inverter(result).leakage_nw == 0
    data = result.technology.cells["DFF"].pins["D"]
    assert (data.setup_ps, data.setup) == (0, ())
    text = "; ".join(result.notes)
    assert "2 of 3 cells have no internal power" in text
    assert "1 of 3 cells state no leakage" in text
    assert "1 flip-flops state no setup time" in text
    assert "it lacks a buffer" in text
    assert summarise(result.technology)["notes"] == list(result.notes)


def test_setup_over_slews_is_the_worst_over_conditions(imported: Import) -> None:
    more = (
        "timing () { related_pin : CK; timing_type : setup_rising; "
        'rise_constraint (c) { values ("0,2,3", "4,9,6", "7,8,-9"); } }'
    )
    text = FLOP.replace("timing () {", more + "timing () {", 1)
    (setup,) = imported(library(text, time="1ps")).technology.cells["DFF"].pins["D"].setup
    assert setup.related_pin == "CK"
    assert setup.rise.values_ps.tolist() == [[1, 2, 3], [4, 9, 6], [7, 8, 9]]
    assert setup.fall.values_ps.tolist() == [[1, 2, 3], [4, 5.5, 6], [7, 8, 9]]
    np.testing.assert_allclose(setup.rise.clock_slew_ps, [0.01, 0.02, 0.03])


def test_setup_of_a_swapped_template_is_transposed(imported: Import) -> None:
    text = library(FLOP, time="1ps").replace(
        "variable_1 : related_pin_transition; variable_2 : constrained_pin_transition",
        "variable_1 : constrained_pin_transition; variable_2 : related_pin_transition",
    )
    (setup,) = imported(text).technology.cells["DFF"].pins["D"].setup
    assert setup.rise.values_ps.tolist() == [[1, 4, 7], [2, 5, 8], [3, 6, 9]]


BUS_LIBRARY = """
  bus_naming_style : "%s{open}%d{close}";
  type (two) {{ base_type : array; data_type : bit; bit_width : 2; bit_from : 1; bit_to : 0; }}
"""


@pytest.mark.parametrize("style", ["[]", "<>", "__"])
def test_bus_pins_become_single_pins(imported: Import, style: str) -> None:
    gate = cell(
        "AND2B",
        "bus (A) { bus_type : two; direction : input; capacitance : 1; "
        f'pin ("A{style[0]}0{style[1]}") {{ capacitance : 3; }} }}'
        + pin_in("B")
        + "bus (Y) { bus_type : two; direction : output; "
        + f'function : "A & B"; {timing("A B", 1)} }}',
    )
    head = BUS_LIBRARY.format(open=style[0], close=style[1])
    text = library(gate, time="1ps").replace("delay_model", head + "delay_model", 1)
    pins = imported(text).technology.cells["AND2B"].pins
    names = [f"{stem}{style[0]}{bit}{style[1]}" for stem in "AY" for bit in (1, 0)]
    assert list(pins) == ["B", *names] or list(pins) == [*names[:2], "B", *names[2:]]
    assert [pins[n].capacitance_ff for n in names[:2]] == [1, 3]
    for out, into in zip(names[2:], names[:2], strict=True):
        assert pins[out].function == f"{into} & B"
        assert [a.related_pin for a in pins[out].arcs] == [into, "B"]


def test_bundles_and_pins_declared_together(imported: Import) -> None:
    gate = cell(
        "TWO",
        "pin (A, B) { direction : input; capacitance : 2; }"
        "bundle (Y) { members (Y0, Y1); direction : output; "
        + timing("A", 1)
        + 'pin (Y0) { function : "A"; } pin (Y1) { function : "!A"; } }',
    )
    pins = imported(library(gate)).technology.cells["TWO"].pins
    assert list(pins) == ["A", "B", "Y0", "Y1"]
    assert [pins[n].function for n in ("Y0", "Y1")] == ["A", "!A"]
    assert pins["B"].capacitance_ff == 2


@pytest.mark.parametrize(
    "bus",
    [
        "bus (Y) { bus_type : nowhere; direction : output; }",
        "bus (Y) { direction : output; }",
        "bundle (Y) { direction : output; }",
    ],
)
def test_a_bus_that_cannot_be_taken_apart_leaves_its_cell_out(imported: Import, bus: str) -> None:
    result = imported(library(NAND, cell("BUSY", pin_in("A") + bus)))
    assert list(result.technology.cells) == ["NAND"]
    assert result.dropped["BUSY"].startswith(("bus Y", "bundle Y"))


def test_a_bus_of_a_billion_bits_leaves_its_cell_out(imported: Import) -> None:
    kind = "type (huge) { bit_from : 0; bit_to : 1000000000; }"
    text = library(NAND, cell("BUSY", kind + "bus (A) { bus_type : huge; direction : input; }"))
    assert "bus A" in imported(text).dropped["BUSY"]


def test_escaped_bracket_names_lose_their_escapes(imported: Import) -> None:
    text = INVERTER.replace('pin ("A")', 'pin ("A\\[0\\]")').replace("A'", "A\\[0\\]'")
    text = text.replace('related_pin : "A"', 'related_pin : "A\\[0\\]"')
    pins = imported(library(text)).technology.cells["INV"].pins
    assert list(pins) == ["A[0]", "Y"]
    assert pins["Y"].function == "!A[0]"


@pytest.mark.parametrize("value", ["true", '"true"', "TRUE", "1"])
def test_dont_use_in_any_spelling(imported: Import, value: str) -> None:
    text = INVERTER.replace("area", f"dont_use : {value}; area", 1)
    assert imported(library(NAND, text)).dropped == {"INV": "dont_use"}


def test_dont_touch_alone_stays(imported: Import) -> None:
    text = INVERTER.replace("area", "dont_touch : true; dont_use : false; area", 1)
    assert imported(library(text)).dropped == {}


def test_patterns_of_cells_to_leave_out(tmp_path) -> None:  # type: ignore[no-untyped-def]
    path = tmp_path / "x.lib"
    path.write_text(library(INVERTER, NAND))
    result = import_liberty([path], name="toy", dont_use=["N*"])
    assert list(result.technology.cells) == ["INV"]
    assert result.dropped == {"NAND": "dont-use N*"}
    assert result.technology.source.dont_use == ("N*",)
    with pytest.raises(HwdseError, match=r"'Q\*' matches no cell"):
        import_liberty([path], name="toy", dont_use=["Q*"])


def test_template_indices_are_inherited_and_overridden(imported: Import) -> None:
    own = 'cell_rise (d) { index_2 ("3, 5"); values ("1, 2", "3, 4"); }'
    pin = inverter(imported(library(INVERTER.replace(table("cell_rise", 1), own)))).pins["Y"]
    np.testing.assert_allclose(pin.arcs[0].rise_delay.load_ff, [3, 5])
    np.testing.assert_allclose(pin.arcs[0].rise_delay.slew_ps, [10, 20])
    np.testing.assert_allclose(pin.arcs[0].fall_delay.load_ff, [1, 2, 4])


def test_scalar_and_one_dimensional_tables(imported: Import) -> None:
    text = INVERTER.replace(table("cell_rise", 1), "cell_rise (scalar) { values (7); }")
    line = 'cell_fall (line) { values ("1, 2, 4"); }'
    text = text.replace(table("cell_fall", 11), line)
    template = (
        "lu_table_template (line) { variable_1 : total_output_net_capacitance; "
        'index_1 ("1, 2, 4"); }\n'
    )
    text = library(text, time="1ps").replace("  lu_table_template (d)", template, 1)
    text = text.replace(template, template + "lu_table_template (d)", 1)
    arc = inverter(imported(text)).pins["Y"].arcs[0]
    assert arc.rise_delay.values.tolist() == [[7]]
    assert arc.fall_delay.values.tolist() == [[1, 2, 4]]
    assert arc.fall_delay.load_ff.tolist() == [1, 2, 4]


def test_negative_delays_are_kept(imported: Import) -> None:
    text = INVERTER.replace(table("cell_rise", 1), table("cell_rise", -4))
    arc = inverter(imported(library(text, time="1ps"))).pins["Y"].arcs[0]
    assert arc.rise_delay.values.tolist() == [[-4, -3, -2], [-1, 0, 1]]


def test_a_three_dimensional_table_leaves_its_cell_out(imported: Import) -> None:
    text = library(NAND, INVERTER.replace("cell_rise (d)", "cell_rise (deep)"))
    template = (
        "lu_table_template (deep) { variable_1 : input_net_transition; "
        "variable_2 : total_output_net_capacitance; "
        'variable_3 : related_out_total_output_net_capacitance; index_1 ("0.01, 0.02"); '
        'index_2 ("1, 2, 4"); index_3 ("1, 2"); }\n'
    )
    result = imported(text.replace("  power_lut", template + "  power_lut", 1))
    assert list(result.technology.cells) == ["NAND"]
    assert "related_out_total_output_net_capacitance" in result.dropped["INV"]


def test_max_capacitance_may_be_absent_or_stated(imported: Import) -> None:
    assert inverter(imported(library(INVERTER))).pins["Y"].max_capacitance_ff is None
    text = INVERTER.replace("direction : output;", "direction : output; max_capacitance : 8;")
    assert inverter(imported(library(text))).pins["Y"].max_capacitance_ff == 8


WIRE = """
  pulling_resistance_unit : "1kohm"; default_wire_load : "small";
  wire_load ("large") { capacitance : 9; fanout_length (1, 1); }
  wire_load ("small") { resistance : 0.002; capacitance : 0.5; slope : 4;
    fanout_length (2, 20, 7, 7, 7); fanout_length (1, 10); fanout_length (5, 30); }
"""


def test_default_wire_load(imported: Import) -> None:
    text = library(INVERTER).replace("  delay_model", WIRE + "  delay_model", 1)
    model = imported(text).technology.wire_load
    assert model is not None
    assert model.name == "small"
    assert model.fanout.tolist() == [1, 2, 5]
    np.testing.assert_allclose(model.capacitance_ff, [5, 10, 15])
    np.testing.assert_allclose(model.resistance_ohm, [20, 40, 60])
    assert (model.capacitance_ff_per_sink, model.resistance_ohm_per_sink) == (2, 8)
    assert imported(library(INVERTER)).technology.wire_load is None


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('default_wire_load : "small"', 'default_wire_load : "tiny"', "no wire_load"),
        ("capacitance : 0.5", "capacitance : -0.5", "0 to 1e\\+06 fF"),
        ("resistance : 0.002", "resistance : 1e30", "1e\\+09 ohm"),
        ("fanout_length (1, 10)", "fanout_length (0, 10)", "fanout_length"),
        ("fanout_length (1, 10)", "fanout_length (one, 10)", "two numbers"),
        ('"1kohm"', '"1 furlong"', "pulling_resistance_unit"),
    ],
)
def test_absurd_wire_loads(imported: Import, old: str, new: str, words: str) -> None:
    text = library(INVERTER).replace("  delay_model", WIRE + "  delay_model", 1)
    assert old in text
    with pytest.raises(HwdseError, match=words):
        imported(text.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("area : 1.5", "area : 1e12", "1e-06 to 100000 um2"),
        ("area : 1.5", "area : 1e-12", "1e-06 to 100000 um2"),
        ("capacitance : 1;", "capacitance : -1;", "0 to 100000 fF"),
        ("capacitance : 1;", "capacitance : 1e30;", "0 to 100000 fF"),
        ('values ("1, 2, 3"', 'values ("1e30, 2, 3"', "more than 1e+07 ps"),
        ('values ("1, 2, 3"', 'values ("1, -1e30, 3"', "more than 1e+07 ps"),
        ('index_1 ("0.01, 0.02"); index_2', 'index_1 ("0.01, 1e30"); index_2', "1e+07 ps"),
        ('index_2 ("1, 2, 4");', 'index_2 ("1, 2, 1e30");', "1e+07 fF"),
        ("cell_leakage_power : 2", "cell_leakage_power : 1e10", "0 to 1e+09 nW"),
        ("direction : output;", "direction : output; max_capacitance : 1e9;", "0 to 1e+06 fF"),
        ("direction : output;", "direction : output; max_capacitance : 0;", "0 to 1e+06 fF"),
    ],
)
def test_absurd_figures_are_refused_with_the_bound(
    imported: Import, old: str, new: str, words: str
) -> None:
    text = library(INVERTER).replace(", \\\n", ",")
    assert old in text
    with pytest.raises(HwdseError) as caught:
        imported(text.replace(old, new, 1))
    assert words in str(caught.value)
    assert str(caught.value).startswith("toy0.lib:")


def test_absurd_energy_is_refused_with_the_bound(imported: Import) -> None:
    body = timing("A", 1) + "internal_power () { rise_power (scalar) { values (1e9); } }"
    text = library(cell("BUF", pin_in("A") + pin_out("Y", "A", body)))
    with pytest.raises(HwdseError, match=r"more than 1e\+07 fJ"):
        imported(text)


def test_hostile_text_in_library_names_becomes_harmless(imported: Import) -> None:
    text = library(INVERTER).replace('"toy"', '"x; rm -rf\n../..\u2028ü"', 1)
    result = imported(text)
    assert result.technology.source.library == ("x; rm -rf ../.. ü",)
    assert "\n  library: [" in result.yaml_text


@pytest.mark.parametrize("name", ['A"B', "A\nB", "A B", "ü", "A;B", "$(id)"])
@pytest.mark.parametrize("where", ['related_pin : "%s"', 'when : "%s"'])
def test_hostile_names_elsewhere_reach_no_output(imported: Import, where: str, name: str) -> None:
    text = NAND.replace("timing () {", "timing () { " + where % "hostile" + ";", 1)
    text = library(INVERTER, text).replace("hostile", name.replace('"', '\\"'))
    assert name not in imported(text).yaml_text


def test_an_unknown_sense_is_an_error(imported: Import) -> None:
    with pytest.raises(HwdseError, match="timing_sense 'up; rm -rf'"):
        imported(library(INVERTER.replace("negative_unate", '"up; rm -rf"')))

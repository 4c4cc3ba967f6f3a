"""Liberty text of four cells with everything that power depends on, and a netlist of them."""

from __future__ import annotations

from hwdse.synth.netlist import Instance, Netlist

_HEAD = """
library (small) {
  delay_model : table_lookup; time_unit : "1ps"; voltage_unit : "1V"; current_unit : "1mA";
  leakage_power_unit : "1nW"; capacitive_load_unit (1, ff); pulling_resistance_unit : "1kohm";
  nom_process : 1; nom_voltage : 1.0; nom_temperature : 25;
  operating_conditions (typ) { process : 1; voltage : 1.0; temperature : 25; }
  default_operating_conditions : typ; voltage_map (VDD, 1.0); voltage_map (VSS, 0.0);
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  lu_table_template (d) { variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance; index_1 ("5, 20, 80"); index_2 ("1, 4, 16"); }
  lu_table_template (c) { variable_1 : related_pin_transition;
    variable_2 : constrained_pin_transition; index_1 ("5, 80"); index_2 ("5, 80"); }
  power_lut_template (p) { variable_1 : input_transition_time;
    variable_2 : total_output_net_capacitance; index_1 ("5, 20, 80"); index_2 ("1, 4, 16"); }
  power_lut_template (h) { variable_1 : input_transition_time; index_1 ("5, 20, 80"); }
"""
_RAILS = (
    "pg_pin (VDD) { pg_type : primary_power; voltage_name : VDD; } "
    "pg_pin (VSS) { pg_type : primary_ground; voltage_name : VSS; }"
)


def _table(kind: str, template: str, base: float, slope: float, load: float) -> str:
    rows = [
        ", ".join(f"{base + slope * slew + load * ff:g}" for ff in (1, 4, 16))
        for slew in (5, 20, 80)
    ]
    return f"{kind} ({template}) {{ values (" + ", ".join(f'"{r}"' for r in rows) + "); }"


def _timing(pin: str, base: float, extra: str) -> str:
    kinds = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    tables = " ".join(
        _table(kind, "d", base + 2 * n, 0.2 + 0.05 * n, 1.5 + 0.3 * n)
        for n, kind in enumerate(kinds)
    )
    return f'timing () {{ related_pin : "{pin}"; {extra} {tables} }}'


def _power(pin: str, base: float) -> str:
    rise, fall = _table("rise_power", "p", base, 0.01, 0.02), _table("fall_power", "p", 1, 0, 0.1)
    return f'internal_power () {{ related_pin : "{pin}"; related_pg_pin : VDD; {rise} {fall} }}'


def _hidden(energy: float, when: str = "") -> str:
    condition = f'when : "{when}";' if when else ""
    values = f'values ("{energy}, {energy + 0.1}, {energy + 0.4}");'
    return (
        f"internal_power () {{ {condition} related_pg_pin : VDD; "
        f"rise_power (h) {{ {values} }} fall_power (h) {{ {values} }} }}"
    )


def _leakage(**states: float) -> str:
    return " ".join(f'leakage_power () {{ when : "{w}"; value : {v}; }}' for w, v in states.items())


def _input(name: str, capacitance: float, more: str = "") -> str:
    return (
        f"pin ({name}) {{ direction : input; related_power_pin : VDD; related_ground_pin : VSS; "
        f"capacitance : {capacitance}; {more} }}"
    )


def _output(name: str, function: str, more: str) -> str:
    return (
        f"pin ({name}) {{ direction : output; related_power_pin : VDD; related_ground_pin : VSS; "
        f'function : "{function}"; max_capacitance : 50; {more} }}'
    )


def _constraint(kind: str, base: float) -> str:
    tables = " ".join(
        f'{edge} (c) {{ values ("{base}, {base + 4}", "{base + 1}, {base + 6}"); }}'
        for edge in ("rise_constraint", "fall_constraint")
    )
    return f'timing () {{ related_pin : "CK"; timing_type : {kind}; {tables} }}'


_NEGATIVE = "timing_sense : negative_unate;"
_LAUNCH = "timing_type : rising_edge; timing_sense : non_unate;"
LIBERTY = "\n".join(
    [
        _HEAD,
        f"cell (INV) {{ area : 1.0; {_RAILS} {_leakage(A=4, **{'!A': 2})}",
        _input("A", 2.0),
        _output("Y", "!A", _timing("A", 6, _NEGATIVE) + _power("A", 3)) + "}",
        f"cell (NAND2) {{ area : 1.5; {_RAILS}",
        _leakage(**{"A*B": 8, "A*!B": 3, "!A*B": 2, "!A*!B": 1}),
        _input("A", 2.5, _hidden(0.3, "!B")),
        _input("B", 2.25),
        _output(
            "Y",
            "!(A*B)",
            _timing("A", 8, _NEGATIVE)
            + _timing("B", 9, _NEGATIVE)
            + _power("A", 4)
            + _power("B", 6),
        )
        + "}",
        f"cell (DFF) {{ area : 5.0; {_RAILS} cell_leakage_power : 20;",
        'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }',
        _input("D", 1.5, _constraint("setup_rising", 12) + _constraint("hold_rising", 1)),
        _input("CK", 3.0, "clock : true;" + _hidden(2.0)),
        _output("Q", "IQ", _timing("CK", 20, _LAUNCH) + _power("CK", 5)) + "}",
        "}",
    ]
)


def netlist() -> Netlist:
    """Two registers, a NAND and two inverters between them, an output port."""
    cells = [
        ("DFF", {"D": 3, "CK": 2, "Q": 5}),
        ("NAND2", {"A": 5, "B": 4, "Y": 6}),
        ("INV", {"A": 6, "Y": 7}),
        ("INV", {"A": 7, "Y": 8}),
        ("DFF", {"D": 8, "CK": 2, "Q": 9}),
    ]
    instances = tuple(Instance(f"u{k}", kind, pins) for k, (kind, pins) in enumerate(cells))
    return Netlist({"clk": (2,), "a": (3, 4)}, {"y": (9, 7)}, instances, 10)

"""A small Liberty library as text, with knobs, for the tests of this folder."""

from __future__ import annotations

HEADER = """\
library ("toy") {{
  delay_model : table_lookup;
  time_unit : "{time}";
  voltage_unit : "1V";
  leakage_power_unit : "{leakage}";
  capacitive_load_unit (1, {cap});
  slew_lower_threshold_pct_rise : 30; slew_lower_threshold_pct_fall : 30;
  slew_upper_threshold_pct_rise : 70; slew_upper_threshold_pct_fall : 70;
  nom_voltage : {voltage}; nom_temperature : 25; nom_process : 1;
  operating_conditions (typ) {{ process : 1; voltage : {voltage}; temperature : 25; }}
  default_operating_conditions : typ;
  lu_table_template (d) {{
    variable_1 : input_net_transition; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 0.02"); index_2 ("1, 2, 4");
  }}
  lu_table_template (swapped) {{
    variable_1 : total_output_net_capacitance; variable_2 : input_net_transition;
    index_1 ("1, 2, 4"); index_2 ("0.01, 0.02");
  }}
  lu_table_template (c) {{
    variable_1 : related_pin_transition; variable_2 : constrained_pin_transition;
    index_1 ("0.01, 0.02, 0.03"); index_2 ("0.01, 0.02, 0.03");
  }}
  power_lut_template (p) {{
    variable_1 : input_transition_time; variable_2 : total_output_net_capacitance;
    index_1 ("0.01, 0.02"); index_2 ("1, 2, 4");
  }}
  power_lut_template (hidden) {{ variable_1 : input_transition_time; index_1 ("0.01, 0.02"); }}
"""


def table(kind: str, base: float, template: str = "d") -> str:
    """A 2 x 3 table whose values are base, base + 1, ... in row order of (slew, load)."""
    rows = [[base + 3 * i + j for j in range(3)] for i in range(2)]
    if template == "swapped":
        rows = [list(column) for column in zip(*rows, strict=True)]
    body = ", \\\n ".join('"' + ", ".join(str(v) for v in row) + '"' for row in rows)
    return f"{kind} ({template}) {{ values ({body}); }}"


def timing(pin: str, base: float, *, extra: str = "", template: str = "d") -> str:
    """A timing group with four tables that start at base, base + 10, base + 20, base + 30."""
    kinds = ("cell_rise", "cell_fall", "rise_transition", "fall_transition")
    tables = " ".join(table(k, base + 10 * n, template) for n, k in enumerate(kinds))
    return f'timing () {{ related_pin : "{pin}"; {extra} {tables} }}'


def power(base: float, *, extra: str = "", template: str = "p") -> str:
    """An internal-power group whose rise starts at base and whose fall at base + 10."""
    rise, fall = table("rise_power", base, template), table("fall_power", base + 10, template)
    return f"internal_power () {{ {extra} {rise} {fall} }}"


def pin_in(name: str, extra: str = "") -> str:
    """An input pin of capacitance 1."""
    return f'pin ("{name}") {{ direction : input; capacitance : 1; {extra} }}'


def pin_out(name: str, function: str, body: str) -> str:
    """An output pin."""
    return f'pin ("{name}") {{ direction : output; function : "{function}"; {body} }}'


def cell(name: str, body: str, *, area: str = "area : 1.5;") -> str:
    """A cell."""
    return f"cell ({name}) {{ {area} cell_leakage_power : 2; {body} }}\n"


NEGATIVE = "timing_sense : negative_unate;"
INVERTER = cell("INV", pin_in("A") + pin_out("Y", "A'", timing("A", 1, extra=NEGATIVE)))
NAND = cell(
    "NAND",
    pin_in("A") + pin_in("B") + pin_out("Y", "(A B)'", timing("A B", 1, extra=NEGATIVE)),
)
SETUP = """
  timing () { related_pin : CK; timing_type : setup_rising;
    rise_constraint (c) { values ("1,2,3", "4,5,6", "7,8,9"); }
    fall_constraint (c) { values ("1,2,3", "4,5.5,6", "7,8,9"); } }
  timing () { related_pin : CK; timing_type : hold_rising;
    rise_constraint (c) { values ("91,92,93", "94,95,96", "97,98,99"); } }
"""
HIDDEN = (
    'internal_power () { rise_power (hidden) { values ("1, 3"); } '
    "fall_power (scalar) { values (5); } }"
)
FLOP = cell(
    "DFF",
    'ff ("IQ,IQN") { clocked_on : "CK"; next_state : "!D"; clear : "RN\'"; }'
    + pin_in("D", SETUP)
    + pin_in("RN")
    + pin_in("CK", "clock : true;" + HIDDEN)
    + pin_out(
        "QN",
        "IQ",
        timing("CK", 1, extra="timing_type : rising_edge;")
        + timing("RN", 500, extra="timing_type : clear;"),
    ),
)


def library(
    *cells: str, time: str = "1ns", cap: str = "ff", leakage: str = "1nW", voltage: str = "1.1"
) -> str:
    """The library's text with these cells."""
    head = HEADER.format(time=time, cap=cap, leakage=leakage, voltage=voltage)
    return head + "".join(cells) + "}\n"

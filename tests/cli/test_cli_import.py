"""A user's own Liberty file, from text to figures."""

from __future__ import annotations

import gzip

import pytest

INT2 = "mac:w=int2,a=int2"
LINEAR = ["cell_rise", "cell_fall", "rise_transition", "fall_transition"]
HEAD = """\
library (own) {
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1nW";
  capacitive_load_unit (1, ff); nom_voltage : 1.0; nom_temperature : 25; nom_process : 1;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  lu_table_template (t) { variable_1 : input_net_transition;
    variable_2 : total_output_net_capacitance; index_1 ("0.01, 0.1"); index_2 ("1, 10"); }
"""


def _cell(name, area, pins, function, more="", arc=""):
    inputs = "".join(f"pin ({p}) {{ direction : input; capacitance : 1; }}\n" for p in pins)
    tables = "".join(f'{kind} (t) {{ values ("0.01, 0.02", "0.02, 0.03"); }}\n' for kind in LINEAR)
    arcs = "".join(f"timing () {{ related_pin : {p}; {arc} {tables} }}\n" for p in pins[-2:])
    output = f'pin (Y) {{ direction : output; function : "{function}"; {arcs} }}'
    return f"cell ({name}) {{ area : {area}; cell_leakage_power : 1; {more}{inputs}{output} }}\n"


INV = _cell("INV", 1, ["A"], "!A")
NAND = _cell("NAND", 2, ["A", "B"], "!(A & B)")
NOR = _cell("NOR", 2, ["A", "B"], "!(A | B)")
# ABC maps to no library without a buffer.
BUF = _cell("BUF", 1.5, ["A"], "A")
FLOP = _cell(
    "DFF",
    6,
    ["D", "CK"],
    "IQ",
    'ff (IQ, IQN) { clocked_on : "CK"; next_state : "D"; }\n',
    "timing_type : rising_edge;",
).replace("timing () { related_pin : D;", "timing () { related_pin : CK;", 1)


@pytest.mark.parametrize("suffix", [".lib", ".lib.gz"])
def test_import_show_and_cost(suffix, hwdse, tmp_path):
    library = HEAD + INV + BUF + NAND + NOR + FLOP + "}\n"
    path, own = tmp_path / f"cells{suffix}", tmp_path / "own.yaml"
    data = library.encode()
    path.write_bytes(gzip.compress(data) if suffix.endswith("gz") else data)
    argv = ["tech", "import", path, "-o", own, "--licence", "mine", "--json"]
    found = hwdse(*argv)
    assert found.code == 0, found.err
    summary = found.document
    assert (summary["name"], summary["cells"], summary["left_out"]) == ("own", 5, {})
    shown = hwdse("tech", own, "--json").document
    assert shown["nand2"] == {"cell": "NAND", "area_um2": 2.0}
    assert shown["dff"] == {"cell": "DFF", "area_um2": 6.0}
    assert shown["full_adder"] is None
    (row,) = hwdse("cost", INT2, "--tech", own, "--json").document
    assert row["tech"] == "own"
    assert row["area_um2"] > 35 * 6
    assert row["provenance"]["technology_sha256"] == shown["sha256"]
    assert hwdse("verify", INT2, "--netlist", own, "--vectors", 100, "--json").code == 0


@pytest.mark.parametrize(("cells", "lacks"), [(INV + NAND, "flip-flop"), (FLOP, "gates")])
def test_too_few_cells_is_one_line(cells, lacks, hwdse, tmp_path):
    (tmp_path / "few.lib").write_text(HEAD + cells + "}\n")
    own = tmp_path / "few.yaml"
    assert hwdse("tech", "import", tmp_path / "few.lib", "-o", own).code == 0
    found = hwdse("cost", INT2, "--tech", own)
    assert found.code in (2, 5), lacks
    assert found.complaint


@pytest.mark.parametrize(
    "text", ["", "library", HEAD, HEAD + "}", "\x00\xff", HEAD + INV * 2 + "}"]
)
def test_files_that_are_no_library(text, hwdse, tmp_path):
    (tmp_path / "x.lib").write_text(text)
    found = hwdse("tech", "import", tmp_path / "x.lib", "-o", tmp_path / "x.yaml")
    assert found.code == 2
    assert "x.lib" in found.complaint or "cell" in found.complaint
    assert not (tmp_path / "x.yaml").exists()


def test_a_name_that_no_command_could_take(hwdse, tmp_path):
    (tmp_path / "x.lib").write_text(HEAD + INV + FLOP + "}\n")
    found = hwdse("tech", "import", tmp_path / "x.lib", "-o", tmp_path / "x.txt")
    assert found.code == 2
    assert "ends in .yaml" in found.complaint

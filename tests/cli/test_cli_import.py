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


@pytest.mark.parametrize(
    ("cells", "lacks"),
    [
        (INV + BUF + NAND, "a D flip-flop"),
        (FLOP, "an inverter, a buffer, a two-input NAND, NOR, AND or OR"),
        (INV + NAND + NOR + FLOP, "a buffer"),
        (BUF + NAND + FLOP, "an inverter"),
        (INV + BUF + FLOP, "a two-input NAND, NOR, AND or OR"),
    ],
)
def test_too_few_cells_is_one_line(cells, lacks, hwdse, tmp_path):
    (tmp_path / "few.lib").write_text(HEAD + cells + "}\n")
    own = tmp_path / "few.yaml"
    imported = hwdse("tech", "import", tmp_path / "few.lib", "-o", own, "--json")
    assert imported.code == 0
    assert ", ".join(imported.document["lacking"]) == lacks
    assert f"note: nothing can be synthesised with it: it lacks {lacks}" in imported.err
    found = hwdse("cost", INT2, "--tech", own)
    assert found.code == 2
    assert f"it lacks {lacks}" in found.complaint


def test_figures_beside_those_of_others(hwdse, tmp_path):
    (tmp_path / "own.lib").write_text(HEAD + INV + BUF + NAND + NOR + FLOP + "}\n")
    own = tmp_path / "own.yaml"
    assert hwdse("tech", "import", tmp_path / "own.lib", "-o", own).code == 0
    shown = hwdse("tech", own, "--json").document
    # 4 fF between 1 and 10: a third of the way; slews settle below 10 ps, so on the tables' ends.
    assert shown["figures"]["fo4_cell"] == "INV"
    assert shown["figures"]["load_ff"] == 4
    assert shown["figures"]["nand2_energy_fj"] == pytest.approx(4 * 1.0 / 2)
    assert set(shown["beside"]) >= {"asap7", "gt2n", "nangate45", "sky130hd"}
    assert shown["beside"]["nangate45"]["nand2_area_um2"] == 0.798
    table = hwdse("tech", own).out
    for name in ("own", "asap7", "gt2n", "nangate45", "sky130hd"):
        assert any(line.startswith(name + " ") for line in table.splitlines()), name


def test_list_has_every_figure(hwdse):
    found = hwdse("tech")
    header, *rows = found.out.splitlines()
    for column in ("nand2_um2", "full_adder_um2", "fo4_ps", "nand2_fj", "dff_um2", "clk_to_q_ps"):
        assert column in header.split()
    shipped = {row.split()[0]: row.split() for row in rows if row}
    assert {"asap7", "gt2n", "nangate45", "sky130hd"} <= set(shipped)
    assert all("-" not in shipped[name] for name in ("asap7", "gt2n", "nangate45", "sky130hd"))


def test_cells_left_out_on_request(hwdse, tmp_path):
    (tmp_path / "own.lib").write_text(HEAD + INV + BUF + NAND + NOR + FLOP + "}\n")
    argv = ["tech", "import", tmp_path / "own.lib", "-o", tmp_path / "own.yaml", "--json"]
    found = hwdse(*argv, "--dont-use", "N*", "--dont-use", "BUF").document
    assert found["left_out"] == {"BUF": "dont-use BUF", "NAND": "dont-use N*", "NOR": "dont-use N*"}
    assert found["source"]["dont_use"] == ["N*", "BUF"]
    refused = hwdse(*argv, "--dont-use", "Z*")
    assert refused.code == 2
    assert "'Z*' matches no cell" in refused.complaint


def test_bracket_names_reach_the_netlist(hwdse, tmp_path):
    nand = (
        NAND.replace("(A)", "(A[0])").replace("(B)", '("A\\[1\\]")').replace("A & B", "A[0] & A[1]")
    )
    nand = nand.replace("related_pin : A", 'related_pin : "A[0]"')
    nand = nand.replace("related_pin : B", 'related_pin : "A[1]"')
    (tmp_path / "own.lib").write_text(HEAD + INV + BUF + nand + FLOP + "}\n")
    own = tmp_path / "own.yaml"
    assert hwdse("tech", "import", tmp_path / "own.lib", "-o", own).code == 0
    assert hwdse("verify", INT2, "--netlist", own, "--vectors", 100, "--json").code == 0


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

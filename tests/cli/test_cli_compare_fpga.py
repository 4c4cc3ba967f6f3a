"""`hwdse compare` on FPGAs as users call it."""

import csv

import pytest

SMALL = "mac:w=int2,a=int2,acc=exact,terms=4"
FLOAT = "mac:w=e2m0,a=e2m0,acc=exact,terms=4"
FILE = f"""\
name: small study
technology: ice40
fpga: {{dsp: false}}
units:
  "int2, {{mul}}":
    spec: {SMALL},mul={{mul}}
    for: {{mul: [star, bw]}}
  e2m0: {FLOAT}
rows:
  int2: {{least: luts, among: "int2, {{mul}}"}}
chart:
  kind: scatter
  columns: [noise_db_normal, noise_db_laplace]
  x: luts
  series: {{integers: int2, floats: e2m0}}
claims:
  - {{claim: floats take twice as much, source: nobody, column: luts, of: e2m0, over: int2,
     published: 2}}
  - {{kind: figure, claim: the accumulator, source: nobody, column: accumulator_bits, of: int2,
     published: 7}}
"""


def rows_of(path):
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture
def study(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text(FILE)
    return path


def test_the_same_figures_as_cost(tmp_path, hwdse):
    two = "dot:w=int2,a=int2,lanes=2,acc=exact,terms=4"
    done = hwdse("compare", SMALL, two, "--tech", "ice40", "--json", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    cost = hwdse("cost", SMALL, two, "--tech", "ice40", "--no-place", "--json").document
    for unit, known in zip(done.document["units"], cost, strict=True):
        assert [unit[k] for k in ("spec", "luts", "carries", "ffs", "dsps", "brams")] == [
            known[k] for k in ("spec", "luts", "carries", "ffs", "dsps", "brams")
        ]
        assert unit["luts_per_mac"] == known["luts"] / known["macs_per_cycle"]
        assert unit["fmax_mhz"] is None
        assert unit["accumulator_bits"] == unit["published_exact_bits"] == 7
        assert unit["least_exact_bits"] == 6  # 4 products of -2 and -2, and a sign
    assert done.document["tech"] == "ice40-hx8k"
    written = {path.name for path in (tmp_path / "out").iterdir()}
    assert written == {"compare.csv", "compare.png", "compare.svg"}


def test_a_study_with_points_and_rows_that_are_the_least(study, tmp_path, hwdse):
    done = hwdse("compare", study, "--json", "-o", tmp_path / "out")
    assert done.code == 0, done.err
    document = done.document
    assert [u["label"] for u in document["units"]] == ["int2, star", "int2, bw", "e2m0"]
    luts = {u["label"]: u["luts"] for u in document["units"]}
    (least,) = document["rows"]
    assert least["label"] == "int2"
    assert least["luts"] == min(luts["int2, star"], luts["int2, bw"])
    assert least["spec"] in {u["spec"] for u in document["units"][:2]}
    ratio, width = document["claims"]
    assert ratio["measured"] == luts["e2m0"] / least["luts"]
    assert (width["published_low"], width["measured"]) == (7, 7)
    (point,) = document["chart"]["noise_db_normal"]["integers"]
    assert (point["label"], point["x"]) == ("int2", least["luts"])
    assert point["y"] == least["noise_db_normal"] < 0
    assert point["on_own_front"]
    written = {one.name for one in (tmp_path / "out").iterdir()}
    assert written == {
        *(f"{name}.{kind}" for name in ("compare", "chart") for kind in ("csv", "png", "svg")),
        "claims.csv",
    }
    table = rows_of(tmp_path / "out" / "chart.csv")
    assert [row["label"] for row in table] == ["int2", "e2m0"] * 2
    assert float(table[0]["x"]) == least["luts"]
    text = hwdse("compare", study)
    assert "floats take twice as much" in text.out
    assert "without DSP blocks" in text.err


def test_cells_have_the_operands_figures_too(hwdse):
    (unit,) = hwdse("compare", SMALL, "--tech", "nangate45", "--json").document["units"]
    assert unit["operand_bits"] == 4
    assert unit["noise_db_student5"] < 0 < unit["area_um2"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--tech", "nangate45"], "nangate45 is no FPGA, where claims and charts have no figure"),
        (["--clock-ns", "1"], "FPGAs have no energy and no clock target"),
        (["--operands", "normal"], "leave --operands, --clock-ns and --dot-length out"),
        (["--tech", "ice41"], "unknown technology or FPGA 'ice41'; did you mean 'ice40'"),
    ],
)
def test_bad_requests_are_one_line(study, hwdse, options, said):
    done = hwdse("compare", study, *options)
    assert done.code == 2
    assert said in done.complaint


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fpga: {dsp: false}", "clock_ns: 1.5", "FPGAs have no clock target; leave clock_ns out"),
        ("  int2: {least: luts, among", "  int2: {least: area_um2, among", "is an FPGA, where"),
        ("rows:", "rows:\n  s: {sum: {e2m0: 2}}", "rows.s: there are no sums on FPGAs"),
    ],
)
def test_what_fpgas_do_not_have(study, hwdse, old, new, said):
    assert old in FILE
    study.write_text(FILE.replace(old, new, 1))
    done = hwdse("compare", study)
    assert done.code == 2
    assert said in done.complaint


def test_options_of_fpgas_mean_nothing_on_cells(tmp_path, hwdse):
    study = tmp_path / "cells.yaml"
    study.write_text(
        f"name: cells\ntechnology: nangate45\nfpga: {{place: true}}\nunits: {{a: '{SMALL}'}}\n"
    )
    done = hwdse("compare", study)
    assert done.code == 2
    assert "fpga: nangate45 is no FPGA; leave it out" in done.complaint


def test_a_name_that_is_neither_a_technology_nor_an_fpga(hwdse):
    done = hwdse("cost", SMALL, "--tech", "ice40-hx4k")
    assert done.code == 2
    assert "unknown technology or FPGA 'ice40-hx4k'; did you mean 'ice40-hx8k'" in done.complaint

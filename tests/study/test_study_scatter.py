"""Comparisons on FPGAs: rows that are one of several, points and fronts, claims about them."""

import math

import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.study.claims import measure
from hwdse.study.columns import check_columns_on, least_of, operand_figures
from hwdse.study.comparison import read_comparison
from hwdse.study.scatter import scatter_data

FILE = """\
name: small
technology: ice40
fpga: {dsp: false}
units:
  "{i}, {mul}":
    spec: mac:w={i},a={i},acc=exact,terms=4,mul={mul}
    for:
      - {bits: 2, i: int2, mul: [star, bw]}
      - {bits: 3, i: int3, mul: [star, bw]}
  "{f}":
    spec: mac:w={f},a={f},acc=exact,terms=4
    for: [{bits: 2, f: e1m0}, {bits: 3, f: [e1m1, e2m0]}]
rows:
  "{i}": {least: luts, among: "{i}, {mul}", for: [{bits: 2, i: int2}, {bits: 3, i: int3}]}
chart:
  kind: scatter
  columns: [noise_db_normal]
  x: luts
  series: {integers: "{i}", floats: "{f}"}
claims:
  - {kind: figure, claim: width, source: none, column: accumulator_bits, of: int2, published: 7}
  - {kind: wins, claim: best, source: none, column: noise_db_normal, of: "{f}", over: "{i}",
     by: bits, published: 2}
  - {kind: front, claim: front, source: none, column: noise_db_normal, against: luts, of: "{i}",
     among: ["{i}", "{f}"], published: often}
"""
LUTS = {"int2, star": 9, "int2, bw": 7, "int3, star": 20, "int3, bw": 21}
LUTS |= {"int2": 7, "int3": 20, "e1m0": 8, "e1m1": 30, "e2m0": 20}
NOISE = {"int2": -3, "int3": -9, "e1m0": -2, "e1m1": -10, "e2m0": -8}


def read(tmp_path, text=FILE):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return read_comparison(path)


def figures():
    """Of every row; those of no use are NaN."""
    return {
        label: {"luts": luts, "noise_db_normal": NOISE.get(label, math.nan), "accumulator_bits": 7}
        for label, luts in LUTS.items()
    }


def test_a_row_may_hold_lists_and_be_the_least_of_several(tmp_path):
    found = read(tmp_path)
    assert list(found.units) == [*list(LUTS)[:4], "e1m0", "e1m1", "e2m0"]
    assert found.placed["int3, bw"] == {"bits": 3, "i": "int3", "mul": "bw"}
    assert found.placed["e2m0"] == {"bits": 3, "f": "e2m0"}
    assert found.least["int3"] == ("luts", ["int3, star", "int3, bw"])
    assert (found.fpga.dsp, found.fpga.place) == (False, False)
    assert set(found.columns) == {"luts", "noise_db_normal", "accumulator_bits"}
    rows = [{"label": label, "luts": LUTS[label]} for label in ("int2, star", "int2, bw")]
    assert least_of("int2", "luts", rows) == {"label": "int2", "luts": 7}
    with pytest.raises(HwdseError, match="'int2, bw' has no figure 'luts'"):
        least_of("int2", "luts", [rows[0], {"label": "int2, bw", "luts": math.nan}])


def test_points_know_the_fronts_that_they_are_on(tmp_path):
    found = read(tmp_path)
    shown = scatter_data(found.chart, found.placed, figures())["noise_db_normal"]
    points = {p.label: p for series in shown.values() for p in series}
    assert {label: (p.x, p.y) for label, p in points.items()} == {
        label: (LUTS[label], NOISE[label]) for label in NOISE
    }
    # e2m0 takes as much as int3 and is worse.
    assert {label for label, p in points.items() if p.on_front} == {"int2", "int3", "e1m1"}
    assert all(points[label].on_own_front for label in ("e1m0", "e2m0", "e1m1", "int2", "int3"))
    unknown = figures() | {"e1m1": {"luts": 30, "noise_db_normal": math.nan}}
    less = scatter_data(found.chart, found.placed, unknown)["noise_db_normal"]
    assert [p.label for p in less["floats"]] == ["e1m0", "e2m0"]


def test_claims_about_figures_wins_by_an_axis_and_fronts(tmp_path):
    found = read(tmp_path)
    figure, wins, front = measure(found.claims, found.placed, figures())
    assert (figure["published_low"], figure["measured"]) == (7, 7)
    # The best float has less noise at 3 bits alone.
    assert (wins["published_low"], wins["measured"]) == (2, 1)
    assert (front["published_low"], front["measured"]) == ("often", 2)
    # As little noise as the integer of 2 bits is no win.
    even = figures()
    even["e1m0"]["noise_db_normal"] = even["int2"]["noise_db_normal"]
    assert measure(found.claims, found.placed, even)[1]["measured"] == 1


def test_what_operands_and_accumulators_say():
    found = operand_figures(pe.parse("mac:w=e2m3,a=e2m3,acc=exact,terms=4608"))
    assert found["operand_bits"] == 12
    # arXiv 2311.12359: 26 bits. The largest sum is 4608 x 60 x 60 in units of its last bit.
    assert (found["accumulator_bits"], found["published_exact_bits"]) == (26, 26)
    assert found["least_exact_bits"] == (4608 * 60 * 60).bit_length() + 1
    assert -29 < found["noise_db_normal"] < -27
    blocks = operand_figures(pe.parse("dot:w=mxfp4,a=mxfp4,lanes=32"))
    assert math.isnan(blocks["noise_db_normal"])
    assert math.isnan(blocks["published_exact_bits"])
    assert all(
        math.isnan(v) for v in operand_figures(pe.parse("convert:from=e2m1,to=e3m2")).values()
    )
    assert all(math.isnan(v) for v in operand_figures(None).values())


def test_figures_are_of_cells_or_of_fpgas():
    check_columns_on("ice40", fpga=True, asked=["luts", "noise_db_normal"])
    check_columns_on("asap7", fpga=False, asked=["area_um2", "noise_db_normal"])
    with pytest.raises(HwdseError, match=r"ice40 is an FPGA, .* no figure 'area_um2'"):
        check_columns_on("ice40", fpga=True, asked=["area_um2"])
    with pytest.raises(HwdseError, match=r"asap7 is no FPGA, .* no figure 'luts'"):
        check_columns_on("asap7", fpga=False, asked=["luts"])


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("least: luts", "least: lutz", "did you mean 'luts'"),
        ('among: "{i}, {mul}"', 'among: "{i}; {mul}"', "no row is called"),
        ("{bits: 3, i: int3}]}", "{bits: 4, i: int3}]}", "rows.int3: no unit .* is at"),
        ("  x: luts\n", "", "needs x, the figure from left to right"),
        ("  x: luts\n", "  x: bits\n", "unknown column 'bits'"),
        ("  x: luts\n", "  x: luts\n  over: int2\n", "takes no over"),
        ("of: int2,", "of: int4,", "'int4', which is not there; did you mean"),
        ("by: bits", "by: bit", "names the axis 'bit'.*did you mean 'bits'"),
        ('"{f}", over: "{i}"', '"{f}", over: "int2"', "at bits 3, where there is no 'int2'"),
        ('of: "{i}",\n     among: ["{i}", "{f}"]', 'of: "{i}",\n     among: ["{f}"]', "not among"),
        ("against: luts", "against: lut", "did you mean 'luts'"),
        ("fpga: {dsp: false}", "fpga: {dsp: [false]}", "'fpga.dsp'"),
        ("mul: [star, bw]}", "mul: []}", "'units.{i}, {mul}.for"),
    ],
)
def test_mistakes(tmp_path, old, new, said):
    assert old in FILE
    with pytest.raises(HwdseError, match=said) as caught:
        read(tmp_path, FILE.replace(old, new, 1))
    assert "study.yaml" in str(caught.value)
    assert "\n" not in str(caught.value)

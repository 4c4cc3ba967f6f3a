"""Comparison files: templates, sums, claims and charts, and every mistake in one line."""

from __future__ import annotations

import math
from fractions import Fraction
from pathlib import Path

import pytest

from hwdse.cost.comparison import PARTS
from hwdse.errors import HwdseError
from hwdse.study.chart import chart_data
from hwdse.study.claims import measure
from hwdse.study.comparison import read_comparison
from hwdse.study.template import expand, fill

STUDIES = Path(__file__).parents[2] / "studies"
FILE = """\
name: planes
technology: nangate45
units:
  "W{w}A{a}":
    spec: bitplane:w=int{w},a=int{a},lanes=2,acc=exact,terms=4
    for: {w: [2, 3], a: [2, 3]}
  "bipolar W{w}":
    spec: bitplane:w=bipolar{w},a=int2,lanes=2,acc=exact,terms=4
    for: [{w: 2}, {w: 3}]
  decoder: convert:from=e2m1,to=e3m2
rows:
  "decoded for {n}":
    sum: {W2A2: 1, decoder: "1/{n}"}
    for: {n: [8, 16]}
chart:
  kind: heat
  columns: [area_um2_per_mac]
  x: w
  series: {"{a} bits": "W{w}A{a}"}
claims:
  - kind: wins
    claim: nothing
    source: nobody
    column: delay_ps
    of: "bipolar W{w}"
    over: "W{w}A2"
    published: 2
"""


def write(tmp_path, text=FILE):
    path = tmp_path / "study.yaml"
    path.write_text(text)
    return path


def test_templates_take_every_combination_or_those_listed(tmp_path):
    found = read_comparison(write(tmp_path))
    units = ["W2A2", "W2A3", "W3A2", "W3A3", "bipolar W2", "bipolar W3", "decoder"]
    assert list(found.units) == units
    assert found.units["W3A2"].w.name == "int3"
    assert found.units["W3A2"].a.name == "int2"
    assert found.placed["W3A2"] == {"w": 3, "a": 2}
    assert found.placed["decoder"] == {}
    assert found.sums["decoded for 16"] == {"W2A2": Fraction(1), "decoder": Fraction(1, 16)}
    assert found.placed["decoded for 8"] == {"n": 8}


def test_a_template_is_text_and_nothing_more():
    assert fill("{a}{b}{a}", {"a": 1, "b": "x+y"}) == "1x+y1"
    assert expand(None) == [{}]
    for bad in ("{a.b}", "{a!r}", "{a:>9}", "{}", "{0}", "{a+1}", "{a", "a}"):
        with pytest.raises(HwdseError, match=r"axis|brace"):
            fill(bad, {"a": 1})


def figures_of(found, column, values):
    return {n: {column: v} for n, v in zip(found.placed, values, strict=False)}


def test_a_chart_shows_figures_by_series_and_axis(tmp_path):
    found = read_comparison(write(tmp_path))
    column = "area_um2_per_mac"
    figures = figures_of(found, column, [1.0, 2.0, 3.0, math.nan, 5.0, 9.0])
    assert chart_data(found.chart, found.placed, figures, {}) == {
        column: {"2 bits": {"2": 1.0, "3": 3.0}, "3 bits": {"2": 2.0, "3": None}}
    }
    over = found.chart.model_copy(
        update={"series": {"b": "bipolar W{w}", "decoder": "W2A3"}, "over": "W{w}A2"}
    )
    assert chart_data(over, found.placed, figures, {}) == {
        column: {"b": {"2": 5.0, "3": 3.0}, "decoder": {"2": 2.0, "3": None}}
    }


def test_a_row_that_does_not_lie_along_the_axis_is_the_same_everywhere(tmp_path):
    text = FILE.replace("heat", "lines").replace('"W{w}A{a}"}', '"W{w}A{a}", all: decoder}', 1)
    found = read_comparison(write(tmp_path, text))
    figures = figures_of(found, "area_um2_per_mac", [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0])
    shown = chart_data(found.chart, found.placed, figures, {})["area_um2_per_mac"]
    assert shown["all"] == {"2": 7.0, "3": 7.0}


def test_stacks_divide_rows_by_parts_or_by_addends(tmp_path):
    text = FILE.replace("heat", "stack").replace("  x: w\n", "").replace("{a} bits", "W{w}A{a}")
    found = read_comparison(write(tmp_path, text))
    areas = dict.fromkeys(PARTS["area_um2_per_mac"].values(), 0.0)
    figures = {n: areas | {"products_um2_per_mac": 3.0} for n in found.placed}
    shown = chart_data(found.chart, found.placed, figures, {})["area_um2_per_mac"]
    assert shown["products"] == {f"W{w}A{a}": 3.0 for w in (2, 3) for a in (2, 3)}
    assert set(shown["registers"].values()) == {0.0}
    text = text.replace("  columns", "  by: addends\n  columns").replace(
        '{"W{w}A{a}": "W{w}A{a}"}', '{"for {n}": "decoded for {n}"}'
    )
    found = read_comparison(write(tmp_path, text))
    parts = {"W2A2": 4.0, "decoder": 0.5}
    addends = {f"decoded for {n}": {"area_um2_per_mac": parts} for n in (8, 16)}
    shown = chart_data(found.chart, found.placed, {}, addends)["area_um2_per_mac"]
    assert shown == {
        "W2A2": {"for 8": 4.0, "for 16": 4.0},
        "decoder": {"for 8": 0.5, "for 16": 0.5},
    }


def test_claims_of_every_kind(tmp_path):
    claims = """\
  - kind: best
    claim: the best
    source: nobody
    column: delay_ps
    of: "W{w}A2"
    axis: w
    published: 2
  - claim: a ratio
    source: nobody
    column: delay_ps
    of: W2A2
    over: W2A2
    over_column: energy_pj_per_mac
    published: [1, 2.5]
"""
    found = read_comparison(write(tmp_path, FILE + claims))
    delays = {"W2A2": 4.0, "W3A2": 3.0, "bipolar W2": 3.5, "bipolar W3": 3.0}
    figures = {n: {"delay_ps": d, "energy_pj_per_mac": 2.0} for n, d in delays.items()}
    wins, best, ratio = measure(found.claims, found.placed, figures)
    # The second pair is equal, which is no win.
    assert (wins["published_low"], wins["measured"]) == (2, 1)
    assert (best["published_high"], best["measured"]) == (2, 3)
    assert (ratio["published_low"], ratio["published_high"], ratio["measured"]) == (1, 2.5, 2.0)
    figures["W2A2"]["energy_pj_per_mac"] = math.nan
    with pytest.raises(HwdseError, match="energy_pj_per_mac of 'W2A2', which has no such figure"):
        measure(found.claims, found.placed, figures)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("w=int{w},a=int{a}", "w=int{w},a=int{b}", "names the axis 'b'"),
        ("w=int{w},a=int{a}", "w=int{w,a=int{a}", "brace"),
        ('"W{w}A{a}":', '"W{w}":', "the label 'W2' occurs twice; name every axis in it"),
        ("{w: [2, 3], a: [2, 3]}", "{w: [], a: [2]}", "'units.W{w}A{a}.for"),
        ("{w: [2, 3], a: [2, 3]}", "{w: [2, 2.5], a: [2]}", "'units.W{w}A{a}.for"),
        ("{w: [2, 3], a: [2, 3]}", "{W: [2, 3], a: [2]}", "'units.W{w}A{a}.for"),
        ("    for: {w: [2, 3], a", "    fro: {w: [2, 3], a", "unknown key"),
        ("spec: bitplane:w=int{w}", "spec: bitplan:w=int{w}", "did you mean 'bitplane'"),
        ("{W2A2: 1,", "{W2A4: 1,", "rows.decoded for 8: no unit is called 'W2A4'; did you mean"),
        ('"1/{n}"', '"1/{m}"', "names the axis 'm'"),
        ('"1/{n}"', '"{n}/0"', "give how many a MAC takes"),
        ('"1/{n}"', '"-1"', "give how many a MAC takes"),
        ('"1/{n}"', '"1e{n}"', "give how many a MAC takes"),
        ('"1/{n}"', '"two"', "give how many a MAC takes"),
        ("    for: {n: [8, 16]}", "    for: {n: [8, 8]}", "'decoded for 8' occurs twice"),
        ("kind: heat", "kind: pie", "'chart.kind'"),
        ("columns: [area_um2_per_mac]", "columns: [area_um2_per_mc]", "did you mean"),
        ("  x: w\n", "", "needs x"),
        ("  x: w\n", "  x: v\n", "'v'"),
        ("kind: heat", "kind: stack", "takes no x"),
        ('"W{w}A{a}"}', '"W{w}B{a}"}', "no row is called 'W{w}B{a}'"),
        ("kind: wins", "kind: win", "'wins'"),
        ('of: "bipolar W{w}"', 'of: "bipolr W{w}"', "no row is called"),
        ('over: "W{w}A2"', 'over: "W{w}A4"', "'W2A4', which is not there; did you mean"),
        ("published: 2", "published: -2", "greater than or equal to 0"),
    ],
)
def test_mistakes(tmp_path, old, new, said):
    assert old in FILE
    with pytest.raises(HwdseError) as caught:
        read_comparison(write(tmp_path, FILE.replace(old, new, 1)))
    message = str(caught.value)
    assert caught.value.exit_code == 2
    assert said in message
    assert "study.yaml" in message
    assert "\n" not in message


def test_too_many_combinations(tmp_path):
    text = FILE.replace("{w: [2, 3], a: [2, 3]}", f"{{w: {list(range(30))}, a: {list(range(30))}}}")
    with pytest.raises(HwdseError, match="900 combinations are more than 500"):
        read_comparison(write(tmp_path, text))


SHIPPED = [path for path in STUDIES.glob("*.yaml") if "\nchart:\n" in path.read_text()]


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_studies_that_ship_read(path):
    found = read_comparison(path)
    assert found.chart is not None
    assert found.description
    assert all("arXiv" in claim.source or "IEEE" in claim.source for claim in found.claims)


def test_there_are_such_studies():
    assert len(SHIPPED) >= 8

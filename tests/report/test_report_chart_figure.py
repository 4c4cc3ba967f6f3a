"""Charts show what their table says, and claims what was published."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import pytest

from hwdse.errors import HwdseError
from hwdse.report import chart_figure
from hwdse.report.chart_figure import ChartPicture, save_chart_figure
from hwdse.report.claims_panel import ClaimMark

SERIES = {
    "$two$ bits": {"2": 3.0, "3": 6.0, "4": None},
    "three bits": {"2": 4.0, "3": 0.5, "4": 9.0},
}
LEVEL = {"all": {"2": 5.0, "3": 5.0, "4": 5.0}}
CLAIMS = [
    ClaimMark(
        claim="twice as much", source="a paper", published=(1.5, 2.5), measured=3.0, ratio=True
    ),
    ClaimMark(
        claim="the best k", source="a paper", published=("four", "four"), measured=4, ratio=False
    ),
]
PICTURE = ChartPicture(
    title="$a$ against b",
    description="why",
    subtitle="toy",
    kind="lines",
    x_label="bits",
    panels={"area (µm²)": SERIES, "energy (pJ)": SERIES},
    claims=CLAIMS,
)
KINDS = ("lines", "bars", "heat", "stack")


def panels(**changed):
    """Axes of the panels and of the claims."""
    figure = chart_figure._figure(replace(PICTURE, **changed))
    return figure.axes


def test_lines_go_through_the_values_and_levels_are_dashed():
    area, energy, claims = panels(panels={"area": SERIES | LEVEL, "energy": SERIES})
    one, other, level = area.lines
    assert list(one.get_ydata())[:2] == [3.0, 6.0]
    assert math.isnan(one.get_ydata()[2])
    assert list(other.get_ydata()) == [4.0, 0.5, 9.0]
    assert level.get_linestyle() == "--"
    assert one.get_linestyle() == other.get_linestyle() == "-"
    assert area.get_ylim()[0] > 0  # a span of 18: logarithmic
    assert [t.get_text() for t in area.get_xticklabels()] == ["2", "3", "4"]
    assert energy.get_xlabel() == "bits"
    assert claims.get_xscale() == "log"


def test_bars_are_as_high_as_the_values_and_a_line_marks_1_of_ratios():
    area, *_ = panels(kind="bars")
    assert sorted(bar.get_height() for bar in area.patches) == [0.0, 0.5, 3.0, 4.0, 6.0, 9.0]
    assert {text.get_text() for text in area.texts} == {"0.5", "3", "4", "6", "9"}
    assert not area.lines
    area, *_ = panels(kind="bars", ratio=True)
    assert list(area.lines[0].get_ydata()) == [1, 1]


def test_a_heat_map_writes_every_value_and_marks_those_below_1():
    area, *_ = panels(kind="heat", ratio=True)
    assert [text.get_text() for text in area.texts] == ["3", "6", "4", "0.5", "9"]
    assert [text.get_text() for text in area.texts if text.get_weight() == "bold"] == ["0.5"]
    image = area.images[0]
    assert image.norm.vmin == -image.norm.vmax < 0
    assert float(image.get_array()[1, 1]) == -1.0
    assert [t.get_text() for t in area.get_yticklabels()] == list(SERIES)


def test_a_stack_adds_up():
    area, *_ = panels(kind="stack")
    # Of rows 2, 3, 4: parts one after the other, and the sums beside them.
    ends = [round(bar.get_x() + bar.get_width(), 6) for bar in area.patches]
    assert ends == [3.0, 6.0, 0.0, 7.0, 6.5, 9.0]
    assert [text.get_text() for text in area.texts] == ["7", "6.5", "9"]
    assert area.get_xlabel() == "area (µm²)"


def test_claims_stand_beside_what_was_measured():
    *_, claims = panels()
    published, measured, *_ = claims.lines
    assert list(published.get_xdata()) == [1.5, 2.5]
    assert list(measured.get_xdata()) == [3.0]
    assert [text.get_text() for text in claims.texts] == [
        "1.5 to 2.5 published, 3 here",
        "four published, 4 here",
    ]
    assert "[a paper]" in claims.get_yticklabels()[0].get_text()
    assert len(panels(claims=[])) == 2


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_overlaps_and_nothing_is_cut_off(kind):
    long = {f"a rather long name of series {n}": row for n, row in enumerate(SERIES.values())}
    figure = chart_figure._figure(replace(PICTURE, kind=kind, panels={"x": long, "y": long}))
    figure.canvas.draw()
    boxes = [axes.get_tightbbox() for axes in figure.axes]
    for one, other in itertools.combinations(boxes, 2):
        assert not one.padded(-1).overlaps(other.padded(-1))
    width, height = figure.canvas.get_width_height()
    for box in boxes:
        assert box.x0 >= -1
        assert box.y0 >= -1
        assert box.x1 <= width + 1
        assert box.y1 <= height + 1


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_picture_has_the_same_bytes(tmp_path, kind):
    picture = replace(PICTURE, kind=kind)
    one, other = (save_chart_figure(picture, tmp_path / f"{n}.svg") for n in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 5000


def test_another_suffix_is_refused(tmp_path):
    with pytest.raises(HwdseError, match="choose another -o"):
        save_chart_figure(PICTURE, tmp_path / "a.gif")

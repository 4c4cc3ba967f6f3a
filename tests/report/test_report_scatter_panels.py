"""Points, their fronts and their names in a chart."""

import numpy as np
import pytest

from hwdse.report import chart_figure
from hwdse.report.chart_figure import ChartPicture, save_chart_figure
from hwdse.report.scatter_panels import Mark, Scatter


def mark(label, x, y, *, front=False, own=False):
    return Mark(label=label, x=x, y=y, on_front=front, on_own_front=own)


SERIES = {
    "integers": [
        mark("int3", 30, -8, front=True, own=True),
        mark("int8", 160, -33, own=True),
        mark("$int9$", 200, -33),
    ],
    "floats": [mark("e2m1", 50, -16, front=True, own=True), mark("e3m4", 150, -34, front=True)],
}
PICTURE = ChartPicture(
    title="a",
    subtitle="b",
    x_label="LUTs",
    panels=Scatter(panels={"noise": SERIES, "more noise": SERIES}),
)


def test_points_fronts_and_names():
    noise, other = chart_figure._figure(PICTURE).axes
    assert noise.get_xlabel() == other.get_xlabel() == "LUTs"
    assert [axes.get_title(loc="left") for axes in (noise, other)] == ["noise", "more noise"]
    marks = [line for line in noise.lines if line.get_marker() not in ("None", "", None)]
    assert [list(zip(*line.get_data(), strict=True)) for line in marks] == [
        [(m.x, m.y) for m in series] for series in SERIES.values()
    ]
    fronts = {
        (line.get_linestyle(), tuple(line.get_xdata()))
        for line in noise.lines
        if line.get_drawstyle() == "steps-post"
    }
    assert fronts == {("--", (30, 160)), ("--", (50,)), ("-", (30, 50, 150))}
    assert {text.get_text() for text in noise.texts} == {"int3", "int8", "$int9$", "e2m1", "e3m4"}


def test_names_do_not_overlap():
    count = 12
    rng = np.random.default_rng(2)
    x, y = np.sort(rng.uniform(10, 30, count)), -np.sort(rng.uniform(10, 30, count))
    crowd = [mark(f"name{n}", x[n], y[n], front=True, own=True) for n in range(count)]
    figure = chart_figure._figure(
        ChartPicture(title="", subtitle="", x_label="", panels=Scatter(panels={"y": {"s": crowd}}))
    )
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == count
    assert not any(a.overlaps(b) for n, a in enumerate(boxes) for b in boxes[:n])


def test_of_many_marks_those_on_fronts_are_named():
    many = [mark(f"n{n}", n + 1, 5) for n in range(70)] + [mark("best", 1, 1, front=True, own=True)]
    figure = chart_figure._figure(
        ChartPicture(title="", subtitle="", x_label="", panels=Scatter(panels={"y": {"s": many}}))
    )
    assert [text.get_text() for text in figure.axes[0].texts] == ["best"]


@pytest.mark.parametrize("panels", [{"y": {"s": []}}, {"y": {"s": [mark("one", 0, 0)]}}])
def test_nothing_and_one_point(panels, tmp_path):
    picture = ChartPicture(title="", subtitle="", x_label="", panels=Scatter(panels=panels))
    assert save_chart_figure(picture, tmp_path / "a.svg").read_bytes()


def test_the_same_picture_has_the_same_bytes(tmp_path):
    one, other = (save_chart_figure(PICTURE, tmp_path / f"{n}.svg") for n in "ab")
    assert one.read_bytes() == other.read_bytes()

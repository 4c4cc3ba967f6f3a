"""The figure: what it draws is what the tables hold, with units, and labels that can be read."""

import functools
import itertools
import math

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.report import pareto_figure, save_pareto
from hwdse.report.axes import scale_of
from hwdse.report.figure import draw_svg
from hwdse.report.labels import Scene, place_labels
from hwdse.report.model import StudyReport, records

from .sample import UNITS, sample


def panels(report: StudyReport):
    figure = pareto_figure(report)
    return figure, figure.axes[: len(report.resources)]


@functools.cache
def usual():
    """The sample and its figure, drawn once: to be looked at only."""
    report = sample()
    return report, *panels(report)


def frontier_line(axes):
    lines = [line for line in axes.get_lines() if line.get_drawstyle() == "steps-post"]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("resources", [1, 4])
def test_each_resource_has_a_panel_with_its_unit(resources: int) -> None:
    report = sample(resources)
    _, axes = panels(report)
    assert len(axes) == resources
    for one, resource in zip(axes, report.resources, strict=True):
        assert resource.label in one.get_xlabel()
        assert resource.unit in one.get_xlabel()


def test_the_line_is_the_frontier_of_the_table() -> None:
    report, _, axes = usual()
    for one, resource in zip(axes, report.resources, strict=True):
        rows = records(report.rows("frontier", resource=resource.column))
        wanted = np.array([(row[resource.column], row["loss"]) for row in rows])
        drawn = frontier_line(one).get_xydata()
        assert len(wanted) > 5
        np.testing.assert_array_equal(drawn, wanted)


def test_every_uniform_assignment_is_labelled() -> None:
    _, _, axes = usual()
    for one in axes:
        text = "\n".join(t.get_text() for t in one.texts)
        for name in UNITS:
            assert name in text


def test_labels_do_not_overlap() -> None:
    crowded = {f"unit {n}": (4 + n % 2, 300.0 + n, 500.0 + n, 0.1 + n / 500, 1) for n in range(9)}
    for figure, axes in (usual()[1:], panels(sample(2, units=crowded))):
        figure.draw_without_rendering()
        for one in axes:
            boxes = [t.get_window_extent() for t in one.texts if t.get_text()]
            assert boxes
            for a, b in itertools.combinations(boxes, 2):
                across = min(a.x1, b.x1) - max(a.x0, b.x0)
                down = min(a.y1, b.y1) - max(a.y0, b.y0)
                assert across <= 1 or down <= 1, (a, b)


def test_wide_losses_are_on_a_log_scale_and_zero_has_a_place() -> None:
    _, _, wide = usual()
    assert wide[0].get_yscale() == "log"
    _, zero = panels(sample(1, zero=True))
    low, _ = zero[0].get_ylim()
    assert zero[0].get_yscale() != "log"
    assert low <= 0
    assert math.isfinite(low)


def test_the_same_study_gives_the_same_bytes(tmp_path) -> None:
    first, second = (save_pareto(sample(1), tmp_path / name) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    svg = first[1].read_text(encoding="utf-8")
    assert "<dc:date>" not in svg
    # Text is drawn as outlines, each with its words in a comment.
    for name in UNITS:
        assert f"<!-- {name} -->" in svg


@pytest.mark.parametrize(
    ("values", "scale"),
    [
        ([1.0, 29.0], "linear"),
        ([1.0, 31.0], "log"),
        ([0.0, 1.0, 29.0], "linear"),
        ([0.0, 1.0, 31.0], "symlog"),
        ([-1.0, 1.0, 1000.0], "linear"),
        ([0.0, 0.0], "linear"),
        ([math.inf, math.nan], "linear"),
        ([], "linear"),
    ],
)
def test_the_scale_follows_the_span(values: list[float], scale: str) -> None:
    assert scale_of(values, span=30.0) == scale


def test_a_label_beside_two_marks_is_nearer_to_its_own() -> None:
    anchors = np.array([[40.0, 50.0], [72.0, 50.0], [140.0, 50.0]])
    sizes = np.array([[45.0, 10.0], [60.0, 10.0], [60.0, 10.0]])
    scene = Scene((0.0, 0.0, 200.0, 100.0), anchors, np.full(3, 4.0), np.zeros((0, 4)))
    centres = place_labels(anchors, sizes, scene)
    apart = np.linalg.norm(centres[:, None] - anchors[None], axis=-1)
    assert list(apart.argmin(axis=1)) == [0, 1, 2]


def test_a_uniform_assignment_shows_above_a_budget_in_its_place() -> None:
    _, _, axes = usual()
    marks = {line.get_marker(): line for line in axes[0].get_lines()}
    assert marks["s"].get_zorder() > marks["D"].get_zorder()
    assert marks["D"].get_markersize() > 1.5 * marks["s"].get_markersize()


def test_a_study_without_budgets_of_one_layer_is_drawn() -> None:
    assert "<svg" in draw_svg(sample(1, layers=("only",), budgets=(), points=1))


def test_a_table_that_lacks_a_column_is_refused() -> None:
    report = sample()
    with pytest.raises(HwdseError, match="energy_uj"):
        StudyReport(
            **{**vars(report), "frontier": report.frontier.drop(columns="energy_uj")},
        )

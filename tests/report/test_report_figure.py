"""The figure: what it draws is what the tables hold, with units, and labels that can be read."""

import itertools
import math

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.report import pareto_figure, save_pareto
from hwdse.report.figure import draw_svg
from hwdse.report.model import StudyReport, records

from .sample import UNITS, sample


def panels(report: StudyReport):
    figure = pareto_figure(report)
    return figure, figure.axes[: len(report.resources)]


def frontier_line(axes):
    lines = [line for line in axes.get_lines() if line.get_drawstyle() == "steps-post"]
    assert len(lines) == 1
    return lines[0]


@pytest.mark.parametrize("resources", [1, 2, 3, 4])
def test_each_resource_has_a_panel_with_its_unit(resources: int) -> None:
    report = sample(resources)
    _, axes = panels(report)
    assert len(axes) == resources
    for one, resource in zip(axes, report.resources, strict=True):
        assert resource.label in one.get_xlabel()
        assert resource.unit in one.get_xlabel()


def test_the_line_is_the_frontier_of_the_table() -> None:
    report = sample()
    _, axes = panels(report)
    for one, resource in zip(axes, report.resources, strict=True):
        rows = records(report.rows("frontier", resource=resource.column))
        wanted = np.array([(row[resource.column], row["loss"]) for row in rows])
        drawn = frontier_line(one).get_xydata()
        assert len(wanted) > 5
        np.testing.assert_array_equal(drawn, wanted)


def test_every_uniform_assignment_is_labelled() -> None:
    report = sample()
    _, axes = panels(report)
    for one in axes:
        text = "\n".join(t.get_text() for t in one.texts)
        for name in UNITS:
            assert name in text


def test_labels_do_not_overlap() -> None:
    crowded = {f"unit {n}": (4 + n % 2, 300.0 + n, 500.0 + n, 0.1 + n / 500, 1) for n in range(9)}
    for report in (sample(), sample(units=crowded)):
        figure, axes = panels(report)
        figure.draw_without_rendering()
        for one in axes:
            boxes = [t.get_window_extent() for t in one.texts if t.get_text()]
            assert boxes
            for a, b in itertools.combinations(boxes, 2):
                across = min(a.x1, b.x1) - max(a.x0, b.x0)
                down = min(a.y1, b.y1) - max(a.y0, b.y0)
                assert across <= 1 or down <= 1, (a, b)


def test_wide_losses_are_on_a_log_scale_and_zero_has_a_place() -> None:
    _, wide = panels(sample())
    assert wide[0].get_yscale() == "log"
    _, zero = panels(sample(zero=True))
    low, _ = zero[0].get_ylim()
    assert zero[0].get_yscale() != "log"
    assert low <= 0
    assert math.isfinite(low)


def test_the_same_study_gives_the_same_bytes(tmp_path) -> None:
    first, second = (save_pareto(sample(), tmp_path / name) for name in "ab")
    for one, other in zip(first, second, strict=True):
        assert one.read_bytes() == other.read_bytes()
    assert b"<dc:date>" not in first[1].read_bytes()


def test_a_study_without_budgets_of_one_layer_is_drawn() -> None:
    assert "<svg" in draw_svg(sample(layers=("only",), budgets=(), points=1))


def test_a_table_that_lacks_a_column_is_refused() -> None:
    report = sample()
    with pytest.raises(HwdseError, match="energy_uj"):
        StudyReport(
            **{**vars(report), "frontier": report.frontier.drop(columns="energy_uj")},
        )

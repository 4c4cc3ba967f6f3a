"""The picture of portfolio frontiers."""

from __future__ import annotations

from dataclasses import replace

import pytest

from hwdse.errors import HwdseError
from hwdse.report.portfolio_figure import (
    Curve,
    PortfolioPicture,
    _figure,
    save_portfolio_figure,
)

ONE = Curve(
    label="at most 1 unit", x=[1.0, 4.0], y=[2.0, 1.0], proven=[True, False], units=[["a"], ["b"]]
)
TWO = Curve(
    label="at most 2 units",
    x=[1.0, 2.0, 4.0],
    y=[2.0, 1.5, 0.5],
    proven=[True] * 3,
    units=[["a"], ["a", "b"], ["b"]],
)
PICTURE = PortfolioPicture(
    title="which $ to build",
    subtitle="area_mm2<=1",
    x_label="energy (µJ)",
    y_label="loss",
    curves=[ONE, TWO],
    units=["a", "b"],
)


def test_what_is_built_and_what_is_not_proven_is_drawn():
    figure = _figure(PICTURE)
    top, bottom = figure.axes
    legend = [text.get_text() for text in top.get_legend().get_texts()]
    assert legend == ["at most 1 unit", "at most 1 unit, without proof", "at most 2 units"]
    assert [label.get_text() for label in bottom.get_yticklabels()] == ["a", "b"]
    marks = [line for line in bottom.lines if line.get_marker() not in ("None", "")]
    assert [len(line.get_xdata()) for line in marks] == [2, 4]


def test_the_same_picture_has_the_same_bytes(tmp_path):
    for suffix in (".png", ".svg"):
        first = save_portfolio_figure(PICTURE, tmp_path / f"one{suffix}").read_bytes()
        assert save_portfolio_figure(PICTURE, tmp_path / f"two{suffix}").read_bytes() == first
        other = replace(PICTURE, curves=[TWO])
        assert save_portfolio_figure(other, tmp_path / f"three{suffix}").read_bytes() != first


def test_other_suffixes_are_refused(tmp_path):
    with pytest.raises(HwdseError, match="pictures end in"):
        save_portfolio_figure(PICTURE, tmp_path / "picture.gif")

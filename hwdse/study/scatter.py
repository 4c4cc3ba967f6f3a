"""Rows of a comparison as points of two figures, and their Pareto fronts."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from hwdse.allocate.dominance import nondominated
from hwdse.study.chart import Chart
from hwdse.study.series import Placed, matching
from hwdse.study.template import fill

__all__ = ["Point", "ScatterData", "front_of", "scatter_data"]


@dataclass(frozen=True, kw_only=True)
class Point:
    """One row.

    Attributes:
        label: Of the row.
        x, y: Its figures.
        on_front: Whether no row of the chart is better in one figure and as good in the other.
        on_own_front: Whether none of its own series is.
    """

    label: str
    x: float
    y: float
    on_front: bool
    on_own_front: bool


# By panel's figure and by series: its rows.
ScatterData = dict[str, dict[str, list[Point]]]


def scatter_data(
    chart: Chart, placed: Placed, figures: Mapping[str, Mapping[str, Any]]
) -> ScatterData:
    """What a chart of kind ``scatter`` shows; rows without a figure are left out.

    Args:
        chart: The chart, checked.
        placed: Axes' values by row.
        figures: Figures by row.
    """
    return {column: _panel(chart, column, placed, figures) for column in chart.columns}


def front_of(at: Mapping[str, tuple[float, float]]) -> set[str]:
    """The rows that no other beats in both figures, of which less is better."""
    labels = list(at)
    points = np.array([at[label] for label in labels], dtype=np.float64).reshape(-1, 2)
    return {labels[row] for row in nondominated(points)}


def _panel(
    chart: Chart, column: str, placed: Placed, figures: Mapping[str, Mapping[str, Any]]
) -> dict[str, list[Point]]:
    assert chart.x is not None
    at: dict[str, tuple[float, float]] = {}
    members: dict[str, list[str]] = {}
    for name, row in chart.series.items():
        for label in matching(row, placed):
            x, y = (float(figures[label][figure]) for figure in (chart.x, column))
            if math.isfinite(x) and math.isfinite(y):
                at[label] = (x, y)
                members.setdefault(fill(name, placed[label]), []).append(label)
    front = front_of(at)
    found = {}
    for name, labels in members.items():
        own = front_of({label: at[label] for label in labels})
        found[name] = [
            Point(
                label=label,
                x=at[label][0],
                y=at[label][1],
                on_front=label in front,
                on_own_front=label in own,
            )
            for label in labels
        ]
    return found

"""The chart of a comparison: which rows and figures it shows, along which axis."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwdse.cost.comparison import PARTS
from hwdse.errors import HwdseError, nearest_hint
from hwdse.study.columns import check_column
from hwdse.study.series import Placed, label_for, matching
from hwdse.study.template import fill

__all__ = ["Chart", "ChartData", "chart_data", "check_chart"]

_Line = Annotated[str, Field(min_length=1, max_length=200)]

# By panel, by series, by category: a figure, or None where there is none.
ChartData = dict[str, dict[str, dict[str, float | None]]]


class Chart(BaseModel):
    """A chart.

    Attributes:
        kind: ``lines`` or ``bars`` along ``x``, a ``heat`` map of series against ``x``, or a
            ``stack``: a bar for each row, divided; a ``scatter``: rows by two figures, with their
            Pareto fronts.
        columns: The figures, a panel each, of :data:`~hwdse.study.columns.EVERY_COLUMN`.
        series: Template of the name to template of the rows' labels.
        x: The axis that runs from left to right; a figure for a scatter; not for a stack.
        x_label: What it is called.
        over: Template of the row that each figure is divided by.
        over_label: What that is called.
        by: What divides the bars of a stack: ``parts`` (what area is for, kinds of energy) or
            ``addends`` of derived rows.
        claims: Whether what was published is shown below.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    kind: Literal["lines", "bars", "heat", "stack", "scatter"]
    columns: Annotated[list[str], Field(min_length=1, max_length=4)]
    series: Annotated[dict[_Line, _Line], Field(min_length=1)]
    x: _Line | None = None
    x_label: _Line | None = None
    over: _Line | None = None
    over_label: _Line | None = None
    by: Literal["parts", "addends"] = "parts"
    claims: bool = True

    @model_validator(mode="after")
    def _is_sound(self) -> Chart:
        if (self.x is None) != (self.kind == "stack"):
            what = "figure" if self.kind == "scatter" else "axis"
            say = (
                "takes no x" if self.kind == "stack" else f"needs x, the {what} from left to right"
            )
            raise ValueError(f"a chart of kind {self.kind!r} {say}")
        if self.kind in ("stack", "scatter") and self.over is not None:
            raise ValueError(f"a chart of kind {self.kind!r} takes no over")
        for column in self.figures:
            check_column(column)
            if self.kind == "stack" and self.by == "parts" and column not in PARTS:
                raise ValueError(f"no parts of column {column!r}{nearest_hint(column, PARTS)}")
        return self

    @property
    def figures(self) -> list[str]:
        """The figures that it shows."""
        return [*self.columns, *([self.x] if self.kind == "scatter" and self.x else [])]


def check_chart(chart: Chart, placed: Placed, addends: Mapping[str, Mapping[str, Any]]) -> None:
    """Check that a chart names rows and axes that are there.

    Raises:
        HwdseError: It does not.
    """
    axis = None if chart.kind == "scatter" else chart.x
    for row in chart.series.values():
        for label in matching(row, placed):
            at = placed[label]
            if axis is not None and axis not in at and chart.kind != "lines":
                raise HwdseError(f"chart: {label!r} has no axis {axis!r}")
            if chart.over is not None:
                label_for(chart.over, label, placed)
            if chart.by == "addends" and label not in addends:
                raise HwdseError(f"chart: {label!r} is no sum; give by: parts")
    if axis is not None and not any(axis in at for at in placed.values()):
        axes = {known for at in placed.values() for known in at}
        raise HwdseError(f"chart: no unit has the axis {axis!r}{nearest_hint(axis, axes)}")


def chart_data(
    chart: Chart,
    placed: Placed,
    figures: Mapping[str, Mapping[str, Any]],
    addends: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> ChartData:
    """What a chart shows, of any kind but ``scatter``.

    Args:
        chart: The chart, checked.
        placed: Axes' values by row.
        figures: Figures by row.
        addends: Of derived rows: by column, what each addend adds.
    """
    if chart.kind == "stack":
        return {column: _stack(chart, column, placed, figures, addends) for column in chart.columns}
    return {column: _along(chart, column, placed, figures) for column in chart.columns}


def _along(
    chart: Chart, column: str, placed: Placed, figures: Mapping[str, Mapping[str, Any]]
) -> dict[str, dict[str, float | None]]:
    """Figures by series and value of the axis."""
    rows = {row: matching(row, placed) for row in chart.series.values()}
    every = [label for labels in rows.values() for label in labels]
    points = list(dict.fromkeys(str(placed[n][chart.x]) for n in every if chart.x in placed[n]))  # type: ignore[index]
    found: dict[str, dict[str, float | None]] = {}
    for name, row in chart.series.items():
        for label in rows[row]:
            at = placed[label]
            value = _number(figures[label][column])
            if chart.over is not None and value is not None:
                below = _number(figures[label_for(chart.over, label, placed)][column])
                value = value / below if below else None
            series = found.setdefault(fill(name, at), dict.fromkeys(points))
            # A row that does not lie along the axis is the same everywhere.
            for point in [str(at[chart.x])] if chart.x in at else points:  # type: ignore[index]
                series[point] = value
    return found


def _stack(
    chart: Chart,
    column: str,
    placed: Placed,
    figures: Mapping[str, Mapping[str, Any]],
    addends: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> dict[str, dict[str, float | None]]:
    """Figures by part and row."""
    bars = {
        fill(name, placed[label]): label
        for name, row in chart.series.items()
        for label in matching(row, placed)
    }
    if chart.by == "parts":
        return {
            part.replace("_", " "): {
                name: _number(figures[label][own]) for name, label in bars.items()
            }
            for part, own in PARTS[column].items()
        }
    parts = dict.fromkeys(part for label in bars.values() for part in addends[label][column])
    return {
        part: {name: _number(addends[label][column].get(part, 0.0)) for name, label in bars.items()}
        for part in parts
    }


def _number(value: Any) -> float | None:
    return None if value is None or math.isnan(value) else float(value)

"""The chart of `hwdse compare`: what it shows, as panels, as rows of a table and for JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwdse.cli.compare_tables import csv_text, label_of, name_of

if TYPE_CHECKING:
    from hwdse.report.chart_panels import Panels
    from hwdse.report.scatter_panels import Scatter
    from hwdse.study.chart import Chart
    from hwdse.study.comparison import Comparison
    from hwdse.study.series import Placed

__all__ = ["Shown", "shown_by", "write_chart"]


@dataclass(frozen=True)
class Shown:
    """What a chart shows.

    Attributes:
        panels: For the picture.
        rows: For the table.
        document: For JSON.
    """

    panels: Panels | Scatter
    rows: list[dict[str, Any]]
    document: dict[str, Any]


def shown_by(
    chart: Chart,
    placed: Placed,
    figures: Mapping[str, Mapping[str, Any]],
    addends: Mapping[str, Mapping[str, Mapping[str, float]]],
) -> Shown:
    """What a chart shows of the rows measured; see :func:`hwdse.study.chart.chart_data`."""
    if chart.kind == "scatter":
        return _points(chart, placed, figures)
    from hwdse.study.chart import chart_data

    found = chart_data(chart, placed, figures, addends)
    over = chart.over_label or chart.over
    panels = {
        label_of(column) if over is None else f"{name_of(column)}, over {over}": series
        for column, series in found.items()
    }
    rows = [
        {"column": column, "series": series, "at": at, "value": value}
        for column, panel in found.items()
        for series, values in panel.items()
        for at, value in values.items()
    ]
    return Shown(panels, rows, dict(found))


def _points(chart: Chart, placed: Placed, figures: Mapping[str, Mapping[str, Any]]) -> Shown:
    from hwdse.report.scatter_panels import Mark, Scatter
    from hwdse.study.scatter import scatter_data

    found = {
        column: {name: [vars(point) for point in points] for name, points in series.items()}
        for column, series in scatter_data(chart, placed, figures).items()
    }
    panels = {
        label_of(column): {name: [Mark(**p) for p in points] for name, points in series.items()}
        for column, series in found.items()
    }
    rows = [
        {"column": column, "series": name, **point}
        for column, series in found.items()
        for name, points in series.items()
        for point in points
    ]
    return Shown(Scatter(panels=panels), rows, found)


def write_chart(
    directory: Path, asked: Comparison, shown: Shown, claims: list[dict[str, Any]], terms: str
) -> list[Path]:
    """Write ``chart.csv``, ``.png`` and ``.svg``.

    Args:
        directory: Where.
        asked: What was compared.
        shown: What the chart shows.
        claims: What was published beside what was measured.
        terms: Under what conditions, in words.
    """
    from hwdse.files.output import write_text
    from hwdse.report.chart_figure import ChartPicture, save_chart_figure
    from hwdse.report.claims_panel import ClaimMark

    chart = asked.chart
    assert chart is not None
    marks = [
        ClaimMark(
            claim=claim["claim"],
            source=claim["source"],
            published=(claim["published_low"], claim["published_high"]),
            measured=claim["measured"],
            ratio=claim["kind"] == "ratio",
        )
        for claim in claims
    ]
    across = chart.x or ""
    picture = ChartPicture(
        title=asked.name,
        description=asked.description,
        subtitle=terms,
        kind="lines" if chart.kind == "scatter" else chart.kind,
        x_label=chart.x_label or (label_of(across) if chart.kind == "scatter" else across),
        panels=shown.panels,
        ratio=chart.over is not None,
        claims=marks if chart.claims else [],
    )
    return [
        write_text(directory / "chart.csv", csv_text(shown.rows)),
        *(save_chart_figure(picture, directory / f"chart.{suffix}") for suffix in ("png", "svg")),
    ]

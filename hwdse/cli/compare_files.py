"""Files of `hwdse compare`: tables, the picture of all units, and the chart of a study."""

from __future__ import annotations

import csv
import io
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hwdse.study.chart import ChartData
    from hwdse.study.comparison import Comparison

__all__ = ["known", "write_chart", "write_comparison"]

# Endings of columns, and what charts call the unit.
_UNITS = {
    "_um2_per_mac": "µm² per MAC a cycle",
    "_um2_per_gmac_s": "µm² per GMAC/s, each at its own clock",
    "_um2_per_value": "µm² per value a cycle",
    "_um2": "µm²",
    "_pj_per_cycle": "pJ per cycle",
    "_pj_per_mac": "pJ per MAC",
    "_pj_per_value": "pJ per value",
    "_ps": "ps",
}


def known(row: dict[str, Any]) -> dict[str, Any]:
    """A row with None for what there is no figure of."""
    return {k: None if isinstance(v, float) and math.isnan(v) else v for k, v in row.items()}


def write_comparison(
    directory: Path,
    asked: Comparison,
    rows: list[dict[str, Any]],
    claims: list[dict[str, Any]],
    terms: str,
) -> list[Path]:
    """Write ``compare.csv``, ``.png`` and ``.svg``, and ``claims.csv`` where there are claims.

    Args:
        directory: Where.
        asked: What was compared.
        rows: Figures by row.
        claims: What was published beside what was measured.
        terms: Under what conditions, in words.
    """
    from hwdse.cost.comparison import PARTS
    from hwdse.files.output import write_text
    from hwdse.report.compare_figure import ComparePicture, save_compare_figure

    # Sums are in charts alone; converters have no throughput in MACs.
    units = [row for row in rows if row["label"] in asked.units and row["macs_per_cycle"]]
    written = [write_text(directory / "compare.csv", _csv(rows))]
    if claims:
        written.append(write_text(directory / "claims.csv", _csv(claims)))
    if not units:
        return written
    area, energy = PARTS["area_um2_per_mac"], PARTS["energy_pj_per_mac"]
    picture = ComparePicture(
        title=asked.name,
        subtitle=terms,
        labels=[row["label"] for row in units],
        area_um2={part: [row[column] for row in units] for part, column in area.items()},
        delay_ps=[row["delay_ps"] for row in units],
        energy_pj={
            part: [row[column] * asked.dot_length for row in units]
            for part, column in energy.items()
        },
        energy_label=f"energy (pJ per dot product of {asked.dot_length})",
    )
    return written + [
        save_compare_figure(picture, directory / f"compare.{suffix}") for suffix in ("png", "svg")
    ]


def write_chart(
    directory: Path,
    asked: Comparison,
    shown: ChartData,
    claims: list[dict[str, Any]],
    terms: str,
) -> list[Path]:
    """Write ``chart.csv``, ``.png`` and ``.svg``; see :func:`write_comparison`.

    Args:
        shown: What the chart shows.
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
    over = chart.over_label or chart.over
    picture = ChartPicture(
        title=asked.name,
        description=asked.description,
        subtitle=terms,
        kind=chart.kind,
        x_label=chart.x_label or chart.x or "",
        panels={
            _label(column) if over is None else f"{_name(column)}, over {over}": series
            for column, series in shown.items()
        },
        ratio=chart.over is not None,
        claims=marks if chart.claims else [],
    )
    rows = [
        {"column": column, "series": series, "at": at, "value": "" if value is None else value}
        for column, panel in shown.items()
        for series, values in panel.items()
        for at, value in values.items()
    ]
    return [
        write_text(directory / "chart.csv", _csv(rows)),
        *(save_chart_figure(picture, directory / f"chart.{suffix}") for suffix in ("png", "svg")),
    ]


def _csv(rows: list[dict[str, Any]]) -> str:
    """The rows; nothing where there is no figure."""
    text = io.StringIO()
    writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(known(row) for row in rows)
    return text.getvalue()


def _name(column: str) -> str:
    """What a column is a figure of."""
    ending = next(ending for ending in _UNITS if column.endswith(ending))
    name = column.removesuffix(ending)
    return "critical path" if name == "delay" else name


def _label(column: str) -> str:
    """That, with its unit."""
    unit = next(unit for ending, unit in _UNITS.items() if column.endswith(ending))
    return f"{_name(column)} ({unit})"

"""Files of `hwdse compare`: its tables and the picture of all units."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from hwdse.cli.compare_tables import csv_text, label_of

if TYPE_CHECKING:
    from hwdse.study.comparison import Comparison

__all__ = ["write_cells", "write_resources", "write_tables"]


def write_tables(
    directory: Path, rows: list[dict[str, Any]], claims: list[dict[str, Any]]
) -> list[Path]:
    """Write ``compare.csv``, and ``claims.csv`` where there are claims.

    Args:
        directory: Where.
        rows: Figures by row.
        claims: What was published beside what was measured.
    """
    from hwdse.files.output import write_text

    written = [write_text(directory / "compare.csv", csv_text(rows))]
    if claims:
        written.append(write_text(directory / "claims.csv", csv_text(claims)))
    return written


def write_cells(
    directory: Path, asked: Comparison, rows: list[dict[str, Any]], terms: str
) -> list[Path]:
    """Write ``compare.png`` and ``.svg`` of units on standard cells, where there are any.

    Args:
        directory: Where.
        asked: What was compared.
        rows: Figures by row.
        terms: Under what conditions, in words.
    """
    from hwdse.cost.comparison import PARTS
    from hwdse.report.compare_figure import ComparePicture, save_compare_figure

    units = _multiplying(asked, rows)
    if not units:
        return []
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
    return [
        save_compare_figure(picture, directory / f"compare.{suffix}") for suffix in ("png", "svg")
    ]


def write_resources(
    directory: Path, asked: Comparison, rows: list[dict[str, Any]], terms: str
) -> list[Path]:
    """Write ``compare.png`` and ``.svg`` of units on an FPGA; see :func:`write_cells`."""
    from hwdse.report.chart_figure import ChartPicture, save_chart_figure
    from hwdse.synth.fpga import RESOURCES

    units = _multiplying(asked, rows)
    columns = [f"{what}_per_mac" for what in RESOURCES]
    panels = {
        label_of(column): {"": {row["label"]: row[column] for row in units}}
        for column in columns
        if any(row[column] for row in units)
    }
    if not panels:
        return []
    picture = ChartPicture(
        title=asked.name, subtitle=terms, kind="stack", x_label="", panels=panels
    )
    return [
        save_chart_figure(picture, directory / f"compare.{suffix}") for suffix in ("png", "svg")
    ]


def _multiplying(asked: Comparison, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units alone: sums are in charts, and converters have no throughput in MACs."""
    return [row for row in rows if row["label"] in asked.units and row["macs_per_cycle"]]

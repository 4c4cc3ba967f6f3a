"""The picture of units side by side: area by part, critical path, energy by kind."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .divided_bars import draw_divided_bars
from .picture import save_picture
from .theme import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ComparePicture", "save_compare_figure"]

_ROW_INCHES = 0.24
_SUBTITLE_CHARACTERS = 150


@dataclass(frozen=True, kw_only=True)
class ComparePicture:
    """What the picture shows; one value per unit everywhere, from the top down.

    Members:
        title: What is compared.
        subtitle: Under what conditions.
        labels: The units.
        area_um2: Part to area per MAC a cycle.
        delay_ps: Critical path.
        energy_pj: Kind to energy per dot product.
        energy_label: Title of the energy panel.
    """

    title: str
    subtitle: str
    labels: Sequence[str]
    area_um2: dict[str, Sequence[float]]
    delay_ps: Sequence[float]
    energy_pj: dict[str, Sequence[float]]
    energy_label: str


def save_compare_figure(picture: ComparePicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: _figure(picture), path)


def _figure(picture: ComparePicture) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = len(picture.labels)
    subtitle = textwrap.wrap(picture.subtitle, _SUBTITLE_CHARACTERS)
    height = 1.75 + 0.15 * len(subtitle) + _ROW_INCHES * rows
    figure = Figure(figsize=(10.0, height), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    heading = picture.title + "\n" * len(subtitle)
    figure.suptitle(heading, x=0.008, ha="left", fontsize=11, weight="bold", parse_math=False)
    figure.text(
        0.008,
        1 - 0.3 / height,
        "\n".join(subtitle),
        va="top",
        fontsize=8,
        color=COLOURS["muted"][0],
        parse_math=False,
    )
    area, delay, energy = figure.subplots(1, 3, sharey=True, width_ratios=(4, 2, 4.4))
    draw_divided_bars(area, picture.area_um2, first_colour=0)
    draw_divided_bars(delay, {"": picture.delay_ps}, first_colour=7)
    draw_divided_bars(energy, picture.energy_pj, first_colour=0)
    area.set_yticks(range(rows), picture.labels, parse_math=False, fontsize=8.5)
    area.set_ylim(rows - 0.4, -0.6)
    for axes, label in (
        (area, "area (µm² per MAC a cycle)"),
        (delay, "critical path (ps)"),
        (energy, picture.energy_label),
    ):
        axes.set_xlabel(label)
        axes.grid(visible=False, axis="y")
        axes.tick_params(axis="y", length=0)
    return figure

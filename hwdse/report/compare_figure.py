"""The picture of units side by side: area by part, critical path, energy by kind."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .picture import save_picture
from .theme import COLOURS, unit_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ComparePicture", "save_compare_figure"]

_ROW_INCHES = 0.24
_SUBTITLE_CHARACTERS = 150
# A single bar that is so many times longer than the next would leave no room for the others.
_OUTLIER = 2.0


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
    _bars(area, picture.area_um2, first_colour=0)
    _bars(delay, {"": picture.delay_ps}, first_colour=7)
    _bars(energy, picture.energy_pj, first_colour=0)
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


def _bars(axes: Axes, parts: dict[str, Sequence[float]], *, first_colour: int) -> None:
    rows = range(len(next(iter(parts.values()))))
    left = [0.0 for _ in rows]
    for n, (name, widths) in enumerate(parts.items()):
        if not any(widths):
            continue
        axes.barh(
            rows,
            widths,
            left=left,
            height=0.72,
            color=unit_colour(first_colour + n),
            label=name,
        )
        left = [x + width for x, width in zip(left, widths, strict=True)]
    shown = _shown_length(left)
    axes.set_xlim(0, 1.16 * shown)
    for row, total in zip(rows, left, strict=True):
        text = f"{total:.3g}" if total < 1e3 else f"{total:.0f}"
        axes.annotate(
            text if total <= shown else f"▸ {text}",
            (min(total, shown), row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            bbox={"facecolor": COLOURS["ground"][0], "edgecolor": "none", "pad": 1.0},
        )
    if len(parts) > 1:
        axes.legend(
            frameon=False,
            ncols=3,
            fontsize=7,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            borderaxespad=0.2,
            handlelength=1.0,
            columnspacing=0.8,
        )


def _shown_length(totals: Sequence[float]) -> float:
    """The longest bar that is shown in full."""
    longest, *others = sorted(totals, reverse=True)
    return others[0] if others and longest > _OUTLIER * others[0] > 0 else longest

"""The picture of a memory model: energy per bit over capacity, published points and the band."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .picture import save_picture
from .theme import BUDGET_MARKS, COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["MemoryPicture", "save_memory_figure"]


@dataclass(frozen=True, kw_only=True)
class MemoryPicture:
    """What the picture shows; energies in pJ per bit read.

    Members:
        title: The technology and the width.
        capacity_kib: Capacities of the line, ascending.
        value, low, high: The model there.
        points: Published capacity and energy by source.
    """

    title: str
    capacity_kib: Sequence[float]
    value: Sequence[float]
    low: Sequence[float]
    high: Sequence[float]
    points: dict[str, list[tuple[float, float]]]


def save_memory_figure(picture: MemoryPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: _figure(picture), path)


def _figure(picture: MemoryPicture) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.2), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.set_title(picture.title, loc="left", fontsize=11, weight="bold")
    colour = COLOURS["frontier"][0]
    axes.fill_between(
        picture.capacity_kib,
        picture.low,
        picture.high,
        color=colour,
        alpha=0.15,
        linewidth=0,
        label="interval",
    )
    axes.plot(picture.capacity_kib, picture.value, color=colour, linewidth=1.6, label="model")
    for n, (source, known) in enumerate(picture.points.items()):
        axes.plot(
            *zip(*known, strict=True),
            BUDGET_MARKS[n],
            color=COLOURS[f"budget{n}"][0],
            markersize=6,
            label=source,
        )
    axes.set_xscale("log", base=2)
    axes.set_yscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("capacity (KiB)")
    axes.set_ylabel("read energy (pJ per bit)")
    axes.legend(frameon=False)
    return figure

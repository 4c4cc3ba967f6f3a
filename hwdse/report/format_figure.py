"""The picture of a number format: where its codes lie, and how precise they are."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .picture import save_picture
from .theme import COLOURS, drawing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FormatPicture", "format_figure", "save_format_figure", "text_strip"]

_DENSITY = " ▁▂▃▄▅▆▇█"
# Above this, single lines would be a solid bar: they become transparent.
_DENSE = 600


@dataclass(frozen=True, kw_only=True)
class FormatPicture:
    """What the picture shows.

    Members:
        title: The format's name and what it is.
        values: Its values (of the elements, where blocks share a scale), rising, shape (n,).
        scales: Values of the shared scale, rising; empty without.
        scale_title: What the scale is.
    """

    title: str
    values: NDArray[np.float64]
    scales: NDArray[np.float64]
    scale_title: str = ""


def format_figure(picture: FormatPicture) -> Figure:
    """The values on a linear axis and by magnitude, the relative step, and the scales."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    magnitudes = np.unique(np.abs(picture.values[picture.values != 0]))
    ratios = [1.0, 1.0, 1.9] + [1.0] * bool(picture.scales.size)
    with drawing():
        figure = Figure(figsize=(9.0, 1.15 * sum(ratios) + 0.9), dpi=130, layout="constrained")
        FigureCanvasAgg(figure)
        figure.suptitle(
            picture.title, x=0.012, ha="left", fontsize=12, weight="bold", parse_math=False
        )
        panels = figure.subplots(len(ratios), 1, gridspec_kw={"height_ratios": ratios})
        _lines(panels[0], picture.values)
        panels[0].set_xlabel("value")
        _lines(panels[1], magnitudes)
        _log2_axis(panels[1], magnitudes)
        panels[1].set_xlabel("magnitude")
        _relative_step(panels[2], magnitudes)
        if picture.scales.size:
            _lines(panels[3], picture.scales, "budget1")
            _log2_axis(panels[3], picture.scales)
            panels[3].set_xlabel(picture.scale_title, parse_math=False)
        figure.draw_without_rendering()
    return figure


def _lines(axes: Axes, values: NDArray[np.float64], colour: str = "frontier") -> None:
    alpha = 1.0 if values.size <= _DENSE else max(0.06, _DENSE / values.size)
    width = 1.4 if values.size <= 64 else 0.8
    axes.vlines(values, 0.0, 1.0, color=COLOURS[colour][0], linewidth=width, alpha=alpha)
    axes.set_ylim(0.0, 1.08)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(visible=False)


def _log2_axis(axes: Axes, magnitudes: NDArray[np.float64]) -> None:
    axes.set_xscale("log", base=2)
    low, high = float(magnitudes[0]), float(magnitudes[-1])
    axes.set_xlim(low / 1.6, high * 1.6)
    axes.minorticks_off()


def _relative_step(axes: Axes, magnitudes: NDArray[np.float64]) -> None:
    """Half the gap over the midpoint: the worst relative error between two neighbours."""
    from matplotlib.ticker import LogLocator

    if magnitudes.size > 1:
        low, high = magnitudes[:-1], magnitudes[1:]
        worst = 100.0 * (high - low) / (high + low)
        axes.stairs(
            worst, np.concatenate([low, high[-1:]]), color=COLOURS["budget0"][0], linewidth=1.4
        )
        axes.set_yscale("log")
        axes.set_ylim(float(worst.min()) / 1.5, float(worst.max()) * 1.5)
        axes.yaxis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axes.yaxis.set_major_formatter("{x:g} %")
    _log2_axis(axes, magnitudes)
    axes.minorticks_off()
    axes.set_xlabel("magnitude")
    axes.set_ylabel("worst relative\nrounding error")


def save_format_figure(picture: FormatPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: format_figure(picture), path)


def text_strip(values: Sequence[float] | NDArray[np.float64], width: int) -> str:
    """Points on a line of characters; the fuller a cell, the more of them it holds.

    Args:
        values: Places, at least one; the line reaches from the least to the greatest.
        width: Characters, 2 or more.
    """
    places = np.asarray(values, dtype=np.float64)
    low, high = float(places.min()), float(places.max())
    span = high - low or 1.0
    cells = np.minimum(((places - low) / span * width).astype(np.int64), width - 1)
    counts = np.bincount(cells, minlength=width)
    # By logarithms: evenly spaced values then look even where cells hold one more or less.
    share = np.log1p(counts) / math.log1p(int(counts.max()))
    levels = np.ceil(share * (len(_DENSITY) - 1)).astype(np.int64)
    return "".join(_DENSITY[level] for level in levels)

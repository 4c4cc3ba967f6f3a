"""The picture of a portfolio's frontiers: one staircase per number of units, and what is built."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from .axes import set_scale
from .picture import save_picture
from .text import clip
from .theme import BUDGET_MARKS, COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Curve", "PortfolioPicture", "save_portfolio_figure"]

_COLOURS = ("budget1", "budget0", "frontier", "budget2", "budget3", "budget4")
_ROW_INCHES = 0.26
_LONGEST = 34  # characters of a unit's name


@dataclass(frozen=True, kw_only=True)
class Curve:
    """One frontier; all sequences are of one length, `x` ascending.

    Attributes:
        label: Such as `at most 2 units`.
        x, y: The points.
        proven: Whether each is proven optimal.
        units: The units built at each.
    """

    label: str
    x: Sequence[float]
    y: Sequence[float]
    proven: Sequence[bool]
    units: Sequence[Sequence[str]]


@dataclass(frozen=True, kw_only=True)
class PortfolioPicture:
    """What the picture shows.

    Attributes:
        title: What is chosen.
        subtitle: Under what conditions.
        x_label, y_label: Titles of the axes.
        curves: The frontiers.
        units: Units to list, from the top down.
    """

    title: str
    subtitle: str
    x_label: str
    y_label: str
    curves: Sequence[Curve]
    units: Sequence[str]


def save_portfolio_figure(picture: PortfolioPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Each frontier is the staircase of what its points make reachable: up to the next point on the
    right, the value of the point on the left is the best one known.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: _figure(picture), path)


def _figure(picture: PortfolioPicture) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    rows = max(1, len(picture.units))
    below = 0.5 + _ROW_INCHES * rows
    figure = Figure(figsize=(8.6, 4.6 + below), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(
        f"{clip(picture.title, 90)}\n",
        x=0.008,
        ha="left",
        fontsize=11,
        weight="bold",
        parse_math=False,
    )
    figure.text(
        0.008,
        1 - 0.32 / figure.get_figheight(),
        clip(picture.subtitle, 130),
        va="top",
        fontsize=8,
        color=COLOURS["muted"][0],
        parse_math=False,
    )
    top, bottom = figure.subplots(2, 1, sharex=True, height_ratios=(3.6, below))
    _draw_curves(top, picture)
    _draw_units(bottom, picture)
    return figure


def _draw_curves(axes: Axes, picture: PortfolioPicture) -> None:
    set_scale(axes, "x", [x for curve in picture.curves for x in curve.x])
    set_scale(axes, "y", [y for curve in picture.curves for y in curve.y])
    axes.tick_params(labelbottom=False)
    axes.set_ylabel(textwrap.fill(clip(picture.y_label, 120), 42), parse_math=False)
    right = axes.get_xlim()[1]
    for n, curve in enumerate(picture.curves):
        colour, mark = _style(n)
        # Later ones are thinner and smaller, so that equal frontiers all show.
        left = len(picture.curves) - 1 - n
        axes.plot(
            # What the last point reaches holds for any greater limit too.
            [*curve.x, right],
            [*curve.y, curve.y[-1]],
            drawstyle="steps-post",
            color=colour,
            linewidth=1.2 + 1.0 * left,
            marker=mark,
            markersize=4.2 + 1.8 * left,
            markevery=range(len(curve.x)),
            label=curve.label,
        )
        open_ = [at for at, proven in enumerate(curve.proven) if not proven]
        if open_:
            axes.plot(
                [curve.x[at] for at in open_],
                [curve.y[at] for at in open_],
                mark,
                color=colour,
                markerfacecolor=COLOURS["ground"][0],
                markersize=4.7 + 1.8 * left,
                label=f"{curve.label}, without proof",
            )
    axes.legend(frameon=False, loc="best")


def _draw_units(axes: Axes, picture: PortfolioPicture) -> None:
    """A mark where a frontier's point builds a unit; the frontiers side by side in each row."""
    count = len(picture.curves)
    row = {name: at for at, name in enumerate(picture.units)}
    for n, curve in enumerate(picture.curves):
        colour, mark = _style(n)
        shift = 0.0 if count == 1 else 0.5 * (n / (count - 1) - 0.5)
        built = [
            (x, row[name] + shift)
            for x, names in zip(curve.x, curve.units, strict=True)
            for name in names
        ]
        axes.plot(*zip(*built, strict=True), mark, color=colour, markersize=3.4)
    axes.set_yticks(range(len(row)), [clip(name, _LONGEST) for name in row], parse_math=False)
    axes.set_ylim(len(row) - 0.5, -0.5)
    axes.tick_params(axis="y", length=0, labelsize=8.5)
    axes.grid(visible=False, axis="y")
    for at in range(1, len(row)):
        axes.axhline(at - 0.5, color=COLOURS["line"][0], linewidth=0.6)
    axes.set_title("what is built at each point", loc="left", fontsize=8.5)
    axes.set_xlabel(clip(picture.x_label, 80), parse_math=False)


def _style(at: int) -> tuple[str, str]:
    return COLOURS[_COLOURS[at % len(_COLOURS)]][0], ("o", *BUDGET_MARKS)[at % 6]

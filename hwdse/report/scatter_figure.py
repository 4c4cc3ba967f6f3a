"""The picture of any table: a mark for each row, coloured by a column, and the Pareto front."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import set_scale
from .picture import save_picture
from .theme import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["MOST_GROUPS", "ScatterPicture", "save_scatter_figure"]

# Colours that stay distinct; groups beyond share the last one.
MOST_GROUPS = 9
# From so many marks on an SVG holds them as a picture.
_RASTER = 5000
_NUMBERED = 24


@dataclass(frozen=True, kw_only=True)
class ScatterPicture:
    """What the picture shows.

    Attributes:
        title: Of the picture.
        x_label, y_label: Of the axes.
        x, y: A value for each row, shape (rows,).
        colour_label: What colours mean; "" where all marks are alike.
        groups: The group of each row, where colours name groups, shape (rows,).
        group_names: Of the groups, in the order of the legend.
        shade: A number for each row, where colours are a scale, shape (rows,).
        front: Rows on the Pareto front, ascending in x; marked, joined and numbered.
        steps: How the front is joined, as matplotlib's ``drawstyle``.
    """

    title: str
    x_label: str
    y_label: str
    x: NDArray[np.float64]
    y: NDArray[np.float64]
    colour_label: str = ""
    groups: NDArray[np.int64] | None = None
    group_names: Sequence[str] = ()
    shade: NDArray[np.float64] | None = None
    front: NDArray[np.int64]
    steps: str = "steps-post"


def save_scatter_figure(picture: ScatterPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: _figure(picture), path)


def _figure(picture: ScatterPicture) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.4, 5.4), dpi=140, layout="constrained")
    FigureCanvasAgg(figure)
    figure.suptitle(picture.title, x=0.012, ha="left", fontsize=11, weight="bold", parse_math=False)
    axes = figure.add_subplot()
    axes.set_xlabel(picture.x_label, parse_math=False)
    axes.set_ylabel(picture.y_label, parse_math=False)
    set_scale(axes, "x", picture.x.tolist())
    set_scale(axes, "y", picture.y.tolist())
    _marks(figure, axes, picture)
    _front(axes, picture)
    axes.legend(
        title=picture.colour_label if picture.groups is not None else None,
        loc="upper left",
        bbox_to_anchor=(1.01, 1.0),
        borderaxespad=0.0,
        frameon=False,
        fontsize=8.5,
        title_fontsize=8.5,
        alignment="left",
    )
    return figure


def _marks(figure: Figure, axes: Axes, picture: ScatterPicture) -> None:
    from matplotlib import colormaps

    size = 22.0 if len(picture.x) < 400 else 10.0 if len(picture.x) < _RASTER else 4.0
    raster = len(picture.x) >= _RASTER
    if picture.shade is not None:
        marks = axes.scatter(
            picture.x, picture.y, size, c=picture.shade, cmap="viridis", rasterized=raster, zorder=2
        )
        figure.colorbar(marks, ax=axes, label=picture.colour_label, pad=0.22, shrink=0.75)
        return
    groups = np.zeros(len(picture.x), dtype=np.int64) if picture.groups is None else picture.groups
    palette = colormaps["tab10"]
    for number, name in enumerate(picture.group_names or [""]):
        here = groups == number
        axes.scatter(
            picture.x[here],
            picture.y[here],
            size,
            color=palette(number),
            alpha=0.75,
            linewidths=0,
            label=name or None,
            rasterized=raster,
            zorder=2,
        )


def _front(axes: Axes, picture: ScatterPicture) -> None:
    if not len(picture.front):
        return
    x, y = picture.x[picture.front], picture.y[picture.front]
    axes.plot(
        x,
        y,
        color=COLOURS["ink"][0],
        linewidth=1.0,
        drawstyle=picture.steps,
        marker="o",
        markersize=5.5,
        markerfacecolor="none",
        label="Pareto front",
        zorder=3,
    )
    if len(x) <= _NUMBERED:
        places: dict[tuple[float, float], list[int]] = {}
        for number, at in enumerate(zip(x.tolist(), y.tolist(), strict=True), start=1):
            places.setdefault(at, []).append(number)
        for at, numbers in places.items():
            # Rows in one place follow one another.
            axes.annotate(
                str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]}\u2013{numbers[-1]}",
                at,
                xytext=(4, 4),
                textcoords="offset points",
                fontsize=7.5,
                color=COLOURS["ink"][0],
                zorder=4,
            )

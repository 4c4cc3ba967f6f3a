"""Pictures of allocations: the frontier with baselines, and the surface over two columns."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from .axes import scale_of, set_scale
from .picture import save_picture
from .theme import BUDGET_MARKS, COLOURS, budget_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["FrontierPicture", "SurfacePicture", "save_frontier_figure", "save_surface_figure"]

_MANY = 150  # points, from which marks are small
# Of each kind of point in turn: colour, fill, part of the usual size, layer.
_STYLES: tuple[tuple[str, Literal["full", "none"], float, int], ...] = (
    ("frontier", "full", 1.0, 4),
    ("budget0", "none", 0.9, 3),
)
_COLOUR_SPAN = 6.0  # of the objective, from which its colours are logarithmic

Point = tuple[float, float]


@dataclass(frozen=True, kw_only=True)
class FrontierPicture:
    """What the picture of a frontier shows.

    Members:
        title: What is shown.
        subtitle: Under what conditions.
        x_label: The column that is traded, with its unit if its name has one.
        y_label: The objective.
        kinds: Kind of point to points; at most two kinds.
        budget: Where the answers of methods were asked to stay, or None.
        exact: The exact answer there, or None.
        marks: Name of a method to what it found.
    """

    title: str
    subtitle: str
    x_label: str
    y_label: str
    kinds: Mapping[str, Sequence[Point]]
    budget: float | None = None
    exact: Point | None = None
    marks: Mapping[str, Point] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class SurfacePicture:
    """What the picture of a surface shows.

    Members:
        title: What is shown.
        subtitle: Under what conditions.
        x_label: The first column.
        y_label: The second.
        z_label: The objective.
        x: Limits of the first column, ascending.
        y: Limits of the second, ascending.
        z: The best objective at limits (x[i], y[j]) as z[i][j]; None where there is no answer.
        points: Sums of both columns of answers that none beats.
    """

    title: str
    subtitle: str
    x_label: str
    y_label: str
    z_label: str
    x: Sequence[float]
    y: Sequence[float]
    z: Sequence[Sequence[float | None]]
    points: Sequence[Point]


def save_frontier_figure(picture: FrontierPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: frontier_figure(picture), path)


def save_surface_figure(picture: SurfacePicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: surface_figure(picture), path)


def frontier_figure(picture: FrontierPicture) -> Figure:
    """The points as a staircase, each kind with its own mark, and what methods found."""
    figure, axes = _panel(picture.title, picture.subtitle)
    every = sorted(point for points in picture.kinds.values() for point in points)
    axes.step(
        *zip(*every, strict=True),
        where="post",
        color=COLOURS["frontier"][0],
        linewidth=1.0,
        alpha=0.6,
        zorder=2,
    )
    size = 5.0 if len(every) < _MANY else 2.6
    for (kind, points), (colour, fill, part, layer) in zip(
        picture.kinds.items(), _STYLES, strict=False
    ):
        if points:
            axes.plot(
                *zip(*points, strict=True),
                linestyle="none",
                marker="o",
                fillstyle=fill,
                color=COLOURS[colour][0],
                markersize=size * part,
                markeredgewidth=min(1.0, size / 4),
                zorder=layer,
                label=f"{kind} ({len(points)})",
            )
    if picture.budget is not None:
        axes.axvline(
            picture.budget,
            color=COLOURS["muted"][0],
            linewidth=1.0,
            linestyle=(0, (4, 3)),
            label="budget",
            zorder=1,
        )
    if picture.exact is not None:
        axes.plot(
            *([value] for value in picture.exact),
            "o",
            fillstyle="none",
            color=COLOURS["ink"][0],
            markersize=13,
            linestyle="none",
            label="exact answer",
            zorder=6,
        )
    for n, (name, point) in enumerate(picture.marks.items()):
        axes.plot(
            *([value] for value in point),
            BUDGET_MARKS[n % len(BUDGET_MARKS)],
            color=budget_colour(n),
            markeredgecolor=COLOURS["ground"][0],
            markersize=7.5,
            linestyle="none",
            label=name,
            zorder=5,
        )
    shown = [*every, *picture.marks.values(), *([picture.exact] if picture.exact else [])]
    budget = [] if picture.budget is None else [picture.budget]
    set_scale(axes, "x", [*(x for x, _ in shown), *budget])
    set_scale(axes, "y", [y for _, y in shown])
    _name(axes, picture.x_label, picture.y_label)
    axes.legend(frameon=False, fontsize=8.5)
    return figure


def surface_figure(picture: SurfacePicture) -> Figure:
    """Colour for the objective at each pair of limits, contours, and the answers themselves."""
    from matplotlib.colors import LogNorm, Normalize
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch

    figure, axes = _panel(picture.title, picture.subtitle)
    z = np.array([[math.nan if v is None else v for v in row] for row in picture.z]).T
    known = z[np.isfinite(z)]
    logarithmic = scale_of(known.tolist(), span=_COLOUR_SPAN) == "log"
    low, high = float(known.min()), float(known.max())
    norm = (LogNorm if logarithmic else Normalize)(low, high if high > low else low + 1.0)
    axes.set_facecolor(COLOURS["line"][0])
    mesh = axes.pcolormesh(
        picture.x, picture.y, z, norm=norm, cmap="viridis_r", shading="nearest", zorder=1
    )
    if min(z.shape) > 1 and high > low:
        space = np.geomspace if logarithmic else np.linspace
        lines = axes.contour(
            picture.x,
            picture.y,
            z,
            levels=space(low, high, 8)[1:-1],
            colors=COLOURS["ground"][0],
            linewidths=0.8,
            zorder=2,
        )
        axes.clabel(lines, fmt=lambda value: f"{value:.2g}", fontsize=7.5)
    if picture.points:
        axes.scatter(
            [x for x, _ in picture.points],
            [y for _, y in picture.points],
            s=15,
            color=COLOURS["ground"][0],
            edgecolors=COLOURS["ink"][0],
            linewidths=0.8,
            zorder=3,
        )
    axes.grid(visible=False)
    _name(axes, picture.x_label, picture.y_label)
    bar = figure.colorbar(mesh, ax=axes, pad=0.02)
    bar.set_label(picture.z_label, parse_math=False)
    bar.outline.set_visible(False)
    handles: list[Line2D | Patch] = [
        Line2D(
            [],
            [],
            marker="o",
            linestyle="none",
            markersize=4,
            markerfacecolor=COLOURS["ground"][0],
            markeredgecolor=COLOURS["ink"][0],
            label=f"answers that none beats ({len(picture.points)})",
        )
    ]
    if len(known) < z.size:
        handles.append(Patch(color=COLOURS["line"][0], label="no answer"))
    figure.legend(
        handles=handles,
        frameon=False,
        fontsize=8,
        ncols=2,
        loc="outside lower left",
    )
    return figure


def _panel(title: str, subtitle: str) -> tuple[Figure, Axes]:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.6), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    # A heading that is too long for its size is set smaller, never cut.
    figure.suptitle(
        title,
        x=0.012,
        ha="left",
        fontsize=min(11.0, 11.0 * 78 / max(len(title), 1)),
        weight="bold",
        parse_math=False,
    )
    axes.set_title(
        subtitle,
        loc="left",
        fontsize=min(8.0, 8.0 * 110 / max(len(subtitle), 1)),
        color=COLOURS["muted"][0],
        parse_math=False,
    )
    return figure, axes


def _name(axes: Axes, x_label: str, y_label: str) -> None:
    axes.set_xlabel(x_label, parse_math=False)
    axes.set_ylabel(y_label, parse_math=False)

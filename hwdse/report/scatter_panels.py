"""Panels of rows by two figures, less of either being better, with their Pareto fronts."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .axes import place, set_scale
from .grid import fit, legend_above
from .labels import Scene, nearest_on_box, place_labels, staircase
from .text import clip, printable
from .theme import BUDGET_MARKS, COLOURS, budget_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.text import Annotation

__all__ = ["Mark", "Scatter", "draw_scatter_panels", "scatter_inches"]

_INCHES = 5.4
_LEGEND_INCHES = 0.3
_TITLE_CHARACTERS = 92
# Up to so many marks those that are on no front are named too.
_MOST_NAMED = 60
# From a mark to the name above it, in points.
_ABOVE = 8.0
_LONGEST = 24
# From so many points between a name and its mark on, a line joins them.
_LEADER_FROM = 9.0


@dataclass(frozen=True, kw_only=True)
class Mark:
    """One row.

    Attributes:
        label: Of the row; shown where it is on a front.
        x, y: Where it lies.
        on_front: Whether it is on the front of all rows.
        on_own_front: Whether it is on that of its series.
    """

    label: str
    x: float
    y: float
    on_front: bool
    on_own_front: bool


@dataclass(frozen=True, kw_only=True)
class Scatter:
    """What the panels show.

    Attributes:
        panels: By label of what runs upwards: by series: the rows.
    """

    panels: Mapping[str, Mapping[str, Sequence[Mark]]]


def scatter_inches() -> float:
    """Height that the panels need."""
    return _INCHES + _LEGEND_INCHES


def draw_scatter_panels(
    figure: Figure, scatter: Scatter, *, x_label: str, between: tuple[float, float]
) -> None:
    """Draw one panel for each figure, side by side.

    Args:
        figure: Where.
        scatter: What.
        x_label: Of what runs from left to right.
        between: Lower and upper end of the panels, as shares of the figure's height.
    """
    from matplotlib.gridspec import GridSpec

    grid = GridSpec(1, len(scatter.panels), figure=figure)
    every = list(grid.subplots(squeeze=False)[0])
    for axes, (label, series) in zip(every, scatter.panels.items(), strict=True):
        _panel(axes, series)
        axes.set_xlabel(printable(x_label), parse_math=False)
        title = textwrap.fill(printable(label), _TITLE_CHARACTERS // len(scatter.panels))
        axes.set_title(title, loc="left", fontsize=9, parse_math=False)
    bottom, top = between
    legend_above(figure, every[0], top)
    top -= _LEGEND_INCHES / figure.get_figheight()
    fit(figure, grid, every, between=(bottom, top))
    for axes, series in zip(every, scatter.panels.values(), strict=True):
        _name(axes, series)


def _panel(axes: Axes, series: Mapping[str, Sequence[Mark]]) -> None:
    marks = [mark for each in series.values() for mark in each]
    set_scale(axes, "x", [mark.x for mark in marks])
    set_scale(axes, "y", [mark.y for mark in marks])
    for number, (name, each) in enumerate(series.items()):
        colour, shape = budget_colour(number), ("o", *BUDGET_MARKS)[number % 10]
        axes.plot(
            [mark.x for mark in each],
            [mark.y for mark in each],
            color=colour,
            marker=shape,
            markersize=5,
            markeredgewidth=0,
            linestyle="none",
            label=printable(name),
            zorder=3,
        )
        _front(axes, [mark for mark in each if mark.on_own_front], colour, "--", "")
    ink = COLOURS["ink"][0]
    _front(axes, [mark for mark in marks if mark.on_front], ink, "-", "Pareto front of all")


def _name(axes: Axes, series: Mapping[str, Sequence[Mark]]) -> None:
    """Write the names of marks: of those on fronts where there is room, of the others above."""
    figure = axes.get_figure(root=True)
    assert figure is not None
    scale = 72.0 / figure.dpi
    every = [
        (mark, budget_colour(number))
        for number, each in enumerate(series.values())
        for mark in each
    ]
    fronts = [one for one in every if one[0].on_front or one[0].on_own_front]
    others = [one for one in every if one not in fronts] if len(every) <= _MOST_NAMED else []
    for mark, colour in others:
        _note(axes, mark, colour).set_position((0.0, _ABOVE))
    notes = [_note(axes, mark, colour) for mark, colour in fronts]
    if not notes:
        return
    boxes = [note.get_window_extent() for note in notes]
    sizes = np.array([(box.width * scale, box.height * scale) for box in boxes])
    anchors, above = _places(axes, fronts), _places(axes, others) + np.array([0.0, _ABOVE])
    points = np.concatenate([anchors, above - np.array([0.0, _ABOVE]), above])
    clear = np.repeat([3.5, 3.5, 8.0], [len(anchors), len(above), len(above)])
    stairs = _places(axes, sorted((one for one in fronts if one[0].on_front), key=_across))
    box = axes.get_window_extent()
    scene = Scene(
        bounds=(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale),
        points=points,
        clearance=clear,
        walls=staircase([(float(x), float(y)) for x, y in stairs]),
    )
    centres = place_labels(anchors, sizes, scene)
    for note, anchor, centre, size in zip(notes, anchors, centres, sizes, strict=True):
        note.set_position(tuple(centre - anchor))
        tip = nearest_on_box(centre, size, anchor)
        if np.hypot(*(tip - anchor)) > _LEADER_FROM:
            axes.plot(
                *axes.transData.inverted().transform(np.array([anchor, tip]) / scale).T,
                color=COLOURS["muted"][0],
                linewidth=0.5,
                zorder=2.5,
                scalex=False,
                scaley=False,
            )


def _across(one: tuple[Mark, str]) -> tuple[float, float]:
    return one[0].x, one[0].y


def _places(axes: Axes, marks: Sequence[tuple[Mark, str]]) -> NDArray[np.float64]:
    """Where marks lie, in points of type, shape (marks, 2)."""
    return place(axes, np.array([_across(one) for one in marks]).reshape(-1, 2))


def _note(axes: Axes, mark: Mark, colour: str) -> Annotation:
    """A mark's name, on it as yet."""
    return axes.annotate(
        clip(mark.label, _LONGEST),
        (mark.x, mark.y),
        xytext=(0, 0),
        textcoords="offset points",
        ha="center",
        va="center",
        fontsize=6.5,
        color=colour,
        parse_math=False,
        annotation_clip=False,
        zorder=4,
    )


def _front(axes: Axes, marks: Sequence[Mark], colour: str, line: str, name: str) -> None:
    """Steps along a front: what can be had for at most so much of x."""
    ascending = sorted(marks, key=lambda mark: (mark.x, mark.y))
    axes.plot(
        [mark.x for mark in ascending],
        [mark.y for mark in ascending],
        color=colour,
        linestyle=line,
        linewidth=1.0,
        drawstyle="steps-post",
        label=name or None,
        zorder=2,
    )

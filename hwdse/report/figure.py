"""The figure of a study: loss against each resource."""

from __future__ import annotations

import io
import textwrap
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from hwdse.files.output import make_directory, write_bytes, write_text

from .axes import place, set_scale
from .labels import Scene, group_near, nearest_on_box, place_labels, staircase
from .model import Resource, StudyReport, records
from .text import as_float, clip
from .theme import BUDGET_MARKS, COLOURS, budget_colour, drawing

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["draw_svg", "pareto_figure", "save_pareto"]

_WIDTH = 10.0  # inches
_DPI = 120  # 1200 pixels
_NEAR = 4.0  # points of type: marks closer than this share a label
_LABEL_SIZE = 8.5
_LONGEST = 44  # characters of a name in the figure; the page has all of it


def pareto_figure(report: StudyReport) -> Figure:
    """The figure: one panel per resource, with the frontier, uniform and named assignments.

    The frontier is drawn as the staircase of what its points make reachable: up to the next point
    on the right, the loss of the point on the left is the least one known.

    Args:
        report: The study.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    count = len(report.resources)
    columns = 2 if count in (2, 4) else min(count, 3)
    lines = -(-count // columns)
    height = (4.9 if columns == 1 else 4.3 if columns == 2 else 3.9) * lines
    with drawing():
        figure = Figure(figsize=(_WIDTH, height + 0.8), dpi=_DPI)
        FigureCanvasAgg(figure)
        figure.set_layout_engine(
            ConstrainedLayoutEngine(w_pad=0.08, h_pad=0.08, wspace=0.02, hspace=0.03)
        )
        figure.suptitle(
            clip(report.title, 90), x=0.012, ha="left", fontsize=12, weight="bold", parse_math=False
        )
        panels: list[Axes] = []
        for at, resource in enumerate(report.resources):
            shared = panels[0] if panels else None
            axes = figure.add_subplot(lines, columns, at + 1, sharey=shared)
            panels.append(axes)
            axes.set_xlabel(clip(resource.title, 60), parse_math=False)
            if at % columns:
                axes.tick_params(labelleft=False)
            else:
                loss = textwrap.fill(clip(report.loss_label, 120), 42)
                axes.set_ylabel(loss, parse_math=False)
        _set_scales(report, panels)
        handles: dict[str, Artist] = {}
        for axes, resource in zip(panels, report.resources, strict=True):
            _draw(axes, report, resource, handles=handles)
        _legend(figure, handles)
        figure.draw_without_rendering()
        # The labels are placed for this layout, which must not change any more.
        figure.set_layout_engine("none")
        for axes, resource in zip(panels, report.resources, strict=True):
            _label(axes, report, resource)
    return figure


def save_pareto(report: StudyReport, directory: Path | str) -> list[Path]:
    """Write `pareto.png` and `pareto.svg`; the same study gives the same bytes.

    Args:
        report: The study.
        directory: Where to; it is made when missing.
    """
    folder = make_directory(Path(directory))
    figure = pareto_figure(report)
    buffer = io.BytesIO()
    with drawing():
        figure.savefig(buffer, format="png", dpi=_DPI, metadata={"Software": None})
    png = write_bytes(folder / "pareto.png", buffer.getvalue())
    return [png, write_text(folder / "pareto.svg", _svg_text(figure, report))]


def draw_svg(report: StudyReport) -> str:
    """The figure as the text of an SVG file; the same study gives the same text."""
    return _svg_text(pareto_figure(report), report)


def _svg_text(figure: Figure, report: StudyReport) -> str:
    buffer = io.StringIO()
    metadata = {"Date": None, "Creator": None, "Title": clip(report.title, 200)}
    with drawing():
        figure.savefig(buffer, format="svg", metadata=metadata)
    return buffer.getvalue()


def _set_scales(report: StudyReport, panels: Sequence[Axes]) -> None:
    shown = report.frontier
    wanted = {r.column for r in report.resources}
    relevant = shown[(shown["kind"] != "frontier") | shown["resource"].isin(wanted)]
    set_scale(panels[0], "y", [as_float(v) for v in relevant["loss"]])
    for axes, resource in zip(panels, report.resources, strict=True):
        mine = shown[(shown["kind"] != "frontier") | (shown["resource"] == resource.column)]
        set_scale(axes, "x", [as_float(v) for v in mine[resource.column]])


def _points(rows: list[dict[str, Any]], resource: Resource) -> np.ndarray[Any, Any]:
    pairs = [(as_float(row[resource.column]), as_float(row["loss"])) for row in rows]
    return np.array(pairs, dtype=np.float64).reshape(-1, 2)


def _finite(rows: list[dict[str, Any]], resource: Resource) -> list[dict[str, Any]]:
    keep = np.isfinite(_points(rows, resource)).all(axis=1)
    return [row for row, good in zip(rows, keep, strict=True) if good]


def _draw(
    axes: Axes, report: StudyReport, resource: Resource, *, handles: dict[str, Artist]
) -> None:
    """Draw all but the labels, and gather what the legend is to explain."""
    blue, ink, ground = COLOURS["frontier"][0], COLOURS["ink"][0], COLOURS["ground"][0]
    rows = _finite(records(report.rows("frontier", resource=resource.column)), resource)
    xy = _points(rows, resource)
    if rows:
        (line,) = axes.plot(
            *xy.T,
            color=blue,
            linewidth=1.4,
            drawstyle="steps-post",
            marker="o",
            markersize=3.4,
            zorder=3,
            gid=f"frontier-{report.resources.index(resource)}",
        )
        handles.setdefault("Pareto frontier", line)
        unproved = [at for at, row in enumerate(rows) if str(row["status"]) != "optimal"]
        if unproved:
            (open_,) = axes.plot(
                *xy[unproved].T, "o", color=blue, markerfacecolor=ground, markersize=4.2, zorder=3.1
            )
            handles.setdefault("point without proof", open_)
    uniform = _finite(records(report.rows("uniform")), resource)
    if uniform:
        (marks,) = axes.plot(
            *_points(uniform, resource).T,
            "s",
            color=ink,
            markerfacecolor=ground,
            markeredgewidth=1.3,
            markersize=5.5,
            zorder=5.5,
        )
        handles.setdefault("one unit in every layer", marks)
    rows = records(report.rows("budget"))
    sizes = _budget_sizes(report, resource)
    for at, row in enumerate(rows):
        here = _points([row], resource)
        if not np.isfinite(here).all():
            continue
        (mark,) = axes.plot(
            *here.T,
            BUDGET_MARKS[at % len(BUDGET_MARKS)],
            color=budget_colour(at),
            markeredgecolor=ground,
            markeredgewidth=0.9,
            markersize=sizes[at],
            linestyle="none",
            zorder=4 + at / 100,
        )
        name = clip(row["label"], _LONGEST)
        handles.setdefault(f"{name}\0{at}", mark)


def _budget_sizes(report: StudyReport, resource: Resource) -> list[float]:
    """Size of each budget's mark: of several in one place the lower ones show around the others."""
    rows, uniform = records(report.rows("budget")), records(report.rows("uniform"))
    sizes = []
    for at, row in enumerate(rows):
        over = sum(_same(row, other, resource) for other in rows[at + 1 :])
        over += any(_same(row, other, resource) for other in uniform)
        sizes.append(9.0 + 5.0 * min(over, 4))
    return sizes


def _same(one: dict[str, Any], other: dict[str, Any], resource: Resource) -> bool:
    a, b = _points([one, other], resource)
    return bool(np.allclose(a, b, rtol=1e-3, atol=0.0))


def _legend(figure: Figure, handles: dict[str, Artist]) -> None:
    """The legend below all panels, in as many columns as there is room for."""
    from matplotlib.legend_handler import HandlerLine2D
    from matplotlib.lines import Line2D

    if not handles:
        return
    names = [name.partition("\0")[0] for name in handles]
    marks: list[Artist] = []
    for handle in handles.values():
        copy = Line2D([], [])
        copy.update_from(handle)
        copy.set_markersize(min(handle.get_markersize(), 9.0))  # type: ignore[attr-defined]
        marks.append(copy)
    for columns in range(len(marks), 0, -1):
        # The texts are set afterwards: a name that begins with "_" is not for a legend otherwise.
        legend = figure.legend(
            marks,
            ["-"] * len(marks),
            loc="outside lower center",
            ncols=columns,
            frameon=False,
            fontsize=9.5,
            columnspacing=1.8,
            handletextpad=0.5,
            handler_map={Line2D: HandlerLine2D(numpoints=1)},
        )
        for text, name in zip(legend.get_texts(), names, strict=True):
            text.set_parse_math(False)
            text.set_text(name)
        width = legend.get_window_extent().width
        if columns == 1 or width <= 0.97 * figure.bbox.width:
            return
        legend.remove()


def _label(axes: Axes, report: StudyReport, resource: Resource) -> None:
    """Write the names of the uniform assignments beside their marks."""
    rows = _finite(records(report.rows("uniform")), resource)
    if not rows:
        return
    figure = axes.get_figure(root=True)
    assert figure is not None
    scale = 72.0 / figure.dpi
    uniform = place(axes, _points(rows, resource))
    groups = group_near(uniform, distance=_NEAR)
    anchors = np.array([uniform[group].mean(axis=0) for group in groups])
    texts = []
    for group in groups:
        names = list(dict.fromkeys(clip(rows[at]["label"], _LONGEST) for at in group))
        first = rows[group[0]]
        note = axes.annotate(
            "\n".join(names),
            xy=(as_float(first[resource.column]), as_float(first["loss"])),
            xytext=(0, 0),
            textcoords="offset points",
            ha="center",
            va="center",
            multialignment="left",
            fontsize=_LABEL_SIZE,
            linespacing=1.15,
            zorder=6,
            parse_math=False,
            annotation_clip=False,
        )
        note.set_in_layout(False)
        texts.append(note)
    boxes = [note.get_window_extent() for note in texts]
    sizes = np.array([(box.width * scale, box.height * scale) for box in boxes])
    frontier = _finite(records(report.rows("frontier", resource=resource.column)), resource)
    curve = place(axes, _points(frontier, resource))
    named = _points(records(report.rows("budget")), resource)
    shown = np.isfinite(named).all(axis=1)
    budgets = place(axes, named[shown])
    around = np.array(_budget_sizes(report, resource))[shown] * 0.75
    box = axes.get_window_extent()
    scene = Scene(
        bounds=(box.x0 * scale, box.y0 * scale, box.x1 * scale, box.y1 * scale),
        points=np.concatenate([uniform, curve, budgets]),
        clearance=np.concatenate([np.full(len(uniform) + len(curve), 4.0), around]),
        walls=staircase([(float(x), float(y)) for x, y in curve]),
    )
    centres = place_labels(anchors, sizes, scene)
    for note, group, anchor, centre, size in zip(
        texts, groups, anchors, centres, sizes, strict=True
    ):
        note.set_position(tuple(centre - uniform[group[0]]))
        tip = nearest_on_box(centre, size, anchor)
        covered = scene.clearance[np.hypot(*(scene.points - anchor).T) < _NEAR].max()
        if np.hypot(*(tip - anchor)) > covered + 7.0:
            (leader,) = axes.plot(
                *axes.transData.inverted().transform(np.array([anchor, tip]) / scale).T,
                color=COLOURS["muted"][0],
                linewidth=0.7,
                zorder=3.5,
                scalex=False,
                scaley=False,
            )
            leader.set_in_layout(False)

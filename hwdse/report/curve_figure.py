"""The picture of a unit's area over its delay: all mappings, the best of them, missed targets."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from hwdse.files.output import make_directory, write_bytes

from .axes import set_scale
from .theme import BUDGET_MARKS, COLOURS, budget_colour, drawing

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["CurvePicture", "curve_figure", "save_curve_figure"]


@dataclass(frozen=True, kw_only=True)
class CurvePicture:
    """What the picture shows.

    Members:
        title: The unit and the technology.
        subtitle: Under what conditions.
        points: Recipe's name to (delay in ps, area in um2) of its mappings.
        pareto: (delay in ps, area in um2) of the best mappings, fastest first.
        missed: Clock targets in ps that none meets.
    """

    title: str
    subtitle: str
    points: dict[str, Sequence[tuple[float, float]]]
    pareto: Sequence[tuple[float, float]]
    missed: Sequence[float]


def curve_figure(picture: CurvePicture) -> Figure:
    """Marks by recipe, the best as a staircase, missed targets as dashed lines."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7.2, 4.4), dpi=130, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    # A heading that is too long for its size is set smaller, never cut.
    longest = max(len(picture.title), 1)
    figure.suptitle(
        picture.title,
        x=0.012,
        ha="left",
        fontsize=min(11.0, 11.0 * 78 / longest),
        weight="bold",
        parse_math=False,
    )
    axes.set_title(
        picture.subtitle, loc="left", fontsize=8, color=COLOURS["muted"][0], parse_math=False
    )
    delays, areas = zip(*picture.pareto, strict=True)
    axes.step(
        delays,
        areas,
        where="post",
        color=COLOURS["frontier"][0],
        linewidth=1.4,
        label="best",
        zorder=2,
    )
    best = set(picture.pareto)
    for n, (recipe, known) in enumerate(picture.points.items()):
        for kept in (False, True):
            shown = [p for p in known if (p in best) is kept]
            if shown:
                axes.plot(
                    *zip(*shown, strict=True),
                    BUDGET_MARKS[n % len(BUDGET_MARKS)],
                    color=budget_colour(n),
                    markersize=7 if kept else 5,
                    fillstyle="full" if kept else "none",
                    linestyle="none",
                    label=recipe if kept or not best & set(known) else None,
                    zorder=4 if kept else 3,
                )
    for n, target in enumerate(picture.missed):
        axes.axvline(
            target,
            color=COLOURS["muted"][0],
            linewidth=1.0,
            linestyle=(0, (4, 3)),
            label="target that none meets" if n == 0 else None,
            zorder=1,
        )
    everything = [p for known in picture.points.values() for p in known]
    set_scale(axes, "x", [*(p[0] for p in everything), *picture.missed])
    set_scale(axes, "y", [p[1] for p in everything])
    axes.set_xlabel("critical path (ps)")
    axes.set_ylabel("area (µm²)")
    axes.legend(frameon=False)
    return figure


def save_curve_figure(picture: CurvePicture, stem: Path) -> tuple[Path, Path]:
    """Write the figure as ``stem.png`` and ``stem.svg``.

    Raises:
        HwdseError: A file cannot be written.
    """
    make_directory(stem.parent)
    written = []
    with drawing():
        figure = curve_figure(picture)
        for suffix, metadata in ((".png", None), (".svg", {"Date": None})):
            buffer = io.BytesIO()
            figure.savefig(buffer, format=suffix[1:], metadata=metadata)
            written.append(write_bytes(stem.with_suffix(suffix), buffer.getvalue()))
    return written[0], written[1]

"""The chart of a comparison, as lines, bars, map or points, and what was published."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .chart_panels import Kind, Panels, draw_panels, panels_inches
from .claims_panel import ClaimMark, draw_claims, panel_inches
from .picture import save_picture
from .scatter_panels import Scatter, draw_scatter_panels, scatter_inches
from .text import printable
from .theme import COLOURS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["ChartPicture", "save_chart_figure"]

_WIDTH = 10.0
_CHARACTERS = 170
_LINE_INCHES = 0.16


@dataclass(frozen=True, kw_only=True)
class ChartPicture:
    """What the picture shows.

    Attributes:
        title: What is compared.
        description: In a few sentences.
        subtitle: Under what conditions.
        kind: How panels of categories are drawn; see :class:`hwdse.study.chart.Chart`.
        x_label: Of what runs from left to right.
        panels: By the figure's label: by series (part, for a stack), by category: the value. Or
            points.
        ratio: Whether values are ratios, of which 1 is the middle.
        claims: What was published.
    """

    title: str
    description: str = ""
    subtitle: str
    kind: Kind = "lines"
    x_label: str
    panels: Panels | Scatter
    ratio: bool = False
    claims: Sequence[ClaimMark] = field(default=())


def save_chart_figure(picture: ChartPicture, path: Path) -> Path:
    """Write the figure as .png, .svg or .pdf.

    Raises:
        HwdseError: Another suffix, or the file cannot be written.
    """
    return save_picture(lambda: _figure(picture), path)


def _figure(picture: ChartPicture) -> Figure:
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    lines = [
        *textwrap.wrap(printable(picture.description), _CHARACTERS),
        *textwrap.wrap(printable(picture.subtitle), _CHARACTERS),
    ]
    head = 0.35 + _LINE_INCHES * len(lines)
    panels = picture.panels
    body = scatter_inches() if isinstance(panels, Scatter) else panels_inches(picture.kind, panels)
    below = panel_inches(picture.claims) if picture.claims else 0.0
    height = head + body + below
    figure = Figure(figsize=(_WIDTH, height), dpi=130)
    FigureCanvasAgg(figure)
    figure.text(
        0.008,
        1 - 0.08 / height,
        printable(picture.title),
        va="top",
        fontsize=11,
        weight="bold",
        parse_math=False,
    )
    figure.text(
        0.008,
        1 - 0.32 / height,
        "\n".join(lines),
        va="top",
        fontsize=8,
        linespacing=1.35,
        color=COLOURS["muted"][0],
        parse_math=False,
    )
    # Each part is laid out by itself, since labels of the one need not leave room in the other.
    x_label, between = picture.x_label, (below / height, 1 - head / height)
    if isinstance(panels, Scatter):
        draw_scatter_panels(figure, panels, x_label=x_label, between=between)
    else:
        draw_panels(
            figure, picture.kind, panels, x_label=x_label, ratio=picture.ratio, between=between
        )
    if picture.claims:
        draw_claims(figure, picture.claims, below=below / height)
    return figure

"""Panels of a chart: the same table of series and categories as lines, bars, heat map or stack."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Mapping
from typing import TYPE_CHECKING, Literal

from .divided_bars import draw_divided_bars
from .grid import fit, legend_above
from .text import as_float, number, printable
from .theme import BUDGET_MARKS, COLOURS, unit_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["Kind", "Panels", "draw_panels", "panels_inches"]

Kind = Literal["lines", "bars", "heat", "stack"]
_Series = Mapping[str, Mapping[str, float | None]]
Panels = Mapping[str, _Series]

_ROW_INCHES = 0.27
_HEAT_ROW_INCHES = 0.42
# From this ratio of the greatest to the least value the axis of lines is logarithmic.
_LOG_SPAN = 12.0
_LINE_COLOURS = ("frontier", "budget0", "budget1", "budget2", "budget3", "budget4", "budget5")
_TITLE_CHARACTERS = 92
_LEGEND_CHARACTERS = 150
_CATEGORY_CHARACTERS = 118


def panels_inches(kind: Kind, panels: Panels) -> float:
    """Height that the panels need."""
    first = next(iter(panels.values()))
    if kind == "stack":
        return 1.25 + _ROW_INCHES * len(_categories(first))
    if kind == "heat":
        return 1.0 + _HEAT_ROW_INCHES * len(first)
    return 3.3 + _legend_inches(first)


def draw_panels(
    figure: Figure,
    kind: Kind,
    panels: Panels,
    *,
    x_label: str,
    ratio: bool,
    between: tuple[float, float],
) -> None:
    """Draw one panel for each figure, side by side.

    Args:
        figure: Where.
        kind: How.
        panels: By label, by series (part, for a stack), by category: the value, or None.
        x_label: Of the categories.
        ratio: Whether values are ratios, of which 1 is the middle.
        between: Lower and upper end of the panels, as shares of the figure's height.
    """
    from matplotlib.gridspec import GridSpec

    grid = GridSpec(1, len(panels), figure=figure)
    every = grid.subplots(squeeze=False, sharey=kind in ("heat", "stack"))[0]
    for axes, (label, series) in zip(every, panels.items(), strict=True):
        if kind == "stack":
            _stack(axes, label, series, first=axes is every[0])
            continue
        draw = {"lines": _lines, "bars": _bars, "heat": _heat}[kind]
        draw(axes, series, ratio=ratio, panels=len(panels))
        axes.set_xlabel(printable(x_label), parse_math=False)
        title = textwrap.fill(printable(label), _TITLE_CHARACTERS // len(panels))
        axes.set_title(title, loc="left", fontsize=9, parse_math=False)
    bottom, top = between
    first = next(iter(panels.values()))
    legend = _legend_inches(first) if kind in ("lines", "bars") else 0.0
    if legend:
        legend_above(figure, every[0], top, _legend_columns(first))
    top -= legend / figure.get_figheight()
    fit(figure, grid, list(every), between=(bottom, top))


def _legend_columns(series: _Series) -> int:
    """Columns of the legend that fit."""
    longest = max(len(printable(name)) for name in series)
    return min(4, max(1, int(_LEGEND_CHARACTERS / (longest + 8))))


def _legend_inches(series: _Series) -> float:
    """Height of the legend; 0 where one series needs none."""
    if len(series) < 2:
        return 0.0
    return 0.12 + 0.19 * math.ceil(len(series) / _legend_columns(series))


def _categories(series: _Series) -> list[str]:
    return list(dict.fromkeys(at for values in series.values() for at in values))


def _lines(axes: Axes, series: _Series, *, ratio: bool, panels: int) -> None:
    """Lines over equally spaced categories; a series that is the same everywhere is dashed."""
    categories = _categories(series)
    for n, (name, values) in enumerate(series.items()):
        ys = [as_float(values[at]) for at in categories]
        level = len(categories) > 1 and len(set(ys)) == 1
        axes.plot(
            range(len(categories)),
            ys,
            color=COLOURS[_LINE_COLOURS[n % len(_LINE_COLOURS)]][0],
            linestyle="--" if level else "-",
            marker="" if level else ("o", *BUDGET_MARKS)[n % 8],
            markersize=5,
            linewidth=1.5,
            label=printable(name),
        )
    _name_categories(axes, categories, panels)
    above = [v for row in series.values() for v in row.values() if v is not None and v > 0]
    if above and max(above) / min(above) > _LOG_SPAN:
        _set_log(axes, above)
    else:
        axes.set_ylim(bottom=0)
    if ratio:
        axes.axhline(1, color=COLOURS["ink"][0], linewidth=0.9)


def _name_categories(axes: Axes, categories: list[str], panels: int) -> None:
    """Name the categories below the axes, on several lines where one is too short."""
    room = max(6, _CATEGORY_CHARACTERS // (panels * len(categories)))
    names = [textwrap.fill(printable(name), room, break_long_words=False) for name in categories]
    small = any("\n" in name for name in names)
    axes.set_xticks(range(len(names)), names, parse_math=False, fontsize=7.5 if small else None)


def _set_log(axes: Axes, values: list[float]) -> None:
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    axes.set_yscale("log")
    axes.set_ylim(min(values) / 1.3, max(values) * 1.3)
    wide = max(values) / min(values) > 300
    axes.yaxis.set_major_locator(LogLocator(subs=(1.0,) if wide else (1.0, 2.0, 5.0)))
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
    axes.yaxis.set_minor_formatter(NullFormatter())


def _bars(axes: Axes, series: _Series, *, ratio: bool, panels: int) -> None:
    """Groups of bars, with their values while these are few."""
    categories = _categories(series)
    width = 0.82 / len(series)
    few = len(series) * len(categories) <= 16
    for n, (name, values) in enumerate(series.items()):
        at = [k + (n - (len(series) - 1) / 2) * width for k in range(len(categories))]
        heights = [values[category] or 0.0 for category in categories]
        axes.bar(at, heights, width * 0.94, color=unit_colour(n), label=printable(name))
        for x, height in zip(at, heights, strict=True):
            if few and height:
                text = number(height, digits=3)
                axes.annotate(
                    text,
                    (x, height),
                    xytext=(0, 2),
                    textcoords="offset points",
                    ha="center",
                    fontsize=6.5,
                )
    _name_categories(axes, categories, panels)
    axes.tick_params(axis="x", length=0)
    axes.grid(visible=False, axis="x")
    axes.margins(y=0.1)
    if ratio:
        axes.axhline(1, color=COLOURS["ink"][0], linewidth=0.9)


def _heat(axes: Axes, series: _Series, *, ratio: bool, panels: int) -> None:
    """Cells with their values; ratios below 1 are blue, above 1 orange, as strong as far away."""
    from matplotlib.colors import LinearSegmentedColormap

    categories = _categories(series)
    cells = [[values.get(at) for at in categories] for values in series.values()]
    logs = [[math.log2(v) if v else math.nan for v in row] for row in cells]
    known = [v for row in logs for v in row if math.isfinite(v)] or [0.0]
    far = max(max(map(abs, known)), 0.1)
    low, high = (-far, far) if ratio else (min(known), max(known) + 1e-9)
    ends = ("#5aa9dc", "#ffffff", "#ee9a5c") if ratio else ("#ffffff", "#5aa9dc")
    axes.imshow(
        logs,
        cmap=LinearSegmentedColormap.from_list("hwdse", ends),
        vmin=low,
        vmax=high,
        aspect="auto",
    )
    for y, row in enumerate(cells):
        for x, value in enumerate(row):
            if value is not None:
                text = number(value, digits=3)
                weight = "bold" if ratio and value < 1 else "normal"
                axes.text(x, y, text, ha="center", va="center", fontsize=8, weight=weight)
    _name_categories(axes, categories, panels)
    axes.set_yticks(range(len(series)), [printable(name) for name in series], parse_math=False)
    axes.tick_params(length=0)
    axes.grid(visible=False)


def _stack(axes: Axes, label: str, series: _Series, *, first: bool) -> None:
    categories = _categories(series)
    parts = {
        printable(name): [values[at] or 0.0 for at in categories] for name, values in series.items()
    }
    draw_divided_bars(axes, parts, first_colour=0)
    if first:
        names = [printable(name) for name in categories]
        axes.set_yticks(range(len(names)), names, parse_math=False, fontsize=8.5)
        axes.set_ylim(len(names) - 0.4, -0.6)
    axes.set_xlabel(printable(label), parse_math=False)
    axes.grid(visible=False, axis="y")
    axes.tick_params(axis="y", length=0)

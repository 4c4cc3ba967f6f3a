"""Horizontal bars that are divided into parts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from .theme import COLOURS, unit_colour

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_divided_bars"]

# A single bar that is so many times longer than the next would leave no room for the others.
_OUTLIER = 2.0


def draw_divided_bars(
    axes: Axes, parts: Mapping[str, Sequence[float]], *, first_colour: int
) -> None:
    """Draw horizontal bars from the top down, divided into parts, with their totals.

    Args:
        axes: The panel.
        parts: Part to its length in each bar; a part that is nothing everywhere is left out.
        first_colour: Place of the first part's colour.
    """
    rows = range(len(next(iter(parts.values()))))
    left = [0.0 for _ in rows]
    shown_parts = {name: widths for name, widths in parts.items() if any(widths)}
    for n, (name, widths) in enumerate(shown_parts.items()):
        axes.barh(
            rows,
            widths,
            left=left,
            height=0.72,
            color=unit_colour(first_colour + n),
            label=name,
        )
        left = [x + width for x, width in zip(left, widths, strict=True)]
    shown = _shown_length(left)
    axes.set_xlim(0, 1.16 * shown)
    for row, total in zip(rows, left, strict=True):
        text = f"{total:.3g}" if total < 1e3 else f"{total:.0f}"
        axes.annotate(
            text if total <= shown else f"▸ {text}",
            (min(total, shown), row),
            xytext=(3, 0),
            textcoords="offset points",
            va="center",
            fontsize=7.5,
            bbox={"facecolor": COLOURS["ground"][0], "edgecolor": "none", "pad": 1.0},
        )
    if len(parts) > 1:
        axes.legend(
            frameon=False,
            ncols=3,
            fontsize=7,
            loc="lower left",
            bbox_to_anchor=(0, 1.0),
            borderaxespad=0.2,
            handlelength=1.0,
            columnspacing=0.8,
        )


def _shown_length(totals: Sequence[float]) -> float:
    """The longest bar that is shown in full."""
    longest, *others = sorted(totals, reverse=True)
    return others[0] if others and longest > _OUTLIER * others[0] > 0 else longest

"""What was published beside what was measured, as rows of a panel."""

from __future__ import annotations

import math
import textwrap
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .grid import fit
from .text import number, printable
from .theme import COLOURS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["ClaimMark", "draw_claims", "panel_inches"]

_CHARACTERS = 74
_LINE_INCHES = 0.16
_GAP_INCHES = 0.13
_AROUND_INCHES = 0.75
# Room to the left of the ratios and, for text, to the right, as shares of what they span (as
# logarithms, and at least that of a ratio of 1.5).
_MARGINS = (0.08, 0.42)
_LEAST_SPAN = math.log(1.5)


@dataclass(frozen=True, kw_only=True)
class ClaimMark:
    """One claim.

    Attributes:
        claim: In words.
        source: Where it was published.
        published: The value, or its least and greatest, twice the same where it is one.
        measured: The same here.
        ratio: Whether the values are ratios, which lie on an axis; others are written out.
    """

    claim: str
    source: str
    published: tuple[float | str, float | str]
    measured: float | str
    ratio: bool


def panel_inches(claims: Sequence[ClaimMark]) -> float:
    """Height that the panel needs."""
    return _AROUND_INCHES + sum(_height(claim) for claim in claims)


def draw_claims(figure: Figure, claims: Sequence[ClaimMark], *, below: float) -> None:
    """Draw rows: the claim to the left, published and measured values to the right.

    Args:
        figure: Where.
        claims: The rows, from the top down.
        below: Upper end of the panel, as a share of the figure's height.
    """
    from matplotlib.gridspec import GridSpec
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    grid = GridSpec(1, 1, figure=figure)
    axes = figure.add_subplot(grid[0])
    centres, top = [], 0.0
    for claim in claims:
        centres.append(top + _height(claim) / 2)
        top += _height(claim)
    axes.set_ylim(top, 0)
    axes.set_yticks(centres, ["\n".join(_lines(c)) for c in claims], parse_math=False, fontsize=7.5)
    axes.tick_params(axis="y", length=0)
    axes.grid(visible=False, axis="y")
    values = [value for claim in claims if claim.ratio for value in _values(claim)]
    if values:
        axes.set_xscale("log")
        span = max(math.log(max(values) / min(values)), _LEAST_SPAN)
        left, right = (math.exp(share * span) for share in _MARGINS)
        axes.set_xlim(min(values) / left, max(values) * right)
        axes.xaxis.set_major_locator(LogLocator(subs=_ticks(max(values) / min(values))))
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_xlabel("ratio")
    else:
        axes.set_xticks([])
        axes.set_xlim(0.5, 2)
    for claim, centre in zip(claims, centres, strict=True):
        _row(axes, claim, centre)
    published, measured = _marks()
    axes.plot([], [], **published, label="published")
    axes.plot([], [], **measured, label="measured here")
    axes.legend(
        frameon=False,
        ncols=2,
        fontsize=7.5,
        loc="lower right",
        bbox_to_anchor=(1, 1.0),
        borderaxespad=0.1,
    )
    fit(figure, grid, [axes], between=(0, below))


def _marks() -> tuple[dict[str, Any], dict[str, Any]]:
    """Marks of what was published and of what was measured."""
    published = {
        "color": COLOURS["budget0"][0],
        "marker": "D",
        "markersize": 4.5,
        "linestyle": "none",
        "markerfacecolor": COLOURS["ground"][0],
    }
    measured = {
        "color": COLOURS["frontier"][0],
        "marker": "o",
        "markersize": 5,
        "linestyle": "none",
    }
    return published, measured


def _row(axes: Axes, claim: ClaimMark, centre: float) -> None:
    said = " to ".join(dict.fromkeys(map(_text, claim.published)))
    text = f"{said} published, {_text(claim.measured)} here"
    if not claim.ratio:
        axes.annotate(
            text,
            (0.01, centre),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=7.5,
            parse_math=False,
        )
        return
    published, measured = _marks()
    low, high = (value for value in claim.published if isinstance(value, int | float))
    axes.plot([low, high], [centre, centre], **{**published, "linestyle": "-"})
    assert isinstance(claim.measured, int | float)
    axes.plot([claim.measured], [centre], **measured)
    axes.annotate(
        text,
        (max(high, claim.measured), centre),
        xytext=(6, 0),
        textcoords="offset points",
        va="center",
        fontsize=7,
        color=COLOURS["muted"][0],
        parse_math=False,
    )


def _values(claim: ClaimMark) -> list[float]:
    every = (*claim.published, claim.measured)
    return [value for value in every if isinstance(value, int | float) and math.isfinite(value)]


def _ticks(span: float) -> Sequence[float]:
    """Where ticks lie in a decade."""
    return (1.0,) if span > 30 else (1.0, 2.0, 5.0) if span > 3 else range(1, 10)


def _text(value: float | str) -> str:
    return printable(value) if isinstance(value, str) else number(value, digits=3)


def _lines(claim: ClaimMark) -> list[str]:
    return [
        *textwrap.wrap(printable(claim.claim), _CHARACTERS),
        *textwrap.wrap(f"[{printable(claim.source)}]", _CHARACTERS),
    ]


def _height(claim: ClaimMark) -> float:
    return _GAP_INCHES + _LINE_INCHES * len(_lines(claim))

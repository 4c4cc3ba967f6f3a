"""Colours and marks of the figure and the page, on light ground and on dark.

The data colours are those of Okabe and Ito, "Color Universal Design" (2008), which remain distinct
under the common kinds of colour blindness; marks differ in shape as well.
"""

from __future__ import annotations

import colorsys
import contextlib
import warnings
from collections.abc import Iterator
from typing import Any

__all__ = ["BUDGET_MARKS", "COLOURS", "FIGURE_STYLE", "budget_colour", "drawing", "unit_colour"]

COLOURS: dict[str, tuple[str, str]] = {
    "ink": ("#1f2328", "#e6edf3"),
    "muted": ("#59636e", "#9aa4ae"),
    "line": ("#d9dee3", "#353c44"),
    "ground": ("#ffffff", "#0f1419"),
    "frontier": ("#0072b2", "#56b4e9"),
    "budget0": ("#d55e00", "#ff8636"),
    "budget1": ("#009e73", "#2fca9f"),
    "budget2": ("#b5518c", "#e394c0"),
    "budget3": ("#e69f00", "#f2b632"),
    "budget4": ("#3a3f8f", "#a3a8f5"),
    "budget5": ("#7a5c1e", "#cfae6b"),
}
"""Name to (on light ground, on dark ground); in the page they are CSS variables of that name."""

BUDGET_MARKS = ("D", "^", "P", "v", "X", "p", "<", "h", ">")
"""Marks of the named budgets, in turn."""

FIGURE_STYLE: dict[str, Any] = {
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: the same on every machine
    "font.size": 9.5,
    "axes.labelsize": 9.5,
    "axes.edgecolor": COLOURS["muted"][0],
    "axes.labelcolor": COLOURS["ink"][0],
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "axes.grid": True,
    "axes.formatter.use_mathtext": True,
    "grid.color": COLOURS["line"][0],
    "grid.linewidth": 0.6,
    "text.color": COLOURS["ink"][0],
    "xtick.color": COLOURS["muted"][0],
    "ytick.color": COLOURS["muted"][0],
    "xtick.labelcolor": COLOURS["ink"][0],
    "ytick.labelcolor": COLOURS["ink"][0],
    "figure.facecolor": COLOURS["ground"][0],
    "axes.facecolor": COLOURS["ground"][0],
    "savefig.facecolor": COLOURS["ground"][0],
    "svg.fonttype": "path",  # text as outlines, so that labels are as wide as they were placed
    "svg.hashsalt": "hwdse",
}
"""Settings of matplotlib, over its defaults."""

# P. Tol, "Colour Schemes" (SRON, 2021), the light scheme: made to lie behind dark text.
_UNIT_COLOURS = (
    "#99ddff",
    "#ee8866",
    "#bbcc33",
    "#ffaabb",
    "#77aadd",
    "#eedd88",
    "#44bb99",
    "#dddddd",
    "#aaaa00",
)


@contextlib.contextmanager
def drawing() -> Iterator[None]:
    """Within it matplotlib has our settings over its defaults, whatever the user configured."""
    import matplotlib.style

    with matplotlib.style.context(["default", FIGURE_STYLE]), warnings.catch_warnings():
        # Labels are data and may be of any script; a box for a letter is no reason to fail.
        warnings.filterwarnings("ignore", message=r"Glyph \d+ .*missing", category=UserWarning)
        yield


def budget_colour(at: int) -> str:
    """The colour, on light ground, of the named budget in this place."""
    return COLOURS[f"budget{at % 6}"][0]


def unit_colour(at: int) -> str:
    """The colour, to lie behind dark text, of the unit in this place."""
    if at < len(_UNIT_COLOURS):
        return _UNIT_COLOURS[at]
    # The golden angle keeps the hues of neighbours apart, however many there are.
    rgb = colorsys.hls_to_rgb((at * 137.508) % 360 / 360, 0.68 + 0.08 * (at % 3), 0.55)
    return "#" + "".join(f"{round(255 * part):02x}" for part in rgb)

"""Panels side by side in a part of a figure, with room for their labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

__all__ = ["fit", "legend_above"]


def fit(
    figure: Figure, grid: GridSpec, axes: Sequence[Axes], *, between: tuple[float, float]
) -> None:
    """Move panels so that they and their labels fill a strip of the figure.

    Unlike ``layout="constrained"``, whose solver gives positions that differ in their last digits
    from one call to the next, this gives the same bytes for the same picture.

    Args:
        figure: The figure.
        grid: Of the panels.
        axes: All of the grid's panels, complete.
        between: Lower and upper end of the strip, as shares of the figure's height.
    """
    bottom, top = between
    with warnings.catch_warnings():
        # Axes of other grids are not to be moved.
        warnings.filterwarnings("ignore", message="This figure includes Axes that are not compat")
        grid.tight_layout(figure, rect=(0, bottom, 1, top), pad=0.6, w_pad=1.5)
    for one in axes:
        spec = one.get_subplotspec()
        assert spec is not None
        one.set_position(spec.get_position(figure))


def legend_above(figure: Figure, axes: Axes, top: float, columns: int | None = None) -> None:
    """A legend of what is drawn in ``axes``, from ``top`` (a share of the figure) downwards.

    Args:
        figure: The figure.
        axes: One of its panels.
        top: Where it begins.
        columns: Of the legend; by default all in one row.
    """
    handles, labels = axes.get_legend_handles_labels()
    figure.legend(
        handles,
        labels,
        loc="upper left",
        bbox_to_anchor=(0.0, top),
        ncols=columns or len(labels),
        frameon=False,
        fontsize=8,
        borderaxespad=0.3,
    )

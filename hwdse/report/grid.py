"""Panels side by side in a part of a figure, with room for their labels."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.gridspec import GridSpec

__all__ = ["fit"]


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

"""Axes of the figure: linear or logarithmic, and where data lie on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LOG_SPAN", "place", "scale_of", "set_scale"]

LOG_SPAN = 30.0
"""From this ratio of the greatest to the least value above zero an axis is logarithmic."""

Scale = Literal["linear", "log", "symlog"]


def scale_of(values: Iterable[float]) -> Scale:
    """The scale that values call for: `symlog` is logarithmic with room for zero.

    Args:
        values: Those that are not finite are left out.
    """
    finite = [v for v in values if math.isfinite(v)]
    above = [v for v in finite if v > 0]
    if not above or min(finite) < 0 or max(above) / min(above) < LOG_SPAN:
        return "linear"
    return "log" if len(above) == len(finite) else "symlog"


def set_scale(axes: Axes, which: Literal["x", "y"], values: Iterable[float]) -> None:
    """Set the scale and the limits of one axis so that marks and labels have room.

    Args:
        axes: The panel.
        which: The axis.
        values: All that will be drawn along it.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    finite = [v for v in values if math.isfinite(v)]
    scale = scale_of(finite)
    axis = axes.xaxis if which == "x" else axes.yaxis
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if scale == "linear":
        span = (high - low) or abs(high) or 1.0
        floor = low - 0.09 * span
        # Nothing lies below zero where nothing is negative, but a mark on the edge needs room.
        if low >= 0:
            floor = max(floor, -0.05 * span)
        set_limits(floor, high + 0.12 * span)
        axis.set_major_locator(MaxNLocator(5 if which == "x" else 7))
        return
    least = min(v for v in finite if v > 0)
    decades = math.log10(high / least)
    margin = 10 ** (0.10 * max(decades, 1.0))
    if scale == "log":
        _apply(axes, which, "log")
        set_limits(low / margin, high * margin)
        axis.set_major_locator(LogLocator(numticks=9))
        return
    # Below the decade of the least value the axis is linear, down to zero.
    threshold = 10.0 ** math.floor(math.log10(least))
    _apply(axes, which, "symlog", linthresh=threshold, linscale=0.6)
    set_limits(-0.25 * threshold, high * margin)
    step = max(1, math.ceil(math.log10(high / threshold) / 8))
    powers = range(round(math.log10(threshold)), math.floor(math.log10(high * margin)) + 1, step)
    axis.set_ticks([0.0, *(10.0**p for p in powers)])


def _apply(axes: Axes, which: Literal["x", "y"], scale: Scale, **options: float) -> None:
    if which == "x":
        axes.set_xscale(scale, **options)
    else:
        axes.set_yscale(scale, **options)


def place(axes: Axes, data: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where data lie, in points of type from the lower left corner of the figure.

    Args:
        axes: The panel, laid out.
        data: Of shape (n, 2).
    """
    figure = axes.get_figure(root=True)
    if figure is None or not len(data):
        return np.zeros((0, 2))
    return np.asarray(axes.transData.transform(data) * (72.0 / figure.dpi))

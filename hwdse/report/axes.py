"""Axes of the figure: linear or logarithmic, and where data lie on them."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Literal

import numpy as np
from numpy.typing import NDArray

from .text import number

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["LOG_SPAN", "place", "scale_of", "set_scale"]

LOG_SPAN = {"x": 12.0, "y": 30.0}
"""From this ratio of the greatest to the least value above zero an axis is logarithmic."""

Scale = Literal["linear", "log", "symlog"]


def scale_of(values: Iterable[float], *, span: float) -> Scale:
    """The scale that values call for: `symlog` is logarithmic with room for zero.

    Args:
        values: Those that are not finite are left out.
        span: From this ratio of the greatest to the least value above zero it is logarithmic.
    """
    finite = [v for v in values if math.isfinite(v)]
    above = [v for v in finite if v > 0]
    if not above or min(finite) < 0 or max(above) / min(above) < span:
        return "linear"
    return "log" if len(above) == len(finite) else "symlog"


def set_scale(axes: Axes, which: Literal["x", "y"], values: Iterable[float]) -> None:
    """Set the scale and the limits of one axis so that marks and labels have room.

    Args:
        axes: The panel.
        which: The axis.
        values: All that will be drawn along it.
    """
    from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

    finite = [v for v in values if math.isfinite(v)]
    scale = scale_of(finite, span=LOG_SPAN[which])
    axis = axes.xaxis if which == "x" else axes.yaxis
    set_limits = axes.set_xlim if which == "x" else axes.set_ylim
    low, high = (min(finite), max(finite)) if finite else (0.0, 1.0)
    if scale == "linear":
        span = (high - low) or abs(high) or 1.0
        floor = low - 0.12 * span
        # Nothing lies below zero where nothing is negative, but a mark on the edge needs room.
        if low >= 0:
            floor = max(floor, -0.08 * span)
        set_limits(floor, high + 0.13 * span)
        axis.set_major_locator(MaxNLocator(5 if which == "x" else 7, steps=[1, 2, 2.5, 5, 10]))
        return
    least = min(v for v in finite if v > 0)
    decades = math.log10(high / least)
    margin = 10 ** (0.13 * max(decades, 1.0))
    if scale == "log":
        _apply(axes, which, "log")
        set_limits(low / margin, high * margin)
        axis.set_major_locator(LogLocator(numticks=9))
        if decades < 2 and low >= 1e-3 and high < 1e5:
            axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0), numticks=9))
            axis.set_major_formatter(FuncFormatter(lambda value, _: number(value)))
            axis.set_minor_formatter(NullFormatter())
        return
    # Below the decade of the least value the axis is linear, down to zero.
    bottom = math.floor(math.log10(least))
    top = math.floor(math.log10(high * margin))
    _apply(axes, which, "symlog", linthresh=10.0**bottom, linscale=0.6)
    set_limits(-(10.0**bottom) * (0.4 + 0.15 * decades), high * margin)
    step = max(1, math.ceil((top - bottom) / 8))
    axis.set_ticks([0.0, *(10.0**p for p in range(bottom, top + 1, step))])
    between = [k * 10.0**p for p in range(bottom, top + 1) for k in range(2, 10)]
    axis.set_ticks([v for v in between if v < high * margin and step == 1], minor=True)


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

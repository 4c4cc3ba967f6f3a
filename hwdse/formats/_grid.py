"""Rounding to nearest even by adding and subtracting, many times as fast as on the integers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats.base import ScalarFormat
from hwdse.formats.integer import IntegerFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy

__all__ = ["Grid", "copy_signs", "grid_of", "magnitudes_by_block", "round_to_grid"]

# Far from where binary32 overflows, or loses precision, when 1.5 * 2**23 steps are added.
_FAR = 2.0**96
_MAX_MANTISSA_BITS = 20


@dataclass(frozen=True, kw_only=True)
class Grid:
    """The finite values of a format, as steps.

    Members:
        low, high: The least and the largest.
        first: Lower end of the binades, each of which has a step of its own; 0 where all values
            are multiples of one step.
        step: The step from ``first`` to twice that, or of all values.
        signed_zero: Whether there is a negative zero.
    """

    low: float
    high: float
    first: float
    step: float
    signed_zero: bool


def grid_of(fmt: ScalarFormat) -> Grid | None:
    """The grid of a format; None if its values are no such grid, or too wide for float32."""
    signed_zero = False
    if isinstance(fmt, IntegerFormat):
        first, step = 0.0, math.ldexp(1.0, fmt.lsb_exponent)
    elif isinstance(fmt, Minifloat) and fmt.min_subnormal is not None:
        if not 1 <= fmt.mantissa_bits <= _MAX_MANTISSA_BITS:
            return None
        first, step = fmt.min_normal, fmt.min_subnormal
        signed_zero = fmt.signed and fmt.nan is not NanPolicy.NEGATIVE_ZERO
    else:
        return None
    if fmt.max > _FAR or step < 1 / _FAR or fmt.max / step > _FAR:
        return None
    return Grid(
        low=fmt.min,
        high=fmt.max,
        first=first,
        step=step,
        signed_zero=signed_zero,
    )


def round_to_grid(y: npt.NDArray[Any], grid: Grid, work: npt.NDArray[Any]) -> None:
    """Round numbers in place to the nearest value of a grid, ties to even; beyond it, saturate.

    Args:
        y: float32 or float64, none of them NaN. Where the grid has a negative zero, they are
            magnitudes: the addition would lose the signs of what rounds to zero.
        grid: Of at most 2**22 steps per binade.
        work: Of the same shape and dtype; overwritten.
    """
    if grid.signed_zero:
        np.minimum(y, y.dtype.type(grid.high), out=y)
    else:
        np.clip(y, grid.low, grid.high, out=y)
    bits = np.finfo(y.dtype).nmant
    # The sum of y and 1.5 * 2**bits steps lies between 2**bits and 2**(bits + 1) steps, where
    # numbers are one step apart: the addition rounds y to steps, and the subtraction is exact.
    # An even number of steps is an even code.
    if grid.first == 0:
        large = y.dtype.type(1.5 * 2.0**bits * grid.step)
        np.add(y, large, out=y)
        np.subtract(y, large, out=y)
        return
    # The power of two at, or below, each number, but for those below all binades.
    unsigned = np.dtype(f"u{y.dtype.itemsize}")
    exponent_mask = unsigned.type(((1 << (8 * y.dtype.itemsize - 1 - bits)) - 1) << bits)
    np.bitwise_and(y.view(unsigned), exponent_mask, out=work.view(unsigned))
    np.maximum(work, y.dtype.type(grid.first), out=work)
    np.multiply(work, y.dtype.type(1.5 * 2.0**bits * (grid.step / grid.first)), out=work)
    np.add(y, work, out=y)
    np.subtract(y, work, out=y)


def copy_signs(y: npt.NDArray[Any], x: npt.NDArray[Any], work: npt.NDArray[Any]) -> None:
    """Give magnitudes, zeros included, the signs of other numbers.

    Args:
        y: Of the shape and dtype of ``x``; changed in place.
        x: float32 or float64.
        work: Of the same shape and dtype; overwritten.
    """
    # Several times as fast as np.copysign.
    unsigned = np.dtype(f"u{y.dtype.itemsize}")
    sign = unsigned.type(1 << (8 * y.dtype.itemsize - 1))
    np.bitwise_and(x.view(unsigned), sign, out=work.view(unsigned))
    np.bitwise_or(y.view(unsigned), work.view(unsigned), out=y.view(unsigned))


def magnitudes_by_block(x: npt.NDArray[Any], work: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The largest magnitude in each row of a 2-d array of floats; NaN where there is one.

    Args:
        x: Of shape (blocks, size), contiguous.
        work: Of the same shape and dtype, contiguous; becomes the magnitudes.
    """
    blocks, size = x.shape
    largest = np.abs(x, out=work).reshape(-1)
    # Folding one long array in two costs a fraction of reducing many short rows.
    while size % 2 == 0:
        largest = np.maximum(largest[0::2], largest[1::2])
        size //= 2
    return np.asarray(largest if size == 1 else largest.reshape(blocks, size).max(axis=1))

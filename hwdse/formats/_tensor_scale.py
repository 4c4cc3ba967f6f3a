"""The second level of scales: one float32 number for a tensor, from its largest magnitude."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._quotient import as_binary64, quotient, significant_bits

__all__ = ["as_float32", "checked_range", "tensor_amax", "tensor_scale"]

_CHUNK = 1 << 15
_LEAST = 2.0**-126


def as_float32(a: npt.NDArray[Any], *, name: str) -> npt.NDArray[np.float32]:
    """Numbers rounded to float32.

    Raises:
        HwdseError: If a finite one overflows.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        narrow = a.astype(np.float32, copy=False)
    if a.dtype.itemsize == 8 and bool((np.isinf(narrow) & np.isfinite(a)).any()):
        raise HwdseError(
            f"{name} works in float32, but the input holds "
            f"{float(np.abs(a[np.isfinite(a)]).max()):g}; scale the input down"
        )
    return narrow


def checked_range(
    tensor_range: tuple[float, float], *, nan: bool, name: str
) -> tuple[float, float]:
    """The least and greatest value of a tensor, as a caller gives them.

    Args:
        tensor_range: The two.
        nan: Whether both may be NaN, for a tensor with NaNs or infinities.
        name: Name of the format, for messages.

    Raises:
        HwdseError: If they are something else.
    """
    try:
        low, high = (float(end) for end in tensor_range)
    except (TypeError, ValueError):
        low, high = math.inf, -math.inf
    if nan and math.isnan(low) and math.isnan(high):
        return low, high
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        raise HwdseError(
            f"{name}: tensor_range must be two finite numbers, the least one first, "
            f"not {tensor_range!r}"
        )
    return low, high


def tensor_amax(
    a: npt.NDArray[Any], tensor_range: tuple[float, float] | None, *, nan: bool, name: str
) -> float:
    """The largest finite magnitude of a tensor; 0.0 without any.

    Args:
        a: The tensor, or a part of it.
        tensor_range: Its least and greatest value, if known.
        nan: Whether NaNs as range are in order, and give NaN.
        name: Name of the format, for messages.

    Raises:
        HwdseError: If the range is none.
    """
    if tensor_range is not None:
        low, high = checked_range(tensor_range, nan=nan, name=name)
        return max(abs(low), abs(high))
    if a.size == 0:
        return 0.0
    if a.dtype.kind == "f":
        # NaNs stay, so that this tells whether all are finite.
        low, high = float(a.min()), float(a.max())
        if math.isfinite(low) and math.isfinite(high):
            return max(-low, high, 0.0)
    amax = 0.0
    flat = a.reshape(-1)
    for start in range(0, flat.size, _CHUNK):
        magnitude = np.abs(as_binary64(flat[start : start + _CHUNK]))
        amax = max(amax, float(np.where(np.isfinite(magnitude), magnitude, 0.0).max()))
    return amax


def tensor_scale(amax: float, *, divisor: float, least_scale: float | None, name: str) -> float:
    """The float32 scale of a tensor: ``amax / divisor``, but 1 for an all-zero tensor.

    Args:
        amax: The tensor's largest magnitude.
        divisor: The largest scale times the largest element.
        least_scale: Where values are multiplied by reciprocals, the least scale of a block.
        name: Name of the format, for messages.

    Raises:
        HwdseError: If it overflows.
    """
    if amax == 0:
        return 1.0
    # Rounded to odd in more than 26 bits, from where rounding once more, to float32, gives what
    # rounding once would.
    q = quotient(
        np.asarray(amax),
        np.asarray(divisor),
        scale_bits=significant_bits(divisor),
        narrow=False,
    )
    with np.errstate(over="ignore"):
        tensor = float(q.astype(np.float32))
    if math.isinf(tensor):
        raise HwdseError(
            f"{name}: a tensor whose largest magnitude is {amax:g} needs a scale beyond "
            "the largest of float32; scale the input down"
        )
    least = _LEAST
    if least_scale is not None:
        # (1 / tensor) / scale must not overflow.
        least = max(least, math.ldexp(1 / least_scale, -127))
    return max(tensor, least)

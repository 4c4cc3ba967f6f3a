"""What formats share that choose something for each block besides codes: the loop, the scales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._blocks import Blocking
from hwdse.formats.base import Overflow, Rounding, ScalarFormat
from hwdse.formats.scale import limits

__all__ = ["check_scales", "encode_per_block", "nearest_scales", "refuse_overflow", "scales_of"]

# Temporaries of this many values stay in the cache, and bound the memory of large tensors.
_CHUNK = 1 << 15

_Array = npt.NDArray[Any]
_Floats = npt.NDArray[np.float64]


def encode_per_block(
    a: _Array,
    where: Blocking,
    encode: Callable[[_Array], tuple[_Array, ...]],
    dtypes: Sequence[npt.DTypeLike],
) -> tuple[_Array, ...]:
    """Apply a function to all blocks of an array, some at a time.

    Args:
        a: The array.
        where: How it falls into blocks.
        encode: Of values of shape (blocks, size), gives elements of that shape, and arrays of
            shape (blocks,).
        dtypes: Of the results.

    Returns:
        The elements in the shape of ``a``, the others in that of its scales.
    """
    columns: list[list[_Array]] = [[] for _ in dtypes]
    for part in where.split(a):
        rows, blocks, size = part.shape
        flat = part.reshape(-1, size)
        step = max(1, _CHUNK // size)
        pieces = [encode(flat[at : at + step]) for at in range(0, flat.shape[0], step)]
        for i, (column, dtype) in enumerate(zip(columns, dtypes, strict=True)):
            joined = np.concatenate([piece[i].astype(dtype, copy=False) for piece in pieces])
            column.append(joined.reshape(part.shape if i == 0 else (rows, blocks)))
    elements = where.join_values(columns[0], dtypes[0])
    others = zip(columns[1:], dtypes[1:], strict=True)
    return elements, *(where.join_scales(column, dtype) for column, dtype in others)


def check_scales(scale: ScalarFormat, *, name: str) -> None:
    """Raise HwdseError unless a format of scales has infinities and NaNs."""
    if not {"inf", "NaN"} <= set(scale.specials):
        raise HwdseError(
            f"{name}: scales must have infinities and NaNs, as fp32, fp16 and bf16, "
            f"not {scale.name}"
        )


def nearest_scales(wanted: _Floats, scale: ScalarFormat) -> tuple[_Array, _Floats]:
    """Codes and values of the nearest scales; infinite where that is beyond the largest.

    What would be less than the least scale over zero becomes that.

    Args:
        wanted: Finite, 0 or more; where inexact, rounded to odd.
        scale: Their format, which has infinities.
    """
    least = limits(scale).least
    codes = scale.encode(np.maximum(wanted, least), Rounding.NEAREST_EVEN, Overflow.NONFINITE)
    return codes, scale.decode(codes)


def refuse_overflow(over: npt.NDArray[np.bool_], peak: _Floats, *, name: str, scale: str) -> None:
    """Raise HwdseError if the scale of a block, whose largest magnitude is ``peak``, is beyond."""
    if over.any():
        raise HwdseError(
            f"{name}: a block whose largest magnitude is {peak[over].max():g} needs a scale beyond "
            f"the largest of {scale}; scale the input down"
        )


def scales_of(
    fitting: npt.NDArray[Any], where: Blocking, *, name: str, what: str = "scales"
) -> list[_Array]:
    """One number per block, part by part as :meth:`Blocking.split` does; checked to fit."""
    if fitting.shape != where.scale_shape:
        raise HwdseError(
            f"{name}: {what} of elements of shape {where.shape} along axis {where.axis} have shape "
            f"{where.scale_shape}, not {fitting.shape}"
        )
    return where.split_scales(fitting)

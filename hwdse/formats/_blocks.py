"""Cutting arrays into the runs of values that share a scale, and putting them together again."""

from __future__ import annotations

import operator
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = ["BlockCodes", "Blocking", "blocking"]


@dataclass(frozen=True, kw_only=True, eq=False)
class BlockCodes:
    """What a block format makes of an array.

    Members:
        elements: Code of each value, in the array's shape.
        scales: Code of each block's scale: the array's shape, but along ``axis`` one per block. A
            whole array that shares one scale has shape ``()``.
        axis: Along which values share scales, 0 or more.
        tensor_scale: What all values are multiplied by besides; 1.0 without.
        zero_points: Integer code that stands for 0, in the shape of ``scales``; None without.
        selectors: Which of the format's candidate value sets a block takes, in the shape of
            ``scales``; None without.
    """

    elements: npt.NDArray[np.unsignedinteger[Any]]
    scales: npt.NDArray[np.unsignedinteger[Any]]
    axis: int
    tensor_scale: float = 1.0
    zero_points: npt.NDArray[np.unsignedinteger[Any]] | None = None
    selectors: npt.NDArray[np.unsignedinteger[Any]] | None = None


@dataclass(frozen=True, kw_only=True)
class Blocking:
    """How an array of one shape falls into blocks along one axis.

    Members:
        shape: The array's shape.
        axis: The axis, 0 or more.
        block: Values per block; the last block of each run along the axis may be shorter.
        whole: Whether the array is one single block.
    """

    shape: tuple[int, ...]
    axis: int
    block: int
    whole: bool

    @property
    def scale_shape(self) -> tuple[int, ...]:
        """Shape of the array of scales."""
        if self.whole:
            return ()
        blocks = -(-self._length // self.block)
        return (*self.shape[: self.axis], blocks, *self.shape[self.axis + 1 :])

    @property
    def _length(self) -> int:
        return self.shape[self.axis] if self.shape else 1

    def split(self, x: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """The full blocks, then the short last ones: arrays of shape (rows, blocks, size).

        Neither is there if it would be empty. Contiguous arrays are not copied where the axis is
        the last one.
        """
        if x.size == 0:
            return []
        if self.whole:
            return [x.reshape(1, 1, x.size)]
        rows = np.moveaxis(x.reshape(self.shape or (1,)), self.axis, -1).reshape(-1, self._length)
        full = self._length - self._length % self.block
        parts = []
        if full:
            parts.append(rows[:, :full].reshape(rows.shape[0], -1, self.block))
        if full < self._length:
            parts.append(rows[:, full:].reshape(rows.shape[0], 1, -1))
        return parts

    def join_values(self, parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> Any:
        """Arrays as :meth:`split` gave them, as one of the array's shape."""
        if not parts:
            return np.empty(self.shape, dtype=dtype)
        if self.whole:
            return parts[0].reshape(self.shape).astype(dtype, copy=False)
        return self._join([p.reshape(p.shape[0], -1) for p in parts], self.shape, dtype)

    def join_scales(self, parts: Sequence[npt.NDArray[Any]], dtype: npt.DTypeLike) -> Any:
        """Arrays of shape (rows, blocks), one for each of :meth:`split`, as one of scales."""
        if self.whole:
            scale = parts[0].reshape(()) if parts else np.zeros(())
            return scale.astype(dtype)
        if not parts:
            return np.empty(self.scale_shape, dtype=dtype)
        return self._join(parts, self.scale_shape, dtype)

    def split_scales(self, scales: npt.NDArray[Any]) -> list[npt.NDArray[Any]]:
        """One array of scales as :meth:`join_scales` took them."""
        if 0 in self.shape:
            return []
        if self.whole:
            return [scales.reshape(1, 1)]
        rows = np.moveaxis(scales.reshape(self.scale_shape), self.axis, -1)
        rows = rows.reshape(-1, rows.shape[-1])
        full = self._length // self.block
        return [part for part in (rows[:, :full], rows[:, full:]) if part.size]

    def _join(
        self, parts: Sequence[npt.NDArray[Any]], shape: tuple[int, ...], dtype: npt.DTypeLike
    ) -> npt.NDArray[Any]:
        rows = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
        moved = (*shape[: self.axis], *shape[self.axis + 1 :], rows.shape[1])
        values = np.moveaxis(rows.reshape(moved), -1, self.axis).reshape(shape)
        return np.ascontiguousarray(values, dtype=dtype).reshape(shape)


def blocking(
    shape: tuple[int, ...], *, axis: int, block: int | None, whole: bool = False, name: str
) -> Blocking:
    """How an array falls into blocks.

    Args:
        shape: The array's shape; a 0-d array is one block of one value.
        axis: As in NumPy: negative ones count from the last.
        block: Values per block; None for all along the axis.
        whole: Whether the array is one single block, whatever ``axis`` and ``block``.
        name: Name of the format, for messages.

    Raises:
        HwdseError: If there is no such axis.
    """
    dimensions = max(len(shape), 1)
    try:
        index = operator.index(axis)
    except TypeError:
        raise HwdseError(f"{name}: axis must be an integer, not {axis!r}") from None
    if not -dimensions <= index < dimensions:
        raise HwdseError(
            f"{name}: axis {index} is not one of an array of shape {shape}; "
            f"give {-dimensions} to {dimensions - 1}"
        )
    length = shape[index] if shape else 1
    return Blocking(
        shape=shape, axis=index % dimensions, block=block or max(length, 1), whole=whole
    )

"""Quantising an array piece by piece, so that neither it nor the result need fit memory."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._arrays import as_reals
from hwdse.formats._blocks import BlockCodes, Blocking, blocking
from hwdse.formats._rounding import parse_rounding
from hwdse.formats.base import Format, Overflow, Rounding, Seed
from hwdse.formats.hadamard import hadamard, inverse_hadamard
from hwdse.formats.slabs import slabs
from hwdse.formats.sqnr import SqnrMeter

__all__ = ["Job", "Rotation", "Sink", "quantize_stream"]

Sink = Callable[[str, tuple[int, ...], npt.DTypeLike], npt.NDArray[Any]]
"""Makes a place for an array: its role (``values``, ``codes``, ``scales`` ...), shape and dtype."""

_Index = tuple[slice, ...]
_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Rotation:
    """A Hadamard transform before quantisation, undone behind it.

    Members:
        block: Size of the transform, a power of two.
        seed: Of the random signs; None for none.
    """

    block: int
    seed: int | None = None


@dataclass(frozen=True, kw_only=True)
class Job:
    """What to do with an array.

    Members:
        format: The number format.
        axis: Along which values share scales, and are rotated.
        rounding, overflow, seed: As for :meth:`hwdse.formats.Format.quantize`.
        rotation: None for none.
        channel_axis: Along which the channels of the ratio lie; None for the whole tensor's only.
    """

    format: Format
    axis: int = -1
    rounding: str = Rounding.NEAREST_EVEN
    overflow: str = Overflow.SATURATE
    seed: Seed = None
    rotation: Rotation | None = None
    channel_axis: int | None = None


def quantize_stream(
    job: Job,
    x: npt.NDArray[Any],
    sink: Sink,
    *,
    codes: bool = False,
    step: Callable[[int], None] = lambda values: None,
) -> SqnrMeter:
    """Quantise an array into the places that a sink makes.

    The result is that of :meth:`hwdse.formats.Format.quantize`, except that ``stochastic`` draws in
    the order of the pieces. Only formats whose scales depend on more
    than a piece of values, and not just on their range, take more memory.

    Args:
        job: What to do.
        x: float16, float32, float64 or integers, of any shape; it may be a memory map.
        sink: Asked for ``values``; or, where ``codes``, for ``codes`` and whatever belongs to
            them: ``scales``, ``zero_points`` and ``selectors`` (see
            :class:`hwdse.formats.BlockCodes`), and the 0-d ``tensor_scale``.
        codes: Whether to give codes instead of values; with a rotation, those of rotated values.
        step: Told after each piece how many values it had.

    Returns:
        The ratio, in all and per channel.

    Raises:
        HwdseError: As :meth:`hwdse.formats.Format.quantize` does, or there is no such axis.
    """
    as_reals(np.empty(0, dtype=x.dtype), name=job.format.name)
    # One rounder for all pieces: stochastic ones must not repeat their draws.
    seed = parse_rounding(job.rounding, job.seed).random
    whole = blocking(x.shape, axis=job.axis, block=job.format.block, name=job.format.name)
    view = x.reshape(x.shape or (1,))
    axis = whole.axis
    channels = _channel_axis(job, view)
    meter = SqnrMeter(channels=1 if channels is None else view.shape[channels])
    options: dict[str, Any] = {"rounding": job.rounding, "overflow": job.overflow, "seed": seed}
    if job.format.whole_tensor:
        options["tensor_range"] = _range(job, view, axis)
    along: dict[str, Any] = {} if job.format.scale_format is None else {"axis": axis}
    places = _Places(sink, x.shape, whole)
    for index in _pieces(job, view, axis):
        piece = view[index]
        signal = _rotated(job, piece, axis)
        if codes:
            coded = job.format.encode(signal, **along, **options)
            places.store_codes(index, coded)
            values = job.format.decode(coded)
        else:
            values = job.format.quantize(signal, axis, **options)
        if job.rotation is not None:
            values = inverse_hadamard(values, job.rotation.block, axis, job.rotation.seed)
        if not codes:
            places.store("values", index, values)
        _measure(meter, piece, values, channels, index)
        step(piece.size)
    return meter


def _pieces(job: Job, view: npt.NDArray[Any], axis: int) -> list[_Index]:
    """Where an array may be cut; an empty array is one piece."""
    if job.format.one_piece:
        return [(slice(None),) * view.ndim]
    unit = job.format.block
    if unit is None:
        unit = 1 if job.format.scale_format is None or job.format.whole_tensor else None
    if unit is not None and job.rotation is not None:
        unit = math.lcm(unit, job.rotation.block)
    return list(slabs(view, axis=axis, unit=unit)) or [(slice(None),) * view.ndim]


def _rotated(job: Job, piece: npt.NDArray[Any], axis: int) -> npt.NDArray[Any]:
    if job.rotation is None:
        return piece
    return hadamard(piece, job.rotation.block, axis, job.rotation.seed)


def _range(job: Job, view: npt.NDArray[Any], axis: int) -> tuple[float, float]:
    """Least and greatest finite value of all that is to be quantised; (0, 0) without any.

    Two NaNs where one scale serves the whole tensor, and there are NaNs or infinities.
    """
    low, high = math.inf, -math.inf
    for index in _pieces(job, view, axis):
        signal = _rotated(job, view[index], axis)
        finite = signal[np.isfinite(signal)]
        if job.format.block is None and finite.size < signal.size:
            return math.nan, math.nan
        if finite.size:
            low, high = min(low, float(finite.min())), max(high, float(finite.max()))
    return (low, high) if low <= high else (0.0, 0.0)


def _channel_axis(job: Job, view: npt.NDArray[Any]) -> int | None:
    if job.channel_axis is None:
        return None
    if not -view.ndim <= job.channel_axis < view.ndim:
        raise HwdseError(
            f"channel axis {job.channel_axis} is not one of an array of shape {view.shape}; "
            f"give {-view.ndim} to {view.ndim - 1}"
        )
    return job.channel_axis % view.ndim


def _measure(
    meter: SqnrMeter, x: npt.NDArray[Any], xq: _Floats, channels: int | None, index: _Index
) -> None:
    signal = x.astype(np.float64)
    if channels is None:
        meter.add(signal.reshape(1, -1), xq.reshape(1, -1))
        return
    rows = signal.shape[channels]
    meter.add(
        np.moveaxis(signal, channels, 0).reshape(rows, -1),
        np.moveaxis(xq, channels, 0).reshape(rows, -1),
        index[channels].start or 0,
    )


class _Places:
    """The arrays that results go to, made when the first piece shows what there is."""

    def __init__(self, sink: Sink, shape: tuple[int, ...], whole: Blocking) -> None:
        self._sink = sink
        self._shape = shape
        self._whole = whole
        self._arrays: dict[str, npt.NDArray[Any]] = {}

    def store(self, role: str, index: _Index, values: npt.NDArray[Any]) -> None:
        self._place(role, self._shape, values.dtype)[index] = values

    def store_codes(self, index: _Index, coded: Any) -> None:
        if not isinstance(coded, BlockCodes):
            self.store("codes", index, coded)
            return
        self.store("codes", index, coded.elements)
        if "tensor_scale" not in self._arrays and coded.tensor_scale != 1.0:
            self._place("tensor_scale", (), np.float64)[...] = coded.tensor_scale
        for role, values in (
            ("scales", coded.scales),
            ("zero_points", coded.zero_points),
            ("selectors", coded.selectors),
        ):
            if values is None:
                continue
            if values.ndim == 0:
                self._place(role, (), values.dtype)[...] = values
                continue
            axis, block = self._whole.axis, self._whole.block
            cut = index[axis].start or 0
            where = list(index)
            where[axis] = slice(cut // block, cut // block + values.shape[axis])
            shape = self._whole.scale_shape
            self._place(role, shape, values.dtype)[tuple(where)] = values

    def _place(self, role: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        if role not in self._arrays:
            made = self._sink(role, shape, dtype)
            self._arrays[role] = made.reshape(made.shape or (1,)) if made.ndim == 0 else made
        return self._arrays[role]

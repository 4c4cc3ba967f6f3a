"""Unsigned integers with a scale and a zero point: ``uint4_g128``, ``uint8_channel``.

A value is worth ``(code - zero_point) * scale``. Of the values of a block, together with 0, let
``low`` and ``high`` be the least and greatest. Then ``scale = (high - low) / (2**bits - 1)``,
rounded to the nearest one of its format; ``zero_point = round(-low / scale)``, ties to even, within
0 to ``2**bits - 1``; and ``code = round(x / scale) + zero_point``, saturating, in the order of ONNX
QuantizeLinear: directions and ties are those of ``x / scale``, not of the code. 0 is exact always.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import integer, scalars
from hwdse.formats._arrays import as_reals, code_dtype
from hwdse.formats._blocks import BlockCodes, blocking
from hwdse.formats._per_block import (
    check_scales,
    encode_per_block,
    nearest_scales,
    refuse_overflow,
    scales_of,
)
from hwdse.formats._quotient import as_binary64, quotient
from hwdse.formats._rounding import Rounder, parse_rounding
from hwdse.formats._tensor_scale import checked_range
from hwdse.formats.base import (
    Family,
    Format,
    Overflow,
    Rounding,
    ScalarFormat,
    Seed,
    SharedScales,
    parse_option,
)
from hwdse.formats.block import check_block
from hwdse.formats.integer import IntegerFormat
from hwdse.formats.scale import limits

__all__ = ["FAMILY", "AffineFormat", "parse"]

_NAME = re.compile(r"(uint[0-9]+)_(?:(tensor)|(channel)|g(0|[1-9][0-9]{0,6}))(?:_(fp16|bf16))?")

_Floats = npt.NDArray[np.float64]
_Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class AffineFormat(SharedScales):
    """Unsigned integers of which blocks share a scale and a zero point.

    Blocks with NaNs or infinities and blocks beyond the scales are treated as by
    :class:`~hwdse.formats.block.BlockFormat`. An all-zero block has the least scale over zero, and
    zero point 0.

    Args:
        name: Its name.
        element: Unsigned integers of 1 to 16 bits.
        scale: Format of the scales, one with infinities and NaNs.
        block: Values along the axis that share a scale, 1 to 65536; None for all along the axis.
        whole: Whether the whole tensor shares one scale, whatever ``block``.

    Raises:
        HwdseError: If the block is out of range, or element or scale are of another kind.
    """

    name: str
    element: IntegerFormat
    scale: ScalarFormat
    block: int | None
    whole: bool = False

    def __post_init__(self) -> None:
        check_block(self.block, name=self.name)
        check_scales(self.scale, name=self.name)
        if self.element.signed or self.element.fraction_bits or self.element.bits > 16:
            raise HwdseError(
                f"{self.name}: elements must be uint1 to uint16, not {self.element.name}"
            )

    @property
    def kind(self) -> str:
        """``affine``."""
        return "affine"

    @property
    def bits(self) -> int:
        """Bits of one element's code, and of a zero point."""
        return self.element.bits

    @property
    def bits_per_value(self) -> float:
        """Bits of an element and its share of scale and zero point, in full blocks.

        Those of a whole axis or tensor count as nothing.
        """
        if self.whole or self.block is None:
            return self.bits
        return self.bits + (self.scale.bits + self.bits) / self.block

    @property
    def signed(self) -> bool:
        """True: with a zero point above 0 there are negative values."""
        return True

    @property
    def max(self) -> float:
        """The largest code times the largest scale, at zero point 0."""
        return self.element.max * self.scale.max

    @property
    def min(self) -> float:
        """``-max``, at the largest zero point."""
        return -self.max

    @property
    def min_normal(self) -> float:
        """The least scale."""
        return limits(self.scale).least

    @property
    def specials(self) -> tuple[str, ...]:
        """``NaN``, by way of the scale."""
        return ("NaN",)

    @property
    def whole_tensor(self) -> bool:
        """Whether codes depend on the range of the whole tensor: see ``tensor_range``."""
        return self.whole

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        axis: int = -1,
        seed: Seed = None,
        tensor_range: tuple[float, float] | None = None,
    ) -> BlockCodes:
        """The codes of numbers.

        Each quotient of a number and its scale is rounded once, exactly. The range of a block is
        exact too, but for integers beyond 2**53, of which it is off by 2**-52 at most.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`, of ``x / scale``.
            overflow: An :class:`Overflow`: of a block beyond the scales, ``saturate`` refuses it
                and ``nonfinite`` makes it NaN.
            axis: Along which values share scales.
            seed: What ``stochastic`` draws from: a seed, or a generator.
            tensor_range: Least and greatest value of the tensor, where ``x`` is a part of it or
                they were calibrated; by default those of the finite ``x``. NaNs say that there
                are some, or infinities. Ignored unless :attr:`whole_tensor`.

        Raises:
            HwdseError: If there is no such axis, the dtype is another, an option is not to be had,
                or a block is beyond the scales.
        """
        rounder = parse_rounding(rounding, seed)
        over = parse_option(Overflow, overflow)
        a = as_reals(x, name=self.name)
        where = blocking(a.shape, axis=axis, block=self.block, whole=self.whole, name=self.name)
        ends = None
        if self.whole and tensor_range is not None:
            ends = checked_range(tensor_range, nan=True, name=self.name)
        narrow = a.dtype.itemsize <= 4
        elements, scales, zero_points = encode_per_block(
            a,
            where,
            lambda values: self._encode_blocks(values, ends, rounder, over, narrow=narrow),
            (code_dtype(self.bits), code_dtype(self.scale.bits), code_dtype(self.bits)),
        )
        return BlockCodes(
            elements=elements, scales=scales, axis=where.axis, zero_points=zero_points
        )

    def _encode_blocks(
        self,
        values: _Array,
        ends: tuple[float, float] | None,
        rounder: Rounder,
        overflow: Overflow,
        *,
        narrow: bool,
    ) -> tuple[_Array, ...]:
        x = as_binary64(values)
        bad = np.asarray(~np.isfinite(x).all(axis=1))
        if ends is not None and math.isnan(ends[0]):
            bad, ends = np.ones_like(bad), None
        x = np.where(bad[:, None], 0.0, x)
        low, high = (x.min(axis=1), x.max(axis=1)) if ends is None else map(np.asarray, ends)
        low = np.broadcast_to(np.minimum(low, 0.0), bad.shape)
        high = np.broadcast_to(np.maximum(high, 0.0), bad.shape)
        wanted = quotient(
            _odd_sum(high, -low),
            np.asarray(self.element.max),
            scale_bits=self.bits,
            narrow=False,
        )
        codes, s = nearest_scales(wanted, self.scale)
        over = np.asarray(np.isinf(s)) & ~bad
        if overflow is Overflow.SATURATE:
            refuse_overflow(over, np.maximum(-low, high), name=self.name, scale=self.scale.name)
        bad = np.asarray(bad | over)
        s = np.where(bad, 1.0, s)
        zero_points = self.element.encode(self._quotients(-low, s, narrow=False))
        # One bit more, and a sign, for what lies on either side of the zero point.
        steps = IntegerFormat(name=self.name, bits=self.bits + 1, signed=True)
        n = steps.quantize(
            self._quotients(x, s[:, None], narrow=narrow),
            rounding=rounder.mode,
            seed=rounder.random,
        )
        elements = self.element.encode(n + zero_points[:, None])
        elements = np.where(bad[:, None], 0, elements)
        codes = np.where(bad, self.scale.encode(np.float64(np.nan)), codes)
        return elements, codes, np.where(bad, 0, zero_points)

    def _quotients(self, x: _Floats, scales: _Floats, *, narrow: bool) -> _Floats:
        bits = self.scale.significand_bits
        return quotient(x, scales, scale_bits=bits, narrow=narrow)

    def decode(self, codes: BlockCodes) -> _Floats:
        """The values of codes, exactly.

        Raises:
            HwdseError: If the arrays do not fit each other, or hold what is no code.
        """
        name = self.name
        if codes.zero_points is None:
            raise HwdseError(f"{name}: the codes have no zero points")
        elements = self.element.decode(codes.elements)
        where = blocking(
            elements.shape, axis=codes.axis, block=self.block, whole=self.whole, name=name
        )
        scales = scales_of(self.scale.decode(codes.scales), where, name=name)
        zero_points = scales_of(
            self.element.decode(codes.zero_points), where, name=name, what="zero points"
        )
        parts = [
            (e - z[:, :, None]) * s[:, :, None]
            for e, s, z in zip(where.split(elements), scales, zero_points, strict=True)
        ]
        return np.asarray(where.join_values(parts, np.float64))

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
        tensor_range: tuple[float, float] | None = None,
    ) -> _Floats:
        """The representable values that numbers round to.

        Args:
            x, axis, rounding, overflow, seed, tensor_range: As for :meth:`encode`.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: As for :meth:`encode`.
        """
        return self.decode(
            self.encode(x, rounding, overflow, axis=axis, seed=seed, tensor_range=tensor_range)
        )


def _odd_sum(a: _Floats, b: _Floats) -> _Floats:
    """The sum of two arrays of 0 or more, rounded to odd; the largest number where beyond.

    Source of the exact error: Knuth, The Art of Computer Programming, volume 2, 4.2.2, theorem B.
    """
    with np.errstate(over="ignore", invalid="ignore"):
        s = a + b
        part = s - a
        error = (a - (s - part)) + (b - part)
    s = np.minimum(s, np.finfo(np.float64).max)
    below = np.where(error < 0, np.nextafter(s, 0.0), s)
    return np.asarray((below.view(np.uint64) | (error != 0).astype(np.uint64)).view(np.float64))


def parse(name: str) -> AffineFormat | None:
    """The format of a name such as ``uint4_g128``, ``uint8_channel`` or ``uint8_tensor_fp16``.

    ``_channel`` is one scale and zero point along the whole axis, ``_tensor`` one for all; what
    they add to ``bits_per_value`` depends on the array, and counts as nothing.

    Raises:
        HwdseError: If bits or the group are out of range.
    """
    match = _NAME.fullmatch(name)
    element = None if match is None else integer.parse(match[1])
    if match is None or element is None:
        return None
    try:
        return AffineFormat(
            name=name,
            element=element,
            scale=scalars.scalar(match[5] or "fp32"),
            block=int(match[4]) if match[4] else None,
            whole=bool(match[2]),
        )
    except HwdseError as error:
        raise HwdseError(f"unknown format {name!r}: {error}") from None


FAMILY: Family[Format] = Family(parse=parse, names=("uint4_g128", "uint8_channel", "uint8_tensor"))

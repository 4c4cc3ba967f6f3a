"""Adaptive block floating point: integer significands under the BF16 maximum of their tile.

Basumallik et al., "Adaptive Block Floating-Point for Analog Deep Learning Hardware" (arXiv
2205.06287). A value of a tile is worth ``code / L * scale``, where ``L = 2**(bits - 1) - 1``, and
``scale`` is the largest magnitude of the tile in BF16, rounded to nearest: what is larger than it,
by a BF16 rounding error at most, saturates. The paper's matrix products are analogue: the product
of two tiles is amplified by a gain and read by a converter of a few bits, and only then scaled and
added to others digitally. :meth:`AbfpFormat.tile_products` computes what an ideal such device
gives, without noise; this part has no RTL.

The paper's text was not at hand. Second-hand accounts give BF16 maxima, and a gain before the
converter that is divided out behind it; one, of the supplement of Ahmed et al., "Universal photonic
artificial intelligence acceleration" (Nature 640, 368, 2025), which builds on the paper, gives
symmetric quantisers with steps of ``1 / (2**(bits - 1) - 1)`` that clip at 1, for the converter as
well. Here the converter's range is the width of a tile, ``n``, as the paper's formula is recalled;
a gain of ``n`` turns this into a converter that clips at 1.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import scalars
from hwdse.formats._arrays import as_reals, code_dtype
from hwdse.formats._blocks import BlockCodes, blocking
from hwdse.formats._per_block import (
    encode_per_block,
    nearest_scales,
    refuse_overflow,
    scales_of,
)
from hwdse.formats._quotient import as_binary64
from hwdse.formats._rounding import POINT, Rounder, decompose, parse_rounding, shift_round
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

__all__ = ["FAMILY", "AbfpFormat", "parse"]

_NUMBER = r"(0|[1-9][0-9]{0,6})"
_NAME = re.compile(rf"abfp{_NUMBER}_{_NUMBER}(?:_g{_NUMBER})?(?:_o{_NUMBER})?")
_GAIN = 1
_OUTPUT_BITS = 8
_MAX_GAIN = 1 << 16

_Floats = npt.NDArray[np.float64]
_Array = npt.NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class AbfpFormat(SharedScales):
    """Symmetric integers of which tiles share a BF16 scale, and the converter behind products.

    Tiles with NaNs or infinities and tiles beyond the scales are treated as by
    :class:`~hwdse.formats.block.BlockFormat`; an all-zero tile has the least scale over zero.

    Args:
        name: Its name.
        bits: Of a significand, 2 to 16.
        block: Values along the axis that form a tile, 1 to 65536.
        gain: What a product is multiplied by before the converter, a power of two, 1 to 65536.
        output_bits: Of the converter, 2 to 16.

    Raises:
        HwdseError: If one is out of range.
    """

    name: str
    bits: int
    block: int
    gain: int = _GAIN
    output_bits: int = _OUTPUT_BITS

    def __post_init__(self) -> None:
        check_block(self.block, name=self.name)
        for what, bits in (("bits", self.bits), ("output_bits", self.output_bits)):
            if not 2 <= bits <= 16:
                raise HwdseError(f"{self.name}: {what} must be 2 to 16, not {bits!r}")
        if not 1 <= self.gain <= _MAX_GAIN or self.gain & (self.gain - 1):
            raise HwdseError(
                f"{self.name}: the gain must be a power of two, 1 to {_MAX_GAIN}, not {self.gain!r}"
            )

    @property
    def kind(self) -> str:
        """``abfp``."""
        return "abfp"

    @property
    def bits_per_value(self) -> float:
        """Bits of a significand and its share of the scale, in full tiles."""
        return self.bits + self.scale.bits / self.block

    @property
    def signed(self) -> bool:
        """True."""
        return True

    @property
    def max(self) -> float:
        """The largest scale."""
        return self.scale.max

    @property
    def min(self) -> float:
        """``-max``."""
        return -self.max

    @property
    def min_normal(self) -> float:
        """The least scale over the largest significand."""
        return limits(self.scale).least / self._largest

    @property
    def specials(self) -> tuple[str, ...]:
        """``NaN``, by way of the scale."""
        return ("NaN",)

    @property
    def scale(self) -> ScalarFormat:
        """``bf16``."""
        return scalars.scalar("bf16")

    @property
    def element(self) -> IntegerFormat:
        """The significands, as integers."""
        return IntegerFormat(
            name=f"int{self.bits}_sym", bits=self.bits, signed=True, symmetric=True
        )

    @property
    def _largest(self) -> int:
        return (1 << (self.bits - 1)) - 1

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        axis: int = -1,
        seed: Seed = None,
    ) -> BlockCodes:
        """The codes of numbers: ``x / scale * L``, rounded once from its exact value.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`, of the significands.
            overflow: An :class:`Overflow`: of a tile beyond the scales, ``saturate`` refuses it
                and ``nonfinite`` makes it NaN.
            axis: Along which values form tiles.
            seed: What ``stochastic`` draws from: a seed, or a generator.

        Raises:
            HwdseError: If there is no such axis, the dtype is another, an option is not to be had,
                or a tile is beyond the scales.
        """
        rounder = parse_rounding(rounding, seed)
        over = parse_option(Overflow, overflow)
        a = as_reals(x, name=self.name)
        where = blocking(a.shape, axis=axis, block=self.block, name=self.name)
        elements, scales = encode_per_block(
            a,
            where,
            lambda values: self._encode_blocks(values, rounder, over),
            (code_dtype(self.bits), code_dtype(self.scale.bits)),
        )
        return BlockCodes(elements=elements, scales=scales, axis=where.axis)

    def _encode_blocks(
        self, values: _Array, rounder: Rounder, overflow: Overflow
    ) -> tuple[_Array, ...]:
        x = as_binary64(values)
        bad = np.asarray(~np.isfinite(x).all(axis=1))
        amax = np.abs(np.where(bad[:, None], 0.0, x)).max(axis=1)
        codes, s = nearest_scales(amax, self.scale)
        over = np.asarray(np.isinf(s)) & ~bad
        if overflow is Overflow.SATURATE:
            refuse_overflow(over, amax, name=self.name, scale=self.scale.name)
        bad = np.asarray(bad | over)
        finite = np.where(bad[:, None], values.dtype.type(0), values)
        n = _multiples(finite, np.where(bad, 1.0, s)[:, None], self._largest, rounder)
        elements = self.element.encode(n)
        elements = np.where(bad[:, None], 0, elements)
        return elements, np.where(bad, self.scale.encode(np.float64(np.nan)), codes)

    def decode(self, codes: BlockCodes) -> _Floats:
        """The values of codes, each the binary64 number nearest to ``code * scale / L``.

        Raises:
            HwdseError: If the arrays do not fit each other, or hold what is no code.
        """
        elements = self.element.decode(codes.elements)
        where = blocking(elements.shape, axis=codes.axis, block=self.block, name=self.name)
        scales = scales_of(self.scale.decode(codes.scales), where, name=self.name)
        # The product is exact, of 15 and 8 bits: there is one rounding, of the quotient.
        parts = [
            e * s[:, :, None] / self._largest
            for e, s in zip(where.split(elements), scales, strict=True)
        ]
        return np.asarray(where.join_values(parts, np.float64))

    def tile_products(self, w: BlockCodes, x: BlockCodes) -> _Floats:
        """What an ideal analogue device with this format's converter gives for each pair of tiles.

        With integer codes ``qw`` and ``qx``, tile width ``n = block``, ``L = 2**(bits - 1) - 1``
        and ``M = 2**(output_bits - 1) - 1``, the device computes the product of the significands
        ``p = sum(qw / L * qx / L)``, of at most ``n``, and gives
        ``y = clip(round(gain * p / (n / M)), -M, M) * (n / M) / gain * scale_w * scale_x``, ties
        to even. All is exact but the result, which is the nearest binary64 number. A short last
        tile uses a part of the same device, so ``n`` stays.

        Args:
            w, x: Codes of this format, of one shape, with tiles along the same axis.

        Returns:
            An array of the shape of the scales; NaN where a scale is. Its sum along the axis is
            the dot product.

        Raises:
            HwdseError: If shapes or axes differ, or an array holds what is no code.
        """
        if (w.elements.shape, w.axis) != (x.elements.shape, x.axis):
            raise HwdseError(
                f"{self.name}: tiles of shape {w.elements.shape} along axis {w.axis} and "
                f"{x.elements.shape} along {x.axis} do not pair; give the same shape and axis"
            )
        where = blocking(w.elements.shape, axis=w.axis, block=self.block, name=self.name)
        pairs = zip(
            where.split(self.element.decode(w.elements)),
            where.split(self.element.decode(x.elements)),
            scales_of(self.scale.decode(w.scales), where, name=self.name),
            scales_of(self.scale.decode(x.scales), where, name=self.name),
            strict=True,
        )
        parts = []
        for qw, qx, sw, sx in pairs:
            # Up to 65536 products of 30 bits are exact in binary64, and so is their sum.
            level = self._converted((qw * qx).sum(axis=2))
            largest = self.gain * ((1 << (self.output_bits - 1)) - 1)
            # 15 bits of a level, 17 of a tile's width, 16 of two scales.
            parts.append(level * self.block * (sw * sx) / largest)
        return np.asarray(where.join_scales(parts, np.float64))

    def _converted(self, total: _Floats) -> _Floats:
        """The converter's output for sums of products of codes."""
        top = (1 << (self.output_bits - 1)) - 1
        step = Fraction(self.gain * top, self.block * self._largest**2)
        # Sums that clip anyway are cut so that all products stay below 2**62: the denominator has
        # 46 bits at most, and the numerator 31.
        most = (top + 1) * step.denominator // step.numerator + 1
        magnitude = np.minimum(np.abs(total).astype(np.int64), most)
        level, rest = np.divmod(magnitude * step.numerator, step.denominator)
        half = 2 * rest - step.denominator
        level = level + ((half > 0) | ((half == 0) & (level % 2 == 1)))
        return np.asarray(np.copysign(np.minimum(level, top).astype(np.float64), total))


def _multiples(x: _Array, scales: _Floats, factor: int, rounder: Rounder) -> _Floats:
    """``x / scales * factor`` rounded to integers, of any size, as binary64 holds them.

    Args:
        x: Finite numbers.
        scales: BF16 numbers over zero.
        factor: Below 2**15.
        rounder: The way to round.
    """
    sign, wide, exponent = _wide(x)
    part, scale_exponent = np.frexp(scales)
    divisor = (part * 256).astype(np.uint64)
    # Long division of wide * factor, with 64 + 15 bits, by 2**7 to 2**8 - 1, in digits of 32 bits;
    # what is left over only counts as not zero.
    f, digit = np.uint64(factor), np.uint64(32)
    upper, rest = np.divmod((wide >> digit) * f, divisor)
    lower, rest = np.divmod((rest << digit) + (wide & np.uint64(0xFFFFFFFF)) * f, divisor)
    # upper * 2**32 + lower without its last 20 bits: 53 bits at most. Of a normal number 36 are
    # left at least; one that is subnormal in binary64 is far below half of any step.
    cut = np.uint64(20)
    kept = (upper << np.uint64(12)) + (lower >> cut)
    lost = ((lower & ((np.uint64(1) << cut) - np.uint64(1))) | rest) != 0
    kept = kept | lost.astype(np.uint64)
    # x * factor / scale = (wide * 2**(exponent - 63)) * factor / (divisor * 2**(s_e - 8)).
    shift = 63 - exponent + scale_exponent - 8 - 20
    magnitude = shift_round(kept, np.maximum(shift, 1), rounder=rounder, sign=sign)
    return np.asarray(np.where(sign, -1.0, 1.0) * magnitude.astype(np.float64))


def _wide(x: _Array) -> tuple[_Array, _Array, _Array]:
    """Sign, 64-bit significand and exponent: ``wide * 2**(exponent - 63)``, exactly."""
    sign, significand, exponent = decompose(x)
    if x.dtype.kind == "f":
        return sign, significand << np.uint64(63 - POINT), exponent
    exponent = np.maximum(exponent, 0)
    # Negated as unsigned, because -2**63 has no int64 counterpart.
    pattern = x.astype(np.int64 if x.dtype.kind == "i" else np.uint64).view(np.uint64)
    magnitude = np.where(sign, ~pattern + np.uint64(1), pattern)
    return sign, magnitude << (63 - exponent).astype(np.uint64), exponent


def parse(name: str) -> AbfpFormat | None:
    """The format of a name such as ``abfp8_32``, or ``abfp8_128_g8_o10``.

    ``abfpN_B`` has significands of N bits and tiles of B values. ``_g`` is the gain, 1 where it is
    not given, and ``_o`` the converter's bits, 8 where they are not given; neither matters to what
    a tensor is quantised to.

    Raises:
        HwdseError: If one is out of range.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits, block = int(match[1]), int(match[2])
    gain = _GAIN if match[3] is None else int(match[3])
    output_bits = _OUTPUT_BITS if match[4] is None else int(match[4])
    try:
        return AbfpFormat(
            name=f"abfp{bits}_{block}"
            + f"_g{gain}" * (gain != _GAIN)
            + f"_o{output_bits}" * (output_bits != _OUTPUT_BITS),
            bits=bits,
            block=block,
            gain=gain,
            output_bits=output_bits,
        )
    except HwdseError as error:
        raise HwdseError(f"unknown format {name!r}: {error}") from None


FAMILY: Family[Format] = Family(parse=parse, names=("abfp8_32",))

"""Formats whose values share scales: what :class:`BlockFormat` does with each block.

A value is worth ``element * scale * tensor_scale``: an element of a scalar format, the scale of its
block, and one float32 number for the whole tensor, 1 where the format has none.

Policies:
    * The last block of a run along the axis may be shorter; it has a scale of its own.
    * A block that holds a NaN or an infinity gets the NaN of the scale format, and elements of code
      0: all of it decodes to NaN. OCP leaves this to implementations; microxcaling does the same.
      A format whose scales have no NaN refuses such input. The maximum of a tensor does not count
      NaNs and infinities.
    * An all-zero block gets the least scale over zero, as does one whose scale would be less.
      Elements keep the signs of zeros where they have two.
    * A block whose scale would be beyond the largest is refused under ``saturate``; under
      ``nonfinite`` it gets the NaN of the scale format. With a tensor scale, which a caller may
      have found on other data, such a block saturates under ``saturate``.
    * Elements always saturate.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._arrays import as_reals, code_dtype, refuse_nans
from hwdse.formats._block_rounding import Arithmetic, BlockRounding, Options
from hwdse.formats._blocks import BlockCodes, Blocking, blocking
from hwdse.formats._rounding import parse_rounding
from hwdse.formats._tensor_scale import as_float32, tensor_amax, tensor_scale
from hwdse.formats.base import Overflow, Rounding, ScalarFormat, Seed, SharedScales, parse_option
from hwdse.formats.scale import ScaleRule, check_rule, is_power_of_two

__all__ = ["MAX_BLOCK", "Arithmetic", "BlockFormat", "check_block"]

MAX_BLOCK = 65536

# Temporaries of this many values stay in the cache.
_CHUNK = 1 << 15
_FLOAT32_BITS = 24
_QUOTIENT_BITS = 52

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class BlockFormat(SharedScales):
    """Elements of a scalar format, of which blocks share a scale.

    Args:
        name: Its name.
        element: Format of the elements.
        scale: Format of the scales; a sign bit it may have stays 0.
        block: Values along the axis that share a scale, 1 to 65536; None for all along the axis.
        rule: How a block chooses its scale.
        whole: Whether the whole tensor shares one scale, whatever ``block``.
        tensor_scale: Whether there is a second scale, for the whole tensor: a float32 number,
            ``amax / (scale.max * element.max)``, but 1 for an all-zero tensor, and at least
            ``2**-126``.
        arithmetic: How values are divided by scales.

    Raises:
        HwdseError: If the block is out of range, the rule or the arithmetic means nothing for the
            scales, or element and scale are too wide together.
    """

    name: str
    element: ScalarFormat
    scale: ScalarFormat
    block: int | None
    rule: ScaleRule
    whole: bool = False
    tensor_scale: bool = False
    arithmetic: Arithmetic = Arithmetic.EXACT

    def __post_init__(self) -> None:
        check_block(self.block, name=self.name)
        check_rule(self.rule, scale=self.scale, name=self.name)
        if self.arithmetic is not Arithmetic.EXACT and is_power_of_two(self.scale):
            raise HwdseError(
                f"{self.name}: division by the power-of-two scales of {self.scale.name} is exact; "
                f"use Arithmetic.EXACT, not {self.arithmetic}"
            )
        width = self.element.significand_bits + self._scale_bits
        if width > _QUOTIENT_BITS:
            raise HwdseError(
                f"{self.name}: the significands of element, scale and tensor scale must have "
                f"at most {_QUOTIENT_BITS} bits together, not {width}"
            )

    @property
    def kind(self) -> str:
        """``block``."""
        return "block"

    @property
    def bits(self) -> int:
        """Bits of an element's code."""
        return self.element.bits

    @property
    def bits_per_value(self) -> float:
        """Bits of an element and its share of the block's scale, in full blocks.

        Scales of a whole axis or tensor count as nothing.
        """
        if self.whole or self.block is None:
            return self.element.bits
        return self.element.bits + self.scale.bits / self.block

    @property
    def signed(self) -> bool:
        """Whether negative numbers have codes."""
        return self.element.signed

    @property
    def max(self) -> float:
        """The largest element times the largest scale (with a tensor scale of 1)."""
        return self.element.max * self._rounding.limits.largest

    @property
    def min(self) -> float:
        """The least element times the largest scale (with a tensor scale of 1)."""
        return self.element.min * self._rounding.limits.largest

    @property
    def min_normal(self) -> float:
        """The element's least normal value times the least scale (with a tensor scale of 1)."""
        return self.element.min_normal * self._rounding.least_scale

    @property
    def min_subnormal(self) -> float | None:
        """The element's least subnormal times the least scale; None if it has none."""
        if self.element.min_subnormal is None:
            return None
        return self.element.min_subnormal * self._rounding.least_scale

    @property
    def specials(self) -> tuple[str, ...]:
        """Those of the elements, and ``NaN`` where scales have one."""
        own = set(self.element.specials) | ({"NaN"} & set(self.scale.specials))
        return tuple(special for special in ("inf", "NaN", "NaR") if special in own)

    @property
    def whole_tensor(self) -> bool:
        """Whether codes depend on the range of the whole tensor: see ``tensor_range``."""
        return self.whole or self.tensor_scale

    @property
    def one_piece(self) -> bool:
        """Whether the scale depends on all values of the tensor, not on their range alone."""
        return self.whole and self.rule is ScaleRule.MSE

    @functools.cached_property
    def _rounding(self) -> BlockRounding:
        return BlockRounding(
            name=self.name,
            element=self.element,
            scale=self.scale,
            rule=self.rule,
            tensor_scale=self.tensor_scale,
            arithmetic=self.arithmetic,
        )

    @property
    def _scale_bits(self) -> int:
        return self.scale.significand_bits + self.tensor_scale * _FLOAT32_BITS

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
        """The codes of numbers: each is divided by its block's scale and rounded.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`, of the elements; scales are rounded as the rule says.
            overflow: An :class:`Overflow`, of the scales (see the module); ``nonfinite`` needs
                scales with NaN.
            axis: Along which values share scales.
            seed: What ``stochastic`` draws from: a seed, or a generator.
            tensor_range: Least and greatest value of the tensor, where ``x`` is a part of it or
                they were calibrated; by default those of the finite ``x``. NaNs say that there
                are some, or infinities, in a tensor that shares one scale. Ignored unless
                :attr:`whole_tensor`.

        Raises:
            HwdseError: If there is no such axis, the dtype is another, an option is not to be had,
                scales are beyond their range, or there are NaNs or infinities and scales have no
                NaN.
        """
        a, where, options = self._prepare(
            x, rounding, overflow, axis=axis, seed=seed, tensor_range=tensor_range
        )
        return self._encode(a, where, options)

    def _prepare(
        self,
        x: npt.ArrayLike,
        rounding: str,
        overflow: str,
        *,
        axis: int,
        seed: Seed,
        tensor_range: tuple[float, float] | None,
    ) -> tuple[npt.NDArray[Any], Blocking, Options]:
        rounder = parse_rounding(rounding, seed)
        over = parse_option(Overflow, overflow)
        a = as_reals(x, name=self.name)
        where = blocking(a.shape, axis=axis, block=self.block, whole=self.whole, name=self.name)
        if self._rounding.limits.nan_code is None:
            if over is Overflow.NONFINITE:
                raise HwdseError(
                    f"{self.name}: its scales, {self.scale.name}, have no NaN, so "
                    f"overflow={str(overflow)!r} is impossible; use 'saturate'"
                )
            _refuse_nonfinite(a, name=self.name)
        if self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL:
            a = as_float32(a, name=self.name)
        amax = 0.0
        if self.whole_tensor:
            nan = not self.tensor_scale
            amax = tensor_amax(a, tensor_range, nan=nan, name=self.name)
        options = Options(
            rounding=rounder.mode,
            overflow=over,
            random=rounder.random,
            tensor=self._tensor_scale(amax) if self.tensor_scale else 1.0,
            amax=amax if self.whole else None,
            narrow=a.dtype.itemsize <= 4,
        )
        return a, where, options

    def _tensor_scale(self, amax: float) -> float:
        reciprocal = self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL
        return tensor_scale(
            amax,
            divisor=self.scale.max * self.element.max,
            least_scale=self._rounding.least_scale if reciprocal else None,
            name=self.name,
        )

    def _encode(self, a: npt.NDArray[Any], where: Blocking, options: Options) -> BlockCodes:
        elements, scales = [], []
        for part in where.split(a):
            rows, blocks, size = part.shape
            flat = part.reshape(-1, size)
            codes = np.empty(flat.shape, dtype=code_dtype(self.element.bits))
            chosen = np.empty(flat.shape[0], dtype=code_dtype(self.scale.bits))
            step = max(1, _CHUNK // size)
            for start in range(0, flat.shape[0], step):
                cut = slice(start, start + step)
                codes[cut], chosen[cut] = self._rounding.encode(flat[cut], options)
            elements.append(codes.reshape(part.shape))
            scales.append(chosen.reshape(rows, blocks))
        return BlockCodes(
            elements=where.join_values(elements, code_dtype(self.element.bits)),
            scales=where.join_scales(scales, code_dtype(self.scale.bits)),
            axis=where.axis,
            tensor_scale=options.tensor,
        )

    def decode(self, codes: BlockCodes) -> _Floats:
        """The values of codes, exactly.

        Raises:
            HwdseError: If the arrays do not fit each other, or hold what is no code.
        """
        where = blocking(
            codes.elements.shape,
            axis=codes.axis,
            block=self.block,
            whole=self.whole,
            name=self.name,
        )
        if codes.scales.shape != where.scale_shape:
            raise HwdseError(
                f"{self.name}: scales of elements of shape {codes.elements.shape} along axis "
                f"{codes.axis} have shape {where.scale_shape}, not {codes.scales.shape}"
            )
        scales = self.scale.decode(codes.scales) * codes.tensor_scale
        parts = [
            self.element.decode(e) * s[:, :, None]
            for e, s in zip(where.split(codes.elements), where.split_scales(scales), strict=True)
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
            x, rounding, overflow, seed, tensor_range: As for :meth:`encode`.
            axis: Along which values share scales.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: As for :meth:`encode`.
        """
        a, where, options = self._prepare(
            x, rounding, overflow, axis=axis, seed=seed, tensor_range=tensor_range
        )
        fast = self._rounding.fast(a.dtype, options)
        if fast is None:
            return self.decode(self._encode(a, where, options))
        parts = []
        for part in where.split(a):
            flat = part.reshape(-1, part.shape[-1])
            values = np.empty(flat.shape)
            self._rounding.quantize(flat, values, fast, options)
            parts.append(values.reshape(part.shape))
        return np.asarray(where.join_values(parts, np.float64))


def check_block(block: int | None, *, name: str) -> None:
    """Raise HwdseError unless a block is None or a size that is to be had."""
    if block is None:
        return
    if not isinstance(block, int) or isinstance(block, bool) or not 1 <= block <= MAX_BLOCK:
        raise HwdseError(f"{name}: block must be 1 to {MAX_BLOCK}, not {block!r}")


def _refuse_nonfinite(x: npt.NDArray[Any], *, name: str) -> None:
    refuse_nans(x, name=name)
    if x.dtype.kind == "f" and bool(np.isinf(x).any()):
        count = int(np.count_nonzero(np.isinf(x)))
        raise HwdseError(
            f"{name} has no scale for infinities, but the input holds {count}; replace them"
        )

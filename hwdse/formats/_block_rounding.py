"""Rounding blocks of numbers: the choice of their scales, and the division by them."""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._grid import Grid, copy_signs, grid_of, magnitudes_by_block, round_to_grid
from hwdse.formats._quotient import as_binary64, quotient, significant_bits
from hwdse.formats.base import Overflow, Rounding, ScalarFormat
from hwdse.formats.scale import (
    ScaleLimits,
    ScaleRule,
    is_power_of_two,
    limits,
    rule_rounding,
    wanted_scale,
)

__all__ = ["Arithmetic", "BlockRounding", "Fast", "Options"]

# Few temporaries of this many values, of 4 bytes mostly, stay in the cache; of fewer values, the
# overhead of the calls shows.
_FAST_CHUNK = 1 << 17

_Codes = npt.NDArray[np.unsignedinteger[Any]]
_Floats = npt.NDArray[np.float64]


class Arithmetic(enum.Enum):
    """How a value is divided by its scale.

    Members:
        EXACT: The exact quotient of the exact value is rounded once.
        FLOAT32_RECIPROCAL: As torchao 0.18 (``nvfp4_quantize``), in float32 throughout, each step
            rounded to nearest: the value, if it is wider; the block's scale, ``amax / max`` over
            the tensor's, at least the scale format's least normal value; the product of the value
            and ``(1 / tensor scale) / scale``.
    """

    EXACT = "exact"
    FLOAT32_RECIPROCAL = "float32-reciprocal"


@dataclass(frozen=True, kw_only=True)
class Options:
    """What one call asks for.

    Members:
        rounding, overflow: Of elements, and of scales.
        random: What ``stochastic`` draws from.
        tensor: The scale of the tensor; 1.0 without.
        amax: The largest magnitude where the whole tensor is one block; None where it is not.
        narrow: Whether values have at most 32 bits.
    """

    rounding: Rounding
    overflow: Overflow
    random: np.random.Generator | None
    tensor: float
    amax: float | None
    narrow: bool


@dataclass(frozen=True, kw_only=True)
class Fast:
    """How to round without codes: the grids, and the dtype that holds quotients."""

    element: Grid
    scale: Grid | None
    dtype: np.dtype[Any]


@dataclass(frozen=True, kw_only=True)
class BlockRounding:
    """What a :class:`~hwdse.formats.block.BlockFormat` does with arrays of shape (blocks, size).

    Members:
        name: Of the format, for messages.
        element, scale, rule, tensor_scale, arithmetic: As of the format.
    """

    name: str
    element: ScalarFormat
    scale: ScalarFormat
    rule: ScaleRule
    tensor_scale: bool
    arithmetic: Arithmetic

    @functools.cached_property
    def limits(self) -> ScaleLimits:
        """The limits of the format of scales."""
        return limits(self.scale)

    @property
    def _only_powers(self) -> bool:
        """Whether every value is divided by a power of two."""
        return is_power_of_two(self.scale) and not self.tensor_scale

    def encode(self, v: npt.NDArray[Any], options: Options) -> tuple[_Codes, _Codes]:
        """Elements, of the same shape, and scales, one per block.

        Raises:
            HwdseError: If a scale is beyond the largest, and may not be.
        """
        x = as_binary64(v)
        bad = np.asarray(~np.isfinite(x).all(axis=1))
        if bad.any():
            x = np.where(bad[:, None], 0.0, x)
        amax = np.abs(x).max(axis=1)
        if options.amax is not None:
            bad = bad | math.isnan(options.amax)
            amax = np.full_like(amax, 0.0 if math.isnan(options.amax) else options.amax)
        wanted = self._wanted(amax, options)
        over = np.asarray(self._beyond(wanted) & ~bad)
        if over.any():
            if options.overflow is Overflow.SATURATE and not self.tensor_scale:
                largest = float(np.max(amax, where=over, initial=0.0))
                raise HwdseError(
                    f"{self.name}: a block whose largest magnitude is {largest:g} needs a "
                    f"scale beyond {self.scale.max:g}, the largest of {self.scale.name}; scale the "
                    "input down"
                )
            bad = bad | (over & (options.overflow is Overflow.NONFINITE))
        wanted = np.clip(wanted, self.least_scale, self.limits.largest)
        if self.rule is ScaleRule.MSE:
            scales = self._best_scale(x, amax, wanted, options)
        else:
            scales = self.scale.encode(wanted, rule_rounding(self.rule))
        elements = self._elements(x, scales, options, options.rounding)
        if bad.any():
            # Without a NaN for the scales, nothing is bad here.
            scales[bad] = self.limits.nan_code or 0
            elements[bad] = 0
        return elements, scales

    def _elements(self, x: _Floats, scales: _Codes, options: Options, rounding: Rounding) -> _Codes:
        s = self.scale.decode(scales)[:, None]
        if self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL:
            with np.errstate(over="ignore"):
                q = x.astype(np.float32) * self._reciprocal(s, options)
        else:
            q = quotient(
                x,
                s * options.tensor,
                scale_bits=self.scale.significand_bits + significant_bits(options.tensor),
                narrow=options.narrow,
            )
        return self.element.encode(q, rounding, seed=options.random)

    def _reciprocal(self, scales: _Floats, options: Options) -> npt.NDArray[np.float32]:
        one = np.float32(1.0)
        return np.asarray(one / np.float32(options.tensor) / scales.astype(np.float32))

    def _values(self, elements: _Codes, scales: _Codes, options: Options) -> _Floats:
        s = self.scale.decode(scales)[:, None] * options.tensor
        return np.asarray(self.element.decode(elements) * s)

    def _wanted(self, amax: _Floats, options: Options) -> _Floats:
        if self.arithmetic is Arithmetic.EXACT:
            return wanted_scale(
                amax,
                rule=self.rule,
                element=self.element,
                scale=self.scale,
                tensor=options.tensor,
                narrow=options.narrow and options.amax is None,
            )
        tensor = np.float32(options.tensor)
        with np.errstate(over="ignore"):
            s = amax.astype(np.float32) / np.float32(self.element.max) / tensor
        return s.astype(np.float64)

    def _beyond(self, wanted: _Floats) -> npt.NDArray[np.bool_]:
        """Where rounding, with exponents unbounded, takes a scale beyond the largest."""
        largest = self.limits.largest
        step = math.ldexp(1.0, math.frexp(largest)[1] - self.scale.significand_bits)
        match rule_rounding(self.rule):
            case Rounding.TOWARD_POSITIVE:
                return np.asarray(wanted > largest)
            case Rounding.TOWARD_ZERO:
                return np.asarray(wanted >= largest + step)
            case _:
                return np.asarray(wanted >= largest + step / 2)

    @functools.cached_property
    def least_scale(self) -> float:
        """The least scale that blocks take."""
        if self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL:
            return self.scale.min_normal
        return self.limits.least

    def _best_scale(self, x: _Floats, amax: _Floats, wanted: _Floats, options: Options) -> _Codes:
        best = self.scale.encode(wanted, Rounding.TOWARD_POSITIVE)
        # Nothing is drawn before the scale is chosen.
        rounding = options.rounding
        if rounding is Rounding.STOCHASTIC:
            rounding = Rounding.NEAREST_EVEN
        # Errors in units of the largest magnitude, so that squares do not overflow.
        unit = np.ldexp(1.0, np.clip(-np.frexp(amax)[1], -1000, 1000))[:, None]
        least = np.full(amax.shape, np.inf)
        for candidate in self._candidates(best, wanted):
            elements = self._elements(x, candidate, options, rounding)
            values = self._values(elements, candidate, options)
            error = np.square((x - values) * unit).sum(axis=1)
            better = error < least
            best = np.where(better, candidate, best)
            least = np.where(better, error, least)
        return best

    def _candidates(self, covering: _Codes, wanted: _Floats) -> list[_Codes]:
        """Scales that MSE tries, the largest first."""
        bits = self.scale.significand_bits
        floor = int(self.scale.encode(np.float64(self.least_scale)))
        codes = covering.astype(np.int64)
        if is_power_of_two(self.scale):
            below = range(3)
        elif bits <= 6:
            below = range((1 << (bits - 1)) + 1)
        else:
            shrunk = (wanted * (1 - i / 64) for i in range(33))
            return [self.scale.encode(np.maximum(s, self.least_scale)) for s in shrunk]
        return [np.maximum(codes - i, floor).astype(covering.dtype) for i in below]

    def fast(self, dtype: np.dtype[Any], options: Options) -> Fast | None:
        """What rounds numbers without codes, and as codes would; None where nothing does."""
        element, scale = grid_of(self.element), grid_of(self.scale)
        if options.rounding is not Rounding.NEAREST_EVEN or self.rule is ScaleRule.MSE:
            return None
        multiply = self._only_powers or self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL
        if element is None or not (options.narrow or (multiply and dtype.kind == "f")):
            return None
        if rule_rounding(self.rule) is not Rounding.NEAREST_EVEN:
            scale = None
        in_float32 = multiply and options.narrow and dtype.kind == "f"
        return Fast(
            element=element,
            scale=scale,
            dtype=np.dtype(np.float32 if in_float32 else np.float64),
        )

    def _fast_scales(self, amax: npt.NDArray[Any], fast: Fast, options: Options) -> _Floats | None:
        """The scales of blocks; None if one of them is no matter of course."""
        if not np.isfinite(amax).all() or (options.amax is not None and math.isnan(options.amax)):
            return None
        largest = amax.astype(np.float64)
        if options.amax is not None:
            largest = np.full_like(largest, options.amax)
        wanted = self._wanted(largest, options)
        if self._beyond(wanted).any():
            return None
        wanted = np.clip(wanted, self.least_scale, self.limits.largest)
        if is_power_of_two(self.scale) and self.rule is not ScaleRule.ROUND:
            return wanted
        if fast.scale is not None:
            round_to_grid(wanted, fast.scale, np.empty_like(wanted))
            return wanted
        return self.scale.decode(self.scale.encode(wanted, rule_rounding(self.rule)))

    def quantize(
        self, flat: npt.NDArray[Any], values: _Floats, fast: Fast, options: Options
    ) -> None:
        """Quantise blocks into an array of the same shape, as encoding and decoding would.

        Raises:
            HwdseError: As for :meth:`encode`.
        """
        blocks, size = flat.shape
        step = max(1, _FAST_CHUNK // size)
        buffers = [np.empty((min(step, blocks), size), dtype=fast.dtype) for _ in range(2)]
        for start in range(0, blocks, step):
            cut = slice(start, start + step)
            chunk = flat[cut]
            y, work = (buffer[: chunk.shape[0]] for buffer in buffers)
            # Signalling NaNs raise the invalid flag when widened.
            with np.errstate(invalid="ignore"):
                x = np.ascontiguousarray(chunk, dtype=fast.dtype)
            scales = self._fast_scales(magnitudes_by_block(x, work), fast, options)
            if scales is None:
                values[cut] = self._values(*self.encode(chunk, options), options)
                continue
            source = work if fast.element.signed_zero else x
            # One that a power of two makes too small to be normal rounds to zero either way.
            with np.errstate(over="ignore"):
                if self.arithmetic is Arithmetic.FLOAT32_RECIPROCAL:
                    np.multiply(source, self._reciprocal(scales, options)[:, None], out=y)
                elif self._only_powers:
                    np.multiply(source, (1 / scales).astype(fast.dtype)[:, None], out=y)
                else:
                    np.divide(source, (scales * options.tensor)[:, None], out=y)
            round_to_grid(y, fast.element, work)
            if fast.element.signed_zero:
                copy_signs(y, x, work)
            # Faster in two steps than as one that widens.
            np.copyto(values[cut], y)
            np.multiply(values[cut], (scales * options.tensor)[:, None], out=values[cut])

"""Binary floating point of any field widths, with or without infinities and NaNs."""

from __future__ import annotations

import enum
import functools
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._arrays import (
    all_codes,
    apply_in_chunks,
    as_codes,
    as_reals,
    code_dtype,
    refuse_nans,
)
from hwdse.formats._rounding import POINT, Rounder, decompose, parse_rounding, shift_round
from hwdse.formats.base import Overflow, Rounding, Seed, Unpacked, parse_option

__all__ = ["Minifloat", "NanPolicy"]


class NanPolicy(enum.Enum):
    """Which codes are NaNs.

    Members:
        NONE: None: every code is a number.
        ALL_ONES: Those with all bits set below the sign, as in OCP E4M3.
        IEEE: Those with all exponent bits set and a mantissa other than zero.
    """

    NONE = "none"
    ALL_ONES = "all-ones"
    IEEE = "ieee"


@dataclass(frozen=True, kw_only=True)
class Minifloat:
    """Sign, exponent and mantissa fields, with subnormals and two zeros.

    Args:
        name: Its name.
        exponent_bits: 1 to 8.
        mantissa_bits: 0 to 23, the hidden bit not counted.
        bias: What the exponent field exceeds the exponent by; all values must be normal numbers of
            binary64, or zero.
        infinities: Whether there are infinities; together with IEEE NaNs, or not at all.
        nan: Which codes are NaNs.

    Raises:
        HwdseError: If a parameter is out of range, or no finite code but zero is left.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    bias: int
    infinities: bool
    nan: NanPolicy

    def __post_init__(self) -> None:
        if not 1 <= self.exponent_bits <= 8:
            raise HwdseError(f"{self.name}: exponent_bits must be 1 to 8, not {self.exponent_bits}")
        if not 0 <= self.mantissa_bits <= 23:
            raise HwdseError(
                f"{self.name}: mantissa_bits must be 0 to 23, not {self.mantissa_bits}"
            )
        if self.infinities != (self.nan is NanPolicy.IEEE):
            raise HwdseError(
                f"{self.name}: infinities go with NanPolicy.IEEE and with no other, "
                f"not infinities={self.infinities} with {self.nan}"
            )
        if self.infinities and (self.mantissa_bits < 1 or self.exponent_bits < 2):
            raise HwdseError(
                f"{self.name}: infinities and NaNs need a mantissa bit and two exponent bits, not "
                f"mantissa_bits={self.mantissa_bits}, exponent_bits={self.exponent_bits}"
            )
        if self.max_code < 1:
            raise HwdseError(f"{self.name}: no finite code but zero is left")
        top = (self.max_code >> self.mantissa_bits) - self.bias
        if not (self._min_exponent - self.mantissa_bits >= -1022 and top <= 1023):
            raise HwdseError(
                f"{self.name}: values do not fit binary64 with bias={self.bias}; "
                "nearer to 2**(exponent_bits - 1) - 1 they do"
            )

    @property
    def kind(self) -> str:
        """``minifloat``."""
        return "minifloat"

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return 1 + self.exponent_bits + self.mantissa_bits

    @property
    def bits_per_value(self) -> float:
        """The bits of a code: there is no shared scale."""
        return self.bits

    @property
    def signed(self) -> bool:
        """True: there is a sign bit."""
        return True

    @property
    def max(self) -> float:
        """The largest finite value."""
        field = self.max_code >> self.mantissa_bits
        mantissa = self.max_code & ((1 << self.mantissa_bits) - 1)
        hidden = (field != 0) << self.mantissa_bits
        return math.ldexp(mantissa + hidden, max(field, 1) - self.bias - self.mantissa_bits)

    @property
    def min(self) -> float:
        """The least finite value, ``-max``."""
        return -self.max

    @property
    def min_normal(self) -> float:
        """The least positive value with a hidden bit of 1."""
        return math.ldexp(1.0, self._min_exponent)

    @property
    def min_subnormal(self) -> float | None:
        """The least positive value; None without mantissa bits, when there are no subnormals."""
        if self.mantissa_bits == 0:
            return None
        return math.ldexp(1.0, self._min_exponent - self.mantissa_bits)

    @property
    def infinity_code(self) -> int | None:
        """Code of positive infinity; None if there are no infinities."""
        if not self.infinities:
            return None
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits

    @property
    def nan_code(self) -> int | None:
        """Code of the quiet NaN that encoding makes, the sign bit aside; None if there is none."""
        match self.nan:
            case NanPolicy.NONE:
                return None
            case NanPolicy.ALL_ONES:
                return (1 << (self.bits - 1)) - 1
            case NanPolicy.IEEE:
                field = (1 << self.exponent_bits) - 1
                return (field << self.mantissa_bits) | (1 << (self.mantissa_bits - 1))

    @property
    def specials(self) -> tuple[str, ...]:
        """``inf`` and ``NaN``, as there are."""
        return ("inf",) * self.infinities + ("NaN",) * (self.nan is not NanPolicy.NONE)

    @property
    def block(self) -> None:
        """None: no scale is shared."""
        return None

    @property
    def scale_format(self) -> None:
        """None: no scale is shared."""
        return None

    @property
    def significand_bits(self) -> int:
        """Mantissa and hidden bit."""
        return self.mantissa_bits + 1

    @property
    def lsb_exponent(self) -> int:
        """Weight of the significand's last bit in subnormals: every value is a multiple of it."""
        return self._min_exponent - self.mantissa_bits

    @property
    def max_shift(self) -> int:
        """Largest left shift of a finite significand over :attr:`lsb_exponent`."""
        return max(self.max_code >> self.mantissa_bits, 1) - 1

    @property
    def _min_exponent(self) -> int:
        return 1 - self.bias

    @property
    def max_code(self) -> int:
        """The code of ``max``; positive codes up to here are numbers, in rising order."""
        match self.nan:
            case NanPolicy.NONE:
                return (1 << (self.bits - 1)) - 1
            case NanPolicy.ALL_ONES:
                return (1 << (self.bits - 1)) - 2
            case NanPolicy.IEEE:
                return (((1 << self.exponent_bits) - 1) << self.mantissa_bits) - 1

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly; the sign of zeros and NaNs is kept.

        Args:
            codes: Bit patterns, 0 to ``2**bits - 1``, of any integer dtype and shape.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: If codes are not integers, or one is out of range.
        """
        c = self.bit_patterns(codes)
        if self.bits <= 16:
            return np.asarray(_value_table(self)[c])
        return apply_in_chunks(self._values, c, dtype=np.float64)

    def _values(self, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
        u = self._unpack(codes)
        magnitude = np.ldexp(u.significand.astype(np.float64), u.exponent)
        magnitude[u.infinite] = np.inf
        magnitude[u.nan] = np.nan
        return np.where(u.sign, -magnitude, magnitude)

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, each rounded once from its exact value.

        The sign is kept: of zeros, of numbers that round to zero, of infinities and of NaNs. A NaN
        becomes :attr:`nan_code`, whatever its payload.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`.
            overflow: An :class:`Overflow`. Under ``nonfinite``, a number overflows if rounding to
                this precision, with exponents unbounded, takes it beyond ``max``; toward zero,
                only infinities do (IEEE 754-2019, section 7.4).
            seed: What ``stochastic`` draws from: a seed, or a generator.

        Returns:
            Unsigned bit patterns in the smallest dtype that holds them, of the same shape.

        Raises:
            HwdseError: If there is a NaN and the format has none, the dtype is another, or an
                option is not to be had.
        """
        rounder = parse_rounding(rounding, seed)
        beyond = self.max_code
        if parse_option(Overflow, overflow) is Overflow.NONFINITE:
            special = self.infinity_code if self.infinities else self.nan_code
            if special is None:
                raise HwdseError(
                    f"{self.name} has neither infinities nor NaN, so overflow={str(overflow)!r} is "
                    f"impossible; use 'saturate'"
                )
            beyond = special
        a = as_reals(x, name=self.name)
        if self.nan is NanPolicy.NONE:
            refuse_nans(a, name=self.name)

        def encode_chunk(chunk: npt.NDArray[Any]) -> npt.NDArray[Any]:
            return self._encode_chunk(chunk, rounder, beyond)

        return apply_in_chunks(encode_chunk, a, dtype=code_dtype(self.bits))

    def _encode_chunk(self, x: npt.NDArray[Any], rounder: Rounder, beyond: int) -> npt.NDArray[Any]:
        sign, significand, exponent = decompose(x)
        # Below the least exponent, one more bit is lost per binade. Above it, codes rise by
        # 2**mantissa_bits per binade; the hidden bit adds the first, and a carry out of the
        # significand the next, so rounding needs no second look.
        binade = exponent - self._min_exponent
        shift = POINT - self.mantissa_bits - np.minimum(binade, 0)
        offset = (np.maximum(binade, 0) << self.mantissa_bits).astype(np.uint64)
        code = shift_round(significand, shift, rounder=rounder, sign=sign, offset=offset)
        over = code > self.max_code
        if rounder.mode is Rounding.TOWARD_ZERO and beyond != self.max_code:
            code = np.where(over, np.uint64(self.max_code), code)
            over = np.isinf(x)
        code = np.where(over, np.uint64(beyond), code)
        if self.nan_code is not None and x.dtype.kind == "f":
            code = np.where(np.isnan(x), np.uint64(self.nan_code), code)
        return code | (sign.astype(np.uint64) << (self.bits - 1))

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The representable values that numbers round to.

        Args:
            x, rounding, overflow, seed: As for :meth:`encode`.
            axis: Ignored; it is there for formats whose values share a scale along an axis.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: As for :meth:`encode`.
        """
        return self.decode(self.encode(x, rounding, overflow, seed=seed))

    def unpack(self, codes: npt.ArrayLike) -> Unpacked:
        """Codes taken apart, the hidden bit included; subnormals are not normalised.

        The exponent is ``max(field, 1) - bias - mantissa_bits``, for zeros as well.

        Args:
            codes: As for :meth:`decode`.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        return self._unpack(self.bit_patterns(codes))

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        return as_codes(codes, name=self.name, bits=self.bits, negative=False)

    def _unpack(self, codes: npt.NDArray[np.int64]) -> Unpacked:
        magnitude = codes & ((1 << (self.bits - 1)) - 1)
        field = magnitude >> self.mantissa_bits
        hidden = (field != 0).astype(np.int64) << self.mantissa_bits
        significand = (magnitude & ((1 << self.mantissa_bits) - 1)) | hidden
        special = magnitude > self.max_code
        infinite = special & (magnitude == (self.infinity_code or -1))
        return Unpacked(
            sign=np.asarray((codes >> (self.bits - 1)) != 0),
            significand=np.asarray(np.where(special, 0, significand)),
            exponent=np.asarray(np.maximum(field, 1) - self.bias - self.mantissa_bits),
            nan=np.asarray(special & ~infinite),
            infinite=np.asarray(infinite),
        )

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code, in rising order.

        Raises:
            HwdseError: Beyond 16 bits.
        """
        return all_codes(name=self.name, bits=self.bits)


@functools.lru_cache(maxsize=32)
def _value_table(fmt: Minifloat) -> npt.NDArray[np.float64]:
    table = fmt._values(np.arange(1 << fmt.bits))
    table.flags.writeable = False
    return table

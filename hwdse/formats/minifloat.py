"""Binary floating point of any field widths, with or without sign, subnormals, infinities, NaNs.

Libraries disagree on conversions; this is what is done here.

- Every number is rounded once, from its exact value. ml_dtypes narrows binary64 and integers to
  binary32 first, and so rounds twice.
- Overflow is a parameter: ``saturate`` as in OCP MX and torch, ``nonfinite`` as in ml_dtypes and
  IEEE 754.
- A NaN is refused where the format has none. ml_dtypes makes a zero of it.
- In nearest-even, a tie in a format of one significand bit goes to the even code, as in gfloat and
  IEEE P3109. For ``e8m0`` ml_dtypes rounds ties up, as nearest-away does here, and rounds up all
  binary32 subnormals that are above the least value.
- Without a negative zero (``fnuz``), negative numbers that round to zero become the only zero.
"""

from __future__ import annotations

import enum
import functools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats import _lookup
from hwdse.formats._arrays import (
    all_codes,
    apply_in_chunks,
    as_codes,
    as_reals,
    code_dtype,
    refuse_nans,
)
from hwdse.formats._minifloat_decoding import unpack, values
from hwdse.formats._minifloat_encoding import code_table, encode_exactly
from hwdse.formats._rounding import parse_rounding
from hwdse.formats.base import Overflow, Rounding, Seed, Unpacked, Unscaled, parse_option

__all__ = ["Minifloat", "NanPolicy"]


class NanPolicy(enum.Enum):
    """Which codes are NaNs.

    Members:
        NONE: None: every code is a number.
        ALL_ONES: Those with all bits set below the sign, as in OCP E4M3 and E8M0.
        IEEE: Those with all exponent bits set and a mantissa other than zero.
        NEGATIVE_ZERO: The one that would be a negative zero, which there is not (``fnuz``).
    """

    NONE = "none"
    ALL_ONES = "all-ones"
    IEEE = "ieee"
    NEGATIVE_ZERO = "negative-zero"


@dataclass(frozen=True, kw_only=True)
class Minifloat(Unscaled):
    """Sign, exponent and mantissa fields.

    Args:
        name: Its name.
        exponent_bits: 1 to 10.
        mantissa_bits: 0 to 23, the hidden bit not counted.
        bias: What the exponent field exceeds the exponent by; all values must be normal numbers of
            binary64, or zero.
        infinities: Whether there are infinities; together with IEEE NaNs, or not at all.
        nan: Which codes are NaNs.
        signed: Whether the top bit is a sign.
        subnormals: Whether exponent field 0 holds multiples of one step, from zero on. If not, its
            codes have a hidden bit as well, and exponent ``-bias``.
        zero: Whether code 0 is zero. Only unsigned formats without subnormals may go without: their
            code 0 is ``2**-bias``, and all that is less becomes that.

    Raises:
        HwdseError: If a parameter is out of range, or no finite code but zero is left.
    """

    name: str
    exponent_bits: int
    mantissa_bits: int
    bias: int
    infinities: bool
    nan: NanPolicy
    signed: bool = True
    subnormals: bool = True
    zero: bool = True

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem is not None:
            raise HwdseError(f"{self.name}: {problem}")

    def _problem(self) -> str | None:
        x, y = self.exponent_bits, self.mantissa_bits
        if not 1 <= x <= 10:
            return f"exponent_bits must be 1 to 10, not {x!r}"
        if not 0 <= y <= 23:
            return f"mantissa_bits must be 0 to 23, not {y!r}"
        if self.bits > 32:
            return f"sign, exponent and mantissa must be at most 32 bits, not {self.bits}"
        if self.infinities != (self.nan is NanPolicy.IEEE):
            return (
                "infinities go with NanPolicy.IEEE and with no other, "
                f"not infinities={self.infinities} with {self.nan}"
            )
        if self.infinities and (y < 1 or x < 2):
            return (
                "infinities and NaNs need a mantissa bit and two exponent bits, not "
                f"mantissa_bits={y}, exponent_bits={x}"
            )
        if self.nan is NanPolicy.NEGATIVE_ZERO and not self.signed:
            return "NanPolicy.NEGATIVE_ZERO needs a sign, not signed=False"
        if not self.zero and (self.signed or self.subnormals):
            return (
                "zero=False needs a format without sign and subnormals, "
                f"not signed={self.signed}, subnormals={self.subnormals}"
            )
        if self.max_code < 1:
            return "no finite code but zero is left"
        if not (self.lsb_exponent >= -1022 and self._exponent(self.max_code) <= 1023):
            return (
                f"values do not fit binary64 with bias={self.bias}; "
                "nearer to 2**(exponent_bits - 1) - 1 they do"
            )
        return None

    @property
    def kind(self) -> str:
        """``minifloat``."""
        return "minifloat"

    @property
    def bits(self) -> int:
        """Bits of one code."""
        return self._magnitude_bits + self.signed

    @property
    def _magnitude_bits(self) -> int:
        return self.exponent_bits + self.mantissa_bits

    @property
    def max(self) -> float:
        """The largest finite value."""
        return self._value(self.max_code)

    @property
    def min(self) -> float:
        """The least finite value: ``-max``; without a sign, 0 or else the least of all."""
        return -self.max if self.signed else self._value(0)

    @property
    def min_normal(self) -> float:
        """The least positive value with a hidden bit of 1."""
        return self._value(1 << self.mantissa_bits if self.subnormals else int(self.zero))

    @property
    def min_subnormal(self) -> float | None:
        """The least positive value if it is a subnormal; None if there are none."""
        if not self.subnormals or self.mantissa_bits == 0:
            return None
        return self._value(1)

    def _value(self, code: int) -> float:
        """The value of a finite code that is not negative."""
        mantissa = code & ((1 << self.mantissa_bits) - 1)
        hidden = code >> self.mantissa_bits != 0 if self.subnormals else code != 0 or not self.zero
        significand = mantissa + (int(hidden) << self.mantissa_bits)
        return math.ldexp(significand, self._exponent(code) - self.mantissa_bits)

    def _exponent(self, code: int) -> int:
        return max(code >> self.mantissa_bits, int(self.subnormals)) - self.bias

    @property
    def min_exponent(self) -> int:
        """The exponent of the numbers of least exponent that have a hidden bit."""
        return int(self.subnormals) - self.bias

    @property
    def infinity_code(self) -> int | None:
        """Code of positive infinity; None if there are no infinities."""
        if not self.infinities:
            return None
        return ((1 << self.exponent_bits) - 1) << self.mantissa_bits

    @property
    def nan_code(self) -> int | None:
        """Code of the quiet NaN that encoding makes; None if there is none.

        The sign may be set besides, but under ``NEGATIVE_ZERO``, where it is all of the code.
        """
        match self.nan:
            case NanPolicy.NONE:
                return None
            case NanPolicy.ALL_ONES:
                return (1 << self._magnitude_bits) - 1
            case NanPolicy.IEEE:
                field = (1 << self.exponent_bits) - 1
                return (field << self.mantissa_bits) | (1 << (self.mantissa_bits - 1))
            case NanPolicy.NEGATIVE_ZERO:
                return 1 << self._magnitude_bits

    @property
    def max_code(self) -> int:
        """The code of ``max``; positive codes up to here are numbers, in rising order."""
        match self.nan:
            case NanPolicy.NONE | NanPolicy.NEGATIVE_ZERO:
                return (1 << self._magnitude_bits) - 1
            case NanPolicy.ALL_ONES:
                return (1 << self._magnitude_bits) - 2
            case NanPolicy.IEEE:
                return (((1 << self.exponent_bits) - 1) << self.mantissa_bits) - 1

    @property
    def specials(self) -> tuple[str, ...]:
        """``inf`` and ``NaN``, as there are."""
        return ("inf",) * self.infinities + ("NaN",) * (self.nan is not NanPolicy.NONE)

    @property
    def negative_zero(self) -> bool:
        """Whether zero has a sign."""
        return self.signed and self.nan is not NanPolicy.NEGATIVE_ZERO

    @property
    def significand_bits(self) -> int:
        """Mantissa and hidden bit."""
        return self.mantissa_bits + 1

    @property
    def lsb_exponent(self) -> int:
        """Weight of the significand's last bit in exponent field 0; all values are multiples."""
        return self.min_exponent - self.mantissa_bits

    @property
    def max_shift(self) -> int:
        """Largest left shift of a finite significand over :attr:`lsb_exponent`."""
        return self._exponent(self.max_code) - self.min_exponent

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly; the sign of zeros and NaNs is kept.

        Args:
            codes: Bit patterns, 0 to ``2**bits - 1``, of any integer dtype and shape.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: If codes are not integers, or one is out of range.
        """
        c = np.asarray(codes)
        # What encoding gives needs no conversion, which would take eight bytes a code.
        if c.dtype != code_dtype(self.bits) or (c.size and int(c.max()) >> self.bits):
            c = self.bit_patterns(c)
        return apply_in_chunks(functools.partial(values, self), c, dtype=np.float64)

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, each rounded once from its exact value.

        The sign is kept: of zeros, of numbers that round to zero, of infinities and of NaNs, as far
        as the format has them. A NaN becomes :attr:`nan_code`, whatever its payload.

        A number overflows if rounding to this precision, with exponents unbounded, takes it beyond
        ``max``. Under ``saturate`` it becomes ``max``, or ``-max`` if negative. Under ``nonfinite``
        it becomes an infinity, or NaN if there are none, but in directed rounding towards zero
        (for a positive number: toward-zero, toward-negative and to-odd) the largest number is kept
        and only infinities go there. Sources: IEEE 754-2019, section 7.4; for to-odd, Arm's FCVTXN
        and Berkeley SoftFloat.

        Without a sign, a negative number becomes ``min`` under ``saturate``. Under ``nonfinite`` it
        is NaN unless it rounds to zero. Without a zero, so is zero under ``nonfinite``, and smaller
        numbers than ``min`` become ``min``, in every rounding.

        Args:
            x: float16, float32, float64 or integers, of any shape.
            rounding: A :class:`Rounding`.
            overflow: An :class:`Overflow`; ``nonfinite`` where there are infinities or NaN.
            seed: What ``stochastic`` draws from: a seed, or a generator, which gives one number of
                64 bits for each value, in the order of the array's indices.

        Returns:
            Unsigned bit patterns in the smallest dtype that holds them, of the same shape.

        Raises:
            HwdseError: If there is a NaN and the format has none, the dtype is another, or an
                option is not to be had.
        """
        a = as_reals(x, name=self.name)
        function = self._encoder(a, rounding, overflow, seed)
        return apply_in_chunks(function, a, dtype=code_dtype(self.bits))

    def _encoder(
        self, a: npt.NDArray[Any], rounding: str, overflow: str, seed: Seed
    ) -> Callable[[npt.NDArray[Any]], npt.NDArray[Any]]:
        """What encodes the parts of an array; raises HwdseError for options not to be had."""
        rounder = parse_rounding(rounding, seed)
        saturate = parse_option(Overflow, overflow) is Overflow.SATURATE
        if not saturate and self.nan_code is None:
            raise HwdseError(
                f"{self.name} has neither infinities nor NaN, so overflow={str(overflow)!r} is "
                f"impossible; use 'saturate'"
            )
        table = None
        if (
            rounder.mode is not Rounding.STOCHASTIC
            and _lookup.serves(
                a.dtype, mantissa_bits=self.mantissa_bits, lsb_exponent=self.lsb_exponent
            )
            and a.size >= _lookup.entries(a.dtype)
        ):
            table = code_table(self, rounder.mode, saturate, a.dtype)

        def encode_part(part: npt.NDArray[Any]) -> npt.NDArray[Any]:
            if self.nan_code is None and part.dtype.kind == "f" and np.isnan(part).any():
                refuse_nans(a, name=self.name)
            if table is not None:
                return table.take(_lookup.indices(part), mode="clip")
            return encode_exactly(self, part, rounder, saturate=saturate)

        return encode_part

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
        a = as_reals(x, name=self.name)
        encode_part = self._encoder(a, rounding, overflow, seed)
        return apply_in_chunks(lambda part: values(self, encode_part(part)), a, dtype=np.float64)

    def unpack(self, codes: npt.ArrayLike) -> Unpacked:
        """Codes taken apart, the hidden bit included; subnormals are not normalised.

        The exponent is that of the field, less ``mantissa_bits``, for zeros as well.

        Args:
            codes: As for :meth:`decode`.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        return unpack(self, self.bit_patterns(codes))

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        return as_codes(codes, name=self.name, bits=self.bits, negative=False)

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code, in rising order.

        Raises:
            HwdseError: Beyond 16 bits.
        """
        return all_codes(name=self.name, bits=self.bits)

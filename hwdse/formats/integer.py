"""Integers: two's complement ``int1`` to ``int16``, unsigned ``uint1`` to ``uint16``."""

from __future__ import annotations

import re
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
from hwdse.formats.base import (
    Family,
    Overflow,
    Rounding,
    ScalarFormat,
    Seed,
    Unpacked,
    parse_option,
)

__all__ = ["FAMILY", "IntegerFormat", "parse"]

_MAX_NAMED_BITS = 16
_MAX_BITS = 32
_NAME = re.compile(r"(u?)int(0|[1-9][0-9]{0,3})")


@dataclass(frozen=True, kw_only=True)
class IntegerFormat:
    """Integers, two's complement where signed, with no scale: a code is worth its integer.

    Args:
        name: Its name.
        bits: 1 to 32.
        signed: Whether codes are two's complement.

    Raises:
        HwdseError: If bits are out of range.
    """

    name: str
    bits: int
    signed: bool

    def __post_init__(self) -> None:
        if not 1 <= self.bits <= _MAX_BITS:
            raise HwdseError(f"{self.name}: bits must be 1 to {_MAX_BITS}, not {self.bits!r}")

    @property
    def kind(self) -> str:
        """``integer``."""
        return "integer"

    @property
    def bits_per_value(self) -> float:
        """The bits of a code: there is no shared scale."""
        return self.bits

    @property
    def max(self) -> float:
        """The largest value."""
        return float(self._high)

    @property
    def min(self) -> float:
        """The least value; -1 for ``int1``, whose other value is 0."""
        return float(self._low)

    @property
    def min_normal(self) -> float:
        """1, the least magnitude but zero."""
        return 1.0

    @property
    def min_subnormal(self) -> None:
        """None: integers have no subnormals."""
        return None

    @property
    def specials(self) -> tuple[str, ...]:
        """None: every code is a number."""
        return ()

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
        """Width of the largest magnitude."""
        return max(self._high, -self._low).bit_length()

    @property
    def lsb_exponent(self) -> int:
        """0: values are integers."""
        return 0

    @property
    def max_shift(self) -> int:
        """0: all codes have the same exponent."""
        return 0

    @property
    def _high(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    @property
    def _low(self) -> int:
        return -(1 << (self.bits - 1)) if self.signed else 0

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly.

        Args:
            codes: Bit patterns, 0 to ``2**bits - 1``, of any integer dtype and shape; where the
                format is signed, negative integers within its range stand for themselves.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: If codes are not integers, or one is out of range.
        """
        return self._integers(codes).astype(np.float64)

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        return as_codes(codes, name=self.name, bits=self.bits, negative=self.signed)

    def _integers(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        c = self.bit_patterns(codes)
        if self.signed:
            # Both arms of the XOR trick stay within int64, and need no mask.
            half = 1 << (self.bits - 1)
            c = (c ^ half) - half
        return np.asarray(c)

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, each rounded once from its exact value.

        Args:
            x: float16, float32, float64 or integers, of any shape; infinities saturate.
            rounding: A :class:`Rounding`.
            overflow: ``saturate``; integers have neither infinity nor NaN.
            seed: What ``stochastic`` draws from: a seed, or a generator.

        Returns:
            Unsigned bit patterns in the smallest dtype that holds them, of the same shape.

        Raises:
            HwdseError: If there is a NaN, the dtype is another, or an option is not to be had.
        """
        rounder = parse_rounding(rounding, seed)
        if parse_option(Overflow, overflow) is not Overflow.SATURATE:
            raise HwdseError(
                f"{self.name} has neither infinities nor NaN, so overflow={str(overflow)!r} is "
                f"impossible; use 'saturate'"
            )
        a = as_reals(x, name=self.name)
        refuse_nans(a, name=self.name)

        def encode_chunk(chunk: npt.NDArray[Any]) -> npt.NDArray[Any]:
            if chunk.dtype.kind == "f":
                return self._encode_floats(chunk, rounder)
            return self._encode_integers(chunk)

        return apply_in_chunks(encode_chunk, a, dtype=code_dtype(self.bits))

    def _encode_floats(self, x: npt.NDArray[Any], rounder: Rounder) -> npt.NDArray[Any]:
        sign, significand, exponent = decompose(x)
        # From 2**52 on, a shift of 0 or less would be due; they saturate all the same.
        shift = np.maximum(POINT - exponent, 1)
        magnitude = shift_round(significand, shift, rounder=rounder, sign=sign)
        limit = np.where(sign, np.uint64(-self._low), np.uint64(self._high))
        magnitude = np.minimum(magnitude, limit)
        # Negated within 64 bits, of which the mask leaves the two's complement code.
        pattern = np.where(sign, ~magnitude + np.uint64(1), magnitude)
        return pattern & np.uint64((1 << self.bits) - 1)

    def _encode_integers(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        if x.dtype.kind == "u":
            return np.minimum(x.astype(np.uint64), np.uint64(self._high))
        return np.clip(x.astype(np.int64), self._low, self._high) & ((1 << self.bits) - 1)

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The integers that numbers round to; no scale is applied.

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
        """Codes taken apart: the significand is the magnitude, the exponent is 0.

        Args:
            codes: As for :meth:`decode`.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        v = self._integers(codes)
        return Unpacked(
            sign=np.asarray(v < 0),
            significand=np.asarray(np.abs(v)),
            exponent=np.zeros(v.shape, dtype=np.int64),
            nan=np.zeros(v.shape, dtype=np.bool_),
            infinite=np.zeros(v.shape, dtype=np.bool_),
        )

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code, in rising order.

        Raises:
            HwdseError: Beyond 16 bits.
        """
        return all_codes(name=self.name, bits=self.bits)


def parse(name: str) -> IntegerFormat | None:
    """The format that ``intN`` or ``uintN`` names, or None for a name of another shape.

    Raises:
        HwdseError: If N is not in 1 to 16.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    bits = int(match[2])
    if not 1 <= bits <= _MAX_NAMED_BITS:
        raise HwdseError(
            f"unknown format {name!r}: integers have 1 to {_MAX_NAMED_BITS} bits, not {bits}"
        )
    return IntegerFormat(name=name, bits=bits, signed=not match[1])


FAMILY: Family[ScalarFormat] = Family(
    parse=parse,
    names=tuple(f"int{n}" for n in (2, 3, 4, 5, 6, 7, 8, 12, 16))
    + tuple(f"uint{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 12, 16)),
)

"""Integers and fixed point: two's complement, without its most negative code, or unsigned.

``int8`` and ``uint8`` are plain; ``int8_sym`` has no code for -128; ``fixed8_4``, ``ufixed8_4`` and
``fixed8_4_sym`` are the same integers times ``2**-4``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
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
    Unscaled,
    parse_option,
)

__all__ = ["FAMILY", "IntegerFormat", "parse"]

_MAX_NAMED_BITS = 16
_MAX_BITS = 32
_MAX_FRACTION_BITS = 32
_TO_WHOLE: dict[Rounding, Callable[[npt.NDArray[np.float64]], npt.NDArray[np.float64]]] = {
    Rounding.NEAREST_EVEN: np.rint,
    Rounding.TOWARD_ZERO: np.trunc,
    Rounding.TOWARD_POSITIVE: np.ceil,
    Rounding.TOWARD_NEGATIVE: np.floor,
}
_NUMBER = r"(0|[1-9][0-9]{0,3})"
_NAME = re.compile(rf"(u?)(?:int{_NUMBER}|fixed{_NUMBER}_{_NUMBER})(_sym)?")


@dataclass(frozen=True, kw_only=True)
class IntegerFormat(Unscaled):
    """Integers times a fixed power of two: a code is worth its integer times ``2**-fraction_bits``.

    Args:
        name: Its name.
        bits: 1 to 32; a symmetric format has 2 at least.
        signed: Whether codes are two's complement.
        symmetric: Whether the most negative code of two's complement is left out, so that
            ``min == -max``: encoding never gives it, and decoding refuses it.
        fraction_bits: 0 to 32.

    Raises:
        HwdseError: If bits or fraction bits are out of range, or a symmetric format is unsigned.
    """

    name: str
    bits: int
    signed: bool
    symmetric: bool = False
    fraction_bits: int = 0

    def __post_init__(self) -> None:
        if self.symmetric and not self.signed:
            raise HwdseError(f"{self.name}: only signed integers can be symmetric")
        if not 1 + self.symmetric <= self.bits <= _MAX_BITS:
            raise HwdseError(
                f"{self.name}: bits must be {1 + self.symmetric} to {_MAX_BITS}, not {self.bits!r}"
            )
        if not 0 <= self.fraction_bits <= _MAX_FRACTION_BITS:
            raise HwdseError(
                f"{self.name}: fraction_bits must be 0 to {_MAX_FRACTION_BITS}, "
                f"not {self.fraction_bits!r}"
            )

    @property
    def kind(self) -> str:
        """``integer``, or ``fixed-point`` with fraction bits."""
        return "fixed-point" if self.fraction_bits else "integer"

    @property
    def max(self) -> float:
        """The largest value."""
        return math.ldexp(self._high, self.lsb_exponent)

    @property
    def min(self) -> float:
        """The least value; -1 for ``int1``, whose other value is 0."""
        return math.ldexp(self._low, self.lsb_exponent)

    @property
    def min_normal(self) -> float:
        """The least magnitude but zero: 1, or that of the last fraction bit."""
        return math.ldexp(1.0, self.lsb_exponent)

    @property
    def min_subnormal(self) -> None:
        """None: all values have the same precision."""
        return None

    @property
    def specials(self) -> tuple[str, ...]:
        """None: every code is a number."""
        return ()

    @property
    def significand_bits(self) -> int:
        """Width of the largest magnitude."""
        return max(self._high, -self._low).bit_length()

    @property
    def lsb_exponent(self) -> int:
        """0 for integers: minus the fraction bits."""
        return -self.fraction_bits

    @property
    def max_shift(self) -> int:
        """0: all codes have the same exponent."""
        return 0

    @property
    def _high(self) -> int:
        return (1 << (self.bits - self.signed)) - 1

    @property
    def _low(self) -> int:
        return self.symmetric - (1 << (self.bits - 1)) if self.signed else 0

    @property
    def _left_out(self) -> int:
        """Bit pattern that a symmetric format does without."""
        return 1 << (self.bits - 1)

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
        return np.ldexp(self._integers(codes).astype(np.float64), self.lsb_exponent)

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        c = as_codes(codes, name=self.name, bits=self.bits, negative=self.signed)
        if self.symmetric:
            bad = np.argwhere(c == self._left_out)
            if bad.size or (c.ndim == 0 and c == self._left_out):
                where = f" at index {bad[0].tolist()}" if c.ndim else ""
                raise HwdseError(
                    f"{self._left_out}{where}, the most negative code of two's complement, is not "
                    f"a code of {self.name}; 'int{self.bits}' has it"
                )
        return c

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
        to_whole = _TO_WHOLE.get(rounder.mode)
        if to_whole is not None:
            # Exact: a power of two changes the exponent only, upward, and what it takes beyond
            # binary64 is infinite and saturates; these functions give integers of any size.
            with np.errstate(over="ignore"):
                whole = to_whole(x.astype(np.float64) * 2.0**self.fraction_bits)
            return self._pattern(np.clip(whole, self._low, self._high).astype(np.int64))
        sign, significand, exponent = decompose(x)
        # Where a shift of 0 or less would be due, the integer is beyond 2**51: it saturates anyway.
        shift = np.maximum(POINT - self.fraction_bits - exponent, 1)
        magnitude = shift_round(significand, shift, rounder=rounder, sign=sign)
        limit = np.where(sign, np.uint64(-self._low), np.uint64(self._high))
        magnitude = np.minimum(magnitude, limit)
        # Negated within 64 bits, of which the mask leaves the two's complement code.
        pattern = np.where(sign, ~magnitude + np.uint64(1), magnitude)
        return pattern & np.uint64((1 << self.bits) - 1)

    def _encode_integers(self, x: npt.NDArray[Any]) -> npt.NDArray[Any]:
        # Bounded by one past the range, the shift to the left is exact and stays within 64 bits.
        f = self.fraction_bits
        above = (self._high >> f) + 1
        if x.dtype.kind == "u":
            wide = np.minimum(x.astype(np.uint64), np.uint64(above)).astype(np.int64)
        else:
            wide = np.clip(x.astype(np.int64), (self._low >> f) - 1, above)
        return self._pattern(np.clip(wide << f, self._low, self._high))

    def _pattern(self, integers: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        return integers & ((1 << self.bits) - 1)

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The representable values that numbers round to; no scale is fitted to them.

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
        """Codes taken apart: the significand is the integer's magnitude, the exponent fixed.

        Args:
            codes: As for :meth:`decode`.

        Raises:
            HwdseError: As for :meth:`decode`.
        """
        v = self._integers(codes)
        return Unpacked(
            sign=np.asarray(v < 0),
            significand=np.asarray(np.abs(v)),
            exponent=np.full(v.shape, self.lsb_exponent, dtype=np.int64),
            nan=np.zeros(v.shape, dtype=np.bool_),
            infinite=np.zeros(v.shape, dtype=np.bool_),
        )

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code, in rising order.

        Raises:
            HwdseError: Beyond 16 bits.
        """
        c = all_codes(name=self.name, bits=self.bits)
        return c[c != self._left_out] if self.symmetric else c


def parse(name: str) -> IntegerFormat | None:
    """The format that a name stands for, or None for a name of another shape.

    ``intN`` and ``uintN`` have N bits, ``fixedN_F`` and ``ufixedN_F`` besides F fraction bits among
    them, or beyond them where F exceeds N; ``_sym`` leaves out the most negative code.
    ``fixedN_0`` is ``intN``.

    Raises:
        HwdseError: If N is not in 1 to 16 or F not in 0 to 32, or if ``_sym`` is unsigned or leaves
            no code but zero.
    """
    match = _NAME.fullmatch(name)
    if match is None:
        return None
    unsigned, symmetric = bool(match[1]), bool(match[5])
    bits, fraction_bits = int(match[2] or match[3]), int(match[4] or 0)
    problem = None
    if not 1 <= bits <= _MAX_NAMED_BITS:
        problem = f"integers have 1 to {_MAX_NAMED_BITS} bits, not {bits}"
    elif not 0 <= fraction_bits <= _MAX_FRACTION_BITS:
        problem = f"fraction bits are 0 to {_MAX_FRACTION_BITS}, not {fraction_bits}"
    elif symmetric and unsigned:
        problem = "only signed integers can be symmetric"
    elif symmetric and bits == 1:
        problem = "a symmetric integer has 2 bits at least, not 1"
    if problem is not None:
        raise HwdseError(f"unknown format {name!r}: {problem}")
    kind = f"fixed{bits}_{fraction_bits}" if fraction_bits else f"int{bits}"
    return IntegerFormat(
        name="u" * unsigned + kind + "_sym" * symmetric,
        bits=bits,
        signed=not unsigned,
        symmetric=symmetric,
        fraction_bits=fraction_bits,
    )


FAMILY: Family[ScalarFormat] = Family(
    parse=parse,
    names=tuple(f"int{n}" for n in (2, 3, 4, 5, 6, 7, 8, 12, 16))
    + tuple(f"uint{n}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 12, 16))
    + ("int4_sym", "int8_sym", "fixed8_4", "ufixed8_8"),
)

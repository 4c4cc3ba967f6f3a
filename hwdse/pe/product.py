"""Operands of any scalar format as terms, and exact products of them.

Two kinds of operand differ in what hardware does with them. A fixed-point operand is an integer in
units of the format's last bit, and products of two of them are summed as integers. Every other
operand, a float, is a significand with a shift, and may be infinite or NaN.
"""

from __future__ import annotations

import functools
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Minifloat, ScalarFormat
from hwdse.pe.term import Term, TermShape

__all__ = [
    "integers",
    "is_fixed_point",
    "operand",
    "operand_shape",
    "product",
    "product_shape",
    "times",
    "times_shape",
]

# Formats with larger values, in units of the last bit, are floats.
_FIXED_POINT_BITS = 16
# Operands of formats up to here are looked up, many at a time.
_TABLE_BITS = 16


def is_fixed_point(fmt: ScalarFormat) -> bool:
    """Whether operands of a format are integers in units of ``2**fmt.lsb_exponent``.

    So are those of all formats whose codes are such integers, of at most 16 bits and a sign. But a
    minifloat is a float, however short its range.
    """
    return (
        not fmt.specials
        and not isinstance(fmt, Minifloat)
        and _largest_units(fmt).bit_length() <= _FIXED_POINT_BITS
    )


def operand_shape(fmt: ScalarFormat) -> TermShape:
    """Bounds of an operand."""
    largest = _largest_units(fmt)
    if is_fixed_point(fmt):
        significand_bits, max_shift = largest.bit_length(), 0
    elif isinstance(fmt, Minifloat):
        significand_bits, max_shift = fmt.significand_bits, fmt.max_shift
    else:
        every = operand(fmt, fmt.codes().astype(np.int64))
        significand_bits = int(every.significand.max()).bit_length()
        max_shift = int(every.shift.max())
    return TermShape(
        significand_bits=significand_bits,
        max_shift=max_shift,
        lsb_exponent=fmt.lsb_exponent,
        max_units=largest,
        signed=fmt.signed,
        nan="NaN" in fmt.specials or "NaR" in fmt.specials,
        infinite="inf" in fmt.specials,
    )


def operand(fmt: ScalarFormat, codes: NDArray[np.int64]) -> Term:
    """Operands from their codes.

    Minifloats keep the significands of their fields. Those of other floats are odd, as narrow as
    can be, because multipliers grow with the square of their width.

    Raises:
        HwdseError: One is not a code of the format.
    """
    table = _table_for(fmt, codes)
    if table is None:
        return _unpacked(fmt, codes)

    def look_up(entries: NDArray[Any]) -> NDArray[Any]:
        return entries.take(codes) if entries.any() else np.zeros(codes.shape, dtype=entries.dtype)

    return Term(
        sign=look_up(table.sign),
        significand=look_up(table.significand),
        shift=look_up(table.shift),
        nan=look_up(table.nan),
        infinite=look_up(table.infinite),
    )


def _table_for(fmt: ScalarFormat, codes: NDArray[np.int64]) -> Term | None:
    """Where codes are many enough, and all of them indices: operands of all bit patterns."""
    table = _table(fmt) if codes.size >= 1 << fmt.bits else None
    return None if table is None or codes.min() < 0 or codes.max() >= 1 << fmt.bits else table


@functools.lru_cache(maxsize=16)
def _table(fmt: ScalarFormat) -> Term | None:
    """Operands of all bit patterns; None where some are no codes, or there are very many."""
    if fmt.bits > _TABLE_BITS or fmt.codes().size < 1 << fmt.bits:
        return None
    return _unpacked(fmt, np.arange(1 << fmt.bits, dtype=np.int64))


def _unpacked(fmt: ScalarFormat, codes: NDArray[np.int64]) -> Term:
    fields = fmt.unpack(codes)
    significand = fields.significand
    shift = np.where(significand == 0, 0, fields.exponent - fmt.lsb_exponent)
    if is_fixed_point(fmt):
        significand, shift = significand << shift, np.zeros_like(shift)
    elif not isinstance(fmt, Minifloat):
        zeros = np.bitwise_count((significand & -significand) - 1)
        trailing = np.where(significand == 0, 0, zeros.astype(np.int64))
        significand, shift = significand >> trailing, shift + trailing
    return Term(
        sign=fields.sign,
        significand=significand,
        shift=shift,
        nan=fields.nan,
        infinite=fields.infinite,
    )


@functools.lru_cache(maxsize=256)
def _largest_units(fmt: ScalarFormat) -> int:
    """The largest finite magnitude in units of ``2**lsb_exponent``."""
    largest = max(Fraction(fmt.max), -Fraction(fmt.min)) / Fraction(2) ** fmt.lsb_exponent
    assert largest.denominator == 1
    return largest.numerator


def product_shape(w: ScalarFormat, a: ScalarFormat) -> TermShape:
    """Bounds of the exact product of two operands."""
    return times_shape(operand_shape(w), operand_shape(a))


def times_shape(x: TermShape, y: TermShape) -> TermShape:
    """Bounds of the exact product of two terms."""
    return TermShape(
        significand_bits=(_largest_significand(x) * _largest_significand(y)).bit_length(),
        max_shift=x.max_shift + y.max_shift,
        lsb_exponent=x.lsb_exponent + y.lsb_exponent,
        max_units=x.max_units * y.max_units,
        signed=x.signed or y.signed,
        # Infinities alone make NaNs too, times zero.
        nan=x.special or y.special,
        infinite=x.infinite or y.infinite,
    )


def _largest_significand(shape: TermShape) -> int:
    return shape.max_units if shape.max_shift == 0 else (1 << shape.significand_bits) - 1


def product(
    w: ScalarFormat, a: ScalarFormat, w_codes: NDArray[np.int64], a_codes: NDArray[np.int64]
) -> Term:
    """Exact products of codes, elementwise; see :func:`times`."""
    if is_fixed_point(w) and is_fixed_point(a):
        # Half as many arrays to look up as of signs and significands.
        x, y = integers(w, w_codes), integers(a, a_codes)
        return replace(Term.from_integers(x * y), sign=np.asarray((x < 0) ^ (y < 0)))
    return times(operand(w, w_codes), operand(a, a_codes))


def integers(fmt: ScalarFormat, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Values of fixed-point codes in units of ``2**fmt.lsb_exponent``.

    Raises:
        HwdseError: One is not a code of the format.
    """
    table = _table_for(fmt, codes)
    return _signed(_unpacked(fmt, codes)) if table is None else _signed(table).take(codes)


def _signed(units: Term) -> NDArray[np.int64]:
    return np.where(units.sign, -units.significand, units.significand)


def times(x: Term, y: Term) -> Term:
    """Exact products of terms, elementwise.

    NaN, or NaR, times anything is NaN, and so is an infinity times zero; any other product with an
    infinity is infinite. The sign is that of the operands' signs, for zeros as well. Significands
    must be of a dtype that holds their product.
    """
    special = x.nan | x.infinite | y.nan | y.infinite
    if not special.any():
        return Term(
            sign=x.sign ^ y.sign,
            significand=x.significand * y.significand,
            shift=x.shift + y.shift,
            nan=special,
            infinite=special.copy(),
        )
    nan = x.nan | y.nan | (x.infinite & _is_zero(y)) | (y.infinite & _is_zero(x))
    infinite = (x.infinite | y.infinite) & ~nan
    number = ~(nan | infinite)
    return Term(
        sign=x.sign ^ y.sign,
        significand=np.where(number, x.significand * y.significand, 0),
        shift=np.where(number, x.shift + y.shift, 0),
        nan=nan,
        infinite=infinite,
    )


def _is_zero(x: Term) -> NDArray[np.bool_]:
    return np.asarray((x.significand == 0) & ~x.infinite & ~x.nan)

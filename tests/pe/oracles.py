"""Sums computed by others than hwdse: ml_dtypes decodes, fractions add, SoftFloat rounds."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from fractions import Fraction

import ml_dtypes
import numpy as np
import softfloatpy as sf

NAN = "nan"
POSITIVE = "+inf"
NEGATIVE = "-inf"

DTYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
}

# Bits of the formats that ml_dtypes keeps one to a byte.
SMALL = {"e3m2": 6, "e2m3": 6, "e2m1": 4}


def widened(name, codes):
    """Values of codes as float32, exactly, decoded by ml_dtypes or NumPy."""
    dtype = np.dtype(DTYPES[name])
    raw = np.asarray(codes).astype(f"u{dtype.itemsize}").view(dtype)
    # Widening a signalling NaN raises a floating-point flag.
    with np.errstate(invalid="ignore"):
        return raw.astype(np.float32)


@dataclass(frozen=True)
class Number:
    """A float with the sign of zero kept: ``value`` is a Fraction, NAN, POSITIVE or NEGATIVE."""

    value: Fraction | str
    negative: bool

    @property
    def finite(self):
        return isinstance(self.value, Fraction)


@functools.cache
def number(name, code):
    """The Number of a code."""
    return number_of(_values(name)[code] if name != "fp32" else float(widened(name, [code])[0]))


@functools.cache
def _values(name):
    codes = np.arange(1 << SMALL.get(name, 8 * np.dtype(DTYPES[name]).itemsize))
    return widened(name, codes).tolist()


def number_of(x):
    negative = bool(np.signbit(x))
    if np.isnan(x):
        return Number(NAN, False)
    if np.isinf(x):
        return Number(NEGATIVE if negative else POSITIVE, negative)
    return Number(Fraction(x), negative)


def times(x, y):
    """Exact product; NaN where IEEE 754 has an invalid operation."""
    negative = x.negative != y.negative
    if NAN in (x.value, y.value):
        return Number(NAN, False)
    if x.finite and y.finite:
        return Number(x.value * y.value, negative)
    if (x.finite and x.value == 0) or (y.finite and y.value == 0):
        return Number(NAN, False)
    return Number(NEGATIVE if negative else POSITIVE, negative)


def plus(x, y):
    """Exact sum; an exact zero is positive unless both addends are negative."""
    if NAN in (x.value, y.value) or {x.value, y.value} == {POSITIVE, NEGATIVE}:
        return Number(NAN, False)
    for one in (x, y):
        if not one.finite:
            return one
    total = x.value + y.value
    return Number(total, total < 0 or (total == 0 and x.negative and y.negative))


def encode(number, exponent_bits, mantissa_bits):
    """IEEE 754 code of a Number, rounded to nearest even once; NaN is the positive quiet one."""
    infinity = ((1 << exponent_bits) - 1) << mantissa_bits
    sign = number.negative << (exponent_bits + mantissa_bits)
    if number.value == NAN:
        return infinity | (1 << (mantissa_bits - 1))
    if not number.finite:
        return infinity | sign
    magnitude = abs(number.value)
    if magnitude == 0:
        return sign
    bias = (1 << (exponent_bits - 1)) - 1
    binade = magnitude.numerator.bit_length() - magnitude.denominator.bit_length()
    if Fraction(2) ** binade > magnitude:
        binade -= 1
    binade = max(binade, 1 - bias)
    # round() of a Fraction goes to the even neighbour at a tie.
    units = round(magnitude / Fraction(2) ** (binade - mantissa_bits))
    # A significand that rounds up to the next power of two carries into the exponent.
    code = ((binade + bias - 1) << mantissa_bits) + units
    return min(code, infinity) | sign


def decode(code, exponent_bits, mantissa_bits):
    """The Number of an IEEE 754 code."""
    field = (code >> mantissa_bits) & ((1 << exponent_bits) - 1)
    mantissa = code & ((1 << mantissa_bits) - 1)
    negative = bool(code >> (exponent_bits + mantissa_bits) & 1)
    bias = (1 << (exponent_bits - 1)) - 1
    if field == (1 << exponent_bits) - 1:
        if mantissa:
            return Number(NAN, False)
        return Number(NEGATIVE if negative else POSITIVE, negative)
    significand = mantissa + ((field > 0) << mantissa_bits)
    value = significand * Fraction(2) ** (max(field, 1) - bias - mantissa_bits)
    return Number(-value if negative else value, negative)


FIELDS = {"fp32": (8, 23), "fp16": (5, 10), "bf16": (8, 7)}


def fraction_step(acc_name, acc, product):
    """Code of ``acc + product``, in fractions."""
    return encode(plus(decode(acc, *FIELDS[acc_name]), product), *FIELDS[acc_name])


def _canonical(value, quiet_nan):
    return quiet_nan if value.is_nan() else int.from_bytes(value.to_bytes(), "big")


def soft32(code):
    return sf.Float32.from_bytes(int(code).to_bytes(4, "big"))


def soft16(code):
    return sf.Float16.from_bytes(int(code).to_bytes(2, "big"))


def fma32(w, a, acc):
    """binary32 codes of ``w * a + acc`` by SoftFloat; NaN is canonical."""
    return _canonical(sf.f32_mul_add(soft32(w), soft32(a), soft32(acc)), 0x7FC00000)


def fma16(w, a, acc):
    """The same in binary16."""
    return _canonical(sf.f16_mul_add(soft16(w), soft16(a), soft16(acc)), 0x7E00)


def product32(w, a):
    """binary32 code of ``w * a``, rounded."""
    return int.from_bytes(sf.f32_mul(soft32(w), soft32(a)).to_bytes(), "big")


def product16(w, a):
    return int.from_bytes(sf.f16_mul(soft16(w), soft16(a)).to_bytes(), "big")


def bits32(name, codes):
    """Codes of any format as binary32 codes, as Python integers."""
    return widened(name, codes).view(np.uint32).tolist()


def bits16(name, codes):
    """Codes of a format whose values are all binary16 numbers, as binary16 codes."""
    wide = widened(name, codes)
    with np.errstate(invalid="ignore"):
        narrow = wide.astype(np.float16)
    with np.errstate(invalid="ignore"):
        assert ((narrow.astype(np.float32) == wide) | np.isnan(wide)).all()
    return narrow.view(np.uint16).tolist()

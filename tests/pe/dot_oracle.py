"""Dot products in fractions, written from the definitions; ml_dtypes and gfloat decode."""

from __future__ import annotations

import functools
from fractions import Fraction

import gfloat
import gfloat.formats

from .oracles import Number, number, number_of, plus, times

# Elements, scales and block by the block formats' names, as published.
BLOCKS = {
    "mxfp8_e4m3": ("e4m3", "e8m0", 32),
    "mxfp8_e5m2": ("e5m2", "e8m0", 32),
    "mxfp6_e3m2": ("e3m2", "e8m0", 32),
    "mxfp6_e2m3": ("e2m3", "e8m0", 32),
    "mxfp4": ("e2m1", "e8m0", 32),
    "mxint8": ("fixed8_6", "e8m0", 32),
    "bfp4_16": ("fixed4_2", "e8m0", 16),
    "nvfp4": ("e2m1", "e4m3", 16),
    "nvint4": ("int4", "e4m3", 16),
    "int4_g8_fp16": ("int4", "fp16", 8),
    "int8_channel": ("int8", "fp32", None),
    "int8_g8_bf16": ("int8", "bf16", 8),
    "uint4_g8_fp16": ("uint4", "fp16", 8),
}
_GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "e8m0": gfloat.formats.format_info_ocp_e8m0,
}


@functools.cache
def element(name, code):
    """The Number of a code of a scalar format."""
    if name == "e8m0":
        return number_of(gfloat.decode_float(_GFLOAT[name], code).fval)
    if name.startswith("uint"):
        return Number(Fraction(code), False)
    if name.startswith(("int", "fixed")):
        bits, _, fraction = name.removeprefix("int").removeprefix("fixed").partition("_")
        value = Fraction(code - (code >> (int(bits) - 1) << int(bits)), 2 ** int(fraction or 0))
        return Number(value, value < 0)
    found = number(name, code)
    if name in _GFLOAT:
        assert number_of(gfloat.decode_float(_GFLOAT[name], code).fval).value == found.value
    return found


def bare(name):
    """Names of a format's elements and scales; the scale is None for scalar formats."""
    found = BLOCKS.get(name)
    return (name, None) if found is None else found[:2]


def side(name, codes, zero=None):
    """Numbers of one side's elements, less the zero point."""
    values = [element(bare(name)[0], code) for code in codes]
    if zero is None:
        return values
    differences = [value.value - zero for value in values]
    return [Number(difference, difference < 0) for difference in differences]


def total(products):
    """Exact sum; a zero is positive."""
    found = functools.reduce(plus, products)
    return Number(found.value, False) if found.value == 0 else found


def scaled(term, scales):
    """A Number times those of the scales, as (format, code)."""
    for name, code in scales:
        term = times(term, element(name, code))
    return term


def fields(name, code):
    """Significand and exponent of a finite code, of integers and of minifloats by their fields."""
    if name.startswith(("int", "uint")):
        return abs(element(name, code).value), 0
    layout = {"e4m3": (3, 7), "e5m2": (2, 15), "e3m2": (2, 3), "fp16": (10, 15), "e2m1": (1, 1)}
    mantissa, bias = layout[name]
    bits = {"fp16": 16, "e3m2": 6, "e2m1": 4}.get(name, 8)
    field = (code & ((1 << (bits - 1)) - 1)) >> mantissa
    significand = (code & ((1 << mantissa) - 1)) + ((field > 0) << mantissa)
    return significand, max(field, 1) - bias - mantissa


def cut_off(w_name, a_name, w_codes, a_codes, places, kept):
    """Sum of products of which only the highest ``kept`` of ``places`` bits stay, when aligned.

    As the words of ``hwdse.pe.lanes`` have it, in fractions.
    """
    products = []
    for w, a in zip(w_codes, a_codes, strict=True):
        (m, e), (n, f) = fields(w_name, w), fields(a_name, a)
        sign = -1 if times(element(w_name, w), element(a_name, a)).negative else 1
        products.append((sign, m * n, e + f))
    top = max((e for _, p, e in products if p), default=0)
    unit = Fraction(2) ** (top + places - kept)
    value = sum(sign * (p * Fraction(2) ** e // unit) * unit for sign, p, e in products)
    return Number(Fraction(value), value < 0)

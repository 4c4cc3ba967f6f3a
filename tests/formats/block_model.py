"""Block formats written from their definitions in fractions; slow, and independent of hwdse."""

from __future__ import annotations

import bisect
from fractions import Fraction

import numpy as np

from . import oracles

LEAST_E8M0 = Fraction(1, 2**127)


def floats_of(exponent_bits, mantissa_bits, left_out):
    """Magnitudes of a float format in the order of codes, but for the last few, which are NaNs."""
    table = oracles.fraction_table(exponent_bits, mantissa_bits)
    return table[: len(table) - left_out]


def integers_of(bits, fraction_bits):
    """Non-negative values of a two's complement format."""
    return [Fraction(n, 2**fraction_bits) for n in range(2 ** (bits - 1))]


# Magnitudes by code, mantissa bits of the largest, and the least value if it is not minus the
# largest.
ELEMENTS = {
    "mxfp8_e4m3": (floats_of(4, 3, 1), 3, None),
    "mxfp8_e5m2": (floats_of(5, 2, 4), 2, None),
    "mxfp6_e3m2": (floats_of(3, 2, 0), 2, None),
    "mxfp6_e2m3": (floats_of(2, 3, 0), 3, None),
    "mxfp4": (floats_of(2, 1, 0), 1, None),
    "mxint8": (integers_of(8, 6), 6, Fraction(-2)),
    "mxint8_sym": (integers_of(8, 6), 6, None),
    "mxint4": (integers_of(4, 2), 2, Fraction(-2)),
}
E4M3 = floats_of(4, 3, 1)
UE5M3 = floats_of(5, 3, 1)
E2M1 = floats_of(2, 1, 0)
INT4 = [Fraction(n) for n in range(8)]


def floor_log2(x):
    n = x.numerator.bit_length() - x.denominator.bit_length()
    return n if Fraction(2) ** n <= x else n - 1


def power_scale(amax, rule, table, mantissa_bits):
    """The E8M0 scale of a block of a given largest magnitude, at least 2**-127."""
    emax = floor_log2(table[-1])
    if amax == 0:
        return LEAST_E8M0
    log = floor_log2(amax)
    match rule:
        case "floor":
            k = log - emax
        case "ceil-log2":
            k = log - emax + (Fraction(2) ** log != amax)
        case "ceil":
            k = log - emax - 2
            while amax > table[-1] * Fraction(2) ** k:
                k += 1
        case "even":
            step = Fraction(2) ** (log - mantissa_bits)
            k = floor_log2((amax / step + Fraction(1, 2)).__floor__() * step) - emax
        case "round":
            ratio = amax / table[-1]
            k = floor_log2(ratio)
            middle = Fraction(3, 2) * Fraction(2) ** k
            # Ties go to the even code; codes are k + 127.
            k += ratio > middle or (ratio == middle and (k + 127) % 2 == 1)
    return max(Fraction(2) ** k, LEAST_E8M0)


def nearest(x, table, *, away=False):
    """Index of the value of a rising table next to x; ties to the even one, or away from zero."""
    low = max(bisect.bisect_right(table, x) - 1, 0)
    if low + 1 == len(table):
        return low
    below, above = x - table[low], table[low + 1] - x
    up = above < below or (above == below and (away or low % 2 == 1))
    return low + up


def rounded(x, table, *, least=None, away=False):
    """A number as the nearest of a table and its negatives, from ``least`` on."""
    if x >= 0:
        return table[nearest(x, table, away=away)]
    if least is not None:
        table = [*table, -least]
    return -table[nearest(-x, table, away=away)]


def block_values(values, scale, table, *, least=None, away=False):
    return [rounded(v / scale, table, least=least, away=away) * scale for v in values]


def nearest_float32(x):
    """A positive Fraction rounded to nearest even in float32; its normal range."""
    guess = np.float32(x.numerator / x.denominator)
    near = [np.nextafter(guess, np.float32(0)), guess, np.nextafter(guess, np.float32(np.inf))]
    even = [int(v.view(np.uint32)) & 1 for v in near]
    best = min(range(3), key=lambda i: (abs(Fraction(float(near[i])) - x), even[i]))
    return Fraction(float(near[best]))


def nv_divide(blocks, table, scales):
    """Values of the two-level format with exact division: blocks of Fractions."""
    amax = max(abs(v) for block in blocks for v in block)
    tensor = nearest_float32(amax / (scales[-1] * table[-1])) if amax else Fraction(1)
    out = []
    for block in blocks:
        wanted = max(abs(v) for v in block) / (table[-1] * tensor)
        scale = scales[max(nearest(wanted, scales), 1)]
        out.append(block_values(block, scale * tensor, table))
    return out, tensor

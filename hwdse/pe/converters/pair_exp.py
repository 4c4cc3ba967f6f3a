"""Exponentials as pairs of a significand and an exponent, in integers, for softmax in two passes.

Dukhan and Ablavatski, The Two-Pass Softmax Algorithm (arXiv 2001.04438): where ``exp(x)`` is kept
as ``(m, n)``, worth ``m * 2**n``, nothing overflows, and the pass that finds the maximum is saved.
The paper works in binary floating point; here is a fixed-point version, exact to the bit. With
``x`` of ``F`` fraction bits and ``I`` before the point:

* ``t = x * K``, ``K`` being ``log2(e)`` rounded to ``c = I + 14`` fraction bits;
* ``n = floor(t)``, and ``f`` the first 16 bits of ``t - n``;
* ``m = T[i] + floor((T[i + 1] - T[i]) * r / 2**11)`` with ``i`` the first 5 bits of ``f`` and ``r``
  the other 11: a chord of ``T[i] = 2**(15 + i / 32)``, rounded. So ``2**15 <= m < 2**16``, and
  ``exp(x)`` is about ``m * 2**(n - 15)``.

The relative error is below ``ERROR_BOUND``: of the chord ``ln(2)**2 / 2**13`` (h**2 / 8 times the
second derivative, h = 1/32); of the rounded table, the floors of ``m`` and ``f`` and of ``K``
together less than ``2**-13``.
"""

from __future__ import annotations

import decimal
import functools
import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat
from hwdse.pe.common import take_scalar
from hwdse.pe.keys import Keys

__all__ = [
    "ERROR_BOUND",
    "FRACTION_BITS",
    "INDEX_BITS",
    "REST_BITS",
    "exponent_bits",
    "exponent_range",
    "log2e",
    "pair_exp",
    "table",
    "take_fixed_point",
]

# Of m below its leading one; of f, which index the table and which are interpolated.
FRACTION_BITS = 15
INDEX_BITS = 5
REST_BITS = 11
ERROR_BOUND = math.log(2) ** 2 / 2**13 + 2.0**-13
_CONSTANT_BITS = 14
# A sum of 32 bits grows no further once it is 2**32 times what is added.
_GROWTH = 33
_MOST_EXPONENT_BITS = 16
_PRECISE = decimal.Context(prec=60)


def log2e(source: IntegerFormat) -> tuple[int, int]:
    """The constant ``K`` for a format, and the fraction bits of ``x * K``."""
    before = max(source.bits - source.fraction_bits, 0)
    bits = before + _CONSTANT_BITS
    exact = _PRECISE.divide(decimal.Decimal(1 << bits), _PRECISE.ln(decimal.Decimal(2)))
    return int(exact.to_integral_value()), source.fraction_bits + bits


@functools.cache
def table() -> tuple[int, ...]:
    """``2**(15 + i / 32)``, rounded, for i from 0 to 32."""
    steps = 1 << INDEX_BITS
    exact = (
        _PRECISE.power(decimal.Decimal(2), FRACTION_BITS + decimal.Decimal(i) / steps)
        for i in range(steps + 1)
    )
    return tuple(int(value.to_integral_value()) for value in exact)


def pair_exp(
    source: IntegerFormat, codes: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Significands ``m`` and exponents ``n``: ``exp(x)`` is about ``m * 2**(n - 15)``."""
    constant, point = log2e(source)
    t = integers(source, codes) * constant
    f = (t >> (point - INDEX_BITS - REST_BITS)) & ((1 << (INDEX_BITS + REST_BITS)) - 1)
    i, r = f >> REST_BITS, f & ((1 << REST_BITS) - 1)
    words = np.array(table(), dtype=np.int64)
    return words[i] + (((words[i + 1] - words[i]) * r) >> REST_BITS), t >> point


def integers(source: IntegerFormat, codes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Codes as integers, in units of the last bit."""
    scaled: NDArray[Any] = source.decode(codes) * 2.0**source.fraction_bits
    return scaled.astype(np.int64)


def exponent_range(source: IntegerFormat) -> tuple[int, int]:
    """Least and greatest exponent of an exponential."""
    constant, point = log2e(source)
    scale = 1 << source.fraction_bits
    least, greatest = int(source.min * scale), int(source.max * scale)
    return (least * constant) >> point, (greatest * constant) >> point


def exponent_bits(source: IntegerFormat) -> int:
    """Bits, with the sign, of the exponents of sums."""
    least, greatest = exponent_range(source)
    return max((greatest + _GROWTH).bit_length(), (-least - 1).bit_length()) + 1


def take_fixed_point(keys: Keys) -> IntegerFormat:
    """Take the key ``from``: an integer or fixed-point format of 2 bits or more."""
    source = take_scalar(keys, "from")
    if not isinstance(source, IntegerFormat) or source.bits < 2:
        raise keys.refusal(
            f"from={source.name} is not a fixed-point format of 2 to 16 bits", {"from": "fixed8_4"}
        )
    if exponent_bits(source) > _MOST_EXPONENT_BITS:
        raise keys.refusal(
            f"exponentials of from={source.name} have exponents of more than {_MOST_EXPONENT_BITS} "
            "bits; choose a format with fewer bits before the point",
            {"from": "fixed8_4"},
        )
    return source

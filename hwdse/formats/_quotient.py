"""Numbers divided by scales, so that rounding the quotient rounds the number once."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.formats._rounding import POINT, decompose

__all__ = ["as_binary64", "quotient", "significant_bits"]

_Floats = npt.NDArray[np.float64]

# Quotients beyond these exponents are moved to them: no element format reaches as far, so they
# round as they would, and no zero appears where there was none.
_FAR = 1000


def significant_bits(value: float) -> int:
    """Bits from the first one of a finite number's significand to its last; 0 for zero."""
    numerator = abs(float(value).as_integer_ratio()[0])
    return numerator.bit_length() - ((numerator & -numerator).bit_length() - 1) if numerator else 0


def as_binary64(x: npt.NDArray[Any]) -> _Floats:
    """Numbers as float64: exact, but for integers of more than 53 bits.

    Those are rounded to odd, so that they compare with every number of at most 52 bits, and round
    to fewer bits, as before.
    """
    if x.dtype.kind == "f" or x.dtype.itemsize <= 4:
        # Signalling NaNs raise the invalid flag when widened.
        with np.errstate(invalid="ignore"):
            return np.asarray(x, dtype=np.float64)
    sign, significand, exponent = decompose(x)
    magnitude = np.ldexp(significand.astype(np.float64), exponent - POINT)
    return np.asarray(np.where(sign, -magnitude, magnitude))


def quotient(x: _Floats, scale: _Floats, *, scale_bits: int, narrow: bool) -> _Floats:
    """``x / scale``, exact or off so little that it rounds to few bits as the true quotient does.

    Args:
        x: Finite numbers, as :func:`as_binary64` gives them.
        scale: Positive numbers of at most ``scale_bits`` significant bits, which fit the shape.
        scale_bits: At most 48. The quotient rounds to up to ``52 - scale_bits`` bits in any way.
        narrow: Whether all of ``x`` came from float16, float32 or integers of at most 32 bits, and
            scales are within ``2**-300`` to ``2**300``.
    """
    if narrow:
        # x = X * 2**a and scale = D * 2**d, with X < 2**32 and D < 2**scale_bits. Let b = B * 2**c
        # be a number to round to, or half way between two: B * D < 2**53. Then x - b * scale, if
        # it is not zero, is at least 2**a or 2**(c + d), whichever is less: at least 2**-32 of x,
        # or more than 2**-53 of b * scale. Binary64 holds b, and rounds to b only what is within
        # 2**-53 of it: so the result is b if, and only if, the true quotient is, and on the same
        # side of b if not.
        return np.asarray(x / scale)
    x_part, x_exponent = np.frexp(x)
    scale_part, scale_exponent = np.frexp(scale)
    q = x_part / scale_part
    # Cut to 53 - scale_bits bits, so that the product with the scale is exact. Division may have
    # rounded up to the cut number: one too many. What is cut leaves a last bit that is one.
    unit = np.uint64(1 << scale_bits)
    cut = q.view(np.uint64) & ~(unit - np.uint64(1))
    over = np.abs(cut.view(np.float64) * scale_part) > np.abs(x_part)
    cut = cut - np.where(over, unit, np.uint64(0))
    inexact = cut.view(np.float64) * scale_part != x_part
    odd = (cut | inexact.astype(np.uint64)).view(np.float64)
    return np.asarray(np.ldexp(odd, np.clip(x_exponent - scale_exponent, -_FAR, _FAR)))

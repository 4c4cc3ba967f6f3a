"""The integer arithmetic that all encoders share: taking numbers apart, and rounding once."""

from __future__ import annotations

from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from hwdse.formats.base import Rounding

__all__ = ["POINT", "decompose", "shift_round"]

# A significand has this many bits after the point: those of binary64. Formats have 23 at most, so
# an integer of up to 64 bits fits with its low end or-ed into the last bit.
POINT = 52

_MAX_SHIFT = 62

_Signs = npt.NDArray[np.bool_]
_Significands = npt.NDArray[np.uint64]
_Exponents = npt.NDArray[np.int64]


def decompose(x: npt.NDArray[Any]) -> tuple[_Signs, _Significands, _Exponents]:
    """Sign, significand and exponent: ``(-1)**sign * significand * 2**(exponent - POINT)``.

    The significand of a normal number is in ``2**52`` to ``2**53 - 1``. Zeros and the subnormals of
    binary64 have exponent -1022 and less. An infinity looks like ``2**1024``; what a NaN gives
    means nothing, apart from its sign. Integers of more than 53 bits have a last bit that is the
    OR of all from there down, which rounds to fewer than 52 bits as they would.

    Args:
        x: float16, float32, float64 or integers, of any shape.
    """
    if x.dtype.kind == "f":
        # Signalling NaNs raise the invalid flag when widened.
        with np.errstate(invalid="ignore"):
            bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64)
        sign = (bits >> 63).astype(np.bool_)
        field = ((bits >> POINT) & 0x7FF).astype(np.int64)
        hidden = (field != 0).astype(np.uint64) << POINT
        significand = (bits & ((1 << POINT) - 1)) | hidden
        return sign, significand, np.maximum(field, 1) - 1023
    if x.dtype.kind == "i":
        wide = x.astype(np.int64)
        sign = wide < 0
        # Negated as unsigned, because -2**63 has no int64 counterpart.
        pattern = wide.view(np.uint64)
        magnitude = np.where(sign, ~pattern + np.uint64(1), pattern)
    else:
        sign = np.zeros(x.shape, dtype=np.bool_)
        magnitude = x.astype(np.uint64)
    exponent = _floor_log2(magnitude)
    up = np.maximum(POINT - exponent, 0).astype(np.uint64)
    down = np.maximum(exponent - POINT, 0).astype(np.uint64)
    lost = (magnitude & ((np.uint64(1) << down) - np.uint64(1))) != 0
    significand = ((magnitude << up) >> down) | lost.astype(np.uint64)
    return sign, significand, np.where(magnitude == 0, -1022, exponent)


def _floor_log2(magnitude: _Significands) -> _Exponents:
    """Position of the leading one; 0 for zero."""
    # The conversion may round up to a power of two: one too many, put right below.
    exponent = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64) - 1
    exponent = np.clip(exponent, 0, 63)
    too_many = ((magnitude >> exponent.astype(np.uint64)) == 0) & (magnitude != 0)
    return np.asarray(exponent - too_many)


def shift_round(
    significand: _Significands,
    shift: _Exponents,
    *,
    rounding: Rounding,
    offset: _Significands | None = None,
) -> _Significands:
    """``significand / 2**shift + offset``, rounded to an integer.

    Args:
        significand: At most 53 bits.
        shift: 1 or more; beyond 54 bits all is lost, whatever the shift.
        rounding: The way to round.
        offset: What to add; it takes part in what is even. Zero by default.
    """
    s = np.minimum(shift, _MAX_SHIFT).astype(np.uint64)
    if offset is None:
        offset = np.zeros(significand.shape, dtype=np.uint64)
    if rounding is Rounding.TOWARD_ZERO:
        return np.asarray((significand >> s) + offset)
    half = np.uint64(1) << (s - np.uint64(1))
    if rounding is Rounding.NEAREST_AWAY:
        return np.asarray(((significand + half) >> s) + offset)
    if rounding is Rounding.NEAREST_EVEN:
        odd = ((significand >> s) + offset) & np.uint64(1)
        return np.asarray(((significand + half - np.uint64(1) + odd) >> s) + offset)
    assert_never(rounding)

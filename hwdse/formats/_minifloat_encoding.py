"""From numbers to the codes of a minifloat, in integer arithmetic."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hwdse.formats import _lookup
from hwdse.formats._arrays import apply_in_chunks, code_dtype
from hwdse.formats._rounding import POINT, WIDEST_SHIFT, Rounder, decompose, shift_round
from hwdse.formats.base import Rounding

if TYPE_CHECKING:
    from hwdse.formats.minifloat import Minifloat

__all__ = ["code_table", "encode_exactly"]

# At most 32 MB of them.
_TABLES = 32

_Bools = npt.NDArray[np.bool_]


def encode_exactly(
    fmt: Minifloat, x: npt.NDArray[Any], rounder: Rounder, *, saturate: bool
) -> npt.NDArray[np.uint64]:
    """The codes of numbers by the rules of :meth:`Minifloat.encode`, one rounding each.

    Args:
        fmt: The format; what it gives for NaNs is arbitrary if it has none.
        x: float16, float32, float64 or integers.
        rounder: The way to round.
        saturate: Whether overflow saturates. If not, the format must have a NaN.
    """
    sign, significand, exponent = decompose(x)
    code = _rounded(fmt, sign, significand, exponent, rounder)
    over = code > fmt.max_code
    if saturate:
        code[over] = fmt.max_code
    else:
        infinite = np.isinf(x)
        special = fmt.infinity_code if fmt.infinity_code is not None else fmt.nan_code
        kept = over & ~infinite & _towards_zero(rounder.mode, sign)
        code = np.where(over, np.uint64(special or 0), code)
        code[kept] = fmt.max_code
    if not fmt.signed:
        impossible = sign & (code != 0) if fmt.zero else sign | (significand == 0)
        code[impossible] = 0 if saturate else fmt.nan_code or 0
    if fmt.nan_code is not None and x.dtype.kind == "f":
        code[np.isnan(x)] = fmt.nan_code
    if fmt.signed:
        kept_sign = sign if fmt.negative_zero else sign & (code != 0)
        code |= kept_sign.astype(np.uint64) << np.uint64(fmt.bits - 1)
    return code


def _towards_zero(mode: Rounding, sign: _Bools) -> _Bools:
    """Where a way of rounding keeps finite numbers finite, however large."""
    match mode:
        case Rounding.TOWARD_ZERO | Rounding.TO_ODD:
            return np.ones_like(sign)
        case Rounding.TOWARD_POSITIVE:
            return sign
        case Rounding.TOWARD_NEGATIVE:
            return ~sign
        case _:
            return np.zeros_like(sign)


def _rounded(
    fmt: Minifloat,
    sign: _Bools,
    significand: npt.NDArray[np.uint64],
    exponent: npt.NDArray[np.int64],
    rounder: Rounder,
) -> npt.NDArray[np.uint64]:
    """Codes of the magnitudes, rounded, as if exponents went on above."""
    # Below the least exponent, one more bit is lost per binade. Above it, codes rise by
    # 2**mantissa_bits per binade; the hidden bit adds the first, and a carry out of the
    # significand the next, so rounding needs no second look.
    binade = exponent - fmt.min_exponent
    shift = POINT - fmt.mantissa_bits - np.minimum(binade, 0)
    fields = np.maximum(binade, 0)
    if fmt.subnormals:
        offset = (fields << fmt.mantissa_bits).astype(np.uint64)
        return shift_round(significand, shift, rounder=rounder, sign=sign, offset=offset)
    # Exponent field 0 has a hidden bit too: codes are one binade less. Minus one of them wraps
    # around, and the significand back.
    offset = ((fields - 1) << fmt.mantissa_bits).astype(np.uint64)
    if not fmt.zero:
        code = shift_round(significand, shift, rounder=rounder, sign=sign, offset=offset)
        code[binade < 0] = 0
        return code
    below, fraction = _over_least(fmt, significand, binade)
    significand = np.where(below, fraction, significand)
    shift = np.where(below, WIDEST_SHIFT, shift)
    offset = np.where(below, np.uint64(0), offset)
    return shift_round(significand, shift, rounder=rounder, sign=sign, offset=offset)


def _over_least(
    fmt: Minifloat, significand: npt.NDArray[np.uint64], binade: npt.NDArray[np.int64]
) -> tuple[_Bools, npt.NDArray[np.uint64]]:
    """Which numbers are below code 1's, and what part of it: times ``2**WIDEST_SHIFT``, to odd.

    Code 1 is worth ``(1 + 2**-mantissa_bits) * 2**min_exponent``, since code 0 is zero.
    """
    least = np.uint64(((1 << fmt.mantissa_bits) + 1) << (POINT - fmt.mantissa_bits))
    below = (binade < 0) | ((binade == 0) & (significand < least))
    wide = significand << np.uint64(WIDEST_SHIFT - POINT)
    down = np.clip(-binade, 0, WIDEST_SHIFT).astype(np.uint64)
    scaled = wide >> down
    # Divided by 1 + 1/n, which takes away the (n + 1)th part.
    part, rest = np.divmod(scaled, np.uint64((1 << fmt.mantissa_bits) + 1))
    inexact = (rest != 0) | ((scaled << down) != wide)
    return below, (scaled - part - (rest != 0)) | inexact.astype(np.uint64)


@functools.lru_cache(maxsize=_TABLES)
def code_table(
    fmt: Minifloat, mode: Rounding, saturate: bool, dtype: np.dtype[Any]
) -> npt.NDArray[Any]:
    """The code for each index of :mod:`hwdse.formats._lookup` over a dtype; not stochastic."""
    table = apply_in_chunks(
        lambda part: encode_exactly(fmt, part, Rounder(mode=mode), saturate=saturate),
        _lookup.representatives(dtype),
        dtype=code_dtype(fmt.bits),
    )
    table.flags.writeable = False
    return table

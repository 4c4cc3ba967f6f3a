"""From the codes of a minifloat to what they stand for."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from hwdse.formats.base import Unpacked

if TYPE_CHECKING:
    from hwdse.formats.minifloat import Minifloat

__all__ = ["unpack", "values"]

_MAX_TABLE_BITS = 16


def unpack(fmt: Minifloat, codes: npt.NDArray[np.int64]) -> Unpacked:
    """Valid codes taken apart by the rules of :meth:`Minifloat.unpack`."""
    magnitude_bits = fmt.exponent_bits + fmt.mantissa_bits
    magnitude = codes & ((1 << magnitude_bits) - 1)
    field = magnitude >> fmt.mantissa_bits
    none_hidden = field if fmt.subnormals else magnitude + (not fmt.zero)
    significand = magnitude & ((1 << fmt.mantissa_bits) - 1)
    significand |= (none_hidden != 0).astype(np.int64) << fmt.mantissa_bits
    infinite = np.zeros(codes.shape, dtype=np.bool_)
    if fmt.signed and not fmt.negative_zero:
        nan = codes == fmt.nan_code
    else:
        nan = magnitude > fmt.max_code
        if fmt.infinities:
            infinite = magnitude == fmt.infinity_code
            nan &= ~infinite
    exponent = np.maximum(field, int(fmt.subnormals)) - fmt.bias - fmt.mantissa_bits
    return Unpacked(
        sign=np.asarray(codes >> magnitude_bits != 0),
        significand=np.asarray(np.where(nan | infinite, 0, significand)),
        exponent=np.asarray(exponent),
        nan=np.asarray(nan),
        infinite=np.asarray(infinite),
    )


def values(fmt: Minifloat, codes: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """The values of valid codes, of any unsigned dtype."""
    if fmt.bits <= _MAX_TABLE_BITS:
        return _value_table(fmt).take(codes, mode="clip")
    return _computed(fmt, codes.astype(np.int64))


def _computed(fmt: Minifloat, codes: npt.NDArray[np.int64]) -> npt.NDArray[np.float64]:
    u = unpack(fmt, codes)
    magnitude = np.ldexp(u.significand.astype(np.float64), u.exponent)
    magnitude[u.infinite] = np.inf
    magnitude[u.nan] = np.nan
    return np.where(u.sign, -magnitude, magnitude)


@functools.lru_cache(maxsize=32)
def _value_table(fmt: Minifloat) -> npt.NDArray[np.float64]:
    table = _computed(fmt, np.arange(1 << fmt.bits))
    table.flags.writeable = False
    return table

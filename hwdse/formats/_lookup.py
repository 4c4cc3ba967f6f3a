"""Encoding by table: floats indexed by their upper bits, with all lower ones OR-ed into the last.

Two floats of one index round alike wherever every number at which the result changes has an even
index and zeros below: an odd index stands for all that lies strictly between its even neighbours.
In a format of ``m`` mantissa bits those numbers are values and midpoints of values, which have at
most ``m + 1`` bits after the leading one; an index keeps seven.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

__all__ = ["entries", "indices", "representatives", "serves"]

# By size of the float in bytes: the same unsigned integer, and how many low bits are OR-ed into
# one. All bits of a float16 count.
_LAYOUTS: dict[int, tuple[type[np.unsignedinteger[Any]], int]] = {
    2: (np.uint16, 0),
    4: (np.uint32, 16),
    8: (np.uint64, 45),
}

_MANTISSA_BITS_SERVED = 5


def serves(dtype: np.dtype[Any], *, mantissa_bits: int, lsb_exponent: int) -> bool:
    """Whether a table over this dtype is exact for formats of these parameters.

    Args:
        dtype: Of the input.
        mantissa_bits: Of the format, the hidden bit not counted.
        lsb_exponent: All values of the format are multiples of 2 to this power.
    """
    if dtype.kind != "f":
        return False
    if dtype.itemsize == 2:
        return True
    # Below its normal numbers, a float's even indices are multiples of its least normal number
    # times 2**-6; midpoints are multiples of half of what values are.
    least_normal = int(np.finfo(dtype).minexp)
    return mantissa_bits <= _MANTISSA_BITS_SERVED and lsb_exponent - 1 >= least_normal - 6


def entries(dtype: np.dtype[Any]) -> int:
    """Length of a table for floats of a dtype: 2**16, 2**16 or 2**19."""
    return 1 << (8 * dtype.itemsize - _LAYOUTS[dtype.itemsize][1])


def representatives(dtype: np.dtype[Any]) -> npt.NDArray[Any]:
    """One float for each index, in the order of the table."""
    unsigned, low_bits = _LAYOUTS[dtype.itemsize]
    indices = np.arange(entries(dtype)).astype(unsigned)
    return np.asarray(indices << unsigned(low_bits)).view(dtype)


def indices(x: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """The place in the table of each number of a contiguous array of floats."""
    unsigned, low_bits = _LAYOUTS[x.dtype.itemsize]
    bits = x.view(unsigned)
    if low_bits:
        ones = unsigned((1 << low_bits) - 1)
        # The sum carries into the index's last bit unless all low bits are zero.
        bits = (((bits & ones) + ones) | bits) >> unsigned(low_bits)
    # An index in 64 bits is signed, or it would have to be converted.
    return bits.view(np.int64) if x.dtype.itemsize == 8 else bits

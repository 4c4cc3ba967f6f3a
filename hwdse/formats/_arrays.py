"""Checks and conversions of the arrays that go into and come out of formats."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError

__all__ = [
    "all_codes",
    "apply_in_chunks",
    "as_codes",
    "as_reals",
    "code_dtype",
    "first_index",
    "refuse_nans",
]

# Temporaries of this many elements stay in the cache, and bound the memory of large tensors.
_CHUNK = 1 << 15

_MAX_ENUMERABLE_BITS = 16


def code_dtype(bits: int) -> np.dtype[np.unsignedinteger[Any]]:
    """The smallest unsigned dtype that holds codes of so many bits (1 to 32)."""
    return np.dtype(np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32)


def all_codes(*, name: str, bits: int) -> npt.NDArray[np.unsignedinteger[Any]]:
    """Every code of a format, in rising order; refused beyond 16 bits."""
    if bits > _MAX_ENUMERABLE_BITS:
        raise HwdseError(
            f"{name} has 2**{bits} codes, too many to list; "
            f"codes() serves formats of at most {_MAX_ENUMERABLE_BITS} bits"
        )
    return np.arange(1 << bits).astype(code_dtype(bits))


def first_index(bad: npt.NDArray[np.bool_]) -> str:
    """Where the first True of a mask is, in words: empty for 0-d, one number for 1-d."""
    if bad.ndim == 0:
        return ""
    index = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    return f" at index {index[0] if len(index) == 1 else index}"


def as_codes(
    codes: npt.ArrayLike, *, name: str, bits: int, negative: bool
) -> npt.NDArray[np.int64]:
    """Codes as unsigned bit patterns in int64, checked against their range.

    Args:
        codes: Integers of any dtype and shape.
        name: Name of the format, for messages.
        bits: Bits of a code, 1 to 32.
        negative: Whether ``-2**(bits - 1)`` to ``-1`` are read as two's complement.

    Raises:
        HwdseError: If codes are not integers, or one is out of range.
    """
    c = np.asarray(codes)
    if c.dtype.kind not in "iu":
        raise HwdseError(f"codes of {name} must be an array of integers, not of {c.dtype}")
    low = -(1 << (bits - 1)) if negative else 0
    high = (1 << bits) - 1
    held = np.iinfo(c.dtype)
    # Compared as Python integers: the bounds need not fit the dtype.
    fits = low <= held.min and held.max <= high
    if c.size and not fits and not low <= int(c.min()) <= int(c.max()) <= high:
        bad = np.zeros(c.shape, dtype=np.bool_)
        if held.min < low:
            bad |= c < low
        if held.max > high:
            bad |= c > high
        first = int(c.reshape(-1)[int(np.argmax(bad))])
        raise HwdseError(
            f"{first}{first_index(bad)} is not a code of {name}: codes are {low} to {high}"
        )
    return np.asarray(c.astype(np.int64) & high)


def as_reals(x: npt.ArrayLike, *, name: str) -> npt.NDArray[Any]:
    """Numbers to encode, as float16, float32, float64 or integers in native byte order.

    Raises:
        HwdseError: If the dtype is any other; none is converted, as that could round twice.
    """
    a = np.asarray(x)
    if not (a.dtype.kind in "iu" or (a.dtype.kind == "f" and a.dtype.itemsize <= 8)):
        raise HwdseError(
            f"cannot encode {a.dtype} as {name}: "
            "give float16, float32, float64 or integers (of at most 64 bits)"
        )
    return np.asarray(a, dtype=a.dtype.newbyteorder("="))


def refuse_nans(x: npt.NDArray[Any], *, name: str) -> None:
    """Raise HwdseError if there is a NaN, which the named format cannot represent."""
    if x.dtype.kind != "f":
        return
    bad = np.asarray(np.isnan(x))
    if bad.any():
        count = int(np.count_nonzero(bad))
        where = first_index(bad).replace(" at", ", the first at", 1)
        raise HwdseError(f"{name} has no NaN, but the input holds {count}{where}; replace them")


def apply_in_chunks(
    function: Callable[[npt.NDArray[Any]], npt.NDArray[Any]],
    x: npt.NDArray[Any],
    *,
    dtype: npt.DTypeLike,
) -> npt.NDArray[Any]:
    """Apply an elementwise function of 1-d arrays to an array of any shape."""
    out = np.empty(x.shape, dtype=dtype)
    # Buffered, so that arrays of any layout and byte order are never copied as a whole.
    options: Any = {
        "flags": ["external_loop", "buffered", "zerosize_ok"],
        "op_flags": [["readonly", "contig"], ["writeonly", "contig"]],
        "op_dtypes": [x.dtype.newbyteorder("="), out.dtype],
        "casting": "equiv",
    }
    pieces = np.nditer([x, out], order="C", buffersize=_CHUNK, **options)
    with pieces:
        for piece, result in pieces:
            result[...] = function(piece)
    return out

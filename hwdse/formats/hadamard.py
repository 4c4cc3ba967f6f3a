"""The Walsh-Hadamard transform by blocks, which spreads outliers before numbers are quantised.

Block by block, ``x`` becomes ``H @ (s * x)``: ``H`` is Sylvester's Hadamard matrix over the square
root of the block, which is orthonormal and its own inverse, and ``s`` are random signs, or ones.
QuaRot (arXiv 2404.00456), QuIP# (arXiv 2402.04396) and INT-v-FP (arXiv 2510.25602, blocks of 32)
rotate weights and activations in this way; their dot product stays as it was if both have the same
block and signs.
"""

from __future__ import annotations

import math
import operator

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._arrays import as_reals

__all__ = ["hadamard", "inverse_hadamard"]

# Rows transformed at a time hold about this many values, which bounds the temporaries.
_CHUNK = 1 << 16


def hadamard(
    x: npt.ArrayLike, block: int = 32, axis: int = -1, seed: int | None = None
) -> npt.NDArray[np.float64]:
    """Each run of ``block`` values along an axis, transformed.

    The norm of every run is kept, up to the rounding of binary64.

    Args:
        x: float16, float32, float64 or integers, of one dimension or more. A run that holds a NaN
            or an infinity has no finite value left.
        block: Values per run, a power of two; the axis must be a multiple of it long.
        axis: As in NumPy.
        seed: Of the random signs, 0 or more: one for each place in a run, the same in all runs.
            None for no signs.

    Returns:
        An array of the same shape.

    Raises:
        HwdseError: If the block is not a power of two, does not divide the axis' length, there is
            no such axis, the dtype is another, or the seed is none.
    """
    return _transform(x, block, axis, before=_signs(block, seed), after=None)


def inverse_hadamard(
    x: npt.ArrayLike, block: int = 32, axis: int = -1, seed: int | None = None
) -> npt.NDArray[np.float64]:
    """What :func:`hadamard` with the same block, axis and seed made ``x`` of.

    Args:
        x, block, axis, seed: As for :func:`hadamard`.

    Returns:
        An array of the same shape.

    Raises:
        HwdseError: As for :func:`hadamard`.
    """
    return _transform(x, block, axis, before=None, after=_signs(block, seed))


def _signs(block: int, seed: int | None) -> npt.NDArray[np.float64] | None:
    try:
        size = operator.index(block)
    except TypeError:
        size = 0
    if size < 1 or size & (size - 1):
        raise HwdseError(f"the block of a Hadamard transform must be a power of two, not {block!r}")
    if seed is None:
        return None
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise HwdseError(
            f"the seed of a Hadamard transform must be an integer of 0 or more, not {seed!r}"
        )
    # Raw 64-bit words: unlike NumPy's distributions, their stream is promised to stay as it is.
    words = np.random.PCG64(int(seed)).random_raw(size)
    return np.where(words >> np.uint64(63), -1.0, 1.0)


def _transform(
    x: npt.ArrayLike,
    block: int,
    axis: int,
    *,
    before: npt.NDArray[np.float64] | None,
    after: npt.NDArray[np.float64] | None,
) -> npt.NDArray[np.float64]:
    a = as_reals(x, name="the input of a Hadamard transform")
    try:
        index = operator.index(axis)
    except TypeError:
        raise HwdseError(f"axis must be an integer, not {axis!r}") from None
    if not -a.ndim <= index < a.ndim:
        raise HwdseError(f"axis {index} is not one of an array of shape {a.shape}")
    length = a.shape[index]
    if length % block:
        raise HwdseError(
            f"axis {index} of shape {a.shape} is {length} long, not a multiple of block={block}; "
            "pad it with zeros, or choose a block that divides it"
        )
    moved = np.moveaxis(a, index, -1)
    out = np.empty(moved.shape, dtype=np.float64)
    rows, target = moved.reshape(-1, block), out.reshape(-1, block)
    step = max(_CHUNK // block, 1)
    for start in range(0, rows.shape[0], step):
        part = rows[start : start + step].astype(np.float64)
        if before is not None:
            part *= before
        part = _butterflies(part)
        if after is not None:
            part *= after
        target[start : start + step] = part
    return np.ascontiguousarray(np.moveaxis(out, -1, index))


def _butterflies(rows: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Each row times the orthonormal matrix: log2(block) stages of sums and differences."""
    count, block = rows.shape
    # Scaled first: every value is then bounded by the norm of its run, and overflows only with it.
    rows = rows / math.sqrt(block)
    half = 1
    with np.errstate(invalid="ignore", over="ignore"):
        while half < block:
            pairs = rows.reshape(count, block // (2 * half), 2, half)
            rows = np.stack(
                (pairs[:, :, 0] + pairs[:, :, 1], pairs[:, :, 0] - pairs[:, :, 1]), axis=2
            ).reshape(count, block)
            half *= 2
    return rows

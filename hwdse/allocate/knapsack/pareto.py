"""Which points of a list no other one beats in every coordinate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .instance import Ints

__all__ = ["unbeaten"]

_INFINITE = np.iinfo(np.int64).max


def unbeaten(values: Ints) -> Ints:
    """The points, in their order, that no other one equals or beats in all; of equal ones one.

    Exact for one to three coordinates. For more, only points that agree in all coordinates but the
    first and the last are compared: what is kept then holds all that are unbeaten.

    Args:
        values: Smaller is better; shape (coordinates, points).
    """
    if len(values) == 3:
        return np.flatnonzero(~_beaten_in_three(values[0], values[1], values[2]))
    return _sweep(values)


def _sweep(values: Ints) -> Ints:
    cost, last, others = values[0], values[-1], values[1:-1]
    count = len(cost)
    mixed = np.zeros(count, dtype=np.int64)
    for row in others:
        mixed = mixed * np.int64(0x5851F42D4C957F2D) + row  # wraps round; checked just below
    order = np.lexsort((cost, last, mixed))
    changes = np.zeros(count, dtype=bool)
    for row in others:
        changes[1:] |= row[order[1:]] != row[order[:-1]]
    if not len(others):
        ordered = cost[order]
    else:
        # Each run of equal others lies wholly below the one before, so the minimum starts anew.
        rank = np.unique(cost, return_inverse=True)[1]
        ordered = rank[order] - np.cumsum(changes) * (count + 1)
    lowest = np.minimum.accumulate(ordered)
    keep = np.ones(count, dtype=bool)
    keep[1:] = ordered[1:] < lowest[:-1]
    return np.sort(order[keep])


def _beaten_in_three(cost: Ints, one: Ints, two: Ints) -> NDArray[np.bool_]:
    """Divide and conquer over the order of `one`, each half swept by `two` (Kung et al., 1975).

    All blocks of one size are swept at once, as the rows of a matrix.
    """
    count = len(cost)
    bits = max(1, (count - 1).bit_length())
    size = 1 << bits
    by_one = np.lexsort((cost, two, one))
    # From here on a point is its place in the order of `one`; padding is beaten by all.
    price = np.full(size, _INFINITE)
    price[:count] = cost[by_one]
    row = np.concatenate([np.argsort(two[by_one], kind="stable"), np.arange(count, size)])
    beaten = np.zeros(size, dtype=bool)
    for level in range(bits - 1, -1, -1):
        # `row` holds blocks of 2**(level + 1) neighbours in `one`, each by rising `two`.
        upper = ((row >> level) & 1).astype(bool)
        here = price[row]
        lowest = np.minimum.accumulate(
            np.where(upper, _INFINITE, here).reshape(-1, 2 << level), axis=1
        ).ravel()
        beaten[row[upper & (lowest <= here)]] = True
        if level:
            halves = upper.reshape(-1, 2 << level)
            row = row.reshape(halves.shape)
            # Stable: each half keeps its order by `two`.
            row = np.hstack(
                [row[~halves].reshape(-1, 1 << level), row[halves].reshape(-1, 1 << level)]
            ).ravel()
    result = np.empty(count, dtype=bool)
    result[by_one] = beaten[:count]
    return result

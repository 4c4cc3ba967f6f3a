"""Cutting an array that may not fit memory into pieces that do."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

__all__ = ["SLAB_VALUES", "slabs"]

# 8 MiB of float64: enough to drown the overhead of a piece, little enough to be no matter.
SLAB_VALUES = 1 << 20


def slabs(
    x: npt.NDArray[np.generic], *, axis: int, unit: int | None, values: int = SLAB_VALUES
) -> Iterator[tuple[slice, ...]]:
    """Index tuples of pieces that cover an array once, in the order of its memory.

    Args:
        x: The array; only its shape and strides are looked at.
        axis: Along which neighbours belong together, 0 or more.
        unit: How many neighbours along the axis must stay in one piece: pieces are cut at its
            multiples only. None: all of them.
        values: The most that a piece should hold; one unit is never cut, whatever its size.
    """
    if x.size == 0:
        return
    together = x.shape[axis] if unit is None else min(unit, x.shape[axis])
    least = [1] * x.ndim
    least[axis] = together
    steps = list(x.shape)
    for at in sorted(range(x.ndim), key=lambda d: -abs(x.strides[d])):
        others = math.prod(steps) // steps[at]
        wanted = max(1, values // others)
        steps[at] = min(steps[at], max(least[at], wanted - wanted % least[at]))
    order = sorted(range(x.ndim), key=lambda d: -abs(x.strides[d]))
    ranges = [range(0, x.shape[at], steps[at]) for at in order]
    for starts in itertools.product(*ranges):
        index = [slice(None)] * x.ndim
        for at, start in zip(order, starts, strict=True):
            index[at] = slice(start, min(start + steps[at], x.shape[at]))
        yield tuple(index)

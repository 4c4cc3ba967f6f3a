"""Options that another one of their group makes needless, for all groups at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .columns import Columns

__all__ = ["dominated"]

_MOST_COMPARISONS = 400_000_000


def dominated(columns: Columns) -> NDArray[np.bool_]:
    """Options that cost and use no less than another one of their group; of equals, the later.

    Nothing is marked where that would be too many comparisons: dominated options do no harm.
    """
    sizes = columns.sizes()
    out = np.zeros(len(columns.cost), dtype=bool)
    rows = [columns.cost, *columns.usage]
    if int(sizes.max()) * len(out) * len(rows) > _MOST_COMPARISONS:
        return out
    place = np.arange(len(out)) - columns.spread(columns.first[:-1])
    left = columns.spread(sizes) - place  # options from this one to the end of its group
    for step in range(1, int(sizes.max())):
        same = left[:-step] > step
        earlier = same.copy()  # whether the one `step` before beats or equals
        later = same
        for row in rows:
            earlier &= row[:-step] <= row[step:]
            later &= row[step:] <= row[:-step]
        out[step:] |= earlier
        out[:-step] |= later & ~earlier
    return out

"""The exact frontier of figures whose sums do not fit 64 bits, in Python's integers.

Groups are taken one after another, and of the partial answers those that another one beats in both
figures are dropped (Nemhauser and Ullmann, "Discrete dynamic programming and capital allocation",
Management Science 15, 1969).
"""

from __future__ import annotations

import time
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Picks

__all__ = ["MOST_ANSWERS", "wide_frontier"]

MOST_ANSWERS = 1_000_000
"""Partial answers that one group may add up to; more would take minutes and gigabytes."""

# Usage, cost, entry chosen last, and the answer that it goes on from.
Answer = tuple[int, int, int, Any]


def wide_frontier(
    first: NDArray[np.int64],
    cost: NDArray[Any],
    usage: NDArray[Any],
    *,
    deadline: float | None = None,
) -> list[Picks] | None:
    """Every answer that none beats in both cost and usage, ascending in usage.

    Args:
        first: Entries of group g are first[g] .. first[g+1]-1.
        cost: Of the entries, integers of any size.
        usage: Of the entries, integers of any size.
        deadline: `time.monotonic()` to stop at, or None.

    Returns:
        Positions of the chosen entries; None where there are too many partial answers, or too
        little time.
    """
    answers: list[Answer] = [(0, 0, -1, None)]
    bounds = first.tolist()
    costs, usages = [int(c) for c in cost], [int(u) for u in usage]
    for start, stop in pairwise(bounds):
        late = deadline is not None and time.monotonic() > deadline
        if late or len(answers) * (stop - start) > MOST_ANSWERS:
            return None
        grown = [
            (used + usages[entry], spent + costs[entry], entry, before)
            for before in answers
            for used, spent in [before[:2]]
            for entry in range(start, stop)
        ]
        grown.sort(key=lambda answer: answer[:3])
        answers = []
        for answer in grown:
            if not answers or answer[1] < answers[-1][1]:
                answers.append(answer)
    return [_picks(answer) for answer in answers]


def _picks(answer: Answer) -> Picks:
    entries = []
    while answer[3] is not None:
        entries.append(answer[2])
        answer = answer[3]
    return np.array(entries[::-1], dtype=np.int64)

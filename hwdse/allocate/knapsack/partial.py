"""Lists of partial answers: every way to depart from the relaxation's answer in some groups.

An answer of low cost has little excess over the relaxation's answer, so few groups depart from it
and by little (the core of Balas and Zemel, 1980; Pisinger, "A Minimal Algorithm for the
Multiple-Choice Knapsack Problem", 1995). A list holds sums, not answers; the trail leads back.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .instance import Ints
from .pareto import unbeaten

__all__ = ["Departures", "Partial", "enumerate_partial"]

_WORTH_SORTING = 512  # shorter lists are not searched for beaten entries
_FRUITFUL = 0.8


@dataclass(frozen=True, eq=False)
class Departures:
    """One group's options that matter, the relaxation's own choice first.

    Attributes:
        group: The group.
        option: Indices into all options; shape (n,).
        sums: Excess, cost and each usage relative to the first option, which is all zeros; shape
            (2 + budgets, n).
    """

    group: int
    option: Ints
    sums: Ints


@dataclass(frozen=True, eq=False)
class Partial:
    """Partial answers over some groups, by rising excess.

    Attributes:
        sums: Excess, cost and each usage above the relaxation's answer; shape (2 + budgets, n).
        complete: Every partial answer of at most this excess is here, or one that beats it in
            cost and every usage.
        groups: In the order in which they were added.
        trail: For each group, the entry each one came from and its option's place.
    """

    sums: Ints
    complete: int
    groups: Sequence[Departures]
    trail: list[tuple[NDArray[np.int32], NDArray[np.int32]]]

    def options(self, entry: int) -> dict[int, int]:
        """The option (an index into all) that an entry takes in each group."""
        chosen = {}
        for group, (parent, place) in zip(reversed(self.groups), reversed(self.trail), strict=True):
            chosen[group.group] = int(group.option[place[entry]])
            entry = int(parent[entry])
        return chosen


def enumerate_partial(
    groups: Sequence[Departures], budgets: int, room: int, cap: int, deadline: float | None
) -> Partial | None:
    """All partial answers with at most `room` excess, or the `cap` of least excess.

    Returns:
        None when the deadline passed.
    """
    sums = np.zeros((2 + budgets, 1), dtype=np.int64)
    trail: list[tuple[NDArray[np.int32], NDArray[np.int32]]] = []
    checked, complete = _WORTH_SORTING, room
    for group in groups:
        if deadline is not None and time.monotonic() > deadline:
            return None
        counts = np.searchsorted(sums[0], room - group.sums[0], side="right")
        place = np.repeat(np.arange(len(counts)), counts)
        parent = np.concatenate([np.arange(n) for n in counts])
        grown = sums[:, parent] + group.sums[:, place]
        order = np.argsort(grown[0], kind="stable")
        if len(order) > min(checked, cap):
            before = len(order)
            order = order[unbeaten(grown[1:, order])]
            # Where little was beaten, wait longer.
            checked = len(order) * (2 if len(order) < _FRUITFUL * before else 8)
        if len(order) > cap:
            complete = min(complete, int(grown[0, order[cap]]) - 1)
            order = order[:cap]
        sums = grown[:, order]
        trail.append((parent[order].astype(np.int32), place[order].astype(np.int32)))
    return Partial(sums, complete, groups, trail)

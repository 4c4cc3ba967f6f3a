"""One option for all, and exchanges by ratio."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from hwdse.allocate.exact import Exact, Picks, in_floats

from .population import cheapest, shares
from .setting import Setting, Tried

__all__ = ["greedy", "uniform"]


def uniform(setting: Setting) -> Tried:
    """One option in all layers: of those that fit, the one of best objective."""
    codes, table = setting.shared()
    rule = "one option in every layer, matched by name"
    if not codes:
        return Tried(rule, None, "no option is offered by every layer")
    best = cheapest(setting.exact, table.T)
    if best is None:
        reason = f"none of the {len(codes)} options that every layer offers is within the budgets"
        return Tried(rule, None, reason)
    name = setting.task.problem.options[codes[best]]
    return Tried(f"{rule}: {name!r}", table[:, best])


def greedy(setting: Setting) -> Tried:
    """Best objective in every layer, then exchanges by their ratio until the budgets are met."""
    exact = setting.exact
    rule = (
        "starts from the best objective of every layer; exchanges by least loss added per share of "
        "the exceeded budgets saved, until all are met"
    )
    share = shares(exact)
    cost, _ = in_floats(exact.cost[: exact.entries])
    start = np.lexsort((share.sum(axis=0), cost, exact.group_of))[exact.first[:-1]]
    over = [
        exact.total(usage, start) > limit
        for usage, limit in zip(exact.usage, exact.limits, strict=True)
    ]
    if exact.is_feasible(start):
        return Tried(rule, start)
    before, after = _exchanges(exact, start, cost, share[np.array(over, dtype=bool)].sum(axis=0))
    count = _first_within(exact, start, before, after)
    if count is None:
        return Tried(rule, None, f"none of its {len(after)} exchanges led within the budgets")
    picks = start.copy()
    picks[exact.group_of[after[:count]]] = after[:count]
    return Tried(rule, picks)


def _exchanges(
    exact: Exact, start: Picks, cost: NDArray[np.float64], weight: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Entries left and taken, by rising ratio of cost added to weight saved.

    From where a group stands, its next exchange is the one of least ratio; so its ratios rise.
    """
    group, begin = exact.group_of, exact.first[:-1]
    here, reached = start.copy(), np.full(exact.groups, -np.inf)
    lists: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float64]]] = []
    while True:
        saved = weight[here][group] - weight
        with np.errstate(divide="ignore", invalid="ignore"):
            ratio = np.where(saved > 0, (cost - cost[here][group]) / saved, np.inf)
        lowest = np.minimum.reduceat(ratio, begin)
        moving = np.flatnonzero(np.isfinite(lowest))
        if not len(moving):
            break
        # Of equal ratios the one that saves most.
        gain = np.where(ratio == lowest[group], saved, -1.0)
        at = np.lexsort((-gain, group))[begin][moving]
        reached[moving] = np.maximum(reached[moving], lowest[moving])
        lists.append((here[moving], at, reached[moving]))
        here = here.copy()
        here[moving] = at
    if not lists:
        return np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64)
    before, after, ratios = (np.concatenate(column) for column in zip(*lists, strict=True))
    order = np.argsort(ratios, kind="stable")
    return before[order], after[order]


def _first_within(
    exact: Exact, start: Picks, before: NDArray[np.int64], after: NDArray[np.int64]
) -> int | None:
    """After how many exchanges the assignment is within every limit for the first time."""
    if exact.pairs:
        picks = start.copy()
        for count, entry in enumerate(after.tolist(), 1):
            picks[exact.group_of[entry]] = entry
            if exact.is_feasible(picks):
                return count
        return None
    good = np.ones(len(after), dtype=bool)
    for usage, limit in zip(exact.usage, exact.limits, strict=True):
        total = exact.total(usage, start) + np.cumsum(usage[after] - usage[before])
        good &= np.asarray(total <= limit, dtype=bool)
    return int(good.argmax()) + 1 if good.any() else None

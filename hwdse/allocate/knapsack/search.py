"""Find a better answer, or prove that there is none, by enumeration within a growing excess."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .columns import Columns
from .instance import Ints
from .join import best_of_few, best_pair
from .partial import Departures, enumerate_partial
from .relaxation import Relaxation

__all__ = ["Answer", "Found", "look_within"]

_BINS = 64
_ROOT = math.sqrt(2.0)  # one of two lists gets a single departure: two lists grow by this
_SCRAMBLER = np.int64(0x5851F42D4C957F2D)
_EXPECTED = 64.0
_WIDER = 64.0
_WIDENINGS = 3
_FEW = 1 << 13
_CANDIDATES = 4096
_FORBIDDEN = np.iinfo(np.int64).max


@dataclass(frozen=True, eq=False)
class Answer:
    """An answer within the limits.

    Attributes:
        option: Each group's option, as an index into all options.
        cost: Above the least of each group.
    """

    option: Ints
    cost: int


@dataclass(frozen=True)
class Found:
    """What one enumeration brought.

    Attributes:
        answer: Better than the one known before, or None.
        complete: Every answer that is cheaper than any known now has a greater excess than this;
            -1 when nothing is proven.
        exhausted: No answer was left out at all.
        longest: Entries of the longer list.
        full: A list was cut as too long, or not all pairs could be looked at.
    """

    answer: Answer | None
    complete: int
    exhausted: bool
    longest: int
    full: bool


def look_within(
    columns: Columns,
    limit: Ints,
    relaxed: Relaxation,
    known: Answer | None,
    effort: int,
    longest: int,
    deadline: float | None,
) -> Found:
    """Enumerate answers of small excess from two lists of partial answers.

    Args:
        columns: The problem.
        limit: What is left of each limit above the least usage.
        relaxed: Says which departures matter.
        known: Only cheaper answers are looked for.
        effort: About how many entries each list would have if none beat another.
        longest: Longer lists are cut.
        deadline: See `time.monotonic`.
    """
    room = relaxed.room(None if known is None else known.cost - 1)
    if room < 0:
        return Found(None, room, exhausted=True, longest=0, full=False)
    departing = np.flatnonzero(relaxed.excess <= min(room, _FORBIDDEN - 1))
    group = columns.group_of(departing)
    other = departing != relaxed.base[group]
    plan = _plan(columns, relaxed, departing[other], group[other], room, effort)
    lists = []
    for half in _halves(_departures(columns, relaxed, plan.departing)):
        made = enumerate_partial(half, len(limit), plan.listed, min(longest, 8 * effort), deadline)
        if made is None:
            return Found(None, -1, exhausted=False, longest=0, full=False)
        lists.append(made)
    within = min(plan.within, *(made.complete for made in lists))
    left = limit - columns.usage[:, relaxed.base].sum(axis=1)
    below = None if known is None else known.cost - int(columns.cost[relaxed.base].sum())
    pair, all_seen = _join(lists[0].sums, lists[1].sums, left, relaxed, within, below, deadline)
    answer = None
    if pair is not None:
        option = relaxed.base.copy()
        for made, entry in zip(lists, pair, strict=True):
            for which, chosen in made.options(entry).items():
                option[which] = chosen
        answer = Answer(option, int(columns.cost[option].sum()))
    exhausted = all_seen and plan.everything and within == room
    entries = max(made.sums.shape[1] for made in lists)
    full = not all_seen or entries >= longest
    return Found(answer, within if all_seen else -1, exhausted, entries, full)


def _join(
    one: Ints,
    two: Ints,
    left: Ints,
    relaxed: Relaxation,
    within: int,
    below: int | None,
    deadline: float | None,
) -> tuple[tuple[int, int] | None, bool]:
    """A cheaper pair if there is one of excess up to `within`; else perhaps one beyond."""
    with np.errstate(divide="ignore"):
        price = 1.0 / relaxed.multiplier
    # What an answer can leave of a budget is worth no more than the excess still to spend.
    spare = np.maximum(0, within + 1 - one[0]).astype(float) * (1 + 1e-12) + 1.0
    windows = np.minimum(price[:, None] * spare, 1e300) * (1 + 1e-12) + 1.0
    pair, all_seen = best_pair(one, two, left, windows, below, deadline)
    if pair is not None or len(left) == 1:
        return pair, all_seen
    # Wider, so that a few pairs can be expected: any answer helps the next enumeration.
    one, two, windows = one[:, :_FEW], two[:, :_FEW], windows[:, :_FEW]
    spread = two[2:].max(axis=1) - two[2:].min(axis=1) + 1.0
    share = _EXPECTED / (one.shape[1] * two.shape[1])
    for _ in range(_WIDENINGS):
        if share >= 1.0:
            break
        wide = np.broadcast_to((spread * share ** (1 / len(left)))[:, None], windows.shape)
        pair, _ = best_pair(one, two, left, np.maximum(windows, wide), below, deadline)
        if pair is not None:
            return pair, all_seen
        share *= _WIDER
    return best_of_few(one, two, left, below), all_seen


@dataclass(frozen=True, eq=False)
class _Plan:
    """Which departures to enumerate.

    Attributes:
        departing: The options.
        within: All options of at most this excess are among them.
        listed: The greatest excess to list.
        everything: Whether no option with room for it is left out.
    """

    departing: Ints
    within: int
    listed: int
    everything: bool


def _plan(
    columns: Columns, relaxed: Relaxation, departing: Ints, group: Ints, room: int, effort: int
) -> _Plan:
    """As many departures, by rising excess, as two lists of about `effort` entries allow."""
    total = len(departing)
    excess = relaxed.excess[departing]
    if total > _CANDIDATES:
        near = np.sort(np.argpartition(excess, _CANDIDATES)[: _CANDIDATES + 1])
        departing, group, excess = departing[near], group[near], excess[near]
    base = relaxed.base[group]
    rows = np.vstack(
        [
            excess,
            columns.cost[departing] - columns.cost[base],
            columns.usage[:, departing] - columns.usage[:, base],
        ]
    )
    # Of equal excess in a scrambled order, for variety; equal effects come together all the same.
    scrambled = np.zeros(len(departing), dtype=np.int64)
    for row in rows[1:]:
        scrambled = (scrambled ^ (row >> 29) ^ row) * _SCRAMBLER
    order = np.lexsort((departing, scrambled, excess))
    departing, rows = departing[order], rows[:, order]
    # Departures with the same effect in different groups: only how many are taken matters.
    new = np.ones(len(order), dtype=bool)
    new[1:] = (rows[:, 1:] != rows[:, :-1]).any(axis=0)
    start = np.flatnonzero(new)
    kinds, copies = rows[0, start], np.diff(np.append(start, len(order)))
    if total == len(order) and _count(kinds, copies, room, effort) <= effort:
        return _Plan(departing, room, room, everything=True)
    # The most kinds that fit, by doubling and halving the step: the count rises with their number.
    take, within, step = 0, -1, 8
    while step:
        trial = take + step
        reach = min(room, int(kinds[trial]) - 1) if trial < len(kinds) else -1
        if (
            trial < len(kinds)
            and _count(kinds[:trial], copies[:trial], max(reach, int(kinds[trial - 1])), effort)
            <= effort
        ):
            take, within = trial, reach
            step = step * 2 if step >= 8 and trial >= step else step
        else:
            step //= 2
    if not take:
        take = 1
        within = int(kinds[1]) - 1 if len(kinds) > 1 else -1
    every = float(np.prod(copies[:take:2] + 1.0))
    listed = room if every <= effort else max(within, int(kinds[take - 1]))
    end = start[take] if take < len(start) else len(order)
    return _Plan(departing[:end], within, listed, everything=False)


def _count(kinds: Ints, copies: Ints, room: int, most: float) -> float:
    """About how many sums of at most the room half of the departures have; hardly too few.

    Once there are more than `most`, no more are counted.
    """
    counts = np.zeros(_BINS)
    counts[0] = 1.0
    width = max(1, -(-(room + 1) // _BINS))
    for excess, many in zip((kinds // width).tolist(), copies.tolist(), strict=True):
        # Half of the copies, or every second of those that have none.
        half = (many + 1) / 2
        if excess == 0:
            counts *= 1.0 + half if many > 1 else _ROOT
        elif excess < _BINS:
            grown = counts.copy()
            for times in range(1, min(math.ceil(half), (_BINS - 1) // excess) + 1):
                part = counts[: -times * excess]
                grown[times * excess :] += part if many > 1 else part * (_ROOT - 1)
            counts = grown
        if counts[0] > most or float(counts.sum()) > most:
            break
    return float(counts.sum())


def _departures(columns: Columns, relaxed: Relaxation, departing: Ints) -> list[Departures]:
    """The options that matter, by group, without those that another one of the group beats."""
    made: list[Departures] = []
    if not len(departing):
        return made
    departing = np.sort(departing)
    group = columns.group_of(departing)
    starts = np.flatnonzero(np.concatenate([[True], group[1:] != group[:-1]]))
    for begin, end in zip(starts, [*starts[1:], len(group)], strict=True):
        which = int(group[begin])
        base = int(relaxed.base[which])
        option = np.concatenate([[base], departing[begin:end]])
        sums = np.vstack([relaxed.excess[option], columns.cost[option], columns.usage[:, option]])
        sums = sums - sums[:, :1]
        keep = _unbeaten(sums[1:])
        if len(keep) > 1 or keep[0] != 0:
            made.append(Departures(which, option[keep], sums[:, keep]))
    return made


def _unbeaten(values: Ints) -> Ints:
    """Columns that no other one equals or beats in every row; of equal ones the first."""
    # [i, j]: i beats or equals j.
    less = np.logical_and.reduce(values[:, :, None] <= values[:, None, :], axis=0)
    equal = less & less.T
    return np.flatnonzero(~((less & ~equal) | np.triu(equal, 1)).any(axis=0))


def _halves(groups: list[Departures]) -> tuple[list[Departures], list[Departures]]:
    """Two lists of groups of like weight, those that depart at least excess last."""

    def least(group: Departures) -> int:
        return int(group.sums[0, 1:].min()) if group.sums.shape[1] > 1 else 0

    ranked = sorted(groups, key=lambda g: (-least(g), g.group))
    return ranked[::2], ranked[1::2]

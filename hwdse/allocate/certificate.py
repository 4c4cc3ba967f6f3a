"""The second, independent method: enumerate what the Lagrangian bound does not exclude.

Every answer better than the best one known has a sum of reduced costs within the gap between that
one and the bound (Kellerer, Pferschy and Pisinger, "Knapsack Problems", 2004, ch. 11, for one
budget). Groups are taken one after another; partial answers that break this, or a budget, or that
another partial answer beats in every respect are dropped. Nothing else is, unless there are too
many: then the least promising go and the bound falls to what they could have reached.
"""

from __future__ import annotations

import time
from bisect import bisect_right
from dataclasses import dataclass
from operator import add, gt, itemgetter
from typing import Any

from .lagrange import (
    Multipliers,
    best_multipliers,
    fix_options,
    lower_bound,
    proves_infeasible,
    relaxed,
)
from .model import Choice, Model

__all__ = ["NODE_LIMIT", "Certificate", "Enumeration", "certify", "enumerate_better"]

NODE_LIMIT = 400_000
"""Partial answers formed before the enumeration begins to drop the least promising ones."""

_FIRST_LIMIT = 8_000  # enough to close most gaps, and to find a good answer where it is not
_ROUNDS = 8
_LEAST_WIDTH = 16  # kept even when effort or time has run out, so that there is an answer
_PAIRWISE = 200  # partial answers compared with each other when there are three budgets or more

# Weighted sum (see Multipliers), key, and the usage of each budget.
Vector = tuple[int, ...]
# A vector and the labels that led to it, the last one first: (label, (label, (..., ()))).
State = tuple[Vector, tuple[Any, ...]]


@dataclass(frozen=True)
class Certificate:
    """The outcome, about keys of the exact model.

    Attributes:
        choice: The best answer known, or None.
        key: Its key, or None.
        bound: No answer has a key below it; equal to `key` when complete. None when there is no
            answer at all.
        complete: Proven: the choice is the optimum, or without one the problem is infeasible.
    """

    choice: Choice | None
    key: int | None
    bound: int | None
    complete: bool


@dataclass(frozen=True)
class Enumeration:
    """What an enumeration found.

    Attributes:
        choice: The best answer below the key asked for, or None.
        key: Its key, or None.
        dropped: No answer that was given up for lack of effort has a key below it. None when
            nothing was given up.
    """

    choice: Choice | None
    key: int | None
    dropped: int | None


def certify(
    model: Model,
    incumbent: Choice | None,
    *,
    node_limit: int = NODE_LIMIT,
    deadline: float | None = None,
    weights: Multipliers | None = None,
    all_or_nothing: bool = False,
) -> Certificate:
    """Prove the incumbent optimal, find a better answer, or say how far off it may be.

    Args:
        model: The exact model.
        incumbent: A feasible answer, or None.
        node_limit: Effort, in partial answers formed.
        deadline: `time.monotonic()` after which to hurry to an end, or None.
        weights: Multipliers to begin with, if some are known.
        all_or_nothing: Only a complete enumeration is of use: end as soon as it cannot be one.
    """
    best = incumbent
    key = None if best is None else model.total(model.key, best)
    if key is None and proves_infeasible(model):
        return Certificate(None, None, None, complete=True)
    bound: int | None = None
    current = model
    effort = min(_FIRST_LIMIT, node_limit)
    for turn in range(_ROUNDS + 1):
        if weights is None:
            weights = best_multipliers(current)
        low = lower_bound(current, weights)
        bound = low if bound is None else max(bound, low)
        if key is not None and bound >= key:
            return Certificate(best, key, key, complete=True)
        found = enumerate_better(
            current,
            weights,
            key,
            node_limit=node_limit if all_or_nothing else effort,
            deadline=deadline,
            all_or_nothing=all_or_nothing,
        )
        if found.choice is not None:
            best, key = found.choice, found.key
        if found.dropped is None or (key is not None and found.dropped >= key):
            return Certificate(best, key, key, complete=True)
        bound = max(bound, found.dropped)
        if all_or_nothing:
            break
        # Fewer options make a better scaled program, hence better multipliers: go round again.
        smaller = fix_options(current, weights, key)
        if smaller is None:
            return Certificate(best, key, key, complete=True)
        late = deadline is not None and time.monotonic() > deadline
        if effort == node_limit or late:
            current = smaller
            break
        if smaller.labels == current.labels or turn == _ROUNDS - 1:
            effort = node_limit
        else:
            weights = None
        current = smaller
    bound = bound if key is None or bound is None else min(bound, key)
    return Certificate(best, key, bound, complete=False)


def enumerate_better(
    model: Model,
    weights: Multipliers,
    upper: int | None,
    *,
    node_limit: int,
    deadline: float | None = None,
    all_or_nothing: bool = False,
) -> Enumeration:
    """The best answer of a key below `upper` (None: of any key), within the Lagrangian gap.

    Args:
        model: The exact model.
        weights: Multipliers; any will do, good ones keep the enumeration small.
        upper: The key to beat.
        node_limit: Effort, in partial answers formed; shared evenly among the groups to come.
        deadline: `time.monotonic()` after which only a few partial answers are kept.
        all_or_nothing: Rather than to give up some partial answers, end without any answer.
    """
    table, offset = relaxed(model, weights)
    groups: list[list[tuple[Vector, int]]] = [
        sorted(
            ((table[g][p], model.key[g][p], *(u[g][p] for u in model.usage)), label)
            for p, label in enumerate(labels)
        )
        for g, labels in enumerate(model.labels)
    ]
    # Groups whose second choice is dear come first: there the enumeration hardly branches.
    order = sorted(range(len(groups)), key=lambda g: (-_regret(groups[g]), g))
    width = 2 + len(model.usage)
    least = [tuple(min(v[i] for v, _ in some) for i in range(width)) for some in groups]
    rest = [sum(column) for column in zip(*least, strict=True)]
    if upper is None:
        most = [sum(max(v[i] for v, _ in some) for some in groups) for i in range(2)]
        ceiling = [*most, *model.limits]
    else:
        ceiling = [weights.cost * (upper - 1) + offset, upper - 1, *model.limits]

    states: list[State] = [((0,) * width, ())]
    cuts: list[int] = []
    nodes = 0
    for done, g in enumerate(order):
        late = deadline is not None and time.monotonic() > deadline
        fair = max(node_limit - nodes, 0) // ((len(order) - done) * len(groups[g]))
        room = _LEAST_WIDTH if late else max(_LEAST_WIDTH, fair)
        if all_or_nothing and (late or nodes > node_limit):
            return Enumeration(None, None, lower_bound(model, weights))
        if len(states) > room and not all_or_nothing:
            states.sort(key=itemgetter(0))
            cuts.append(states[room][0][0] + rest[0])
            del states[room:]
        rest = [r - s for r, s in zip(rest, least[g], strict=True)]
        allowed = [c - r for c, r in zip(ceiling, rest, strict=True)]
        nodes += len(states) * len(groups[g])
        states = _undominated(_expand(states, groups[g], allowed))
        if not states:
            break
    dropped = None if not cuts else -((offset - min(cuts)) // weights.cost)
    if not states:
        return Enumeration(None, None, dropped)
    vector, trail = min(states, key=lambda s: s[0][1])
    labels: list[int] = [0] * len(order)
    for g in reversed(order):
        labels[g], trail = trail
    return Enumeration(tuple(labels), vector[1], dropped)


def _regret(some: list[tuple[Vector, int]]) -> int:
    return some[1][0][0] - some[0][0][0] if len(some) > 1 else 0


def _expand(
    states: list[State], options: list[tuple[Vector, int]], allowed: list[int]
) -> list[State]:
    grown: list[State] = []
    most = allowed[0]
    for vector, trail in states:
        first = vector[0]
        for extra, label in options:
            if first + extra[0] > most:
                break  # options are sorted by their weighted sum
            total = tuple(map(add, vector, extra))
            if not any(map(gt, total, allowed)):
                grown.append((total, (label, trail)))
    return grown


def _undominated(states: list[State]) -> list[State]:
    """Without states that another one beats in key and in every usage."""
    if len(states) < 2:
        return states
    # By usage, then key: whoever comes later uses at least as much of the first budget.
    states.sort(key=lambda s: (s[0][2:], s[0][1]))
    kept: list[State] = []
    if len(states[0][0]) == 3:
        lowest: int | None = None
        for state in states:
            if lowest is None or state[0][1] < lowest:
                lowest = state[0][1]
                kept.append(state)
    elif len(states[0][0]) == 4:
        # Usages of the second budget that were met, ascending, and the least key up to each.
        seconds: list[int] = []
        keys: list[int] = []
        for state in states:
            key, second = state[0][1], state[0][3]
            at = bisect_right(seconds, second)
            if at and keys[at - 1] <= key:
                continue
            kept.append(state)
            end = at
            while end < len(keys) and keys[end] >= key:
                end += 1
            seconds[at:end], keys[at:end] = [second], [key]
    else:
        pairwise = len(states) <= _PAIRWISE
        for state in states:
            vector = state[0]
            rivals = kept if pairwise else kept[-1:]
            if not any(
                all(a <= b for a, b in zip(rival[0][1:], vector[1:], strict=True))
                for rival in rivals
            ):
                kept.append(state)
    return kept

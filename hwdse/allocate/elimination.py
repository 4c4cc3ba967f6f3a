"""Minimising a sum over groups and pairs by eliminating one group after another.

Eliminating a group takes the minimum over its entries of everything that involves it, for every
combination of its neighbours (Bertele and Brioschi, "Nonserial Dynamic Programming", 1972). A
network's chain of layers, with skips, has few neighbours at any time. Pairs that would make a table
too large are relaxed: they count with their least cell, and the result is a bound.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .exact import Exact

__all__ = ["Bucket", "Plan", "descend", "eliminate", "make_plan"]

_CELLS = 100_000
"""Cells of the largest table."""


@dataclass(frozen=True)
class Plan:
    """In which order to eliminate.

    Attributes:
        order: Groups, the first to be eliminated first.
        scopes: Per group in that order, its neighbours at that time, ascending.
        kept: Indices of the pairs that count as they are.
    """

    order: tuple[int, ...]
    scopes: tuple[tuple[int, ...], ...]
    kept: frozenset[int]


@dataclass(frozen=True, eq=False)
class Bucket:
    """A group at its elimination.

    Attributes:
        table: Axis 0 is the group's entries, the others those of its scope: the least sum of what
            is eliminated with and before it.
        message: The minimum over axis 0.
    """

    table: NDArray[Any]
    message: NDArray[Any]


def make_plan(exact: Exact) -> Plan:
    """An order with small tables, by smallest table first."""
    sizes = np.diff(exact.first).tolist()
    kept = set(range(len(exact.pairs)))
    while True:
        plan, wide = _try_plan(exact, sizes, kept)
        if plan is not None:
            return plan
        touching = [i for i in kept if wide in (exact.pairs[i].first, exact.pairs[i].second)]
        kept.discard(max(touching))


def _try_plan(exact: Exact, sizes: list[int], kept: set[int]) -> tuple[Plan | None, int]:
    """A plan, or the group whose table is too large in spite of being the smallest."""
    near: list[set[int]] = [set() for _ in sizes]
    for i in kept:
        pair = exact.pairs[i]
        near[pair.first].add(pair.second)
        near[pair.second].add(pair.first)
    original = [set(some) for some in near]

    def cells(group: int) -> int:
        total = sizes[group]
        for other in near[group]:
            total *= sizes[other]
        return total

    left = set(range(len(sizes)))
    size = {group: cells(group) for group in left}
    order, scopes = [], []
    while left:
        group = min(left, key=lambda g: (size[g], g))
        if size[group] > _CELLS:
            # Drop a pair of this group that is really there.
            wide = next(g for g in sorted(left, key=lambda g: size[g]) if original[g])
            return None, wide
        order.append(group)
        scopes.append(tuple(sorted(near[group])))
        left.discard(group)
        for one in near[group]:
            near[one] |= near[group] - {one}
            near[one].discard(group)
        for one in near[group]:
            size[one] = cells(one)
    return Plan(tuple(order), tuple(scopes), frozenset(kept)), -1


def eliminate(exact: Exact, plan: Plan, values: NDArray[Any], forbidden: Any) -> list[Bucket]:
    """Eliminate all groups; the sum of the messages without a scope is the least sum.

    Args:
        exact: The problem.
        plan: From `make_plan`.
        values: What each cell (entries, then pairs) counts.
        forbidden: A value above any sum, for pairs of entries that may not stand together.

    Returns:
        One bucket for each group, in the order of the plan. Relaxed pairs are left out.
    """
    place = {group: at for at, group in enumerate(plan.order)}
    sizes = np.diff(exact.first)
    waiting: list[list[tuple[tuple[int, ...], NDArray[Any]]]] = [[] for _ in plan.order]
    for i in plan.kept:
        pair = exact.pairs[i]
        start = exact.entries + pair.offset
        table = values[start : start + pair.allowed.size].reshape(pair.allowed.shape)
        table = np.where(pair.allowed, table, forbidden)
        owner = min(pair.first, pair.second, key=place.__getitem__)
        waiting[place[owner]].append(((pair.first, pair.second), table))
    buckets = []
    for at, (group, scope) in enumerate(zip(plan.order, plan.scopes, strict=True)):
        axes = (group, *scope)
        own = values[exact.first[group] : exact.first[group + 1]]
        shape = tuple(int(sizes[a]) for a in axes)
        table = np.zeros(shape, dtype=values.dtype) + own.reshape(-1, *[1] * len(scope))
        for names, part in waiting[at]:
            table = table + _aligned(part, names, axes)
        message = table.min(axis=0)
        buckets.append(Bucket(table, np.asarray(message)))
        if scope:
            owner = min(scope, key=place.__getitem__)
            waiting[place[owner]].append((scope, np.asarray(message)))
    return buckets


def descend(exact: Exact, plan: Plan, buckets: list[Bucket]) -> list[int]:
    """The cells of the least sum, from `eliminate`: entries, and pairs that are not relaxed."""
    at: dict[int, int] = {}
    backwards = zip(reversed(plan.order), reversed(plan.scopes), reversed(buckets), strict=True)
    for group, scope, bucket in backwards:
        at[group] = int(np.argmin(np.moveaxis(bucket.table, 0, -1)[tuple(at[g] for g in scope)]))
    cells = [int(exact.first[group]) + p for group, p in at.items()]
    for i in plan.kept:
        pair = exact.pairs[i]
        width = pair.allowed.shape[1]
        cells.append(exact.entries + pair.offset + at[pair.first] * width + at[pair.second])
    return cells


def _aligned(part: NDArray[Any], names: tuple[int, ...], axes: tuple[int, ...]) -> NDArray[Any]:
    """A table over some groups, as one over all axes that broadcasts."""
    order = sorted(range(len(names)), key=lambda i: axes.index(names[i]))
    turned = part.transpose(order)
    shape = [1] * len(axes)
    for size, i in zip(turned.shape, order, strict=True):
        shape[axes.index(names[i])] = size
    return turned.reshape(shape)

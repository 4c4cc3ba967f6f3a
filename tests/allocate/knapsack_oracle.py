"""Oracles that share no code with the knapsack solver, and instances for it."""

from __future__ import annotations

import itertools

import numpy as np

from hwdse.allocate.knapsack import Knapsack


def knapsack(groups, limits) -> Knapsack:
    """From lists of (cost, usage, usage, ...) for each group."""
    first = np.cumsum([0, *(len(g) for g in groups)])
    rows = np.array([option for g in groups for option in g], dtype=np.int64)
    return Knapsack(
        first.astype(np.int64),
        rows[:, 0].copy(),
        np.ascontiguousarray(rows[:, 1:].T),
        np.array(limits, dtype=np.int64),
    )


def answers(problem: Knapsack):
    """Every answer's cost and usages, in Python integers."""
    cost, usage = problem.cost.tolist(), problem.usage.tolist()
    spans = itertools.pairwise(problem.first.tolist())
    for options in itertools.product(*(range(a, b) for a, b in spans)):
        yield sum(cost[o] for o in options), tuple(sum(u[o] for o in options) for u in usage)


def best_cost(problem: Knapsack) -> int | None:
    limit = problem.limit.tolist()
    return min(
        (
            c
            for c, used in answers(problem)
            if all(u <= m for u, m in zip(used, limit, strict=True))
        ),
        default=None,
    )


def best_cost_by_table(problem: Knapsack) -> int | None:
    """By dynamic programming over usages, for small non-negative ones."""
    limit = tuple(problem.limit.tolist())
    states = {(0,) * len(limit): 0}
    cost, usage = problem.cost.tolist(), problem.usage.T.tolist()
    for begin, end in itertools.pairwise(problem.first.tolist()):
        grown: dict[tuple[int, ...], int] = {}
        for used, so_far in states.items():
            for option in range(begin, end):
                now = tuple(a + b for a, b in zip(used, usage[option], strict=True))
                if all(a <= b for a, b in zip(now, limit, strict=True)):
                    total = so_far + cost[option]
                    if total < grown.get(now, total + 1):
                        grown[now] = total
        states = grown
    return min(states.values(), default=None)


def check_answer(problem: Knapsack, outcome) -> None:
    """The choice is one option of each group, within the limits, of the cost that is claimed."""
    sizes = np.diff(problem.first)
    assert outcome.choice.shape == sizes.shape
    assert ((outcome.choice >= 0) & (outcome.choice < sizes)).all()
    chosen = (problem.first[:-1] + outcome.choice).tolist()
    assert sum(problem.cost.tolist()[o] for o in chosen) == outcome.cost
    for row, most in zip(problem.usage.tolist(), problem.limit.tolist(), strict=True):
        assert sum(row[o] for o in chosen) <= most
    assert outcome.bound <= outcome.cost


def instance(kind: str, groups: int, options: int, budgets: int, seed: int, most: int, part=0.3):
    """The kinds of Pisinger (1995) with `budgets` limits at a part of the range of each usage."""
    rng = np.random.default_rng(seed)
    shape = (groups, options)
    usage = [np.sort(rng.integers(1, most + 1, shape), axis=1) for _ in range(budgets)]
    if kind == "uncorrelated":
        cost = -rng.integers(1, most + 1, shape)
    elif kind == "weak":
        cost = -(usage[0] + rng.integers(-most // 10 - 1, most // 10 + 1, shape))
    elif kind == "strong":
        cost = -(usage[0] + most // 10)
    elif kind == "subset-sum":
        cost = -usage[0]
    else:
        assert kind == "identical"
        few = -(-groups // 3)
        cost = -np.tile(rng.integers(1, most + 1, (3, options)), (few, 1))[:groups]
        usage = [np.tile(u[:3], (few, 1))[:groups] for u in usage]
    limits = [int((1 - part) * u.min(axis=1).sum() + part * u.max(axis=1).sum()) for u in usage]
    return Knapsack(
        np.arange(0, groups * options + 1, options, dtype=np.int64),
        cost.ravel().astype(np.int64),
        np.array([u.ravel() for u in usage], dtype=np.int64),
        np.array(limits, dtype=np.int64),
    )

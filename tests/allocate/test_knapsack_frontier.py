"""Frontiers against brute force."""

from __future__ import annotations

import importlib
import time

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate.knapsack import frontier, solve, supported

from .knapsack_oracle import answers, instance, knapsack


@st.composite
def problems(draw):
    most = draw(st.sampled_from([0, 1, 3, 10, 10**6, 10**17]))
    option = st.tuples(st.integers(-most, most), st.integers(-most, most))
    groups = draw(st.lists(st.lists(option, min_size=1, max_size=5), min_size=1, max_size=5))
    if draw(st.booleans()):
        groups = groups[:2] * 2  # identical layers
    return knapsack(groups, [0])


def undominated(problem):
    points = sorted({(used[0], cost) for cost, used in answers(problem)})
    kept = []
    for usage, cost in points:
        if not kept or cost < kept[-1][1]:
            kept.append((usage, cost))
    return kept


def corners(points):
    hull = []
    for u, c in points:
        while len(hull) > 1:
            (u0, c0), (u1, c1) = hull[-2:]
            if (c0 - c1) * (u - u1) > (c1 - c) * (u1 - u0):
                break
            hull.pop()
        hull.append((u, c))
    return hull


def check_points(problem, found, expected):
    assert list(zip(found.usage.tolist(), found.cost.tolist(), strict=True)) == expected
    cost, usage = problem.cost.tolist(), problem.usage[0].tolist()
    for at, point in enumerate(expected):
        chosen = problem.first[:-1] + found.choice(at)
        assert (chosen >= problem.first[:-1]).all()
        assert (chosen < problem.first[1:]).all()
        assert (
            sum(usage[o] for o in chosen.tolist()),
            sum(cost[o] for o in chosen.tolist()),
        ) == point


@settings(max_examples=80, deadline=None)
@given(problems())
def test_the_frontier_holds_every_undominated_point_and_no_other(problem):
    found = frontier(problem.first, problem.cost, problem.usage[0])
    check_points(problem, found, undominated(problem))


@settings(max_examples=80, deadline=None)
@given(problems())
def test_the_supported_points_are_the_corners_of_the_hull(problem):
    found = supported(problem.first, problem.cost, problem.usage[0])
    check_points(problem, found, corners(undominated(problem)))


def test_every_point_of_a_larger_frontier_is_optimal_at_its_own_usage():
    problem = instance("weak", 60, 5, 1, 2, 10**12)
    found = frontier(problem.first, problem.cost, problem.usage[0])
    hull = supported(problem.first, problem.cost, problem.usage[0])
    assert set(zip(hull.usage.tolist(), hull.cost.tolist(), strict=True)) <= set(
        zip(found.usage.tolist(), found.cost.tolist(), strict=True)
    )
    assert len(found.cost) > len(hull.cost)
    for at in range(0, len(found.cost), len(found.cost) // 8):
        limit = found.usage[at : at + 1]
        here = type(problem)(problem.first, problem.cost, problem.usage, limit)
        assert solve(here).cost == found.cost[at]


def test_a_frontier_beyond_all_bounds_is_given_up(monkeypatch):
    """Every answer of a subset-sum problem is on its frontier."""
    module = importlib.import_module("hwdse.allocate.knapsack.frontier")
    monkeypatch.setattr(module, "_MOST_AT_ONCE", 1 << 18)
    problem = instance("subset-sum", 100, 6, 1, 1, 10**15)
    assert frontier(problem.first, problem.cost, problem.usage[0]) is None
    problem = instance("weak", 100, 6, 1, 1, 10**12)
    now = time.monotonic()
    assert frontier(problem.first, problem.cost, problem.usage[0], deadline=now) is None
    assert len(supported(problem.first, problem.cost, problem.usage[0]).cost) > 50


def test_steps_of_equal_worth_are_one_edge_of_the_hull():
    """Forty identical layers, of ratios that no float holds: only the two ends are corners."""
    problem = knapsack([[(3 * 10**12 + 1, 0), (0, 7 * 10**12 + 3)]] * 40, [0])
    found = supported(problem.first, problem.cost, problem.usage[0])
    assert found.usage.tolist() == [0, 40 * (7 * 10**12 + 3)]
    assert found.cost.tolist() == [40 * (3 * 10**12 + 1), 0]
    assert np.array_equal(found.choice(1), np.ones(40))

"""The exact arithmetic beneath the solver, each part against plain Python."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate.knapsack import relaxation
from hwdse.allocate.knapsack.columns import columns_of
from hwdse.allocate.knapsack.dominance import dominated
from hwdse.allocate.knapsack.instance import exact_sum
from hwdse.allocate.knapsack.multipliers import AnyBudgets, OneBudget
from hwdse.allocate.knapsack.pareto import unbeaten

from .knapsack_oracle import answers, instance, knapsack


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.integers(0, 2**62), min_size=1, max_size=4),
    st.integers(2**61, 2**62),
    st.integers(0, 124),
)
def test_products_are_rounded_down_exactly(values, numerator, power):
    values = [v for v in values if (v * numerator) >> power < 2**63] or [0]
    got = relaxation._product(np.array(values, dtype=np.int64), numerator, power)
    assert got.tolist() == [(v * numerator) >> power for v in values]


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=40))
def test_sums_beyond_int64_are_exact(values):
    assert exact_sum(np.array(values, dtype=np.int64)) == sum(values)


@settings(max_examples=80, deadline=None)
@given(
    st.integers(1, 4),
    st.sampled_from([1, 4, 1000]),
    st.integers(1, 60),
    st.randoms(use_true_random=False),
)
def test_unbeaten_points(coordinates, most, count, random):
    points = [[random.randint(0, most) for _ in range(count)] for _ in range(coordinates)]
    kept = unbeaten(np.array(points, dtype=np.int64)).tolist()
    columns = list(zip(*points, strict=True))
    needed = {
        p
        for p in columns
        if not any(q != p and all(a <= b for a, b in zip(q, p, strict=True)) for q in columns)
    }
    got = [columns[k] for k in kept]
    assert needed <= set(got)
    if coordinates <= 3:
        assert sorted(got) == sorted(needed)


@pytest.mark.parametrize("kind", ["uncorrelated", "strong", "identical"])
@pytest.mark.parametrize("weigh_cost", [True, False])
def test_no_answer_within_the_limits_breaks_the_relaxation(kind, weigh_cost):
    """Whatever the multipliers: the bound, and the room for excess, hold for every answer."""
    rng = np.random.default_rng(7)
    for seed in range(6):
        problem = instance(kind, 5, 4, 2, seed, 10 ** (3 * seed + 1))
        columns = columns_of(problem)
        limit = tuple((problem.limit - np.array(columns.usage_base)).tolist())
        multipliers = rng.uniform(0, 3, 2) * rng.integers(0, 2, 2) * 10.0 ** rng.integers(-9, 9)
        nothing = np.zeros(0, dtype=np.int64)
        relaxed = relaxation.relax(columns, limit, multipliers, nothing, weigh_cost=weigh_cost)
        excess = replace(problem, cost=relaxed.excess)
        both = zip(answers(problem), answers(excess), strict=True)
        for (cost, used), (over, _) in both:
            if all(u <= m for u, m in zip(used, problem.limit.tolist(), strict=True)):
                above = cost - columns.cost_base
                assert 0 <= over <= relaxed.room(above)
                if weigh_cost:
                    assert relaxed.least_cost(over) <= above
                    assert relaxed.least_cost(0) <= above


def test_dominated_options_are_marked_and_one_of_equals_is_kept():
    groups = [[(1, 1), (1, 1), (0, 2), (2, 2), (1, 2)], [(5, 5)], [(3, 3), (3, 2), (2, 3)]]
    marked = dominated(columns_of(knapsack(groups, [0])))
    assert np.flatnonzero(marked).tolist() == [1, 3, 4, 6]


@pytest.mark.parametrize("regular", [True, False])
def test_what_is_known_at_two_multipliers_is_right_between_them(regular):
    problem = instance("weak", 60, 5, 1, 3, 10**6)
    if not regular:  # the first group loses an option
        first = np.maximum(problem.first - 1, 0)
        problem = replace(problem, first=first, cost=problem.cost[1:], usage=problem.usage[:, 1:])
    columns = columns_of(problem)
    cost, usage = columns.scaled()
    quick, whole = OneBudget(columns, cost, usage[0]), AnyBudgets(columns, cost, usage)
    rng = np.random.default_rng(0)
    for weight in (0.0, 8.0, *rng.uniform(0.0, 3.0, 60).tolist()):
        found, expected = quick(np.array([weight])), whole(np.array([weight]))
        value = expected.cost + weight * expected.usage[0]
        assert found.cost + weight * found.usage[0] == pytest.approx(value, rel=1e-13, abs=1e-13)

"""The knapsack solver against brute force, dynamic programming and HiGHS."""

from __future__ import annotations

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate.knapsack import MAX_TOTAL, Knapsack, branch, prepare, solve

from .knapsack_oracle import (
    answers,
    best_cost,
    best_cost_by_table,
    check_answer,
    instance,
    knapsack,
)

KINDS = ("uncorrelated", "weak", "strong", "subset-sum", "identical")


def check_against(problem, best, **how):
    outcome = solve(problem, **how)
    if best is None:
        assert (outcome.status, outcome.choice, outcome.bound) == ("infeasible", None, None)
    else:
        assert (outcome.status, outcome.cost, outcome.bound) == ("optimal", best, best)
        check_answer(problem, outcome)
    return outcome


@st.composite
def problems(draw):
    """Small, with ties, zeros, both signs, and limits that often just bind or just fail."""
    budgets = draw(st.integers(0, 3))
    most = draw(st.sampled_from([0, 1, 2, 9, 10**6, 10**17]))
    value = st.integers(-most, most) | st.sampled_from([0, most])
    option = st.tuples(*[value] * (1 + budgets))
    groups = draw(st.lists(st.lists(option, min_size=1, max_size=4), min_size=1, max_size=5))
    shared = draw(st.sampled_from(["nothing", "equal costs", "cost is usage", "two-sided"]))
    if shared == "equal costs":
        groups = [[(5, *o[1:]) for o in g] for g in groups]
    if shared == "cost is usage" and budgets:
        groups = [[(-o[1], *o[1:]) for o in g] for g in groups]
    if shared == "two-sided" and budgets > 1:
        groups = [[(o[0], o[1], -o[1], *o[3:]) for o in g] for g in groups]
    problem = knapsack(groups, [0] * budgets)
    reached = list(answers(problem))
    limits = []
    for budget in range(budgets):
        totals = sorted({used[budget] for _, used in reached})
        limits.append(draw(st.sampled_from(totals)) + draw(st.sampled_from([0, 0, 1, -1])))
    if shared == "two-sided" and budgets > 1 and draw(st.booleans()):
        limits[1] = -limits[0]
    return replace(problem, limit=np.array(limits, dtype=np.int64))


@settings(max_examples=200, deadline=None)
@given(problems())
def test_agrees_with_brute_force(problem):
    check_against(problem, best_cost(problem))


@pytest.mark.slow
@settings(max_examples=20_000, deadline=None)
@given(problems())
def test_agrees_with_brute_force_at_length(problem):
    check_against(problem, best_cost(problem))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("part", [0.05, 0.4, 0.9])
def test_one_budget_agrees_with_dynamic_programming(kind, part):
    for seed in range(2):
        problem = instance(kind, 25, 5, 1, seed, 40, part)
        check_against(problem, best_cost_by_table(problem))


@pytest.mark.parametrize("kind", KINDS)
def test_two_budgets_agree_with_dynamic_programming(kind):
    for seed, part in enumerate((0.1, 0.5, 0.8)):
        problem = instance(kind, 14, 4, 2, seed, 12, part)
        check_against(problem, best_cost_by_table(problem))


@pytest.mark.parametrize("budgets", [1, 2, 3])
def test_random_shapes_agree_with_dynamic_programming(budgets):
    rng = np.random.default_rng(budgets)
    for _ in range(12):
        groups = [
            [tuple(rng.integers(0, 7, 1 + budgets).tolist()) for _ in range(rng.integers(1, 6))]
            for _ in range(12)
        ]
        problem = knapsack(groups, rng.integers(12, 40, budgets).tolist())
        check_against(problem, best_cost_by_table(problem))


def test_deciding_groups_one_by_one_gives_the_same_optimum(monkeypatch):
    """Branching, which only hard problems need, against enumeration alone, which is exact too."""
    divided = []
    divide = branch.Search._divide
    monkeypatch.setattr(
        branch.Search, "_divide", lambda self, node: divided.append(node) or divide(self, node)
    )
    for kind, budgets, seed in (("weak", 2, 1), ("uncorrelated", 2, 2), ("weak", 3, 3)):
        problem = instance(kind, 40, 6, budgets, seed, 10**9)
        monkeypatch.setattr(branch, "_BRANCHING", 1 << 62)
        expected = solve(problem).cost
        monkeypatch.setattr(branch, "_BRANCHING", 8)
        monkeypatch.setattr(branch, "_FIRST_EFFORT", 16)
        check_against(problem, expected)
    assert divided


@pytest.mark.parametrize(
    ("kind", "budgets"), [("uncorrelated", 1), ("uncorrelated", 2), ("weak", 2), ("identical", 3)]
)
def test_wide_integers_are_solved_to_proof(kind, budgets):
    """80 groups of whole numbers of 12 digits; HiGHS, whose tolerance is relative, comes near."""
    problem = instance(kind, 80, 6, budgets, 1, 10**12)
    outcome = solve(problem)
    assert outcome.status == "optimal"
    assert outcome.bound == outcome.cost
    check_answer(problem, outcome)
    near, bound = highs(problem)
    # HiGHS may be off by its tolerances: its answer is not better, and its bound not above.
    tolerance = 1e-6 * abs(outcome.cost)
    assert bound - tolerance <= outcome.cost <= near + tolerance


def highs(problem):
    from scipy.optimize import LinearConstraint, milp
    from scipy.sparse import csr_array

    count = len(problem.cost)
    group = np.repeat(np.arange(len(problem.first) - 1), np.diff(problem.first))
    one_each = csr_array((np.ones(count), (group, np.arange(count))))
    unit = np.abs(problem.usage).max(axis=1) / 4096
    cost_unit = np.abs(problem.cost).max() / 4096
    result = milp(
        problem.cost / cost_unit,
        constraints=[
            LinearConstraint(one_each, 1, 1),
            LinearConstraint(problem.usage / unit[:, None], -np.inf, problem.limit / unit),
        ],
        integrality=np.ones(count),
        bounds=(0, 1),
        options={"mip_rel_gap": 1e-7, "time_limit": 20},
    )
    return result.fun * cost_unit, result.mip_dual_bound * cost_unit


@settings(max_examples=15, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.integers(0, 10**6),
    st.integers(1, 2),
    st.sampled_from([1, 7, 10**6, 10**12]),
    st.integers(-(10**9), 10**9),
)
def test_the_answer_does_not_depend_on_scale_or_origin(kind, seed, budgets, factor, added):
    problem = instance(kind, 30, 4, budgets, seed, 1000)
    groups = len(problem.first) - 1
    other = Knapsack(
        problem.first,
        problem.cost * factor + added,
        problem.usage * factor - added,
        problem.limit * factor - added * groups,
    )
    assert solve(other).cost == solve(problem).cost * factor + added * groups


@pytest.mark.parametrize("budgets", [1, 2])
def test_a_prepared_state_gives_the_same_optimum_at_other_limits(budgets):
    problem = instance("uncorrelated", 120, 5, budgets, 3, 10**6)
    state = prepare(problem)
    for part in (0.05, 0.3, 0.6, 0.99, 1.5):
        limit = instance("uncorrelated", 120, 5, budgets, 3, 10**6, part).limit
        other = replace(problem, limit=limit)
        warm = solve(other, warm=state)
        assert warm.cost == solve(other).cost == warm.bound
        check_answer(other, warm)
    nowhere = replace(problem, limit=np.zeros(budgets, dtype=np.int64))
    assert solve(nowhere, warm=state).status == "infeasible"


def test_the_result_is_deterministic():
    problem = instance("identical", 60, 5, 2, 5, 50)
    one, two = solve(problem), solve(problem)
    assert (one.choice == two.choice).all()


def test_integer_infeasibility_is_proven_where_the_linear_relaxation_is_feasible():
    """Even usages cannot sum to an odd number, asked for from both sides."""
    groups = [[(i, 2 * i, -2 * i), (3, 6, -6), (1, 10, -10)] for i in range(8)]
    assert solve(knapsack(groups, [41, -41])).status == "infeasible"
    assert solve(knapsack(groups, [42, -42])).status == "optimal"


def test_a_passed_deadline_still_gives_a_valid_bound():
    problem = instance("subset-sum", 100, 6, 2, 1, 10**15)
    outcome = solve(problem, deadline=time.monotonic())
    assert outcome.status == "stopped"
    assert outcome.bound <= best_known(problem)


def best_known(problem):
    outcome = solve(replace(problem, limit=problem.limit // 2 * 2), deadline=time.monotonic() + 0.5)
    check_answer(problem, outcome)
    return outcome.cost


def test_a_relative_gap_ends_the_search_early_with_its_bound():
    problem = instance("weak", 800, 8, 2, 1, 10**12)
    gap = Fraction(1, 10**4)
    outcome = solve(problem, relative_gap=gap)
    assert outcome.status == "optimal"
    assert 0 <= outcome.cost - outcome.bound <= gap * abs(outcome.cost)
    check_answer(problem, outcome)
    assert outcome.bound <= solve(problem).cost <= outcome.cost


def test_the_greatest_integers_are_taken_and_greater_ones_refused():
    half = MAX_TOTAL // 2
    groups = [[(half, -half), (-half, half), (0, 0)]] * 2
    check_against(knapsack(groups, [-1]), half)
    check_against(knapsack(groups, [2 * half]), -2 * half)
    with pytest.raises(ValueError, match="cost sum to more"):
        solve(knapsack([[(half + 2, 0)]] * 2, [0]))
    with pytest.raises(ValueError, match="usage 0 sum to more"):
        solve(knapsack([[(0, -(2**63))]], [0]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"first": np.array([0, 0, 2])}, "every group"),
        ({"first": np.array([0, 1])}, "first must run"),
        ({"cost": np.zeros(2)}, "must be int64"),
        ({"limit": np.zeros(2, dtype=np.int64)}, "do not agree"),
    ],
)
def test_what_does_not_fit_together_is_refused(change, message):
    problem = knapsack([[(1, 1), (0, 2)]], [1])
    with pytest.raises(ValueError, match=message):
        solve(replace(problem, **change))

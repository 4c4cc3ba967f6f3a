"""The frontier against every combination."""

from __future__ import annotations

import math
from fractions import Fraction

import pytest

from hwdse.allocate import Implication, Rules, frontier, solve
from hwdse.errors import HwdseError, InfeasibleError

from .allocate_oracle import combinations, middle, number, random_table, texts, within


def nondominated(pairs):
    kept = []
    for use, loss in sorted(set(pairs)):
        if not kept or loss < kept[-1][1]:
            kept.append((use, loss))
    return kept


@pytest.mark.parametrize("seed", range(10))
def test_frontier_is_a_part_of_the_true_one_with_both_ends(seed):
    table = random_table(seed, layers=5, options=3, coarse=seed % 2 == 0, ties=seed % 3 == 0)
    budgets = [] if seed % 2 else [("r1", "<=", middle(table, "r1", 0.6))]
    true = nondominated(
        (totals["r0"], totals["loss"])
        for _, totals in combinations(table)
        if within(totals, budgets)
    )
    found = frontier(table, "r0", budgets=texts(budgets), points=9)
    true_floats = [(float(use), float(loss)) for use, loss in true]
    points = [(a.totals["r0"], a.objective) for a in found]
    assert points[0] == true_floats[0]
    assert points[-1] == true_floats[-1]
    assert set(points) <= set(true_floats)
    assert points == sorted(points)
    low, high = true[0][0], true[-1][0]
    for step in range(9):
        limit = low + (high - low) * Fraction(step, 8)
        assert max((u, x) for u, x in true if u <= limit) in [
            (u, x) for u, x in true if (float(u), float(x)) in points
        ]
    assert all(a.status == "optimal" and a.gap == 0.0 for a in found)


def test_many_points_give_the_whole_frontier_of_whole_numbers():
    table = random_table(6, layers=5, options=3, coarse=True)
    true = nondominated((t["r0"], t["loss"]) for _, t in combinations(table))
    found = frontier(table, "r0", points=200)
    assert [(a.totals["r0"], a.objective) for a in found] == [(float(u), float(x)) for u, x in true]


def test_each_point_is_what_solve_gives():
    table = random_table(1, layers=10, options=4)
    for point in frontier(table, "r0", points=7, budgets={"r1": middle(table, "r1", 0.5)}):
        # The total is exact before it is rounded to a float, perhaps downwards.
        limit = math.nextafter(point.totals["r0"], math.inf)
        again = solve(table, {"r0": limit, "r1": middle(table, "r1", 0.5)})
        assert again.objective == point.objective


def test_maximising():
    table = random_table(3, layers=6, options=3)
    found = frontier(table, "r0", maximize="r1", points=9)
    values = [(a.totals["r0"], a.objective) for a in found]
    assert values == sorted(values)
    assert len({v for _, v in values}) == len(values) > 2


@pytest.mark.parametrize("seed", range(8))
def test_the_whole_frontier_and_its_hull(seed):
    table = random_table(seed, layers=5, options=3, coarse=seed % 2 == 0, ties=seed % 3 == 0)
    table[["loss", "r0"]] = table[["loss", "r0"]].round(4)
    true = nondominated((t["r0"], t["loss"]) for _, t in combinations(table))
    found = frontier(table, "r0", which="exact")
    assert [(a.totals["r0"], a.objective) for a in found] == [(float(u), float(x)) for u, x in true]
    corners = frontier(table, "r0", which="supported")
    assert [(a.exact_totals["r0"], a.exact_totals["loss"]) for a in corners] == hull_of(true)
    with pytest.raises(HwdseError, match="no further budgets"):
        frontier(table, "r0", which="exact", budgets="r1<=3")


@pytest.mark.parametrize("seed", range(8))
def test_the_hull_under_a_budget_and_a_coupling(seed):
    table = random_table(seed, layers=5, options=3, coarse=seed % 2 == 0)
    table[["loss", "r0", "r1"]] = table[["loss", "r0", "r1"]].round(4)
    limit = middle(table, "r1", 0.4)
    pair = ("conv0", ("o0", "o1"), "conv1", ("o1",))
    lawful = [
        (t["r0"], t["loss"])
        for taken, t in combinations(table)
        if t["r1"] <= number(limit)
        and (seed % 4 < 2 or taken["conv0"] == "o2" or taken["conv1"] == "o1")
    ]
    rules = None if seed % 4 < 2 else Rules(implications=(Implication(*pair),))
    found = frontier(table, "r0", which="supported", budgets=f"r1<={limit}", rules=rules)
    expected = hull_of(nondominated(lawful))
    assert [(a.exact_totals["r0"], a.exact_totals["loss"]) for a in found] == expected
    assert all(c.met for a in found for c in a.checks)


def hull_of(points):
    hull = []
    for point in points:
        while len(hull) > 1 and cross(hull[-2], hull[-1], point) <= 0:
            hull.pop()
        hull.append(point)
    return hull


def cross(a, b, c):
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def test_a_constant_column_gives_one_point():
    table = random_table(0, layers=4, options=3).assign(same=1.0)
    found = frontier(table, "same")
    assert len(found) == 1
    assert found[0].objective == solve(table).objective


def test_errors():
    table = random_table(0)
    with pytest.raises(HwdseError, match="at least 2"):
        frontier(table, "r0", points=1)
    with pytest.raises(HwdseError, match="other than the objective"):
        frontier(table, "loss")
    with pytest.raises(HwdseError, match="did you mean"):
        frontier(table, "r00")
    with pytest.raises(InfeasibleError, match=r"r1<=0\.001 cannot be met"):
        frontier(table, "r0", budgets="r1<=0.001")

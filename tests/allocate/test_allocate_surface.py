"""The surface over two columns against every combination."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

from hwdse.allocate import Budget, frontier_surface, solve
from hwdse.allocate import surface as module
from hwdse.errors import HwdseError, InfeasibleError

from .allocate_oracle import combinations, middle, random_table, texts, within


def undominated(keys):
    """Those that no other one is at least as good as in everything."""
    return {
        key
        for key in keys
        if not any(
            other != key and all(a <= b for a, b in zip(other, key, strict=True)) for other in keys
        )
    }


@pytest.mark.parametrize("seed", range(12))
def test_every_cell_is_the_best_within_its_limits(seed):
    table = random_table(seed, layers=5, coarse=seed % 2 == 0, ties=seed % 3 == 0, resources=3)
    held = [("r2", "<=", middle(table, "r2", 0.5))] if seed % 4 == 1 else []
    maximize = seed % 5 == 3
    sign = -1 if maximize else 1
    words = {"maximize": "loss"} if maximize else {}
    found = frontier_surface(table, ("r0", "r1"), budgets=texts(held), points=5, **words)
    keys = [
        (totals["r0"], totals["r1"], sign * totals["loss"])
        for _, totals in combinations(table)
        if within(totals, held)
    ]
    best = min(key[2] for key in keys)
    for at in (0, 1):
        limits = sorted({cell.limits[at] for cell in found.cells})
        assert limits[0] == min(key[at] for key in keys)
        # Answers of equal objective may use more or less.
        least = min(key[1 - at] for key in keys)
        edge = min(key[2] for key in keys if key[1 - at] == least)
        ends = [
            [key[at] for key in keys if key[2] == best],
            [key[at] for key in keys if (key[1 - at], key[2]) == (least, edge)],
        ]
        assert max(map(min, ends)) <= limits[-1] <= max(map(max, ends))
        assert len(limits) <= 5
    assert len(found.cells) == len({cell.limits for cell in found.cells})
    for cell in found.cells:
        inside = [k[2] for k in keys if k[0] <= cell.limits[0] and k[1] <= cell.limits[1]]
        if inside:
            assert cell.status == "optimal"
            assert cell.objective == cell.bound == float(sign * min(inside))
        else:
            assert cell.status == "infeasible"
            assert cell.objective is None
    points = {
        (p.exact_totals["r0"], p.exact_totals["r1"], sign * p.exact_totals["loss"])
        for p in found.points
    }
    assert len(points) == len(found.points) > 0
    assert points <= undominated(set(keys))
    reached = {cell.objective for cell in found.cells} - {None}
    assert reached == {float(sign * point[2]) for point in points}
    assert found.exit_code == 0


def test_some_cells_have_no_answer():
    table = random_table(1, layers=6, resources=2)
    table["r1"] = 1.0 - table["r0"]  # less of one is more of the other
    found = frontier_surface(table, ("r0", "r1"), points=6)
    statuses = [cell.status for cell in found.cells]
    assert statuses.count("infeasible") > 3
    assert statuses.count("optimal") > 3


def test_cells_agree_with_solve():
    table = random_table(4, layers=25, options=5).round(5)
    found = frontier_surface(table, ("r0", "r1"), points=4)
    for cell in found.cells:
        budgets = [Budget("r0", "<=", cell.limits[0]), Budget("r1", "<=", cell.limits[1])]
        if cell.objective is None:
            with pytest.raises(InfeasibleError):
                solve(table, budgets)
        else:
            assert cell.objective == solve(table, budgets).objective


def test_looser_cells_answer_tighter_ones(monkeypatch):
    calls = []
    true = module.optimise

    def counted(exact, *rest):
        calls.append(exact.limits)
        return true(exact, *rest)

    monkeypatch.setattr(module, "optimise", counted)
    table = random_table(2, layers=5, options=3, coarse=True)
    found = frontier_surface(table, ("r0", "r1"), points=15)
    assert len(calls) < len(found.cells) / 2


def test_cells_that_were_stopped_say_so(monkeypatch):
    true, calls = module.optimise, []

    def stopped(exact, effort, warm=None):
        outcome = true(exact, effort, warm)
        calls.append(exact)
        if len(calls) <= 5 or outcome.picks is None:  # the ends of the grid
            return outcome
        cost = exact.total(exact.cost, outcome.picks)
        if cost % 3 == 0:
            return replace(outcome, picks=None, bound=None, proven=False)
        if cost % 3 == 1:
            return replace(outcome, bound=cost - 5, proven=False)
        return outcome

    monkeypatch.setattr(module, "optimise", stopped)
    table = random_table(8, layers=6, options=4).round(4)
    found = frontier_surface(table, ("r0", "r1"), points=7)
    kinds = {cell.status for cell in found.cells}
    assert {"unknown", "feasible", "optimal"} <= kinds
    assert found.exit_code == 4
    for cell in found.cells:
        if cell.status == "feasible":
            assert Fraction(repr(cell.objective)) - Fraction(repr(cell.bound)) == Fraction(5, 10**4)


def test_a_gap_is_kept_and_shown():
    table = random_table(11, layers=40, options=6)
    near = frontier_surface(table, ("r0", "r1"), points=4, relative_gap=0.3)
    assert near.exit_code == 0
    answered = [cell for cell in near.cells if cell.objective is not None]
    for cell in answered:
        assert 0 <= cell.objective - cell.bound <= 0.3 * abs(cell.objective)
        budgets = [Budget("r0", "<=", cell.limits[0]), Budget("r1", "<=", cell.limits[1])]
        assert cell.bound <= solve(table, budgets).objective <= cell.objective


def test_json_is_plain():
    document = frontier_surface(random_table(0, layers=4), ("r0", "r1"), points=3).to_json()
    assert document["objective"] == "minimize loss"
    assert document["columns"] == ["r0", "r1"]
    assert len(document["cells"]) == 9
    for cell, following in itertools.pairwise(document["cells"]):
        assert cell["limits"] < following["limits"]
        assert set(cell) == {"limits", "status", "objective", "bound"}
        assert all(isinstance(limit, float) for limit in cell["limits"])


def test_errors():
    table = random_table(0)
    with pytest.raises(HwdseError, match="from 2 to 101"):
        frontier_surface(table, ("r0", "r1"), points=1)
    with pytest.raises(HwdseError, match="twice"):
        frontier_surface(table, ("r0", "r0"))
    with pytest.raises(HwdseError, match="which is the objective"):
        frontier_surface(table, ("r0", "loss"))
    with pytest.raises(HwdseError, match="did you mean"):
        frontier_surface(table, ("r0", "r11"))
    with pytest.raises(HwdseError, match="not extremes"):
        frontier_surface(table, ("r0", "r1"), minimize="max(loss)")
    with pytest.raises(HwdseError, match="column to sum"):
        frontier_surface(table, ("r0", "avg(r1)"))
    with pytest.raises(InfeasibleError, match=r"loss<=-9 cannot be met"):
        frontier_surface(table, ("r0", "r1"), budgets="loss<=-9")

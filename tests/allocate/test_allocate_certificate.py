"""The certificate: valid whatever the multipliers, and not to be fooled by a solver."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from hwdse.allocate import CertificateError, ilp, solve
from hwdse.allocate.budget import as_budgets
from hwdse.allocate.build import build_exact, limits_of
from hwdse.allocate.certificate import certify, enumerate_better
from hwdse.allocate.driver import objectives_of, task_of
from hwdse.allocate.lagrange import (
    Multipliers,
    best_multipliers,
    fix_options,
    lower_bound,
    proves_infeasible,
)
from hwdse.allocate.model import open_part
from hwdse.allocate.outcome import Outcome

from .allocate_oracle import best, middle, random_table, texts


def exact_of(table, budgets, objective="loss", *, maximize=False):
    task = task_of(table, None)
    sense = {"maximize": objective, "minimize": None} if maximize else {
        "minimize": objective, "maximize": None
    }  # fmt: skip
    (what,) = objectives_of(task, **sense, then=())
    return build_exact(task, limits_of(task, as_budgets(texts(budgets))), what)


def model_of(table, budgets, objective="loss", *, maximize=False):
    """The whole problem as the enumeration sees it; every group has several options."""
    return open_part(exact_of(table, budgets, objective, maximize=maximize)).model


def meets_limits(model, choice):
    pairs = zip(model.usage, model.limits, strict=True)
    return all(model.total(usage, choice) <= limit for usage, limit in pairs)


def unit_of(table, budgets):
    return exact_of(table, budgets).cost_unit


def case(seed, **options):
    table = random_table(seed, **{"layers": 5, "options": 3, **options})
    budgets = [("r0", "<=", middle(table, "r0", 0.4)), ("r1", "<=", middle(table, "r1", 0.6))]
    return table, budgets


@pytest.mark.parametrize("seed", range(10))
def test_any_multipliers_give_a_bound(seed):
    table, budgets = case(seed, coarse=seed % 2 == 0)
    expected = best(table, budgets)
    if expected is None:
        return
    model = model_of(table, budgets)
    rng = np.random.default_rng(seed)
    for _ in range(10):
        weights = Multipliers(
            int(rng.integers(1, 1000)),
            tuple(int(w) * model.key_scale for w in rng.integers(0, 1000, size=2)),
        )
        bound = lower_bound(model, weights) // model.key_scale * unit_of(table, budgets)
        assert bound <= expected[0]
    good = best_multipliers(model)
    assert good is not None
    assert lower_bound(model, good) // model.key_scale * unit_of(table, budgets) <= expected[0]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("node_limit", [1, 40, 400_000])
def test_bound_never_exceeds_the_optimum_however_little_effort(seed, node_limit):
    table, budgets = case(seed, layers=6)
    expected = best(table, budgets)
    model = model_of(table, budgets)
    proof = certify(model, None, node_limit=node_limit)
    if expected is None:
        assert proof.choice is None
        return
    optimum = expected[0] / unit_of(table, budgets)
    if proof.bound is not None:
        assert proof.bound // model.key_scale <= optimum
    if proof.choice is not None:
        assert meets_limits(model, proof.choice)
        assert model.total(model.cost, proof.choice) >= optimum
    if proof.complete:
        assert model.total(model.cost, proof.choice) == optimum
        assert proof.bound == proof.key


@pytest.mark.parametrize("cost", [1, 7])
def test_the_bound_is_tight_where_nothing_binds(cost):
    table, _ = case(1)
    model = model_of(table, [])
    best_key = sum(min(row) for row in model.key)
    assert lower_bound(model, Multipliers(cost, ())) == best_key
    assert certify(model, None).key == best_key


def test_an_answer_at_the_time_limit_is_no_proof(monkeypatch):
    """PuLP calls such an answer optimal in `status`; only `sol_status` tells."""
    import pulp

    table, budgets = case(4)
    whole = pulp.LpProblem.solve

    def stopped(program, *args, **kwargs):
        status = whole(program, *args, **kwargs)
        program.sol_status = pulp.LpSolutionIntegerFeasible
        return status

    assert ilp.solve_ilp(exact_of(table, budgets), solver="highs", time_limit=None).proven
    monkeypatch.setattr(pulp.LpProblem, "solve", stopped)
    answer = ilp.solve_ilp(exact_of(table, budgets), solver="highs", time_limit=None)
    assert answer.picks is not None
    assert not answer.proven


def test_truncated_enumeration_bounds_what_it_dropped():
    table, budgets = case(8, layers=40, options=6)
    model = model_of(table, budgets)
    exact = certify(model, None)
    assert exact.complete
    weights = best_multipliers(model)
    found = enumerate_better(model, weights, None, node_limit=200)
    assert found.dropped is not None
    assert min(found.dropped, found.key if found.key is not None else found.dropped) <= exact.key


@pytest.mark.parametrize("seed", range(8))
def test_fixing_keeps_the_optimum(seed):
    table, budgets = case(seed, layers=8, options=4)
    model = model_of(table, budgets)
    exact = certify(model, None)
    smaller = fix_options(model, best_multipliers(model), exact.key)
    assert all(label in group for label, group in zip(exact.choice, smaller.labels, strict=True))
    assert sum(map(len, smaller.labels)) < sum(map(len, model.labels))


def test_infeasible_is_proven_by_a_combination_of_budgets():
    table, _ = case(3, layers=30, options=4)
    tight = [("r0", "<=", middle(table, "r0", 0.05)), ("r1", "<=", middle(table, "r1", 0.05))]
    assert proves_infeasible(model_of(table, tight))
    loose = [("r0", "<=", middle(table, "r0", 0.5)), ("r1", "<=", middle(table, "r1", 0.5))]
    assert not proves_infeasible(model_of(table, loose))
    assert certify(model_of(table, tight), None).complete


def all_of(model, pick):
    return tuple(pick(group) for group in model.labels)


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_wrong_answer_called_optimal_is_caught(monkeypatch, solver):
    table, budgets = case(5, layers=8, options=4)
    honest = solve(table, texts(budgets), solver=solver)

    def cheapest(exact, **_):
        """Feasible (every option of least use of the first budget), far from optimal."""
        return ilp.IlpAnswer(first_of_least(exact, exact.usage[0]), proven=True)

    loose = [budgets[0]]
    truth = solve(table, texts(loose), solver=solver)
    monkeypatch.setattr(ilp, "solve_ilp", cheapest)
    found = solve(table, texts(loose), solver=solver)
    assert found.assignment == truth.assignment
    assert found.gap == 0.0
    assert found.solver.startswith("hwdse enumeration, correcting ")
    assert found.agreement is False

    def greedy(exact, **_):
        """Least loss, whatever the budgets: not feasible."""
        return ilp.IlpAnswer(first_of_least(exact, exact.cost), proven=True)

    monkeypatch.setattr(ilp, "solve_ilp", greedy)
    assert solve(table, texts(budgets), solver=solver).assignment == honest.assignment

    monkeypatch.setattr(ilp, "solve_ilp", lambda *_, **__: ilp.IlpAnswer(None, proven=True))
    assert solve(table, texts(budgets), solver=solver).assignment == honest.assignment


def first_of_least(exact, values):
    bounds = zip(exact.first[:-1].tolist(), exact.first[1:].tolist(), strict=True)
    return np.array([a + int(np.argmin(values[a:b])) for a, b in bounds])


def test_a_planted_answer_outside_a_budget_is_refused(monkeypatch):
    """Were the whole-number model itself wrong, the check against the table would refuse."""
    from hwdse.allocate.exact import Exact

    table, budgets = case(5, layers=8, options=4)
    monkeypatch.setattr(Exact, "is_feasible", lambda *_: True)
    monkeypatch.setattr(
        "hwdse.allocate.driver.optimise",
        lambda exact, *_: Outcome(
            first_of_least(exact, exact.cost), None, True, None, "planted", "", None
        ),
    )
    with pytest.raises(CertificateError, match="the answer found breaks r0<=") as caught:
        solve(table, texts(budgets))
    assert caught.value.exit_code == 1


def test_a_contradicted_solver_is_not_called_optimal(monkeypatch):
    """Where the enumeration cannot finish, a solver it has beaten gives no proof."""
    from hwdse.allocate import certificate

    table = random_table(2, layers=60, options=10, resources=3)
    budgets = [(f"r{i}", "<=", middle(table, f"r{i}", 0.3)) for i in range(3)]
    monkeypatch.setattr(ilp, "solve_ilp", lambda *_, **__: ilp.IlpAnswer(None, proven=True))
    whole = certificate.certify
    monkeypatch.setattr(
        certificate, "certify", lambda model, start, **_: whole(model, start, node_limit=5000)
    )
    found = solve(table, texts(budgets), solver="highs")
    assert found.status == "feasible"
    assert found.exit_code == 4
    assert found.bound < found.objective


def test_incomplete_certificate_reports_its_gap():
    table = random_table(0, layers=40, options=12, resources=3)
    budgets = {f"r{i}": middle(table, f"r{i}", 0.3) for i in range(3)}
    model = model_of(table, [(c, "<=", v) for c, v in budgets.items()])
    proof = certify(model, None, node_limit=3_000)
    assert not proof.complete
    assert proof.bound < proof.key
    gap = Fraction(proof.key - proof.bound, abs(proof.key))
    assert 0 < gap < Fraction(1, 10)


def test_bounds_hold_in_floats_when_maximising():
    table = random_table(4, layers=100, options=16, resources=3)
    budgets = {f"r{i}": middle(table, f"r{i}", 0.3) for i in range(1, 3)}
    found = solve(table, budgets, maximize="r0", time_limit=0.02)
    assert found.bound >= found.objective
    assert math.isfinite(found.gap)

"""Every kind of budget, objective and rule against every combination."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate import Budget, Conversion, Implication, Rules, solve
from hwdse.allocate.build import build_exact, limits_of
from hwdse.allocate.coupled import search
from hwdse.allocate.driver import objectives_of, task_of
from hwdse.allocate.elimination import make_plan
from hwdse.allocate.outcome import Effort
from hwdse.errors import HwdseError, InfeasibleError

from . import rules_oracle as oracle

OPTIONS = ("a", "b", "c")


@st.composite
def tables(draw):
    figure = st.one_of(st.integers(-3, 6).map(float), st.sampled_from([0.1, 0.2, 0.3, 1e-6, 2.5]))
    rows = []
    for layer in range(draw(st.integers(2, 4))):
        tie = draw(st.sampled_from(["", "", "", "t"]))
        for option in OPTIONS[: draw(st.integers(2, 3))]:
            rows.append(
                {
                    "layer": f"l{layer}",
                    "option": option,
                    "tie": tie,
                    "loss": draw(figure),
                    "x": draw(figure),
                    "w": float(draw(st.integers(1, 4))),
                }
            )
    return pd.DataFrame(rows)


@st.composite
def instances(draw, *, coupled):
    table = draw(tables())
    layers = table["layer"].unique().tolist()
    some = st.lists(st.sampled_from(layers), min_size=1, unique=True).map(sorted)
    sets = {"s": draw(some), "everything": layers}
    if sets["s"] == layers:
        del sets["everything"]
    pair = st.tuples(st.sampled_from(layers), st.sampled_from(layers)).filter(
        lambda p: p[0] != p[1]
    )
    few = st.lists(st.sampled_from(("a", "b")), min_size=1, unique=True).map(tuple)
    implications, conversions = [], []
    if coupled:
        for one, other in draw(st.lists(pair, min_size=1, max_size=2)):
            implications.append(Implication(one, draw(few), other, draw(few)))
        for one, other in draw(st.lists(pair, max_size=3)):
            figure = st.sampled_from([0.0, 0.5, 1.0, 3.0, -0.25])
            costs = {
                (p, q): {"x": draw(figure), "loss": draw(figure)}
                for p in ("a", "b")
                for q in ("a", "b")
                if p != q
            }
            conversions.append(Conversion(one, other, costs))
    rules = Rules(
        sets=sets,
        ties=draw(st.sampled_from([[], [layers[:2]]])),
        forbid={layers[0]: ["a"]} if draw(st.booleans()) else {},
        allow={layers[-1]: ["a", "b"]} if draw(st.booleans()) else {},
        implications=implications,
        conversions=conversions,
    )
    measure = st.tuples(
        st.sampled_from(["sum", "avg", "max", "min"]),
        st.sampled_from(["x", "loss"]),
        st.sampled_from([None, "w"]),
        st.sampled_from([None, sets["s"]]),
    ).map(lambda m: m if m[0] == "avg" else (m[0], m[1], None, m[3]))
    known = [
        (m, oracle.value(m, taken, rows, rules))
        for taken, rows in list(oracle.assignments(table, rules))[:6]
        for m in (draw(measure),)
    ]
    budgets = []
    for _ in range(draw(st.integers(0, 3))):
        if known and draw(st.booleans()):
            m, limit = draw(st.sampled_from(known))
        else:
            m, limit = draw(measure), Fraction(draw(st.integers(-4, 12)), 2)
        budgets.append((m, draw(st.sampled_from(["<=", ">="])), limit))
    objectives = []
    for _ in range(draw(st.integers(1, 2))):
        kind = draw(st.sampled_from(["plain", "weighted", "max", "min"]))
        terms = {
            "plain": [(Fraction(1), ("sum", "loss", None, None))],
            "weighted": [
                (Fraction(1), ("sum", "loss", None, None)),
                (Fraction(1, 4), ("sum", "x", None, sets["s"])),
            ],
            "max": [(Fraction(1), ("max", "x", None, None))],
            "min": [(Fraction(1), ("min", "x", None, sets["s"]))],
        }[kind]
        objectives.append((draw(st.booleans()), terms))
    return table, budgets, objectives, rules


def run(table, budgets, objectives, rules):
    stages = [
        (
            "maximize" if maximize else "minimize",
            "+".join(f"{float(w)}*{oracle.text(m, rules.sets)}" for w, m in terms)
            if len(terms) > 1
            else oracle.text(terms[0][1], rules.sets),
        )
        for maximize, terms in objectives
    ]
    (sense, first), *then = stages
    limits = [Budget(oracle.text(m, rules.sets), s, limit) for m, s, limit in budgets]
    return solve(table, limits, **{sense: first}, then=then, rules=rules)


def check(instance):
    table, budgets, objectives, rules = instance
    expected = oracle.best(table, budgets, objectives, rules)
    if expected is None:
        # Rules that contradict each other by themselves are refused as such.
        with pytest.raises(HwdseError) as caught:
            run(table, budgets, objectives, rules)
        text = str(caught.value)
        told = any(word in text for word in ("left", "leave", "common"))
        assert isinstance(caught.value, InfeasibleError) or told
        assert "\n" not in text
        return
    found = run(table, budgets, objectives, rules)
    taken = dict(found.assignment)
    rows = {
        record["layer"]: record
        for record in table.to_dict("records")
        if taken[record["layer"]] == record["option"]
    }
    mine = tuple(
        (-1 if maximize else 1) * sum(w * oracle.value(m, taken, rows, rules) for w, m in terms)
        for maximize, terms in objectives
    )
    assert mine == expected
    assert found.status == "optimal"
    assert found.gap == 0.0
    assert all(c.met for c in found.checks)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(instances(coupled=False))
def test_budgets_objectives_and_rules(instance):
    check(instance)


@settings(max_examples=30, deadline=None, derandomize=True)
@given(instances(coupled=True))
def test_couplings(instance):
    check(instance)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None, derandomize=True)
@given(st.booleans().flatmap(lambda coupled: instances(coupled=coupled)))
def test_thousands_of_instances(instance):
    check(instance)


@pytest.mark.parametrize("seed", range(12))
def test_conversions_either_way_and_between_tied_layers(seed):
    rng = np.random.default_rng(seed)
    rows = [
        (f"l{layer}", option, "t" if layer in (1, 3) and seed % 2 else "", *rng.integers(0, 9, 2))
        for layer in range(4)
        for option in OPTIONS
    ]
    table = pd.DataFrame(rows, columns=["layer", "option", "tie", "loss", "x"])
    edges = [
        Conversion(f"l{one}", f"l{other}", {
            (p, q): {"loss": float(rng.integers(-3, 9)), "x": float(rng.integers(0, 5))}
            for p in OPTIONS
            for q in OPTIONS
        })
        for one, other in rng.permuted([(0, 1), (1, 2), (1, 3), (2, 3)], axis=1).tolist()
    ]  # fmt: skip
    # Edges count where both their ends are in the set.
    rules = Rules(sets={"s": ["l0", "l1", "l2"]}, conversions=edges)
    total = [(False, [(Fraction(1), ("sum", "loss", None, None))])]
    check((table, [(("sum", "x", None, None), "<=", Fraction(28))], total, rules))
    check((table, [(("sum", "x", None, rules.sets["s"]), "<=", Fraction(14))], total, rules))
    part = [(False, [(Fraction(1), ("sum", "loss", None, rules.sets["s"]))])]
    check((table, [], part, rules))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("room", [2, 20_000])
def test_the_search_by_itself(seed, room):
    """Without the integer program beside it, which would make good what it gets wrong."""
    rng = np.random.default_rng(seed)
    rows = [(f"l{i}", o, *rng.integers(0, 9, 2)) for i in range(5) for o in OPTIONS]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "x"])
    ends = [(0, 1), (1, 2), (2, 3), (3, 4), (0, 4)]
    rules = Rules(
        implications=[Implication("l0", ("a",), "l3", ("b", "c"))],
        conversions=[
            Conversion(f"l{one}", f"l{other}", {
                (p, q): {"loss": float(rng.integers(0, 9))} for p in OPTIONS for q in OPTIONS
            })
            for one, other in ends
        ],
    )  # fmt: skip
    limit = ("sum", "x", None, None), "<=", Fraction(14)
    expected = oracle.best(table, [limit], [(False, [(1, ("sum", "loss", None, None))])], rules)
    task = task_of(table, rules)
    (goal,) = objectives_of(task, minimize="loss", maximize=None, then=())
    exact = build_exact(task, limits_of(task, [Budget("x", "<=", 14)]), goal)
    plan = make_plan(exact)
    optimum = None if expected is None else expected[0] / exact.cost_unit
    for weights in ((1, 0), (1, 2), (3, 1)):
        for upper in {None, optimum if optimum is None else int(optimum)}:
            found = search(exact, plan, weights, upper, room, Effort())
            if found.bound is not None and optimum is not None:
                assert found.bound <= optimum
            if found.complete:
                assert (found.positions is None) == (optimum is None)
            if found.positions is not None:
                picks = exact.first[:-1] + np.array(found.positions)
                assert exact.is_feasible(picks)
                cost = exact.total(exact.cost, picks)
                assert cost == optimum if found.complete else cost >= optimum
            assert found.complete or room == 2


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("maximize", [False, True])
def test_the_worst_layer_among_many_levels(seed, maximize):
    rng = np.random.default_rng(seed)
    rows = [
        (f"l{layer}", option, float(rng.integers(100)), float(rng.integers(100)))
        for layer in range(5)
        for option in OPTIONS
    ]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "x"])
    worst = [(maximize, [(Fraction(1), ("min" if maximize else "max", "x", None, None))])]
    check((table, [(("sum", "loss", None, None), "<=", Fraction(170))], worst, Rules()))

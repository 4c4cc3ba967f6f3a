"""Every kind of budget, objective and rule against every combination."""

from __future__ import annotations

from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate import Conversion, Implication, Rules, solve
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
    from hwdse.allocate import Budget

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

"""Baselines against every combination, and against the methods written out plainly."""

from __future__ import annotations

import itertools
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest

from hwdse.allocate import (
    CertificateError,
    Conversion,
    Implication,
    Rules,
    baselines,
    compare,
)
from hwdse.errors import HwdseError, InfeasibleError

from . import rules_oracle
from .allocate_oracle import best, combinations, middle, number, random_table, texts, within

METHODS = ["uniform", "greedy", "random", "balanced", "evolutionary"]


def found(comparison):
    return {one.method: one for one in comparison.baselines}


def rows_of(table):
    rows = {}
    for record in table.to_dict("records"):
        rows.setdefault(record["layer"], {})[record["option"]] = record
    return rows


def ordered_table(seed, layers=6, options=5):
    """Options whose resource rises alike in all layers, and losses that mostly fall."""
    rng = np.random.default_rng(seed)
    rows = []
    for layer in range(layers):
        size, scale = float(rng.integers(1, 50)), rng.uniform(0.1, 3.0)
        for option in range(options):
            loss = scale * 2.0**-option * rng.uniform(0.7, 1.3)
            row = {"layer": f"l{layer}", "option": f"o{option}", "loss": round(loss, 5)}
            rows.append(row | {"size": size * (option + 1)})
    return pd.DataFrame(rows)


@pytest.mark.parametrize("seed", range(16))
def test_every_answer_is_within_everything_and_none_is_better_than_the_best(seed):
    table = random_table(
        seed, layers=5, coarse=seed % 2 == 0, ties=seed % 3 == 0, missing=0.2 * (seed % 4 == 3)
    )
    budgets = [("r0", "<=", middle(table, "r0", 0.4)), ("r1", ">=", middle(table, "r1", 0.3))]
    budgets = budgets[: 1 + seed % 2]
    maximize = seed % 5 == 4
    true = best(table, budgets, maximize=maximize)
    assert true is not None
    words = {"maximize": "loss"} if maximize else {}
    comparison = compare(table, texts(budgets), seed=seed, **words)
    assert list(found(comparison)) == METHODS
    known = {tuple(taken.items()): totals for taken, totals in combinations(table)}
    sign = -1 if maximize else 1
    assert Fraction(repr(comparison.exact.objective)) == pytest.approx(sign * true[0])
    for one in comparison.baselines:
        assert one.seconds >= 0
        assert one.rule
        if not one.feasible:
            assert one.reason
            assert one.assignment is one.objective is one.excess is one.totals is None
            continue
        totals = known[tuple(one.assignment.items())]  # an assignment that respects the ties
        assert within(totals, budgets)
        assert one.totals == {name: float(value) for name, value in totals.items()}
        assert one.objective == float(totals["loss"])
        worse = sign * totals["loss"] - true[0]
        assert worse >= 0
        if true[0]:
            assert one.excess == float(worse / abs(true[0]))
        else:
            assert one.excess is None


@pytest.mark.parametrize("seed", range(8))
def test_evolution_and_draws_reach_the_best_of_few(seed):
    table = random_table(seed, layers=4, options=3, ties=seed % 2 == 0)
    budget = ("r0", "<=", middle(table, "r0", 0.4))
    true = best(table, [budget])
    methods = found(compare(table, texts([budget]), seed=seed))
    for name in ("random", "evolutionary"):
        assert methods[name].objective == float(true[0])


def test_seeds_make_draws_repeatable():
    table = random_table(3, layers=150, options=5)
    budget = texts([("r0", "<=", middle(table, "r0", 0.35))])
    once, again, other = (found(compare(table, budget, seed=seed)) for seed in (1, 1, 2))
    for name in ("random", "evolutionary"):
        assert once[name].assignment == again[name].assignment
        assert once[name].assignment != other[name].assignment
    assert once["evolutionary"].objective < once["random"].objective


@pytest.mark.parametrize("seed", range(6))
def test_uniform_is_the_best_single_option(seed):
    table = ordered_table(seed)
    limit = middle(table, "size", 0.55)
    rows = rows_of(table)
    sums = []
    for option in table["option"].unique():
        picked = [rows[layer][option] for layer in rows]
        if sum(number(r["size"]) for r in picked) <= number(limit):
            sums.append((sum(number(r["loss"]) for r in picked), option))
    one = found(compare(table, f"size<={limit}"))["uniform"]
    assert one.objective == float(min(sums)[0])
    assert set(one.assignment.values()) == {min(sums)[1]}
    assert one.rule.endswith(repr(min(sums)[1]))


def plain_greedy(table, column, limit):
    """One exchange after another, in fractions."""
    rows = {
        layer: {o: (number(r["loss"]), number(r[column])) for o, r in some.items()}
        for layer, some in rows_of(table).items()
    }
    taken = {layer: min(some, key=some.get) for layer, some in rows.items()}
    while sum(rows[layer][o][1] for layer, o in taken.items()) > number(limit):
        moves = []
        for layer, option in taken.items():
            loss, use = rows[layer][option]
            for other, (next_loss, next_use) in rows[layer].items():
                if next_use < use:
                    saved = use - next_use
                    moves.append(((next_loss - loss) / saved, -saved, layer, other))
        *_, layer, option = min(moves)
        taken[layer] = option
    return taken


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("part", [0.2, 0.5, 0.8])
def test_greedy_is_one_exchange_after_another(seed, part):
    table = random_table(seed, layers=9, options=6, missing=0.2)
    limit = middle(table, "r0", part)
    one = found(compare(table, f"r0<={limit}"))["greedy"]
    assert one.assignment == plain_greedy(table, "r0", limit)


def plain_balanced(table, column, limit):
    rows = rows_of(table)
    names = sorted(
        next(iter(rows.values())), key=lambda o: number(next(iter(rows.values()))[o][column])
    )
    tried = []
    for below, centre, above in zip(names, names[1:], names[2:], strict=False):
        salience = {
            layer: number(some[below]["loss"]) - number(some[above]["loss"])
            for layer, some in rows.items()
        }
        ranked = sorted(rows, key=salience.get)
        for i in range(len(ranked) // 2 + 1):
            taken = dict.fromkeys(rows, centre)
            taken |= dict.fromkeys(ranked[:i], below)
            taken |= dict.fromkeys(ranked[len(ranked) - i :], above)
            picked = [rows[layer][option] for layer, option in taken.items()]
            if sum(number(r[column]) for r in picked) <= number(limit):
                tried.append((sum(number(r["loss"]) for r in picked), i, centre))
    return min(tried, default=None)


@pytest.mark.parametrize("seed", range(12))
def test_balanced_rule(seed):
    table = ordered_table(seed, layers=5 + seed % 4)
    limit = middle(table, "size", 0.25 + 0.05 * (seed % 5))
    true = plain_balanced(table, "size", limit)
    one = found(compare(table, f"size<={limit}"))["balanced"]
    assert one.objective == float(true[0])
    counts = pd.Series(one.assignment).value_counts()
    order = sorted(counts.index)
    if true[1]:
        assert counts.get(f"o{int(true[2][1]) - 1}") == counts.get(f"o{int(true[2][1]) + 1}")
        assert len(order) <= 3
    assert one.rule.endswith(f"N is {true[2]!r}, i is {true[1]}")


def test_the_balanced_rule_beats_uniform_where_salience_differs():
    table = ordered_table(0, layers=12)
    one = found(compare(table, f"size<={middle(table, 'size', 0.45)}"))
    assert one["balanced"].objective < one["uniform"].objective


def test_options_without_an_order_are_refused_by_name():
    table = ordered_table(0, layers=4, options=3)
    table.loc[(table["layer"] == "l2") & (table["option"] == "o1"), "size"] = 0.5
    reason = found(compare(table, "size<=400"))["balanced"].reason
    assert "no order by size" in reason
    assert "'o0'" in reason
    assert "'o1'" in reason
    assert "'l2'" in reason
    two = ordered_table(0, layers=4, options=2)
    assert "three options" in found(compare(two, "size<=400"))["balanced"].reason
    least = found(compare(ordered_table(0, layers=4), "size>=1"))["balanced"].reason
    assert "'<=' budget" in least


def test_of_options_that_use_the_same_everywhere_the_better_counts():
    table = ordered_table(1, layers=6, options=4)
    twin = table[table["option"] == "o1"].assign(option="o1x", loss=lambda t: t["loss"] * 0.5)
    limit = middle(table, "size", 0.4)
    both = found(compare(pd.concat([table, twin]), f"size<={limit}"))["balanced"]
    only = found(compare(pd.concat([table[table["option"] != "o1"], twin]), f"size<={limit}"))[
        "balanced"
    ]
    assert "o1" not in both.assignment.values()
    assert both.objective == only.objective


def test_what_is_not_found_is_said():
    table = pd.DataFrame(
        [("a", "x", 1.0, 1.0), ("a", "y", 0.0, 5.0), ("b", "z", 1.0, 1.0), ("b", "w", 0.0, 5.0)],
        columns=["layer", "option", "loss", "size"],
    )
    methods = found(compare(table, "size<=6"))
    assert methods["uniform"].reason == "no option is offered by every layer"
    same = table.assign(option=["x", "y", "x", "y"], size=[1.0, 5.0, 5.0, 1.0])
    reason = found(compare(same, "size<=3"))["uniform"].reason
    assert reason == "none of the 2 options that every layer offers is within the budgets"
    with pytest.raises(InfeasibleError, match="least reachable size is 2"):
        compare(table, "size<=1")


@pytest.mark.parametrize("seed", range(5, 9))
def test_rules_hold_for_baselines_too(seed):
    table = random_table(seed, layers=5, options=3)
    rules = Rules(
        ties=[["conv0", "conv3"]],
        forbid={"conv1": ["o0"]},
        implications=[
            Implication("conv2", ("o0", "o1"), "conv4", ("o1",)),
            Implication("conv0", ("o1", "o2"), "conv2", ("o2",)),
        ],
        conversions=[
            Conversion("conv1", "conv2", {("o1", "o2"): {"loss": 0.5}, ("o2", "o1"): {"r0": 0.25}}),
            Conversion("conv3", "conv4", {("o0", "o1"): {"loss": -2.0}, ("o1", "o2"): {"r0": 0.5}}),
        ],
    )
    limit = middle(table, "r0", 0.5)
    measure = ("sum", "r0", None, None)
    true = rules_oracle.best(
        table,
        [(measure, "<=", number(limit))],
        [(False, [(1, ("sum", "loss", None, None))])],
        rules,
    )
    comparison = compare(table, f"r0<={limit}", rules=rules)
    assert comparison.exact.objective == float(true[0])
    rows = rows_of(table)
    feasible = [one for one in comparison.baselines if one.feasible]
    assert {"random", "evolutionary"} <= {one.method for one in feasible}
    for one in feasible:
        assert rules_oracle.lawful(one.assignment, rows, rules)
        picked = {layer: rows[layer][o] for layer, o in one.assignment.items()}
        use = rules_oracle.value(measure, one.assignment, picked, rules)
        assert use <= number(limit)
        loss = rules_oracle.value(("sum", "loss", None, None), one.assignment, picked, rules)
        assert one.objective == float(loss)
        assert loss >= true[0]
        if one.method == "evolutionary":  # so few assignments that it meets the best
            assert loss == true[0]


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_scale_changes_nothing(scale):
    table = random_table(7, layers=12, options=4)
    table = table.round(6)
    budget = middle(table, "r0", 0.4)
    plain = found(compare(table, f"r0<={budget}"))
    scaled = table.assign(loss=table["loss"] * scale)
    for name, one in found(compare(scaled, f"r0<={budget}")).items():
        assert one.assignment == plain[name].assignment


def test_figures_beyond_int64():
    table = random_table(2, layers=6, options=4)
    table["loss"] = [f * 10.0 ** (9 * (i % 5) - 18) for i, f in enumerate(table["loss"])]
    table["r0"] = [f * 10.0 ** (7 * (i % 3) - 7) for i, f in enumerate(table["r0"])]
    budget = ("r0", "<=", middle(table, "r0", 0.4))
    known = {tuple(t.items()): totals for t, totals in combinations(table)}
    for one in compare(table, texts([budget])).baselines:
        if one.feasible:
            totals = known[tuple(one.assignment.items())]
            assert within(totals, [budget])
            assert one.objective == float(totals["loss"])


def test_a_baseline_that_beats_the_bound_refutes_the_certificate(monkeypatch):
    table = random_table(0, layers=5)
    true = baselines.optimise

    def wrong(exact, effort):
        outcome = true(exact, effort)
        worst = exact.first[1:] - 1
        return replace(outcome, picks=worst, bound=exact.total(exact.cost, worst), proven=True)

    monkeypatch.setattr(baselines, "optimise", wrong)
    with pytest.raises(CertificateError, match="beyond the bound"):
        compare(table)


def test_json_is_plain(tmp_path):
    document = compare(random_table(0, layers=4), "r0<=3").to_json()
    assert [one["method"] for one in document["baselines"]] == METHODS
    assert document["exact"]["status"] == "optimal"
    flat = itertools.chain.from_iterable(one.values() for one in document["baselines"])
    assert {type(value) for value in flat} <= {str, bool, float, dict, type(None)}


def test_bad_input():
    table = random_table(0)
    with pytest.raises(HwdseError, match="baselines are of sums"):
        compare(table, minimize="max(loss)")
    with pytest.raises(HwdseError, match="seed -1"):
        compare(table, seed=-1)
    with pytest.raises(HwdseError, match="did you mean"):
        compare(table, "r00<=1")

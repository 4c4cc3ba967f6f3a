"""Portfolios against every set of units and every assignment, and whatever the figures' scale."""

from __future__ import annotations

import random
from fractions import Fraction

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate import Budget, portfolio, portfolio_frontier
from hwdse.errors import HwdseError, InfeasibleError

from .portfolio_oracle import Rows, best_portfolio, exact, frames

FIGURES = st.one_of(
    st.integers(-3, 6).map(float),
    st.sampled_from([0.0, 0.5, 0.125, 1e-6, 2e-6]),
    st.decimals(-1, 4, places=5).map(float),
)


@st.composite
def instances(draw: st.DrawFn) -> tuple[Rows, Rows, list[Budget], int]:
    units: Rows = []
    loss_charged = draw(st.booleans())
    energy_charged = draw(st.booleans())
    for at in range(draw(st.integers(1, 4))):
        row: dict[str, object] = {
            "unit": f"u{at}",
            "type": draw(st.sampled_from(["", "a", "b"])),
            "area": draw(FIGURES),
        }
        if loss_charged:
            row["loss"] = draw(FIGURES)
        if energy_charged:
            row["energy"] = draw(FIGURES)
        units.append(row)
    options: Rows = []
    tied = draw(st.booleans())
    for layer in range(draw(st.integers(1, 4))):
        served = {0, *draw(st.sets(st.integers(0, len(units) - 1)))}
        if tied or draw(st.booleans()):
            served = set(range(len(units)))
        for unit in sorted(served):
            for mode in range(draw(st.integers(1, 2)) if not tied else 1):
                options.append(
                    {
                        "layer": f"l{layer}",
                        "option": f"{unit}.{mode}",
                        "unit": f"u{unit}",
                        "tie": "t" if tied and layer < 2 else "",
                        "loss": draw(FIGURES),
                        "energy": draw(FIGURES),
                        "time": draw(FIGURES),
                    }
                )
    budgets = []
    for column, sense in (("area", "<="), ("energy", "<="), ("time", "<="), ("energy", ">=")):
        if draw(st.booleans()):
            limit = draw(st.decimals(-2, 9, places=2))
            budgets.append(Budget(column, sense, Fraction(limit)))  # type: ignore[arg-type]
    return options, units, budgets, draw(st.integers(1, 5))


def check(options: Rows, units: Rows, budgets: list[Budget], most: int, second: str) -> None:
    wanted = best_portfolio(options, units, [(b.column, b.sense, b.limit) for b in budgets], most)
    try:
        found = portfolio(*frames(options, units), budgets, most=most, second=second)
    except InfeasibleError:
        assert wanted is None
        return
    assert wanted is not None
    assert found.status == "optimal"
    assert found.exact_totals["loss"] == wanted.loss
    assert found.bound == found.objective == float(wanted.loss)
    assert found.units in wanted.sets
    assert all(one.met for one in found.checks)
    assert set(found.runs_on.values()) <= set(found.units)
    assert found.agreement is (None if second == "none" else True)


@settings(max_examples=40, deadline=None)
@given(instances())
def test_the_answer_is_the_best_of_all_sets_and_assignments(instance):
    check(*instance, "none")


@settings(max_examples=12, deadline=None)
@given(instances(), st.sampled_from(["highs", "cbc"]))
def test_the_integer_program_agrees(instance, second):
    check(*instance, second)


@pytest.mark.slow
@settings(max_examples=2000, deadline=None)
@given(instances())
def test_thousands_of_small_portfolios(instance):
    check(*instance, "none")


def larger(seed: int, layers: int = 12, units: int = 7) -> tuple[pd.DataFrame, pd.DataFrame]:
    rng = random.Random(seed)  # noqa: S311
    options = [
        {
            "layer": f"l{layer}",
            "option": f"u{unit}, mode {mode}",
            "unit": f"u{unit}",
            "loss": rng.randrange(1, 10**6),
            "energy": rng.randrange(1, 10**4),
            "time": rng.randrange(1, 10**3),
        }
        for layer in range(layers)
        for unit in range(units)
        for mode in range(1 + unit % 2)
    ]
    built = [
        {"unit": f"u{unit}", "type": f"t{unit % 4}", "area": rng.randrange(10, 99)}
        for unit in range(units)
    ]
    return pd.DataFrame(options), pd.DataFrame(built)


LIMITS = {"energy": 45_000, "time": 4_500, "area": 170}


@pytest.mark.parametrize("powers", [(-12, 0, 12, -3), (12, -9, 9, 6), (-6, 12, -12, 12)])
def test_the_answer_does_not_depend_on_the_scale_of_the_columns(powers):
    options, units = larger(3)
    first = portfolio(options, units, LIMITS, most=3, second="none")
    limits: dict[str, str] = {c: str(v) for c, v in LIMITS.items()}
    for column, power in zip(("loss", "energy", "time", "area"), powers, strict=True):
        table = units if column == "area" else options
        table[column] = [float(f"{v}e{power}") for v in table[column]]
        if column in limits:
            limits[column] += f"e{power}"
    again = portfolio(options, units, limits, most=3, second="highs")
    assert (again.units, again.assignment) == (first.units, first.assignment)
    assert again.agreement is True
    assert again.exact_totals["loss"] == first.exact_totals["loss"] * Fraction(10) ** powers[0]


@pytest.mark.parametrize("seed", range(3))
def test_neither_the_order_of_rows_nor_more_units_than_there_are_matter(seed):
    options, units = larger(seed)
    first = portfolio(options, units, LIMITS, most=7, second="none")
    shuffled = options.sample(frac=1, random_state=seed), units.sample(frac=1, random_state=seed)
    again = portfolio(*shuffled, LIMITS, most=99, second="none")
    assert (again.units, again.objective) == (first.units, first.objective)
    assert dict(again.assignment) == dict(first.assignment)


def test_of_equal_answers_the_fewest_units_then_the_least_of_the_first_budget_are_taken():
    rows = [("a", "big", 1.0), ("a", "small", 1.0), ("b", "big", 1.0), ("b", "small", 1.0)]
    options = pd.DataFrame(
        [{"layer": x, "option": u, "unit": u, "loss": loss} for x, u, loss in rows]
    )
    units = pd.DataFrame({"unit": ["big", "small"], "area": [2.0, 1.0]})
    found = portfolio(options, units, ["area<=9"], most=2)
    assert found.units == ("small",)
    assert found.totals["area"] == 1.0
    # Without the budget the first by name.
    assert portfolio(options, units, most=2).units == ("big",)


def test_a_fixed_charge_in_the_objective_is_weighed_against_what_the_unit_saves():
    options = pd.DataFrame(
        {
            "layer": ["a", "b", "b"],
            "option": ["x", "x", "y"],
            "unit": ["x", "x", "y"],
            "loss": [1.0, 5.0, 2.0],
        }
    )
    cheap = pd.DataFrame({"unit": ["x", "y"], "loss": [0.0, 2.9]})
    dear = pd.DataFrame({"unit": ["x", "y"], "loss": [0.0, 3.1]})
    assert portfolio(options, cheap, most=2).units == ("x", "y")
    assert portfolio(options, cheap, most=2).objective == 5.9
    assert portfolio(options, dear, most=2).units == ("x",)


@pytest.mark.parametrize("seed", range(2))
def test_the_frontier_is_that_of_single_answers_and_more_units_are_never_worse(seed):
    options, units = larger(seed, layers=6, units=5)
    points = portfolio_frontier(options, units, "energy", budgets=["area<=200"], points=6)
    assert {p.units_at_most for p in points} <= {1, 2, 3}
    for point in points:
        assert point.status == "optimal"
        limit = point.exact_totals["energy"]
        alone = portfolio(
            options,
            units,
            ["area<=200", Budget("energy", "<=", limit)],
            most=point.units_at_most,
        )
        assert alone.objective == point.objective
        assert alone.agreement is True
        fewer = [
            p.objective
            for p in points
            if p.units_at_most < point.units_at_most and p.exact_totals["energy"] <= limit
        ]
        assert all(point.objective <= value for value in fewer)
    for most in {p.units_at_most for p in points}:
        mine = [p for p in points if p.units_at_most == most]
        energies = [p.totals["energy"] for p in mine]
        losses = [p.objective for p in mine]
        assert energies == sorted(energies)
        assert losses == sorted(losses, reverse=True)
        assert len(set(losses)) == len(losses)


def test_maximising_is_minimising_the_negated_column():
    options, units = larger(5, layers=6, units=5)
    low = portfolio(options, units, {"energy": 30_000}, most=2)
    negated = options.assign(loss=-options["loss"])
    high = portfolio(negated, units, {"energy": 30_000}, most=2, maximize="loss")
    assert (high.objective, high.bound) == (-low.objective, -low.bound)
    assert high.assignment == low.assignment


def test_a_time_limit_returns_the_best_found_with_its_bound(monkeypatch):
    options, units = larger(1)
    best = portfolio(options, units, LIMITS, most=3, second="none")
    from hwdse.allocate import portfolio_search

    class Late(portfolio_search.Effort):
        calls = 0

        def late(self) -> bool:
            Late.calls += 1
            return Late.calls > 3

    original = portfolio_search.search

    def stopped(model, effort, incumbents=(), prices=None):
        Late.calls = 0
        return original(model, Late(), incumbents, prices)

    monkeypatch.setattr("hwdse.allocate.portfolio_solve.search", stopped)
    found = portfolio(options, units, LIMITS, most=3, second="highs")
    assert found.status == "feasible"
    assert found.exit_code == 4
    assert found.bound <= best.objective <= found.objective
    assert found.gap == pytest.approx(1 - found.bound / found.objective)


def test_of_a_wrong_search_the_integer_program_says_so(monkeypatch):
    options, units = larger(1)
    best = portfolio(options, units, LIMITS, most=3, second="none")
    from hwdse.allocate import portfolio_bounds

    # A planted fault: bounds far too high rule out the set of the optimum.
    monkeypatch.setattr(
        portfolio_bounds.Bounds, "of_larger", lambda self, built, following, slots: None
    )
    options["loss"] += [float(unit != best.units[0]) for unit in options["unit"]]
    with pytest.raises(HwdseError):
        portfolio(options, units, LIMITS, most=3, second="none")
    found = portfolio(options, units, LIMITS, most=3, second="highs")
    assert found.agreement is not True
    assert found.status == "feasible"


def test_exact_totals_are_sums_of_the_tables():
    options, units = larger(2)
    found = portfolio(options, units, LIMITS, most=3, second="none")
    rows = found.to_frame()
    assert list(rows["unit"]) == list(found.runs_on.values())
    assert found.exact_totals["energy"] == sum(map(exact, rows["energy"]))
    area = units.set_index("unit")["area"]
    assert found.totals["area"] == sum(area[name] for name in found.units)

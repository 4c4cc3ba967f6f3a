"""solve() against brute force, and the properties that hold whatever the figures."""

from __future__ import annotations

import json
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.allocate import Budget, knapsacks, optimise, solve
from hwdse.errors import HwdseError, InfeasibleError

from .allocate_oracle import best, combinations, key_of, middle, random_table, texts, within


def times_ten_to(column, power):
    """Decimal shifts, which round nothing."""
    return [float(Decimal(repr(v)).scaleb(power)) for v in column.tolist()]


def check(table, budgets=(), **options):
    maximize = "maximize" in options
    objective = options.get("maximize") or options.get("minimize") or "loss"
    expected = best(table, budgets, objective, maximize)
    if expected is None:
        with pytest.raises(InfeasibleError):
            solve(table, texts(budgets), **options)
        return None
    found = solve(table, texts(budgets), **options)
    assert key_of(found, table, budgets, objective, maximize) == expected
    assert (found.status, found.gap, found.gap_absolute) == ("optimal", 0.0, 0.0)
    assert found.bound == found.objective
    return found


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("coarse", [False, True])
def test_brute_force(seed, coarse):
    table = random_table(seed, coarse=coarse, ties=seed % 2 == 1, missing=0.2 * (seed % 3 == 0))
    first = ("r0", "<=", middle(table, "r0", 0.1 + 0.7 * (seed % 7) / 6))
    second = ("r1", ">=", middle(table, "r1", 0.1 + 0.5 * (seed % 5) / 4))
    check(table, [first])
    check(table, [first, second], solver="cbc" if seed % 4 == 0 else "highs")
    check(table, [first], maximize="r1")


@st.composite
def instances(draw):
    figure = st.one_of(
        st.integers(-3, 3).map(float),
        st.floats(-1e3, 1e3, allow_subnormal=False).map(lambda v: float(f"{v:.4g}")),
        st.sampled_from([0.1, 0.2, 0.3, 1e-6, -1e-6, 1e9]),
    )
    layers = draw(st.integers(1, 4))
    rows = []
    for layer in range(layers):
        tie = draw(st.sampled_from(["", "", "a"]))
        for option in range(draw(st.integers(1, 3))):
            rows.append(
                {
                    "layer": f"l{layer}",
                    "option": f"o{option}",
                    "tie": tie,
                    "loss": draw(figure),
                    "x": draw(figure),
                    "y": draw(figure),
                }
            )
    table = pd.DataFrame(rows)
    reachable = [totals for _, totals in combinations(table)]
    budgets = []
    for _ in range(draw(st.integers(0, 3))):
        column = draw(st.sampled_from(["x", "y", "loss"]))
        sense = draw(st.sampled_from(["<=", ">="]))
        # Often a total that is hit exactly: the edge where tolerances would show.
        near = float(draw(st.sampled_from(reachable))[column])
        limit = draw(st.one_of(st.just(near), figure))
        budgets.append((column, sense, repr(limit)))
    return table, budgets


@settings(max_examples=60, deadline=None, derandomize=True)
@given(instances())
def test_brute_force_hypothesis(instance):
    table, budgets = instance
    check(table, budgets)


def test_a_budget_met_with_equality_in_decimals():
    # 0.1 + 0.2 > 0.3 in binary floating point; in the table's own decimals they are equal.
    rows = [("a", "p", 0.0, 0.1), ("a", "q", 5.0, 0.0), ("b", "p", 0.0, 0.2), ("b", "q", 5.0, 0.0)]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "x"])
    assert solve(table, "x<=0.3").objective == 0.0
    assert solve(table, {"x": 0.3}).objective == 0.0
    assert solve(table, "x<=0.29999999999999999").objective == 5.0
    again = solve(table, {"x": solve(table).totals["x"]})
    assert again.objective == 0.0


@pytest.mark.parametrize("excess", ["1e-6", "1e-9", "1e-12"])
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_a_budget_exceeded_by_less_than_a_tolerance_is_exceeded(excess, solver):
    table = random_table(7, layers=6, options=3)
    free = solve(table)
    limit = f"{free.totals['r0'] * (1 - float(excess)):.17g}"
    budgets = [("r0", "<=", limit)]
    found = check(table, budgets, solver=solver)
    assert found.assignment != free.assignment


@pytest.mark.parametrize("loss_power", [-12, -6, 6, 12])
@pytest.mark.parametrize("resource_power", [-9, 9])
@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_scale_invariance(loss_power, resource_power, solver):
    table = random_table(3, layers=12, options=4)
    limit = middle(table, "r0", 0.35)
    plain = solve(table, {"r0": limit}, solver=solver)
    scaled = table.copy()
    scaled["loss"] = times_ten_to(table["loss"], loss_power)
    scaled["r0"] = times_ten_to(table["r0"], resource_power)
    found = solve(scaled, f"r0<={limit!r}e{resource_power}", solver=solver)
    assert found.assignment == plain.assignment
    assert found.objective == pytest.approx(plain.objective * 10.0**loss_power, rel=1e-12)
    assert found.gap == 0.0


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_losses_of_a_millionth_on_200_layers(solver):
    table = random_table(11, layers=200, options=8, scale=1e-6)
    large = table.assign(loss=times_ten_to(table["loss"], 6))
    limit = middle(table, "r0", 0.3)
    found = solve(table, {"r0": limit}, solver=solver)
    assert (found.status, found.gap) == ("optimal", 0.0)
    assert found.totals["r0"] <= limit
    assert found.assignment == solve(large, {"r0": limit}, solver=solver).assignment


def test_one_option_with_an_enormous_loss_does_not_hide_the_rest():
    table = random_table(5, layers=30, options=4)
    loss = table["loss"].tolist()
    for at in range(0, len(loss), 4):
        loss[at] *= 1e15
    broken = table.assign(loss=loss)
    without = table[table["option"] != "o0"]
    limit = middle(without, "r0", 0.4)
    assert solve(broken, {"r0": limit}).assignment == solve(without, {"r0": limit}).assignment


def test_the_solvers_agree_and_the_order_of_rows_does_not_matter():
    for seed in range(6):
        table = random_table(seed, layers=15, options=4, coarse=seed % 2 == 0, ties=True)
        limit = middle(table, "r0", 0.4)
        first = solve(table, {"r0": limit}, solver="highs")
        shuffled = table.sample(frac=1.0, random_state=seed)
        assert solve(table, {"r0": limit}, solver="cbc").assignment == first.assignment
        assert solve(shuffled, {"r0": limit}).assignment == first.assignment
        assert solve(table, {"r0": limit}).totals == first.totals


def test_equal_losses_take_less_of_the_budget():
    rows = [
        (f"l{i}", f"o{j}", 1.0, size, 9.0 - size)
        for i in range(8)
        for j, size in enumerate([3, 1, 2])
    ]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "size", "snr"])
    assert solve(table, "size<=20").totals["size"] == 8.0
    assert solve(table, "snr>=8").totals["snr"] == 64.0
    # With no budget at all, the option first by name.
    assert set(solve(table).assignment.values()) == {"o0"}


def test_two_sided_budget_and_minimising_a_resource():
    table = random_table(9, layers=6, options=3)
    low, high = middle(table, "r0", 0.45), middle(table, "r0", 0.5)
    check(table, [("r0", "<=", low), ("r0", ">=", middle(table, "r0", 0.44))])
    check(table, [("loss", "<=", middle(table, "loss", 0.3))], minimize="r1")
    found = solve(table, [Budget("r0", "<=", high), "r0>=0"], maximize="loss")
    assert found.totals["loss"] == found.objective == found.bound


def test_what_comes_back():
    table = random_table(2, layers=4, options=3)
    found = solve(table, {"r0": middle(table, "r0", 0.5)})
    document = json.loads(json.dumps(found.to_json(), allow_nan=False))
    assert {
        "status", "objective", "bound", "gap", "solver", "seconds", "assignment", "totals",
    } <= set(document)  # fmt: skip
    frame = found.to_frame()
    assert frame["layer"].tolist() == list(found.assignment) == table["layer"].unique().tolist()
    assert frame["option"].tolist() == list(found.assignment.values())
    assert frame["loss"].sum() == pytest.approx(found.objective)
    assert found.solver.startswith("hwdse knapsack ")
    assert found.second_method == "hwdse enumeration"
    assert found.agreement is True
    assert found.bound_independent == found.objective
    assert "PuLP" in solve(table, solver="highs").solver
    assert found.exit_code == 0
    with pytest.raises(AttributeError):
        found.status = "feasible"


def test_infeasible_names_the_budget_and_what_is_reachable():
    table = random_table(1, layers=4, options=3, resources=2)
    least = min(totals["r0"] for _, totals in combinations(table))
    with pytest.raises(InfeasibleError, match=r"budget r0<=0\.01 cannot be met") as caught:
        solve(table, "r0<=0.01")
    assert caught.value.exit_code == 3
    assert "\n" not in str(caught.value)
    shown = str(caught.value).rsplit(" ", 1)[1]
    assert float(shown) == pytest.approx(float(least), rel=1e-12)
    assert solve(table, f"r0<={shown}").totals["r0"] == pytest.approx(float(least))
    with pytest.raises(InfeasibleError, match="the greatest reachable r0 is"):
        solve(table, "r0>=100")


def test_jointly_infeasible_says_under_what():
    rows = [(f"l{i}", o, 0.0, s, t) for i in range(3) for o, s, t in [("a", 1, 4), ("b", 2, 1)]]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "size", "time"])
    with pytest.raises(InfeasibleError) as caught:
        solve(table, ["size<=4", "loss<=1", "time<=8"])
    assert str(caught.value) == (
        "budget time<=8 cannot be met together with size<=4: under it the least reachable time is 9"
    )
    # Within the linear relaxation, but between two reachable sums.
    with pytest.raises(InfeasibleError, match="under it the greatest reachable size is 4"):
        solve(table, ["size<=4.5", "size>=4.25"])


@pytest.mark.parametrize(
    ("budgets", "message"),
    [
        (["max(lat)<=2", "min(bits)>=8"], "min(bits)>=8 cannot be met together with max(lat)<=2"),
        (["loss<=9", "max(lat)<=2", "max(loss)<=9", "max(bits)>=8"], "together with max(lat)<=2"),
        (["max(loss)<=9", "max(lat)<=0.5"], "cannot be met: the least reachable max(lat) is 1"),
    ],
)
def test_extremes_that_conflict_are_all_named_and_no_others(budgets, message):
    rows = [(f"l{i}", o, i + s, s, t) for i in range(2) for o, s, t in [("x", 1, 2), ("y", 3, 8)]]
    table = pd.DataFrame(rows, columns=["layer", "option", "loss", "lat", "bits"])
    with pytest.raises(InfeasibleError) as caught:
        solve(table, budgets)
    assert str(caught.value).endswith(message)


@pytest.mark.parametrize("seed", range(10))
def test_reachable_value_under_the_other_budgets(seed):
    table = random_table(seed, layers=4, options=3)
    first = ("r0", "<=", middle(table, "r0", 0.3))
    values = [t["r1"] for _, t in combinations(table) if within(t, [first])]
    limit = float(min(values)) - 1e-3
    if limit < min(float(t["r1"]) for _, t in combinations(table)):
        return
    with pytest.raises(InfeasibleError) as caught:
        solve(table, texts([first, ("r1", "<=", limit)]))
    assert float(str(caught.value).rsplit(" ", 1)[1]) == pytest.approx(float(min(values)))


@pytest.mark.parametrize("limit", [0, -1, float("nan"), "5"])
def test_bad_time_limit(limit):
    with pytest.raises(HwdseError, match="time limit"):
        solve(random_table(0), time_limit=limit)


def test_time_limit_gives_the_best_found_with_its_bound():
    table = random_table(4, layers=100, options=16, resources=3)
    budgets = {f"r{i}": middle(table, f"r{i}", 0.3) for i in range(3)}
    found = solve(table, budgets, time_limit=0.02)
    assert (found.status, found.exit_code) == ("feasible", 4)
    assert found.bound < found.objective
    assert 0 < found.gap < 0.2
    assert found.gap_absolute == pytest.approx(found.objective - found.bound)
    assert all(found.totals[c] <= v for c, v in budgets.items())
    assert found.seconds < 5.0


def test_bad_arguments():
    table = random_table(0)
    with pytest.raises(HwdseError, match="did you mean 'highs'"):
        solve(table, solver="high")
    with pytest.raises(HwdseError, match="not both"):
        solve(table, minimize="loss", maximize="r0")
    with pytest.raises(HwdseError, match=r"no numeric column 'los'.*did you mean 'loss'"):
        solve(table, minimize="los")


@pytest.mark.parametrize("solver", ["highs", "cbc"])
def test_nothing_is_printed(solver, capfd):
    table = random_table(6, layers=20, options=4)
    solve(table, {"r0": middle(table, "r0", 0.4), "r1": middle(table, "r1", 0.5)}, solver=solver)
    with pytest.raises(InfeasibleError):
        solve(table, "r0<=0", solver=solver)
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_import_is_cheap():
    code = (
        "import sys, hwdse.allocate\n"
        "heavy = {'pandas', 'pulp', 'scipy', 'numpy'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "assert callable(hwdse.allocate.solve)\n"
        "import hwdse.allocate.driver\n"
        "assert callable(hwdse.allocate.solve)\n"
        "assert set(hwdse.allocate.__all__) <= set(dir(hwdse.allocate))\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_figures_of_all_digits_and_sizes_are_solved_again_without_what_is_out(monkeypatch):
    """Whole numbers beyond int64 are rounded at first; the few options left need no rounding."""
    monkeypatch.setattr(knapsacks, "_ROUNDED", Fraction(-1))  # the first answer never suffices
    monkeypatch.setattr(optimise, "_CORE", 0)  # nor is there an enumeration to make it good
    kept = []
    closer = optimise._closer
    monkeypatch.setattr(
        optimise, "_closer", lambda *a: kept.append(a[1].entries / a[0].entries) or closer(*a)
    )
    solved = 0
    for seed in range(8):
        rng = np.random.default_rng(seed)
        table = random_table(seed, layers=6, options=3)
        spread = 10.0 ** rng.integers(-9, 12, len(table))
        table = table.assign(loss=table["loss"] * spread, r0=table["r0"] * spread[::-1])
        budgets = [("r0", "<=", middle(table, "r0", 0.2)), ("r1", "<=", middle(table, "r1", 0.6))]
        expected = best(table, budgets)
        if expected is None:
            with pytest.raises(InfeasibleError):
                solve(table, texts(budgets))
            continue
        found = solve(table, texts(budgets))
        assert found.exact_totals["loss"] == expected[0]
        assert found.gap < 1e-12
        solved += 1
    assert solved > 4
    assert len(kept) > 1
    assert min(kept) < 1

"""The nine published HAWQ-V3 assignments of ResNet18, through the public interface."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pandas as pd
import pytest

from hwdse.allocate import Budget, solve

DATA = Path(__file__).parents[2] / "studies" / "data"
LAYERS = pd.read_csv(DATA / "hawqv3_resnet18_layers.csv", dtype=str, keep_default_na=False)
PUBLISHED = pd.read_csv(DATA / "hawqv3_resnet18_published.csv", dtype=str).to_dict("records")
WIDTHS = (4, 8)


def option_table() -> pd.DataFrame:
    rows = []
    for layer in LAYERS.to_dict("records"):
        for bits in WIDTHS:
            rows.append(
                {
                    "layer": layer["layer"],
                    "option": f"int{bits}",
                    "tie": layer["tie"],
                    "loss": float(layer["trace"]) * float(layer[f"dw2_int{bits}"]),
                    "size": float(layer["params_M"]) * bits / 8,
                    "bops": float(layer["MMACs"]) * bits**2 / 1024,
                    "latency": float(layer[f"latency_int{bits}_ms"]),
                }
            )
    return pd.DataFrame(rows)


TABLE = option_table()


def published_convention(assignment) -> float:
    """Sum over 8-bit layers of trace x (|dW8|^2 - |dW4|^2)."""
    return sum(
        float(row["trace"]) * (float(row["dw2_int8"]) - float(row["dw2_int4"]))
        for row in LAYERS.to_dict("records")
        if assignment[row["layer"]] == "int8"
    )


def test_the_data_is_whole():
    assert len(LAYERS) == 19
    assert len(PUBLISHED) == 9


@pytest.mark.parametrize("solver", ["highs", "cbc"])
@pytest.mark.parametrize(
    "case", PUBLISHED, ids=lambda c: f"{c['constraint']}-{c['limit_fraction']}"
)
def test_published_assignment(case, solver):
    found = solve(TABLE, f"{case['constraint']}<={case['limit_value']}", solver=solver)
    widths = [int(option.removeprefix("int")) for option in found.assignment.values()]
    assert list(found.assignment) == LAYERS["layer"].tolist()
    assert widths == [int(bit) for bit in case["bits"]]
    assert published_convention(found.assignment) == pytest.approx(
        float(case["objective"]), abs=1e-6
    )
    assert found.totals["size"] == pytest.approx(float(case["size_m"]), abs=1e-6)
    assert found.totals["bops"] == pytest.approx(float(case["bops_g"]), abs=1e-6)
    assert found.totals["latency"] == pytest.approx(float(case["latency_ms"]), abs=1e-6)
    assert (found.status, found.gap, found.bound) == ("optimal", 0.0, found.objective)


@pytest.mark.parametrize(
    "case", PUBLISHED, ids=lambda c: f"{c['constraint']}-{c['limit_fraction']}"
)
def test_the_rounding_of_the_published_limits_does_not_matter(case):
    """`limit_value` is rounded to six decimals, by up to 5e-7 either way; the limit itself is not.

    At latency 0.25 it is rounded down, so the published limit is the stricter one.
    """
    totals = []
    for bits in WIDTHS:
        rows = TABLE[TABLE["option"] == f"int{bits}"]
        totals.append(sum(Fraction(repr(v)) for v in rows[case["constraint"]].tolist()))
    low, high = totals
    limit = low + (high - low) * Fraction(case["limit_fraction"])
    assert abs(limit - Fraction(case["limit_value"])) <= Fraction(1, 2_000_000)
    exact = solve(TABLE, [Budget(case["constraint"], "<=", limit)])
    assert "".join(option[-1] for option in exact.assignment.values()) == case["bits"]


def test_tied_layers_take_the_same_width():
    found = solve(TABLE, "size<=6.0")
    for _, group in LAYERS[LAYERS["tie"] != ""].groupby("tie"):
        assert len({found.assignment[name] for name in group["layer"]}) == 1

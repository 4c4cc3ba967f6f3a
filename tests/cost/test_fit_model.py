"""The fitted model: what it says, how sure it is, and what it refuses."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from hwdse import pe, tech
from hwdse.cost import evaluate
from hwdse.cost.conditions import Conditions
from hwdse.cost.designs import rtlil_sha256
from hwdse.cost.fit import model as fitted
from hwdse.cost.fit.estimate import (
    explain_estimate,
    fpga_estimate,
    shipped_synthesis,
    unit_estimate,
)
from hwdse.cost.fit.features import features_of
from hwdse.cost.fit.regression import CONFIDENCE, Problem, choose, solve
from hwdse.cost.operands import operands
from hwdse.cost.store import Store
from hwdse.errors import HwdseError
from hwdse.synth.devices import device

TECHNOLOGY = "nangate45"
UNIFORM = Conditions(operands("uniform"))
# No design of the characterisation.
FRESH = "dot:w=int5,a=int6,lanes=6,pipeline=1"


@pytest.fixture(scope="module")
def library() -> tech.Technology:
    return tech.load(TECHNOLOGY)


@pytest.fixture
def store(tmp_path: Any) -> Store:
    return Store(tmp_path / "store.sqlite")


def _estimate(spec: str, library: tech.Technology, **changed: Any) -> dict[str, Any]:
    conditions = Conditions(operands("uniform"), **changed)
    return unit_estimate(pe.parse(spec), library, conditions)


@pytest.mark.parametrize("technology", fitted.names())
def test_shipped_counts_are_those_of_today(technology: str) -> None:
    known = fitted.characterisation(technology)
    energies = "dynamic_fj_per_cycle" in known.columns
    sizes = known.column("gates")
    # Small designs of several families.
    chosen = {known.columns["family"][at]: at for at in np.argsort(-sizes) if sizes[at] < 900}
    assert len(chosen) >= 5
    for at in list(chosen.values())[:6]:
        design = pe.parse(str(known.columns["spec"][at]))
        features = features_of(design, operands("uniform") if energies else None)
        assert features.gates == known.columns["gates"][at]
        for name, value in features.values.items():
            assert value == known.columns[name][at], (design.canonical, name)


@pytest.mark.parametrize("technology", fitted.names())
def test_shipped_settings_are_what_is_chosen(technology: str) -> None:
    known = fitted.characterisation(technology)
    figure = "area_um2" if "area_um2" in known.columns else "luts"
    groups = np.unique(np.asarray(known.columns["family"], dtype=str), return_inverse=True)[1]
    chosen = choose(fitted.FIGURES[figure].problem(known, figure), groups)
    assert vars(chosen) == pytest.approx(known.about["settings"][figure], rel=1e-6)


def test_an_estimate_is_near_a_synthesis_that_it_was_not_fitted_to(
    library: tech.Technology, store: Store
) -> None:
    found = _estimate(FRESH, library)
    (true,) = evaluate([FRESH], library, store=store).to_dict("records")
    assert found["source"] == "fit"
    assert found["area_um2"] == pytest.approx(true["area_um2"], rel=0.1)
    assert found["delay_ps"] == pytest.approx(true["delay_ps"], rel=0.35)
    assert found["energy_pj_per_mac"] == pytest.approx(true["energy_pj_per_mac"], rel=0.3)
    assert found["leakage_uw"] == pytest.approx(true["leakage_uw"], rel=0.1)
    for name in ("area_um2", "delay_ps", "energy_pj_per_mac"):
        assert found[f"{name}_low"] < found[name] < found[f"{name}_high"]


def test_operands_and_clock_change_energy(library: tech.Technology) -> None:
    spec = "mac:w=int6,a=int7"
    plain = _estimate(spec, library)
    normal = unit_estimate(pe.parse(spec), library, Conditions(operands("normal")))
    slow = _estimate(spec, library, clock_ns=50.0)
    assert normal["area_um2"] == slow["area_um2"] == plain["area_um2"]
    assert normal["energy_pj_per_mac"] != plain["energy_pj_per_mac"] < slow["energy_pj_per_mac"]
    assert slow["leakage_pj_per_mac"] == pytest.approx(
        plain["leakage_pj_per_mac"] * 50_000 / plain["period_ps"]
    )


@pytest.mark.parametrize(
    ("spec", "changed", "message"),
    [
        ("mac:w=int6,a=int7", {"clock_ns": 0.1}, r"delay is up to .* ns; give a longer clock"),
        ("mac:w=int6,a=int7", {"activity": "zero-delay"}, "with glitches alone"),
        ("array:pe=(mac:w=int4,a=int4),rows=2,cols=2", {}, "knows no arrays"),
    ],
)
def test_what_the_model_cannot_say_is_refused(
    spec: str, changed: dict[str, Any], message: str, library: tech.Technology
) -> None:
    with pytest.raises(HwdseError, match=message):
        _estimate(spec, library, **changed)


def test_designs_unlike_all_that_were_synthesised_are_refused(library: tech.Technology) -> None:
    model = fitted.load(TECHNOLOGY, library.sha256)
    features = features_of(pe.parse("mac:w=int6,a=int7"))
    assert model.refusal(features) == ""
    assert "more than 8 times as many" in replace(model, most_gates=10).refusal(features)
    assert "of kinds that no design has" in replace(model, seen=frozenset()).refusal(features)


@pytest.mark.parametrize("spec", ["from=e4m3,to=fp16", "from=e2m1,to=e4m3,lanes=16"])
def test_designs_of_fewer_luts_than_any_that_was_synthesised_are_refused(spec: str) -> None:
    where = device("ice40")
    assert fpga_estimate(pe.parse("mac:w=int5,a=int6"), where)["luts"] > 100
    assert fitted.characterisation(where.name).column("luts").min() >= 40
    with pytest.raises(HwdseError, match=r"luts and more, and this takes about \d+; use --source"):
        fpga_estimate(pe.parse(f"convert:{spec}"), where)


def test_a_technology_without_a_model_is_refused(library: tech.Technology) -> None:
    with pytest.raises(HwdseError, match=r"no fitted model of nowhere is shipped \(there are"):
        fitted.load("nowhere", "")
    with pytest.raises(HwdseError, match="of other figures than this technology has"):
        fitted.load(TECHNOLOGY, "0" * 64)


def test_auto_takes_the_synthesis_there_is_or_the_model(
    library: tech.Technology, store: Store
) -> None:
    known, fresh = "mac:w=int8,a=int8", "mac:w=int6,a=int7"
    rows = evaluate([known, fresh], library, source="auto", store=store).set_index("spec")
    shipped, estimated = rows.iloc[0], rows.iloc[1]
    assert shipped["source"] == "synth"
    assert shipped["provenance"]["stored"] == "shipped with hwdse"
    assert estimated["source"] == "fit"
    synthesised = evaluate([fresh], library, store=store).iloc[0]
    again = evaluate([fresh], library, source="auto", store=store).iloc[0]
    assert again["source"] == "synth"
    assert again["area_um2"] == synthesised["area_um2"] != estimated["area_um2"]


def test_shipped_syntheses_are_those_of_the_same_rtl(
    library: tech.Technology, store: Store
) -> None:
    spec = str(fitted.characterisation(TECHNOLOGY).columns["spec"][0])
    design = pe.parse(spec)
    sha256, _ = rtlil_sha256(design, store)
    shipped = shipped_synthesis(design, library, sha256)
    assert shipped is not None
    (true,) = evaluate([spec], library, store=store).to_dict("records")
    for name in ("area_um2", "delay_ps", "energy_pj_per_mac", "cells", "leakage_uw"):
        assert shipped[name] == pytest.approx(true[name], rel=1e-9), name
    assert shipped_synthesis(design, library, "0" * 64) is None


def test_contributions_add_up(library: tech.Technology) -> None:
    document = explain_estimate(pe.parse(FRESH), library, UNIFORM)
    json.dumps(document)
    for fit in document["fits"].values():
        parts = sum(part["contribution"] for part in fit["contributions"]) + fit["all_others"]
        assert parts == pytest.approx(fit["linear_model"])
        assert fit["linear_model"] * fit["factor_from_designs_like_it"] == pytest.approx(
            fit["value"]
        )
    assert document["gate_count"]["area_um2"] > 0


def _problem(rng: np.random.Generator, designs: int = 120) -> tuple[Problem, Any]:
    counts = rng.integers(1, 400, (designs, 4)).astype(np.float64)
    groups = rng.integers(0, 4, designs)
    figures = counts @ [3.0, 1.0, 0.5, 2.0] * np.exp(rng.normal(0, 0.02, designs))
    return Problem(counts, figures, np.array([False, False, True, True])), groups


def test_a_regression_finds_what_figures_were_made_of() -> None:
    problem, groups = _problem(np.random.default_rng(5))
    found = solve(problem, choose(problem, groups))
    fresh, _ = _problem(np.random.default_rng(6))
    estimate = found.estimate(fresh.counts)
    assert np.abs(estimate.value / fresh.figures - 1).mean() < 0.04
    covered = (estimate.low <= fresh.figures) & (fresh.figures <= estimate.high)
    assert CONFIDENCE - 0.1 < covered.mean() <= 1


def test_intervals_widen_away_from_what_is_known() -> None:
    problem, groups = _problem(np.random.default_rng(5))
    # One group is off by a factor that counts do not show.
    skewed = Problem(
        problem.counts * np.where(groups == 0, 20, 1)[:, None],
        problem.figures * np.where(groups == 0, 30, 1),
        problem.refinements,
    )
    found = solve(skewed, choose(skewed, groups))
    near, far = skewed.counts[:5], skewed.counts[:5] * 1e4
    width = {name: found.estimate(at) for name, at in (("near", near), ("far", far))}
    assert (width["far"].high / width["far"].low).min() > (
        width["near"].high / width["near"].low
    ).max()
    assert width["far"].known.max() < 0.5 < width["near"].known.min()

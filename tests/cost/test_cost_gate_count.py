"""Gate counts of designs, and what they come to in a technology."""

from __future__ import annotations

import numpy as np
import pytest

from hwdse import pe, tech
from hwdse.cost.gate_count import gate_count_cost, gate_counts
from hwdse.errors import HwdseError

# Areas of Nangate45 in um2, as its Liberty file has them.
AND, FA, XOR, OR, MUX = 1.064, 4.256, 1.596, 1.064, 1.862


@pytest.fixture(scope="module")
def nangate45():
    return tech.load("nangate45")


def cost(spec, technology):
    return gate_count_cost(pe.parse(spec), technology)


def test_a_mac_is_a_multiplier_and_an_accumulator(nangate45):
    found = cost("mac:w=int4,a=int8", nangate45)
    assert found["counts"] == {"multiplier": {"and": 32, "fa": 32}, "accumulator": {"fa": 32}}
    assert found["area_um2"] == pytest.approx(32 * AND + 64 * FA)
    assert found["gates"] == {"and": "AND2_X1", "fa": "FA_X1"}


def test_a_dot_product_with_scales(nangate45):
    found = cost("dot:w=nvfp4,a=nvfp4,align=6", nangate45)
    shifts = 6 * np.log2(6)
    acc = 24 * np.log2(24)
    areas = {
        "multiplier": 16 * 4 * (AND + FA),
        "exponent_adder": 16 * 2 * FA,
        "adder": 16 * 6 * FA,
        "exponent_subtractor": 16 * 2 * (XOR + FA),
        "comparator": 16 * 2 * (XOR + AND + OR),
        "aligner": 16 * shifts * MUX,
        "normaliser": shifts * (MUX + OR),
        "dequantiser": 2 * (96 * (AND + FA) + 8 * FA),
        "accumulator": 32 * FA + 16 * XOR + 8 * (AND + OR) + acc * (2 * MUX + OR),
    }
    assert found["area_um2_of"] == pytest.approx(areas)
    assert found["area_um2"] == pytest.approx(sum(areas.values()))
    assert found["macs_per_cycle"] == 16


def test_ratios_computed_elsewhere(nangate45):
    """Of lanes without shared blocks, to MXFP8, at the paper's aligner of 24 bits."""

    def per_mac(spec):
        found = cost(spec, nangate45)
        shared = found["area_um2_of"]["dequantiser"] + found["area_um2_of"]["accumulator"]
        return (found["area_um2"] - shared) / found["macs_per_cycle"]

    reference = per_mac("dot:w=mxfp8_e4m3,a=mxfp8_e4m3,align=24")
    for name, ratio in (("mxint8", 0.893), ("nvfp4", 0.348), ("nvint4", 0.260)):
        assert per_mac(f"dot:w={name},a={name}") / reference == pytest.approx(ratio, abs=1e-3)


def test_published_ratios_with_shared_blocks(nangate45):
    """Table 5 of the paper, with a cell library and counts of shared blocks that it keeps to
    itself: the order is the same, and no ratio is far off."""
    units = {n: cost(f"dot:w={n},a={n}", nangate45) for n in ("mxint8", "nvfp4", "nvint4")}
    reference = cost("dot:w=mxfp8_e4m3,a=mxfp8_e4m3,align=24", nangate45)
    published = {"mxint8": 0.79, "nvfp4": 0.54, "nvint4": 0.38}
    ratios = {
        name: found["area_um2"] / found["macs_per_cycle"] / (reference["area_um2"] / 32)
        for name, found in units.items()
    }
    assert 1 > ratios["mxint8"] > ratios["nvfp4"] > ratios["nvint4"]
    for name, ratio in ratios.items():
        assert ratio == pytest.approx(published[name], abs=0.12)


def test_exact_accumulators():
    found = gate_counts(pe.parse("mac:w=e4m3,a=e4m3,acc=exact"))
    design = pe.parse("mac:w=e4m3,a=e4m3,acc=exact")
    assert found["accumulator"] == {"fa": design.accumulator.width}
    assert found["aligner"] == {"mux": pytest.approx(38 * np.log2(38))}
    assert "aligner" not in gate_counts(pe.parse("mac:w=int8,a=int8,acc=exact"))


def test_all_gates_switch_at_every_second_cycle(nangate45):
    one, two = (cost(f"dot:w=int8,a=int8,lanes={n},acc=exact", nangate45) for n in (8, 16))
    gates = {k: two["counts"][k] for k in ("multiplier", "adder")}
    assert gates == {
        k: {g: 2 * n for g, n in one["counts"][k].items()} for k in ("multiplier", "adder")
    }
    assert 0 < two["energy_pj_per_mac"] < one["energy_pj_per_mac"]


def test_keys_that_are_not_seen_are_named(nangate45):
    plain, built = (
        cost(f"mac:w=int8,a=int8{more}", nangate45) for more in ("", ",mul=booth,pipeline=2")
    )
    assert plain["area_um2"] == built["area_um2"]
    assert {"mul", "pipeline"} <= set(built["not_seen"])
    assert not {"w", "a", "acc"} & set(built["not_seen"])


@pytest.mark.parametrize(
    ("spec", "reason"),
    [
        ("lmul:w=e4m3,a=e4m3", "only mac and dot units are counted"),
        ("mac:w=nf4,a=int8", "nf4 is neither of integers nor of minifloats"),
        ("dot:w=uint4_g128,a=int8,lanes=8", "uint4_g128 is neither"),
        ("dot:w=mxint8,a=mxint8,acc=exact", "not acc=exact"),
    ],
)
def test_what_is_not_covered(spec, reason):
    with pytest.raises(HwdseError, match=reason) as caught:
        gate_counts(pe.parse(spec))
    assert "\n" not in str(caught.value)

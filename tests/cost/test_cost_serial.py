"""Serial units: energy over whole groups, operands of groups, and area by part."""

import numpy as np
import pytest

import rtl
from hwdse.cost.energy import settled_toggles, sum_length
from hwdse.cost.operands import operands
from hwdse.cost.parts import ROLES, area_by_role
from hwdse.pe import parse
from hwdse.verify.check import compile_rtl


@pytest.mark.parametrize(
    ("spec", "cycles"),
    [
        ("serial:w=int4,a=int4,lanes=2,group=16,dequant=serial", 16),
        ("serial:w=int8,a=int4,lanes=2,radix=2,group=32,dequant=serial", 128),
        ("serial:w=int3,a=int4,lanes=1,radix=2,group=50,dequant=serial", 150),
    ],
)
def test_energy_is_that_of_whole_groups(spec, cycles):
    """A result comes once a group: its flag rises and falls once in so many cycles."""
    unit = parse(spec)
    assert sum_length(unit) * unit.initiation_interval % cycles == 0
    program = compile_rtl(rtl.to_rtlil(unit))
    toggles = settled_toggles(unit, program, operands("uniform"))
    (net,) = program.netlist.outputs["out_valid"]
    # Of sums of three words, the sample ends within one.
    assert toggles[net] == pytest.approx(2 / cycles, rel=0.01)


@pytest.mark.parametrize("choice", ["uniform", "normal"])
def test_value_sets_and_scales_are_those_of_groups(choice):
    unit = parse("serial:w=bitmod4_g16,a=int8,lanes=2,dequant=serial")
    codes = operands(choice).sample(unit, (16, 50), np.random.default_rng(1))
    assert codes["w"].shape == (16, 50, 2)
    for name, most in (("w_select", 3), ("w_scale", 255)):
        groups = codes[name].reshape(2, 8, 50)
        assert (groups == groups[:, :1]).all()
        assert 0 <= codes[name].min() < codes[name].max() <= most
    assert codes["w_scale"].max() == 255


def test_area_of_the_dequantiser_is_told_apart():
    names = ["top", "sums.multiplier", "sums.multiplier.decode_w_0", "sums.multiplier.align"]
    names += ["sums.accumulator.sum", "dequantise", "dequantise.fields", "dequantise.product"]
    parts = [{"part": n, "area_um2": 2.0, "registers_um2": 0.5} for n in names]
    found = area_by_role({"area_um2": 16.0, "parts": parts}, 16.0)
    assert set(found) == set(ROLES)
    assert {role: area for role, area in found.items() if area} == {
        "products": 1.5,
        "decoders": 1.5,
        "alignment": 1.5,
        "accumulator": 3.0,
        "dequantiser": 4.5,
        "registers": 4.0,
    }

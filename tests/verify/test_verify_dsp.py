"""Netlists with DSP blocks: simulated where Yosys has models of the blocks, refused elsewhere."""

import copy

import pytest

import rtl
from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.synth.devices import DEVICES
from hwdse.synth.fpga import fpga_gates, fpga_netlist, map_to_fpga, resources
from hwdse.verify.check import check_program, verify
from hwdse.verify.targets import Target, compile_gates

VECTORS = 1 << 14
MODELLED = ("ice40-up5k", "xc7-a100t")
# The first has its accumulator in the block, the second registers too.
SPECS = [
    "mac:w=int8,a=int8,acc=exact,terms=32",
    "dot:w=int8,a=uint8,lanes=2,pipeline=2",
    "mac:w=uint8,a=uint8,pipeline=1",
    "dot:w=int4,a=int4,lanes=2,mul=packed",
    "dot:w=int5,a=int5,lanes=2,mul=packed,registers=product",
    "dot:w=uint4,a=int4,lanes=4,mul=packed,tree=dadda,fused=save",
    "mac:w=bf16,a=bf16,acc=fp32",
]
KINDS = {"ice40-up5k": "SB_MAC16", "xc7-a100t": "DSP48E1"}
CASES = [
    (MODELLED[0], SPECS[3]),
    *(
        pytest.param(name, spec, marks=pytest.mark.slow)
        for name in MODELLED
        for spec in SPECS
        if (name, spec) != (MODELLED[0], SPECS[3])
    ),
]


def netlist(spec, name):
    device = DEVICES[name]
    design = rtl.to_rtlil(parse(spec))
    return map_to_fpga(design, device.family, options=device.synthesis, dsp=True)


def blocks(module, name):
    return [cell for cell in module["cells"].values() if cell["type"] == KINDS[name]]


@pytest.mark.parametrize(("name", "spec"), CASES)
def test_the_netlist_with_blocks_is_the_reference(name, spec):
    result = verify(parse(spec), target=Target.named(name), vectors=VECTORS)
    assert result.mismatches == 0, result.first_mismatch
    assert result.target == name
    assert result.vectors >= VECTORS


def with_changed(module, name, what, key, change):
    """The module with a connection or parameter of each block changed."""
    changed = copy.deepcopy(module)
    for cell in blocks(changed, name):
        before = cell[what][key]
        cell[what][key] = change(before)
        assert cell[what][key] != before
    return changed


def stuck(bit, value):
    return lambda bits: [*bits[:bit], value, *bits[bit + 1 :]]


def mismatches(spec, module, family):
    program = compile_gates(fpga_gates(module, family))
    return check_program(parse(spec), program, family, VECTORS, 1).mismatches


def test_wrong_blocks_are_found():
    """One that takes signed operands as unsigned, and one with an operand's bit stuck."""
    spec, name = SPECS[0], MODELLED[0]
    module = netlist(spec, name)
    assert len(blocks(module, name)) == 1
    assert mismatches(spec, module, "ice40") == 0
    for wrong in (("parameters", "A_SIGNED", lambda _: "0"), ("connections", "B", stuck(2, "0"))):
        found = mismatches(spec, with_changed(module, name, *wrong), "ice40")
        assert found > VECTORS // 10


@pytest.mark.slow
def test_wrong_blocks_of_7_series_are_found():
    spec, name = SPECS[1], MODELLED[1]
    module = netlist(spec, name)
    assert mismatches(spec, module, "xc7") == 0
    for wrong in (("A", stuck(1, "0")), ("ALUMODE", stuck(0, "1"))):
        found = mismatches(spec, with_changed(module, name, "connections", *wrong), "xc7")
        assert found > VECTORS // 10


@pytest.mark.parametrize(("family", "kind"), [("ecp5", "MULT18X18D"), ("gowin", "MULT9X9")])
def test_blocks_without_a_model_are_refused(family, kind):
    with pytest.raises(HwdseError, match=f"no model of what {kind} .*--netlist {family}") as caught:
        fpga_gates({"cells": {"m": {"type": kind}}}, family)
    assert "\n" not in str(caught.value)


def test_a_device_is_a_target_with_its_blocks():
    target = Target.named("ice40-up5k")
    assert (target.name, target.technology) == ("ice40-up5k", None)
    assert target.device is DEVICES["ice40-up5k"]
    assert Target.named("ice40").device is None
    with pytest.raises(HwdseError, match="did you mean 'ice40-up5k'"):
        Target.named("ice40-up5")


@pytest.mark.slow
@pytest.mark.parametrize(("name", "bits"), [("xc7-a100t", 5), ("ecp5-45k", 4)])
def test_packing_halves_the_blocks(name, bits):
    device = DEVICES[name]
    taken = []
    for mul in ("star", "packed"):
        design = rtl.to_rtlil(parse(f"dot:w=int{bits},a=int{bits},lanes=4,mul={mul}"))
        text = fpga_netlist(design, device.family, options=device.synthesis, dsp=True)
        taken.append(resources(text, device.family)["dsps"])
    assert taken == [4, 2]

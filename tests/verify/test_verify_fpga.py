"""Netlists of FPGA cells compute what units do, and faults in their mapping are found."""

import copy
import random

import pytest

import rtl
from hwdse.pe import parse
from hwdse.synth.fpga import FPGAS, fpga_gates, map_to_fpga
from hwdse.verify.check import check_program, verify
from hwdse.verify.targets import Target, compile_gates

VECTORS = 1 << 14
SMALL = "mac:w=int3,a=uint3,acc=exact,terms=32"
UNITS = ["mac:w=e2m1,a=e2m1,acc=fp16,pipeline=1", "dot:w=int2,a=int3,lanes=2,pipeline=2"]
SLOW = [
    "mac:w=int8,a=int8",
    "mac:w=e4m3,a=e4m3",
    "lmul:w=e4m3,a=e4m3,acc=bf16",
    "shift:w=pot4,a=int8",
    "bitplane:w=ternary,a=int8,lanes=8",
    "composite:modes=int8_int4_int2",
]
CASES = [
    ("ice40", SMALL),
    ("ice40", UNITS[0]),
    *(
        pytest.param(family, spec, marks=pytest.mark.slow)
        for family in FPGAS
        for spec in [*UNITS, *SLOW]
    ),
]
# How each family's look-up tables keep their contents.
CONTENTS = {"ice40": "LUT_INIT", "ecp5": "INIT", "xc7": "INIT", "gowin": "INIT"}


@pytest.mark.parametrize(("family", "spec"), CASES)
def test_the_netlist_is_the_reference(family, spec):
    result = verify(parse(spec), target=Target.named(family), vectors=VECTORS)
    assert result.mismatches == 0, result.first_mismatch
    assert result.target == family
    assert result.vectors >= VECTORS


def wrong_tables(module, parameter, count):
    """The module with the contents of one look-up table inverted, so many times."""
    chooser = random.Random(3)  # noqa: S311
    tables = sorted(n for n, c in module["cells"].items() if parameter in c.get("parameters", {}))
    assert len(tables) > 10
    for name in chooser.sample(tables, min(count, len(tables))):
        changed = copy.deepcopy(module)
        parameters = changed["cells"][name]["parameters"]
        parameters[parameter] = parameters[parameter].translate(str.maketrans("01", "10"))
        yield changed


def without_carries(module):
    """The module with every carry chain's first carry input set."""
    changed = copy.deepcopy(module)
    carries = [c for c in changed["cells"].values() if c["type"] == "SB_CARRY"]
    assert carries
    for cell in carries:
        cell["connections"]["I0"] = ["1"]
    return changed


@pytest.mark.parametrize(
    "family", ["ice40", *(pytest.param(f, marks=pytest.mark.slow) for f in FPGAS[1:])]
)
def test_wrong_contents_of_tables_are_found(family):
    unit = parse(SMALL)
    module = map_to_fpga(rtl.to_rtlil(unit), family)
    right = compile_gates(fpga_gates(module, family))
    assert check_program(unit, right, family, VECTORS, 1).mismatches == 0
    found = [
        check_program(unit, compile_gates(fpga_gates(wrong, family)), family, VECTORS, 1).mismatches
        for wrong in wrong_tables(module, CONTENTS[family], 8)
    ]
    assert len(found) == 8
    assert all(found)


def test_a_wrong_carry_is_found():
    unit = parse(SMALL)
    module = map_to_fpga(rtl.to_rtlil(unit), "ice40")
    program = compile_gates(fpga_gates(without_carries(module), "ice40"))
    assert check_program(unit, program, "ice40", VECTORS, 1).mismatches > VECTORS // 10


def test_multiplications_are_made_of_logic():
    """Every cell must be one whose gates can be simulated: none is a DSP block or a memory."""
    module = map_to_fpga(rtl.to_rtlil(parse("mac:w=int4,a=int8")), "ice40")
    kinds = {cell["type"] for cell in module["cells"].values()}
    assert kinds <= {"SB_LUT4", "SB_CARRY", "SB_DFF", "SB_DFFE", "SB_DFFSR", "SB_DFFESR"}

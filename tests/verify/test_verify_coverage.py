"""What is said to be proven of a unit is so at its very widths, and the rest is called tested."""

import dataclasses

import pytest

from hwdse.pe import parse
from hwdse.verify.catalogue import CATALOGUE
from hwdse.verify.check import check_program
from hwdse.verify.coverage import parts_of
from hwdse.verify.parts import PARTS

from . import units


def evidence(spec):
    return {use.part: use.test and use.test.split("::")[1] for use in parts_of(parse(spec))}


@pytest.mark.parametrize("spec", CATALOGUE)
def test_every_unit_has_parts_and_what_proves_them_is_listed(spec):
    uses = parts_of(parse(spec))
    # Words of composites, tables that are filled outside and conversions have few parts.
    few = parse(spec).family in ("composite", "lut", "convert")
    assert len(uses) >= (1 if few else 3)
    assert {use.test for use in uses if use.test} <= {part.test for part in PARTS}
    for use in uses:
        assert (use.test is None) is not any(
            use.size in part.sizes and part.test == use.test for part in PARTS
        )


def test_widths_decide():
    """Multipliers of 8 x 8, 12 x 12 and 16 x 16 bits are enumerated, of 10 x 10 none is."""
    structure = "acc=exact,mul=booth,tree=dadda"
    for bits, test in ((8, "of_either_sign"), (12, "12_by_12_bits"), (16, "16_by_16_bits")):
        found = evidence(f"mac:w=int{bits},a=int{bits},{structure}")["multiplier: booth, dadda"]
        assert found.endswith(test)
    assert evidence(f"mac:w=int10,a=int10,{structure}")["multiplier: booth, dadda"] is None
    # The test of the multiplier takes another tree.
    other = evidence("mac:w=int8,a=int8,mul=booth,tree=wallace")
    assert other["multiplier: booth, wallace"] is None


def test_only_a_unit_of_proven_parts_is_called_so():
    whole = parse("mac:w=int8,a=int8,mul=bw,fused=save")
    program = units.program(whole.canonical)
    proven = check_program(whole, program, "rtl", 64, 1, enumerable_bits=8)
    assert all(use.test for use in proven.parts)
    assert proven.method == "parts proven, corners, random sequences"
    first, *rest = proven.parts
    lacking = (dataclasses.replace(first, test=None), *rest)
    assert dataclasses.replace(proven, parts=lacking).method == "tested: corners, random sequences"
    assert check_program(whole, program, "rtl", 64, 1).method == "enumerated, random sequences"

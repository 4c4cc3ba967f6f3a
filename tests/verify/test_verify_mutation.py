"""Faults in every family's RTL and netlists are found; what is not found is explained."""

import pytest

import rtl
from hwdse.errors import HwdseError
from hwdse.pe import FAMILIES, parse
from hwdse.synth import words
from hwdse.tech import load
from hwdse.verify import mutants, mutation
from hwdse.verify.differences import differences
from hwdse.verify.reachable import reachable

LEAST_CAUGHT = 0.95
# A unit of each family, small ones first.
UNITS = {
    "mac": ["mac:w=int3,a=uint3,acc=exact,terms=32,pipeline=1", "mac:w=e4m3,a=e4m3"],
    "dot": ["dot:w=int2,a=int3,lanes=2", "dot:w=int8,a=int8,lanes=4"],
    "lmul": ["lmul:w=e2m1,a=e2m1,acc=exact,terms=16", "lmul:w=e4m3,a=e4m3,acc=fp16"],
    "shift": ["shift:w=pot4,a=int4", "shift:w=apot4,a=uint8,lanes=8,fused=yes"],
    "bitplane": ["bitplane:w=ternary,a=int2,lanes=4", "bitplane:w=int2,a=uint3,lanes=4,acc=exact"],
    "composite": ["composite:modes=int8_int4", "composite:modes=e4m3_e2m1"],
    "serial": ["serial:w=int4,a=int4,lanes=2,radix=2"],
    "lut": ["lut:w=int2,a=int2,k=2,n=2"],
    "groupdot": ["groupdot:w=int2,a=int2,lanes=1,group=2,scale=e8m0,acc=bf16"],
    "convert": ["convert:op=requant,from=int8,to=int4,b=8", "convert:from=e3m2,to=fp16"],
    "array": ["array:pe=(mac:w=int2,a=int2),rows=2,cols=2,dataflow=ws"],
}
SMALL = "mac:w=int3,a=uint3,acc=exact,terms=32,pipeline=1"


def require_caught(spec, count, technology=None, seed=1):
    found = mutation.mutate(parse(spec), technology=technology, count=count, seed=seed)
    print(f"{spec}: {found.caught} of {found.mutants - found.equivalent}, {found.seconds:.0f} s")
    print(*found.survivors, sep="\n")
    assert found.mutants == count
    assert found.caught + found.equivalent + len(found.survivors) == count
    assert found.equivalent < count / 2
    assert found.rate == found.caught / (count - found.equivalent)
    assert found.rate >= LEAST_CAUGHT, found.survivors
    assert all(survivor.why for survivor in found.survivors)
    return found


def test_every_family_is_here():
    assert set(UNITS) == set(FAMILIES)


@pytest.mark.parametrize(
    "family",
    [pytest.param(name, marks=pytest.mark.slow) if name == "array" else name for name in UNITS],
)
def test_faulty_operators_are_found(family):
    require_caught(UNITS[family][0], 40)


def test_faulty_cells_are_found():
    found = require_caught(SMALL, 40, load("nangate45"))
    assert found.target == "nangate45"
    assert set(found.by_kind) == set(mutants.CELL_KINDS)


@pytest.mark.slow
@pytest.mark.parametrize("target", ["rtl", "nangate45", "asap7"])
@pytest.mark.parametrize("spec", [spec for specs in UNITS.values() for spec in specs])
def test_hundreds_of_faults_are_found(spec, target):
    require_caught(spec, 200, None if target == "rtl" else load(target), seed=2)


def test_the_seed_decides_the_mutants():
    module = words.word_netlist(rtl.to_rtlil(parse(SMALL)))
    one, same, other = (
        [mutant.what for mutant in mutants.word_mutants(module, 30, seed)] for seed in (1, 1, 2)
    )
    assert len(set(one)) == 30
    assert one == same
    assert one != other
    kinds = {mutant.kind for mutant in mutants.word_mutants(module, 200, 1)}
    assert kinds == set(mutants.WORD_KINDS)


def compared(spec, change):
    """What SAT says of a changed module."""
    unit = parse(spec)
    module = words.word_netlist(rtl.to_rtlil(unit))
    name, cell = change(module)
    changed = module | {"cells": {**module["cells"], name: cell}}
    (verdict,) = differences(module, [changed], frozenset({"$dff"}), reachable(unit))
    return verdict


def cell_of(module, kind):
    return next((n, c) for n, c in sorted(module["cells"].items()) if c["type"] == kind)


def swapped_product(module):
    name, cell = cell_of(module, "$mul")
    return name, {**cell, "type": "$add"}


def sum_the_other_way_round(module):
    name, cell = cell_of(module, "$add")
    swap = {"A": "B", "B": "A"}
    parameters = {swap.get(k[0], k[0]) + k[1:]: v for k, v in cell["parameters"].items()}
    pins = {swap.get(pin, pin): bits for pin, bits in cell["connections"].items()}
    return name, {**cell, "parameters": parameters, "connections": pins}


def test_equivalent_mutants_are_told_from_faults():
    assert compared(SMALL, sum_the_other_way_round).equal is True
    verdict = compared(SMALL, swapped_product)
    assert verdict.equal is False
    assert set("wa") <= set(verdict.witness)


def top_bit_of_the_sum_is_the_one_below(module):
    bits = module["ports"]["acc"]["bits"]
    name, cell = next(
        (n, c) for n, c in module["cells"].items() if c["connections"].get("Q") == bits
    )
    pins = cell["connections"]
    return name, {**cell, "connections": {**pins, "D": [*pins["D"][:-1], pins["D"][-2]]}}


@pytest.mark.parametrize(("terms", "same"), [(32, True), (4608, True)])
def test_contents_that_no_sum_reaches_are_left_out(terms, same):
    """The published width of an exact sum is a bit more than the largest sum needs."""
    spec = f"mac:w=int3,a=uint3,acc=exact,terms={terms}"
    assert compared(spec, top_bit_of_the_sum_is_the_one_below).equal is same
    assert compared("mac:w=int3,a=uint3", top_bit_of_the_sum_is_the_one_below).equal is False


def test_a_unit_that_fails_its_checks_is_no_start(monkeypatch):
    from hwdse.pe.mac import Mac

    right = Mac.terms_of

    def wrong(self, codes):
        term = right(self, codes)
        term.significand[codes["w"] == 3] += 1
        return term

    monkeypatch.setattr(Mac, "terms_of", wrong)
    with pytest.raises(HwdseError, match="fails its checks as it is"):
        mutation.mutate(parse(SMALL), count=2)


def test_checks_that_see_nothing_let_everything_survive(monkeypatch):
    monkeypatch.setattr(mutation.Checks, "catch", lambda self, program: False)
    found = mutation.mutate(parse(SMALL), count=20)
    assert found.caught == 0
    assert found.rate == 0
    assert len(found.survivors) > 15

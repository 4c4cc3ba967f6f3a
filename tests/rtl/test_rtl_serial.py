"""Serial units: decoders of terms by enumeration, their timing, and sums as RTL and netlists."""

import dataclasses

import numpy as np
import pytest
from amaranth import ResetInserter, Signal, signed, unsigned
from amaranth.sim import Simulator

import rtl
from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.recoding import recode
from hwdse.verify.check import check_program, compile_rtl, verify
from hwdse.verify.targets import Target
from rtl.parts.exponent_match import ExponentMatch
from rtl.parts.group_bounds import GroupBounds
from rtl.parts.serial_multiplier import SerialMultiplier
from rtl.parts.term_decoder import TermDecoder

INTEGERS = ["int2", "int4", "int5", "int6", "int8", "uint4", "uint5", "int4_sym"]
LOOKED_UP = ["e2m0", "e2m1", "pot4", "fp3_er", "fp3_ea", "fp4_er", "fp4_ea", "bitmod3", "bitmod4"]
DECODED = [(name, scheme) for name in INTEGERS for scheme in ("bits", "booth")]
DECODED += [(name, "digits") for name in LOOKED_UP]


@pytest.mark.parametrize(("name", "scheme"), DECODED)
def test_decoded_terms_are_every_value(combinational, name, scheme):
    """Every code of every value set in every cycle; the terms add up to what formats decode."""
    found = recode(formats.get(name), scheme)
    part = combinational(TermDecoder(recoding=found))
    known = part.program.netlist.inputs
    for index, book in enumerate(found.sets):
        codes = book.codes().astype(np.int64)
        totals = np.zeros(codes.shape, dtype=np.int64)
        for phase, base in enumerate(found.bases):
            inputs = {"code": codes, "select": codes * 0 + index, "phase": codes * 0 + phase}
            got = part(**{name: values for name, values in inputs.items() if name in known})
            steps = got.get("steps", 0 * codes)
            totals += np.where(got["negative"], -1, 1) * got["present"] << (steps + base)
        values = book.decode(codes)
        assert (totals * 2.0**found.lsb_exponent == values).all()
        assert (got["weight_zero"] == (values == 0)).all()
        assert (got["weight_negative"] == (values < 0))[values != 0].all()


@pytest.mark.parametrize("lanes", [2, 3])
def test_distances_below_the_largest_product(combinational, lanes):
    x = recode(formats.get("e2m1"), "digits")
    unit = parse(f"serial:w=e2m1,a=e3m2,lanes={lanes},align=8")
    part = combinational(ExponentMatch(x=unit.digit_shape, y=unit.digit_shape, lanes=lanes))
    rng = np.random.default_rng(lanes)
    shifts = rng.integers(0, x.reach + 1, (2, lanes, 5000))
    zero = rng.integers(0, 2, (lanes, 5000))
    inputs = {f"x_shift__{i}": shifts[0, i] for i in range(lanes)}
    inputs |= {f"y_shift__{i}": shifts[1, i] for i in range(lanes)}
    got = part(**inputs, **{f"zero__{i}": zero[i] for i in range(lanes)})
    total = shifts.sum(axis=0)
    top = np.where(zero, 0, total).max(axis=0)
    assert (got["top"] == top).all()
    for i in range(lanes):
        counts = zero[i] == 0
        assert (got[f"distance__{i}"] == top - total[i])[counts].all()


def ticks(part, drive):
    """Run a testbench on a component with a clock."""
    simulator = Simulator(part)
    simulator.add_clock(1e-6)
    simulator.add_testbench(drive)
    simulator.run()


@pytest.mark.parametrize("shape", [signed(3), unsigned(4)], ids=str)
def test_serial_multiplier(shape):
    """Every pair of operands, back to back; what comes besides the start changes nothing."""
    part = SerialMultiplier(shape=shape, bits=4)
    low = -(1 << (shape.width - 1)) if shape.signed else 0
    pairs = [(x + low, y) for x in range(1 << shape.width) for y in range(16)]
    found = []

    async def drive(ctx):
        for x, y in pairs:
            for cycle in range(4):
                ctx.set(part.start, cycle == 0)
                ctx.set(part.multiplicand, x if cycle == 0 else -1 & 7)
                ctx.set(part.factor, y if cycle == 0 else 15)
                assert ctx.get(part.done) == (cycle == 0 and bool(found or x > low or y > 0))
                await ctx.tick()
            found.append(ctx.get(part.product))

    ticks(part, drive)
    assert found == [x * y for x, y in pairs]


def test_group_bounds():
    """Groups of three elements of two cycles, one of them broken off by a clear."""
    part = GroupBounds(elements=3)
    elements = [(True, False), (False, False), (True, False), (False, False), (False, True)]
    elements += [(False, False), (False, False), (False, True)]
    starts = [0, 2, 5]

    async def drive(ctx):
        for index, (clear, ends) in enumerate(elements):
            for cycle in range(2):
                ctx.set(part.valid, 1)
                ctx.set(part.first, cycle == 0)
                ctx.set(part.last, cycle == 1)
                ctx.set(part.clear, clear)
                assert ctx.get(part.starts) == (cycle == 0 and index in starts)
                assert ctx.get(part.ends) == (cycle == 1 and ends)
                await ctx.tick()

    ticks(part, drive)


@pytest.mark.parametrize(
    ("spec", "first"),
    [
        ("serial:w=int8,a=int8,lanes=2,radix=2", 8),
        ("serial:w=int8,a=int8,lanes=2,pipeline=3", 7),
        ("serial:w=int2,a=int8,lanes=2", 1),
        ("serial:w=int4,a=int8,lanes=4,group=16,dequant=serial", 6 + 2 + 8),
    ],
)
def test_results_come_when_they_should(spec, first):
    """Elements as close as they can be: a result every so many cycles, the first in its time."""
    unit = parse(spec)
    top = rtl.build(unit)
    each = unit.initiation_interval
    seen = []

    async def drive(ctx):
        for cycle in range(64):
            ctx.set(top.in_valid, cycle % each == 0)
            ctx.set(top.clear, cycle == 0)
            if ctx.get(top.out_valid):
                seen.append(cycle)
            await ctx.tick()

    ticks(top, drive)
    assert seen == list(range(first, 64, each * unit.elements_per_result))


def test_a_reset_forgets_what_is_on_its_way():
    """In an element, and in a product with a scale: what follows is not disturbed."""
    unit = parse("serial:w=int4,a=int8,lanes=4,group=16,dequant=serial")
    top, reset = rtl.build(unit), Signal()
    seen = []

    async def drive(ctx):
        for cycle in range(60):
            ctx.set(reset, cycle in (5, 19))
            ctx.set(top.in_valid, cycle % 2 == 0 and cycle < 40)
            ctx.set(top.clear, cycle in (0, 6, 20))
            if ctx.get(top.out_valid):
                seen.append(cycle)
            await ctx.tick()

    ticks(ResetInserter(reset)(top), drive)
    assert seen == [20 + 16, 28 + 16]


ENUMERATED = [
    "serial:w=int3,a=int4,lanes=2,radix=2",
    "serial:w=int5,a=uint2,lanes=2,registers=product",
    "serial:w=uint2,a=int3,lanes=3,acc=exact,terms=9,tree=dadda,adder=kogge,pipeline=1",
    pytest.param(
        "serial:w=uint2,a=e2m1,lanes=2,radix=2,acc=fp16,pipeline=3", marks=pytest.mark.slow
    ),
    "serial:w=e2m1,a=e2m1,lanes=2,acc=bf16,align=3,tree=wallace",
    "serial:w=int3,a=e5m2,lanes=1,acc=exact,registers=term",
]


@pytest.mark.parametrize("spec", ENUMERATED)
def test_every_pair_of_operands(spec):
    _enumerated(spec)


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        "serial:w=fp3_er,a=int4,lanes=2",
        "serial:w=e2m1,a=e4m3,lanes=1,acc=fp32",
    ],
)
def test_every_pair_of_operands_of_others(spec):
    _enumerated(spec)


def _enumerated(spec):
    result = verify(parse(spec), vectors=1_000)
    assert result.exhaustive
    assert result.mismatches == 0, result.first_mismatch


SAMPLED = [
    pytest.param(
        "serial:w=int8,a=int8,lanes=4,acc=exact,tree=wallace,adder=brent,pipeline=3",
        marks=pytest.mark.slow,
    ),
    pytest.param(
        "serial:w=bitmod3,a=e5m2,lanes=3,align=7,acc=fp16,registers=product", marks=pytest.mark.slow
    ),
    "serial:w=int4,a=int8,lanes=4,group=16,dequant=serial",
    pytest.param(
        "serial:w=pot4,a=int4,lanes=1,group=8,dequant=serial,acc=exact,pipeline=3",
        marks=pytest.mark.slow,
    ),
    "serial:w=e2m1,a=e5m2,lanes=2,group=8,dequant=serial,acc=fp16,pipeline=2",
    pytest.param(
        "serial:w=int4,a=e5m2,lanes=2,group=8,dequant=serial,acc=exact,terms=8",
        marks=pytest.mark.slow,
    ),
]


@pytest.mark.parametrize("spec", SAMPLED)
def test_random_sequences(spec):
    _sampled(spec)


@pytest.mark.slow
@pytest.mark.parametrize(
    "spec",
    [
        "serial:w=int6,a=bf16,lanes=3,align=9,acc=bf16",
    ],
)
def test_random_sequences_of_others(spec):
    _sampled(spec)


def _sampled(spec):
    result = verify(parse(spec), vectors=1_000)
    assert result.mismatches == 0, result.first_mismatch


GROUPS = "serial:w=int4,a=int8,lanes=2,group=8,dequant=serial"
FLOATS = "serial:w=fp4_ea,a=e5m2,lanes=2,align=6,acc=fp16,pipeline=3"


@pytest.mark.parametrize(
    ("spec", "target"),
    [
        (GROUPS, "nangate45"),
        pytest.param(GROUPS, "asap7", marks=pytest.mark.slow),
        pytest.param(GROUPS, "ice40", marks=pytest.mark.slow),
        pytest.param(FLOATS, "nangate45", marks=pytest.mark.slow),
        pytest.param(FLOATS, "asap7", marks=pytest.mark.slow),
        pytest.param(FLOATS, "ice40", marks=pytest.mark.slow),
    ],
)
def test_netlists(spec, target):
    result = verify(parse(spec), target=Target.named(target), vectors=1_000)
    assert result.mismatches == 0, result.first_mismatch


PLANTED = [
    # A power too low, the sign of one code, a term left out.
    ("serial:w=int4,a=int4,lanes=2", (1, 0, 6), 4),
    ("serial:w=e2m1,a=e2m1,lanes=2,acc=fp16", (0, 0, 12), 2),
    ("serial:w=fp3_ea,a=int4,lanes=2", (1, 1, 4), 0),
]


@pytest.mark.parametrize(("spec", "at", "digit"), PLANTED)
def test_one_wrong_term_is_found(spec, at, digit):
    """The RTL is right, and the reference's table wrong in one place."""
    unit = parse(spec)
    program = compile_rtl(rtl.to_rtlil(unit))
    digits = unit.recoding.digits.copy()
    assert digits[at] != digit
    digits[at] = digit
    wrong = dataclasses.replace(unit.recoding, digits=digits)
    unit.__dict__["recoding"] = wrong
    assert check_program(unit, program, "rtl", 1000, 1).mismatches > 0


@pytest.mark.parametrize("change", [{"group": 20}, {"group": 8}])
def test_a_group_of_another_length_is_found(change):
    unit = parse("serial:w=int4,a=int8,lanes=2,group=16,dequant=serial")
    program = compile_rtl(rtl.to_rtlil(dataclasses.replace(unit, **change)))
    assert check_program(unit, program, "rtl", 1000, 1).mismatches > 0


def test_rtl_is_always_the_same():
    for spec in (ENUMERATED[0], GROUPS, FLOATS):
        assert rtl.to_rtlil(parse(spec)) == rtl.to_rtlil(parse(spec))

"""One addition from any content of the accumulator, which sums of a few products never reach."""

import numpy as np
import pytest

import rtl
from hwdse.pe import parse
from hwdse.pe.float_sum import add_term
from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.verify.contents import run_from_any_contents
from hwdse.verify.targets import Target

from . import units

LANES = 1 << 16
SPECS = [
    "mac:w=int8,a=int8",
    "dot:w=int4,a=int8,lanes=4",
    "mac:w=e4m3,a=e4m3",
    "mac:w=e5m2,a=e5m2,acc=exact",
    "mac:w=e5m2,a=e5m2,acc=fp16",
    "lmul:w=e4m3,a=e4m3,acc=bf16",
]


def state_rows(program, port):
    """The register behind each bit of an output port."""
    states = {state for state, _ in program.registers}
    source = {
        op.target: op.first
        for op in program.operations
        if op.function is np.positive and op.first in states
    }
    return [source[net] for net in program.netlist.outputs[port]]


def contents(width, rng):
    """Random contents; a quarter each is near an end of the range, and near a power of two."""
    raw = [int.from_bytes(rng.bytes(-(-width // 8)), "big") % (1 << width) for _ in range(LANES)]
    for lane in range(0, LANES, 4):
        small = raw[lane] % 512
        raw[lane] = ((1 << (width - 1)) - 256 + small) % (1 << width)
        raw[lane + 1] = ((1 << raw[lane + 1] % width) - 4 + raw[lane + 1] % 9) % (1 << width)
    return np.array(raw, dtype=object)


def planes(codes, bits):
    if codes.ndim == 1:
        return pack(codes, bits)
    return np.concatenate([pack(codes[:, lane], bits) for lane in range(codes.shape[1])])


@pytest.mark.parametrize("spec", SPECS)
def test_one_addition(spec):
    unit, program = parse(spec), units.program(spec)
    rng = np.random.default_rng(8)
    width = unit.accumulator.width
    shape = (LANES,) + ((unit.lanes,) if unit.lanes > 1 else ())
    w = rng.integers(0, 1 << unit.w.bits, size=shape)
    a = rng.integers(0, 1 << unit.a.bits, size=shape)
    acc = contents(width, rng)
    simulator = Simulator(program, LANES // 64)
    rows = state_rows(program, "acc")
    assert len(rows) == width

    def after(valid, clear):
        simulator.values[rows] = pack(acc, width)
        one = np.full((1, LANES // 64), ~np.uint64(0))
        inputs = {"w": planes(w, unit.w.bits), "a": planes(a, unit.a.bits), "rst": 0 * one}
        simulator.evaluate(inputs | {"in_valid": one * valid, "clear": one * clear})
        simulator.tick()
        simulator.evaluate({})
        return unpack(simulator.output("acc"), LANES)

    alone = unit.reference(w[None], a[None])[0]
    if unit.common.acc in ("int32", "exact"):
        want = (acc + alone.astype(object)) % (1 << width)
    else:
        terms = unit.terms_of({"w": w, "a": a})
        held = acc.astype(np.int64)
        want = add_term(unit.accumulator.format, held, terms, unit.term_shape.lsb_exponent)
    assert (after(1, 0) == want).all()
    assert (after(1, 1) == alone.astype(object) % (1 << width)).all()
    assert (after(0, 0) == acc).all()
    assert (after(0, 1) == acc).all()
    assert len(set(want.tolist())) > LANES // 16


def test_bits_that_are_always_0_have_no_register():
    """Sums of even terms: what looks like the lowest bit's register at rest is another one."""
    unit = parse("bitplane:w=binary,a=binary,lanes=4,fused=yes")
    program = Target.named("nangate45").compile(rtl.to_rtlil(unit))
    compared, wrong, message = run_from_any_contents(unit, program, 1)
    assert compared > 0
    assert (wrong, message) == (0, None)

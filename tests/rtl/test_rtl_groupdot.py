"""Hardware of ``groupdot`` and of its parts: units, timing, and bugs that must be found."""

import numpy as np
import pytest
from amaranth import Module, Signal, signed

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.float_sum import add_term
from hwdse.pe.lanes import Factor
from hwdse.pe.scale import scaled, scaled_shape
from hwdse.pe.term import Term
from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.tech import load
from hwdse.verify import check
from hwdse.verify.codes import draw_finite
from hwdse.verify.drive import operand_planes
from hwdse.verify.targets import Target
from rtl import to_rtlil
from rtl.parts import group_count, group_sum
from rtl.parts.dequantise import Dequantiser
from rtl.parts.multiplier import shift_add
from rtl.parts.operand import float_decoder

SHORT = 1 << 12
SUMS = 8
# Whatever comes of elements before the first clear.
OPEN = "open"

UNITS = [
    "w=uint4,a=int8,lanes=2,group=8,pipeline=1",
    "w=int4,a=int8,lanes=2,group=2,zero=yes,scale=e8m0,acc=bf16",
    "w=uint3,a=e5m2,lanes=2,group=6,registers=product,scale=bf16",
    "w=uint4,a=int4,lanes=2,group=4,dequant=before,scale=bf16",
]
SLOW_UNITS = [
    "w=int4,a=int8",
    "w=uint4,a=fp16,mul=shiftadd,pipeline=3",
    "w=int3,a=fp16,lanes=1,group=3,mul=shiftadd,acc=fp16",
    "w=int4_sym,a=e4m3,lanes=2,group=4,scale=e4m3,pipeline=1",
    "w=int4,a=int8,lanes=2,group=8,dequant=before,pipeline=3",
    "w=int2,a=e5m2,lanes=1,group=2,dequant=before,dequant_format=bf16,align=7",
]
# The structure changes no result.
HOW = ["mul=shiftadd,tree=wallace,adder=kogge", "mul=booth,pipeline=3", "mul=bw,adder=brent"]


def outcome(keys, target="rtl", vectors=SHORT):
    technology = load(target) if target in ("nangate45", "asap7") else None
    unit = parse(f"groupdot:{keys}")
    return check.verify(unit, target=Target(target, technology), vectors=vectors)


@pytest.mark.parametrize("keys", UNITS)
def test_units_are_their_reference(keys):
    result = outcome(keys)
    assert result.vectors >= SHORT
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.parametrize("how", HOW)
def test_structure_changes_no_result(how):
    result = outcome(f"w=uint4,a=int8,lanes=3,group=6,{how}")
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.slow
@pytest.mark.parametrize("target", ["nangate45", "asap7", "ice40"])
@pytest.mark.parametrize("order", ["after", "before"])
def test_mapped_netlists(order, target):
    result = outcome(f"w=uint4,a=int8,lanes=2,group=4,dequant={order},acc=fp16", target)
    assert result.mismatches == 0, result.first_mismatch


@pytest.mark.slow
@pytest.mark.parametrize("keys", SLOW_UNITS)
def test_more_units_at_length(keys):
    result = outcome(keys, vectors=1 << 17)
    assert result.mismatches == 0, result.first_mismatch


def planted(monkeypatch, bug):
    real = {"count": group_count.Mux, "sum": group_sum.Mux}
    if bug == "a clear does not restart the group":
        # The first choice of the counter is that of a clear.
        calls = []

        def mux(choice, x, y):
            calls.append(choice)
            return y if len(calls) == 1 else real["count"](choice, x, y)

        monkeypatch.setattr(group_count, "Mux", mux)
    else:
        monkeypatch.setattr(group_sum, "Mux", lambda _, zero, held: held)


@pytest.mark.parametrize(
    "bug", ["a clear does not restart the group", "a group goes on with the last one's sum"]
)
def test_planted_bugs_are_found(monkeypatch, bug):
    planted(monkeypatch, bug)
    assert outcome("w=int4,a=int8,lanes=2,group=8").mismatches > 0


def test_scales_too_early_are_found():
    """The netlist of a unit with groups of one element is no unit with groups of two."""
    short, long = (parse(f"groupdot:w=int4,a=int8,lanes=2,group={n}") for n in (2, 4))
    program = check.compile_rtl(to_rtlil(short))
    assert check.check_program(long, program, "rtl", SHORT, 1).mismatches > 0


@pytest.mark.parametrize(("group", "registers"), [(2, ""), (4, ",pipeline=3"), (10, "")])
def test_timing_with_clears_resets_and_gaps_within_groups(group, registers):
    """``out_valid`` and ``acc`` in every cycle of a random schedule, by a model of its own."""
    unit = parse(f"groupdot:w=int4,a=int8,lanes=2,group={group}{registers}")
    simulator = Simulator(check.compile_rtl(to_rtlil(unit)), 1)
    rng = np.random.default_rng(group)
    count, arriving, held = 0, [], None
    # Of the sum since the last clear; None where there was none since the last reset.
    elements: list | None = None
    results = broken = 0
    for cycle in range(240):
        reset = cycle == 0 or rng.random() < 0.02
        valid, clear = rng.random() < 0.8, rng.random() < 0.1
        codes = {o.name: draw_finite(o.format, (SUMS, *o.trailing), rng) for o in unit.operands}
        ports = {o.name: operand_planes(o, codes[o.name]) for o in unit.operands}
        flags = {"in_valid": valid, "clear": clear, "rst": reset}
        simulator.evaluate(ports | {n: pack(np.full(SUMS, int(x)), 1) for n, x in flags.items()})
        due = arriving.pop(0) if len(arriving) == unit.latency else None
        if cycle and due is not OPEN:
            assert bool(simulator.output("out_valid")[0, 0] & np.uint64(1)) == (due is not None)
        if due is not None:
            held, results = due, results + (due is not OPEN)
        if held is not None and held is not OPEN:
            assert np.array_equal(unpack(simulator.output("acc"), SUMS), held), cycle
        simulator.tick()
        coming = None
        if reset:
            # All on its way is lost, and what the accumulator holds from now on is open.
            count, elements, held = 0, None, None
            arriving = [None] * len(arriving)
        elif valid:
            if clear:
                broken += count > 0
                count, elements = 0, []
            if elements is None:
                coming = OPEN
            else:
                elements.append(codes)
                count = (count + 1) % unit.group_elements
                if count == 0:
                    stacked = {name: np.stack([e[name] for e in elements]) for name in codes}
                    coming = unit.outputs(stacked)["acc"][-1]
        arriving.append(coming)
    assert results > 10
    assert broken > 3 or unit.group_elements == 1


@pytest.mark.parametrize("y_shape", [signed(8), 11])
@pytest.mark.parametrize("x_shape", [signed(4), 4])
def test_products_by_shift_and_add(combinational, x_shape, y_shape):
    m = Module()
    x, y = Signal(x_shape, name="x"), Signal(y_shape, name="y")
    out = Signal(signed(16), name="product")
    m.d.comb += out.eq(shift_add(x, y))
    shapes = [signal.shape() for signal in (x, y)]
    pairs = np.indices([1 << shape.width for shape in shapes]).reshape(2, -1)
    values = [
        np.where(codes >> (s.width - 1), codes - (s.signed << s.width), codes)
        for codes, s in zip(pairs, shapes, strict=True)
    ]
    found = combinational(m, [x, y, out])(x=pairs[0], y=pairs[1])["product"]
    assert np.array_equal(found, (values[0] * values[1]) & 0xFFFF)


@pytest.mark.parametrize(
    ("weight", "zero", "scale", "to"),
    [
        ("int4", False, "e8m0", "fp16"),
        ("int4", False, "fp16", "fp16"),
        ("uint4", True, "fp16", "fp16"),
        ("int4_sym", False, "e4m3", "fp32"),
        pytest.param("int4", False, "bf16", "fp16", marks=pytest.mark.slow),
        pytest.param("int2", True, "fp16", "bf16", marks=pytest.mark.slow),
    ],
)
def test_every_weight_with_every_scale(combinational, weight, zero, scale, to):
    factor = Factor(formats.scalar(weight), zero_point=zero)
    scale, to = formats.scalar(scale), formats.scalar(to)
    part = Dequantiser(weight=factor, scale=scale, fmt=to)
    m = Module()
    m.submodules.part, m.submodules.decoder = part, float_decoder(scale)
    decoder = m.submodules.decoder
    code = Signal(scale.bits, name="scale")
    value, out = Signal(part.value.shape(), name="value"), Signal(to.bits, name="out")
    m.d.comb += [decoder.code.eq(code), part.value.eq(value), out.eq(part.code)]
    for name in ("sign", "nan", "infinite", "significand", "shift"):
        m.d.comb += getattr(part, f"scale_{name}").eq(getattr(decoder, name))
    most = factor.shape.max_units
    values = np.arange(-most, most + 1)
    scales = scale.codes().astype(np.int64)
    values, scales = (grid.reshape(-1) for grid in np.meshgrid(values, scales))
    exact = scaled(Term.from_integers(values), factor.shape, ((scale, scales),))
    lsb = scaled_shape(factor.shape, (scale,)).lsb_exponent
    wanted = add_term(to, np.zeros_like(values), exact, lsb)
    mask = (1 << len(value)) - 1
    found = combinational(m, [value, code, out])(value=values & mask, scale=scales)["out"]
    assert np.array_equal(found, wanted)

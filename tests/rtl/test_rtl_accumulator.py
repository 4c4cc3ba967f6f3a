"""Steps of every fixed-point accumulator by SAT, from any content; open products by enumeration.

Together they prove a fused unit: its parts meet at the two rows of its term.
"""

import numpy as np
import pytest
from amaranth import Module, Mux, Signal, signed

import rtl
from hwdse import tech
from hwdse.pe import parse
from hwdse.synth import flow
from hwdse.synth.netlist import read_netlist
from hwdse.synth.timing import analyse_timing
from rtl.mac import term_source
from rtl.parts.accumulator import FixedAccumulator
from rtl.parts.heap import BitHeap
from rtl.parts.product_sum import ProductSum


def step(spec):
    """A module whose output ``bad`` says that a step did not add the term to the content.

    What sources promise is assumed: rows of an open term add up without overflow, and shifts are no
    larger than the largest.
    """
    unit = parse(spec)
    source = term_source(unit)
    members = {n: m for n, m in source.signature.members.items() if n not in ("w", "a")}
    how, acc = unit.implementation, unit.accumulator
    m = Module()
    m.submodules.part = part = FixedAccumulator(
        spec=acc, shape=unit.term_shape, term=members, adder=how.adder, keep=how.fused == "save"
    )
    m.submodules.source = source  # its term is not looked at
    enable, clear = Signal(name="enable"), Signal(name="clear")
    inputs = {n: Signal(member.shape, name=n) for n, member in members.items()}
    term, promised = Signal(signed(acc.width)), Signal()
    m.d.comb += [part.enable.eq(enable), part.clear.eq(clear)]
    m.d.comb += [getattr(part, n).eq(value) for n, value in inputs.items()]
    if "value" in inputs:
        m.d.comb += [term.eq(inputs["value"]), promised.eq(1)]
    elif "save_sum" in inputs:
        width = len(inputs["save_sum"])
        total = inputs["save_sum"] + inputs["save_carry"]
        open_width = width < acc.width
        offset = 1 << (width - 1) if open_width and unit.term_shape.signed else 0
        m.d.comb += [term.eq(total - offset), promised.eq(~total[width] | (not open_width))]
    else:
        magnitude = Mux(inputs["nan"], 0, inputs["significand"] << inputs["shift"])
        m.d.comb += [
            term.eq(Mux(inputs["sign"], -magnitude, magnitude)),
            promised.eq(inputs["shift"] <= unit.term_shape.max_shift),
        ]
    following, watched = Signal(acc.width), Signal()
    wanted = Mux(enable, (Mux(clear, 0, part.acc) + term)[: acc.width], part.acc)
    m.d.sync += [following.eq(wanted), watched.eq(promised)]
    bad = Signal(name="bad")
    m.d.comb += bad.eq(watched & (part.acc != following))
    return m, [enable, clear, *inputs.values(), source.w, source.a, bad]


STEPS = [
    "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,adder=kogge",
    "mac:w=uint8,a=uint8,adder=ripple",
    "mac:w=int8,a=int8,mul=booth,fused=yes",
    "mac:w=int8,a=int8,mul=bw,fused=yes,adder=sklansky",
    "mac:w=int8,a=int8,mul=bw,fused=save",
    "mac:w=uint8,a=uint8,mul=bw,fused=save",
    "mac:w=int16,a=int16,acc=exact,mul=booth,fused=save,adder=brent",
    "mac:w=int4,a=int4,acc=exact,terms=1,mul=booth,fused=save",
    "mac:w=e2m1,a=e4m3,acc=exact,terms=3,adder=sklansky",
    "mac:w=e2m1,a=e4m3,acc=exact,terms=3,fused=save",
]


@pytest.mark.parametrize("spec", STEPS)
def test_a_step_adds_the_term_to_any_content(proven, spec):
    assert proven(*step(spec), induction=True)


# Width of the rows: of the term with its sign, but where the signs of Booth's rows reach further.
FUSED = {
    "mac:w=int8,a=int8,mul=bw": 16,
    "mac:w=int8,a=int8,mul=booth,tree=wallace": 16,
    "mac:w=uint8,a=int8,mul=booth": 17,
    "mac:w=uint8,a=uint8,mul=bw": 16,
    "mac:w=ternary,a=int8,mul=booth": 9,
    "mac:w=khot4_2,a=uint8,mul=bw": 12,
    "mac:w=int1,a=int16,mul=booth": 17,
    "dot:w=int4,a=int4,lanes=2,mul=booth": 9,
    "dot:w=int2,a=uint3,lanes=3": 7,
}


@pytest.mark.parametrize("spec", FUSED)
def test_rows_add_up_to_every_term_without_overflow(combinational, spec):
    unit = parse(spec + ",fused=save")
    codes = every_code(unit)
    terms = unit.terms_of(codes)
    want = np.where(terms.sign, -terms.significand, terms.significand)
    part = combinational(ProductSum(unit=unit))
    assert len(part.program.netlist.outputs["save_sum"]) == FUSED[spec]
    rows = part(**{o.name: packed(codes[o.name], o.format.bits) for o in unit.operands})
    offset = (1 << (FUSED[spec] - 1)) * unit.term_shape.signed
    assert (rows["save_sum"] + rows["save_carry"] == want + offset).all()
    assert want.size > 500


def every_code(unit):
    """All combinations of valid codes."""
    axes = [o.format.codes().astype(np.int64) for o in unit.operands for _ in range(o.lanes)]
    lanes = [axis.ravel() for axis in np.meshgrid(*axes)]
    w, a = lanes[: unit.lanes], lanes[unit.lanes :]
    if unit.lanes == 1:
        return {"w": w[0], "a": a[0]}
    return {"w": np.stack(w, axis=-1), "a": np.stack(a, axis=-1)}


def packed(codes, bits):
    if codes.ndim == 1:
        return codes
    return (codes << (bits * np.arange(codes.shape[1]))).sum(axis=1)


def test_carry_save_shortens_the_loop():
    """No carry runs from register to register any more: it does behind them, to the output."""
    technology = tech.load("nangate45")
    liberty = tech.mapping_liberty(technology)
    longest = {}
    for fused in ("no", "save"):
        unit = parse(f"mac:w=int8,a=int8,mul=bw,fused={fused},pipeline=1")
        mapped = flow.map_to_cells(rtl.to_rtlil(unit), liberty)
        longest[fused] = analyse_timing(read_netlist(mapped.netlist), technology).groups
    loop, behind = "register to register", "register to output"
    assert longest["save"][loop] < 0.7 * longest["no"][loop]
    assert longest["save"][behind] > 5 * longest["no"][behind]


def test_a_dropped_offset_is_found(monkeypatch, proven):
    """Of the constant that an open term takes off again."""
    monkeypatch.setattr(BitHeap, "add_constant", lambda heap, constant: None)
    assert not proven(*step("mac:w=int8,a=int8,mul=bw,fused=yes"), induction=True)


@pytest.mark.parametrize("fused", ["yes", "save"])
def test_a_lost_bit_of_the_second_row_is_found(monkeypatch, proven, fused):
    right = BitHeap.add_bit

    def wrong(self, bit, column):
        if column != 9 or self.width < 32 or len(self.columns[9]) != 1:
            right(self, bit, column)

    monkeypatch.setattr(BitHeap, "add_bit", wrong)
    assert not proven(*step(f"mac:w=int8,a=int8,mul=bw,fused={fused}"), induction=True)

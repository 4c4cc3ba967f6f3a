"""Sums of two products by one multiplier: every operand of both lanes, and planted faults."""

import dataclasses
import itertools

import numpy as np
import pytest
from amaranth import Module, Signal

from hwdse.formats import scalar
from hwdse.pe import packing, parse
from hwdse.pe.packing import packing_of
from hwdse.pe.product import integers
from rtl.parts.operand import fixed_point_value
from rtl.parts.pair_product import pair_product
from rtl.parts.product_sum import ProductSum

NARROW = ("int2", "int3_sym", "int4", "uint1", "uint4", "ternary", "pot4", "khot4_2")
AT_ONCE = {w: [(w, a) for a in NARROW] for w in NARROW}
AT_ONCE |= {"int5": [("int5", "int5")], "bytes": [("int4", "int8"), ("uint4", "int8")]}
SLOW = ("int2", "int3_sym", "uint1", "ternary", "pot4", "khot4_2", "bytes")
CASES = [pytest.param(k, marks=pytest.mark.slow) if k in SLOW else k for k in AT_ONCE]


def wrong_sums(combinational, names, packed=packing_of):
    """Pairs of formats whose sum of two products is wrong for some operands."""
    formats = [(scalar(w), scalar(a)) for w, a in names]
    bits = [max(pair[side].bits for pair in formats) for side in (0, 1)]
    m = Module()
    ports = [
        Signal(bits[lane < 2], name=name) for lane, name in enumerate(("a0", "a1", "w0", "w1"))
    ]
    sums = []
    for i, (w, a) in enumerate(formats):
        lanes = [
            (value(m, ports[2 + lane], w, f"w{i}_{lane}"), value(m, ports[lane], a, f"a{i}_{lane}"))
            for lane in (0, 1)
        ]
        total = pair_product(m, *lanes, packed(w, a), registered=False, name=f"pair{i}")
        sums.append(Signal(total.shape(), name=f"sum{i}"))
        m.d.comb += sums[-1].eq(total)
    part = combinational(m, ports=[*ports, *sums])
    codes = [axis.ravel() for axis in np.indices([1 << len(port) for port in ports])]
    got = part(**{port.name: axis for port, axis in zip(ports, codes, strict=True)})
    found = []
    for i, (w, a) in enumerate(formats):
        low = [axis & ((1 << f.bits) - 1) for axis, f in zip(codes, (a, a, w, w), strict=True)]
        valid = np.logical_and.reduce(
            [is_code(f)[c] for f, c in zip((a, a, w, w), low, strict=True)]
        )
        a0, a1, w0, w1 = (integers(f, c[valid]) for f, c in zip((a, a, w, w), low, strict=True))
        total = got[f"sum{i}"][valid]
        if sums[i].shape().signed:
            total -= (total >> (len(sums[i]) - 1)) << len(sums[i])
        if (total != w0 * a0 + w1 * a1).any():
            found.append(names[i])
    return found


def is_code(fmt):
    return np.isin(np.arange(1 << fmt.bits), fmt.codes())


def value(m, code, fmt, name):
    return fixed_point_value(m, code[: fmt.bits], fmt, name)


@pytest.mark.parametrize("names", CASES)
def test_every_pair_of_operands_of_both_lanes(combinational, names):
    assert wrong_sums(combinational, AT_ONCE[names]) == []


def test_lanes_a_bit_closer_are_found(combinational):
    def closer(w, a):
        right = packing_of(w, a)
        return dataclasses.replace(right, shift=right.shift - 1)

    names = [("uint2", "uint2"), ("uint1", "uint3"), ("uint3", "uint3")]
    assert wrong_sums(combinational, names, closer) == names


@pytest.mark.parametrize("offset", [-1, 1])
def test_a_wrong_limit_is_found(combinational, monkeypatch, offset):
    """One that takes the largest sum to be negative, or the least one not to be."""

    def wrong(self):
        low, high = self.products
        return 2 * low + (1 << self.shift) + 1 if offset > 0 else 2 * high

    monkeypatch.setattr(packing.Packing, "limit", property(wrong))
    names = [("int3", "int3"), ("int2", "int3")]
    assert wrong_sums(combinational, names) == names


ROWS = [
    f"dot:w={w},a={a},lanes=4,mul=packed,tree={tree},fused={fused}"
    for (w, a), tree, fused in itertools.product(
        [("int2", "int2"), ("int2", "uint2"), ("uint2", "uint2")], ["dadda", "wallace"], ["save"]
    )
]


@pytest.mark.parametrize("spec", ROWS)
def test_rows_add_up_to_every_term_without_overflow(combinational, spec):
    unit = parse(spec)
    codes = [axis.ravel() for axis in np.indices((4,) * 8)]
    w, a = np.stack(codes[:4], axis=-1), np.stack(codes[4:], axis=-1)
    terms = unit.terms_of({"w": w, "a": a})
    want = np.where(terms.sign, -terms.significand, terms.significand)
    part = combinational(ProductSum(unit=unit))
    rows = part(w=(w << 2 * np.arange(4)).sum(axis=1), a=(a << 2 * np.arange(4)).sum(axis=1))
    width = len(part.program.netlist.outputs["save_sum"])
    assert width < unit.accumulator.width
    offset = (1 << (width - 1)) * unit.term_shape.signed
    assert (rows["save_sum"] + rows["save_carry"] == want + offset).all()

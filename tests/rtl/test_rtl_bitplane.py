"""Bit-plane units: counts in structure and number, and faults that are found."""

import dataclasses

import numpy as np
import pytest
from amaranth import Cat, Module, Signal

import rtl.bitplane
from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.implementation import ADDERS, TREES
from hwdse.pe.planes import planes
from hwdse.verify.check import verify
from rtl.parts.plane_counts import counts, wires
from rtl.parts.popcount import population_count


@pytest.mark.parametrize("tree", TREES)
@pytest.mark.parametrize("width", [1, 2, 3, 4, 7, 8, 13])
def test_population_count(combinational, width, tree):
    m = Module()
    bits, count = Signal(width, name="bits"), Signal(5, name="count")
    m.d.comb += count.eq(population_count(m, list(bits), tree, "star", "count"))
    values = np.arange(1 << width)
    got = combinational(m, ports=[bits, count])(bits=values)["count"]
    assert (got == np.bitwise_count(values)).all()


@pytest.mark.parametrize("adder", ADDERS)
def test_population_count_by_every_adder(combinational, adder):
    m = Module()
    bits, count = Signal(12, name="bits"), Signal(5, name="count")
    m.d.comb += count.eq(population_count(m, list(bits), "dadda", adder, "count"))
    values = np.arange(1 << 12)
    got = combinational(m, ports=[bits, count])(bits=values)["count"]
    assert (got == np.bitwise_count(values)).all()


FORMATS = [
    "int1",
    "int3",
    "uint1",
    "uint3",
    "int3_sym",
    "binary",
    "bipolar2",
    "bipolar3",
    "ternary",
]


@pytest.mark.parametrize("w", FORMATS)
def test_counts_add_up_to_every_product(combinational, w):
    """One lane, all pairs; the sum of lanes is then a matter of adding."""
    w_format = formats.scalar(w)
    m = Module()
    w_code = Signal(w_format.bits, name="w")
    ports, found = [w_code], {}
    for a in FORMATS:
        a_format = formats.scalar(a)
        sides = planes(w_format), planes(a_format)
        found[a] = counts(*sides, 1)
        code = Signal(a_format.bits, name=a)
        lane = wires(m, sides[0], w_code, f"{a}_w"), wires(m, sides[1], code, f"{a}_a")
        bits = Signal(len(found[a][0]), name=f"{a}_bits")
        m.d.comb += bits.eq(Cat(count.bit(*lane) for count in found[a][0]))
        ports += [code, bits]
    part = combinational(m, ports=ports)
    w_codes = np.repeat(w_format.codes().astype(np.int64), 8)
    for a, (every, constant) in found.items():
        a_codes = np.resize(formats.scalar(a).codes().astype(np.int64), w_codes.size)
        assert set(a_codes[:8]) == set(formats.scalar(a).codes())
        inputs = dict.fromkeys(FORMATS, np.zeros_like(w_codes)) | {"w": w_codes, a: a_codes}
        got = part(**inputs)[f"{a}_bits"].astype(np.int64)
        total = constant + sum(count.weight * (got >> i & 1) for i, count in enumerate(every))
        want = w_format.decode(w_codes) * formats.scalar(a).decode(a_codes)
        assert (total == want).all()


@pytest.mark.parametrize(
    ("w", "a", "number"),
    [
        ("int4", "uint8", 32),  # one per pair of planes
        ("bipolar2", "bipolar2", 4),  # no counts of single planes, no sign plane
        ("binary", "binary", 1),
        ("binary", "int8", 9),  # equal bits of eight planes, and the weights' sign
        ("ternary", "int8", 9),  # masked bits of eight planes, and the weights' sign
        ("int8", "ternary", 9),
        ("ternary", "bipolar2", 3),
        ("ternary", "ternary", 2),
    ],
)
def test_the_fewest_counts_are_taken(w, a, number):
    found, _ = counts(planes(formats.scalar(w)), planes(formats.scalar(a)), 8)
    assert len(found) == number
    assert all(count.weight for count in found)


def one_more(right):
    def wrong(w, a, lanes):
        found, constant = right(w, a, lanes)
        return found, constant + 1

    return wrong


def one_weight_doubled(right):
    def wrong(w, a, lanes):
        (first, *rest), constant = right(w, a, lanes)
        return [dataclasses.replace(first, weight=2 * first.weight), *rest], constant

    return wrong


def one_count_lost(right):
    def wrong(w, a, lanes):
        found, constant = right(w, a, lanes)
        return found[:-1], constant

    return wrong


def ands_for_equals(right):
    def wrong(w, a, lanes):
        found, constant = right(w, a, lanes)
        bad = [dataclasses.replace(c, bit=lambda x, y: x[0] & y[0]) for c in found[:1]]
        return bad + found[1:], constant

    return wrong


@pytest.mark.parametrize("wrong", [one_more, one_weight_doubled, one_count_lost, ands_for_equals])
@pytest.mark.parametrize("keys", ["", pytest.param(",fused=yes", marks=pytest.mark.slow)])
def test_faults_are_found(wrong, keys, monkeypatch):
    unit = parse(f"bitplane:w=bipolar2,a=bipolar2,lanes=2{keys}")
    assert verify(unit, vectors=4096).mismatches == 0
    monkeypatch.setattr(rtl.bitplane, "counts", wrong(rtl.bitplane.counts))
    assert verify(unit, vectors=4096).mismatches > 100

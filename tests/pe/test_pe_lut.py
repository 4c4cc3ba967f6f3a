"""Look-up units against plain dot products, in integers and in fractions."""

import itertools
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.lut_table import Table, WeightPlanes, fold, weight_planes

from .oracles import Number, fraction_step, number
from .refusals import nearest

STRUCTURES = [
    "",
    "table=full",
    "negate=offline",
    "precompute=outside",
    "table=full,precompute=outside",
    "negate=offline,precompute=outside",
]
SHAPES = [(1, 1, 1, 1), (1, 2, 1, 2), (2, 1, 1, 1), (3, 2, 2, 1), (4, 3, 2, 2), (5, 1, 2, 1)]


def spec_of(*keys):
    return "lut:" + ",".join(key for key in keys if key)


def drawn(unit, steps, rng, finite=False):
    codes = {}
    for operand in unit.drawn_operands:
        valid = operand.format.codes().astype(np.int64)
        if finite:
            valid = valid[np.isfinite(operand.format.decode(valid))]
        codes[operand.name] = rng.choice(valid, size=(steps, *operand.trailing))
    return codes


def factors(unit, codes):
    """Values of weights, shape (steps, n, K), and activations, (steps, m, K)."""
    w = unit.w_element.decode(codes["w"]).reshape(-1, unit.n, unit.lanes)
    return w, unit.a_element.decode(codes["a"]).reshape(-1, unit.m, unit.lanes)


@pytest.mark.parametrize("structure", STRUCTURES)
@pytest.mark.parametrize(
    ("w", "a"),
    [
        ("int2", "int8"),
        ("bipolar2", "int4"),
        ("uint3", "uint4"),
        ("int1", "int3"),
        ("ternary", "int8"),
        ("int8", "uint8"),
        ("binary", "flint4"),
    ],
)
def test_every_structure_gives_the_dot_product(w, a, structure):
    rng = np.random.default_rng(7)
    orders = ["", "planes=parallel"] if formats.scalar(w).bits > 1 else [""]
    for planes, (k, n, m, tables) in itertools.product(orders, SHAPES):
        shape = f"k={k},n={n},m={m},tables={tables}"
        unit = parse(spec_of(f"w={w}", f"a={a}", shape, structure, planes))
        assert parse(unit.canonical) == unit
        codes = drawn(unit, 24, rng)
        clear = np.arange(24) % 7 == 0
        got = unit.outputs(unit.port_codes(codes), clear)["acc"].reshape(24, -1)
        want = np.einsum("snk,smk->smn", *factors(unit, codes)).reshape(24, -1)
        for step in np.flatnonzero(~clear):
            want[step] += want[step - 1]
        assert (got == want).all()


@pytest.mark.parametrize("w", ["int2", "bipolar2", "uint2"])
def test_all_operands_of_two_lanes(w):
    """Every weight with every activation, in both lanes, of one table."""
    units = [parse(spec_of(f"w={w},a=int3,k=2,n=1", structure)) for structure in STRUCTURES]
    every = np.indices((4, 4, 8, 8)).reshape(4, -1)
    codes = {"w": every[:2].T, "a": every[2:].T}
    w_values, a_values = factors(units[0], codes)
    want = (w_values * a_values).sum(axis=(1, 2))
    for unit in units:
        assert (unit.outputs(unit.port_codes(codes), True)["acc"] == want).all()


def test_folded_weights_are_those_of_the_paper_s_index():
    codes = np.array([[0b10, 0b11, 0b01, 0b10], [0b01, 0b01, 0b00, 0b11]])
    assert fold(codes, 2).tolist() == [[0b10, 0b01, 0b01, 0b11], [0b01, 0b00, 0b00, 0b11]]
    assert fold(codes, 4).tolist() == [[0b10, 0b01, 0b11, 0b00], [0b01, 0b00, 0b01, 0b10]]
    assert (fold(fold(codes, 4), 4) == codes).all()
    unit = parse("lut:w=int2,a=int8,k=2,n=1,tables=2,negate=offline")
    assert (unit.port_codes({"w": codes, "a": codes})["w"] == fold(codes, 2)).all()
    # Any two bits of folded weights may come, so ternary ones come as uint2.
    assert parse("lut:w=ternary,a=int8,negate=offline").operands[0].format.name == "uint2"


@pytest.mark.parametrize("k", range(1, 9))
@pytest.mark.parametrize(("half", "signs"), [(True, True), (False, True), (False, False)])
def test_tables_hold_the_sum_of_every_plane(k, half, signs):
    table = Table(k, half, signs)
    assert table.entries == 2 ** (k - half)
    bits = np.arange(1 << k)[:, None] >> np.arange(k) & 1
    index, negative = table.look_up(bits)
    worth = 2 * bits - 1 if signs else bits
    picked = table.coefficients[index] * np.where(negative, -1, 1)[:, None]
    assert (picked == worth).all()


def test_planes_of_formats():
    assert weight_planes(formats.scalar("int4")) == WeightPlanes(4, False, True)
    assert weight_planes(formats.scalar("uint4")) == WeightPlanes(4, False, False)
    assert weight_planes(formats.scalar("bipolar4")) == WeightPlanes(4, True, False)
    assert weight_planes(formats.scalar("ternary")) == WeightPlanes(2, False, True)
    assert weight_planes(formats.scalar("e2m1")) is None
    assert weight_planes(formats.scalar("pot4")) is None


def plane_terms(w, code, a_values):
    """What each plane adds, in fractions: from the meaning of the weights' bits alone."""
    fmt = formats.scalar(w)
    terms = []
    for i in range(fmt.bits):
        total = Fraction(0)
        for c, a in zip(code, a_values, strict=True):
            bit = int(c) >> i & 1
            if w.startswith("bipolar"):
                total += (2 * bit - 1) * a
            else:
                total += -bit * a if w.startswith("int") and i == fmt.bits - 1 else bit * a
        terms.append(total * 2**i)
    return terms


@pytest.mark.parametrize("structure", ["", "table=full", "negate=offline"])
@pytest.mark.parametrize(
    ("w", "a", "acc"),
    [
        ("int2", "e4m3", "fp16"),
        ("bipolar3", "e5m2", "fp16"),
        ("uint2", "fp16", "bf16"),
        ("bipolar1", "e4m3", "fp32"),
    ],
)
def test_float_accumulators_round_once_for_each_plane(w, a, acc, structure):
    rng = np.random.default_rng(11)
    serial = parse(spec_of(f"w={w},a={a},acc={acc},k=3,n=2,m=2", structure))
    whole = None
    if formats.scalar(w).bits > 1:
        whole = parse(spec_of(f"w={w},a={a},acc={acc},k=3,n=2,m=2", structure, "planes=parallel"))
    codes = drawn(serial, 40, rng, finite=True)
    got = serial.outputs(serial.port_codes(codes))["acc"]
    at_once = whole and whole.outputs(whole.port_codes(codes))["acc"]
    state, state_at_once = [0] * 4, [0] * 4
    for step in range(40):
        for lane in range(4):
            row, column = divmod(lane, 2)
            a_codes = codes["a"][step, 3 * row : 3 * row + 3]
            values = [number(a, int(c)).value for c in a_codes]
            terms = plane_terms(w, codes["w"][step, 3 * column : 3 * column + 3], values)
            for term in terms:
                state[lane] = fraction_step(acc, state[lane], Number(term, term < 0))
            assert got[step, lane] == state[lane]
            if whole:
                total = sum(terms)
                one = Number(total, total < 0)
                state_at_once[lane] = fraction_step(acc, state_at_once[lane], one)
                assert at_once[step, lane] == state_at_once[lane]


@pytest.mark.parametrize("w", ["int2", "bipolar2"])
def test_exact_accumulators_hold_dot_products_of_floats(w):
    rng = np.random.default_rng(3)
    unit = parse(f"lut:w={w},a=e4m3,acc=exact,k=4,n=2,tables=2")
    codes = drawn(unit, 50, rng, finite=True)
    want = np.einsum("snk,smk->smn", *factors(unit, codes)).reshape(50, 2).cumsum(axis=0)
    assert (unit.decode_acc(unit.outputs(codes)["acc"]) == want).all()


def test_aligned_activations_are_truncated_below_the_largest():
    unit = parse("lut:w=bipolar1,a=fp16,k=2,n=1,align=4,acc=fp32")
    values = [[1.9375, -0.6875], [0.0, 1.0], [0.0, 2.0**-24]]
    a = formats.scalar("fp16").encode(values).astype(np.int64)
    got = unit.decode_acc(unit.outputs({"w": np.ones_like(a), "a": a}, True)["acc"])
    # Four places below 2: of 1.9375 that leaves 1.875, of -0.6875 it leaves -0.625. Subnormals have
    # the places of the least normal numbers.
    assert got.tolist() == [1.875 - 0.625, 1.0, 0.0]


def test_wide_alignment_is_exact():
    rng = np.random.default_rng(5)
    exact, cut = (parse(f"lut:w=int3,a=e5m2,k=3,n=2{x}") for x in ("", ",align=31"))
    codes = drawn(exact, 60, rng, finite=True)
    # Below 256, no activation reaches beyond the window.
    codes["a"] &= ~0x20
    assert (exact.outputs(codes)["acc"] == cut.outputs(codes)["acc"]).all()
    narrow = parse("lut:w=int3,a=e5m2,k=3,n=2,align=4")
    assert (exact.outputs(codes)["acc"] != narrow.outputs(codes)["acc"]).any()


def test_what_is_no_number_is_that_of_its_row_alone():
    unit = parse("lut:w=int2,a=e5m2,k=2,n=2,m=2")
    infinity = formats.scalar("e5m2").encode([np.inf], overflow=formats.Overflow.NONFINITE)[0]
    a = np.array([[0x3C, infinity, 0x3C, 0x3C]])
    got = unit.decode_acc(unit.outputs({"w": np.zeros((1, 4), dtype=int), "a": a})["acc"])
    assert np.isnan(got[0, :2]).all()
    assert (got[0, 2:] == 0).all()


def test_finished_tables_of_floats_are_used_as_they_are():
    unit = parse("lut:w=bipolar2,a=fp16,k=2,n=1,precompute=outside,acc=fp32")
    fp16 = formats.scalar("fp16")
    entries = fp16.encode([[3.0, -0.5], [np.nan, 2.0]], overflow=formats.Overflow.NONFINITE)
    # Planes (1, 1) and (1, 0): entries 0 and 1. Then (0, 0) and (0, 1): minus 0, and minus 1.
    w = np.array([[0b11, 0b01], [0b00, 0b10]])
    got = unit.outputs({"w": w, "entries": entries.astype(np.int64)}, True)["acc"]
    assert unit.decode_acc(got)[0] == 3.0 + 2 * -0.5
    assert np.isnan(unit.decode_acc(got)[1])
    # Sums are rounded where tables are made: 2048 + 1 is no fp16.
    codes = {"w": w[:1], "a": fp16.encode([[2048.0, 1.0]]).astype(np.int64)}
    assert fp16.decode(unit.port_codes(codes)["entries"]).tolist() == [[2048.0, 2047.0]]


@pytest.mark.parametrize(
    ("spec", "interval", "latency", "rate"),
    [
        ("lut:w=int2,a=int8,k=4,n=8", 2, 2, 16),
        ("lut:w=int2,a=int8,k=4,n=8,planes=parallel", 1, 1, 32),
        ("lut:w=int4,a=int8,k=4,n=64,m=2,pipeline=3", 4, 7, 128),
        ("lut:w=bipolar1,a=fp16,k=5,n=4,tables=2", 1, 1, 40),
        ("lut:w=int3,a=int8,k=4,n=1", 3, 3, 4 / 3),
    ],
)
def test_time_and_throughput(spec, interval, latency, rate):
    unit = parse(spec)
    assert (unit.initiation_interval, unit.latency) == (interval, latency)
    assert unit.macs_per_cycle == pytest.approx(rate)


def test_ports():
    unit = parse("lut:w=int2,a=int8,k=4,n=8,m=2")
    assert [(o.name, o.width) for o in unit.operands] == [("w", 64), ("a", 64)]
    assert [(r.name, r.bits, r.lanes) for r in unit.results] == [("acc", 32, 16)]
    # 8 sums of 4 activations of 8 bits, from -512 to 511.
    outside = parse("lut:w=int2,a=int8,k=4,n=8,m=2,precompute=outside")
    assert [(o.name, o.width) for o in outside.operands] == [("w", 64), ("entries", 2 * 8 * 10)]


@pytest.mark.parametrize(
    ("keys", "instead"),
    [
        ("w=nf4,a=int8", "w=int2,a=int8"),
        ("w=int9,a=int8", "w=int8,a=int8"),
        ("w=int2,a=int8,k=9", "w=int2,a=int8,k=8"),
        ("w=int2,a=int8,k=0", "w=int2,a=int8,k=1"),
        ("w=int2,a=int8,tables=99", "w=int2,a=int8,tables=64"),
        ("w=int2,a=int8,table=whole", "w=int2,a=int8,table=None"),
        ("w=int2,a=int8,table=full,negate=online", "w=int2,a=int8,table=full"),
        ("w=int1,a=int8,planes=parallel", "w=int1,a=int8"),
        ("w=int2,a=int8,n=5000", "w=int2,a=int8,n=4096"),
        ("w=int2,a=int8,m=4096", "w=int2,a=int8,m=4096,n=1"),
        ("w=int2,a=bf16", "w=int2,a=bf16,align=16"),
        ("w=int2,a=fp16,align=40", "w=int2,a=fp16"),
        ("w=int2,a=bf16,align=999", "w=int2,a=bf16,align=16"),
        ("w=int2,a=int8,align=8", "w=int2,a=int8"),
        ("w=int2,a=int8,precompute=outside,align=999", "w=int2,a=int8,precompute=outside"),
        ("w=int2,a=int16,precompute=outside", "w=int2,a=int8,precompute=outside"),
        ("w=int2,a=nf4,precompute=outside", "w=int2,a=nf4"),
        ("w=int2,a=fp16,precompute=outside", "w=int2,a=fp16,precompute=outside,table=full"),
        (
            "w=bipolar2,a=fp16,precompute=outside,tables=2",
            "w=bipolar2,a=fp16,precompute=outside",
        ),
        (
            "w=bipolar2,a=fp16,precompute=outside,planes=parallel",
            "w=bipolar2,a=fp16,precompute=outside",
        ),
        ("w=int2,a=int8,acc=fp32", "w=int2,a=int8"),
        ("w=int2,a=int8,lanes=4", "w=int2,a=int8"),
    ],
)
def test_refusals_name_the_nearest_that_works(keys, instead):
    named, _ = nearest(f"lut:{keys}")
    if "None" not in instead:
        assert named == f"lut:{instead}"

"""Look-up units: their tables entry by entry, and whole units as RTL and as netlists."""

import numpy as np
import pytest
from amaranth import Cat, Module, Signal

import rtl.lut
from hwdse.pe import parse
from hwdse.pe.lanes import cut_off
from hwdse.pe.lut_table import Table
from hwdse.pe.product import operand, operand_shape
from hwdse.verify.check import verify
from hwdse.verify.stimulus import ENUMERABLE_BITS
from hwdse.verify.targets import Target
from rtl.parts.lut_table import RowTables, entry_shape, one_hot, pick, sums


def signed(words, bits):
    return (words.astype(np.int64) ^ 1 << (bits - 1)) - (1 << (bits - 1))


@pytest.mark.parametrize("k", [1, 2, 3, 4, 5, 6])
@pytest.mark.parametrize(("half", "signs"), [(True, True), (False, True), (False, False)])
def test_sums_of_a_group(combinational, k, half, signs):
    """Of all activations of 2 or 3 bits, every entry."""
    bits = 3 if k < 5 else 2
    table, width = Table(k, half, signs), bits + 4
    m = Module()
    values, entries = Signal(bits * k, name="values"), Signal(width * table.entries, name="all")
    lanes = [values.word_select(i, bits).as_signed() for i in range(k)]
    held = [Signal(width, name=f"held_{i}") for i in range(table.entries)]
    m.d.comb += [x.eq(total) for x, total in zip(held, sums(table, lanes), strict=True)]
    m.d.comb += entries.eq(Cat(*held))
    part = combinational(m, ports=[values, entries, *held])
    codes = np.arange(1 << bits * k)
    a = signed(codes[:, None] >> bits * np.arange(k) & (1 << bits) - 1, bits)
    got = part(values=codes)
    want = a @ table.coefficients.T
    for i in range(table.entries):
        assert (signed(got[f"held_{i}"], width) == want[:, i]).all()


@pytest.mark.parametrize("count", [1, 2, 4, 8, 16])
def test_entry_picked(combinational, count):
    m = Module()
    words, picked = Signal(3 * count, name="words"), Signal(3, name="picked")
    index = Signal(range(count), name="index") if count > 1 else Signal(1, name="index")
    chosen = one_hot(index, count)
    m.d.comb += picked.eq(pick([words.word_select(i, 3) for i in range(count)], chosen))
    rng = np.random.default_rng(1)
    number = np.repeat(np.arange(count), 64)
    drawn = rng.integers(0, 1 << min(3 * count, 62), number.size)
    got = combinational(m, ports=[words, index, picked])(words=drawn, index=number)["picked"]
    assert (got == (drawn >> 3 * number & 7)).all()


@pytest.mark.parametrize(
    "spec",
    [
        "lut:w=bipolar2,a=e2m1,k=2,n=1,tables=2",
        "lut:w=bipolar2,a=e3m2,k=2,n=1,align=5",
        "lut:w=int2,a=e3m2,k=2,n=1,align=8",
        "lut:w=int2,a=e4m3,k=1,n=1,table=full",
        "lut:w=bipolar2,a=e5m2,k=1,n=1",
        "lut:w=bipolar2,a=uint4,k=4,n=1",
    ],
)
@pytest.mark.parametrize("magnitudes", [False, True])
def test_tables_of_a_row(combinational, spec, magnitudes):
    """Every combination of activations, decoded, cut off, summed, and as magnitudes."""
    unit = parse(spec)
    fmt, table = unit.a_element, unit.table
    part = combinational(RowTables(unit=unit, magnitudes=magnitudes))
    words = np.arange(1 << fmt.bits * unit.lanes)
    codes = words[:, None] >> fmt.bits * np.arange(unit.lanes) & (1 << fmt.bits) - 1
    got = part(a=words)
    found = operand(fmt, codes)
    special = (found.nan | found.infinite).any(axis=-1)
    assert (got["nan"] == special).all()
    if unit.align is None:
        units = np.where(found.sign, -1, 1) * (found.significand << found.shift)
    else:
        units, shift = cut_off(found, operand_shape(fmt), unit.align)
        assert (got["shift"] == shift)[~special].all()
    width = entry_shape(unit).width
    entries = np.asarray(got["entries"], dtype=object)
    groups = units.reshape(len(words), unit.tables, unit.k) @ table.coefficients.T
    for i, want in enumerate(groups.reshape(len(words), -1).T):
        word = (entries >> width * i & (1 << width) - 1).astype(np.int64)
        if magnitudes:
            value = np.where(word >> width - 1, -1, 1) * (word & (1 << width - 1) - 1)
        else:
            value = signed(word, width)
        assert (value == want)[~special].all()


# Few enough operand bits to be enumerated.
DEFAULT = [
    "lut:w=int2,a=int2,k=2,n=2",
    "lut:w=int2,a=uint2,k=3,n=1,table=full,registers=operand_product_term",
    "lut:w=bipolar2,a=int2,k=2,n=2,negate=offline,registers=product,fused=save",
    "lut:w=ternary,a=int3,k=2,n=1,m=2,negate=offline,adder=kogge",
    "lut:w=uint3,a=uint2,k=2,n=1,precompute=outside",
    "lut:w=int3,a=int2,k=2,n=1,tables=2,planes=parallel,pipeline=1",
    "lut:w=bipolar1,a=int3,k=1,n=2,tables=2,acc=exact",
    "lut:w=int2,a=e2m1,k=2,n=1,acc=exact",
    "lut:w=bipolar2,a=e2m1,k=2,n=1,precompute=outside,acc=fp16,pipeline=3",
    "lut:w=bipolar2,a=e3m2,k=2,n=1,align=4,negate=offline,acc=bf16",
]
SLOW = [
    "lut:w=int2,a=int8,k=4,n=8",
    "lut:w=bipolar2,a=int8,k=4,n=16,m=2,negate=offline,registers=product",
    "lut:w=int8,a=uint8,k=5,n=3,table=full,acc=exact,fused=save,adder=brent",
    "lut:w=uint4,a=int8,k=3,n=2,m=2,tables=3,precompute=outside,negate=offline",
    "lut:w=int4,a=int4,k=6,n=2,planes=parallel,pipeline=3",
    "lut:w=int2,a=e4m3,k=4,n=2,m=2",
    "lut:w=bipolar3,a=fp16,k=4,n=2,precompute=outside,negate=offline,registers=product",
    "lut:w=uint2,a=e5m2,k=3,n=2,table=full,precompute=outside",
    "lut:w=bipolar2,a=bf16,k=4,n=2,align=12,tables=2,acc=bf16",
    "lut:w=int3,a=fp16,k=2,n=2,acc=fp32,planes=parallel,pipeline=2",
    "lut:w=int2,a=posit8,k=2,n=2,acc=exact",
    "lut:w=ternary,a=nf4,k=3,n=2,acc=fp32",
]
NETLISTS = ["nangate45", "asap7", "ice40"]
MAPPED = {(DEFAULT[2], "nangate45"), (DEFAULT[0], "ice40")}
CHECKS = [(spec, "rtl", True) for spec in DEFAULT] + [(spec, "rtl", False) for spec in SLOW]
CHECKS += [(s, t, (s, t) in MAPPED) for s in DEFAULT + SLOW for t in NETLISTS]


@pytest.mark.parametrize(
    ("spec", "target"),
    [
        pytest.param(spec, target, marks=() if quick else pytest.mark.slow)
        for spec, target, quick in CHECKS
    ],
)
def test_hardware_is_the_reference(spec, target):
    unit = parse(spec)
    vectors = 1_000_000 if spec in SLOW and target == "rtl" else 1 << 14
    result = verify(unit, target=Target.named(target), vectors=vectors)
    assert result.mismatches == 0, result.first_mismatch
    assert result.exhaustive is (result.input_bits <= ENUMERABLE_BITS)
    assert result.vectors >= vectors


def entry_lost(monkeypatch):
    right = rtl.lut.pick
    monkeypatch.setattr(rtl.lut, "pick", lambda x, y: right(x, [y[0], *y[1:-1], y[0]]))


def sign_of_the_last_plane_lost(monkeypatch):
    monkeypatch.setattr(rtl.lut.LookUp, "_flip", lambda self, number: self.negative[number])


def carries_lost(monkeypatch):
    right = rtl.lut.balanced_sum
    monkeypatch.setattr(
        rtl.lut, "balanced_sum", lambda values: right([x for x in values if len(x) > 1])
    )


def weights_taken_as_folded(monkeypatch):
    right = rtl.lut.LookUps._pick

    def wrong(self, bits):
        found = right(self, bits)
        return rtl.lut._Pick(Cat(*bits[1:]), found.negative)

    monkeypatch.setattr(rtl.lut.LookUps, "_pick", wrong)


def tables_swapped(monkeypatch):
    right = rtl.parts.lut_table.sums

    def wrong(table, values):
        return right(table, [*values[1:], values[0]])

    monkeypatch.setattr(rtl.parts.lut_table, "sums", wrong)


@pytest.mark.parametrize(
    "fault",
    [
        entry_lost,
        sign_of_the_last_plane_lost,
        carries_lost,
        weights_taken_as_folded,
        tables_swapped,
    ],
)
def test_faults_are_found(fault, monkeypatch):
    unit = parse("lut:w=int2,a=int2,k=2,n=1,tables=2")
    fault(monkeypatch)
    assert verify(unit, vectors=4096).mismatches > 100


def test_every_weight_format_counts_its_planes():
    """One product alone, of every weight, in series."""
    for name in ("int8", "int3_sym", "uint1", "bipolar5"):
        result = verify(parse(f"lut:w={name},a=int2,k=1,n=1"), vectors=1024)
        assert result.exhaustive
        assert result.mismatches == 0, result.first_mismatch

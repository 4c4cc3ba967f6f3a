"""``dot`` of floats and block formats against fractions, SoftFloat and the quantisers."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.float_sum import add_term
from hwdse.pe.term import Term
from hwdse.verify.codes import draw, draw_finite, near_one

from . import oracles
from .dot_oracle import bare, cut_off, element, scaled, side, total

STEPS, SUMS = 4, 60

SPECS = [
    ("e4m3", "e4m3", "lanes=4,acc=fp32"),
    ("e5m2", "e5m2", "lanes=16,acc=fp32"),
    ("e5m2", "e4m3", "lanes=4,acc=fp16"),
    ("int8", "e4m3", "lanes=4,acc=bf16"),
    ("fp16", "fp16", "lanes=4,acc=fp32"),
    ("int4", "fp16", "lanes=4,acc=fp16"),
    ("bf16", "bf16", "lanes=2,acc=fp32"),
    ("mxfp4", "mxfp8_e4m3", "acc=fp32"),
    ("mxfp8_e5m2", "mxfp8_e5m2", "lanes=8,acc=fp32"),
    ("mxfp6_e3m2", "mxfp6_e2m3", "acc=bf16"),
    ("mxint8", "mxint8", "acc=fp32"),
    ("mxfp4", "int8", "lanes=8,acc=fp16"),
    ("mxfp8_e5m2", "int8", "lanes=4,acc=fp32"),
    ("bfp4_16", "mxfp8_e4m3", "acc=fp32"),
    ("nvfp4", "nvfp4", "acc=fp32"),
    ("nvint4", "mxint8", "acc=fp16"),
    ("int4_g8_fp16", "int8_channel", "acc=fp32"),
    ("int8_g8_bf16", "int8_g8_bf16", "acc=bf16"),
    ("uint4_g8_fp16", "e4m3", "acc=fp32"),
    ("e5m2", "uint4_g8_fp16", "acc=fp32"),
]


def codes_of(unit, seed, steps=STEPS, sums=SUMS):
    """Codes of every operand: a third finite, a third near one, a third of all kinds."""
    rng = np.random.default_rng(seed)
    found = {}
    for operand in unit.operands:
        shape = (steps, sums, *operand.trailing)
        codes = draw_finite(operand.format, shape, rng)
        third = sums // 3
        codes[:, third : 2 * third] = near_one(operand.format, codes[:, third : 2 * third], rng)
        if operand.trailing:
            # Specials here and there: in every lane they would leave nothing but NaN.
            mixed = codes[:, 2 * third :]
            some = rng.random(mixed.shape) < 0.5 / operand.lanes
            codes[:, 2 * third :] = np.where(some, draw(operand.format, mixed.shape, rng), mixed)
        else:
            codes[:, 2 * third :] = draw(operand.format, codes[:, 2 * third :].shape, rng)
        found[operand.name] = codes
    return found


def term_of(w_name, a_name, codes, at):
    """The Number of one element."""
    zeros = {s: int(codes[f"{s}_zero"][at]) if f"{s}_zero" in codes else None for s in "wa"}
    pairs = zip(
        side(w_name, codes["w"][at].tolist(), zeros["w"]),
        side(a_name, codes["a"][at].tolist(), zeros["a"]),
        strict=True,
    )
    scales = [
        (bare(name)[1], int(codes[f"{s}_scale"][at]))
        for s, name in zip("wa", (w_name, a_name), strict=True)
        if bare(name)[1] is not None
    ]
    return scaled(total([oracles.times(x, y) for x, y in pairs]), scales)


@pytest.mark.parametrize(("w_name", "a_name", "keys"), SPECS)
def test_reference_is_the_definition(w_name, a_name, keys):
    unit = parse(f"dot:w={w_name},a={a_name},{keys}")
    codes = codes_of(unit, 3)
    clear = np.arange(STEPS) % 3 == 0
    got = unit.outputs(codes, clear)["acc"]
    acc_name = unit.common.acc
    compared, finite = 0, 0
    for lane in range(SUMS):
        acc = 0
        for step in range(STEPS):
            term = term_of(w_name, a_name, codes, (step, lane))
            acc = oracles.fraction_step(acc_name, 0 if clear[step] else acc, term)
            assert got[step, lane] == acc, (step, lane)
            compared += 1
            finite += term.finite
    assert compared == STEPS * SUMS
    assert finite > compared / 4


EXACT = [
    ("e4m3", "e5m2", "lanes=4"),
    ("mxfp4", "mxfp8_e5m2", "lanes=8,terms=64"),
    ("nvfp4", "nvfp4", "terms=128"),
    ("int4_g8_fp16", "e4m3", "terms=8"),
    ("mxint8", "mxint8", "terms=64"),
]


@pytest.mark.parametrize(("w_name", "a_name", "keys"), EXACT)
def test_an_exact_accumulator_holds_the_fraction(w_name, a_name, keys):
    unit = parse(f"dot:w={w_name},a={a_name},acc=exact,{keys}")
    codes = codes_of(unit, 4, sums=30)
    outputs = unit.outputs(codes)
    step = Fraction(2) ** unit.accumulator.lsb_exponent
    for lane in range(30):
        value, special = Fraction(0), 0
        for i in range(STEPS):
            term = term_of(w_name, a_name, codes, (i, lane))
            special |= {oracles.NAN: 3, oracles.POSITIVE: 1, oracles.NEGATIVE: 2}.get(term.value, 0)
            value += term.value if term.finite else 0
            assert int(outputs["acc"][i, lane]) * step == value
            if "acc_special" in outputs:
                assert outputs["acc_special"][i, lane] == special


@pytest.mark.parametrize("spec", ["dot:w=mxfp8_e5m2,a=mxint8", "dot:w=nvfp4,a=nvfp4"])
def test_an_exact_accumulator_holds_its_largest_sum(spec):
    terms = 2 * parse(spec).lanes
    unit = parse(f"{spec},acc=exact,terms={terms}")
    top = {o.name: int(o.format.encode(o.format.max)) for o in unit.operands}
    low = {"a": int(unit.a_element.encode(unit.a_element.min))}
    codes = {
        o.name: np.full((2, 1, *o.trailing), (top | low)[o.name], dtype=np.int64)
        for o in unit.operands
    }
    got = unit.outputs(codes)["acc"][1, 0]
    one = Fraction(1)
    for o in unit.operands:
        one *= Fraction(float(o.format.decode((top | low)[o.name])))
    assert int(got) * Fraction(2) ** unit.accumulator.lsb_exponent == terms * one
    assert abs(int(got)).bit_length() + 1 <= unit.accumulator.width


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e2m1", "fp16"])
def test_with_one_lane_filled_it_is_softfloats_fused_multiply_add(name):
    unit = parse(f"dot:w={name},a={name},lanes=2")
    rng = np.random.default_rng(6)
    bits = unit.w_element.bits
    w, a = (rng.integers(0, 1 << bits, size=(1, 3000)) for _ in range(2))
    before = rng.integers(0, 1 << 32, size=3000)
    pairs = [np.stack([x, np.zeros_like(x)], axis=-1) for x in (w, a)]
    terms = unit.terms_of({"w": pairs[0], "a": pairs[1]}).step(0)
    got = add_term(unit.accumulator.format, before, terms, unit.term_shape.lsb_exponent)
    w32, a32 = oracles.bits32(name, w[0]), oracles.bits32(name, a[0])
    for x, y, acc, result in zip(w32, a32, before.tolist(), got.tolist(), strict=True):
        want = oracles.fma32(x, y, acc)
        # A zero product has a sign, and the zero sum of several has none.
        if want not in (0, 1 << 31):
            assert result == want


def test_scales_of_powers_of_two_keep_softfloats_results():
    unit = parse("dot:w=mxfp4,a=fp16,lanes=2")
    rng = np.random.default_rng(7)
    w, a = rng.integers(0, 16, size=3000), rng.integers(0, 0x7C00, size=3000)
    scale = rng.integers(127 - 60, 127 + 60, size=3000)
    codes = {
        "w": np.stack([w, np.zeros_like(w)], axis=-1)[None],
        "a": np.stack([a, np.zeros_like(a)], axis=-1)[None],
        "w_scale": scale[None],
    }
    got = unit.outputs(codes)["acc"][0].tolist()
    # Products of these lie within binary32's normal numbers, so that scaling loses nothing.
    w32 = np.ldexp(oracles.widened("e2m1", w), scale - 127).astype(np.float32).view(np.uint32)
    a32 = oracles.bits32("fp16", a)
    for x, y, result in zip(w32.tolist(), a32, got, strict=True):
        want = oracles.product32(x, y)
        assert result == (0 if want << 1 & 0xFFFFFFFF == 0 else want)


QUANTISED = ["mxfp4", "mxfp8_e4m3", "mxint8", "bfp8_32", "nvfp4_b32", "int4_g32_fp16"]


@pytest.mark.parametrize("name", [*QUANTISED, "uint4_g32_bf16"])
def test_it_computes_the_dot_product_of_what_the_quantiser_decodes(name):
    """Codes of the block quantisers, through the ports, give the sum of the decoded values."""
    fmt = formats.get(name)
    x = np.random.default_rng(8).standard_normal((2, 40, 64))
    w, a = fmt.encode(x[0]), fmt.encode(x[1])
    unit = parse(f"dot:w={name},a={name},acc=exact,terms=64")
    assert unit.lanes == 32
    codes = {}
    for s, c in (("w", w), ("a", a)):
        codes[s] = c.elements.reshape(40, 2, 32).transpose(1, 0, 2)
        codes[f"{s}_scale"] = c.scales.T
        if c.zero_points is not None:
            codes[f"{s}_zero"] = c.zero_points.T
    got = unit.outputs(codes)["acc"][-1]
    step = Fraction(2) ** unit.accumulator.lsb_exponent
    tensor = Fraction(w.tensor_scale) * Fraction(a.tensor_scale)
    products = zip(fmt.decode(w), fmt.decode(a), strict=True)
    for row, (one, other) in enumerate(products):
        if tensor != 1:
            # Decoding multiplies by the tensor's scale, which is not exact; the unit leaves it out.
            want = sum(float(p) * float(q) for p, q in zip(one, other, strict=True))
            assert float(int(got[row]) * step * tensor) == pytest.approx(want, rel=1e-9, abs=1e-9)
        else:
            want = sum(Fraction(p) * Fraction(q) for p, q in zip(one, other, strict=True))
            assert int(got[row]) * step == want


ALIGNED = [
    ("e4m3", "e4m3", 8, 14),
    ("e4m3", "e4m3", 8, 5),
    ("e5m2", "e5m2", 6, 14),
    ("fp16", "fp16", 22, 24),
    ("fp16", "fp16", 22, 70),
    ("int8", "fp16", 18, 12),
    ("e3m2", "e2m1", 5, 1),
]


@pytest.mark.parametrize(("w_name", "a_name", "places", "kept"), ALIGNED)
def test_alignment_cuts_off_what_it_says(w_name, a_name, places, kept):
    unit = parse(f"dot:w={w_name},a={a_name},lanes=4,align={kept}")
    rng = np.random.default_rng(9)
    codes = {o.name: draw_finite(o.format, (1, 600, 4), rng) for o in unit.operands}
    codes["w"][:, :80, 1:3] = 0
    codes["w"][:, 80:90] = 0
    got = unit.outputs(codes)["acc"][0].tolist()
    loses = 0
    for row, (w, a) in enumerate(zip(codes["w"][0].tolist(), codes["a"][0].tolist(), strict=True)):
        term = cut_off(w_name, a_name, w, a, places, kept)
        assert got[row] == oracles.fraction_step("fp32", 0, term), (w, a)
        pairs = zip(w, a, strict=True)
        exact = [oracles.times(element(w_name, x), element(a_name, y)) for x, y in pairs]
        loses += total(exact).value != term.value
    assert loses > 0


def test_alignment_of_blocks_is_before_their_scales():
    unit = parse("dot:w=mxfp8_e4m3,a=mxfp4,lanes=4,align=7")
    codes = codes_of(unit, 10, steps=1, sums=300)
    codes["w"] = draw_finite(unit.w_element, (1, 300, 4), np.random.default_rng(11))
    got = unit.outputs(codes)["acc"][0].tolist()
    for row in range(300):
        at = (0, row)
        term = cut_off("e4m3", "e2m1", codes["w"][at].tolist(), codes["a"][at].tolist(), 6, 7)
        term = scaled(term, [("e8m0", int(codes[f"{s}_scale"][at])) for s in "wa"])
        assert got[row] == oracles.fraction_step("fp32", 0, term)


def test_alignment_by_hand():
    """448 + 1/512 needs 18 places: 14 of them keep the first product alone, of either sign."""
    one, top, least, minus = 0x38, 0x7E, 0x01, 0x81
    for align, small, want in ((14, least, 448.0), (14, minus, 448.0), (22, minus, 448 - 2**-9)):
        unit = parse(f"dot:w=e4m3,a=e4m3,lanes=2,align={align}")
        out = unit.reference(np.array([[top, small]]), np.array([[one, one]]))
        assert unit.decode_acc(out)[0] == want


def test_nan_and_infinity_come_from_any_lane_or_scale():
    unit = parse("dot:w=mxfp8_e5m2,a=int8_g8_bf16,lanes=2")
    infinity, one, nan32, inf32 = 0x7C, 0x3C, 0x7FC00000, 0x7F800000
    cases = [
        # w, a, w_scale, a_scale, result
        ((infinity, one), (1, 1), 127, 0x3F80, inf32),
        ((infinity, one), (0xFF, 1), 127, 0x3F80, inf32 | 1 << 31),
        ((infinity, one), (1, 1), 127, 0xBF80, inf32 | 1 << 31),
        ((infinity, infinity), (1, 0xFF), 127, 0x3F80, nan32),
        ((infinity, one), (0, 1), 127, 0x3F80, nan32),
        ((infinity, one), (1, 1), 127, 0, nan32),
        ((0x7E, one), (1, 1), 127, 0x3F80, nan32),
        ((one, one), (1, 1), 255, 0x3F80, nan32),
        ((one, one), (1, 1), 127, 0x7F80, inf32),
        ((one, one), (1, 0xFF), 127, 0x7F80, nan32),
        ((one, one), (1, 0xFF), 127, 0x3F80, 0),
        ((one, one), (1, 1), 127, 0, 0),
        ((one, one), (1, 1), 128, 0xBF80, 0xC0800000),
    ]
    for w, a, w_scale, a_scale, want in cases:
        codes = {"w": [w], "a": [a], "w_scale": [w_scale], "a_scale": [a_scale]}
        assert unit.outputs(codes)["acc"].tolist() == [want], (w, a, w_scale, a_scale)


def hard_terms(bits, count, seed):
    """Significands of all lengths up to ``bits``, and contents that almost cancel them."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, bits + 1, size=count).tolist()
    random = [int.from_bytes(rng.bytes(bits // 8 + 1), "big") for _ in range(count)]
    significand = [
        (value | 1 << bits) >> (bits + 8 - n) for value, n in zip(random, lengths, strict=True)
    ]
    exponents = rng.integers(-60, 60, size=count)
    near = [
        oracles.encode(oracles.Number(Fraction(s) * Fraction(2) ** int(e), True), 8, 23)
        for s, e in zip(significand, exponents, strict=True)
    ]
    acc = np.array(near) + rng.integers(-1, 2, size=count)
    acc = np.where(rng.random(count) < 0.2, rng.integers(0, 1 << 32, size=count), acc)
    term = Term(
        sign=np.zeros(count, dtype=np.bool_),
        significand=np.array(significand, dtype=object),
        shift=(exponents + 60).astype(np.int64),
        nan=np.zeros(count, dtype=np.bool_),
        infinite=np.zeros(count, dtype=np.bool_),
    )
    return acc & 0xFFFFFFFF, term


@pytest.mark.parametrize("bits", [61, 88, 200])
def test_wide_terms_are_added_exactly(bits):
    fmt = formats.scalar("fp32")
    acc, term = hard_terms(bits, 3000, bits)
    got = add_term(fmt, acc, term, -60).tolist()
    rows = zip(acc.tolist(), term.significand, term.shift.tolist(), strict=True)
    for i, (code, s, shift) in enumerate(rows):
        number = oracles.Number(Fraction(s) * Fraction(2) ** (shift - 60), False)
        assert got[i] == oracles.fraction_step("fp32", code, number)


def test_both_ways_of_adding_agree():
    fmt = formats.scalar("fp32")
    acc, term = hard_terms(60, 20_000, 5)
    narrow = add_term(fmt, acc, term.as_type(np.int64), -60)
    assert (narrow == add_term(fmt, acc, term, -60)).all()


def test_no_elements_give_no_sums():
    unit = parse("dot:w=mxfp4,a=mxfp4")
    codes = {o.name: np.zeros((0, 3, *o.trailing), dtype=np.int64) for o in unit.operands}
    assert unit.outputs(codes)["acc"].shape == (0, 3)

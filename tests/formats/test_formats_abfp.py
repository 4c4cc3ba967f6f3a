"""Adaptive block floating point against its formulas in Fractions."""

import dataclasses
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import abfp
from hwdse.formats.abfp import AbfpFormat

from .bad_input import check_arguments_of_encode, refused_name
from .fraction_model import ANY_ARRAY, DETERMINISTIC, arrays, exactly, runs, to_float, to_integer


def model(values, bits, mode):
    """Scale and codes of one tile of Fractions."""
    top = 2 ** (bits - 1) - 1
    scale = to_float(max(abs(v) for v in values), "bf16")
    codes = [min(max(to_integer(v / scale * top, mode), -top), top) for v in values]
    return scale, codes


def nearest_binary64(value):
    return value.numerator / value.denominator


def check(name, x, axis=-1, mode="nearest-even"):
    """Compares all of an array; gives how many values there were."""
    fmt = formats.get(name)
    coded = fmt.encode(x, mode, axis=axis)
    got = fmt.quantize(x, axis, rounding=mode)
    np.testing.assert_array_equal(fmt.decode(coded), got)
    integers = fmt.element.decode(coded.elements)
    top = 2 ** (fmt.bits - 1) - 1
    exact = exactly(x)
    for tile in runs(x.shape, axis, fmt.block):
        scale, codes = model([exact[i] for i in tile], fmt.bits, mode)
        assert [int(integers[i]) for i in tile] == codes
        assert [float(got[i]) for i in tile] == [nearest_binary64(c * scale / top) for c in codes]
    return x.size


@pytest.mark.parametrize("name", ["abfp8_32", "abfp2_5", "abfp6_8", "abfp16_128"])
@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_against_the_definition(name, mode):
    count = 0
    for seed, dtype in enumerate(["f4", "f8", "f2", "i4", "i8", "u8"]):
        count += check(name, arrays(seed, (2, 37), dtype), -1, mode)
    assert count == 6 * 2 * 37


@settings(deadline=None, max_examples=100)
@given(
    name=st.sampled_from(["abfp8_4", "abfp3_3", "abfp12_32"]),
    array=ANY_ARRAY,
    mode=st.sampled_from(DETERMINISTIC),
)
def test_any_array(name, array, mode):
    x, axis = array
    assert check(name, x, axis, mode) == x.size


@pytest.mark.parametrize("scale", [2.0**-130, 1.0, 1.5, 129 / 128, 2.0**100])
@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_ties_and_their_neighbours(scale, mode):
    # The numbers nearest to half-way marks, which binary64 does not hold, and what is next to them.
    marks = np.array([(k + 0.5) / 127 for k in range(127)]) * scale
    x = np.concatenate([[scale], marks, np.nextafter(marks, 1e300), np.nextafter(marks, -1e300)])
    x = np.concatenate([x, -x, np.arange(128) * scale / 127, [5e-324, -5e-324]])
    assert check("abfp8_4096", x, -1, mode) == x.size > 800


def test_exact_ties():
    # With 2 bits, L = 1: half of the scale lies half way.
    x = np.array([1.0, 0.5, -0.5, 0.5 + 2.0**-53, 0.5 - 2.0**-54])
    assert formats.get("abfp2_8").quantize(x).tolist() == [1, 0, 0, 1, 0]
    away = formats.get("abfp2_8").quantize(x, rounding="nearest-away")
    assert away.tolist() == [1, 1, -1, 1, 0]


def test_scales_round_to_nearest_and_significands_saturate():
    # 1 + 2**-8 - 2**-20 is nearer to 1 than to the next BF16 number.
    x = np.array([1 + 2.0**-8 - 2.0**-20, -1 - 2.0**-8 + 2.0**-20, 0.5])
    got = formats.get("abfp8_32").encode(x)
    assert formats.get("bf16").decode(got.scales).tolist() == [1.0]
    assert formats.get("int8").decode(got.elements).tolist() == [127, -127, 64]


def product(fmt, w, x, sw, sx):
    """The converted product of one pair of tiles, by the formula."""
    n, top = fmt.block, 2 ** (fmt.bits - 1) - 1
    most = 2 ** (fmt.output_bits - 1) - 1
    p = sum(Fraction(a, top) * Fraction(b, top) for a, b in zip(w, x, strict=True))
    level = min(max(to_integer(fmt.gain * p / Fraction(n, most)), -most), most)
    return nearest_binary64(level * Fraction(n, most) / fmt.gain * sw * sx)


@pytest.mark.parametrize(
    "name",
    [
        *("abfp8_32", "abfp8_32_g8", "abfp8_128_g64_o10", "abfp2_4_o2", "abfp16_8_g65536_o16"),
        *("abfp4_7_g2_o3", "abfp8_1_g128_o15"),
    ],
)
@pytest.mark.parametrize("axis", [0, 1])
def test_tile_products(name, axis):
    fmt = formats.get(name)
    rng = np.random.default_rng(1)
    shape = (70, 6) if axis == 0 else (6, 70)
    w, x = (fmt.encode(rng.standard_normal(shape), axis=axis) for _ in range(2))
    got = fmt.tile_products(w, x)
    assert got.shape == w.scales.shape
    codes = [fmt.element.decode(c.elements).astype(int) for c in (w, x)]
    scales = [fmt.scale.decode(c.scales) for c in (w, x)]
    count = 0
    for tile in runs(shape, axis, fmt.block):
        first = list(tile[0])
        first[axis] //= fmt.block
        sw, sx = (Fraction(s[tuple(first)]) for s in scales)
        a, b = ([int(c[i]) for i in tile] for c in codes)
        assert got[tuple(first)] == product(fmt, a, b, sw, sx)
        count += 1
    assert count == got.size == 6 * -(-70 // fmt.block)


def test_tile_products_clip_and_tie():
    # L = 1, n = 4, M = 3: a sum p gives round(p * 3 / 4) * 4 / 3, or with gain 4 round(3 p) / 3.
    ones = np.ones((5, 4))
    other = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [-1, -1, 0, 0], [-1, -1, -1, -1], [1, -1, 0, 0]])
    fmt, loud = formats.get("abfp2_4_o3"), formats.get("abfp2_4_g4_o3")
    got = fmt.tile_products(fmt.encode(ones), fmt.encode(other)).reshape(-1)
    # Two of four: 1.5, a tie, to the even 2.
    assert got.tolist() == [4, 8 / 3, -8 / 3, -4, 0]
    clipped = loud.tile_products(loud.encode(ones), loud.encode(other)).reshape(-1)
    assert clipped.tolist() == [1, 1, -1, -1, 0]


def test_enough_bits_make_the_product_exact():
    # n * L**2 <= M: the converter has a level for each sum.
    fmt = formats.get("abfp4_8_o16")
    rng = np.random.default_rng(2)
    w, x = (fmt.encode(rng.standard_normal((4, 64))) for _ in range(2))
    exact = (fmt.decode(w) * fmt.decode(x)).reshape(4, 8, 8).sum(axis=2)
    got = fmt.tile_products(w, x)
    step = 8 / 32767 * fmt.scale.decode(w.scales) * fmt.scale.decode(x.scales)
    assert (np.abs(got - exact) <= step / 2 * (1 + 1e-9)).all()


def test_gain_recovers_small_products():
    rng = np.random.default_rng(3)
    w, x = rng.standard_normal((2, 200, 128))
    exact = (w * x).sum(axis=1)
    errors = []
    for gain in (1, 8):
        fmt = formats.get("abfp8_128" + f"_g{gain}" * (gain > 1))
        got = fmt.tile_products(fmt.encode(w), fmt.encode(x))[:, 0]
        errors.append(float(np.sqrt(np.mean(np.square(got - exact)))))
    assert errors[1] < errors[0] / 4


def test_zero_nonfinite_and_empty():
    fmt = formats.get("abfp8_2")
    x = np.array([1.0, np.nan, 0.0, -0.0, np.inf, 1.0, 0.5])
    got = fmt.quantize(x)
    assert np.isnan(got).tolist() == [True] * 2 + [False] * 2 + [True] * 2 + [False]
    assert got[[2, 3, 6]].tolist() == [0, 0, 0.5]
    coded = fmt.encode(x)
    assert np.isnan(fmt.tile_products(coded, coded)).tolist() == [True, False, True, False]
    for shape in ((0,), (3, 0), (0, 4)):
        empty = fmt.encode(np.zeros(shape, np.float32))
        assert fmt.decode(empty).shape == shape
        assert fmt.tile_products(empty, empty).shape == empty.scales.shape
    assert float(fmt.quantize(np.float32(3.0))) == 3.0
    with pytest.raises(HwdseError, match="abfp8_2: a block whose largest magnitude is 1e\\+60"):
        fmt.quantize([1e60, 0.0])
    assert np.isnan(fmt.quantize([1e60, 0.0], overflow="nonfinite")).all()
    assert fmt.quantize([1e-300, 0.0]).tolist() == [0, 0]


def test_stochastic_is_unbiased_and_reproducible():
    fmt = formats.get("abfp8_20001")
    x = np.concatenate([[127.0], np.full(20_000, 5.3)])
    got = fmt.quantize(x, rounding="stochastic", seed=3)
    assert set(got[1:].tolist()) == {5, 6}
    assert abs(float(got[1:].mean()) - 5.3) < 0.02
    np.testing.assert_array_equal(fmt.quantize(x, rounding="stochastic", seed=3), got)


def test_plain_division_is_seen(monkeypatch):
    def plain(x, scales, factor, rounder):
        return np.rint(x / scales * factor)

    name, marks = "abfp8_4096", np.array([(k + 0.5) / 127 for k in range(127)])
    x = np.concatenate([[1.0], marks])
    assert check(name, x) == x.size
    monkeypatch.setattr(abfp, "_multiples", plain)
    with pytest.raises(AssertionError):
        check(name, x)


def test_a_wrong_converter_is_seen(monkeypatch):
    def floor(self, total):
        most = 2 ** (self.output_bits - 1) - 1
        top = 2 ** (self.bits - 1) - 1
        return np.clip(np.floor(total * self.gain * most / self.block / top**2), -most, most)

    monkeypatch.setattr(AbfpFormat, "_converted", floor)
    with pytest.raises(AssertionError):
        test_tile_products("abfp8_32_g8", 1)


def test_properties():
    fmt = formats.get("abfp8_32")
    assert (fmt.kind, fmt.bits, fmt.bits_per_value, fmt.block) == ("abfp", 8, 8.5, 32)
    assert (fmt.scale_format, fmt.gain, fmt.output_bits) == ("bf16", 1, 8)
    assert fmt.max == -fmt.min == formats.get("bf16").max
    assert fmt.element == formats.get("int8_sym")
    assert formats.get("abfp8_32_g1_o8") == fmt
    assert formats.get("abfp8_32_g2_o10").name == "abfp8_32_g2_o10"
    assert hash(fmt) == hash(formats.get("abfp8_32"))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("abfp1_32", "bits must be 2 to 16, not 1"),
        ("abfp17_32", "bits must be 2 to 16, not 17"),
        ("abfp8_0", "block must be 1 to 65536, not 0"),
        ("abfp8_65537", "block must be 1 to 65536, not 65537"),
        ("abfp8_32_g3", "the gain must be a power of two, 1 to 65536, not 3"),
        ("abfp8_32_g0", "the gain must be a power of two, 1 to 65536, not 0"),
        ("abfp8_32_o1", "output_bits must be 2 to 16, not 1"),
        ("abfp8", "unknown format 'abfp8'"),
        ("abfp8_32_o8_g2", "unknown format 'abfp8_32_o8_g2'"),
    ],
)
def test_bad_names(name, message):
    assert message in refused_name(name)


def test_bad_input():
    fmt = formats.get("abfp8_4")
    good = fmt.encode(np.ones((2, 8)))
    with pytest.raises(HwdseError, match="do not pair; give the same shape and axis"):
        fmt.tile_products(good, fmt.encode(np.ones((2, 4))))
    with pytest.raises(HwdseError, match="do not pair"):
        fmt.tile_products(good, fmt.encode(np.ones((2, 8)), axis=0))
    with pytest.raises(HwdseError, match="is not a code of int8_sym"):
        fmt.decode(dataclasses.replace(good, elements=np.full((2, 8), 128)))
    with pytest.raises(HwdseError, match="scales of elements of shape"):
        fmt.decode(dataclasses.replace(good, scales=np.zeros((2, 3), np.uint16)))
    check_arguments_of_encode(fmt)

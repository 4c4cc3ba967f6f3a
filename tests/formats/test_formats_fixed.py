"""Symmetric integers and fixed point, against the definition in Fractions."""

import math
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import IntegerFormat, Rounding

from .bad_input import refused_name
from .fraction_model import DETERMINISTIC, to_integer

NAMES = (
    *("int1", "int2", "int8", "int16", "uint1", "uint8", "uint16"),
    *("int2_sym", "int4_sym", "int8_sym", "int16_sym"),
    *("fixed1_1", "fixed8_4", "fixed8_6_sym", "fixed4_9", "fixed16_32", "fixed2_1_sym"),
    *("ufixed8_8", "ufixed1_32", "ufixed16_3"),
)


def meaning(name):
    """Bits, fraction bits, least and largest integer, from the name alone."""
    symmetric = name.endswith("_sym")
    stem = name.removesuffix("_sym")
    unsigned = stem.startswith("u")
    stem = stem.removeprefix("u").removeprefix("int").removeprefix("fixed")
    bits, _, fraction = stem.partition("_")
    bits, fraction = int(bits), int(fraction or 0)
    if unsigned:
        return bits, fraction, 0, 2**bits - 1
    return bits, fraction, -(2 ** (bits - 1)) + symmetric, 2 ** (bits - 1) - 1


def oracle(name, value, mode):
    """The value that a Fraction, or an infinity, becomes."""
    _, fraction, low, high = meaning(name)
    if value in (math.inf, -math.inf):
        return Fraction(high if value > 0 else low, 2**fraction)
    return Fraction(min(max(to_integer(value * 2**fraction, mode), low), high), 2**fraction)


def inputs(name):
    """Every value, midpoint, quarter and their neighbours, or a sample; and what is far beyond."""
    _, fraction, low, high = meaning(name)
    n = np.arange(4 * low - 8, 4 * high + 9, dtype=np.float64)
    if n.size > 100:
        n = np.concatenate([n[:40], n[-40:], np.random.default_rng(0).choice(n, 40)])
    x = np.ldexp(n, -2 - fraction)
    far = np.ldexp(1.0, np.arange(-70, 80, 7))
    ends = [0.0, np.inf, 1e308, 5e-324]
    x = np.concatenate([x, np.nextafter(x, np.inf), np.nextafter(x, -np.inf), far, ends])
    return np.concatenate([x, -x])


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_floats(name, mode):
    x = inputs(name)
    got = formats.get(name).quantize(x, rounding=mode)
    exact = [v if math.isinf(v) else Fraction(v) for v in x.tolist()]
    want = [oracle(name, v, mode) for v in exact]
    assert len(want) > 100
    assert [Fraction(v) for v in got.tolist()] == want
    assert not (np.signbit(got) & (got == 0)).any()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.int8, np.uint8, np.int64, np.uint64])
def test_integers(name, dtype):
    info = np.iinfo(dtype)
    powers = [s * 2**k + d for k in range(65) for d in (-1, 0, 1) for s in (-1, 1)]
    values = sorted({v for v in (*powers, *range(-128, 256)) if info.min <= v <= info.max})
    assert len(values) > 100
    x = np.array(values, dtype)
    for mode in Rounding:
        got = formats.get(name).quantize(x, rounding=mode, seed=0)
        want = [oracle(name, Fraction(v), Rounding.NEAREST_EVEN) for v in values]
        assert [Fraction(v) for v in got.tolist()] == want


@pytest.mark.parametrize("name", NAMES)
def test_every_code(name):
    bits, fraction, low, high = meaning(name)
    fmt = formats.get(name)
    codes = fmt.codes()
    values = fmt.decode(codes)
    # Exact: a power of two changes the exponent only.
    np.testing.assert_array_equal(np.sort(values) * 2.0**fraction, np.arange(low, high + 1))
    np.testing.assert_array_equal(fmt.encode(values), codes)
    u = fmt.unpack(codes)
    again = np.where(u.sign, -1, 1) * u.significand
    np.testing.assert_array_equal(np.ldexp(again.astype(float), u.exponent), values)
    assert (u.exponent == fmt.lsb_exponent).all()
    assert int(u.significand.max()).bit_length() == fmt.significand_bits
    assert (fmt.min, fmt.max) == (values.min(), values.max())
    assert fmt.min_normal == 2.0**-fraction
    assert (fmt.bits, fmt.bits_per_value, fmt.max_shift) == (bits, bits, 0)
    assert fmt.kind == ("fixed-point" if fraction else "integer")
    assert formats.get(fmt.name) == fmt


@pytest.mark.parametrize("name", ["int2", "int4", "uint2", "uint4"])
def test_decodes_as_ml_dtypes(name):
    fmt = formats.get(name)
    codes = fmt.codes()
    assert len(codes) == 2**fmt.bits
    theirs = codes.view(np.uint8).astype(getattr(ml_dtypes, name)).astype(np.float64)
    np.testing.assert_array_equal(fmt.decode(codes), theirs)


def test_the_code_left_out():
    fmt = formats.get("int8_sym")
    assert fmt.encode([-128.0, -1e9, -np.inf, -127.6]).tolist() == [129] * 4
    assert fmt.encode(np.array([-128, -(2**63)])).tolist() == [129] * 2
    assert len(fmt.codes()) == 255
    assert 128 not in fmt.codes()
    for codes in (128, -128, [[0, 1], [128, 2]]):
        with pytest.raises(HwdseError, match="is not a code of int8_sym; 'int8' has it"):
            fmt.decode(codes)
        with pytest.raises(HwdseError, match="most negative"):
            fmt.unpack(codes)
    with pytest.raises(HwdseError, match=r"128 at index \[1, 0\], the most"):
        fmt.bit_patterns([[0, 1], [128, 2]])
    assert fmt.decode([-127, 129]).tolist() == [-127, -127]


def test_stochastic_has_the_right_mean_and_neighbours():
    fmt = formats.get("fixed8_4")
    x = np.full(20_000, 1 + 5 / 64)
    got = fmt.quantize(x, rounding="stochastic", seed=1)
    assert set(got.tolist()) == {1 + 1 / 16, 1 + 2 / 16}
    assert abs(float(got.mean()) - x[0]) < 0.001
    np.testing.assert_array_equal(fmt.quantize(x, rounding="stochastic", seed=1), got)


@settings(deadline=None, max_examples=150)
@given(
    name=st.sampled_from(NAMES),
    values=st.lists(
        st.floats(allow_nan=False) | st.floats(-40, 40, width=16) | st.integers(-40, 40), max_size=6
    ),
    dtype=st.sampled_from(["f2", "f4", "f8", ">f2", ">f4", ">f8"]),
    mode=st.sampled_from(DETERMINISTIC),
    step=st.sampled_from([1, 2, -1]),
)
def test_any_array(name, values, dtype, mode, step):
    with np.errstate(over="ignore"):
        x = np.array(values, np.float64).astype(dtype)[::step]
    got = formats.get(name).quantize(x, rounding=mode)
    assert (got.shape, got.dtype) == (x.shape, np.float64)
    exact = [v if math.isinf(v) else Fraction(v) for v in x.tolist()]
    assert [Fraction(v) for v in got.tolist()] == [oracle(name, v, mode) for v in exact]


def test_a_wrong_shift_is_seen():
    x = inputs("fixed8_4")
    fmt = formats.get("fixed8_4")
    right = fmt.quantize(x)
    wrong = IntegerFormat(name="fixed8_4", bits=8, signed=True, fraction_bits=5)
    assert np.count_nonzero(wrong.quantize(x) != right) > 100
    asymmetric = formats.get("int8_sym").quantize(inputs("int8"))
    assert np.count_nonzero(asymmetric != formats.get("int8").quantize(inputs("int8"))) > 10


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("int1_sym", "a symmetric integer has 2 bits at least, not 1"),
        ("uint8_sym", "only signed integers can be symmetric"),
        ("ufixed8_4_sym", "only signed integers can be symmetric"),
        ("int17_sym", "integers have 1 to 16 bits, not 17"),
        ("fixed0_0", "integers have 1 to 16 bits, not 0"),
        ("fixed17_4", "integers have 1 to 16 bits, not 17"),
        ("fixed8_33", "fraction bits are 0 to 32, not 33"),
        ("fixed8", "unknown format 'fixed8'"),
        ("fixed08_4", "unknown format 'fixed08_4'"),
        ("fixed8_04", "unknown format 'fixed8_04'"),
        ("int8_asym", "unknown format 'int8_asym'"),
    ],
)
def test_bad_names(name, message):
    assert message in refused_name(name)


def test_bad_parameters():
    with pytest.raises(HwdseError, match="fraction_bits must be 0 to 32, not -1"):
        IntegerFormat(name="x", bits=8, signed=True, fraction_bits=-1)
    with pytest.raises(HwdseError, match="bits must be 2 to 32, not 1"):
        IntegerFormat(name="x", bits=1, signed=True, symmetric=True)
    with pytest.raises(HwdseError, match="only signed integers can be symmetric"):
        IntegerFormat(name="x", bits=8, signed=False, symmetric=True)


def test_no_fraction_bits_is_the_integer():
    assert formats.get("fixed8_0") == formats.get("int8")
    assert formats.get("fixed8_0_sym") == formats.get("int8_sym")
    assert formats.get("ufixed3_0") == formats.get("uint3")


def test_widest():
    wide = IntegerFormat(name="x", bits=32, signed=True, fraction_bits=32)
    x = np.array([0.5, -0.5, -0.50000001, 0.49999999999, 2.0**-33, 3 * 2.0**-33])
    got = [Fraction(v) * 2**32 for v in wide.quantize(x).tolist()]
    want = [min(max(round(Fraction(v) * 2**32), -(2**31)), 2**31 - 1) for v in x.tolist()]
    assert got == want
    assert wide.quantize(np.array([1, -1, 0])).tolist() == [0.5 - 2.0**-32, -0.5, 0]

import math
from fractions import Fraction

import gfloat
import numpy as np
import pytest

from hwdse import formats

from . import oracles
from .oracles import minifloat


@pytest.mark.parametrize("name", oracles.ML_DTYPES)
def test_every_code_decodes_as_in_ml_dtypes(name):
    fmt = minifloat(name)
    codes = np.arange(1 << fmt.bits).astype(oracles.code_width(fmt.bits))
    assert codes.size == {"e3m2": 64, "e2m3": 64, "e2m1": 16, "bf16": 65536}.get(name, 256)
    with np.errstate(invalid="ignore"):
        want = codes.view(oracles.ML_DTYPES[name]).astype(np.float64)
    got = fmt.decode(codes)
    assert oracles.mismatches(got, want) == 0
    # NaNs keep their sign, too.
    np.testing.assert_array_equal(np.signbit(got), np.signbit(want))


@pytest.mark.parametrize("name", [*oracles.GFLOAT, *oracles.FINITE_ONLY])
def test_every_code_decodes_as_in_gfloat(name):
    fmt = minifloat(name)
    info = oracles.gfloat_info(name)
    assert (fmt.bits, fmt.max, fmt.min) == (info.bits, info.max, info.min)
    if not info.has_subnormals:
        assert fmt.min_normal == oracles.gfloat_least(info)
        assert fmt.min_subnormal is None
    else:
        assert fmt.min_normal == info.smallest_normal
        if fmt.mantissa_bits:
            assert fmt.min_subnormal == info.smallest_subnormal
    codes = fmt.codes().astype(np.int64) if fmt.bits <= 16 else sampled_codes()
    assert codes.size == (1 << fmt.bits if fmt.bits <= 16 else 200_000)
    want = gfloat.decode_ndarray(info, codes)
    assert oracles.mismatches(fmt.decode(codes), want) == 0


def sampled_codes():
    return np.random.default_rng(oracles.SEED).integers(0, 1 << 32, 200_000)


def test_fp16_and_fp32_decode_as_in_numpy():
    codes = np.arange(1 << 16, dtype=np.uint16)
    with np.errstate(invalid="ignore"):
        want = codes.view(np.float16).astype(np.float64)
    assert oracles.mismatches(formats.get("fp16").decode(codes), want) == 0
    codes = sampled_codes().astype(np.uint32)
    with np.errstate(invalid="ignore"):
        want = codes.view(np.float32).astype(np.float64)
    assert oracles.mismatches(formats.get("fp32").decode(codes), want) == 0


def test_every_small_exmy_decodes_by_its_definition():
    compared = 0
    for name in oracles.ALL_EXMY:
        fmt = minifloat(name)
        if fmt.bits > 11 or name in {"e4m3", "e5m2"}:
            continue
        table = oracles.fraction_table(fmt.exponent_bits, fmt.mantissa_bits)
        positive = [float(v) for v in table]
        want = np.array(positive + [-v for v in positive])
        assert oracles.mismatches(fmt.decode(fmt.codes()), want) == 0
        compared += want.size
    assert compared == 35_844


@pytest.mark.parametrize("bits", range(1, 17))
def test_every_integer_code(bits):
    codes = np.arange(1 << bits)
    signed, unsigned = formats.get(f"int{bits}"), formats.get(f"uint{bits}")
    np.testing.assert_array_equal(unsigned.decode(codes), codes)
    want = [int.from_bytes(_sign_extended(int(c), bits), "little", signed=True) for c in codes]
    np.testing.assert_array_equal(signed.decode(codes), want)
    assert (signed.min, signed.max) == (min(want), max(want))
    assert (unsigned.min, unsigned.max) == (0, len(want) - 1)
    # Negative integers are taken for themselves.
    np.testing.assert_array_equal(signed.decode(np.array(want)), want)


def _sign_extended(code, bits):
    fill = (-1 << bits) if code >> (bits - 1) else 0
    return ((code | fill) & 0xFFFFFFFF).to_bytes(4, "little")


def test_int8_decodes_as_in_numpy_and_gfloat():
    codes = np.arange(256, dtype=np.uint8)
    fmt = formats.get("int8")
    np.testing.assert_array_equal(fmt.decode(codes), codes.view(np.int8))
    np.testing.assert_array_equal(fmt.decode(codes.view(np.int8)), codes.view(np.int8))
    scaled = gfloat.decode_ndarray(gfloat.formats.format_info_ocp_int8, codes.astype(np.int64))
    np.testing.assert_array_equal(fmt.decode(codes), scaled * 64)


@pytest.mark.parametrize(
    "name",
    [
        *("int1", "int4", "int11", "uint1", "uint7", "e4m3", "e5m2", "e1m2", "e3m0", "fp16"),
        *("e4m3_fnuz", "ue5m3", "ue3m4_ieee", "e8m0", "e4m3_nosub", "e5m2_b9_nosub"),
    ],
)
def test_unpack_is_the_value(name):
    fmt = formats.get(name)
    codes = fmt.codes()
    u, values = fmt.unpack(codes), fmt.decode(codes)
    assert u.sign.dtype == u.nan.dtype == u.infinite.dtype == np.bool_
    assert u.significand.dtype == u.exponent.dtype == np.int64
    np.testing.assert_array_equal(u.nan, np.isnan(values))
    np.testing.assert_array_equal(u.infinite, np.isinf(values))
    np.testing.assert_array_equal(u.sign, np.signbit(values))
    assert not u.significand[u.nan | u.infinite].any()
    assert (u.significand >= 0).all()
    finite = np.flatnonzero(~(u.nan | u.infinite))
    for i in finite[:: 1 + finite.size // 5000]:
        exact = (-1) ** int(u.sign[i]) * int(u.significand[i]) * Fraction(2) ** int(u.exponent[i])
        assert exact == Fraction(float(values[i]))


def test_unpack_has_the_hidden_bit_and_does_not_normalise():
    u = formats.get("e4m3").unpack([0x00, 0x01, 0x07, 0x08, 0x7E, 0xFF])
    assert u.significand.tolist() == [0, 1, 7, 8, 14, 0]
    assert u.exponent[:5].tolist() == [-9, -9, -9, -9, 5]
    assert u.nan.tolist() == [False] * 5 + [True]
    assert u.sign.tolist() == [False] * 5 + [True]


@pytest.mark.parametrize(
    ("name", "largest", "normal", "subnormal"),
    [
        ("e4m3", 448, 2**-6, 2**-9),
        ("e5m2", 57344, 2**-14, 2**-16),
        ("e3m2", 28, 0.25, 0.0625),
        ("e2m3", 7.5, 1, 0.125),
        ("e2m1", 6, 1, 0.5),
        ("fp16", 65504, 2**-14, 2**-24),
        ("bf16", float(np.uint32(0x7F7F0000).view(np.float32)), 2**-126, 2**-133),
        ("fp32", float(np.finfo(np.float32).max), 2**-126, 2**-149),
        ("e3m0", 16, 0.25, None),
        ("e1m0", 2, 2, None),
        ("e8m3", 2.0**129 - 2.0**125, 2**-126, 2**-129),
        ("e4m3_ieee", 240, 2**-6, 2**-9),
        ("e3m4_ieee", 15.5, 0.25, 2**-6),
        ("e4m3_fnuz", 240, 2**-7, 2**-10),
        ("e4m3_b11_fnuz", 30, 2**-10, 2**-13),
        ("e5m2_fnuz", 57344, 2**-15, 2**-17),
        ("e4m3_nosub", 448, 1.125 * 2**-7, None),
    ],
)
def test_published_limits(name, largest, normal, subnormal):
    fmt = formats.get(name)
    assert (fmt.max, fmt.min) == (largest, -largest)
    assert fmt.min_normal == normal
    assert fmt.min_subnormal == subnormal
    assert fmt.bits_per_value == fmt.bits
    assert fmt.kind == "minifloat"
    assert fmt.signed
    assert math.isfinite(fmt.max)


@pytest.mark.parametrize(
    ("name", "bits", "least", "largest", "normal", "subnormal"),
    [
        ("ue4m3", 7, 0, 448, 2**-6, 2**-9),
        ("ue5m3", 8, 0, 114688, 2**-14, 2**-17),
        ("e8m0", 8, 2**-127, 2.0**127, 2**-127, None),
        ("e8m0_b100", 8, 2**-100, 2.0**154, 2**-100, None),
        ("ue3m4_ieee", 7, 0, 15.5, 0.25, 2**-6),
    ],
)
def test_published_limits_without_sign(name, bits, least, largest, normal, subnormal):
    fmt = formats.get(name)
    assert (fmt.bits, fmt.min, fmt.max) == (bits, least, largest)
    assert (fmt.min_normal, fmt.min_subnormal) == (normal, subnormal)
    assert not fmt.signed


def test_values_of_e8m0():
    fmt = formats.get("e8m0")
    values = fmt.decode(fmt.codes())
    np.testing.assert_array_equal(values[:-1], np.ldexp(1.0, np.arange(255) - 127))
    assert np.isnan(values[255])
    assert fmt.lsb_exponent == -127
    assert fmt.max_shift == 254


@pytest.mark.parametrize("name", [n for n in formats.names() if formats.get(n).kind == "minifloat"])
def test_operand_decoders_have_room_for_every_finite_code(name):
    fmt = minifloat(name)
    codes = fmt.codes() if fmt.bits <= 16 else sampled_codes()
    u = fmt.unpack(codes)
    finite = ~(u.nan | u.infinite)
    shift = u.exponent[finite] - fmt.lsb_exponent
    assert shift.min() == 0
    assert shift.max() == fmt.max_shift
    assert int(u.significand.max()).bit_length() == fmt.significand_bits
    assert np.count_nonzero(~finite) == 0 or "NaN" in fmt.specials

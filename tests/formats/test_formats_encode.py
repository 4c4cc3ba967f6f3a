import numpy as np
import pytest

from hwdse import formats

from . import oracles
from .oracles import minifloat

ROUNDINGS = ("nearest-even", "nearest-away", "toward-zero")


@pytest.mark.parametrize("name", oracles.ML_DTYPES)
def test_float32_inputs_as_in_ml_dtypes(name):
    fmt = minifloat(name)
    x = oracles.float32_inputs(name)
    if fmt.nan_code is None:
        x = x[~np.isnan(x)]
    assert x.size > 1_100_000
    assert oracles.against_ml_dtypes(fmt, name, x) == 0


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize("name", [*oracles.GFLOAT, *oracles.FINITE_ONLY])
def test_both_widths_as_in_gfloat(name, rounding):
    fmt = minifloat(name)
    x32, x64 = oracles.float32_inputs(name), oracles.float64_inputs(name)
    if rounding != "nearest-even" or name in oracles.FINITE_ONLY:
        x32 = x32[:-900_000]
    if fmt.nan_code is None:
        x32 = x32[~np.isnan(x32)]
    assert x64.size > 100_000
    assert x32.size > 220_000
    for overflow in ("saturate", "nonfinite")[: 1 if fmt.nan_code is None else 2]:
        for x in (x32, x64):
            assert oracles.against_gfloat(fmt, name, x, rounding, overflow) == 0


@pytest.mark.parametrize("name", ["fp16", "fp32"])
def test_ieee_formats_as_numpy_casts(name):
    fmt = minifloat(name)
    dtype, code = (np.float16, np.uint16) if name == "fp16" else (np.float32, np.uint32)
    compared = 0
    for x in (oracles.float32_inputs(name), oracles.float64_inputs(name)):
        numbers = x[~np.isnan(x)]
        with np.errstate(over="ignore"):
            want = numbers.astype(dtype).view(code)
        assert oracles.code_mismatches(fmt.encode(numbers, overflow="nonfinite"), want) == 0
        compared += want.size
    assert compared > 1_300_000


def test_float16_inputs_go_the_same_way():
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    x = x[~np.isnan(x)]
    assert x.size == 65536 - 2046
    for name in ("e4m3", "e2m1", "int8", "fp16", "fp32"):
        fmt = formats.get(name)
        assert oracles.code_mismatches(fmt.encode(x), fmt.encode(x.astype(np.float64))) == 0


@pytest.mark.parametrize("name", [*oracles.GFLOAT, *oracles.FINITE_ONLY])
@pytest.mark.parametrize("rounding", ROUNDINGS)
def test_representable_values_keep_their_codes(name, rounding):
    fmt = minifloat(name)
    codes = fmt.codes() if fmt.bits <= 16 else np.arange(0, 1 << 32, 65521).astype(np.uint32)
    values = fmt.decode(codes)
    numbers = ~np.isnan(values)
    overflow = "saturate" if fmt.nan_code is None else "nonfinite"
    got = fmt.encode(values[numbers], rounding, overflow)
    assert oracles.code_mismatches(got, codes[numbers]) == 0


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "fp16", "bf16", "fp32"])
def test_every_nan_becomes_the_canonical_one_and_keeps_its_sign(name):
    fmt = minifloat(name)
    canonical = {
        "e4m3": 0x7F,
        "e5m2": 0x7E,
        "fp16": 0x7E00,
        "bf16": 0x7FC0,
        "fp32": 0x7FC00000,
    }[name]
    signalling = np.array([0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFC00000], np.uint32)
    for overflow in ("saturate", "nonfinite"):
        got = fmt.encode(signalling.view(np.float32), overflow=overflow)
        top = 1 << (fmt.bits - 1)
        assert got.tolist() == [canonical, canonical | top, canonical, canonical | top]


def test_overflow_of_e4m3_and_e5m2():
    x = np.array([448, 464, np.nextafter(464, 465), 480, 1e300, np.inf])
    e4m3 = formats.get("e4m3")
    assert e4m3.encode(x).tolist() == [0x7E] * 6
    assert e4m3.encode(x, overflow="nonfinite").tolist() == [0x7E] * 2 + [0x7F] * 4
    assert e4m3.encode(-x, overflow="nonfinite").tolist() == [0xFE] * 2 + [0xFF] * 4
    assert e4m3.encode(x, "nearest-away", "nonfinite").tolist() == [0x7E] + [0x7F] * 5
    assert e4m3.encode(x, "toward-zero", "nonfinite").tolist() == [0x7E] * 5 + [0x7F]
    x = np.array([57344, np.nextafter(61440, 0), 61440, 1e300, -np.inf])
    e5m2 = formats.get("e5m2")
    assert e5m2.encode(x, overflow="nonfinite").tolist() == [0x7B, 0x7B, 0x7C, 0x7C, 0xFC]
    assert e5m2.encode(x).tolist() == [0x7B] * 4 + [0xFB]


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "bf16", "fp16"])
def test_no_double_rounding(name):
    # Just above a tie, by less than binary32 can tell: rounding to it first would go down.
    fmt = minifloat(name)
    half_ulp = 2.0 ** (-fmt.mantissa_bits - 1)
    x = np.array([1 + half_ulp + 2.0**-40, 1 + half_ulp, 1 + half_ulp - 2.0**-40])
    assert fmt.quantize(x).tolist() == [1 + 2 * half_ulp, 1, 1]
    assert fmt.quantize(-x).tolist() == [-1 - 2 * half_ulp, -1, -1]


def test_no_double_rounding_of_integers():
    assert formats.get("bf16").quantize(np.int64(16973823)) == 16908288
    # 2**62 + 2**38 is a tie in binary32, and binary64 does not hold one more than that.
    tie = 2**62 + 2**38
    fp32 = formats.get("fp32")
    x = np.array([tie - 1, tie, tie + 1, tie + 2**39 - 1, tie + 2**39, -(2**63)])
    assert x.dtype == np.int64
    up = 2.0**62 + 2.0**39
    assert fp32.quantize(x).tolist() == [2.0**62, 2.0**62, up, up, up + 2.0**39, -(2.0**63)]
    x = np.array([2**64 - 1, 2**64 - 2**39, 2**64 - 2**39 - 1], np.uint64)
    assert fp32.quantize(x).tolist() == [2.0**64, 2.0**64, 2.0**64 - 2.0**40]
    assert fp32.quantize(np.array([0, 1, 255], np.uint8)).tolist() == [0, 1, 255]


def test_zeros_keep_their_sign():
    tiny = np.array([0.0, -0.0, 5e-324, -5e-324, 1e-30, -1e-30])
    for name in ("e2m1", "e4m3", "e5m2", "e3m0", "fp16"):
        fmt = formats.get(name)
        top = 1 << (fmt.bits - 1)
        assert fmt.encode(tiny).tolist() == [0, top] * 3
        assert np.signbit(fmt.quantize(tiny)).tolist() == [False, True] * 3


@pytest.mark.parametrize("name", ["int8", "uint3", "e4m3", "fp16", "fp32"])
def test_shapes_and_layouts(name):
    fmt = formats.get(name)
    width = oracles.code_width(fmt.bits)
    x = np.arange(-60, 60, dtype=np.float64).reshape(4, 5, 6) / 3
    codes = fmt.encode(x)
    assert codes.dtype == width
    for view in (x[::2, ::-1], x.T, np.asfortranarray(x), x.astype(">f8"), x[:, :0]):
        got = fmt.encode(view)
        assert got.shape == view.shape
        np.testing.assert_array_equal(got, fmt.encode(np.ascontiguousarray(view, np.float64)))
        back = fmt.decode(got)
        assert back.shape == view.shape
        assert back.dtype == np.float64
        np.testing.assert_array_equal(back, fmt.quantize(view, axis=0))
    np.testing.assert_array_equal(fmt.decode(codes.T), fmt.decode(codes).T)
    scalar = fmt.encode(1.0)
    assert isinstance(scalar, np.ndarray)
    assert (scalar.shape, scalar.dtype) == ((), width)
    assert fmt.decode(scalar).shape == fmt.unpack(scalar).significand.shape == ()
    assert fmt.decode(scalar) == 1
    assert fmt.encode(np.int32(1)).shape == ()
    assert fmt.encode([]).shape == (0,)
    assert fmt.encode([1, 0, 1]).tolist() == fmt.encode([1.0, 0.0, 1.0]).tolist()


def test_large_arrays_are_seamless_across_chunks():
    fmt = formats.get("e4m3")
    x = np.random.default_rng(1).standard_normal(100_003)
    whole = fmt.encode(x)
    pieces = np.concatenate([fmt.encode(x[i : i + 777]) for i in range(0, x.size, 777)])
    assert oracles.code_mismatches(whole, pieces) == 0


def test_decoding_does_not_hand_out_shared_memory():
    fmt = formats.get("e2m1")
    values = fmt.decode(fmt.codes())
    values[:] = 99
    assert fmt.decode([1]).tolist() == [0.5]

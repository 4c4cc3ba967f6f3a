import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError

from . import oracles
from .oracles import minifloat

STANDARD = ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "e8m0", "fp16", "bf16", "fp32")
OTHERS = tuple(n for n in (*oracles.GFLOAT, *oracles.FINITE_ONLY) if n not in STANDARD)


@pytest.mark.parametrize("name", oracles.ML_DTYPES)
def test_float32_inputs_as_in_ml_dtypes(name):
    fmt = minifloat(name)
    x = oracles.float32_inputs(name)
    if fmt.nan_code is None:
        x = x[~np.isnan(x)]
    assert x.size > 1_100_000
    assert oracles.against_ml_dtypes(fmt, name, x) == 0


def gfloat_mismatches(name, rounding, *inputs):
    fmt = minifloat(name)
    if fmt.nan_code is None:
        inputs = [x[~np.isnan(x)] for x in inputs]
    return [
        oracles.against_gfloat(fmt, name, x, rounding, overflow)
        for overflow in ("saturate", "nonfinite")[: 1 if fmt.nan_code is None else 2]
        for x in inputs
    ]


@pytest.mark.parametrize("rounding", oracles.GFLOAT_ROUNDING)
@pytest.mark.parametrize("name", STANDARD)
def test_both_widths_as_in_gfloat(name, rounding):
    x32, x64 = oracles.float32_inputs(name), oracles.float64_inputs(name)
    if rounding != "nearest-even":
        x32, x64 = x32[::8], x64[::2]
    assert x64.size > 50_000
    assert x32.size > 130_000
    assert not any(gfloat_mismatches(name, rounding, x32, x64))


@pytest.mark.slow
@pytest.mark.parametrize("rounding", oracles.GFLOAT_ROUNDING)
@pytest.mark.parametrize("name", [*STANDARD, *OTHERS])
def test_a_million_of_both_widths_as_in_gfloat(name, rounding):
    x32, x64 = oracles.float32_inputs(name), oracles.float64_inputs(name)
    assert x32.size > 1_000_000
    # As binary64, what is rounded is not short of bits.
    wide = np.random.default_rng(oracles.SEED).choice(x64, 1_000_000)
    with np.errstate(over="ignore"):
        wide *= 1 + np.random.default_rng(1).uniform(-1e-9, 1e-9, wide.size)
    assert not any(gfloat_mismatches(name, rounding, x32, wide))


@pytest.mark.parametrize("rounding", oracles.GFLOAT_ROUNDING)
@pytest.mark.parametrize("name", OTHERS)
def test_further_formats_as_in_gfloat(name, rounding):
    x = oracles.float64_inputs(name)[::4]
    assert x.size > 25_000
    assert not any(gfloat_mismatches(name, rounding, x))


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
    for name in ("e4m3", "e2m1", "int8", "fp16", "fp32", "e4m3_fnuz", "ue5m3", "e8m0"):
        fmt = formats.get(name)
        assert oracles.code_mismatches(fmt.encode(x), fmt.encode(x.astype(np.float64))) == 0


@pytest.mark.parametrize("name", [*oracles.GFLOAT, *oracles.FINITE_ONLY])
@pytest.mark.parametrize("rounding", oracles.DETERMINISTIC)
def test_representable_values_keep_their_codes(name, rounding):
    fmt = minifloat(name)
    codes = fmt.codes() if fmt.bits <= 16 else np.arange(0, 1 << 32, 65521).astype(np.uint32)
    values = fmt.decode(codes)
    numbers = ~np.isnan(values)
    assert np.count_nonzero(numbers) >= 4
    overflow = "saturate" if fmt.nan_code is None else "nonfinite"
    got = fmt.encode(values[numbers], rounding, overflow)
    assert oracles.code_mismatches(got, codes[numbers]) == 0


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "fp16", "bf16", "fp32", "e4m3_ieee"])
def test_every_nan_becomes_the_canonical_one_and_keeps_its_sign(name):
    fmt = minifloat(name)
    canonical = {
        "e4m3": 0x7F,
        "e5m2": 0x7E,
        "fp16": 0x7E00,
        "bf16": 0x7FC0,
        "fp32": 0x7FC00000,
        "e4m3_ieee": 0x7C,
    }[name]
    signalling = np.array([0x7F800001, 0xFF800001, 0x7FFFFFFF, 0xFFC00000], np.uint32)
    for overflow in ("saturate", "nonfinite"):
        got = fmt.encode(signalling.view(np.float32), overflow=overflow)
        top = 1 << (fmt.bits - 1)
        assert got.tolist() == [canonical, canonical | top, canonical, canonical | top]


@pytest.mark.parametrize(
    ("name", "code"), [("e4m3_fnuz", 0x80), ("ue4m3", 0x7F), ("ue3m4_ieee", 0x78), ("e8m0", 0xFF)]
)
def test_nans_where_they_have_no_sign(name, code):
    for x in ([np.nan, -np.nan], np.array([np.nan, -np.nan], np.float32)):
        for overflow in ("saturate", "nonfinite"):
            for rounding in oracles.DETERMINISTIC:
                assert minifloat(name).encode(x, rounding, overflow).tolist() == [code, code]


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


def test_overflow_in_directed_rounding():
    # IEEE 754-2019, section 7.4: away from zero to infinity, towards it to the largest number.
    x = np.array([57345, -57345, 1e300, -1e300, np.inf, -np.inf])
    fmt = formats.get("e5m2")
    top, infinity, sign = 0x7B, 0x7C, 0x80
    for rounding, want in {
        "toward-positive": [infinity, top | sign] * 2,
        "toward-negative": [top, infinity | sign] * 2,
        "toward-zero": [top, top | sign] * 2,
        "to-odd": [top, top | sign] * 2,
    }.items():
        got = fmt.encode(x, rounding, "nonfinite").tolist()
        assert got == [*want, infinity, infinity | sign]
        assert fmt.encode(x, rounding).tolist() == [top, top | sign] * 3


def test_to_odd_lets_a_second_rounding_be_as_if_it_were_the_only_one():
    rng = np.random.default_rng(7)
    x = np.concatenate(
        [
            np.ldexp(rng.standard_normal(100_000), rng.integers(-12, 10, 100_000)),
            oracles.float64_inputs("e4m3"),
        ]
    )
    x = x[np.isfinite(x) & ((np.abs(x) > 2.0**-120) | (x == 0))]
    assert x.size > 200_000
    once = formats.get("e4m3").encode(x)
    through = formats.get("bf16").quantize(x, rounding="to-odd")
    np.testing.assert_array_equal(formats.get("e4m3").encode(through), once)
    twice = formats.get("e4m3").encode(formats.get("bf16").quantize(x))
    assert np.count_nonzero(twice != once) > 100


def test_negative_numbers_without_a_sign():
    x = np.array([-0.0, -1e-30, -(2.0**-10), -(2.0**-9), -1, -1e300, -np.inf])
    fmt = formats.get("ue4m3")
    for rounding in oracles.DETERMINISTIC:
        assert fmt.encode(x, rounding).tolist() == [0] * 7
    # Half the least step is a tie, which goes to zero or not.
    assert fmt.encode(x, overflow="nonfinite").tolist() == [0] * 3 + [0x7F] * 4
    assert fmt.encode(x, "nearest-away", "nonfinite").tolist() == [0] * 2 + [0x7F] * 5
    assert fmt.encode(x, "toward-negative", "nonfinite").tolist() == [0] + [0x7F] * 6
    assert fmt.encode(x, "toward-positive", "nonfinite").tolist() == [0] * 3 + [0x7F] * 4
    ints = np.array([-(2**63), -1, 0, 1, 448, 449, 2**62])
    assert fmt.quantize(ints).tolist() == [0, 0, 0, 1, 448, 448, 448]
    # Not even under nonfinite is there a minus infinity.
    ieee = formats.get("ue3m4_ieee")
    assert ieee.encode([-np.inf, np.inf, 15.75], overflow="nonfinite").tolist() == [
        ieee.nan_code,
        ieee.infinity_code,
        ieee.infinity_code,
    ]


def test_e8m0():
    fmt = formats.get("e8m0")
    x = np.array([0, -0.0, -1, -np.inf, 5e-324, 2.0**-130, 2.0**-127, 1.5, 3, 2.0**127, 1e300])
    least, nan = 0, 0xFF
    saturated = [least] * 4 + [0, 0, 0, 128, 128, 254, 254]
    assert fmt.encode(x).tolist() == saturated
    # Without a zero, what cannot be is NaN, as in ml_dtypes; but there it rounds half up.
    assert fmt.encode(x, overflow="nonfinite").tolist() == [nan] * 4 + saturated[4:-1] + [nan]
    away = [*saturated[:8], 129, *saturated[9:]]
    assert fmt.encode(x, "nearest-away").tolist() == away
    assert fmt.encode([1.5, 3.0], "toward-zero").tolist() == [127, 128]
    assert fmt.encode([1.0, 1.001, 3.0], "toward-positive").tolist() == [127, 128, 129]
    assert fmt.quantize(np.array([-5, 0, 1, 3, 1000])).tolist() == [2.0**-127] * 2 + [1, 2, 1024]


def test_where_ml_dtypes_differs():
    # e8m0: ties up, and every binary32 subnormal above its least value up.
    x = np.array([3.0, 1.01 * 2.0**-127, 1.51 * 2.0**-127], np.float32)
    theirs = x.astype(oracles.ML_DTYPES["e8m0"]).view(np.uint8)
    assert theirs.tolist() == [129, 1, 1]
    assert formats.get("e8m0").encode(x).tolist() == [128, 0, 1]
    # binary64 and integers: they round to binary32 first, and then again.
    x = np.array([1 + 2.0**-4 + 2.0**-40])
    assert x.astype(oracles.ML_DTYPES["e4m3"]).astype(float).tolist() == [1]
    assert formats.get("e4m3").quantize(x).tolist() == [1.125]
    # NaN into a format without: a negative zero; here it is refused.
    with np.errstate(invalid="ignore"):
        zero = np.array([np.nan]).astype(oracles.ML_DTYPES["e2m1"]).astype(np.float32)
    assert zero == 0
    with pytest.raises(HwdseError, match="e2m1 has no NaN"):
        formats.get("e2m1").encode([np.nan])


@pytest.mark.parametrize("name", ["e4m3_fnuz", "e4m3_b11_fnuz", "e5m2_fnuz"])
def test_fnuz_has_no_negative_zero(name):
    fmt = formats.get(name)
    tiny = np.array([0.0, -0.0, 1e-30, -1e-30, -fmt.min_subnormal / 2, -fmt.min_subnormal])
    assert fmt.encode(tiny).tolist() == [0, 0, 0, 0, 0, 0x81]
    assert not np.signbit(fmt.quantize(tiny)[:-1]).any()
    beyond = [fmt.max * 2, -fmt.max * 2, np.inf, -np.inf]
    assert fmt.encode(beyond).tolist() == [0x7F, 0xFF] * 2
    assert fmt.encode(beyond, overflow="nonfinite").tolist() == [0x80] * 4
    assert fmt.encode(beyond, "toward-zero", "nonfinite").tolist() == [0x7F, 0xFF, 0x80, 0x80]


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
    for name in ("e2m1", "e4m3", "e5m2", "e3m0", "fp16", "e4m3_nosub"):
        fmt = formats.get(name)
        top = 1 << (fmt.bits - 1)
        assert fmt.encode(tiny).tolist() == [0, top] * 3
        assert np.signbit(fmt.quantize(tiny)).tolist() == [False, True] * 3


@pytest.mark.parametrize("name", ["int8", "uint3", "e4m3", "fp16", "fp32", "ue5m3"])
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

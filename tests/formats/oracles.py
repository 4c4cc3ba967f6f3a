"""Values and codes computed by others than hwdse, the inputs, and the comparisons."""

from __future__ import annotations

import bisect
import functools
from fractions import Fraction

import gfloat
import gfloat.formats
import ml_dtypes
import numpy as np

from hwdse import formats
from hwdse.formats import Minifloat, Rounding

SEED = 20240229
RANDOM_VECTORS = 1_000_000

ML_DTYPES = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "bf16": ml_dtypes.bfloat16,
    "e3m4_ieee": ml_dtypes.float8_e3m4,
    "e4m3_ieee": ml_dtypes.float8_e4m3,
    "e4m3_fnuz": ml_dtypes.float8_e4m3fnuz,
    "e4m3_b11_fnuz": ml_dtypes.float8_e4m3b11fnuz,
    "e5m2_fnuz": ml_dtypes.float8_e5m2fnuz,
    "e8m0": ml_dtypes.float8_e8m0fnu,
}


def _info(name, bits, mantissa_bits, bias, **others):
    usual = {
        "is_signed": True,
        "domain": gfloat.Domain.Finite,
        "has_nz": True,
        "num_high_nans": 0,
        "has_subnormals": True,
        "is_twos_complement": False,
    }
    return gfloat.FormatInfo(name, bits, mantissa_bits + 1, bias=bias, **(usual | others))


def _ieee(mantissa_bits):
    return {"domain": gfloat.Domain.Extended, "num_high_nans": 2**mantissa_bits - 1}


# Those that gfloat brings, and those that it can be told.
GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "fp16": gfloat.formats.format_info_binary16,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp32": gfloat.formats.format_info_binary32,
    "e8m0": gfloat.formats.format_info_ocp_e8m0,
    "e3m4_ieee": _info("e3m4_ieee", 8, 4, 3, **_ieee(4)),
    "e4m3_ieee": _info("e4m3_ieee", 8, 3, 7, **_ieee(3)),
    "e4m3_fnuz": _info("e4m3_fnuz", 8, 3, 8, has_nz=False),
    "e4m3_b11_fnuz": _info("e4m3_b11_fnuz", 8, 3, 11, has_nz=False),
    "e5m2_fnuz": _info("e5m2_fnuz", 8, 2, 16, has_nz=False),
    "ue4m3": _info("ue4m3", 7, 3, 7, is_signed=False, has_nz=False, num_high_nans=1),
    "ue5m3": _info("ue5m3", 8, 3, 15, is_signed=False, has_nz=False, num_high_nans=1),
    "ue3m4_ieee": _info("ue3m4_ieee", 7, 4, 3, is_signed=False, has_nz=False, **_ieee(4)),
    "e4m3_nosub": _info("e4m3_nosub", 8, 3, 7, has_subnormals=False, num_high_nans=1),
    "e5m2_nosub": _info("e5m2_nosub", 8, 2, 15, has_subnormals=False, **_ieee(2)),
    "e3m2_nosub": _info("e3m2_nosub", 6, 2, 3, has_subnormals=False),
    "e3m3_b7_fn": _info("e3m3_b7_fn", 7, 3, 7, num_high_nans=1),
}

# Corners of the parameter space: no mantissa, one exponent bit, the widest of either.
FINITE_ONLY = (
    *("e1m0", "e1m2", "e1m10", "e1m14", "e3m0", "e7m0", "e3m4", "e5m4", "e5m9", "e8m3", "e8m6"),
    *("e10m0", "e10m5"),
)

# gfloat has no to-odd.
GFLOAT_ROUNDING = {
    "nearest-even": gfloat.RoundMode.TiesToEven,
    "nearest-away": gfloat.RoundMode.TiesToAway,
    "toward-zero": gfloat.RoundMode.TowardZero,
    "toward-positive": gfloat.RoundMode.TowardPositive,
    "toward-negative": gfloat.RoundMode.TowardNegative,
}

DETERMINISTIC = tuple(r for r in Rounding if r != Rounding.STOCHASTIC)

ALL_EXMY = tuple(
    f"e{x}m{y}"
    for x in range(1, 11)
    for y in range(15)
    if 1 + x + y <= 16 and (x, y) not in {(8, 0), (8, 7), (5, 10)}
)


def minifloat(name):
    fmt = formats.get(name)
    assert isinstance(fmt, Minifloat)
    return fmt


def gfloat_info(name):
    """The gfloat description; that of a finite-only format is made from its definition."""
    if name in GFLOAT:
        return GFLOAT[name]
    x, y = (int(n) for n in name[1:].split("m"))
    return _info(name, 1 + x + y, y, 2 ** (x - 1) - 1)


def gfloat_least(info):
    """The least positive value."""
    return gfloat.decode_float(info, int(info.has_zero)).fval


def code_width(bits):
    return np.uint8 if bits <= 8 else np.uint16 if bits <= 16 else np.uint32


# Comparisons


def mismatches(got, want):
    """How many values differ; zeros must agree in sign, NaNs need not."""
    got, want = np.asarray(got, np.float64), np.asarray(want, np.float64)
    assert got.shape == want.shape
    same = (got.view(np.uint64) == want.view(np.uint64)) | (np.isnan(got) & np.isnan(want))
    return int(np.count_nonzero(~same))


def code_mismatches(got, want):
    got, want = np.asarray(got), np.asarray(want)
    assert got.shape == want.shape
    assert got.dtype == want.dtype
    return int(np.count_nonzero(got != want))


def against_gfloat(fmt, name, x, rounding, overflow):
    """Mismatches between an encoder and gfloat, by value, on float64 inputs.

    gfloat rounds into unsigned formats as if there were a sign, and into those without subnormals
    as if exponents had no lower bound, so it says nothing of negative and of tiny numbers there.
    Next to the end of binary64 its own arithmetic underflows.
    """
    info = gfloat_info(name)
    if not info.is_signed:
        x = x[~np.signbit(x)]
    if not info.has_subnormals:
        x = x[~(np.abs(x) < gfloat_least(info)) & ((x != 0) | info.has_zero)]
    x = x[~(np.abs(x) < 2.0**-1060) | (x == 0)]
    assert x.size > 10_000
    # The largest numbers of binary64 overflow inside gfloat; what it returns is right.
    with np.errstate(over="ignore"):
        want = gfloat.round_ndarray(
            info,
            np.asarray(x, np.float64),
            GFLOAT_ROUNDING[rounding],
            sat=overflow == "saturate",
        )
    return mismatches(fmt.decode(fmt.encode(x, rounding, overflow)), want)


def against_ml_dtypes(fmt, name, x):
    """Mismatches between an encoder and ml_dtypes, by code, on float32 inputs."""
    assert x.dtype == np.float32
    with np.errstate(invalid="ignore"):
        want = x.astype(ML_DTYPES[name]).view(code_width(fmt.bits))
    overflow = "saturate" if name in {"e3m2", "e2m3", "e2m1"} else "nonfinite"
    rounding = "nearest-even"
    if name == "e8m0":
        # It rounds ties up, not to even codes; and from binary32's subnormals all of them up.
        rounding = "nearest-away"
        wrong = (x > 2.0**-127) & (x < 1.5 * 2.0**-127)
        x, want = x[~wrong], want[~wrong]
    return code_mismatches(fmt.encode(x, rounding, overflow), want)


# Inputs


@functools.cache
def positive_values(name):
    """Finite values from zero up, of a seeded sample of the codes if there are too many."""
    fmt = minifloat(name)
    if fmt.bits <= 16:
        v = fmt.decode(np.arange(1 << (fmt.bits - fmt.signed)))
    else:
        low = np.random.default_rng(SEED).integers(0, 0x7F7FFFFF, 40_000)
        v = fmt.decode(np.unique(np.concatenate([low, low + 1, np.arange(1000)])))
    return v[np.isfinite(v)]


@functools.cache
def midpoints(name):
    """Halfway between neighbours, and halfway from the largest value to the next one."""
    v = positive_values(name)
    return np.append(v[:-1] / 2 + v[1:] / 2, v[-1] + (v[-1] - v[-2]) / 2)


def with_neighbours(x):
    with np.errstate(over="ignore"):
        up, down = np.nextafter(x, x.dtype.type(np.inf)), np.nextafter(x, x.dtype.type(-np.inf))
    x = np.concatenate([x, up, down])
    return np.concatenate([x, -x])


def specials(dtype):
    info = np.finfo(dtype)
    positive = [0.0, np.inf, info.max, info.tiny, info.smallest_subnormal, 1.0, 448, 464, 480]
    return with_neighbours(np.array(positive, dtype))


@functools.cache
def float32_inputs(name):
    with np.errstate(over="ignore"):
        near = midpoints(name).astype(np.float32)
    f16 = np.arange(1 << 16, dtype=np.uint16).view(np.float16).astype(np.float32)
    bf16 = (np.arange(1 << 16, dtype=np.uint32) << 16).view(np.float32)
    noise = np.random.default_rng(SEED).integers(0, 1 << 32, RANDOM_VECTORS, dtype=np.uint32)
    parts = [with_neighbours(near), specials(np.float32), f16, bf16, noise.view(np.float32)]
    x = np.concatenate(parts)
    # Widening a signalling NaN warns in the oracles.
    quiet = np.isnan(x)
    x.view(np.uint32)[quiet] |= np.uint32(1 << 22)
    assert x.size > RANDOM_VECTORS + 131_000
    return x


@functools.cache
def float64_inputs(name):
    rng = np.random.default_rng(SEED)
    v = positive_values(name)
    # Log-uniform over the range of the format and somewhat beyond.
    low, high = np.log2(v[v > 0].min()) - 3, np.log2(v.max()) + 3
    noise = np.exp2(rng.uniform(low, high, 100_000)) * rng.choice([-1.0, 1.0], 100_000)
    near = [with_neighbours(midpoints(name)), with_neighbours(v), specials(np.float64)]
    return np.concatenate([*near, noise])


# The definition, in fractions


@functools.cache
def fraction_table(x, y, bias=None, subnormals=True):
    """Magnitudes by code, all of them numbers and code 0 zero, as the definition has them."""
    bias = 2 ** (x - 1) - 1 if bias is None else bias
    table = []
    for field in range(2**x):
        for mantissa in range(2**y):
            hidden = 1 if field or not subnormals else 0
            scale = Fraction(2) ** (max(field, 1 if subnormals else 0) - bias)
            table.append(scale * (Fraction(mantissa, 2**y) + hidden))
    table[0] = Fraction(0)
    return table


def fraction_encode(value, negative, table, rounding):
    """Code of a Fraction's magnitude and sign, saturating; slow."""
    magnitude = abs(value)
    low = bisect.bisect_right(table, magnitude) - 1
    code = low
    if low + 1 < len(table) and magnitude != table[low]:
        middle = (table[low] + table[low + 1]) / 2
        up = {
            Rounding.TOWARD_ZERO: False,
            Rounding.TOWARD_POSITIVE: not negative,
            Rounding.TOWARD_NEGATIVE: negative,
            Rounding.TO_ODD: low % 2 == 0,
            Rounding.NEAREST_AWAY: magnitude >= middle,
            Rounding.NEAREST_EVEN: magnitude > middle or (magnitude == middle and low % 2 == 1),
        }
        code = low + up[Rounding(rounding)]
    return code + (len(table) if negative else 0)


def fraction_round(value, rounding):
    """A Fraction rounded to an integer."""
    low, part = divmod(value, 1)
    low, half = int(low), Fraction(1, 2)
    if part == 0:
        return low
    up = {
        Rounding.TOWARD_ZERO: value < 0,
        Rounding.TOWARD_POSITIVE: True,
        Rounding.TOWARD_NEGATIVE: False,
        Rounding.TO_ODD: low % 2 == 0,
        Rounding.NEAREST_AWAY: part > half or (part == half and value > 0),
        Rounding.NEAREST_EVEN: part > half or (part == half and low % 2 == 1),
    }
    return low + up[Rounding(rounding)]

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
}

GFLOAT = {
    "e4m3": gfloat.formats.format_info_ocp_e4m3,
    "e5m2": gfloat.formats.format_info_ocp_e5m2,
    "e3m2": gfloat.formats.format_info_ocp_e3m2,
    "e2m3": gfloat.formats.format_info_ocp_e2m3,
    "e2m1": gfloat.formats.format_info_ocp_e2m1,
    "fp16": gfloat.formats.format_info_binary16,
    "bf16": gfloat.formats.format_info_bfloat16,
    "fp32": gfloat.formats.format_info_binary32,
}

# Corners of the parameter space: no mantissa, one exponent bit, the widest of either.
FINITE_ONLY = ("e1m0", "e1m2", "e1m10", "e3m0", "e7m0", "e3m4", "e5m4", "e5m9", "e8m3", "e8m6")

GFLOAT_ROUNDING = {
    "nearest-even": gfloat.RoundMode.TiesToEven,
    "nearest-away": gfloat.RoundMode.TiesToAway,
    "toward-zero": gfloat.RoundMode.TowardZero,
}

ALL_EXMY = tuple(
    f"e{x}m{y}"
    for x in range(1, 9)
    for y in range(11)
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
    return gfloat.FormatInfo(
        name,
        1 + x + y,
        y + 1,
        bias=2 ** (x - 1) - 1,
        is_signed=True,
        domain=gfloat.Domain.Finite,
        has_nz=True,
        num_high_nans=0,
        has_subnormals=True,
        is_twos_complement=False,
    )


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
    """Mismatches between an encoder and gfloat, by value, on float64 inputs."""
    info = gfloat_info(name)
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
    overflow = "nonfinite" if name in {"e4m3", "e5m2", "bf16"} else "saturate"
    return code_mismatches(fmt.encode(x, overflow=overflow), want)


# Inputs


@functools.cache
def positive_values(name):
    """Finite values from zero up, of a seeded sample of the codes if there are too many."""
    fmt = minifloat(name)
    if fmt.bits <= 16:
        v = fmt.decode(np.arange(1 << (fmt.bits - 1)))
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
def fraction_table(x, y):
    """Magnitudes of a finite-only format by code, as the definition has them."""
    bias = 2 ** (x - 1) - 1
    table = []
    for field in range(2**x):
        for mantissa in range(2**y):
            scale = Fraction(2) ** (max(field, 1) - bias)
            table.append(scale * (Fraction(mantissa, 2**y) + (1 if field else 0)))
    return table


def fraction_encode(value, negative, x, y, rounding):
    """Code of a Fraction's magnitude and sign in a finite-only eXmY, saturating; slow."""
    table = fraction_table(x, y)
    magnitude = abs(value)
    low = bisect.bisect_right(table, magnitude) - 1
    code = low
    if low + 1 < len(table) and rounding != Rounding.TOWARD_ZERO:
        below, above = magnitude - table[low], table[low + 1] - magnitude
        tie_up = rounding == Rounding.NEAREST_AWAY or low % 2 == 1
        code = low + 1 if above < below or (above == below and tie_up) else low
    return code + (len(table) if negative else 0)


def fraction_round(value, rounding):
    """A Fraction rounded to an integer."""
    whole, rest = divmod(abs(value), 1)
    if rounding == Rounding.NEAREST_EVEN:
        up = rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole % 2 == 1)
    else:
        up = rounding == Rounding.NEAREST_AWAY and rest >= Fraction(1, 2)
    whole = int(whole) + up
    return -whole if value < 0 else whole

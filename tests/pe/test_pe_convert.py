"""Plain conversions and requantisers: against ml_dtypes, NumPy, torchao's codes and fractions."""

import math
import pathlib
from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.converters.thresholds import digest, least_magnitudes

from .refusals import nearest

VECTORS = pathlib.Path(__file__).parents[1] / "formats" / "data" / "block_vectors.npz"
SEED = 20_261


def patterns(dtype, count=200_000):
    """All bit patterns of 16 bits; of 32, random ones and such as are at halves of any width."""
    if dtype.itemsize == 2:
        return np.arange(1 << 16, dtype=np.uint16)
    rng = np.random.default_rng(SEED)
    bits = rng.integers(0, 1 << 32, size=count, dtype=np.uint64).astype(np.uint32)
    place = rng.integers(1, 24, size=count).astype(np.uint32)
    half = np.uint32(1) << (place - np.uint32(1))
    tail = np.choose(rng.integers(3, size=count), [half - 1, half, half + 1]).astype(np.uint32)
    bits[::2] = (bits >> place << place | tail)[::2]
    # Exponents at which formats of 8 bits and less have values.
    near = rng.integers(100, 150, size=count).astype(np.uint32) << np.uint32(23)
    bits[1::4] = (bits & np.uint32(0x807FFFFF) | near)[1::4]
    return bits


CASTS = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e4m3_fnuz": ml_dtypes.float8_e4m3fnuz,
    "bf16": ml_dtypes.bfloat16,
    "fp16": np.float16,
    "fp32": np.float32,
}
SOURCES = {"fp32": np.float32, "fp16": np.float16, "bf16": ml_dtypes.bfloat16}


@pytest.mark.parametrize("target", CASTS)
@pytest.mark.parametrize("source", SOURCES)
def test_casts_are_those_of_ml_dtypes_and_numpy(source, target):
    """With overflow to infinity or NaN, which these libraries have."""
    dtype, narrow = np.dtype(SOURCES[source]), np.dtype(CASTS[target])
    bits = patterns(dtype)
    with np.errstate(over="ignore", invalid="ignore"):
        want = bits.view(dtype).astype(np.float32).astype(narrow)
    got = parse(f"convert:from={source},to={target},overflow=nonfinite").outputs({"x": bits})["y"]
    got = got.astype(f"u{narrow.itemsize}").view(narrow)
    both = np.isnan(got.astype(np.float32)) & np.isnan(want.astype(np.float32))
    same = got.view(f"u{narrow.itemsize}") == want.view(f"u{narrow.itemsize}")
    assert (same | both).all()


@pytest.mark.parametrize("source", ["e3m2", "e2m3", "e2m1", "nf4", "flint4", "int8", "e8m0"])
def test_decoders_are_exact(source):
    target = "fp32" if source in ("nf4", "e8m0") else "fp16"
    fmt = formats.scalar(source)
    codes = fmt.codes()
    got = parse(f"convert:from={source},to={target}").outputs({"x": codes})["y"]
    want = fmt.decode(codes)
    values = got.astype("u4").view("f4") if target == "fp32" else got.astype("u2").view("f2")
    if source == "nf4":  # its values are binary32 numbers already
        assert (values == want.astype(np.float32)).all()
    else:
        assert np.array_equal(values.astype(np.float64), want, equal_nan=True)


def test_a_bitmod_code_means_what_its_group_chose():
    """Negative zero's code stands for 5 or -5 (arXiv 2411.11745); the others for E2M1 values."""
    x, select = np.arange(16).repeat(2), np.tile([0, 1], 16)
    y = parse("convert:from=fp4_er,to=fp16").outputs({"x": x, "x_select": select})["y"]
    want = formats.scalar("e2m1").decode(x)
    want[x == 8] = [5, -5]
    assert (y.astype(np.uint16).view(np.float16) == want).all()


def test_fp6_is_decoded_as_fp6_llm_does():
    """Bits placed into FP16, and one product with 2**12 (arXiv 2401.14112)."""
    codes = np.arange(64)
    placed = (codes >> 5 << 15 | (codes & 31) << 8).astype(np.uint16).view(np.float16)
    got = parse("convert:from=e3m2,to=fp16").outputs({"x": codes})["y"]
    assert (got == (placed * np.float16(4096)).view(np.uint16)).all()


@pytest.mark.parametrize("target", ["int8", "e2m1", "uint4"])
def test_a_nan_without_a_code_becomes_zero(target):
    y = parse(f"convert:from=fp16,to={target}").outputs({"x": [0x7E00, 0xFE00, 0x7C00, 0xFC00]})
    fmt = formats.scalar(target)
    assert fmt.decode(y["y"]).tolist() == [0, 0, fmt.max, fmt.min]


def test_lanes_are_converted_alike():
    x = np.arange(0, 1 << 16, 7)[: 9000 // 3 * 3].reshape(-1, 3)
    wide = parse("convert:from=fp16,to=e5m2,lanes=3").outputs({"x": x})["y"]
    one = parse("convert:from=fp16,to=e5m2").outputs({"x": x})["y"]
    assert (wide == one).all()


def vectors():
    with np.load(VECTORS) as file:
        return {name: file[name] for name in file.files}


def unpacked(elements):
    if elements.shape[-1] == 32:
        return elements
    return np.stack([elements & 15, elements >> 4], axis=-1).reshape(-1, 32)


@pytest.mark.parametrize("rule", ["floor", "ceil_log2", "even"])
@pytest.mark.parametrize("name", ["mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4"])
def test_blocks_are_those_of_torchao(name, rule):
    v = vectors()
    key = name + ("" if rule == "floor" else f"_{rule.replace('_', '')}")
    got = parse(f"convert:from=fp32,to={name},scale_rule={rule}").outputs(
        {"x": v["x"].view(np.uint32)}
    )
    elements = unpacked(v[f"{key}/elements"])
    assert (got["y_scale"] == v[f"{key}/scales"][:, 0]).all()
    # For scales of 2**-127, torchao divides by 2**-126.
    alike = (got["y_scale"] > 0) | ~v["x"].any(axis=1)
    assert np.count_nonzero(alike) >= 150
    assert (got["y"] == elements)[alike].all()


def test_nvfp4_blocks_are_those_of_torchao():
    v = vectors()
    x = v["y"].reshape(-1, 16).view(np.uint32)
    got = parse("convert:from=fp32,to=nvfp4").outputs({"x": x})
    assert (got["y_scale"] == v["nvfp4_single/scales"].reshape(-1)).all()
    assert (got["y"] == unpacked(v["nvfp4_single/elements"]).reshape(-1, 16)).all()


def test_a_block_with_a_special_has_no_scale():
    design = parse("convert:from=fp32,to=mxfp4_b4")
    for special in (0x7F800000, 0xFF800000, 0x7FC00000):
        y = design.outputs({"x": [[0x3F800000, special, 0, 0x40000000]]})
        assert y["y_scale"].tolist() == [255]
        assert not y["y"].any()


QUANTISERS = [
    "from=fp32,to=mxfp4",
    "from=fp32,to=mxfp4_b8_round",
    "from=fp32,to=mxint8_b2_ceil",
    "from=fp32,to=mxint8_b2_even",
    "from=bf16,to=mxfp8_e4m3",
    "from=bf16,to=mxint8_b2_ceil",
    "from=bf16,to=mxfp8_e5m2_round",
    "from=fp16,to=mxfp4_ceillog2",
    "from=fp16,to=mxfp6_e2m3_round",
    "from=fp32,to=nvfp4",
    "from=fp32,to=nvfp4_divide",
    "from=fp32,to=nvint4_divide_floor",
    "from=bf16,to=nvfp4_divide,overflow=nonfinite",
    "from=fp16,to=nvfp4",
]


@pytest.mark.parametrize("spec", QUANTISERS)
def test_scale_steps_are_the_scales_of_all_magnitudes(spec):
    design = parse(f"convert:{spec}")
    steps, source = design.scale_steps, design.source
    last = source.max_code if steps.beyond is None else steps.beyond - 1
    x = np.arange(last + 1) if source.bits == 16 else np.linspace(0, last, 200_001).astype(np.int64)
    inside = np.array([step for row in steps.rows for step in row.steps] or [0])
    fields = np.arange(1, (last >> source.mantissa_bits) - 1)[:, None] << source.mantissa_bits
    x = np.concatenate([x, *((fields + inside + d).ravel() for d in (-1, 0, 1)), steps.low])
    x = np.clip(x, 0, last).astype(np.int64)
    assert (steps.code(x, source.mantissa_bits) == design.encode(x[:, None])[1]).all()
    if steps.beyond is not None:
        nan = design.encode(np.arange(steps.beyond, steps.beyond + 3)[:, None])[1]
        assert (nan == design.nan_code).all()


def test_digests_compare_as_numbers_do():
    rng = np.random.default_rng(SEED)
    for ends in ([0], [96, 160], [97, 161, 224], [1, 3], [128, 129], []):
        short = digest(ends, 8)
        for x in rng.integers(0, 1 << 9, size=200).tolist():
            for end in ends:
                assert (x >= end) == (short.of(x) >= short.of(end))
    assert (digest([128, 129], 8).cut, digest([128], 8).cut, digest([1, 5], 8).cut) == (7, 7, 2)


def test_least_magnitudes_by_bisection():
    codes = np.arange(1, 9)
    found = least_magnitudes(lambda x: np.floor(np.sqrt(x)).astype(np.int64), codes, 50)
    assert found.tolist() == [1, 4, 9, 16, 25, 36, 49, 51]


def rounded(value, mode):
    below = math.floor(value)
    rest = value - below
    if rest == Fraction(1, 2):
        up = {"half_up": True, "nearest_away": value > 0, "nearest_even": below % 2 == 1}[mode]
        return below + up
    return below + (rest > Fraction(1, 2))


@pytest.mark.parametrize("mode", ["nearest_even", "nearest_away", "half_up"])
@pytest.mark.parametrize("target", ["int8", "uint8", "int4", "int8_sym"])
def test_requantisers_round_fractions(target, mode):
    design = parse(f"convert:op=requant,from=int32,to={target},rounding={mode},zero=yes")
    rng = np.random.default_rng(SEED)
    n = 3000
    codes = {o.name: rng.integers(0, 1 << o.format.bits, size=n) for o in design.operands}
    codes["z"] = (
        np.where(codes["z"] == 128, 127, codes["z"]) if target == "int8_sym" else codes["z"]
    )
    codes = design.focused(codes, rng)
    codes["x"][:4], codes["b"][:4] = 1 << 31, (1 << 32) - 1
    codes["c"][:4] = [0, 1, 62, 63]
    got = formats.scalar(target).decode(design.outputs(codes)["y"])
    z = formats.scalar(target).decode(codes["z"])
    low, high = formats.scalar(target).min, formats.scalar(target).max
    x = np.where(codes["x"] >= 1 << 31, codes["x"] - (1 << 32), codes["x"])
    inside = ties = 0
    for i in range(n):
        exact = Fraction(int(x[i]) * int(codes["b"][i]), 1 << int(codes["c"][i]))
        want = min(max(rounded(exact, mode) + int(z[i]), low), high)
        assert got[i] == want
        inside += low < want < high
        ties += exact.denominator == 2 and low < want < high
    assert inside > n / 8
    assert ties > n / 100


def test_a_requantiser_as_in_integer_only_inference():
    """A scale of 0.0123 as a 31-bit mantissa and a shift, as HAWQ-V3 has it."""
    mantissa, exponent = math.frexp(0.0123)
    b, c = round(mantissa * 2**31), 31 - exponent
    x = np.arange(-12000, 12000, 7)
    design = parse("convert:op=requant,from=int32,to=int8")
    got = design.outputs({"x": x, "b": np.full(x.shape, b), "c": np.full(x.shape, c)})["y"]
    assert (got.astype(np.int8) == np.clip(np.rint(x * 0.0123), -128, 127)).all()


SPECS = [
    ("convert:from=e3m2,to=fp16", "rounding=nearest_even,overflow=nonfinite,lanes=1,impl=logic"),
    ("convert:from=fp32,to=e4m3", "overflow=saturate,lanes=1,impl=logic,pipeline=0"),
    ("convert:from=nf4,to=fp16", "impl=table"),
    ("convert:from=fp32,to=mxfp4,scale_rule=ceil", "to=mxfp4_ceil,"),
    ("convert:from=fp32,to=nvfp4", "overflow=saturate,pipeline=0"),
    ("convert:op=requant,from=int24,to=uint8,b=16", "b=16,rounding=nearest_even,zero=no,lanes=1"),
]


@pytest.mark.parametrize(("spec", "holds"), SPECS)
def test_canonical_specs_spell_keys_out_and_mean_the_same(spec, holds):
    design = parse(spec)
    assert holds in design.canonical
    assert parse(design.canonical) == design
    assert parse(design.canonical).canonical == design.canonical


REFUSED = [
    ("convert:from=fp32,to=nf4", "follow no exponent"),
    ("convert:from=fp32,to=e4m3,rounding=stochastic", "rounding=stochastic"),
    ("convert:from=fp32,to=int8,overflow=nonfinite", "overflow=nonfinite"),
    ("convert:from=fp16,to=e4m3,impl=table", "impl=table"),
    ("convert:from=fp16,to=e4m3,pipeline=2", "pipeline=2"),
    ("convert:from=fp32", "'to' is missing"),
    ("convert:from=fp32,to=int4_g64", "no quantiser"),
    ("convert:from=fp32,to=abfp", ""),
    ("convert:from=int8,to=mxfp4", "not int8"),
    ("convert:from=e2m1,to=mxint4", "at least 4 exponent bits"),
    ("convert:from=e9m5,to=mxfp4", "numbers of fp32"),
    ("convert:from=mxfp4,to=fp16", "without their scales"),
    ("convert:from=fp4_er,to=fp16,impl=logic", "impl=logic"),
    ("convert:from=fp32,to=mxfp4_b512", "at most 256"),
    ("convert:from=fp32,to=mxfp4,scale_rule=mse", "several scales"),
    ("convert:from=fp32,to=mxfp4_ceil,scale_rule=even", "another rule"),
    ("convert:from=fp32,to=mxfp4,overflow=saturate", "becomes NaN"),
    ("convert:from=fp32,to=nvfp4,scale_rule=even", "power-of-two scales"),
    ("convert:from=fp32,to=nvfp4,rounding=to_odd", "rounding=to_odd"),
    ("convert:from=fp32,to=nvint8", "127 thresholds"),
    ("convert:from=fp16,to=nvfp4_ue5m3", "wider range"),
    ("convert:op=requant,from=int64,to=int8", "int3 to int32"),
    ("convert:op=requant,from=int8,to=int8", "fewer bits"),
    ("convert:op=requant,from=int32,to=e4m3", "makes integers"),
    ("convert:op=requant,from=int32,to=int8,b=33", "b=33"),
    ("convert:op=requnt,from=int32,to=int8", "did you mean 'requant'"),
]


@pytest.mark.parametrize(("spec", "why"), REFUSED)
def test_refusals_say_why_and_name_a_spec_that_works(spec, why):
    other, message = nearest(spec)
    assert why in message
    assert other.startswith("convert:")

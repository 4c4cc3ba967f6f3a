"""Two-level scales: nvfp4 code for code as torchao, the divide-based variant in fractions."""

from __future__ import annotations

from fractions import Fraction

import ml_dtypes
import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError

from . import block_model as model
from . import oracles
from .test_formats_mx import unpacked, vectors


def float32_reference(x, top, table_max):
    """What torchao 0.18 does, in NumPy with ml_dtypes, for elements given by a rounding to them."""
    f = np.float32
    tensor = f(np.abs(x).max()) / f(448 * table_max)
    amax = np.abs(x).max(axis=-1)
    wanted = np.clip(amax / f(table_max) / tensor, f(2.0**-6), f(448))
    scales = wanted.astype(ml_dtypes.float8_e4m3fn)
    reciprocal = f(1) / tensor / scales.astype(f)
    q = np.clip(x * reciprocal[..., None], -f(table_max), f(table_max))
    return scales.view(np.uint8), top(q), tensor


def blocks_of_all_sizes():
    rng = np.random.default_rng(oracles.SEED)
    x = rng.normal(size=(300, 16)) * np.exp2(rng.integers(-18, 4, (300, 1)))
    x[::3] = rng.integers(-24, 25, (100, 16)) / 4 * rng.integers(8, 16, (100, 1)) / 64
    x[3], x[4, ::2] = 0, -0.0
    return x.astype(np.float32)


@pytest.mark.parametrize("key", ["single", "double"])
def test_codes_are_those_of_torchao(key):
    v = vectors()
    # A tensor scale of 1 is what torchao takes for none.
    given = (-2688.0, 2688.0) if key == "single" else None
    codes = formats.get("nvfp4").encode(v["y"], tensor_range=given)
    assert codes.tensor_scale == float(v[f"nvfp4_{key}/tensor"])
    assert oracles.code_mismatches(codes.scales, v[f"nvfp4_{key}/scales"]) == 0
    elements = unpacked(v[f"nvfp4_{key}/elements"], 32)
    assert oracles.code_mismatches(codes.elements, elements) == 0
    assert elements.size == 4096


def test_dividing_gives_other_codes():
    y = vectors()["y"]
    one, other = formats.get("nvfp4").encode(y), formats.get("nvfp4_divide").encode(y)
    # Scales below 2**-6 are the subnormal ones.
    assert np.count_nonzero(one.scales != other.scales) > 20
    assert np.all(other.scales[one.scales != other.scales] < 8)
    assert np.count_nonzero(one.elements != other.elements) > 100
    # Reciprocals decide ties otherwise, too.
    span = (-2688.0, 2688.0)
    one, other = (
        formats.get(name).encode(y[96:], tensor_range=span) for name in ("nvfp4", "nvfp4_divide")
    )
    assert np.array_equal(one.scales, other.scales)
    assert np.count_nonzero(one.elements != other.elements) > 10


def test_codes_are_those_of_the_float32_reference():
    x = blocks_of_all_sizes()

    def e2m1(q):
        return q.astype(ml_dtypes.float4_e2m1fn).view(np.uint8)

    def int4(q):
        return (np.rint(q).astype(int) & 15).astype(np.uint8)

    for name, elements, table_max in (("nvfp4", e2m1, 6), ("nvint4", int4, 7)):
        codes = formats.get(name).encode(x)
        scales, want, tensor = float32_reference(x, elements, table_max)
        assert codes.tensor_scale == float(tensor)
        assert oracles.code_mismatches(codes.scales[:, 0], scales) == 0
        assert oracles.code_mismatches(codes.elements, want) == 0
        assert want.size == 4800


@pytest.mark.parametrize(
    ("name", "table", "scales"),
    [
        ("nvfp4_divide", model.E2M1, model.E4M3),
        ("nvint4_divide", model.INT4, model.E4M3),
        ("nvfp4_ue5m3_divide", model.E2M1, model.UE5M3),
        ("nvint4_ue5m3_divide", model.INT4, model.UE5M3),
    ],
)
def test_dividing_is_exact(name, table, scales):
    x = blocks_of_all_sizes()
    for part in (x, x.astype(np.float64) * (1 + 2.0**-45), x.astype(np.float16)):
        exact = [[Fraction(float(v)) for v in row] for row in part]
        want, tensor = model.nv_divide(exact, table, scales)
        codes = formats.get(name).encode(part)
        assert Fraction(codes.tensor_scale) == tensor
        got = formats.get(name).quantize(part)
        assert [[Fraction(v) for v in row] for row in got] == want
        assert got.size == 4800


def test_wide_input_is_rounded_to_float32_first_unless_divided():
    x = np.random.default_rng(1).normal(size=(8, 64))
    fmt = formats.get("nvfp4")
    assert np.array_equal(fmt.quantize(x), fmt.quantize(x.astype(np.float32)))
    with pytest.raises(HwdseError, match="nvfp4 works in float32, but the input holds 1e\\+40"):
        fmt.quantize([1.0, 1e40])
    assert np.isfinite(formats.get("nvfp4_divide").quantize([1.0, 1e40])).all()
    with pytest.raises(HwdseError, match="needs a scale beyond the largest of float32"):
        formats.get("nvfp4_divide").quantize([1.0, 1e80])


def test_tensor_scales_stay_where_their_reciprocals_do_not_overflow():
    for name, least in (("nvfp4", -121), ("nvfp4_ue5m3", -113), ("nvfp4_divide", -126)):
        x = np.array([0.0, 1e-44, -0.0, 3e-44], np.float32)
        codes = formats.get(name).encode(x)
        assert codes.tensor_scale == 2.0**least
        assert np.isfinite(formats.get(name).decode(codes)).all()
    tiny = np.array([6 * 448 * 2.0**-120, 1.5 * 2.0**-120 * 448])
    assert formats.get("nvfp4").quantize(tiny).tolist() == tiny.tolist()


def test_a_tensor_ignores_what_is_not_finite():
    x = blocks_of_all_sizes()
    want = formats.get("nvfp4").encode(x)
    y = np.concatenate([x, np.full((1, 16), np.nan, np.float32)])
    y[-1, 3] = np.inf
    got = formats.get("nvfp4").encode(y)
    assert got.tensor_scale == want.tensor_scale
    assert np.array_equal(got.elements[:-1], want.elements)
    assert got.scales[-1] == 0x7F


def test_scales_beyond_the_largest_saturate_or_are_nan():
    x = np.array([1.0, -8.0, 0.5])
    fmt = formats.get("nvfp4_divide")
    assert fmt.quantize(x, tensor_range=(-1.0, 1.0)) == pytest.approx([1, -1, 0.5], rel=1e-6)
    assert np.isnan(fmt.quantize(x, tensor_range=(-1.0, 1.0), overflow="nonfinite")).all()
    assert np.isfinite(fmt.quantize(x, overflow="nonfinite")).all()


def test_an_absmax_scale_in_bfloat16_lets_its_own_maximum_overflow():
    """arXiv 2510.25602: 16.82 % of the bfloat16 x, divided in bfloat16 by x / 127, round to 128."""
    bf16 = ml_dtypes.bfloat16
    x = np.random.default_rng(0).normal(size=200_000).astype(bf16)
    x = x[x > 0]
    quotient = np.rint((x / (x / bf16(127))).astype(np.float64))
    assert (quotient == 128).mean() == pytest.approx(0.1682, abs=0.01)
    # Here the quotient is exact, and integers saturate at 127.
    fmt = formats.get("int8_sym_g1_bf16")
    codes = fmt.encode(x[:1000].astype(np.float32))
    assert set(codes.elements.tolist()) <= {126, 127}

"""What holds for all block formats: arrays of any kind, special values, errors, the fast path."""

from __future__ import annotations

import itertools
from fractions import Fraction

import hypothesis
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import _block_rounding
from hwdse.formats.block import Arithmetic, BlockFormat
from hwdse.formats.scale import ScaleRule

from . import block_model as model
from . import oracles

NAMES = (
    "mxfp8_e4m3", "mxfp8_e5m2", "mxfp6_e3m2", "mxfp6_e2m3", "mxfp4", "mxint8", "mxint8_sym",
    "mxint4", "mxfp4_ceil", "mxint8_round", "mxfp4_b6_mse", "bfp8_32", "bfp2_16", "bfp16_3_sym",
    "nvfp4", "nvfp4_divide", "nvint4", "nvint4_divide", "nvfp4_ue5m3", "nvint4_b5_ue5m3_divide",
    "nvfp4_mse", "nvfp4_floor", "nvfp4_divide_ceil",
)  # fmt: skip


def custom(**changed):
    parameters = {
        "name": "custom",
        "element": formats.scalar("int8_sym"),
        "scale": formats.scalar("fp16"),
        "block": None,
        "rule": ScaleRule.ROUND,
    }
    return BlockFormat(**(parameters | changed))


def hard_rows():
    """float32 in rows of 96: beside powers of two, all sizes, ties, subnormals, zeros."""
    rng = np.random.default_rng(oracles.SEED)
    up, down = np.float32(np.inf), np.float32(-np.inf)
    rows = [rng.normal(size=(40, 96)) * np.exp2(rng.integers(-140, 110, (40, 1)))]
    for k in (-126, -100, -8, -1, 0, 2, 7, 31, 100, 119):
        top = np.float32(2.0**k)
        for amax in (top, np.nextafter(top, up), np.nextafter(top, down), top * np.float32(1.75)):
            row = rng.integers(-64, 65, 96) / 64.0 * float(amax)
            row[::16] = amax
            rows.append(row[None])
    rows.append(rng.integers(-300, 300, (6, 96)) * 2.0**-149)
    rows.append(np.zeros((1, 96)))
    rows.append(np.full((1, 96), -0.0))
    mixed = rng.normal(size=(6, 96)) * np.exp2(rng.integers(-40, 40, (6, 96)))
    mixed[:, ::3] *= 0
    rows.append(mixed)
    return np.concatenate(rows).astype(np.float32)


@pytest.mark.parametrize("name", NAMES)
def test_quantizing_without_codes_is_as_with_codes(name):
    fmt = formats.get(name)
    x = hard_rows()
    checked = 0
    for part in (
        x,
        x.astype(np.float64),
        x[:, :50],
        x.T,
        x[3:9] * 0,
        (np.clip(x, -1e4, 1e4) * 64).astype(np.int32),
    ):
        with np.errstate(invalid="ignore"):
            got, want = fmt.quantize(part), fmt.decode(fmt.encode(part))
        assert got.dtype == np.float64
        assert oracles.mismatches(got, want) == 0
        checked += got.size
    assert checked > 3 * x.size


@pytest.mark.parametrize("name", ["mxfp4", "mxfp8_e5m2", "mxint8", "nvfp4", "nvfp4_divide"])
def test_quantizing_without_codes_treats_what_is_not_finite_as_codes_do(name):
    fmt = formats.get(name)
    x = hard_rows()
    x[2, 3], x[7, 40], x[9, 95] = np.nan, np.inf, -np.inf
    got = fmt.quantize(x)
    assert oracles.mismatches(got, fmt.decode(fmt.encode(x))) == 0
    size = fmt.block
    bad = np.zeros((x.shape[0], 96 // size), bool)
    bad[2, 3 // size] = bad[7, 40 // size] = bad[9, 95 // size] = True
    assert np.array_equal(np.isnan(got), np.repeat(bad, size, axis=1))


def test_the_fast_path_is_there_and_a_wrong_one_is_found(monkeypatch):
    calls = []
    right = _block_rounding.round_to_grid

    def toward_zero(y, grid, work):
        calls.append(y.size)
        right(y, grid, work)
        y *= np.nextafter(y.dtype.type(1), y.dtype.type(0))

    monkeypatch.setattr(_block_rounding, "round_to_grid", toward_zero)
    for name in ("mxfp4", "mxint8", "nvfp4", "nvfp4_divide"):
        calls.clear()
        with pytest.raises(AssertionError):
            test_quantizing_without_codes_is_as_with_codes(name)
        assert calls


@pytest.mark.parametrize("scales", ["fp16", "fp32", "bf16", "e4m3", "ue5m3"])
@pytest.mark.parametrize("element", ["int4", "int8_sym", "e2m1", "e4m3", "nf4", "posit8"])
def test_any_element_with_any_scale(element, scales):
    fmt = custom(element=formats.scalar(element), scale=formats.scalar(scales), block=24)
    x = np.random.default_rng(1).normal(size=(20, 96)).astype(np.float32)
    # Scales about one, so that none is subnormal.
    x *= np.float32(fmt.element.max)
    got = fmt.quantize(x)
    assert oracles.mismatches(got, fmt.decode(fmt.encode(x))) == 0
    assert oracles.mismatches(got, fmt.quantize(x.astype(np.float64))) == 0
    if element == "posit8":
        # Large posits do not round to the nearest value, but in their codes.
        return
    # Half of the widest gap, and what saturates where the scale was rounded down.
    values = fmt.element.decode(fmt.element.codes())
    values = np.unique(values[np.isfinite(values)])
    bound = np.diff(values).max() / 2 / fmt.element.max + 1 / 16
    amax = np.abs(x.reshape(20, 4, 24)).max(axis=2, keepdims=True)
    assert np.abs((got - x).reshape(20, 4, 24) / amax).max() < bound


# Values are rounded once


def test_wide_values_are_rounded_once_from_their_exact_value():
    """Beside ties by less than float32, or even float64, division could tell."""
    for name, table in (("mxfp4", model.E2M1), ("mxint8", model.integers_of(8, 6))):
        fmt = formats.get(name)
        k = 0 if name == "mxint8" else 2
        middles = [float((a + b) / 2) for a, b in itertools.pairwise(table)]
        x = np.array([[2.0**k, m, np.nextafter(m, 9), np.nextafter(m, -9)] for m in middles])
        want = [[model.rounded(Fraction(v), table) for v in row] for row in x]
        assert fmt.quantize(x).tolist() == want
        assert (fmt.quantize(x)[:, 2] != fmt.quantize(x)[:, 3]).all()


def test_quotients_beside_ties_are_exact():
    fmt = custom(scale=formats.scalar("fp16"), block=None)
    rng = np.random.default_rng(2)
    checked = 0
    for _ in range(40):
        s = Fraction(int(rng.integers(1024, 2048)), 1024)
        near = [float((Fraction(int(n)) + Fraction(1, 2)) * s) for n in rng.integers(-126, 126, 30)]
        x = np.array([*near, *np.nextafter(near, 1e9), *np.nextafter(near, -1e9), float(127 * s)])
        c = fmt.encode(x)
        assert formats.scalar("fp16").decode(c.scales)[0] == s
        got = fmt.decode(c)
        for value, q in zip(x, got, strict=True):
            assert Fraction(q) == oracles.fraction_round(Fraction(value) / s, "nearest-even") * s
            checked += 1
    assert checked == 40 * 91


@pytest.mark.parametrize(
    "rounding", ["toward-positive", "toward-negative", "toward-zero", "to-odd"]
)
def test_directed_rounding_sees_what_division_would_lose(rounding):
    fmt = custom(scale=formats.scalar("fp16"))
    s = Fraction(1027, 1024)
    exact = float(3 * s)
    x = np.array(
        [exact, np.nextafter(exact, 9), np.nextafter(exact, 0), -exact, 5e-324, float(127 * s)]
    )
    got = [Fraction(v) / s for v in fmt.quantize(x, rounding=rounding)]
    want = {
        "toward-positive": [3, 4, 3, -3, 1],
        "toward-negative": [3, 3, 2, -3, 0],
        "toward-zero": [3, 3, 2, -3, 0],
        "to-odd": [3, 3, 3, -3, 1],
    }[rounding]
    assert got == [*want, 127]


def test_integers_of_64_bits_are_exact():
    fmt = formats.get("mxfp8_e4m3")
    top = 2**62
    # Halfway between 1.0 and 1.125 times 2**58, and one unit more and less.
    half = 2**58 + 2**54
    x = np.array([top, half, half + 1, half - 1, -half - 1, 2**58 - 1])
    want = [top, 2**58, 2**58 + 2**55, 2**58, -(2**58) - 2**55, 2**58]
    assert fmt.quantize(x).tolist() == want
    assert fmt.quantize(x[1:].astype(np.uint64) % 2**63).dtype == np.float64


def test_half_away_rounding_is_microxcalings_default():
    """Against the conversion of OCP MX with a mantissa rounded half away, in fractions."""
    rng = np.random.default_rng(3)
    checked = differ = 0
    for name in ("mxfp8_e4m3", "mxfp6_e2m3", "mxfp6_e3m2", "mxfp4", "mxint8_sym"):
        table, mantissa_bits, _ = model.ELEMENTS[name]
        fmt = formats.get(name)
        x = rng.integers(-256, 257, (30, 32)) / 64 * np.exp2(rng.integers(-9, 9, (30, 1)))
        away = fmt.quantize(x, rounding="nearest-away")
        differ += np.count_nonzero(away != fmt.quantize(x))
        for row, got in zip(x, away, strict=True):
            exact = [Fraction(v) for v in row]
            s = model.power_scale(max(map(abs, exact)), "floor", table, mantissa_bits)
            assert got.tolist() == model.block_values(exact, s, table, away=True)
            checked += 32
    assert checked == 4800
    assert differ > 100


# Policies


def test_a_block_that_is_not_finite_is_all_nan_and_its_neighbours_are_not():
    for name, code in (("mxfp4", 255), ("nvfp4", 0x7F), ("nvfp4_ue5m3_divide", 255)):
        fmt = formats.get(name)
        n = fmt.block
        x = np.ones(4 * n)
        x[n + 1], x[2 * n + 1] = np.nan, -np.inf
        codes = fmt.encode(x)
        assert codes.scales[1:3].tolist() == [code, code]
        assert not codes.elements[n : 3 * n].any()
        values = fmt.decode(codes)
        assert np.isnan(values[n : 3 * n]).all()
        assert np.array_equal(np.delete(values, slice(n, 3 * n)), fmt.quantize(np.ones(2 * n)))


def test_scales_without_nan_refuse_what_is_not_finite():
    fmt = custom(scale=formats.scalar("e5m4"))
    with pytest.raises(HwdseError, match="custom has no NaN, but the input holds 1"):
        fmt.encode([1.0, np.nan])
    with pytest.raises(HwdseError, match=r"no scale for infinities, but the input holds 2"):
        fmt.encode([np.inf, 1, -np.inf])
    with pytest.raises(HwdseError, match="have no NaN, so overflow='nonfinite' is impossible"):
        fmt.encode([1.0], overflow="nonfinite")


def test_zeros_take_the_least_scale_and_keep_their_signs():
    x = np.array([0.0, -0.0] * 16)
    for name, code in (("mxfp4", 0), ("mxint8", 0), ("nvfp4", 8), ("nvfp4_divide", 1)):
        codes = formats.get(name).encode(x)
        assert set(codes.scales.tolist()) == {code}, name
        assert codes.tensor_scale == 1.0
        values = formats.get(name).quantize(x)
        signs = np.signbit(values)
        assert np.array_equal(signs, np.signbit(x) & (name != "mxint8"))
        assert not values.any()


def test_scales_beyond_the_largest_are_refused_or_nan():
    fmt = formats.get("mxfp4_b2")
    x = np.array([1.0, 1.0, 2.0**130, 0.0])
    with pytest.raises(
        HwdseError, match=r"mxfp4_b2: a block whose largest magnitude is 1.36\S* ne"
    ):
        fmt.quantize(x)
    codes = fmt.encode(x, overflow="nonfinite")
    assert codes.scales.tolist() == [125, 255]
    assert np.isnan(fmt.quantize(x, overflow="nonfinite")).tolist() == [False, False, True, True]
    for name in ("mxfp4", "mxfp4_ceil", "mxfp4_ceillog2", "mxfp4_even", "mxfp4_mse", "mxfp4_round"):
        with pytest.raises(HwdseError, match="the largest of e8m0"):
            formats.get(name).quantize([np.finfo(np.float64).max])
        assert not formats.get(name).quantize([5e-324, -1e-300]).any()
    # The largest that there is: 2**127 times elements, which saturate.
    assert fmt.quantize([2.0**130 - 2.0**78, 0]).tolist() == [6 * 2.0**127, 0]
    fmt = custom(scale=formats.scalar("fp16"))
    assert fmt.quantize([65504.0 * 127]).tolist() == [65504.0 * 127]
    with pytest.raises(HwdseError, match="a scale beyond 65504, the largest of fp16"):
        fmt.quantize([65520.0 * 127])


def test_scales_below_the_least_are_the_least():
    fmt = formats.get("mxfp4")
    assert fmt.encode([2.0**-140]).scales.tolist() == [0]
    assert fmt.quantize([2.0**-128, 2.0**-129, 3 * 2.0**-130]).tolist() == [2.0**-128, 0, 2.0**-128]
    assert custom().encode([1e-30]).scales.tolist() == [1]


def test_ragged_blocks_have_scales_of_their_own():
    fmt = formats.get("mxfp4_b4")
    x = np.array([[8.0, 1, 1, 1, 0.001, 0.002], [1, 1, 1, 1, 64, 1]])
    codes = fmt.encode(x)
    assert codes.scales.shape == (2, 2)
    assert np.array_equal(fmt.quantize(x)[:, 4:], fmt.quantize(x[:, 4:]))
    assert np.array_equal(fmt.quantize(x)[:, :4], fmt.quantize(x[:, :4]))


def test_a_range_given_stands_for_the_tensors():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(6, 64))
    span = (float(x.min()), float(x.max()))
    for name in ("nvfp4", "nvint4_divide"):
        fmt = formats.get(name)
        assert fmt.whole_tensor
        parts = [fmt.quantize(row, tensor_range=span) for row in x]
        assert np.array_equal(np.stack(parts), fmt.quantize(x))
        # A calibrated range that the tensor exceeds saturates.
        top = np.abs(fmt.quantize(x, tensor_range=(-0.5, 0.25))).max()
        assert top == pytest.approx(0.5, rel=1e-6)
        for wrong in ((1.0, 0.0), (0.0, np.inf), (np.nan, 1.0)):
            with pytest.raises(HwdseError, match="two finite numbers, the least one first"):
                fmt.quantize(x, tensor_range=wrong)
    whole = custom(whole=True)
    assert whole.encode(x).scales.shape == ()
    parts = [whole.quantize(row, tensor_range=span) for row in x]
    assert np.array_equal(np.stack(parts), whole.quantize(x))
    assert not formats.get("mxfp4").whole_tensor


def test_stochastic_rounding_repeats_and_is_unbiased():
    fmt = formats.get("mxfp4")
    x = np.full((4000, 32), 1.1)
    x[:, 0] = 4.0
    got = fmt.quantize(x, rounding="stochastic", seed=1)
    assert np.array_equal(got, fmt.quantize(x, rounding="stochastic", seed=1))
    assert not np.array_equal(got, fmt.quantize(x, rounding="stochastic", seed=2))
    assert set(np.unique(got)) == {1.0, 1.5, 4.0}
    assert got[:, 1:].mean() == pytest.approx(1.1, abs=0.01)


# Arrays of all kinds


ANY = ("mxfp4_b4", "mxint8_b3", "nvfp4_b4", "nvint4_divide", "bfp6_16", "mxfp8_e5m2_b5_mse")


@st.composite
def any_array(draw):
    dtype = draw(st.sampled_from(["f2", "f4", "f8", ">f4", ">f8", "i1", "u2", "i4", "i8", "u8"]))
    shape = draw(arrays.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=11))
    if "f" in dtype:
        elements = st.floats(-6e4, 6e4, width=16)
        x = draw(arrays.arrays(np.dtype(dtype), shape, elements=elements))
    else:
        x = draw(arrays.arrays(np.dtype(dtype), shape))
    axis = draw(st.integers(-max(x.ndim, 1), max(x.ndim, 1) - 1))
    if x.ndim > 1 and draw(st.booleans()):
        x = x.T
    if x.ndim and draw(st.booleans()):
        x = x[::-1]
    return x, axis


@hypothesis.settings(deadline=None, max_examples=150)
@hypothesis.given(any_array(), st.sampled_from(ANY))
def test_any_array(case, name):
    x, axis = case
    fmt = formats.get(name)
    codes = fmt.encode(x, axis=axis)
    values = fmt.quantize(x, axis)
    assert values.shape == x.shape == codes.elements.shape
    assert values.dtype == np.float64
    assert oracles.mismatches(fmt.decode(codes), values) == 0
    shape = list(x.shape or (1,))
    shape[axis] = -(-shape[axis] // fmt.block)
    assert codes.scales.shape == tuple(shape)
    assert codes.axis == axis % max(x.ndim, 1)
    if x.ndim > 1:
        moved = np.moveaxis(x, axis, -1)
        assert oracles.mismatches(np.moveaxis(fmt.quantize(moved), -1, axis), values) == 0
    assert oracles.mismatches(fmt.quantize(x.astype(x.dtype.newbyteorder("=")), axis), values) == 0


@hypothesis.settings(deadline=None, max_examples=60)
@hypothesis.given(
    arrays.arrays(np.float32, (3, 13), elements=st.floats(-1e6, 1e6, width=32)),
    st.sampled_from(["mxfp4", "mxfp8_e4m3", "mxfp6_e3m2", "mxint8", "mxint8_sym", "bfp4_16"]),
)
def test_values_of_a_format_stay_as_they_are(x, name):
    """Where the scale stays: a largest value that is rounded up a binade makes it larger."""
    fmt = formats.get(name)
    once = fmt.quantize(x)
    same_scale = fmt.encode(once).scales == fmt.encode(x).scales
    again = fmt.quantize(once)
    hypothesis.assume(same_scale.all())
    assert oracles.mismatches(again, once) == 0


def test_whole_and_axis_scales_of_empty_and_single_arrays():
    for fmt in (custom(whole=True), custom(), custom(block=4)):
        assert fmt.quantize(np.float32(3.0)).shape == ()
        assert fmt.quantize(np.float32(3.0)) == pytest.approx(3.0, rel=1e-3)
        for shape in ((0,), (0, 3), (3, 0), (2, 0, 4)):
            empty = np.empty(shape, np.float32)
            assert fmt.quantize(empty).shape == shape
            assert fmt.decode(fmt.encode(empty)).shape == shape


def test_what_is_no_real_array_is_refused():
    fmt = formats.get("mxfp4")
    for bad in (np.array([1 + 2j]), np.array(["a"]), np.array([True]), np.zeros(3, np.longdouble)):
        with pytest.raises(HwdseError, match=r"cannot encode .* as mxfp4"):
            fmt.quantize(bad)
    with pytest.raises(HwdseError, match="axis 2 is not one of an array of shape"):
        fmt.quantize(np.zeros((2, 2)), 2)
    with pytest.raises(HwdseError, match="axis must be an integer"):
        fmt.quantize(np.zeros(2), 0.5)


# The format itself


def test_properties():
    fmt = formats.get("mxfp4")
    assert (fmt.kind, fmt.bits, fmt.bits_per_value, fmt.block) == ("block", 4, 4.25, 32)
    assert (fmt.scale_format, fmt.signed, fmt.specials) == ("e8m0", True, ("NaN",))
    assert (fmt.max, fmt.min) == (6 * 2.0**127, -6 * 2.0**127)
    assert (fmt.min_normal, fmt.min_subnormal) == (2.0**-127, 2.0**-128)
    assert formats.get("mxfp8_e5m2").specials == ("inf", "NaN")
    assert formats.get("mxint8").min == -2.0 * 2.0**127
    assert formats.get("mxint8").min_subnormal is None
    nv = formats.get("nvfp4")
    assert (nv.bits_per_value, nv.max, nv.min_normal) == (4.5, 2688.0, 2.0**-6)
    assert formats.get("nvfp4_divide").min_normal == 2.0**-9
    assert custom().bits_per_value == custom(whole=True, block=4).bits_per_value == 8
    assert {formats.get("mxfp4"): 1}[formats.get("mxfp4")] == 1
    assert custom(scale=formats.scalar("e5m4")).specials == ()


def test_parameters_out_of_range_are_refused():
    for bad in (0, -1, 65537, 1.5, True):
        with pytest.raises(HwdseError, match=f"custom: block must be 1 to 65536, not {bad}"):
            custom(block=bad)
    for rule in (ScaleRule.EVEN, ScaleRule.CEIL_LOG2):
        with pytest.raises(HwdseError, match="needs power-of-two scales such as e8m0, not fp16"):
            custom(rule=rule)
    with pytest.raises(HwdseError, match=r"is exact; use Arithmetic\.EXACT"):
        custom(scale=formats.scalar("e8m0"), arithmetic=Arithmetic.FLOAT32_RECIPROCAL)
    with pytest.raises(HwdseError, match="at most 52 bits together, not 64"):
        custom(element=formats.scalar("int16"), scale=formats.scalar("fp32"), tensor_scale=True)


def test_codes_that_do_not_fit_each_other_are_refused():
    fmt = formats.get("mxfp4")
    codes = fmt.encode(np.ones((2, 40)))
    wrong = type(codes)(elements=codes.elements, scales=codes.scales[:1], axis=1)
    with pytest.raises(HwdseError, match=r"have shape \(2, 2\), not \(1, 2\)"):
        fmt.decode(wrong)

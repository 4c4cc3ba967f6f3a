"""Integers with a zero point, against the definition in Fractions."""

import dataclasses
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import affine
from hwdse.formats.affine import AffineFormat

from .bad_input import check_arguments_of_encode, refused_name
from .fraction_model import ANY_ARRAY, DETERMINISTIC, arrays, exactly, runs, to_float, to_integer


def model(values, bits, scale_format, mode):
    """Scale, zero point and codes of one block of Fractions."""
    top = 2**bits - 1
    low, high = min(*values, Fraction(0), Fraction(0)), max(*values, Fraction(0), Fraction(0))
    scale = to_float((high - low) / top, scale_format)
    zero = min(max(to_integer(-low / scale), 0), top)
    codes = [min(max(to_integer(v / scale, mode) + zero, 0), top) for v in values]
    return scale, zero, codes


def check(name, x, axis, mode):
    """Compares all of an array; gives how many values there were."""
    fmt = formats.get(name)
    got = fmt.encode(x, mode, axis=axis)
    values = fmt.decode(got)
    np.testing.assert_array_equal(fmt.quantize(x, axis, rounding=mode), values)
    assert values.dtype == np.float64
    exact = exactly(x)
    blocks = list(runs(x.shape, axis, fmt.block))
    if fmt.whole:
        blocks = [list(np.ndindex(x.shape))]
    scales = fmt.scale.decode(got.scales).reshape(-1)
    zeros = got.zero_points.reshape(-1)
    seen = []
    for block in blocks:
        scale, zero, codes = model([exact[i] for i in block], fmt.bits, fmt.scale_format, mode)
        assert [int(got.elements[i]) for i in block] == codes
        assert [Fraction(float(values[i])) for i in block] == [(c - zero) * scale for c in codes]
        seen.append((scale, zero))
    want = sorted((s, z) for s, z in seen)
    assert sorted(zip(map(Fraction, scales.tolist()), zeros.tolist(), strict=True)) == want
    return x.size


@pytest.mark.parametrize("name", ["uint4_g16", "uint8_channel", "uint8_tensor", "uint1_g8_fp16"])
@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_against_the_definition(name, mode):
    count = 0
    for seed, dtype in enumerate(["f4", "f8", "f2", "i4", "i1"]):
        x = arrays(seed, (3, 37), dtype, spread=1)
        if "fp16" in name and dtype == "i4":
            x = (x % 1000).astype(dtype)
        count += check(name, x, -1, mode)
    assert count == 5 * 3 * 37


@settings(deadline=None, max_examples=120)
@given(
    name=st.sampled_from(["uint4_g4", "uint2_g3", "uint8_channel", "uint16_g5_bf16"]),
    array=ANY_ARRAY,
    mode=st.sampled_from(DETERMINISTIC),
)
def test_any_array(name, array, mode):
    x, axis = array
    assert check(name, x, axis, mode) == x.size


def test_ties():
    # Scale 1 in each block, zero points 0 and 5.
    x = np.array([[0, 15, 0.5, 1.5, 2.5], [-5, 10, 0.5, 1.5, -1.5]])
    fmt = formats.get("uint4_g5")
    got = fmt.encode(x)
    assert got.zero_points.tolist() == [[0], [5]]
    assert (got.elements.astype(int) - got.zero_points)[:, 2:].tolist() == [[0, 2, 2], [0, 2, -2]]
    away = fmt.encode(x, "nearest-away")
    assert (away.elements.astype(int) - away.zero_points)[:, 2:].tolist() == [[1, 2, 3], [1, 2, -2]]
    toward = fmt.encode(x, "toward-zero")
    assert (toward.elements.astype(int) - toward.zero_points)[1, 2:].tolist() == [0, 1, -1]


def test_one_sided_blocks_have_zero_inside():
    fmt = formats.get("uint8_g4")
    got = fmt.encode([[255.0, 510.0, 0.0, 3.0], [-255.0, -510.0, 0.0, -3.0]])
    assert got.zero_points.tolist() == [[0], [255]]
    assert fmt.decode(got)[:, 2].tolist() == [0, 0]
    assert fmt.decode(got)[:, :2].tolist() == [[256, 510], [-256, -510]]


def test_zero_blocks_and_extremes():
    fmt = formats.get("uint4_g2")
    got = fmt.encode([0.0, -0.0, 1e-320, -1e-320, 5e-324, 0.0])
    assert not fmt.decode(got).any()
    assert got.zero_points.tolist() == [0, 0, 0]
    assert fmt.scale.decode(got.scales).tolist() == [2.0**-149] * 3
    big = float(np.finfo(np.float32).max)
    assert np.isfinite(fmt.quantize([big, -big])).all()
    np.testing.assert_allclose(fmt.quantize([big, -big]), [big, -big], rtol=0.07)


def test_nonfinite_blocks_are_nan():
    x = np.array([1.0, np.nan, 2.0, 3.0, np.inf, 0.0, -np.inf, np.inf, 4.0])
    for name in ("uint4_g2", "uint4_g2_fp16"):
        fmt = formats.get(name)
        got = fmt.quantize(x)
        assert np.isnan(got).tolist() == [True] * 2 + [False] * 2 + [True] * 4 + [False]
        assert got[[2, 3, 8]].tolist() == pytest.approx([2.0, 3.0, 4.0], rel=0.04)


def test_beyond_the_scales():
    fmt = formats.get("uint4_g2")
    with pytest.raises(
        HwdseError, match="uint4_g2: a block whose largest magnitude is 1e\\+60 nee"
    ):
        fmt.quantize([1.0, 2.0, 1e60, 0.0])
    got = fmt.quantize([1.0, 2.0, 1e60, 0.0], overflow="nonfinite")
    assert np.isnan(got).tolist() == [False, False, True, True]
    largest = np.finfo(np.float64).max
    assert np.isnan(fmt.quantize([largest, -largest], overflow="nonfinite")).all()
    with pytest.raises(HwdseError, match="scale the input down"):
        formats.get("uint8_tensor_fp16").quantize([1e9])


def test_empty_and_0d():
    for name in ("uint4_g128", "uint8_channel", "uint8_tensor"):
        fmt = formats.get(name)
        for shape in ((0,), (3, 0), (0, 4)):
            got = fmt.quantize(np.zeros(shape, np.float32))
            assert (got.shape, got.dtype) == (shape, np.float64)
        assert fmt.quantize(np.float32(3.0)).shape == ()
        assert float(fmt.quantize(3)) == pytest.approx(3, rel=1e-6)


def test_tensor_range_joins_parts():
    fmt = formats.get("uint8_tensor")
    x = np.random.default_rng(0).standard_normal((4, 50))
    ends = (float(x.min()), float(x.max()))
    whole = fmt.encode(x)
    assert whole.scales.shape == whole.zero_points.shape == ()
    parts = [fmt.quantize(x[i], tensor_range=ends) for i in range(4)]
    np.testing.assert_array_equal(np.stack(parts), fmt.decode(whole))
    assert fmt.whole_tensor
    assert not formats.get("uint8_channel").whole_tensor
    for bad in ((1.0, 0.0), (0.0, math.inf), (math.nan, 0.0)):
        with pytest.raises(HwdseError, match="tensor_range must be two finite numbers"):
            fmt.encode(x, tensor_range=bad)
    # What lies outside a calibrated range saturates.
    assert fmt.quantize([-9.0, 300.0], tensor_range=(0, 255)).tolist() == [0, 255]


def test_long_integers_round_once():
    x = np.array([2**62 + 2**53 + 1, 0, -(2**62), 2**63 - 1, 12345678901234567])
    fmt = formats.get("uint16_channel")
    got = fmt.encode(x)
    scale = Fraction(float(fmt.scale.decode(got.scales)[0]))
    zero = int(got.zero_points[0])
    want = [min(max(to_integer(Fraction(v) / scale) + zero, 0), 65535) for v in x.tolist()]
    assert got.elements.tolist() == want


def test_stochastic_is_unbiased_and_reproducible():
    fmt = formats.get("uint4_channel")
    x = np.concatenate([[-5.0, 10.0], np.full(20_000, 2.3)])
    got = fmt.quantize(x, rounding="stochastic", seed=3)
    assert set(got[2:].tolist()) == {2, 3}
    assert abs(float(got[2:].mean()) - 2.3) < 0.02
    np.testing.assert_array_equal(fmt.quantize(x, rounding="stochastic", seed=3), got)


def test_wrong_zero_points_are_seen(monkeypatch):
    x = arrays(1, (8, 32), "f4", spread=0)
    right = AffineFormat._encode_blocks

    def shifted(self, *args, **kwargs):
        elements, scales, zeros = right(self, *args, **kwargs)
        return elements, scales, zeros + 1

    monkeypatch.setattr(AffineFormat, "_encode_blocks", shifted)
    with pytest.raises(AssertionError):
        check("uint4_g16", x, -1, "nearest-even")


def test_an_inexact_range_is_seen(monkeypatch):
    # high - low is 2**-60 over half way between two scales, which binary64 does not hold.
    step = 15 * (1 + 2.0**-24)
    x = np.array([step, -(2.0**-60)])
    assert Fraction(step) - Fraction(x[1].item()) > 15 * (1 + Fraction(1, 2**24))
    check("uint4_g2", x, -1, "nearest-even")
    monkeypatch.setattr(affine, "_odd_sum", np.add)
    with pytest.raises(AssertionError):
        check("uint4_g2", x, -1, "nearest-even")


def test_properties():
    fmt = formats.get("uint4_g128")
    assert (fmt.kind, fmt.bits, fmt.bits_per_value) == ("affine", 4, 4 + 36 / 128)
    assert (fmt.block, fmt.scale_format, fmt.specials) == (128, "fp32", ("NaN",))
    assert fmt.max == -fmt.min == 15 * formats.get("fp32").max
    assert fmt.signed
    assert formats.get("uint8_channel").bits_per_value == 8
    assert formats.get("uint8_channel").block is None
    assert hash(fmt) == hash(formats.get("uint4_g128"))
    assert dataclasses.replace(fmt, block=64) != fmt


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("uint4_g0", "block must be 1 to 65536, not 0"),
        ("uint4_g65537", "block must be 1 to 65536, not 65537"),
        ("uint17_g8", "integers have 1 to 16 bits, not 17"),
        ("uint4_g08", "unknown format 'uint4_g08'"),
        ("uint4_g8_fp32", "unknown format 'uint4_g8_fp32'"),
        ("uint4_row", "unknown format 'uint4_row'"),
    ],
)
def test_bad_names(name, message):
    assert message in refused_name(name)


def test_bad_codes():
    fmt = formats.get("uint4_g4")
    good = fmt.encode(np.ones((2, 8)))
    for change, message in (
        ({"zero_points": None}, "the codes have no zero points"),
        ({"zero_points": np.zeros((2, 1), np.uint8)}, "zero points of elements of shape"),
        ({"scales": np.zeros((2, 3), np.uint32)}, "scales of elements of shape"),
        ({"elements": np.full((2, 8), 16)}, "16 at index"),
    ):
        with pytest.raises(HwdseError, match=message):
            fmt.decode(dataclasses.replace(good, **change))
    check_arguments_of_encode(fmt)
    with pytest.raises(HwdseError, match="elements must be uint1 to uint16, not int8"):
        dataclasses.replace(fmt, element=formats.get("int8"))
    with pytest.raises(HwdseError, match="scales must have infinities and NaNs"):
        dataclasses.replace(fmt, scale=formats.get("e4m3"))

"""Absmax scales per tensor, channel and group, against the definition in Fractions."""

import bisect
import re
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.scale import ScaleRule

from .bad_input import refused_name
from .fraction_model import ANY_ARRAY, DETERMINISTIC, arrays, exactly, runs, to_float, to_integer

INTEGERS = {"int2": (-2, 1), "int4": (-8, 7), "int8": (-128, 127), "int8_sym": (-127, 127)}


def element(name, value, mode):
    """The integer that a quotient becomes."""
    low, high = INTEGERS[name]
    return min(max(to_integer(value, mode), low), high)


def scale_of(values, largest, scale_format):
    """Absmax over the largest element, rounded to nearest; up to a power of two for e8m0."""
    wanted = max(abs(v) for v in values) / largest
    if scale_format != "e8m0":
        return to_float(wanted, scale_format)
    exponent = -127
    while Fraction(2) ** exponent < wanted:
        exponent += 1
    return Fraction(2) ** exponent


def check(name, x, axis=-1, mode="nearest-even"):
    """Compares all of an array of integer elements; gives how many values there were."""
    fmt = formats.get(name)
    got = fmt.quantize(x, axis, rounding=mode)
    assert (got.shape, got.dtype) == (x.shape, np.float64)
    exact = exactly(x)
    blocks = [list(np.ndindex(x.shape))] if fmt.whole else list(runs(x.shape, axis, fmt.block))
    for block in blocks:
        values = [exact[i] for i in block]
        scale = scale_of(values, INTEGERS[fmt.element.name][1], fmt.scale_format)
        want = [element(fmt.element.name, v / scale, mode) * scale for v in values]
        assert [Fraction(float(got[i])) for i in block] == want
    return x.size


@pytest.mark.parametrize(
    "name",
    [
        *("int8_tensor", "int8_channel", "int4_g16", "int8_sym_g16", "int2_g5_bf16"),
        *("int4_g7_fp16", "int8_g16_bf16", "int4_g16_e8m0"),
    ],
)
@pytest.mark.parametrize("mode", DETERMINISTIC)
def test_against_the_definition(name, mode):
    count = 0
    for seed, dtype in enumerate(["f4", "f8", "f2", "i1"]):
        count += check(name, arrays(seed, (3, 37), dtype, spread=1), -1, mode)
    assert count == 4 * 3 * 37


@settings(deadline=None, max_examples=100)
@given(
    name=st.sampled_from(["int8_tensor", "int8_channel", "int4_g3", "int8_sym_g4", "int4_g5_bf16"]),
    array=ANY_ARRAY,
    mode=st.sampled_from(DETERMINISTIC),
)
def test_any_array(name, array, mode):
    x, axis = array
    assert check(name, x, axis, mode) == x.size


@pytest.mark.parametrize("name", ["nf4_g16", "e4m3_g16", "e2m1_g16_fp16", "nf4_g16_bf16"])
def test_other_elements_go_to_the_nearest_value(name):
    fmt = formats.get(name)
    codes = fmt.element.codes()
    rising = sorted({Fraction(v) for v in fmt.element.decode(codes).tolist() if v == v})
    x = np.random.default_rng(1).standard_normal((4, 64)).astype(np.float32)
    got = fmt.quantize(x)
    for block in runs(x.shape, -1, 16):
        values = [Fraction(float(x[i])) for i in block]
        scale = to_float(max(map(abs, values)) / rising[-1], fmt.scale_format)
        for i, v in zip(block, values, strict=True):
            at = min(max(bisect.bisect(rising, v / scale), 1), len(rising) - 1)
            near = min(rising[at - 1 : at + 1], key=lambda r: abs(r - v / scale))
            assert Fraction(float(got[i])) == near * scale


def test_the_most_negative_code():
    # The scale, 1 + 2**-8 - 2**-12, is rounded down to 1 in BF16.
    x = -np.full((1, 4), 32767 * (1 + 2.0**-8 - 2.0**-12))
    assert formats.get("int16_g4_bf16").encode(x).elements.tolist() == [[0x8000] * 4]
    assert formats.get("int16_sym_g4_bf16").encode(x).elements.tolist() == [[0x8001] * 4]
    y = -np.abs(np.random.default_rng(2).standard_normal((500, 16)))
    assert not (formats.get("int8_g16").encode(y).elements == 0x80).any()
    assert (formats.get("int8_g16").encode(y, "toward-negative").elements == 0x80).any()
    assert not (formats.get("int8_sym_g16").encode(y, "toward-negative").elements == 0x80).any()


def test_search_is_never_worse():
    x = np.random.default_rng(3).standard_normal((64, 128))
    for name in ("int4_g128", "int4_g32_fp16", "nf4_g64_bf16"):
        plain, searched = (formats.get(n).quantize(x) for n in (name, f"{name}_mse"))
        block = formats.get(name).block
        errors = [np.square(q - x).reshape(-1, block).sum(axis=1) for q in (plain, searched)]
        assert errors[1].sum() < errors[0].sum()
        assert (errors[1] <= errors[0] * (1 + 1e-2)).all()


def test_axis_and_tensor():
    x = np.array([[1.0, 100.0], [2.0, 50.0]])
    by_row, by_column = (formats.get("int8_channel").encode(x, axis=a) for a in (1, 0))
    assert (by_row.scales.shape, by_column.scales.shape) == ((2, 1), (1, 2))
    whole = formats.get("int8_tensor").encode(x)
    assert whole.scales.shape == ()
    assert whole.elements.tolist() == [[1, 127], [3, 64]]
    parts = [formats.get("int8_tensor").quantize(row, tensor_range=(1, 100)) for row in x]
    np.testing.assert_array_equal(np.stack(parts), formats.get("int8_tensor").decode(whole))


def test_zero_empty_and_nonfinite():
    for name in ("int8_tensor", "int8_channel", "int4_g128"):
        fmt = formats.get(name)
        assert not fmt.quantize(np.zeros((3, 5))).any()
        for shape in ((0,), (3, 0), (0, 4)):
            assert fmt.quantize(np.zeros(shape, np.float32)).shape == shape
        assert float(fmt.quantize(np.float32(3.0))) == pytest.approx(3.0, rel=1e-6)
        assert np.isnan(fmt.quantize([1.0, np.inf])).all()
    with pytest.raises(HwdseError, match="needs a scale beyond"):
        formats.get("int8_channel").quantize([1e60])


def test_properties():
    fmt = formats.get("int4_g128_fp16_mse")
    assert (fmt.kind, fmt.bits, fmt.bits_per_value, fmt.block) == ("block", 4, 4.125, 128)
    assert (fmt.scale_format, fmt.rule) == ("fp16", ScaleRule.MSE)
    assert formats.get("int4_g128").bits_per_value == 4.25
    assert formats.get("int8_channel").bits_per_value == formats.get("int8_tensor").bits_per_value
    assert formats.get("int8_channel").bits_per_value == 8
    assert formats.get("int8_tensor").whole_tensor
    assert not formats.get("int8_channel").whole_tensor
    # The canonical name of the element.
    assert formats.get("e8m7_g8").name == "bf16_g8"


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("int4_g0", "block must be 1 to 65536, not 0"),
        ("int4_g65537", "block must be 1 to 65536, not 65537"),
        ("int1_g8", "elements must have both signs, not int1"),
        ("ufixed8_8_g8", "elements must have both signs, not ufixed8_8"),
        ("int17_g8", "integers have 1 to 16 bits, not 17"),
        ("int4_g08", "unknown format 'int4_g08'"),
        ("int4_g8_fp32", "unknown format 'int4_g8_fp32'"),
        ("int4_mse", "unknown format 'int4_mse'"),
        ("nothing_g8", "unknown format 'nothing_g8'"),
    ],
)
def test_bad_names(name, message):
    assert message in refused_name(name)


def test_a_wrong_scale_rule_is_seen(monkeypatch):
    x = arrays(5, (4, 64), "f4", spread=1)
    wrong = formats.get("int4_g16_bf16_mse")
    monkeypatch.setattr(formats, "get", {"int4_g16_bf16": wrong}.get)
    with pytest.raises(AssertionError):
        check("int4_g16_bf16", x)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("int4_g128_e4m3", "scales are fp32, fp16, bf16, e8m0"),
        ("nf4_g64_int4", "not int4, whose largest is 7"),
        ("int8_tensor_fp32", "(the first where none is named)"),
        ("nvfp4_e8m0", "block scales beside a tensor scale are e4m3, ue5m3, ue4m3"),
        ("nvint4_int8", "not int8"),
    ],
)
def test_formats_that_cannot_hold_the_scale(name, message):
    with pytest.raises(HwdseError, match=re.escape(message)):
        formats.get(name)

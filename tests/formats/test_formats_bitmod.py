"""BitMoD against its published algorithm, done again with Fractions and exhaustive search."""

import dataclasses
import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.bitmod import BitmodFormat
from hwdse.formats.codebook import Ties

from .bad_input import check_arguments_of_encode, refused_name
from .fraction_model import ANY_ARRAY, exactly, runs, to_float

# The published sets, those of four bits twice the true values.
FP3 = [-4, -2, -1, 0, 1, 2, 4]
FP4_X2 = [-12, -8, -6, -4, -3, -2, -1, 0, 1, 2, 3, 4, 6, 8, 12]


def with_special(base, special, unit):
    return sorted(Fraction(v, unit) for v in (*base, special))


SETS = {
    "fp3_er": [with_special(FP3, s, 1) for s in (3, -3)],
    "fp3_ea": [with_special(FP3, s, 1) for s in (6, -6)],
    "bitmod3": [with_special(FP3, s, 1) for s in (3, -3, 6, -6)],
    "fp4_er": [with_special(FP4_X2, s, 2) for s in (10, -10)],
    "fp4_ea": [with_special(FP4_X2, s, 2) for s in (16, -16)],
    "bitmod4": [with_special(FP4_X2, s, 2) for s in (10, -10, 16, -16)],
}


def nearest(value, rising):
    """The value of a set nearest to a number; of two, the lower one."""
    return min(rising, key=lambda v: (abs(v - value), v))


def model(values, sets, scale_format):
    """What one group becomes, candidate by candidate: scale, quantised values, squared error."""
    for rising in sets:
        amax = max(abs(v) for v in values)
        scale = to_float(amax / max(abs(v) for v in rising), scale_format)
        quantised = [nearest(v / scale, rising) * scale for v in values]
        error = sum((q - v) ** 2 for q, v in zip(quantised, values, strict=True))
        yield scale, quantised, error


def check(name, x, axis=-1):
    """Compares all groups of an array; gives how many there were, and how many errors tied."""
    fmt = formats.get(name)
    coded = fmt.encode(x, axis=axis)
    got = fmt.decode(coded)
    np.testing.assert_array_equal(fmt.quantize(x, axis), got)
    assert got.dtype == np.float64
    exact = exactly(x)
    selectors, scales = [], []
    groups = list(runs(x.shape, axis, fmt.block))
    ties = 0
    for group in groups:
        options = list(model([exact[i] for i in group], SETS[name.split("_g")[0]], fmt.scale.name))
        errors = [error for *_, error in options]
        best = errors.index(min(errors))
        ties += errors.count(min(errors)) > 1
        scale, quantised, _ = options[best]
        assert [Fraction(float(got[i])) for i in group] == quantised
        selectors.append(best)
        scales.append(scale)
    # In another order than the array's where groups are not along the last axis.
    assert sorted(coded.selectors.reshape(-1).tolist()) == sorted(selectors)
    found = [Fraction(s) for s in fmt.scale.decode(coded.scales).reshape(-1).tolist()]
    assert sorted(found) == sorted(scales)
    if axis in (-1, x.ndim - 1):
        assert coded.selectors.reshape(-1).tolist() == selectors
    return len(groups), ties


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("dtype", ["f4", "f8", "f2"])
def test_as_published(name, dtype):
    x = np.random.default_rng(7).standard_normal((2, 300)).astype(dtype)
    assert check(name, x)[0] == 6


@pytest.mark.parametrize("name", SETS)
def test_every_candidate_is_chosen(name):
    rng = np.random.default_rng(8)
    # Skewed either way, with and without outliers.
    x = rng.standard_normal((24, 16)) * np.where(rng.random((24, 16)) < 0.1, 3, 1)
    x = np.concatenate([np.abs(x), -np.abs(x), x])
    count, _ = check(f"{name}_g16", x)
    assert count == 72
    chosen = formats.get(f"{name}_g16").encode(x).selectors
    assert set(chosen.reshape(-1).tolist()) == set(range(len(SETS[name])))


@settings(deadline=None, max_examples=50)
@given(
    name=st.sampled_from(sorted(SETS)),
    group=st.sampled_from([1, 3, 8]),
    array=ANY_ARRAY,
)
def test_any_array(name, group, array):
    x, axis = array
    assert check(f"{name}_g{group}", x, axis)[0] == len(list(runs(x.shape, axis, group)))


def test_ties_go_to_the_lower_value():
    # Scale 1: the largest magnitude is that of the set.
    middles = [(a + b) / 2 for a, b in itertools.pairwise(FP3)]
    x = np.array([[*middles, 4.0, 3.0]])
    got = formats.get("fp3_er_g8").quantize(x)[0]
    assert got.tolist() == [-4, -2, -1, 0, 1, 3, 4, 3]
    x4 = np.array([[-0.25, 0.25, 0.75, -0.75, 5.5, 4.5, 6.0, 5.0]])
    got = formats.get("fp4_er_g8").quantize(x4)[0]
    assert got.tolist() == [-0.5, 0.0, 0.5, -1.0, 5.0, 4.0, 6.0, 5.0]
    # Away from zero only where asked for.
    got = formats.get("fp4_er_g8").quantize(x4, rounding="nearest-away")[0]
    assert got.tolist() == [-0.5, 0.5, 1.0, -1.0, 6.0, 5.0, 6.0, 5.0]


def test_mirrored_groups_tie_to_the_first():
    rng = np.random.default_rng(9)
    half = rng.standard_normal((60, 8))
    x = np.concatenate([half, -half], axis=1)
    x = np.take_along_axis(x, np.argsort(rng.random(x.shape), axis=1), axis=1)
    # A number half way between values is not mirrored; there is none.
    count, ties = check("bitmod4_g16", x)
    assert (count, ties) == (60, 60)
    assert set(formats.get("bitmod4_g16").encode(x).selectors.reshape(-1).tolist()) <= {0, 2}


def test_constant_and_zero_groups():
    fmt = formats.get("bitmod3_g4")
    got = fmt.encode([3.0] * 4 + [0.0] * 4 + [-0.0] * 4)
    assert got.selectors.tolist() == [0, 0, 0]
    assert fmt.decode(got).tolist() == [3.0] * 4 + [0.0] * 8
    assert fmt.scale.decode(got.scales)[1:].tolist() == [2.0**-149] * 2


def test_nonfinite_groups_are_nan():
    x = np.array([1.0, np.nan, 1.0, 2.0, np.inf, 1.0, -np.inf, 0.5])
    got = formats.get("fp4_er_g2").quantize(x)
    assert np.isnan(got).tolist() == [True] * 2 + [False] * 2 + [True] * 4
    coded = formats.get("fp4_er_g2").encode(x)
    assert coded.elements[[0, 1, 4, 5]].tolist() == [0] * 4
    assert coded.selectors[[0, 2, 3]].tolist() == [0] * 3


def test_beyond_the_scales():
    fmt = formats.get("bitmod4_g2")
    with pytest.raises(
        HwdseError, match="bitmod4_g2: a block whose largest magnitude is 1e\\+60 n"
    ):
        fmt.quantize([1.0, 2.0, 1e60, 0.0])
    got = fmt.quantize([1.0, 2.0, 1e60, 0.0], overflow="nonfinite")
    assert np.isnan(got).tolist() == [False, False, True, True]
    # Beyond 6 times the largest scale, but not beyond 8 times: only two candidates are left.
    x = np.array([7.0, 1.0]) * formats.get("fp32").max
    coded = fmt.encode(x)
    assert coded.selectors.tolist() == [2]
    np.testing.assert_allclose(fmt.decode(coded), x, rtol=0.13)
    tiny = fmt.quantize([1e-300, 5e-324, 1e-46, -1e-44])
    assert np.isfinite(tiny).all()
    assert tiny[:2].tolist() == [0, 0]
    assert math.isclose(tiny[3], -1e-44, rel_tol=0.3)


def test_empty_and_0d():
    fmt = formats.get("bitmod4")
    for shape in ((0,), (3, 0), (0, 4)):
        coded = fmt.encode(np.zeros(shape, np.float32))
        got = fmt.decode(coded)
        assert (got.shape, got.dtype) == (shape, np.float64)
    assert float(fmt.quantize(np.float32(3.0))) == pytest.approx(3.0, rel=1e-6)


def test_half_precision_scales():
    x = np.random.default_rng(10).standard_normal((2, 64))
    for suffix in ("_fp16", "_bf16"):
        fmt = formats.get(f"fp4_ea_g16{suffix}")
        assert fmt.scale_format == suffix[1:]
        coded = fmt.encode(x)
        assert coded.scales.dtype == np.uint16
        want = [
            model([Fraction(v) for v in g], SETS["fp4_ea"], suffix[1:]) for g in x.reshape(8, 16)
        ]
        best = [min(options, key=lambda o: o[2])[1] for options in map(list, want)]
        got = fmt.decode(coded).reshape(8, 16)
        assert [[Fraction(v) for v in row] for row in got.tolist()] == best


@pytest.mark.parametrize("mode", ["toward-zero", "toward-positive", "toward-negative", "to-odd"])
def test_other_roundings_stay_within_a_step(mode):
    x = np.random.default_rng(11).standard_normal((4, 128))
    fmt = formats.get("fp4_er")
    got, coded = fmt.quantize(x, rounding=mode), fmt.encode(x, mode)
    np.testing.assert_array_equal(fmt.decode(coded), got)
    scale = fmt.scale.decode(coded.scales)
    assert (np.abs(got - x) <= 2 * scale * (1 + 1e-6)).all()
    inside = np.abs(x) < 0.99 * np.abs(x).max(axis=1, keepdims=True)
    sides = {
        "toward-zero": np.abs(got) <= np.abs(x),
        "toward-positive": got >= x,
        "toward-negative": got <= x,
    }
    assert sides.get(mode, np.ones_like(inside))[inside].all()


def test_stochastic_is_unbiased_and_reproducible():
    fmt = formats.get("fp4_er_g20001")
    x = np.concatenate([[6.0], np.full(20_000, 2.25)])
    got = fmt.quantize(x, rounding="stochastic", seed=3)
    assert set(got[1:].tolist()) == {2, 3}
    assert abs(float(got[1:].mean()) - 2.25) < 0.02
    np.testing.assert_array_equal(fmt.quantize(x, rounding="stochastic", seed=3), got)
    assert (fmt.quantize(x, rounding="stochastic", seed=4) != got).any()


def test_wrong_candidates_are_seen(monkeypatch):
    x = np.random.default_rng(12).standard_normal((8, 128))
    right = formats.get("bitmod4")
    swapped = dataclasses.replace(right, candidates=right.candidates[::-1])
    monkeypatch.setattr(formats, "get", {"bitmod4": swapped}.get)
    with pytest.raises(AssertionError):
        check("bitmod4", x)


def test_wrong_ties_are_seen():
    x = np.round(np.random.default_rng(13).standard_normal((20, 128)) * 4) / 4
    x[:, 0] = 6
    right = formats.get("fp4_er")
    wrong = dataclasses.replace(
        right, candidates=tuple(dataclasses.replace(c, ties=Ties.UPPER) for c in right.candidates)
    )
    assert check("fp4_er", x)[0] == 20
    assert np.count_nonzero(wrong.quantize(x) != right.quantize(x)) > 100


def test_properties():
    fmt = formats.get("bitmod4")
    assert (fmt.kind, fmt.bits, fmt.block, fmt.scale_format) == ("bitmod", 4, 128, "fp32")
    assert fmt.bits_per_value == 4 + 34 / 128
    assert formats.get("fp3_ea").bits_per_value == 3 + 33 / 128
    assert formats.get("bitmod3_g64_fp16").bits_per_value == 3 + 18 / 64
    assert fmt.max == -fmt.min == 8 * formats.get("fp32").max
    assert fmt.min_normal == 0.5 * 2.0**-149
    assert hash(fmt) == hash(formats.get("bitmod4"))
    assert formats.get("bitmod4_g128") == fmt


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("fp4_er_g0", "block must be 1 to 65536, not 0"),
        ("bitmod4_g65537", "block must be 1 to 65536, not 65537"),
        ("bitmod5", "unknown format 'bitmod5'"),
        ("fp3_er_fp32", "unknown format 'fp3_er_fp32'"),
        ("fp3_er_g064", "unknown format 'fp3_er_g064'"),
    ],
)
def test_bad_names(name, message):
    assert message in refused_name(name)


def test_bad_input():
    fmt = formats.get("bitmod4_g4")
    good = fmt.encode(np.ones((2, 8)))
    for change, message in (
        ({"selectors": None}, "the codes have no selectors"),
        ({"selectors": np.zeros((2, 1), np.uint8)}, "selectors of elements of shape"),
        (
            {"selectors": np.full((2, 2), 4, np.uint8)},
            "4 at index \\(0, 0\\) is not a code of selectors of bitmod4_g4: codes are 0 to 3",
        ),
        ({"scales": np.zeros((2, 3), np.uint32)}, "scales of elements of shape"),
        ({"elements": np.full((2, 8), 16)}, "16 at index"),
    ):
        with pytest.raises(HwdseError, match=message):
            fmt.decode(dataclasses.replace(good, **change))
    check_arguments_of_encode(fmt)
    with pytest.raises(HwdseError, match="complex"):
        fmt.encode(np.ones(4, complex))
    with pytest.raises(HwdseError, match="scales must have infinities and NaNs"):
        BitmodFormat(name="x", candidates=fmt.candidates, scale=formats.get("e4m3"), block=4)

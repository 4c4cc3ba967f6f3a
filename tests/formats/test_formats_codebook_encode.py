"""Encoding against brute force from the definitions; inputs of every kind; planted errors."""

import dataclasses
import functools
import math
import pickle
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import _cuts, codebook
from hwdse.formats.codebook import Codebook, Ties
from hwdse.formats.codebooks import bitmod_codebook

from . import codebook_model as model

NAMES = (
    *("binary", "ternary", "bipolar1", "bipolar3", "bipolar4", "pot4", "apot4", "apot6"),
    *("khot4_1", "khot4_2", "khot8_2", "flint4", "nf4"),
)
BITMOD = tuple((b, s) for b, specials in (("fp3", (3, -6)), ("fp4", (-5, 8))) for s in specials)
BOOKS = (*NAMES, *BITMOD)
# Codes with no order, the same parity on both sides of gaps, no zero, and values far apart.
ODD_BOOK = Codebook(
    name="odd", bits=4, values=(5.5, None, -3.25, None, 2.0**-40, -1e-9, 0.1, 1e9, -7.0, 0.3)
)
TIES = {"binary": "upper"}


@functools.cache
def book_and_model(which):
    fmt = formats.get(which) if isinstance(which, str) else bitmod_codebook(*which)
    ties = TIES.get(which, "even") if isinstance(which, str) else "lower"
    values = {int(c): float(fmt.decode(c)) for c in fmt.codes()}
    return fmt, model.Model(values, ties)


@pytest.mark.parametrize("rounding", model.MODES)
@pytest.mark.parametrize("which", [*BOOKS, "pot8", "apot7", "bipolar8"])
def test_near_values_and_midpoints(which, rounding):
    fmt, reference = book_and_model(which)
    x = model.near_inputs(reference)
    x = np.concatenate([x, model.random_inputs(reference, 200)])
    assert x.size >= 220
    assert model.wrong_codes(fmt, reference, x, rounding) == 0


@pytest.mark.parametrize("which", BOOKS)
def test_a_hundred_thousand_numbers_in_each_rounding(which):
    fmt, reference = book_and_model(which)
    unit = Fraction(1, 1 << 30)
    x = model.random_inputs(reference, 60_000)
    # Multiples of the unit, half of them coarse, so that ties are many.
    x = np.concatenate([np.round(x * 2**30), np.round(x[:40_000] * 16) * 2**26]).astype(np.int64)
    assert x.size == 100_000
    floats = x * 2.0**-30
    assert (floats * 2**30 == x).all()
    ties = 0
    for rounding in model.MODES:
        want = reference.integer_encode(x, unit, rounding)
        assert np.count_nonzero(fmt.encode(floats, rounding) != want) == 0
        assert np.array_equal(fmt.quantize(floats, rounding=rounding), fmt.decode(want))
        single = floats.astype(np.float32)
        kept = single == floats
        assert np.count_nonzero(fmt.encode(single, rounding)[kept] != want[kept]) == 0
        if rounding == "nearest-even":
            ties = np.count_nonzero(want != reference.integer_encode(x, unit, "nearest-away"))
    if which in ("bipolar4", "apot4", "khot8_2", "flint4"):
        assert ties > 100


@pytest.mark.parametrize("rounding", model.MODES)
def test_values_in_any_order(rounding):
    values = {c: v for c, v in enumerate(ODD_BOOK.values) if v is not None}
    for ties in Ties:
        book = dataclasses.replace(ODD_BOOK, ties=ties)
        reference = model.Model(values, str(ties))
        x = model.near_inputs(reference)
        x = np.concatenate([x, model.random_inputs(reference, 2000)])
        assert model.wrong_codes(book, reference, x, rounding) == 0


@pytest.mark.parametrize("rounding", model.MODES)
def test_long_tables_are_searched_like_short_ones(rounding):
    """Buckets with several cuts, and tables too dense for buckets."""
    rng = np.random.default_rng(7)
    for bits, spread in ((6, 3), (8, 20), (9, 2)):
        values = np.unique(rng.normal(size=1 << bits) * np.exp2(rng.integers(0, spread, 1 << bits)))
        codes = rng.permutation(1 << bits)[: values.size]
        by_code = [None] * (1 << bits)
        for code, value in zip(codes.tolist(), values.tolist(), strict=True):
            by_code[code] = value
        book = Codebook(name="long", bits=bits, values=tuple(by_code))
        reference = model.Model({c: v for c, v in enumerate(by_code) if v is not None})
        x = np.concatenate([model.near_inputs(reference), model.random_inputs(reference, 2000)])
        assert x.size > 2500
        assert model.wrong_codes(book, reference, x, rounding) == 0
        single = x[np.abs(x) < 1e30]
        assert model.wrong_codes(book, reference, single.astype(np.float32), rounding) == 0


# Symmetric formats whose ties do not lean to one side.
SYMMETRIC = ("ternary", "pot4", "apot4", "apot6", "khot4_1", "khot8_2", "flint4", "nupes4_50")


@pytest.mark.parametrize("name", [*SYMMETRIC, "posit8"])
def test_negation(name):
    fmt, reference = book_and_model(name) if "posit" not in name else (formats.get(name), None)
    if reference is None:
        x = np.concatenate([np.linspace(-70, 70, 5001), np.exp2(np.linspace(-30, 30, 5001))])
    else:
        x = np.concatenate([model.near_inputs(reference), model.random_inputs(reference, 5000)])
        x = x[np.isfinite(x)]
    for rounding in ("nearest-even", "nearest-away", "toward-zero", "to-odd"):
        there, back = (fmt.quantize(v, rounding=rounding) for v in (x, -x))
        assert np.array_equal(back, -there)
    up, down = (
        fmt.quantize(v, rounding=f"toward-{r}") for v, r in ((x, "positive"), (-x, "negative"))
    )
    assert np.array_equal(down, -up)


def test_binary_is_the_sign():
    fmt = formats.get("binary")
    x = np.array([-np.inf, -2, -1, -5e-324, -0.0, 0, 5e-324, 1, 7, np.inf])
    for rounding in ("nearest-even", "nearest-away", "toward-zero"):
        assert fmt.quantize(x, rounding=rounding).tolist() == [-1] * 4 + [1] * 6


# Integers


@pytest.mark.parametrize("dtype", ["int8", "uint8", "int16", "uint32", "int64", "uint64"])
@pytest.mark.parametrize("rounding", model.MODES)
def test_integers(dtype, rounding):
    fmt, reference = book_and_model("khot8_2")
    info = np.iinfo(dtype)
    x = np.arange(max(info.min, -200), min(info.max, 200) + 1)
    x = np.concatenate([x.astype(dtype), np.array([info.min, info.max], dtype)])
    assert model.wrong_codes(fmt, reference, x, rounding) == 0


@pytest.mark.parametrize("dtype", ["int64", "uint64"])
@pytest.mark.parametrize("rounding", model.MODES)
def test_long_integers_are_not_rounded_into_ties(dtype, rounding):
    for values in ((2.0**53, 2.0**53 + 4), (2.0**60, 2.0**62), (2.0**62, 2.0**64), (-(2.0**63), 1)):
        book = Codebook(name="far", bits=1, values=values)
        reference = model.Model(dict(enumerate(values)))
        middle = int(values[0] / 2 + values[1] / 2)
        info = np.iinfo(dtype)
        around = [int(v) + d for v in (*values, middle) for d in (-1025, -2, -1, 0, 1, 2, 1025)]
        around = [v for v in [*around, info.min, info.max] if info.min <= v <= info.max]
        x = np.array(around, dtype)
        assert x.tolist() == around
        assert model.wrong_codes(book, reference, x, rounding) == 0


# Stochastic


def test_stochastic_is_reproducible_and_between_neighbours():
    fmt, reference = book_and_model("khot8_2")
    x = model.random_inputs(reference, 40_000)
    once = fmt.quantize(x, rounding="stochastic", seed=11)
    assert np.array_equal(once, fmt.quantize(x, rounding="stochastic", seed=11))
    assert not np.array_equal(once, fmt.quantize(x, rounding="stochastic", seed=12))
    assert np.array_equal(once, fmt.decode(fmt.encode(x, "stochastic", seed=11)))
    down = fmt.quantize(x, rounding="toward-negative")
    up = fmt.quantize(x, rounding="toward-positive")
    assert ((once == down) | (once == up)).all()
    assert np.count_nonzero(once == down) > 1000 < np.count_nonzero(once == up)
    values = fmt.decode(fmt.codes())
    for seed in range(20):
        assert np.array_equal(fmt.quantize(values, rounding="stochastic", seed=seed), values)


@pytest.mark.parametrize("which", ["ternary", "nf4", "flint4", "posit8"])
def test_stochastic_probability_is_the_distance(which):
    fmt = formats.get(which)
    values = fmt.decode(fmt.codes())
    values = np.sort(values[np.isfinite(values)])
    low, high = values[-3], values[-2]
    count = 20_000
    for share in (0.01, 0.25, 0.5, 0.9):
        x = np.full(count, low + share * (high - low))
        got = np.count_nonzero(fmt.quantize(x, rounding="stochastic", seed=5) == high)
        assert abs(got - share * count) < 5 * math.sqrt(count * share * (1 - share))
    ends = np.array([-np.inf, np.inf, -1e300, 1e300])
    if which != "posit8":
        want = [values[0], values[-1]] * 2
        assert fmt.quantize(ends, rounding="stochastic", seed=1).tolist() == want


# Inputs


@settings(deadline=None, max_examples=60)
@given(
    x=hnp.arrays(
        st.sampled_from(
            ["<f2", ">f2", "<f4", ">f4", "<f8", ">f8", "i1", ">i4", "<i8", ">u8", "u2"]
        ),
        hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=5),
    ),
    which=st.sampled_from(["flint4", "nf4", "khot8_2", "posit8"]),
    rounding=st.sampled_from(model.MODES),
)
def test_any_array(x, which, rounding):
    fmt = formats.get(which)
    if which != "posit8":
        x = np.where(np.isnan(x), x.dtype.type(1), x).astype(x.dtype) if x.dtype.kind == "f" else x
    before = x.copy()
    codes = fmt.encode(x, rounding)
    assert codes.shape == x.shape
    assert codes.dtype == np.uint8
    values = fmt.quantize(x, rounding=rounding)
    assert values.dtype == np.float64
    assert np.array_equal(values, fmt.decode(codes), equal_nan=True)
    assert np.array_equal(x, before, equal_nan=x.dtype.kind == "f")
    strided = np.repeat(x.reshape(-1), 2)[::-2][::-1].reshape(x.shape)
    assert np.array_equal(fmt.encode(strided, rounding), codes)
    one_by_one = [int(fmt.encode(v, rounding)) for v in x.reshape(-1)]
    assert one_by_one == codes.reshape(-1).tolist()
    again = fmt.encode(values, rounding)
    assert np.array_equal(again, codes)


@settings(deadline=None, max_examples=150)
@given(
    values=st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=40, unique=True),
    ties=st.sampled_from(Ties),
    numbers=st.lists(st.floats(allow_nan=False), min_size=1, max_size=10),
    rounding=st.sampled_from(model.MODES),
)
def test_any_codebook(values, ties, numbers, rounding):
    values = list(dict.fromkeys(v + 0.0 for v in values))
    if len(values) < 2:
        return
    book = Codebook(name="any", bits=6, values=tuple(values), ties=ties)
    reference = model.Model(dict(enumerate(values)), str(ties))
    x = np.concatenate([numbers, model.near_inputs(reference)])
    assert model.wrong_codes(book, reference, x, rounding) == 0


def test_all_half_precision_numbers():
    x = np.arange(1 << 16).astype(np.uint16).view(np.float16)
    x = x[~np.isnan(x)]
    for name in ("nf4", "khot8_2"):
        fmt = formats.get(name)
        assert np.array_equal(fmt.encode(x), fmt.encode(x.astype(np.float64)))


# Refusals


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda f: f.encode([1.0, np.nan]), "flint4 has no NaN, but the input holds 1"),
        (lambda f: f.encode(1.0, overflow="nonfinite"), "overflow='nonfinite' is impossible"),
        (lambda f: f.encode(1.0, "nearest"), "unknown rounding 'nearest'"),
        (lambda f: f.encode(1.0, "stochastic"), "needs a seed"),
        (lambda f: f.encode(1.0, overflow="wrap"), "unknown overflow 'wrap'"),
        (lambda f: f.encode(True), "cannot encode bool as flint4"),
        (lambda f: f.encode(np.longdouble(1)), "cannot encode"),
        (lambda f: f.encode(1j), "cannot encode complex128 as flint4"),
        (lambda f: f.decode(8), "8 is not a code of flint4; codes"),
        (lambda f: f.decode([[0, 1], [8, 2]]), r"8 at index \(1, 0\) is not a code of flint4;"),
        (lambda f: f.unpack([0, 8]), "8 at index 1 is not a code of flint4;"),
        (lambda f: f.decode([16]), "16 at index 0 is not a code of flint4: codes are 0 to 15"),
        (lambda f: f.decode([-1]), "-1 at index 0 is not a code"),
        (lambda f: f.decode([1.0]), "must be an array of integers"),
    ],
)
def test_refusals(call, message):
    with pytest.raises(HwdseError, match=message) as caught:
        call(formats.get("flint4"))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"bits": 0}, "bits must be 1 to 16, not 0"),
        ({"bits": 17}, "bits must be 1 to 16, not 17"),
        ({"values": (1.0,) * 5}, "there are 4 codes of 2 bits, but 5 values"),
        ({"values": (1.0, 2.0, 1)}, "codes 0 and 2 have the same value 1"),
        ({"values": (0.0, -0.0)}, "codes 0 and 1 have the same value"),
        ({"values": (1.0, math.nan)}, "code 1 must be a number of magnitude .* not nan"),
        ({"values": (1.0, math.inf)}, "code 1 must be a number of magnitude .* not inf"),
        ({"values": (1.0, 1e308)}, "code 1 must be a number of magnitude"),
        ({"values": (1.0, None)}, "at least two codes must have values, not 1"),
        ({"nar": 0}, "NaR must be a code without a value, not 0"),
        ({"nar": 4}, "NaR must be a code without a value, not 4"),
        ({"thresholds": (Fraction(1, 2),)}, "3 values need 2 thresholds, not 1"),
        (
            {"thresholds": (Fraction(1), Fraction(2))},
            "between -1.0 and 0.0 must lie there, not at 1",
        ),
    ],
)
def test_impossible_codebooks(change, message):
    with pytest.raises(HwdseError, match=message):
        dataclasses.replace(formats.get("ternary"), **change)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("bipolar0", "N of bipolarN must be 1 to 8, not 0"),
        ("bipolar9", "N of bipolarN must be 1 to 8, not 9"),
        ("pot1", "N of potN must be 2 to 8, not 1"),
        ("pot9", "N of potN must be 2 to 8, not 9"),
        ("apot2", "N of apotN must be 3 to 7, not 2"),
        ("apot8", "N of apotN must be 3 to 7, not 8"),
        ("khot17_2", "N of khotN_K must be 2 to 16, not 17"),
        ("khot4_4", "K of khotN_K must be 1 to N - 1 = 3, not 4"),
        ("khot4_0", "K of khotN_K must be 1 to N - 1 = 3, not 0"),
        ("posit2", "N of positN must be 3 to 16, not 2"),
        ("posit17", "N of positN must be 3 to 16, not 17"),
        ("nupes9_50", "N of nupesN_A must be 2 to 8, not 9"),
        ("nupes4_9", "A of nupesN_A must be 10 to 200, not 9"),
        ("nupes4_201", "A of nupesN_A must be 10 to 200, not 201"),
        ("pot04", "did you mean"),
        ("pot4_2", "did you mean"),
        ("khot4", "did you mean"),
        ("NF4", "did you mean 'nf4'"),
        ("nupes4", "did you mean"),
        ("posit08", "did you mean 'posit8'"),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(HwdseError, match=message) as caught:
        formats.get(name)
    assert str(caught.value).startswith(f"unknown format {name!r}")
    assert "\n" not in str(caught.value)


def test_listed():
    listed = {
        *("binary", "ternary", "bipolar2", "bipolar4", "pot4", "apot4", "khot4_2", "khot8_2"),
        *("flint4", "nf4", "posit8", "nupes4_50"),
    }
    assert listed <= set(formats.names())


def test_codebooks_are_immutable_values():
    fmt = formats.get("nf4")
    assert dataclasses.replace(fmt) == fmt
    assert hash(dataclasses.replace(fmt)) == hash(fmt)
    assert dataclasses.replace(fmt, ties=Ties.LOWER) != fmt
    copied = pickle.loads(pickle.dumps(fmt))  # noqa: S301 - of our own making
    assert copied == fmt
    assert np.array_equal(copied.encode([0.3, -0.9]), fmt.encode([0.3, -0.9]))
    with pytest.raises(dataclasses.FrozenInstanceError):
        fmt.name = "other"
    assert len(repr(formats.get("posit8"))) < 300


# Planted errors: the comparisons above must see them.


def found(which, rounding):
    fmt, reference = book_and_model(which)
    fmt = dataclasses.replace(fmt)  # without the tables of the other one
    return model.wrong_codes(fmt, reference, model.near_inputs(reference), rounding)


@pytest.mark.parametrize("which", ["flint4", "nf4", "khot8_2"])
def test_planted_wrong_value(which):
    fmt, reference = book_and_model(which)
    values = list(fmt.values)
    values[3] += 2.0**-20
    wrong = dataclasses.replace(fmt, values=tuple(values))
    x = model.near_inputs(reference)
    assert model.wrong_codes(wrong, reference, x, "nearest-even") > 0


@pytest.mark.parametrize("ties", ["lower", "upper"])
def test_planted_wrong_ties(ties):
    fmt, reference = book_and_model("flint4")
    wrong = dataclasses.replace(fmt, ties=Ties(ties))
    x = model.near_inputs(reference)
    assert model.wrong_codes(wrong, reference, x, "nearest-even") > 0


@pytest.mark.parametrize("rounding", model.MODES)
@pytest.mark.parametrize("toward", [math.inf, -math.inf])
@pytest.mark.parametrize("which", ["flint4", "khot8_2"])
def test_planted_shifted_cuts(which, toward, rounding, monkeypatch):
    right = codebook.make_cuts

    def wrong(*args, **kwargs):
        cuts = right(*args, **kwargs)
        shifted = np.nextafter([float(p) for p in cuts.points], toward)
        return dataclasses.replace(cuts, points=tuple(Fraction(p) for p in shifted))

    assert found(which, rounding) == 0
    monkeypatch.setattr(codebook, "make_cuts", wrong)
    assert found(which, rounding) > 0


@pytest.mark.parametrize("rounding", model.MODES)
def test_planted_other_rounding(rounding, monkeypatch):
    right = codebook.make_cuts
    for other in model.MODES:
        monkeypatch.setattr(
            codebook,
            "make_cuts",
            lambda mode, other=other, **k: right(formats.Rounding(other), **k),
        )
        assert (found("flint4", rounding) == 0) == (other == rounding)


def test_planted_careless_narrowing(monkeypatch):
    """Cuts rounded to the nearest binary32, instead of downward."""
    fmt, reference = book_and_model("nf4")
    middles = model.near_inputs(reference)
    middles = middles[np.abs(middles) < 2].astype(np.float32)
    assert model.wrong_codes(dataclasses.replace(fmt), reference, middles, "nearest-even") == 0
    monkeypatch.setattr(
        _cuts.Cuts,
        "_single",
        property(lambda c: _cuts._make_search(c._double.cuts.astype(np.float32))),
    )
    assert model.wrong_codes(dataclasses.replace(fmt), reference, middles, "nearest-even") > 0


def test_planted_rounded_integers(monkeypatch):
    right = _cuts.Cuts.ranks
    monkeypatch.setattr(_cuts.Cuts, "ranks", lambda c, x: right(c, x.astype(np.float64)))
    with pytest.raises(AssertionError):
        test_long_integers_are_not_rounded_into_ties("int64", "nearest-even")


def test_planted_bucket_error(monkeypatch):
    right = _cuts._make_search

    def wrong(cuts):
        search = right(cuts)
        if search.base is None:
            return search
        return dataclasses.replace(search, near=search.near[:-1])

    monkeypatch.setattr(_cuts, "_make_search", wrong)
    assert found("khot8_2", "nearest-even") > 0

"""The comparisons of this directory must see errors that are put there on purpose."""

import dataclasses

import numpy as np
import pytest

from hwdse import formats
from hwdse.formats import NanPolicy, _lookup, _minifloat_encoding
from hwdse.formats._rounding import Rounder

from . import oracles

NAMES = ("e4m3", "e5m2", "e2m1", "bf16", "e4m3_fnuz")


@pytest.fixture
def no_tables():
    """Tables of codes come out of the code that a test replaces, and must not outlive it."""
    _minifloat_encoding.code_table.cache_clear()
    yield
    _minifloat_encoding.code_table.cache_clear()


def numbers(name):
    x = oracles.float32_inputs(name)[:-900_000]
    return x[~np.isnan(x)]


def found(fmt, name):
    """Mismatches by ml_dtypes, gfloat on float32, and gfloat on float64 inputs."""
    overflow = "saturate"
    return (
        oracles.against_ml_dtypes(fmt, name, numbers(name)),
        oracles.against_gfloat(fmt, name, numbers(name), "nearest-even", overflow),
        oracles.against_gfloat(fmt, name, oracles.float64_inputs(name), "nearest-even", overflow),
    )


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_found_where_nothing_is_wrong(name):
    assert found(formats.get(name), name) == (0, 0, 0)


@pytest.mark.parametrize("name", NAMES)
def test_wrong_bias(name):
    fmt = formats.get(name)
    assert min(found(dataclasses.replace(fmt, bias=fmt.bias + 1), name)) > 1000
    codes = fmt.codes()
    wrong = dataclasses.replace(fmt, bias=fmt.bias + 1).decode(codes)
    assert oracles.mismatches(wrong, fmt.decode(codes)) > 10


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("instead", [m for m in oracles.DETERMINISTIC if m != "nearest-even"])
@pytest.mark.usefixtures("no_tables")
def test_wrong_rounding(name, instead, monkeypatch):
    right = _minifloat_encoding.shift_round

    def wrong(significand, shift, *, rounder, **others):
        return right(significand, shift, rounder=Rounder(mode=instead), **others)

    monkeypatch.setattr(_minifloat_encoding, "shift_round", wrong)
    assert min(found(formats.get(name), name)) > 0


@pytest.mark.parametrize("mode", oracles.GFLOAT_ROUNDING)
def test_a_sign_that_rounding_does_not_see(mode, monkeypatch):
    right = _minifloat_encoding.shift_round

    def wrong(significand, shift, *, sign, **others):
        return right(significand, shift, sign=np.zeros_like(sign), **others)

    monkeypatch.setattr(_minifloat_encoding, "shift_round", wrong)
    x = oracles.float64_inputs("e4m3")
    missed = oracles.against_gfloat(formats.get("e4m3"), "e4m3", x, mode, "saturate") == 0
    assert missed == (mode not in {"toward-positive", "toward-negative"})


@pytest.mark.parametrize("mode", ["toward-zero", "toward-positive", "toward-negative"])
def test_directed_overflow_away_from_zero(mode, monkeypatch):
    monkeypatch.setattr(
        _minifloat_encoding, "_towards_zero", lambda mode, sign: np.zeros_like(sign)
    )
    x = oracles.float64_inputs("e5m2")
    assert oracles.against_gfloat(formats.get("e5m2"), "e5m2", x, mode, "nonfinite") > 100


@pytest.mark.usefixtures("no_tables")
def test_a_table_that_forgets_the_low_bits(monkeypatch):
    def wrong(x):
        return x.view(np.uint32) >> np.uint32(16)

    monkeypatch.setattr(_lookup, "indices", wrong)
    x = numbers("e4m3")
    assert oracles.against_ml_dtypes(formats.get("e4m3"), "e4m3", x) > 100


@pytest.mark.usefixtures("no_tables")
def test_a_table_for_more_mantissa_bits_than_an_index_tells_apart(monkeypatch):
    x = numbers("e4m3")
    fmt = formats.get("e5m6")
    assert oracles.against_gfloat(fmt, "e5m6", x, "nearest-even", "saturate") == 0
    monkeypatch.setattr(_lookup, "_MANTISSA_BITS_SERVED", 6)
    assert oracles.against_gfloat(fmt, "e5m6", x, "nearest-even", "saturate") > 100


def test_subnormals_where_there_are_none():
    fmt = dataclasses.replace(formats.get("e4m3_nosub"), subnormals=True)
    x = oracles.float64_inputs("e4m3_nosub")
    assert oracles.against_gfloat(fmt, "e4m3_nosub", x, "nearest-even", "saturate") > 100


def test_negative_zero_where_there_is_none():
    fmt = dataclasses.replace(formats.get("e4m3_fnuz"), nan=NanPolicy.ALL_ONES)
    x = oracles.float64_inputs("e4m3_fnuz")
    assert oracles.against_gfloat(fmt, "e4m3_fnuz", x, "nearest-even", "saturate") > 100


def test_wrong_nan_policy():
    fmt = dataclasses.replace(formats.get("e4m3"), nan=NanPolicy.NONE)
    x = oracles.float64_inputs("e4m3")
    assert oracles.against_gfloat(fmt, "e4m3", x, "nearest-even", "saturate") > 0


class TwiceRounded:
    """Rounds to binary32 on the way, as some libraries do."""

    def __init__(self, fmt):
        self.decode, self.fmt = fmt.decode, fmt

    def encode(self, x, rounding, overflow):
        with np.errstate(over="ignore", under="ignore"):
            return self.fmt.encode(np.asarray(x, np.float32), rounding, overflow)


@pytest.mark.parametrize("name", NAMES)
def test_double_rounding(name):
    fmt = TwiceRounded(formats.get(name))
    x = oracles.float64_inputs(name)
    assert oracles.against_gfloat(fmt, name, x, "nearest-even", "saturate") > 0


def test_lost_sign_of_zero():
    assert oracles.mismatches([0.0, 1.0], [-0.0, 1.0]) == 1
    assert oracles.mismatches([np.nan, -0.0], [-np.nan, -0.0]) == 0
    assert oracles.mismatches([np.nan], [np.inf]) == 1


@pytest.mark.parametrize("rounding", oracles.DETERMINISTIC)
def test_fraction_oracle_tells_roundings_apart(rounding):
    values = oracles.midpoints("e3m2").tolist()[:-1]
    values += [-v for v in values]
    table = oracles.fraction_table(3, 2)
    want = [oracles.fraction_encode(v, v < 0, table, rounding) for v in values]
    for other in oracles.DETERMINISTIC:
        same = formats.get("e3m2").encode(values, other).tolist() == want
        assert same == (other is rounding)

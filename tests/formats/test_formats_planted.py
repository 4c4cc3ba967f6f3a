"""The comparisons of this directory must see errors that are put there on purpose."""

import dataclasses

import numpy as np
import pytest

from hwdse import formats
from hwdse.formats import NanPolicy, Rounding, minifloat

from . import oracles

NAMES = ("e4m3", "e5m2", "e2m1", "bf16")


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
@pytest.mark.parametrize("instead", [Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO])
def test_wrong_rounding(name, instead, monkeypatch):
    right = minifloat.shift_round

    def wrong(significand, shift, *, rounding, offset=None):
        return right(significand, shift, rounding=instead, offset=offset)

    monkeypatch.setattr(minifloat, "shift_round", wrong)
    assert min(found(formats.get(name), name)) > 0


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


@pytest.mark.parametrize("rounding", list(Rounding))
def test_fraction_oracle_tells_roundings_apart(rounding):
    values = oracles.midpoints("e3m2").tolist()[:-1]
    want = [oracles.fraction_encode(v, False, 3, 2, rounding) for v in values]
    for other in Rounding:
        same = formats.get("e3m2").encode(values, other).tolist() == want
        assert same == (other is rounding)

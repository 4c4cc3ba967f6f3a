"""The scaling law: published optima and critical sizes, and that they are optima."""

import dataclasses
import math

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.theory import FLOAT_TRAINING as LAW

from . import data_files

ROWS = data_files.rows("float_splits.csv")
AT = {"parameters": 1e9, "tokens": 1e11, "block": 128}


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["format"])
def test_published_splits(row):
    bits = int(row["bits"])
    best = LAW.best_format(bits)
    assert f"E{best.exponent_bits}M{best.mantissa_bits}" == row["format"]
    assert best.exponent_bits + best.mantissa_bits + 1 == bits
    if row["exponent_bits"]:
        split = LAW.best_split(bits)
        assert f"{split.exponent_bits:.2f}" == row["exponent_bits"]
        assert f"{split.mantissa_bits:.2f}" == row["mantissa_bits"]


def test_every_width_is_compared():
    assert [int(row["bits"]) for row in ROWS] == list(range(2, 17))


@pytest.mark.parametrize("bits", [4, 6, 8, 16])
def test_the_split_minimises_the_loss(bits):
    split = LAW.best_split(bits)
    exponents = np.linspace(0, bits - 1, 4001)
    losses = [
        LAW.loss(exponent_bits=e, mantissa_bits=bits - 1 - e, **AT) for e in exponents.tolist()
    ]
    least = int(np.argmin(losses))
    assert abs(exponents[least] - split.exponent_bits) <= exponents[1]
    assert split.exponent_bits + split.mantissa_bits + 1 == pytest.approx(bits)
    assert LAW.loss(**dataclasses.asdict(split), **AT) <= losses[least]
    whole = [LAW.loss(exponent_bits=e, mantissa_bits=bits - 1 - e, **AT) for e in range(bits)]
    assert LAW.best_format(bits).exponent_bits == int(np.argmin(whole))


@pytest.mark.parametrize(
    ("exponent_bits", "mantissa_bits", "published"),
    # arXiv 2501.02423, section 4.3, for 10**9 parameters; blocks of 128 as in its section 4.4.
    [(8, 7, 1730e12), (4, 3, 27e12), (2, 1, 0.4e12)],
)
def test_critical_data_size(exponent_bits, mantissa_bits, published):
    at = {
        "parameters": 1e9,
        "exponent_bits": exponent_bits,
        "mantissa_bits": mantissa_bits,
        "block": 128,
    }
    critical = LAW.critical_tokens(**at)
    assert critical == pytest.approx(published, rel=0.02)
    tokens = critical * np.geomspace(0.5, 2, 2001)
    losses = [LAW.loss(tokens=t, **at) for t in tokens.tolist()]
    assert abs(int(np.argmin(losses)) - 1000) <= 1
    assert LAW.loss(tokens=critical, **at) <= min(losses)


def test_the_loss_itself():
    at = {"parameters": 679e6, "tokens": 1e11, "exponent_bits": 2, "mantissa_bits": 1}
    classical = 69.2343 / 679e6**0.2368 + 68973.0621 / 1e11**0.5162 + 1.9061
    assert LAW.loss(block=1, **at) == pytest.approx(classical, rel=1e-15)
    penalty = 1e11**0.5162 / 679e6**0.2368 * 7 / (11334.5197 * 2.5**3.1926 * 1.5**2.9543)
    assert LAW.loss(block=128, **at) == pytest.approx(classical + penalty, rel=1e-15)
    assert LAW.critical_tokens(parameters=1e9, exponent_bits=2, mantissa_bits=1, block=1) == (
        math.inf
    )


def test_more_bits_never_lose():
    for more in ({"exponent_bits": 5}, {"mantissa_bits": 4}):
        base = {"exponent_bits": 4, "mantissa_bits": 3}
        assert LAW.loss(**{**base, **more}, **AT) < LAW.loss(**base, **AT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"parameters": 0}, "parameters must be a finite number above 0, not 0"),
        ({"tokens": -1}, "tokens must be a finite number above 0, not -1"),
        ({"tokens": math.inf}, "tokens must be .*not inf"),
        ({"block": 0.5}, "block must be a finite number of 1 or more, not 0.5"),
        ({"block": math.nan}, "block must be .*not nan"),
        ({"exponent_bits": -1}, "exponent_bits must be 0 to 64, not -1"),
        ({"mantissa_bits": 65}, "mantissa_bits must be 0 to 64, not 65"),
    ],
)
def test_bad_arguments(change, message):
    good = {"exponent_bits": 4, "mantissa_bits": 3, **AT}
    assert math.isfinite(LAW.loss(**good))
    with pytest.raises(HwdseError, match=message) as caught:
        LAW.loss(**{**good, **change})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bits", [0, -3, 65, 8.0])
def test_bad_bits(bits):
    for function in (LAW.best_split, LAW.best_format):
        with pytest.raises(HwdseError, match="bits must be an integer of 1 to 64, not"):
            function(bits)


def test_bad_constants():
    with pytest.raises(HwdseError, match="gamma must be a finite number above 0, not 0"):
        dataclasses.replace(LAW, gamma=0.0)
    with pytest.raises(HwdseError, match="nu must be a finite number above 0, not nan"):
        dataclasses.replace(LAW, nu=math.nan)

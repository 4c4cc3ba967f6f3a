"""The closed forms: against published crossovers, limits, and integrals done numerically."""

import math

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.theory import PAIRS, FloatQsnr, IntegerQsnr, crossover, pair_of
from hwdse.theory import qsnr as qsnr_module

from . import data_files

ROWS = data_files.rows("qsnr_crossovers.csv")


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['pair']}-{row['rho']}")
def test_crossovers_of_the_paper(row):
    pair = pair_of(row["pair"]).replace(rho=float(row["rho"]))
    found = pair.crossover()
    # Cut off, not rounded, after three decimals.
    assert 0 <= found.crest_factor - float(row["recomputed_crest_factor"]) < 1e-3
    assert round(found.qsnr_db, 2) == float(row["recomputed_db"])
    if row["published_crest_factor"]:
        published = (float(row["published_crest_factor"]), float(row["published_db"]))
        assert pair_of(row["pair"]).published == published
        assert (round(found.crest_factor, 2), round(found.qsnr_db, 2)) == published
        assert pair_of(row["pair"]).crossover() == found


def test_every_pair_is_compared():
    assert [row["pair"] for row in ROWS] == [*(pair.name for pair in PAIRS), "NV4"]


def test_a_crossover_is_where_both_are_equal_and_sides_change():
    for pair in PAIRS:
        kappa, db = pair.crossover()
        assert pair.integer.db(kappa) == pytest.approx(db, abs=1e-9)
        assert pair.minifloat.db(kappa) == pytest.approx(db, abs=1e-9)
        assert pair.integer.db(kappa * 0.99) > pair.minifloat.db(kappa * 0.99)
        assert pair.integer.db(kappa * 1.01) < pair.minifloat.db(kappa * 1.01)


def test_integers_gain_six_decibels_a_bit_and_lose_the_crest_factor():
    kappa = np.array([1.5, 2.0, 4.0])
    eight, six = (IntegerQsnr(bits=b, rho=1.0).db(kappa) for b in (8, 6))
    assert np.allclose(eight - six, 12.04)
    assert np.allclose(eight, 4.78 + 48.16 - 20 * np.log10(kappa))
    precise = IntegerQsnr(bits=8, rho=1.0, block=16).db(kappa)
    assert np.allclose(precise - eight, 10 * math.log10(16 / 15))
    assert np.allclose(IntegerQsnr(bits=8, rho=2.0).db(kappa), eight - 20 * math.log10(2))
    refined = IntegerQsnr(bits=8, rho=1.0, refined=True).db(kappa)
    assert np.allclose(refined, -10 * np.log10(kappa**2 / (12 * 127**2)))


def test_floats_of_ample_range_have_the_decibels_of_their_mantissa():
    """Equation 41; and equation 41 with significands of uniform logarithm."""
    for mantissa_bits in (1, 2, 3, 7):
        wide = FloatQsnr(mantissa_bits=mantissa_bits, bias=127, largest=2.0**127, rho=1.5)
        assert np.allclose(wide.db([1.5, 3.0, 30.0]), 13.80 + 6.02 * mantissa_bits, atol=0.02)
        refined = FloatQsnr(
            mantissa_bits=mantissa_bits, bias=127, largest=2.0**127, rho=1.5, refined=True
        )
        loss = wide.db(2.0) - refined.db(2.0)
        assert loss == pytest.approx(10 * math.log10(2 * 3 / (8 * math.log(2))))


def test_shares_of_normal_numbers_are_those_of_a_gaussian():
    """``w`` and ``p`` integrated numerically instead of in closed form."""
    model = FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.5)
    z = np.linspace(0, 12, 1_200_001)
    density = 2 * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    step = z[1] - z[0]
    for kappa in (1.1, 2.0, 3.7, 8.0):
        normal = z >= 1.5 * kappa / 6.0
        w = float((density * z**2)[normal].sum() * step)
        p = float(density[~normal].sum() * step)
        beta = 4.0**-1 / (12 * 36)
        expected = -10 * math.log10(w / 96 + beta * (1.5 * kappa) ** 2 * p)
        assert model.db(kappa) == pytest.approx(expected, abs=1e-4)


def test_precise_scales_take_the_largest_value_out_of_the_error():
    plain = FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.0)
    precise = FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.0, block=16)
    assert (precise.db([1.5, 2.0, 3.0]) > plain.db([1.5, 2.0, 3.0])).all()
    # Beyond sqrt(16) there is no energy left to take, and the rest must not turn negative.
    assert np.isfinite(precise.db([4.0, 6.0, 40.0])).all()


def test_shapes():
    model = IntegerQsnr(bits=4, rho=1.0)
    assert model.db(2.0).shape == ()
    assert model.db([]).shape == (0,)
    assert model.db([[2, 3]]).dtype == np.float64
    assert pair_of("MX4").minifloat.db(np.full((2, 3), 2, dtype=np.float32)).shape == (2, 3)
    assert pair_of("MX4").minifloat.db([]).shape == (0,)


@pytest.mark.parametrize("bad", [1, 1.0, 0.5, -2, math.nan, math.inf, "high", [2.0, 0.0]])
@pytest.mark.parametrize("model", [PAIRS[0].integer, PAIRS[0].minifloat])
def test_bad_crest_factors(model, bad):
    with pytest.raises(HwdseError, match=r"crest factors must be .*not [^\n]*$"):
        model.db(bad)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IntegerQsnr(bits=1, rho=1.0), "bits of an integer format must be 2 to 32, not 1"),
        (lambda: IntegerQsnr(bits=33, rho=1.0), "must be 2 to 32, not 33"),
        (lambda: IntegerQsnr(bits=8, rho=0.0), "rho must be a finite number above 0, not 0.0"),
        (lambda: IntegerQsnr(bits=8, rho=math.nan), "rho must be .*not nan"),
        (lambda: IntegerQsnr(bits=8, rho=1.0, block=1), "block must be 2 or more, not 1"),
        (lambda: PAIRS[0].replace(rho=-1.0), "rho must be .*not -1.0"),
        (
            lambda: FloatQsnr(mantissa_bits=-1, bias=1, largest=6.0, rho=1.0),
            "mantissa_bits must be 0 to 52, not -1",
        ),
        (
            lambda: FloatQsnr(mantissa_bits=1, bias=4000, largest=6.0, rho=1.0),
            "bias must be -1024 to 1024, not 4000",
        ),
        (
            lambda: FloatQsnr(mantissa_bits=1, bias=1, largest=math.inf, rho=1.0),
            "largest must be a finite number above 0, not inf",
        ),
        (
            lambda: FloatQsnr(mantissa_bits=1, bias=1, largest=6.0, rho=1.0, block=0),
            "block must be 2 or more, not 0",
        ),
        (lambda: pair_of("MX5"), "unknown pair 'MX5'; known: MX8, MX6, MX4, NV4"),
    ],
)
def test_bad_parameters(make, message):
    with pytest.raises(HwdseError, match=message) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_no_crossover_is_an_error():
    four, eight = (IntegerQsnr(bits=b, rho=1.0) for b in (4, 8))
    with pytest.raises(HwdseError, match="ahead throughout"):
        crossover(eight, four)
    with pytest.raises(HwdseError, match="never ahead"):
        crossover(four, eight)


def test_a_wrong_threshold_is_noticed(monkeypatch):
    """Planted: the error function of half the argument."""
    monkeypatch.setattr(qsnr_module, "_erf", lambda x: np.vectorize(math.erf)(x / 2))
    wrong = [round(pair.crossover().crest_factor, 2) for pair in PAIRS]
    assert sum(w != pair.published.crest_factor for w, pair in zip(wrong, PAIRS, strict=True)) >= 3

"""The measured crossovers: against the closed forms, and against quantisers written here."""

import functools
import math

import ml_dtypes
import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.theory import gaussian_blocks, run_experiment
from hwdse.theory import qsnr_experiment as module

VALUES = 1 << 20

# What rounding a uniform logarithm up to a whole one costs, as a root mean square.
RHO_POWER_OF_TWO = math.sqrt(3 / (2 * math.log(2)))

run = functools.cache(functools.partial(run_experiment, values=VALUES))


@pytest.mark.parametrize(
    ("name", "crest", "decibels"),
    # Of the refined form: E2M1 has too few values for the error in each step to be uniform.
    [("MX8", 0.01, 0.1), ("MX6", 0.01, 0.1), ("NV4", 0.01, 0.15), ("MX4", 0.05, 0.4)],
)
def test_the_refined_form_at_the_measured_rho_predicts_the_crossover(name, crest, decibels):
    found = run(name)
    assert found.pair.name == name
    refined = found.refined_form
    assert found.crossover.crest_factor == pytest.approx(refined.crest_factor, rel=crest)
    assert found.crossover.qsnr_db == pytest.approx(refined.qsnr_db, abs=decibels)
    # The paper's forms take fewer details in: the same order of things, not the same digits.
    published = found.pair.published
    assert found.crossover.crest_factor == pytest.approx(published.crest_factor, rel=0.15)
    assert found.crossover.qsnr_db == pytest.approx(published.qsnr_db, abs=0.6)


@pytest.mark.parametrize("name", ["MX8", "MX6", "MX4"])
def test_rho_of_powers_of_two(name):
    assert run(name).rho_measured == pytest.approx(RHO_POWER_OF_TWO, rel=2e-3)


def test_rho_of_e4m3_scales():
    """Rounded to nearest, they are too small as often as too large."""
    assert run("NV4").rho_measured == pytest.approx(1.0, abs=2e-3)


@pytest.mark.parametrize("name", ["MX8", "MX6", "MX4", "NV4"])
def test_the_explaining_rho_takes_the_closed_form_to_the_measurement(name):
    found = run(name)
    there = found.pair.replace(rho=found.rho_explaining).crossover()
    assert there.crest_factor == pytest.approx(found.crossover.crest_factor, rel=1e-9)
    assert found.closed_form == found.pair.replace(rho=found.rho_measured).crossover()


def test_eight_bit_integers_stay_ahead_in_blocks_of_32():
    found = run("MX8", block=32, crest_factors=(1.7, 5.5))
    assert found.crossover is None
    assert found.rho_explaining is None
    assert found.curve.crest_factor[-1] > 5.3
    assert (found.curve.integer_db - found.curve.minifloat_db).min() > 3


def test_a_seed_gives_the_same_and_another_nearly():
    again = run_experiment("MX6", values=VALUES)
    assert again.crossover == run("MX6").crossover
    assert np.array_equal(again.curve.integer_db, run("MX6").curve.integer_db)
    other = run("MX6", seed=1)
    assert other.crossover != again.crossover
    assert other.crossover.crest_factor == pytest.approx(again.crossover.crest_factor, rel=0.01)


def scaled_integers(x, bits):
    """Symmetric integers with power-of-two scales that cover the largest magnitude."""
    largest = 2 ** (bits - 1) - 1
    scale = 2.0 ** np.ceil(np.log2(np.abs(x).max(axis=1, keepdims=True) / largest))
    return np.round(x / scale) * scale


def scaled_floats(x, dtype):
    largest = float(ml_dtypes.finfo(dtype).max)
    scale = 2.0 ** np.ceil(np.log2(np.abs(x).max(axis=1, keepdims=True) / largest))
    return (x / scale).astype(np.float32).astype(dtype).astype(np.float64) * scale


def test_plain_gaussian_blocks_agree():
    """No block's maximum fixed, and none of this package's formats: the same decibels."""
    rng = np.random.default_rng(7)
    x = rng.standard_normal((400_000, 32))
    crest = np.abs(x).max(axis=1) / np.sqrt(np.mean(x**2, axis=1))
    x = x[(crest > 1.97) & (crest < 2.03)]
    assert len(x) > 10_000
    # Not by the maximum this time: the phase of the deviation is uniform instead.
    x *= np.exp2(rng.random((len(x), 1)))
    energy = np.sum(x**2, axis=1)
    for name, bits, dtype in (
        ("MX6", 6, ml_dtypes.float6_e2m3fn),
        ("MX4", 4, ml_dtypes.float4_e2m1fn),
    ):
        curve = run_experiment(name, crest_factors=(1.9, 2.1)).curve
        for measured, quantised in (
            (curve.integer_db, scaled_integers(x, bits)),
            (curve.minifloat_db, scaled_floats(x, dtype)),
        ):
            expected = -10 * math.log10(np.mean(np.sum((x - quantised) ** 2, axis=1) / energy))
            assert np.interp(2.0, curve.crest_factor, measured) == pytest.approx(expected, abs=0.06)


def test_blocks_have_the_peak_that_was_asked_for():
    rng = np.random.default_rng(3)
    peaks = np.array([0.1, 0.8, 2.0, 7.5] * 500)
    x = gaussian_blocks(peaks, 32, rng)
    assert x.shape == (2000, 32)
    assert np.array_equal(np.abs(x).max(axis=1), peaks)
    assert (np.sort(np.abs(x), axis=1)[:, -2] < peaks).all()
    where = np.abs(x).argmax(axis=1)
    assert set(where) == set(range(32))
    signs = np.sign(x[np.arange(2000), where])
    assert abs(signs.mean()) < 0.1
    # The others are a Gaussian cut off at the peak: this one hardly is.
    others = np.sort(np.abs(x[3::4]), axis=1)[:, :-1]
    assert np.mean(others**2) == pytest.approx(1, abs=0.05)
    assert gaussian_blocks([], 16, rng).shape == (0, 16)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"name": "MX3"}, "unknown pair 'MX3'"),
        ({"name": "MX8", "block": 1}, "block must be 2 to 65536, not 1"),
        ({"name": "MX8", "block": 65537}, "block must be 2 to 65536, not 65537"),
        ({"name": "MX8", "block": 32}, r"crest factors of blocks of 32 are 1 to 5.657.*12\.0"),
        ({"name": "MX6", "crest_factors": (1.0, 3.0)}, "crest factors of blocks of 32"),
        ({"name": "MX6", "crest_factors": (3.0, 2.0)}, "the least one first"),
        ({"name": "MX6", "values": 0}, "values must be 1 to 268435456, not 0"),
        ({"name": "MX6", "values": 640}, "640 values are too few"),
        ({"name": "MX6", "seed": -1}, "seed must be 0 or more, not -1"),
    ],
)
def test_bad_arguments(arguments, message):
    with pytest.raises(HwdseError, match=message) as caught:
        run_experiment(**arguments)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("peaks", [[0.0], [math.nan], [math.inf], [1.0, -1.0]])
def test_bad_peaks(peaks):
    with pytest.raises(HwdseError, match="peaks must be finite numbers of at least"):
        gaussian_blocks(peaks, 4, np.random.default_rng(0))


def test_a_wrong_scale_rule_is_noticed(monkeypatch):
    """Planted: scales rounded down, as in OCP's rule, so that large values saturate."""
    real = formats.get
    monkeypatch.setattr(module.formats, "get", lambda name: real(name.removesuffix("_ceil")))
    found = run_experiment("MX6", values=VALUES)
    assert found.rho_measured != pytest.approx(RHO_POWER_OF_TWO, rel=0.02)
    refined = found.refined_form.crest_factor
    assert found.crossover.crest_factor != pytest.approx(refined, rel=0.01)

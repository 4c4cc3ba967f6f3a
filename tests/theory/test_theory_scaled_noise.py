"""Closed forms of quantisation noise, against quantising and against published optima."""

import math

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.sqnr import sqnr_db
from hwdse.theory.scaled_noise import (
    DISTRIBUTIONS,
    has_closed_form,
    least_noise,
    moments,
    product_noise,
)

SEED = 7
NAMES = ("int3", "int8", "e2m1", "e3m0", "e4m3", "e5m2", "e2m3_nosub", "ternary")


DENSITIES = {
    "normal": (lambda x: np.exp(-(x**2) / 2) / math.sqrt(2 * math.pi), 1.0),
    "laplace": (lambda x: np.exp(-np.abs(x)) / 2, 2.0),
    # Gamma(3) / (sqrt(5 pi) Gamma(5 / 2)) = 8 / (3 pi sqrt(5))
    "student5": (lambda x: 8 / (3 * math.pi * math.sqrt(5)) * (1 + x**2 / 5) ** -3, 5 / 3),
}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_the_closed_form_is_what_quantising_gives(name, distribution):
    fmt, (density, variance) = formats.scalar(name), DENSITIES[distribution]
    # By steps that grow outwards.
    t = (np.arange(-400_000, 400_000) + 0.5) / 40_000
    x = np.sinh(t) * math.sqrt(variance)
    weights = density(x) * np.cosh(t) * math.sqrt(variance) / 40_000
    assert weights.sum() == pytest.approx(1, abs=1e-9)
    assert (weights * x**2).sum() == pytest.approx(variance, rel=1e-6)
    for reach in (1.0, 3.0, 10.0):
        scale = reach * math.sqrt(variance) / fmt.max
        quantised = fmt.decode(fmt.encode(x / scale)) * scale
        found = moments(fmt, distribution, reach)
        assert found.cross == pytest.approx((weights * x * quantised).sum() / variance, rel=1e-3)
        assert found.square == pytest.approx((weights * quantised**2).sum() / variance, rel=1e-3)
        noise = (weights * (x - quantised) ** 2).sum() / variance
        assert found.noise == pytest.approx(noise, rel=1e-3)


def test_the_best_scales_are_those_of_max():
    """J. Max, Quantizing for minimum distortion, 1960: three levels, which are always uniform."""
    assert least_noise(formats.scalar("ternary"), "normal").noise == pytest.approx(0.1902, abs=5e-5)


@pytest.mark.parametrize("distribution", DISTRIBUTIONS)
def test_no_scale_has_less_noise(distribution):
    for name in ("int4", "e3m0", "e2m3", "e5m2"):
        fmt = formats.scalar(name)
        least = least_noise(fmt, distribution)
        for reach in np.geomspace(0.6, 900, 1500).tolist():
            assert moments(fmt, distribution, reach).noise >= least.noise * (1 - 1e-9)
        # Where a scale has the least noise, the error is orthogonal to the quantised values.
        assert least.cross == pytest.approx(least.square, abs=1e-6)


def test_noise_of_dot_products_is_that_of_dot_products():
    w, a = formats.scalar("e2m1"), formats.scalar("int5")
    assert product_noise(w, a, "laplace") == product_noise(a, w, "laplace")
    rng = np.random.default_rng(SEED)
    x, y = rng.laplace(size=(2, 20_000, 16))
    quantised = []
    for fmt, values in ((w, x), (a, y)):
        reaches = np.geomspace(1, 20, 400).tolist()
        reach = min(reaches, key=lambda reach, fmt=fmt: moments(fmt, "laplace", reach).noise)
        scale = reach * math.sqrt(2) / fmt.max
        quantised.append(fmt.decode(fmt.encode(values / scale)) * scale)
    found = sqnr_db((x * y).sum(-1), (quantised[0] * quantised[1]).sum(-1))
    assert found == pytest.approx(-10 * math.log10(product_noise(w, a, "laplace")), abs=0.15)


def test_mistakes():
    with pytest.raises(HwdseError, match="unknown distribution 'norml'; did you mean 'normal'"):
        moments(formats.scalar("int4"), "norml", 1.0)
    # Posits are cut off in their own way, not half-way between values.
    for name in ("fp32", "posit6"):
        assert not has_closed_form(formats.scalar(name))
        with pytest.raises(HwdseError, match=f"{name} has more than 12 bits or does not round to"):
            product_noise(formats.scalar(name), formats.scalar("int4"), "normal")

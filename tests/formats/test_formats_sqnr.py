import math

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import sqnr_db


def test_a_known_ratio():
    assert sqnr_db([3.0, 4.0], [3.0, 4.5]) == pytest.approx(20.0)
    assert sqnr_db(np.ones((2, 3)), np.full((2, 3), 1.1)) == pytest.approx(20.0)
    assert sqnr_db([1.0], [-9.0]) == pytest.approx(-20.0)
    assert sqnr_db(np.array([10], np.int64), np.array([9], np.int8)) == pytest.approx(20.0)


def test_uniform_quantisation_gains_six_decibels_a_bit():
    x = np.random.default_rng(0).uniform(-1, 1, 200_000)
    db = [
        sqnr_db(x, formats.get(f"int{bits}").quantize(x * 2 ** (bits - 1)) / 2 ** (bits - 1))
        for bits in (8, 9, 10)
    ]
    np.testing.assert_allclose(np.diff(db), 20 * math.log10(2), atol=0.1)


def test_extremes():
    x = np.array([1.0, -2.0])
    assert sqnr_db(x, x) == math.inf
    assert sqnr_db([0.0, 0.0], [0.0, -0.0]) == math.inf
    assert sqnr_db([], []) == math.inf
    assert sqnr_db([0.0], [1.0]) == -math.inf
    for scale in (1e-300, 1e300):
        assert sqnr_db(x * scale, x * scale * 1.1) == pytest.approx(20.0)


@pytest.mark.parametrize(
    ("x", "xq"),
    [
        ([np.nan, 1.0], [0.0, 1.0]),
        ([1.0], [np.nan]),
        ([np.inf], [448.0]),
        ([np.inf], [np.inf]),
        ([1.7e308], [-1.7e308]),
    ],
)
def test_what_is_not_finite_has_no_ratio(x, xq):
    assert math.isnan(sqnr_db(x, xq))


def test_shapes_must_agree():
    with pytest.raises(HwdseError, match=r"differ in shape: \(2,\) and \(1, 2\)"):
        sqnr_db([1.0, 2.0], [[1.0, 2.0]])

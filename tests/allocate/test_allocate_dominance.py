"""The Pareto filter against all pairs."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from hwdse.allocate import dominance
from hwdse.allocate.dominance import nondominated
from hwdse.errors import HwdseError


def by_pairs(values):
    no_more = (values[:, None] <= values[None]).all(axis=2)
    less = (values[:, None] < values[None]).any(axis=2)
    return np.flatnonzero(~(no_more & less).any(axis=0))


@given(
    arrays(
        np.float64,
        array_shapes(min_dims=2, max_dims=2, max_side=40).filter(lambda s: s[1] <= 5),
        elements=st.integers(-4, 4).map(float) | st.sampled_from([np.inf, -np.inf, 0.5]),
    )
)
def test_every_row_that_no_other_beats(values):
    assert np.array_equal(nondominated(values), by_pairs(values))


@pytest.mark.parametrize("columns", [1, 2, 3, 4, 6])
@pytest.mark.parametrize("levels", [9, 1 << 20])
def test_all_steps_of_the_search(columns, levels, monkeypatch):
    monkeypatch.setattr(dominance, "_SMALL", 64)
    monkeypatch.setattr(dominance, "_SAMPLE", 256)
    monkeypatch.setattr(dominance, "_CELLS", 1 << 12)
    rng = np.random.default_rng(columns)
    for shape in ("cube", "shell"):
        values = rng.random((3000, columns))
        if shape == "shell":
            values /= np.linalg.norm(values, axis=1)[:, None] * (1 - 0.2 * rng.random((3000, 1)))
        values = np.floor(values * levels)
        assert np.array_equal(nondominated(values), by_pairs(values))


def test_a_million_rows():
    rng = np.random.default_rng(3)
    values = np.abs(rng.standard_normal((1_000_000, 3)))
    values /= np.linalg.norm(values, axis=1)[:, None]
    values *= 1 + rng.random((1_000_000, 1))
    found = nondominated(values)
    kept = values[found]
    assert np.array_equal(by_pairs(kept[:2000]), np.arange(len(kept[:2000])))
    left_out = np.setdiff1d(rng.integers(len(values), size=300), found)
    assert all((kept <= values[row]).all(axis=1).any() for row in left_out)


def test_nan_and_nothing():
    with pytest.raises(HwdseError, match="row 1, column 0"):
        nondominated(np.array([[1.0, 2.0], [np.nan, 1.0]]))
    with pytest.raises(HwdseError, match="at least one column"):
        nondominated(np.zeros((3, 0)))
    assert nondominated(np.zeros((0, 2))).size == 0

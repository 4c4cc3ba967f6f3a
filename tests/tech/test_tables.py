from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from scipy.interpolate import RegularGridInterpolator

from hwdse.tech import Table
from hwdse.tech.tables import constant, mean, resample, total, worst

AXIS = st.lists(st.integers(0, 60), min_size=2, max_size=6, unique=True).map(
    lambda xs: np.array(sorted(xs), dtype=float)
)


@given(AXIS, AXIS, AXIS, AXIS, st.integers(0, 2**32 - 1))
def test_resampling_is_scipys(
    slew: np.ndarray, load: np.ndarray, to_slew: np.ndarray, to_load: np.ndarray, seed: int
) -> None:
    values = np.random.default_rng(seed).normal(size=(len(slew), len(load)))
    found = resample(Table(slew, load, values), slew_ps=to_slew, load_ff=to_load)
    oracle = RegularGridInterpolator((slew, load), values, bounds_error=False, fill_value=None)
    mesh = np.stack(np.meshgrid(to_slew, to_load, indexing="ij"), axis=-1)
    np.testing.assert_allclose(found.values, oracle(mesh), rtol=1e-9, atol=1e-7)


def test_a_length_one_axis_is_constant_along_it() -> None:
    to = np.array([3.0, 4.0])
    assert resample(constant(7), slew_ps=to, load_ff=to).values.tolist() == [[7, 7], [7, 7]]
    row = Table(np.array([1.0, 2.0]), np.zeros(1), np.array([[1.0], [3.0]]))
    found = resample(row, slew_ps=np.array([1.5]), load_ff=to)
    assert found.values.tolist() == [[2, 2]]


def test_merging_on_one_grid_and_with_a_scalar() -> None:
    axis = np.array([1.0, 2.0])
    a = Table(axis, axis, np.array([[1.0, 8.0], [3.0, 4.0]]))
    b = constant(4.0)
    assert worst([a, b]).values.tolist() == [[4, 8], [4, 4]]
    assert mean([b, a]).values.tolist() == [[2.5, 6], [3.5, 4]]
    assert total([b, a]).values.tolist() == [[5, 12], [7, 8]]

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.hadamard import hadamard, inverse_hadamard

BLOCKS = (1, 2, 4, 8, 32, 128)


def sylvester(n):
    """The definition: entry (i, j) is -1 to the number of ones that i and j share."""
    return np.array([[(-1.0) ** (i & j).bit_count() for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("block", BLOCKS)
def test_matches_the_matrix(block):
    x = np.random.default_rng(1).standard_normal((3, 4 * block))
    want = (x.reshape(3, 4, block) @ sylvester(block) / np.sqrt(block)).reshape(x.shape)
    np.testing.assert_allclose(hadamard(x, block), want, rtol=0, atol=1e-13)


def test_matches_scipy():
    linalg = pytest.importorskip("scipy.linalg")
    for block in BLOCKS:
        got = hadamard(np.eye(block), block) * np.sqrt(block)
        np.testing.assert_allclose(got, linalg.hadamard(block), rtol=0, atol=1e-13)


@pytest.mark.parametrize("block", BLOCKS)
@pytest.mark.parametrize("seed", [None, 0, 7])
def test_inverse_and_norm(block, seed):
    x = np.random.default_rng(2).standard_cauchy((5, 3 * block))
    y = hadamard(x, block, seed=seed)
    back = inverse_hadamard(y, block, seed=seed)
    peak = np.abs(x).max()
    np.testing.assert_allclose(back, x, rtol=0, atol=1e-12 * peak)
    runs = (-1, block)
    norms = np.linalg.norm(x.reshape(runs), axis=1)
    np.testing.assert_allclose(np.linalg.norm(y.reshape(runs), axis=1), norms, rtol=1e-12)


def test_random_signs_come_before_the_matrix():
    x = np.random.default_rng(3).standard_normal((2, 64))
    y = hadamard(x, 32, seed=5)
    s = hadamard(y, 32)[0, :32] / x[0, :32]
    np.testing.assert_allclose(np.abs(s), 1, rtol=1e-12)
    assert 4 < np.count_nonzero(s < 0) < 28
    np.testing.assert_allclose(hadamard(x * np.tile(np.round(s), 2), 32), y, rtol=0, atol=1e-13)


def test_signs_of_a_seed_never_change():
    signs = np.round(hadamard(hadamard(np.ones(16), 16, seed=2024), 16)).astype(int)
    assert "".join("-" if s < 0 else "+" for s in signs) == "-++--+++++--+-++"
    assert hadamard(np.ones(16), 16, seed=1).tolist() != hadamard(np.ones(16), 16, seed=2).tolist()


def test_dot_products_stay():
    rng = np.random.default_rng(4)
    a, w = rng.standard_normal((3, 64)), rng.standard_normal((5, 64))
    turned = hadamard(a, 16, seed=9) @ hadamard(w, 16, seed=9).T
    np.testing.assert_allclose(turned, a @ w.T, rtol=1e-12, atol=1e-12)


def test_rotation_helps_against_outliers():
    x = np.random.default_rng(5).standard_normal((64, 32))
    x[:, 3] = 100
    step = np.abs(x).max(axis=1, keepdims=True) / 7
    plain = step * formats.get("int4_sym").quantize(x / step)
    y = hadamard(x, seed=0)
    step = np.abs(y).max(axis=1, keepdims=True) / 7
    turned = inverse_hadamard(step * formats.get("int4_sym").quantize(y / step), seed=0)
    small = np.arange(32) != 3
    assert np.count_nonzero(plain[:, small]) < 10 < np.count_nonzero(turned[:, small])
    assert np.square(turned - x).sum() < 0.8 * np.square(plain - x).sum()


@settings(deadline=None, max_examples=60)
@given(
    x=st.builds(
        lambda shape, dtype, seed: (
            np.random.default_rng(seed).integers(0, 100, shape).astype(dtype)
        ),
        st.lists(st.sampled_from([0, 8, 16]), min_size=1, max_size=3).map(tuple),
        st.sampled_from(["f2", "f4", "f8", "i1", "u8", ">f4", ">i2", ">f8"]),
        st.integers(0, 5),
    ),
    axis=st.integers(-3, 2),
    block=st.sampled_from([1, 2, 8]),
    layout=st.sampled_from(["C", "F", "reversed"]),
)
def test_any_array(x, axis, block, layout):
    axis = max(min(axis, x.ndim - 1), -x.ndim)
    held = {"C": x, "F": np.asfortranarray(x), "reversed": x[::-1].copy()[::-1]}[layout]
    before = held.copy()
    y = hadamard(held, block, axis, seed=1)
    assert (y.shape, y.dtype) == (x.shape, np.float64)
    np.testing.assert_array_equal(held, before)
    last = np.moveaxis(x.astype(np.float64), axis, -1)
    want = np.moveaxis(hadamard(np.ascontiguousarray(last), block, seed=1), -1, axis)
    np.testing.assert_array_equal(y, want)
    back = inverse_hadamard(y, block, axis, seed=1)
    np.testing.assert_allclose(back, x.astype(np.float64), rtol=0, atol=1e-12)


def test_chunks_join():
    x = np.random.default_rng(6).standard_normal((1 << 12, 64))
    np.testing.assert_array_equal(hadamard(x)[-3:], hadamard(x[-3:]))
    wide = np.ones((2, 1 << 18))
    assert hadamard(wide, 1 << 18)[1, 0] == 512


def test_extremes():
    assert np.isnan(hadamard([np.inf, np.inf, 1.0, 1.0], 2)).tolist() == [False, True, False, False]
    assert np.isnan(hadamard([np.nan, 0.0], 2)).all()
    big = float(np.finfo(np.float64).max)
    assert np.isinf(hadamard([big, big], 2)).tolist() == [True, False]
    assert hadamard([big] + [0.0] * 31)[0] > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"x": np.ones(33)}, "axis -1 of shape (33,) is 33 long, not a multiple of block=32; pad"),
        ({"x": np.ones(32), "block": 24}, "must be a power of two, not 24"),
        ({"x": np.ones(32), "block": 0}, "must be a power of two, not 0"),
        ({"x": np.ones(32), "block": 8.0}, "must be a power of two, not 8.0"),
        ({"x": np.ones(32), "axis": 1}, "axis 1 is not one of an array of shape (32,)"),
        ({"x": np.ones(32), "axis": 0.5}, "axis must be an integer, not 0.5"),
        ({"x": np.float64(1), "block": 1}, "axis -1 is not one of an array of shape ()"),
        ({"x": np.ones(32), "seed": -1}, "must be an integer of 0 or more, not -1"),
        ({"x": np.ones(32), "seed": True}, "must be an integer of 0 or more, not True"),
        ({"x": np.ones(32, complex)}, "complex128"),
    ],
)
def test_bad_input(arguments, message):
    for function in (hadamard, inverse_hadamard):
        with pytest.raises(HwdseError) as caught:
            function(**arguments)
        assert message in str(caught.value)
        assert "\n" not in str(caught.value)

"""Quantising piece by piece gives what quantising at once gives."""

import tracemalloc

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import (
    Job,
    Rotation,
    hadamard,
    inverse_hadamard,
    quantize_stream,
    sqnr_db,
    streaming,
)
from hwdse.formats import slabs as slabs_module

FORMATS = (
    "int8",
    "e4m3",
    "nf4",
    "mxfp4",
    "mxint8",
    "nvfp4",
    "nvint4",
    "bfp8_32",
    "abfp8_32",
    "fp4_er",
    "int4_g128",
    "int8_channel",
    "int8_tensor",
    "uint4_g128",
    "uint8_channel",
    "uint8_tensor",
)


class Memory:
    """A sink that keeps arrays in memory."""

    def __init__(self):
        self.arrays = {}

    def __call__(self, role, shape, dtype):
        assert role not in self.arrays
        self.arrays[role] = np.full(shape, 99, dtype=dtype)
        return self.arrays[role]


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch):
    def small(x, *, axis, unit):
        return slabs_module.slabs(x, axis=axis, unit=unit, values=300)

    monkeypatch.setattr(streaming, "slabs", small)


def signal(shape, dtype=np.float32):
    return (np.random.default_rng(4).standard_normal(shape) * 3).astype(dtype)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("shape", "axis"), [((40, 70), 1), ((40, 70), 0), ((2000,), -1), ((), -1)])
def test_values_are_those_of_the_whole(name, shape, axis):
    fmt, x = formats.get(name), signal(shape)
    memory = Memory()
    meter = quantize_stream(Job(format=fmt, axis=axis), x, memory)
    want = fmt.quantize(x, axis)
    assert list(memory.arrays) == ["values"]
    assert np.array_equal(memory.arrays["values"], want)
    assert meter.total_db() == pytest.approx(sqnr_db(x, want), rel=1e-12)


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize(("shape", "axis"), [((40, 270), 1), ((40, 270), 0), ((2000,), -1)])
def test_codes_are_those_of_the_whole(name, shape, axis):
    fmt, x = formats.get(name), signal(shape)
    memory = Memory()
    quantize_stream(Job(format=fmt, axis=axis), x, memory, codes=True)
    arrays = memory.arrays
    if fmt.scale_format is None:
        assert np.array_equal(arrays["codes"], fmt.encode(x))
        return
    want = fmt.encode(x, axis=axis)
    assert np.array_equal(arrays["codes"], want.elements)
    assert np.array_equal(arrays["scales"].reshape(want.scales.shape), want.scales)
    assert arrays.get("tensor_scale", np.ones(1)).item() == want.tensor_scale
    for role in ("zero_points", "selectors"):
        part = getattr(want, role)
        assert (role in arrays) == (part is not None)
        if part is not None:
            assert np.array_equal(arrays[role].reshape(part.shape), part)


def test_memory_and_byte_order_make_no_difference():
    x = signal((40, 70))
    for name in ("e4m3", "mxfp4", "nvfp4"):
        for turned in (np.asfortranarray(x), x.astype(">f4")):
            memory = Memory()
            quantize_stream(Job(format=formats.get(name)), turned, memory)
            assert np.array_equal(memory.arrays["values"], formats.get(name).quantize(x))


@pytest.mark.parametrize("name", ["int8_tensor", "uint8_tensor", "int8_channel", "nvfp4", "mxfp4"])
def test_what_is_not_finite_spoils_as_much_as_in_the_whole(name):
    x = signal((40, 70))
    x[20, 3] = np.nan
    x[2, 5] = np.inf
    fmt = formats.get(name)
    for codes in (False, True):
        memory = Memory()
        quantize_stream(Job(format=fmt), x, memory, codes=codes)
        if codes:
            scales = fmt.encode(x).scales
            assert np.array_equal(memory.arrays["scales"].reshape(scales.shape), scales)
        else:
            want = fmt.quantize(x)
            assert np.isnan(want).any()
            assert np.array_equal(memory.arrays["values"], want, equal_nan=True)


def test_one_searched_scale_for_a_tensor_needs_all_of_it():
    x = signal((40, 70))
    fmt = formats.get("int4_tensor_mse")
    memory = Memory()
    quantize_stream(Job(format=fmt), x, memory)
    assert np.array_equal(memory.arrays["values"], fmt.quantize(x))
    assert fmt.one_piece


@pytest.mark.parametrize("bad", [(1.0, -1.0), (0.0, np.inf), (np.nan, 1.0), 3.0, ("a", "b"), ()])
@pytest.mark.parametrize("name", ["int8_tensor", "uint8_tensor", "nvfp4"])
def test_ranges_that_are_none(name, bad):
    with pytest.raises(HwdseError, match="tensor_range must be two finite numbers"):
        formats.get(name).quantize(signal((4, 32)), tensor_range=bad)


def test_rotation_is_undone():
    x = signal((40, 64))
    x[:, 7] *= 30
    fmt = formats.get("mxint4")
    for seed in (None, 3):
        memory = Memory()
        job = Job(format=fmt, rotation=Rotation(block=32, seed=seed))
        meter = quantize_stream(job, x, memory)
        want = inverse_hadamard(fmt.quantize(hadamard(x, 32, -1, seed)), 32, -1, seed)
        assert np.array_equal(memory.arrays["values"], want)
        assert meter.total_db() == pytest.approx(sqnr_db(x, want), rel=1e-12)
    # An outlier per row is what rotation is for.
    assert meter.total_db() > sqnr_db(x, fmt.quantize(x)) + 1


def test_channels_have_a_ratio_each():
    x = signal((30, 8, 20))
    fmt = formats.get("e2m1")
    for axis in (0, 1, -1):
        meter = quantize_stream(Job(format=fmt, channel_axis=axis), x, Memory())
        rows = np.moveaxis(x, axis, 0)
        want = [sqnr_db(row, fmt.quantize(row)) for row in rows]
        np.testing.assert_allclose(meter.channel_db(), want, rtol=1e-12)
        assert meter.total_db() == pytest.approx(sqnr_db(x, fmt.quantize(x)), rel=1e-12)


def test_stochastic_rounding_is_reproducible_and_draws_anew_in_each_piece():
    x = np.full((40, 70), 0.3, dtype=np.float32)
    job = Job(format=formats.get("int4"), rounding="stochastic", seed=11)
    first, second = Memory(), Memory()
    quantize_stream(job, x, first)
    quantize_stream(job, x, second)
    values = first.arrays["values"]
    assert np.array_equal(values, second.arrays["values"])
    assert abs(values.mean() - 0.3) < 0.03
    assert not np.array_equal(values.ravel()[:280], values.ravel()[280:560])


def test_there_must_be_such_an_axis():
    x = signal((4, 5))
    with pytest.raises(HwdseError, match="axis 2 is not one"):
        quantize_stream(Job(format=formats.get("mxfp4"), axis=2), x, Memory())
    with pytest.raises(HwdseError, match="channel axis -3 is not one"):
        quantize_stream(Job(format=formats.get("int8"), channel_axis=-3), x, Memory())


@pytest.mark.parametrize("name", ["e4m3", "mxfp4", "nvfp4", "nf4", "int4_g128"])
def test_memory_does_not_grow_with_the_array(name, monkeypatch, tmp_path):
    monkeypatch.setattr(streaming, "slabs", slabs_module.slabs)
    peaks = []
    for values in (1 << 21, 1 << 23):
        made = np.lib.format.open_memmap(
            tmp_path / "in.npy", mode="w+", dtype=np.float32, shape=(values // 512, 512)
        )
        made[:] = 1.5

        def sink(role, shape, dtype):
            return np.lib.format.open_memmap(
                tmp_path / f"{role}.npy", mode="w+", dtype=dtype, shape=shape
            )

        x = np.load(tmp_path / "in.npy", mmap_mode="r")
        tracemalloc.start()
        quantize_stream(Job(format=formats.get(name)), x, sink)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.1 * peaks[0]
    assert peaks[1] < 80 * 2**20

"""Encoding by table against encoding by arithmetic, and what is common to both: odd input."""

import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import Minifloat, Rounding, _lookup
from hwdse.formats._minifloat_encoding import code_table, encode_exactly
from hwdse.formats._rounding import Rounder

from . import oracles

LISTED = [n for n in formats.names() if isinstance(formats.get(n), Minifloat)]
# At the bounds of what tables serve: the most mantissa bits, the least steps.
EDGES = ["e4m5", "e8m5", "e3m5_nosub", "e8m5_b127_fnuz", "ue8m5", "e5m3_b90"]


def serves(fmt, dtype):
    return _lookup.serves(
        np.dtype(dtype), mantissa_bits=fmt.mantissa_bits, lsb_exponent=fmt.lsb_exponent
    )


def differences(fmt, x, *, modes=oracles.DETERMINISTIC):
    """How many codes differ between table and arithmetic, NaNs left out where there are none."""
    assert x.size >= _lookup.entries(x.dtype)
    if fmt.nan_code is None:
        x = np.where(np.isnan(x), x.dtype.type(1), x)
    count = 0
    for mode in modes:
        for overflow in ("saturate", "nonfinite")[: 1 + (fmt.nan_code is not None)]:
            saturate = overflow == "saturate"
            table = code_table(fmt, mode, saturate, x.dtype)
            exact = encode_exactly(fmt, x, Rounder(mode=mode), saturate=saturate)
            count += np.count_nonzero(table[_lookup.indices(x)] != exact)
            count += np.count_nonzero(fmt.encode(x, mode, overflow) != exact)
    return count


@pytest.mark.parametrize("name", [*LISTED, *EDGES])
def test_every_upper_half_of_binary32_with_the_lower_halves_that_matter(name):
    fmt = oracles.minifloat(name)
    if fmt.mantissa_bits > 5:
        assert not serves(fmt, np.float32)
        return
    assert serves(fmt, np.float32)
    lower = np.array([0, 1, 0x7FFF, 0x8000, 0x8001, 0xFFFF], np.uint32)
    x = ((np.arange(1 << 16, dtype=np.uint32) << 16)[:, None] | lower).view(np.float32).ravel()
    assert x.size == 393_216
    modes = oracles.DETERMINISTIC[:: 2 if name in {"e4m3", "e2m1", "e8m0"} else 5]
    assert differences(fmt, x, modes=modes) == 0


@pytest.mark.slow
@pytest.mark.parametrize("name", [*LISTED, *EDGES])
def test_random_binary32_and_binary64(name):
    fmt = oracles.minifloat(name)
    rng = np.random.default_rng(8)
    bits = rng.integers(0, 1 << 32, 4_000_000, dtype=np.uint32)
    near = oracles.with_neighbours(oracles.midpoints(name))
    wide = np.concatenate([rng.choice(near, 2_000_000), rng.standard_normal(2_000_000) * 100])
    for x in (bits.view(np.float32), wide):
        if serves(fmt, x.dtype):
            assert differences(fmt, x) == 0


@pytest.mark.parametrize("name", ["e4m3", "e8m0", "e3m5_nosub", "e8m5_b1000"])
def test_every_upper_part_of_binary64(name):
    fmt = oracles.minifloat(name)
    assert serves(fmt, np.float64)
    upper = np.arange(1 << 19, dtype=np.uint64) << np.uint64(45)
    lower = np.array([0, 1, 1 << 44], np.uint64)
    x = (upper[:, None] | lower).view(np.float64).ravel()
    assert x.size == 1_572_864
    assert differences(fmt, x, modes=[Rounding.NEAREST_EVEN]) == 0


@pytest.mark.parametrize("name", ["e4m3", "fp16", "fp32", "e1m14", "ue8m8"])
def test_every_binary16(name):
    x = np.arange(1 << 16, dtype=np.uint16).view(np.float16)
    assert serves(oracles.minifloat(name), x.dtype)
    assert differences(oracles.minifloat(name), x) == 0


def test_what_tables_do_not_serve():
    assert not serves(oracles.minifloat("e8m5_b128"), np.float32)
    assert serves(oracles.minifloat("e8m5_b128"), np.float64)
    assert not serves(oracles.minifloat("e4m6"), np.float64)
    assert not serves(oracles.minifloat("e4m3"), np.int32)


@pytest.mark.parametrize("name", ["e4m3", "bf16"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_little_memory_beyond_the_output(name, dtype):
    fmt = formats.get(name)
    x = np.abs(np.random.default_rng(9).standard_normal(1 << 21)).astype(dtype)
    fmt.quantize(x)
    for use, size in ((fmt.encode, x.size * (fmt.bits // 8 or 1)), (fmt.quantize, x.size * 8)):
        tracemalloc.start()
        use(x)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        # Parts of 2**15 values, with a few temporaries of eight bytes each.
        assert size <= peak < size + (1 << 15) * 8 * 12


FLOATS = st.sampled_from(["<f2", ">f2", "<f4", ">f4", "<f8", ">f8"])
INTEGERS = st.sampled_from(["i1", "u1", ">i2", "<u2", "<i4", ">u4", "<i8", ">i8", "<u8", ">u8"])


@settings(max_examples=150, deadline=None)
@given(data=st.data(), name=st.sampled_from([*LISTED, *EDGES]))
def test_any_dtype_shape_and_layout(data, name):
    fmt = formats.get(name)
    dtype = np.dtype(data.draw(st.one_of(FLOATS, INTEGERS)))
    shape = data.draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4))
    x = data.draw(hnp.arrays(dtype, shape))
    layout = data.draw(st.sampled_from(["as it is", "fortran", "reversed", "strided", "read-only"]))
    if layout == "fortran":
        x = np.asfortranarray(x)
    elif layout == "reversed":
        x = x[(..., *[slice(None, None, -1)] * x.ndim)]
    elif layout == "strided":
        x = np.repeat(x, 2, axis=0)[::2] if x.ndim else x
    elif layout == "read-only":
        x.flags.writeable = False
    rounding = data.draw(st.sampled_from(list(Rounding)))
    overflow = data.draw(st.sampled_from(["saturate", "nonfinite"]))
    nans = dtype.kind == "f" and bool(np.isnan(x).any())
    if fmt.nan_code is None and (nans or overflow == "nonfinite"):
        message = "has no NaN, but" if overflow == "saturate" else "overflow='nonfinite'"
        with pytest.raises(HwdseError, match=message):
            fmt.encode(x, rounding, overflow, seed=1)
        return
    before = x.copy()
    codes = fmt.encode(x, rounding, overflow, seed=1)
    assert codes.shape == x.shape
    assert codes.dtype == oracles.code_width(fmt.bits)
    assert codes.dtype.isnative
    values = fmt.quantize(x, rounding=rounding, overflow=overflow, seed=1)
    assert oracles.mismatches(fmt.decode(codes), values) == 0
    np.testing.assert_array_equal(x, before)
    native = np.ascontiguousarray(x, dtype.newbyteorder("=")).reshape(x.shape)
    np.testing.assert_array_equal(fmt.encode(native, rounding, overflow, seed=1), codes)
    if dtype.kind == "f":
        np.testing.assert_array_equal(np.isnan(values) >= np.isnan(x), True)
    if overflow == "saturate":
        assert not np.isinf(values).any()
        numbers = values[~np.isnan(values)]
        assert ((numbers >= fmt.min) & (numbers <= fmt.max)).all()


@settings(max_examples=100, deadline=None)
@given(
    name=st.sampled_from([*LISTED, *EDGES]),
    rounding=st.sampled_from(oracles.DETERMINISTIC),
    values=st.lists(st.floats(allow_nan=False), min_size=1, max_size=50),
)
def test_rounding_keeps_order_and_does_nothing_twice(name, rounding, values):
    fmt = formats.get(name)
    got = fmt.quantize(np.sort(values), rounding=rounding)
    assert (np.diff(got) >= 0).all()
    np.testing.assert_array_equal(fmt.quantize(got, rounding=rounding), got)


@pytest.mark.parametrize("name", ["e4m3", "e8m0"])
def test_nothing_at_all(name):
    fmt = formats.get(name)
    for empty in ([], np.zeros((0, 3), np.float32), np.zeros((2, 0), np.int8)):
        assert fmt.encode(empty).shape == np.shape(empty)
        assert fmt.quantize(empty).shape == np.shape(empty)
        assert fmt.decode(fmt.encode(empty)).dtype == np.float64

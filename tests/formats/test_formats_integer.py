import numpy as np
import pytest

from hwdse import formats
from hwdse.formats import IntegerFormat

from . import oracles

NUMPY = {"int8": np.int8, "uint8": np.uint8, "int16": np.int16, "uint16": np.uint16}


@pytest.mark.parametrize("name", NUMPY)
def test_in_range_as_numpy_rounds(name):
    fmt = formats.get(name)
    low, high = int(fmt.min), int(fmt.max)
    x = np.arange(4 * low, 4 * high + 1) / 4
    assert x.size > 1000
    for rounding, oracle in (("nearest-even", np.rint), ("toward-zero", np.trunc)):
        want = oracle(x).astype(NUMPY[name]).view(oracles.code_width(fmt.bits))
        assert oracles.code_mismatches(fmt.encode(x, rounding), want) == 0
        assert oracles.code_mismatches(fmt.encode(x.astype(np.float32), rounding), want) == 0


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("rounding", ["nearest-even", "nearest-away", "toward-zero"])
def test_saturation_of_floats(dtype, rounding):
    big = float(np.finfo(dtype).max)
    x = np.array([128, 1e4, big, np.inf, -129, -big, -np.inf], dtype)
    assert formats.get("int8").encode(x, rounding).tolist() == [127] * 4 + [128] * 3
    assert formats.get("uint4").encode(x, rounding).tolist() == [15] * 4 + [0] * 3


def test_saturation_of_integers():
    x = np.array([2**63 - 1, -(2**63), 127, 128, -128, -129])
    assert formats.get("int8").decode(formats.get("int8").encode(x)).tolist() == [
        *(127, -128, 127),
        *(127, -128, -128),
    ]
    assert formats.get("uint16").encode(np.array([2**64 - 1], np.uint64)).tolist() == [65535]
    assert formats.get("uint16").encode(np.array([200], np.uint8)).tolist() == [200]
    assert formats.get("int16").encode(np.array([-100], np.int8)).tolist() == [65436]


def test_powers_of_two_around_the_width_of_binary64():
    x = np.concatenate([2.0 ** np.arange(-80, 80), -(2.0 ** np.arange(-80, 80))])
    want = np.clip(np.rint(x), -32768, 32767)
    np.testing.assert_array_equal(formats.get("int16").quantize(x), want)
    wide = IntegerFormat(name="int32", bits=32, signed=True)
    np.testing.assert_array_equal(wide.quantize(x), np.clip(np.rint(x), -(2**31), 2**31 - 1))
    assert wide.encode(x).dtype == np.uint32


def test_int1_is_zero_and_minus_one():
    fmt = formats.get("int1")
    assert fmt.codes().tolist() == [0, 1]
    assert fmt.decode([0, 1, -1]).tolist() == [0, -1, -1]
    assert fmt.quantize([-5, -0.6, -0.5, 0.5, 5]).tolist() == [-1, -1, 0, 0, 0]


def test_negative_zero_has_no_code():
    fmt = formats.get("int4")
    assert fmt.encode([-0.0, -0.4]).tolist() == [0, 0]
    assert not np.signbit(fmt.quantize([-0.0, -0.4])).any()


def test_properties():
    fmt = formats.get("int4")
    assert (fmt.kind, fmt.bits, fmt.bits_per_value, fmt.signed) == ("integer", 4, 4, True)
    assert (fmt.min, fmt.max, fmt.min_normal, fmt.min_subnormal) == (-8, 7, 1, None)
    assert isinstance(fmt.max, float)
    assert not formats.get("uint4").signed

import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import IntegerFormat, Minifloat, NanPolicy

from . import oracles


def test_listed_names_are_found_under_their_own_name():
    names = formats.names()
    assert len(set(names)) == len(names) >= 25
    assert {"int8", "uint4", "e4m3", "e5m2", "e2m1", "fp16", "bf16", "fp32"} <= set(names)
    for name in names:
        assert formats.get(name).name == name


def test_every_shape_of_name():
    assert len(oracles.ALL_EXMY) > 75
    for name in oracles.ALL_EXMY:
        fmt = oracles.minifloat(name)
        assert fmt.name == name
        assert (fmt.nan, fmt.infinities) == {
            "e4m3": (NanPolicy.ALL_ONES, False),
            "e5m2": (NanPolicy.IEEE, True),
        }.get(name, (NanPolicy.NONE, False))
        assert fmt.bias == (1 << (fmt.exponent_bits - 1)) - 1


def test_aliases_are_the_same_format():
    assert formats.get("e5m10") is formats.get("fp16")
    assert formats.get("e8m7") is formats.get("bf16")


def test_formats_are_immutable_values():
    fmt = formats.get("e4m3")
    assert dataclasses.replace(fmt) == fmt
    assert hash(dataclasses.replace(fmt)) == hash(fmt)
    assert dataclasses.replace(fmt, bias=8) != fmt
    with pytest.raises(dataclasses.FrozenInstanceError):
        fmt.bias = 8
    with pytest.raises(TypeError):
        IntegerFormat("int8", 8, True)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("e9m9", "X of eXmY must be 1 to 8, not 9"),
        ("e0m3", "X of eXmY must be 1 to 8, not 0"),
        ("e4m11", "Y of eXmY must be 0 to 10, not 11"),
        ("e7m10", "at most 16 bits, not 18"),
        ("e8m0", "unsigned scale of OCP MX"),
        ("int17", "integers have 1 to 16 bits, not 17"),
        ("uint0", "integers have 1 to 16 bits, not 0"),
        ("INT8", "did you mean 'int8'"),
        ("fp61", "did you mean 'fp16'"),
        ("int08", "did you mean 'int8'"),
        ("e4m3\n", "did you mean 'e4m3'"),
        ("zzz", "known: "),
        ("", "known: "),
    ],
)
def test_unknown_names(name, message):
    with pytest.raises(HwdseError, match=re.escape(message)) as caught:
        formats.get(name)
    assert str(caught.value).startswith(f"unknown format {name!r}")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("bits", [0, 33])
def test_impossible_integers(bits):
    with pytest.raises(HwdseError, match="bits must be 1 to 32"):
        IntegerFormat(name="x", bits=bits, signed=True)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"exponent_bits": 0}, "exponent_bits must be 1 to 8, not 0"),
        ({"exponent_bits": 9}, "exponent_bits must be 1 to 8, not 9"),
        ({"mantissa_bits": 24}, "mantissa_bits must be 0 to 23, not 24"),
        ({"infinities": True}, "infinities go with NanPolicy.IEEE"),
        ({"nan": NanPolicy.IEEE}, "infinities go with NanPolicy.IEEE"),
        ({"infinities": True, "nan": NanPolicy.IEEE, "mantissa_bits": 0}, "need a mantissa bit"),
        ({"infinities": True, "nan": NanPolicy.IEEE, "exponent_bits": 1}, "two exponent bits"),
        ({"exponent_bits": 1, "mantissa_bits": 0}, "no finite code but zero"),
        ({"bias": 1024}, "do not fit binary64"),
        ({"bias": -1023}, "do not fit binary64"),
    ],
)
def test_impossible_minifloats(change, message):
    with pytest.raises(HwdseError, match=message):
        dataclasses.replace(formats.get("e4m3"), **change)


def test_unusual_biases_are_exact_to_the_ends_of_binary64():
    base = formats.get("e4m3")
    for bias in (-1008, 1020):
        fmt = dataclasses.replace(base, bias=bias)
        codes = fmt.codes()
        values = fmt.decode(codes)
        numbers = ~np.isnan(values)
        assert oracles.code_mismatches(fmt.encode(values[numbers]), codes[numbers]) == 0
        assert fmt.decode([0x7E]) == fmt.max
        beyond = fmt.encode([np.inf, -np.inf, np.finfo(np.float64).max])
        assert beyond.tolist() == [0x7E, 0xFE, 0x7E]
        assert fmt.encode([5e-324, -5e-324, 2e-310]).tolist() == [0, 0x80, 0]
    # Subnormals of binary64, on either side of half the least value of the last format.
    assert fmt.min_subnormal == 2.0**-1022
    assert fmt.encode([1.1e-308, 1.2e-308, -2.2e-308]).tolist() == [0, 1, 0x81]


@pytest.mark.parametrize(
    ("name", "codes", "message"),
    [
        ("int4", [0, 16, 17], "16 at index 1 is not a code of int4: codes are -8 to 15"),
        ("int4", [[0, 1], [-9, 16]], r"-9 at index \(1, 0\) is not a code"),
        ("uint4", np.array([3, -1], np.int8), "-1 at index 1 .* codes are 0 to 15"),
        ("e2m1", np.array(16, np.uint8), "^16 is not a code of e2m1"),
        ("e4m3", np.array([-1], np.int8), "-1 at index 0 .* codes are 0 to 255"),
        ("e4m3", np.array([2**64 - 1], np.uint64), "18446744073709551615 at index 0"),
        ("fp32", [2**32], "4294967296 at index 0"),
        ("int8", [1.0], "must be an array of integers, not of float64"),
        ("e4m3", [True], "must be an array of integers, not of bool"),
        ("e4m3", ["1"], "must be an array of integers"),
    ],
)
def test_bad_codes(name, codes, message):
    fmt = formats.get(name)
    for use in (fmt.decode, fmt.unpack):
        with pytest.raises(HwdseError, match=message):
            use(codes)


@pytest.mark.parametrize("name", ["int8", "e4m3"])
@pytest.mark.parametrize(
    "x", [np.array([1j]), np.array([True]), np.array(["1"]), [None], [2**70], np.longdouble(1)]
)
def test_bad_dtypes(name, x):
    with pytest.raises(HwdseError, match=f"cannot encode .* as {name}: give float16"):
        formats.get(name).encode(x)


@pytest.mark.parametrize("name", ["int8", "uint3", "e2m1", "e3m4", "e8m3"])
def test_nan_into_formats_without(name):
    fmt = formats.get(name)
    x = np.zeros((3, 4), np.float32)
    x[1, 2] = x[2, 0] = np.nan
    message = rf"{name} has no NaN, but the input holds 2, the first at index \(1, 2\)"
    for use in (fmt.encode, fmt.quantize):
        with pytest.raises(HwdseError, match=message):
            use(x)
    with pytest.raises(HwdseError, match="holds 1; replace"):
        fmt.encode(np.nan)


@pytest.mark.parametrize("name", ["int8", "uint3", "e2m1", "e3m4"])
def test_nonfinite_overflow_is_refused_without_specials(name):
    with pytest.raises(HwdseError, match="neither infinities nor NaN, so overflow='nonfinite'"):
        formats.get(name).encode([], overflow="nonfinite")


@pytest.mark.parametrize("name", ["int8", "e4m3"])
def test_unknown_options(name):
    fmt = formats.get(name)
    with pytest.raises(HwdseError, match="unknown rounding 'nearest'; did you mean 'nearest-"):
        fmt.encode([1.0], rounding="nearest")
    with pytest.raises(HwdseError, match="unknown overflow 'saturat'; did you mean 'saturate'"):
        fmt.encode([1.0], overflow="saturat")


def test_too_many_codes_to_list():
    with pytest.raises(HwdseError, match="fp32 has 2\\*\\*32 codes, too many"):
        formats.get("fp32").codes()
    with pytest.raises(HwdseError, match="too many"):
        IntegerFormat(name="int17", bits=17, signed=True).codes()
    assert formats.get("uint16").codes().tolist() == list(range(65536))


def test_kinds_tell_formats_apart():
    kinds = {type(formats.get(n)): formats.get(n).kind for n in formats.names()}
    assert kinds == {IntegerFormat: "integer", Minifloat: "minifloat"}


def test_import_is_light():
    heavy = "scipy pandas ml_dtypes gfloat amaranth matplotlib pydantic"
    code = (
        "import sys, hwdse.formats; "
        f"print([m for m in {heavy.split()!r} if m in sys.modules], 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[0] == "[] True"

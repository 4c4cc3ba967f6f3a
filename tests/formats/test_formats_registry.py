import dataclasses
import re
import subprocess
import sys

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import IntegerFormat, NanPolicy

from . import oracles


def test_listed_names_are_found_under_their_own_name():
    names = formats.names()
    assert len(set(names)) == len(names) >= 25
    assert {"int8", "uint4", "e4m3", "e5m2", "e2m1", "fp16", "bf16", "fp32"} <= set(names)
    for name in names:
        assert formats.get(name).name == name


def test_every_shape_of_name():
    assert len(oracles.ALL_EXMY) == 102
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
    assert formats.get("ue8m0") is formats.get("e8m0")
    assert formats.get("ue8m0_b100") == formats.get("e8m0_b100")


@pytest.mark.parametrize(
    ("name", "bits", "bias", "nan", "others"),
    [
        ("e4m3_ieee", 8, 7, NanPolicy.IEEE, {}),
        ("e4m3_fin", 8, 7, NanPolicy.NONE, {}),
        ("e4m3_b3", 8, 3, NanPolicy.ALL_ONES, {}),
        ("e4m3_nosub", 8, 7, NanPolicy.ALL_ONES, {"subnormals": False}),
        ("e5m2_fn", 8, 15, NanPolicy.ALL_ONES, {}),
        ("e5m2_fnuz", 8, 16, NanPolicy.NEGATIVE_ZERO, {}),
        ("e5m2_b15_fnuz", 8, 15, NanPolicy.NEGATIVE_ZERO, {}),
        ("e4m3_b11_fnuz", 8, 11, NanPolicy.NEGATIVE_ZERO, {}),
        ("e3m4_ieee", 8, 3, NanPolicy.IEEE, {}),
        ("e3m2_b0_fn_nosub", 6, 0, NanPolicy.ALL_ONES, {"subnormals": False}),
        ("e5m10_fin", 16, 15, NanPolicy.NONE, {}),
        ("e1m14", 16, 0, NanPolicy.NONE, {}),
        ("e10m5", 16, 511, NanPolicy.NONE, {}),
        ("ue4m3", 7, 7, NanPolicy.ALL_ONES, {"signed": False}),
        ("ue5m3", 8, 15, NanPolicy.ALL_ONES, {"signed": False}),
        ("ue6m2_fin", 8, 31, NanPolicy.NONE, {"signed": False}),
        ("ue8m8", 16, 127, NanPolicy.ALL_ONES, {"signed": False}),
        ("ue1m1", 2, 0, NanPolicy.ALL_ONES, {"signed": False}),
        (
            "e8m0",
            8,
            127,
            NanPolicy.ALL_ONES,
            {"signed": False, "subnormals": False, "zero": False},
        ),
    ],
)
def test_declared_variants(name, bits, bias, nan, others):
    fmt = oracles.minifloat(name)
    assert (fmt.name, fmt.bits, fmt.bias, fmt.nan) == (name, bits, bias, nan)
    assert fmt.infinities == (nan is NanPolicy.IEEE)
    flags = {"signed": True, "subnormals": True, "zero": True} | others
    assert {flag: getattr(fmt, flag) for flag in flags} == flags


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
        ("e9m9", "1 + X + Y of eXmY must be at most 16 bits, not 19"),
        ("e0m3", "X of eXmY must be 1 or more, not 0"),
        ("e4m12", "at most 16 bits, not 17"),
        ("e7m10", "at most 16 bits, not 18"),
        ("e11m2", "X must be at most 10, as values must fit binary64, not 11"),
        ("ue9m8", "X + Y of ueXmY must be at most 16 bits, not 17"),
        ("ue1m0", "X + Y of ueXmY must be at least 2 bits, not 1"),
        ("e04m3", "did you mean"),
        ("e4m3_fn", "_fn is what e4m3 is without it; leave it out"),
        ("e5m2_ieee", "_ieee is what e5m2 is without it"),
        ("e3m2_fin", "_fin is what e3m2 is without it"),
        ("e8m7_ieee", "_ieee is what bf16 is without it"),
        ("e4m3_b7", "a bias of 7 is what there is without _b7"),
        ("e5m2_b16_fnuz", "a bias of 16 is what there is without _b16"),
        ("e3m0_nosub", "e3m0 has no subnormals; leave _nosub out"),
        ("e8m0_nosub", "e8m0 has no subnormals; leave _nosub out"),
        ("e4m3_nosub_b3", "suffixes are _bN, then one of"),
        ("e4m3_fn_ieee", "suffixes are _bN, then one of"),
        ("e4m3_b08", "numbers without leading zeros"),
        ("e4m3_b5000", "values do not fit binary64 with bias=5000"),
        ("ue4m3_fnuz", "NEGATIVE_ZERO needs a sign"),
        ("e8m0_ieee", "infinities and NaNs need a mantissa bit"),
        ("e1m0_fn", "no finite code but zero is left"),
        ("e4m3_foo", "did you mean"),
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
        ({"exponent_bits": 0}, "exponent_bits must be 1 to 10, not 0"),
        ({"exponent_bits": 11}, "exponent_bits must be 1 to 10, not 11"),
        ({"exponent_bits": 9, "mantissa_bits": 23}, "at most 32 bits, not 33"),
        ({"signed": False, "nan": NanPolicy.NEGATIVE_ZERO}, "needs a sign, not signed=False"),
        ({"zero": False}, "without sign and subnormals, not signed=True, subnormals=True"),
        ({"zero": False, "signed": False}, "not signed=False, subnormals=True"),
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


@pytest.mark.parametrize("name", ["int8", "uint3", "e2m1", "e3m4", "e8m3", "ue3m3_fin"])
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


@pytest.mark.parametrize("name", ["e2m1", "e4m3", "fp16"])
@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_nans_are_found_in_large_arrays_of_any_dtype(name, dtype):
    fmt = formats.get(name)
    x = np.zeros((3, 1 << 18), dtype)
    x[2, 70_000] = np.nan
    if fmt.nan_code is None:
        with pytest.raises(HwdseError, match=r"holds 1, the first at index \(2, 70000\)"):
            fmt.quantize(x)
    else:
        assert np.argwhere(np.isnan(fmt.quantize(x))).tolist() == [[2, 70_000]]


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


def test_import_is_light():
    heavy = "scipy pandas ml_dtypes gfloat amaranth matplotlib pydantic"
    code = (
        "import sys, hwdse.formats; "
        f"print([m for m in {heavy.split()!r} if m in sys.modules], 'numpy' in sys.modules)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.split("\n")[0] == "[] True"

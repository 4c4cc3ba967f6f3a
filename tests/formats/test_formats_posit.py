"""Posits against the standard's definition in fractions, and against SoftPosit's results."""

import dataclasses
import functools
import hashlib
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError

from . import codebook_model as model

ALL = (*range(3, 13), *(pytest.param(n, marks=pytest.mark.slow) for n in (13, 14, 15)), 16)


def value(code, bits):
    """Posit Standard (2022), section 3.2: the value of a bit string; None for NaR."""
    if code == 0:
        return Fraction(0)
    if code == 1 << (bits - 1):
        return None
    if code >> (bits - 1):
        return -value((1 << bits) - code, bits)
    string = f"{code:0{bits}b}"[1:]
    run = len(string) - len(string.lstrip(string[0]))
    regime = run - 1 if string[0] == "1" else -run
    rest = string[run + 1 :]
    exponent = int(rest[:2].ljust(2, "0"), 2)
    fraction = rest[2:]
    significand = 1 + (Fraction(int(fraction, 2), 2 ** len(fraction)) if fraction else 0)
    return significand * Fraction(2) ** (4 * regime + exponent)


@functools.cache
def values(bits):
    return [value(code, bits) for code in range(1 << bits)]


@functools.cache
def thresholds(bits):
    """By the lower neighbour: section 4.1, the posit of one more bit; zero beside zero."""
    half = 1 << (bits - 1)
    found = {}
    for code in range(1, half - 1):
        between = value(2 * code + 1, bits + 1)
        found[value(code, bits)] = between
        found[-value(code + 1, bits)] = -between
    return found | {Fraction(0): Fraction(0), -value(1, bits): Fraction(0)}


def side(bits):
    between = thresholds(bits)

    def threshold_side(x, low, high):
        return (x > between[low]) - (x < between[low])

    return threshold_side


@functools.cache
def reference(bits):
    by_code = {code: v for code, v in enumerate(values(bits)) if v is not None}
    return model.Model(by_code, side=side(bits))


@pytest.mark.parametrize("bits", ALL)
def test_every_code(bits):
    fmt = formats.get(f"posit{bits}")
    assert len(fmt.codes()) == 1 << bits
    got = fmt.decode(fmt.codes()).tolist()
    nar = 1 << (bits - 1)
    assert [v for c, v in enumerate(got) if c != nar] == [v for v in values(bits) if v is not None]
    assert np.isnan(got[nar])
    assert fmt.max == 2.0 ** (4 * (bits - 2)) == -fmt.min == 1 / fmt.min_normal


def test_written_out():
    fmt = formats.get("posit8")
    want = {0x40: 1, 0x41: 1.125, 0x48: 2, 0x50: 4, 0x60: 16, 0x64: 32, 0x7F: 2.0**24}
    want |= {0x7E: 2.0**20, 0x7D: 2.0**18, 0x01: 2.0**-24, 0x38: 0.5, 0xC0: -1, 0xFF: -(2.0**-24)}
    for code, v in want.items():
        assert fmt.decode(code) == v


@pytest.mark.parametrize("rounding", model.MODES)
@pytest.mark.parametrize("bits", [3, 4, 5, 8])
def test_near_values_and_thresholds(bits, rounding):
    fmt, expected = formats.get(f"posit{bits}"), reference(bits)
    x = model.near_inputs(expected, thresholds(bits).values())
    x = np.concatenate([x, model.random_inputs(expected, 2000)])
    x = x[np.isfinite(x)]
    assert x.size > 2000
    assert model.wrong_codes(fmt, expected, x, rounding) == 0


@pytest.mark.slow
@pytest.mark.parametrize("rounding", model.MODES)
@pytest.mark.parametrize("bits", [13, 16])
def test_near_values_and_thresholds_of_long_posits(bits, rounding):
    fmt, expected = formats.get(f"posit{bits}"), reference(bits)
    x = model.near_inputs(expected, thresholds(bits).values())
    x = x[np.isfinite(x)][:: 1 << (bits - 12)]
    assert x.size > 50_000
    assert model.wrong_codes(fmt, expected, x, rounding) == 0


def test_ends():
    fmt = formats.get("posit8")
    tiny = [5e-324, 1e-300, 2.0**-25]
    assert fmt.encode(tiny).tolist() == [1] * 3
    assert fmt.encode(np.negative(tiny)).tolist() == [0xFF] * 3
    assert fmt.encode([0.0, -0.0]).tolist() == [0, 0]
    assert fmt.encode([1e300, 2.0**24 + 1, -1e300]).tolist() == [0x7F, 0x7F, 0x81]
    assert fmt.encode([np.nan, np.inf, -np.inf]).tolist() == [0x80] * 3
    # The others are by value.
    assert fmt.encode(tiny, "toward-zero").tolist() == [0] * 3
    assert fmt.encode(tiny, "toward-positive").tolist() == [1] * 3
    assert fmt.encode([np.nan, np.inf], "stochastic", seed=1).tolist() == [0x80] * 2
    assert fmt.encode(np.array([1, -(2**62)])).tolist() == [0x40, 0x81]
    with pytest.raises(HwdseError, match="rounds no number to NaR"):
        fmt.encode(1.0, overflow="nonfinite")
    assert np.isnan(fmt.quantize([np.nan, 1.0])).tolist() == [True, False]


def test_thresholds_are_not_midpoints_where_regimes_are_long():
    fmt = formats.get("posit8")
    # Between 2**20 and 2**24, the 9-bit posit is 2**22; a tie goes to the even code.
    assert fmt.quantize([2.0**22, 2.0**22 + 1]).tolist() == [2.0**20, 2.0**24]
    assert fmt.quantize([2.0**22], rounding="nearest-away").tolist() == [2.0**24]
    by_midpoint = dataclasses.replace(fmt, thresholds=None)
    x = model.near_inputs(reference(8), thresholds(8).values())
    x = x[np.isfinite(x)]
    assert model.wrong_codes(by_midpoint, reference(8), x, "nearest-even") > 10


# SHA-256 of the codes, as little-endian uint16, that SoftPosit gives for `inputs()`: all numbers of
# 16 bits and their neighbours in binary32, which are all ties and their neighbours up to posit11.
# Recorded from PyPI softposit 0.3.4.4 (convertDoubleToPX2), which comes without wheels; the slow
# test below repeats it where the package is installed.
SOFTPOSIT = {
    3: "e432d671ff902f7527d54fb11b9b9c326d526fe57e3e7b0cad1a64f4585c9135",
    4: "1faeb7ec8c1a87f911676976ca7e6ff0ac18b92041a1b56badb389a5550e6d10",
    5: "8451f1547d298bb440bb8110cf2830acc74111a4916f371201db84b0a3617cbc",
    6: "20c21af8a094f7e9e163d7b28280a16a06e3ddb09ae8019407f10fc2034c01fa",
    7: "0012ee684f24a9736eb3ee4dd613aff77ed291f7681a38a2a157403b524de8bd",
    8: "fd26264d25df3ddb64a121aab72dcc6f8b93a8e3ab1fcba5db505c50fdfd0245",
    9: "cd18038f6e54dc0f96fe6251097e585f50f87f39645f0f69ec66a21f0e32e2d2",
    10: "0043e0cbc25a2e20177a03ec73119cb276f94193daa035167bff204af4ab4b90",
    11: "0787343de5de9bf3addc2340147b4870d8b70e88a143092cb294bfbb170fafbf",
    12: "d64bcd9ef1ad4b92144a855696a0670b0b9642ba9ed495f701cee9b2e5c64abf",
    13: "d9e1d71dae9c4955d47b9bfcf00a303e0dc7365b53c4566120f923ef4cd658c6",
    14: "eaf2b29be763b842a18d75e5915645b1967c0d2464ff56e0297ba8d1fbef4654",
    15: "1f39179459fa08fc7eac8dedad6d79c2563213f60216b5662a926322a93e4a7f",
    16: "960a7aaf9645d26021a7b324560656727d6677cc256f49190edaf53dc7ec9ef9",
}


@functools.cache
def inputs():
    bits = np.arange(1 << 16, dtype=np.int64)[:, None] * 65536 + np.array([-1, 0, 1])
    x = (bits.reshape(-1) & 0xFFFFFFFF).astype(np.uint32).view(np.float32)
    half = np.arange(1 << 16).astype(np.uint16).view(np.float16).astype(np.float32)
    x = np.concatenate([x, half])
    # A NaN is a NaN.
    x = np.where(np.isnan(x), np.float32(np.nan), x)
    assert x.size == 4 << 16
    return x


def digest(codes):
    return hashlib.sha256(np.asarray(codes).astype("<u2").tobytes()).hexdigest()


@pytest.mark.parametrize("bits", ALL)
def test_same_as_softposit(bits):
    fmt = formats.get(f"posit{bits}")
    assert digest(fmt.encode(inputs())) == SOFTPOSIT[bits]
    planted = fmt.encode(inputs()).astype(int)
    planted[12345] ^= 1
    assert digest(planted) != SOFTPOSIT[bits]


@pytest.mark.slow
@pytest.mark.parametrize("bits", ALL)
def test_softposit_itself(bits):
    softposit = pytest.importorskip("softposit")
    convert, shift = softposit.convertDoubleToPX2, 32 - bits
    assert digest([convert(x, bits).v >> shift for x in inputs().tolist()]) == SOFTPOSIT[bits]

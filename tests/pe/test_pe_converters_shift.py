"""Shiftmax and ShiftGELU against the published formulas, in rational arithmetic."""

import math
from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from hwdse.pe import parse
from hwdse.pe.converters.shift_exp import LARGEST_SUM, shift_exp

from .refusals import nearest


def published_exp(x, x0, n):
    """arXiv 2207.01405, as its code has it: floors of quotients, nothing shifted."""
    p = x + math.floor(Fraction(x, 2)) - math.floor(Fraction(x, 16))
    p = max(p, n * x0)
    q = math.floor(Fraction(p, x0))
    r = p - x0 * q
    return max(math.floor((Fraction(r, 2) - x0) * Fraction(2) ** (n - q)), 0)


def published_factor(total):
    return math.floor(Fraction(2**31 - 1, min(total, 2**31 - 1)))


def published_shiftmax(x, x0, bits):
    e = [published_exp(v - max(x), x0, 15) for v in x]
    factor = published_factor(sum(e))
    return [math.floor(Fraction(v * factor, 2 ** (31 - bits + 1))) for v in e]


def published_shiftgelu(x, most, x0, bits):
    out = []
    for v in x:
        e = published_exp(min(v - most, 0), x0, 23)
        factor = published_factor(e + published_exp(-most, x0, 23))
        out.append(v * math.floor(Fraction(e * factor, 2 ** (31 - bits + 1))))
    return out


@pytest.mark.parametrize("n", [15, 23])
@pytest.mark.parametrize("magnitude", [1, 2, 3, 7, 16, 255, 256, 65536])
def test_exponential(n, magnitude):
    x = np.unique(np.r_[-300:130, -65535, -40000, -n * magnitude, -n * magnitude + 1, 32768])
    for value, got in zip(x, shift_exp(x, np.int64(magnitude), n), strict=True):
        want = published_exp(int(value), -magnitude, n)
        # Beyond the largest sum, only that it is beyond matters.
        assert got == want or (value > 0 and min(got, want) >= LARGEST_SUM)


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("source", "size"), [("int2", 3), ("int8", 16), ("int16", 5)])
def test_shiftmax(source, size, bits):
    design = parse(f"convert:op=shiftmax,from={source},size={size},bits={bits}")
    width = int(source[3:])
    rng = np.random.default_rng(size)
    x = rng.integers(-(1 << (width - 1)), 1 << (width - 1), size=(300, size))
    x[::3] >>= width // 2
    x[0], x[1] = x.min(), x[1, 0]
    m = rng.integers(0, 1 << width, size=300)
    m[::2] >>= width // 2
    got = design.outputs({"x": x & ((1 << width) - 1), "x0": m})["y"]
    for row, magnitude, y in zip(x.tolist(), m.tolist(), got.tolist(), strict=True):
        assert y == published_shiftmax(row, -(magnitude or 1 << width), bits)
        assert max(y) < 1 << bits


@pytest.mark.parametrize("x0", [1, 9, 256])
def test_scale_as_a_key_is_the_scale_on_the_port(x0):
    codes = np.random.default_rng(1).integers(0, 256, size=(500, 4))
    for op in ("shiftmax", "shiftgelu"):
        spec = f"convert:op={op},from=int8,size=4"
        port, key = parse(spec), parse(f"{spec},x0={x0}")
        given = {"x": codes, "x0": np.full(500, x0 % 256)}
        assert (port.outputs(given)["y"] == key.outputs({"x": codes})["y"]).all()


@pytest.mark.parametrize("bits", [4, 8])
@pytest.mark.parametrize(("source", "size"), [("int3", 3), ("int8", 1), ("int8", 6), ("int16", 2)])
def test_shiftgelu_of_lanes(source, size, bits):
    design = parse(f"convert:op=shiftgelu,from={source},size={size},bits={bits}")
    width = int(source[3:])
    rng = np.random.default_rng(size)
    x = rng.integers(-(1 << (width - 1)), 1 << (width - 1), size=(300, size))
    x[::3] >>= width // 2
    # All negative: the exponential of a positive number.
    x[1::3] = -abs(x[1::3])
    m = rng.integers(0, 1 << width, size=300)
    m[::2] >>= width // 2
    m[:3] = 0, 1, 1
    codes = x & ((1 << width) - 1)
    got = design.outputs({"x": codes if size > 1 else codes[:, 0], "x0": m})["y"]
    least = -(1 << (design.results[0].bits - 1))
    assert least <= got.min()
    assert got.max() < -least
    rows = got.reshape(x.shape).tolist()
    for row, magnitude, y in zip(x.tolist(), m.tolist(), rows, strict=True):
        assert y == published_shiftgelu(row, max(row), -(magnitude or 1 << width), bits)


def test_shiftgelu_with_the_maximum_on_a_port():
    design = parse("convert:op=shiftgelu,from=int4,size=1,max=port")
    values = np.array(list(product(range(-8, 8), range(-8, 8), range(16))))
    x, most, m = values.T
    got = design.outputs({"x": x & 15, "x_max": most & 15, "x0": m})["y"]
    for (value, top, magnitude), y in zip(values.tolist(), got.tolist(), strict=True):
        assert [y] == published_shiftgelu([value], top, -(magnitude or 16), 8)


def test_approximate_softmax_and_gelu():
    """What is published is an approximation; that it is one is seen at a usual scale."""
    rng = np.random.default_rng(7)
    scale = 1 / 16
    x = rng.integers(-60, 60, size=(400, 16))
    design = parse("convert:op=shiftmax,from=int8,size=16,x0=16,bits=16")
    y = design.outputs({"x": x & 255})["y"] / 2.0**15
    e = np.exp(scale * x)
    assert np.abs(y - e / e.sum(axis=1, keepdims=True)).max() < 0.04
    x0 = math.floor(1 / (1.702 * scale)) + 1
    design = parse(f"convert:op=shiftgelu,from=int8,size=16,x0={x0},bits=8")
    y = design.outputs({"x": x & 255})["y"] * scale / 2.0**7
    gelu = np.vectorize(lambda v: v * 0.5 * (1 + math.erf(v / math.sqrt(2))))(scale * x)
    assert np.abs(y - gelu).max() < 0.2


def test_cycles():
    design = parse("convert:op=shiftmax,from=int8,size=16")
    assert (design.cycles, design.initiation_interval, design.latency) == (16, 16, 16)
    assert design.values_per_cycle == 1
    # A larger x0 makes a larger sum, and a shorter quotient.
    assert parse("convert:op=shiftmax,from=int8,size=16,x0=16").cycles == 12
    assert parse("convert:op=shiftgelu,from=int8,size=4").cycles == 30
    assert parse("convert:op=shiftgelu,from=int8,size=4,cycles=5,pipeline=3").latency == 8


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ("op=shiftmax,from=uint8", "signed integer", "op=shiftmax,from=int8"),
        ("op=shiftmax,from=int8,size=1", "2 to 64", "op=shiftmax,from=int8,size=2"),
        ("op=shiftmax,from=int8,cycles=17", "1 to 16", "op=shiftmax,from=int8,cycles=16"),
        ("op=shiftmax,from=int8,x0=0", "1 to 256", "op=shiftmax,from=int8,x0=1"),
        ("op=shiftmax,from=int8,x0=auto", "port", "op=shiftmax,from=int8,x0=port"),
        ("op=shiftgelu,from=int8,max=lane", "lanes", "op=shiftgelu,from=int8,max=lanes"),
        ("op=shiftgelu,from=e4m3", "signed integer", "op=shiftgelu,from=int8"),
    ],
)
def test_refusals(spec, reason, instead):
    other, message = nearest(f"convert:{spec}")
    assert reason in message
    assert other == f"convert:{instead}"


def test_checks_see_small_scales():
    design = parse("convert:op=shiftmax,from=int8,size=4")
    rng = np.random.default_rng(4)
    drawn = {"x": np.zeros((1, 4000, 4)), "x0": rng.integers(0, 256, size=(1, 4000))}
    x0 = design.focused(drawn, rng)["x0"]
    assert np.mean((x0 > 0) & (x0 < 16)) > 0.2
    assert np.mean(x0 > 64) > 0.2

"""Long sums through whole units against Berkeley SoftFloat and gfloat, specials on the way."""

import numpy as np
import pytest
from gfloat import RoundMode, round_float
from gfloat.formats import format_info_bfloat16

from hwdse.pe import parse

from . import oracles

STEPS, SUMS = 1000, 100
# Specials come so rarely that sums get long, and are left again by a clear.
SPECIALS_ONE_IN = 700
CLEARS_ONE_IN = 150


def pairs(first, *others):
    """Of the pairs of formats, one in the default tests."""
    return [first, *(pytest.param(*pair, marks=pytest.mark.slow) for pair in others)]


FP32 = pairs(
    ("fp32", "fp32"), ("e5m2", "fp16"), ("fp16", "fp16"), ("bf16", "bf16"), ("e4m3", "e5m2")
)
FP16 = pairs(("fp16", "fp16"), ("e4m3", "e4m3"), ("e5m2", "e2m1"), ("e3m2", "e2m3"))
BF16 = pairs(("e5m2", "e4m3"), ("bf16", "bf16"))


def sequences(unit, seed):
    """Operands near one, of both signs, with zeros, subnormals, infinities and NaN at times."""
    rng = np.random.default_rng(seed)
    operands = []
    for fmt in (unit.w, unit.a):
        near = np.clip(rng.normal(size=(STEPS, SUMS)), fmt.min, fmt.max)
        codes = fmt.encode(near).astype(np.int64)
        anything = rng.integers(0, 1 << fmt.bits, size=(STEPS, SUMS))
        codes = np.where(rng.integers(SPECIALS_ONE_IN, size=codes.shape) == 0, anything, codes)
        operands.append(codes)
    clear = rng.integers(CLEARS_ONE_IN, size=STEPS) == 0
    clear[0] = True
    return *operands, clear


def assert_sums(unit, seed, step):
    """``step(w, a, acc)`` takes and gives codes; all sums of all steps must agree."""
    w, a, clear = sequences(unit, seed)
    got = unit.reference(w, a, clear)
    compared = 0
    for lane in range(SUMS):
        acc = 0
        for at in range(STEPS):
            acc = step(w[at, lane], a[at, lane], 0 if clear[at] else acc)
            assert got[at, lane] == acc, (lane, at)
            compared += 1
    assert compared == STEPS * SUMS == 100_000
    values = unit.decode_acc(got)
    # What the vectors are made for: sums of both signs, and some that meet infinities or NaN.
    assert np.isfinite(values).mean() > 0.3
    assert (values > 0).any()
    assert (values < 0).any()
    return values


@pytest.mark.parametrize(("w_name", "a_name"), FP32)
def test_fp32_sums(w_name, a_name):
    unit = parse(f"mac:w={w_name},a={a_name},acc=fp32")
    widened = [oracle_table(name, oracles.bits32) for name in (w_name, a_name)]

    def step(w, a, acc):
        return oracles.fma32(widened[0](w), widened[1](a), acc)

    values = assert_sums(unit, 21, step)
    assert np.isnan(values).any()


@pytest.mark.parametrize(("w_name", "a_name"), FP16)
def test_fp16_sums(w_name, a_name):
    unit = parse(f"mac:w={w_name},a={a_name},acc=fp16")
    widened = [oracle_table(name, oracles.bits16) for name in (w_name, a_name)]

    def step(w, a, acc):
        return oracles.fma16(widened[0](w), widened[1](a), acc)

    assert_sums(unit, 22, step)


@pytest.mark.parametrize(("w_name", "a_name"), BF16)
def test_bf16_sums(w_name, a_name):
    """SoftFloat has no bfloat16 arithmetic: the sum is rounded to odd in binary64, then by gfloat.

    Rounding to odd with more than two bits to spare does not change what the second rounding gives.
    """
    unit = parse(f"mac:w={w_name},a={a_name},acc=bf16")
    wide = [oracle_table(name, oracles.widened) for name in (w_name, a_name)]

    def step(w, a, acc):
        held = float(oracles.widened("bf16", [acc])[0])
        total = odd_sum(float(wide[0](w)) * float(wide[1](a)), held)
        rounded = np.float32(round_float(format_info_bfloat16, total, RoundMode.TiesToEven))
        code = int(rounded.view(np.uint32)) >> 16
        return 0x7FC0 if np.isnan(rounded) else code

    assert_sums(unit, 23, step)


def odd_sum(x, y):
    """``x + y`` in binary64, rounded to odd: inexact results end in a one."""
    total = x + y
    if not np.isfinite(total):
        return total
    # Knuth's two-sum: the error of a sum is a binary64 number.
    z = total - x
    error = (x - (total - z)) + (y - z)
    if error == 0 or int(np.float64(total).view(np.uint64)) & 1:
        return total
    return float(np.nextafter(total, np.inf if error > 0 else -np.inf))


def oracle_table(name, convert):
    """A function from code to ``convert``'s result, looked up for formats up to 16 bits."""
    bits = parse(f"mac:w={name},a={name}").w.bits
    if bits > 16:
        return int
    entries = convert(name, np.arange(1 << bits))
    return lambda code: entries[code]


def test_a_wrong_rounding_would_be_noticed(monkeypatch):
    from hwdse.pe import float_sum

    right = float_sum._round
    monkeypatch.setattr(float_sum, "_round", lambda fmt, m, e: right(fmt, m | 1, e))
    with pytest.raises(AssertionError):
        test_fp16_sums("fp16", "fp16")

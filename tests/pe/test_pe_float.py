"""Float accumulators against Berkeley SoftFloat's fused multiply-add, and against fractions."""

import numpy as np
import pytest

from hwdse.pe import parse
from hwdse.pe.float_sum import add_term

from . import oracles

VECTORS = 20_000
STEPS, SUMS = 100, 120
FORMATS = ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "fp16", "bf16", "fp32")
MIXED = (("e4m3", "e5m2"), ("fp16", "bf16"), ("fp32", "e2m1"))
# Formats whose codes are binary16 numbers.
WITHIN_FP16 = ("e4m3", "e5m2", "e3m2", "e2m3", "e2m1", "fp16")


def code_bits(name):
    return parse(f"mac:w={name},a={name}").w.bits


def operands(w_name, a_name, shape, seed):
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 1 << code_bits(name), size=shape) for name in (w_name, a_name)]


def hard_accumulators(acc_bits, mantissa_bits, products, seed):
    """Contents that make additions difficult: random, specials, and near a product's negative."""
    rng = np.random.default_rng(seed)
    sign = 1 << (acc_bits - 1)
    infinity = ((sign - 1) >> mantissa_bits) << mantissa_bits
    uniform = rng.integers(0, 1 << acc_bits, size=VECTORS)
    tiny = rng.integers(0, 2 << mantissa_bits, size=VECTORS)
    corners = [0, 1, (1 << mantissa_bits) - 1, 1 << mantissa_bits, infinity - 1, infinity]
    corners += [infinity + 1, infinity | (1 << (mantissa_bits - 1)), sign - 1]
    special = rng.choice(corners, size=VECTORS)
    opposite = (np.array(products) ^ sign) + rng.integers(-2, 3, size=VECTORS)
    # Far away from the product by up to the precision: the sticky bit decides.
    apart = np.array(products) + (
        rng.integers(-2, 3, size=VECTORS) << mantissa_bits
    ) * rng.integers(0, mantissa_bits + 4, size=VECTORS)
    apart ^= rng.integers(0, 2 << mantissa_bits, size=VECTORS)
    chosen = np.choose(rng.integers(0, 5, size=VECTORS), [uniform, tiny, special, opposite, apart])
    return (chosen ^ (sign * rng.integers(0, 2, size=VECTORS) * (chosen == tiny))) % (1 << acc_bits)


def one_addition(unit, w, a, acc):
    terms = unit.terms_of({"w": np.asarray(w), "a": np.asarray(a)})
    return add_term(unit.accumulator.format, np.asarray(acc), terms, unit.term_shape.lsb_exponent)


@pytest.mark.parametrize(("w_name", "a_name"), [(name, name) for name in FORMATS] + list(MIXED))
def test_one_fp32_addition(w_name, a_name):
    unit = parse(f"mac:w={w_name},a={a_name}")
    w, a = operands(w_name, a_name, VECTORS, 11)
    w32, a32 = oracles.bits32(w_name, w), oracles.bits32(a_name, a)
    products = [oracles.product32(x, y) for x, y in zip(w32, a32, strict=True)]
    acc = hard_accumulators(32, 23, products, 12)
    got = one_addition(unit, w, a, acc).tolist()
    want = [oracles.fma32(*codes) for codes in zip(w32, a32, acc.tolist(), strict=True)]
    assert len(want) == VECTORS
    assert got == want
    field = (np.array(want) >> 23) & 0xFF
    # The vectors reach what they are made for: subnormals, zeros, infinities and NaNs.
    assert min((field == 0).sum(), (field == 0xFF).sum()) > 100
    assert {0, 0x7F800000, 0x7FC00000} <= set(want)


@pytest.mark.parametrize("name", WITHIN_FP16)
def test_one_fp16_addition(name):
    unit = parse(f"mac:w={name},a={name},acc=fp16")
    w, a = operands(name, name, VECTORS, 13)
    w16, a16 = oracles.bits16(name, w), oracles.bits16(name, a)
    products = [oracles.product16(x, y) for x, y in zip(w16, a16, strict=True)]
    acc = hard_accumulators(16, 10, products, 14)
    got = one_addition(unit, w, a, acc).tolist()
    want = [oracles.fma16(*codes) for codes in zip(w16, a16, acc.tolist(), strict=True)]
    assert len(want) == VECTORS
    assert got == want


@pytest.mark.parametrize("name", ["e4m3", "e5m2", "e2m1", "bf16", "fp32"])
def test_one_bf16_addition(name):
    unit = parse(f"mac:w={name},a={name},acc=bf16")
    w, a = operands(name, name, VECTORS, 15)
    w32, a32 = oracles.bits32(name, w), oracles.bits32(name, a)
    products = [oracles.product32(x, y) >> 16 for x, y in zip(w32, a32, strict=True)]
    acc = hard_accumulators(16, 7, products, 16).tolist()
    got = one_addition(unit, w, a, acc).tolist()
    compared = 0
    for x, y, z, code in zip(w.tolist(), a.tolist(), acc, got, strict=True):
        product = oracles.times(oracles.number(name, x), oracles.number(name, y))
        assert oracles.fraction_step("bf16", z, product) == code, (x, y, z)
        compared += 1
    assert compared == VECTORS


@pytest.mark.parametrize("name", FORMATS)
def test_fp32_sums_over_time(name):
    """Sequences through the public reference, with and without NaN and infinities on the way."""
    unit = parse(f"mac:w={name},a={name}")
    w, a = operands(name, name, (STEPS, SUMS), 17)
    w[:, ::2] &= ~(1 << (unit.w.bits - 2))
    clear = np.arange(STEPS) % 17 == 0
    got = unit.reference(w, a, clear)
    w32 = np.array(oracles.bits32(name, w))
    a32 = np.array(oracles.bits32(name, a))
    compared = 0
    for lane in range(SUMS):
        acc = 0
        for step in range(STEPS):
            acc = oracles.fma32(w32[step, lane], a32[step, lane], 0 if clear[step] else acc)
            assert got[step, lane] == acc, (lane, step)
            compared += 1
    assert compared == STEPS * SUMS


def test_named_cases():
    """Cases whose answers one can work out: signed zeros, ties, overflow, invalid operations."""
    unit = parse("mac:w=fp32,a=fp32")
    one, tiny, top = 0x3F800000, 0x00000001, 0x7F7FFFFF
    minus = 0x80000000
    cases = [
        # w, a, acc, result
        (0, minus | one, minus, minus),  # -0 + -0
        (0, one, minus, 0),  # +0 + -0
        (one, one, minus | one, 0),  # exact cancellation is +0
        (tiny, tiny, 0, 0),  # underflow below half the least subnormal
        (tiny, minus | tiny, 0, minus),  # the same from below keeps the sign of the sum
        (tiny, minus | tiny, tiny, tiny),
        (tiny, 0x3F000000, 0, 0),  # half of the least subnormal: a tie, to even
        (3, 0x3F000000, 0, 2),  # one and a half of them
        (top, one, top, 0x7F800000),  # overflow
        (top, one, 0x73000000, 0x7F800000),  # half an ulp of the top: a tie, away to even
        (top, one, 0x72FFFFFF, top),
        (0x7F800000, 0, one, 0x7FC00000),  # infinity times zero
        (0x7F800000, one, 0xFF800000, 0x7FC00000),
        (0x7F800000, minus | one, 0, 0xFF800000),
        (0xFFC12345, one, 0, 0x7FC00000),  # NaN is made canonical
        (one, one, 0xFF812345, 0x7FC00000),
        (one, one, 0x33800000, one),  # 1 + 2^-24, a tie
        (one, one, 0x33800001, one + 1),
    ]
    for w, a, acc, result in cases:
        assert one_addition(unit, [w], [a], [acc]).tolist() == [result], (w, a, acc)
        assert oracles.fma32(w, a, acc) == result

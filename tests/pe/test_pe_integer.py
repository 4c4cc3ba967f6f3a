"""Integer units against Python's own integers."""

import random

import numpy as np
import pytest

from hwdse.pe import parse

SPECS = [
    "mac:w=int8,a=int8",
    "mac:w=int4,a=uint8",
    "mac:w=int16,a=uint16",
    "mac:w=int16,a=int16",
    "mac:w=uint1,a=int1",
    "mac:w=int16,a=int16,acc=exact,terms=9",
    "mac:w=uint16,a=uint16,acc=exact,terms=16777216",
    "dot:w=int4,a=int8,lanes=4",
    "dot:w=int2,a=uint16,lanes=16",
    "dot:w=uint15,a=uint15,lanes=2",
    "dot:w=uint16,a=uint16,lanes=256,acc=exact,terms=256",
    "dot:w=int8,a=int8,lanes=7,acc=exact,terms=700",
]
STEPS, SUMS = 90, 12


def value(code, fmt):
    """A code as two's complement where signed."""
    return code - (1 << fmt.bits) if fmt.signed and code >> (fmt.bits - 1) else code


def wrapped(total, width):
    total %= 1 << width
    return total - (1 << width) if total >> (width - 1) else total


def expected(unit, w, a, clear):
    """One accumulator over time, in Python integers."""
    total, out = 0, []
    for step, (ws, xs) in enumerate(zip(w, a, strict=True)):
        if clear[step]:
            total = 0
        total += sum(
            value(x, unit.w) * value(y, unit.a)
            for x, y in zip(np.atleast_1d(ws).tolist(), np.atleast_1d(xs).tolist(), strict=True)
        )
        out.append(wrapped(total, unit.accumulator.width))
    return out


def operands(unit, seed):
    """Uniform codes; in half of the sums all codes are extreme, so that 32 bits wrap."""
    rng = np.random.default_rng(seed)
    shape = (STEPS, SUMS) + ((unit.lanes,) if unit.lanes > 1 else ())
    codes = []
    for fmt in (unit.w, unit.a):
        most = (1 << (fmt.bits - 1)) if fmt.signed else (1 << fmt.bits) - 1
        uniform = rng.integers(0, 1 << fmt.bits, size=shape)
        uniform[:, : SUMS // 2] = most
        codes.append(uniform)
    return codes


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("schedule", ["first", "random", "never", "always"])
def test_integer_sums(spec, schedule):
    unit = parse(spec)
    w, a = operands(unit, 3)
    chooser = random.Random(5)  # noqa: S311
    clear = {
        "first": [True] + [False] * (STEPS - 1),
        "random": [chooser.random() < 0.1 for _ in range(STEPS)],
        "never": [False] * STEPS,
        "always": [True] * STEPS,
    }[schedule]
    got = unit.reference(w, a, None if schedule == "first" else clear)
    if schedule in ("first", "never") and "exact" in spec:
        # An exact accumulator promises nothing beyond its terms; it is run on as far as they go.
        steps = min(STEPS, unit.common.terms // unit.lanes)
        w, a, clear, got = w[:steps], a[:steps], clear[:steps], got[:steps]
    assert got.shape == w.shape[:2]
    compared = 0
    for lane in range(SUMS):
        want = expected(unit, w[:, lane], a[:, lane], clear)
        assert got[:, lane].tolist() == want
        compared += len(want)
    assert compared == SUMS * len(w) > 0


def test_int32_wraps():
    unit = parse("mac:w=int16,a=int16")
    codes = np.full(4, -(1 << 15))
    assert unit.reference(codes, codes).tolist() == [1 << 30, -(1 << 31), -(1 << 30), 0]

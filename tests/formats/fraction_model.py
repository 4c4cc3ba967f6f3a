"""Rounding and blocks by their definitions, in Fractions and Python integers."""

import itertools
import math
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from hwdse.formats import Rounding

DETERMINISTIC = [mode for mode in Rounding if mode is not Rounding.STOCHASTIC]

# Precision, least exponent of a normal number, largest exponent.
FLOATS = {"fp32": (24, -126, 127), "fp16": (11, -14, 15), "bf16": (8, -126, 127)}


def to_integer(value, mode=Rounding.NEAREST_EVEN):
    """A Fraction rounded to an integer."""
    low = math.floor(value)
    rest = value - low
    if rest == 0:
        return low
    high = low + 1
    tie, nearest = rest == Fraction(1, 2), high if rest > Fraction(1, 2) else low
    even, odd = (low, high) if low % 2 == 0 else (high, low)
    away = high if value > 0 else low
    toward = low if value > 0 else high
    return {
        Rounding.NEAREST_EVEN: even if tie else nearest,
        Rounding.NEAREST_AWAY: away if tie else nearest,
        Rounding.TOWARD_ZERO: toward,
        Rounding.TOWARD_POSITIVE: high,
        Rounding.TOWARD_NEGATIVE: low,
        Rounding.TO_ODD: odd,
    }[mode]


def to_float(value, name):
    """The positive number of a binary format nearest to a Fraction; ``inf`` if it overflows.

    What would be less than the least positive number becomes that, as scales do.
    """
    precision, least, largest = FLOATS[name]
    exponent = least
    if value:
        near = value.numerator.bit_length() - value.denominator.bit_length()
        exponent = max(near - (Fraction(2) ** near > value), least)
    unit = Fraction(2) ** (exponent - precision + 1)
    rounded = max(to_integer(value / unit), 1) * unit
    return rounded if rounded < Fraction(2) ** (largest + 1) else math.inf


def runs(shape, axis, block):
    """Index lists of all blocks of an array; each is a list of index tuples in order."""
    axis %= len(shape)
    length = shape[axis]
    size = block or max(length, 1)
    others = [range(n) if i != axis else (None,) for i, n in enumerate(shape)]
    for place in itertools.product(*others):
        for start in range(0, length, size):
            yield [
                (*place[:axis], at, *place[axis + 1 :])
                for at in range(start, min(start + size, length))
            ]


def exactly(x):
    """An array's numbers as Fractions, by index."""
    return {index: Fraction(x[index].item()) for index in np.ndindex(x.shape)}


def arrays(seed, shape, dtype, spread=3.0):
    """Seeded numbers of a dtype, some of them zero and some equal."""
    rng = np.random.default_rng(seed)
    dtype = np.dtype(dtype)
    if dtype.kind in "iu":
        info = np.iinfo(dtype)
        x = rng.integers(info.min, info.max, shape, dtype=dtype.newbyteorder("="), endpoint=True)
        small = rng.integers(0, 100, shape).astype(dtype)
        return np.where(rng.random(shape) < 0.5, x, small).astype(dtype)
    scale = np.exp2(np.round(rng.normal(0, spread)))
    x = rng.standard_normal(shape) * scale
    kind = rng.random(shape)
    x = np.where(kind < 0.1, 0.0, np.where(kind < 0.3, np.round(x * 4) / 4, x))
    return x.astype(dtype)


def _array(seed, shape, dtype, axis, layout):
    x = arrays(seed, shape, dtype)
    held = {"C": x, "F": np.asfortranarray(x), "reversed": x[::-1].copy()[::-1]}[layout]
    return held, max(min(axis, x.ndim - 1), -x.ndim)


# Small arrays of any dtype and layout, each with one of its axes.
ANY_ARRAY = st.builds(
    _array,
    seed=st.integers(0, 10**6),
    shape=st.lists(st.integers(1, 7), min_size=1, max_size=3).map(tuple),
    dtype=st.sampled_from(["f2", "f4", "f8", ">f4", ">f8", "i1", "u2", "u4", ">i4", "i8", "u8"]),
    axis=st.integers(-3, 2),
    layout=st.sampled_from(["C", "F", "reversed"]),
)

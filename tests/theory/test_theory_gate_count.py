"""Gate counts: table 6 of arXiv 2510.25602, entry by entry."""

from __future__ import annotations

import math

import numpy as np
import pytest

from hwdse.theory.gate_count import (
    Fields,
    aligner_width,
    fixed_accumulator,
    float_accumulator,
    lanes,
    scale_multiplication,
)

E4M3, E2M3, E2M1, INT8 = Fields(4, 3), Fields(2, 3), Fields(2, 1), Fields(0, 7)


def test_widths_of_the_aligner():
    assert [float(aligner_width(f, f, 24)) for f in (E4M3, E2M3, E2M1)] == [24, 14, 10]
    assert float(aligner_width(E4M3, E4M3)) == 38
    # Operands of two formats: each adds its own range and its own mantissa.
    assert float(aligner_width(E4M3, E2M1)) == 2**4 + 2**2 + 3 + 1


def test_the_table_for_floats():
    k, n = 32, 24
    shifts = n * math.log2(n)
    found = lanes(k, E4M3, E4M3, n)
    assert found == {
        "multiplier": {"and": k * 16, "fa": k * 16},
        "exponent_adder": {"fa": k * 4},
        "adder": {"fa": k * n},
        "exponent_subtractor": {"xor": k * 4, "fa": k * 4},
        "comparator": {"xor": k * 4, "and": k * 4, "or": k * 4},
        "aligner": {"mux": k * shifts},
        "normaliser": {"mux": shifts, "or": shifts},
    }


def test_the_table_for_integers():
    found = lanes(16, INT8, INT8, 24)
    assert found["multiplier"] == {"and": 16 * 64, "fa": 16 * 64}
    assert found["adder"] == {"fa": 2 * 16 * 8}
    rest = [
        n for b, gates in found.items() if b not in ("multiplier", "adder") for n in gates.values()
    ]
    assert not any(rest)


def test_operands_of_two_formats():
    found = lanes(1, Fields(0, 3), E4M3, 20)
    assert found["multiplier"]["and"] == 4 * 4
    assert found["exponent_adder"]["fa"] == 4
    assert found["adder"]["fa"] == 20


def test_shared_blocks():
    fp32 = Fields(8, 23)
    shifts = 24 * math.log2(24)
    assert float_accumulator(fp32)["accumulator"] == pytest.approx(
        {"fa": 24 + 8, "xor": 8 + 8, "and": 8, "or": 8 + shifts, "mux": 2 * shifts}
    )
    assert fixed_accumulator(32) == {"accumulator": {"fa": 32}}
    # UE8M0: an addition of 8 bits. E4M3: 24 by 4 bits, and FP32's exponent.
    assert scale_multiplication(Fields(8, 0), fp32) == {"dequantiser": {"and": 0, "fa": 8}}
    assert scale_multiplication(E4M3, fp32) == {"dequantiser": {"and": 96, "fa": 96 + 8}}


def test_arrays_are_counted_like_numbers():
    rng = np.random.default_rng(5)
    k, x, y, n = (rng.integers(low, high, 200) for low, high in ((1, 65), (0, 6), (0, 12), (1, 40)))
    together = lanes(k, Fields(x, y), Fields(x[::-1], y[::-1]), n)
    for i in range(len(k)):
        one = lanes(k[i], Fields(x[i], y[i]), Fields(x[-1 - i], y[-1 - i]), n[i])
        assert one == {b: {g: c[i] for g, c in gates.items()} for b, gates in together.items()}

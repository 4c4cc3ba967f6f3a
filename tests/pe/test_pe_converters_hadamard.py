"""The integer Hadamard transform against matrices and the transform of tensors."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.formats.hadamard import hadamard
from hwdse.pe import parse

from .refusals import nearest


def matrix(size):
    h = np.ones((1, 1), dtype=np.int64)
    while len(h) < size:
        h = np.kron(np.array([[1, 1], [1, -1]], dtype=np.int64), h)
    return h


def signed(codes, bits):
    codes = np.asarray(codes) & ((1 << bits) - 1)
    return np.where(codes >> (bits - 1) & 1, codes - (1 << bits), codes)


@pytest.mark.parametrize(
    "name", ["int8", "uint8", "int4_sym", "e2m1", "e3m2", "flint4", "fixed8_4"]
)
@pytest.mark.parametrize("size", [2, 16, 64])
def test_exact_sums_fit_and_are_those_of_the_matrix(name, size):
    design = parse(f"convert:op=hadamard,from={name},size={size}")
    fmt = formats.scalar(name)
    rng = np.random.default_rng(size)
    codes = rng.choice(fmt.codes().astype(np.int64), size=(200, size))
    values = fmt.decode(fmt.codes())
    rows = matrix(size)
    # The inputs that reach the ends of the range, besides random ones.
    most, least = (fmt.codes()[f(values)] for f in (np.argmax, np.argmin))
    for i in range(size):
        signs = rows[i] > 0
        ends = [np.where(signs, most, least), np.where(signs, least, most)]
        codes = np.concatenate([codes, ends])
    x = np.ldexp(fmt.decode(codes), -fmt.lsb_exponent)
    assert (x == x.astype(np.int64)).all()
    want = x.astype(np.int64) @ rows.T
    got = design.outputs({"x": codes})["y"]
    (result,) = design.results
    assert (got == want).all()
    assert (signed(got, result.bits) == got).all()
    # No bit more than the widest needs.
    assert got.min() < -(1 << (result.bits - 2)) or got.max() >= 1 << (result.bits - 2)


def test_is_the_orthonormal_transform_of_tensors_times_a_power_of_two():
    design = parse("convert:op=hadamard,from=int8,size=16")
    codes = np.random.default_rng(3).integers(0, 256, size=(100, 16))
    x = formats.scalar("int8").decode(codes)
    assert (design.outputs({"x": codes})["y"] == hadamard(x, block=16) * 4).all()


@pytest.mark.parametrize("shift", [0, 1, 2, 4, 10])
def test_rounding_is_to_nearest_even_and_saturates(shift):
    design = parse(f"convert:op=hadamard,from=int8,size=4,to=int8,shift={shift}")
    codes = np.random.default_rng(shift).integers(0, 256, size=(2000, 4))
    exact = parse("convert:op=hadamard,from=int8,size=4").outputs({"x": codes})["y"]
    want = [min(max(round(Fraction(int(v), 1 << shift)), -128), 127) for v in exact.ravel()]
    got = signed(design.outputs({"x": codes})["y"], 8).ravel()
    assert got.tolist() == want


def test_the_usual_shift_keeps_the_range():
    design = parse("convert:op=hadamard,from=int8,size=16,to=int8")
    assert design.shift == 4
    assert design.canonical == "convert:op=hadamard,from=int8,size=16,to=int8,shift=4,pipeline=0"
    assert design.results[0].bits == 8


def test_every_number_of_stages_adds_one_cycle():
    for stages in range(5):
        design = parse(f"convert:op=hadamard,from=int8,size=16,pipeline={stages}")
        assert design.latency == 1 + stages
        assert design.values_per_cycle == 16


@pytest.mark.parametrize(
    ("spec", "reason", "instead"),
    [
        ("from=bf16,size=8", "infinities", "from=int8,size=8"),
        ("from=int8,size=12", "power of two", "from=int8,size=16"),
        ("from=int8,size=1000", "2 to 64", "from=int8,size=64"),
        ("from=int8,shift=2", "goes with to", "from=int8"),
        ("from=int8,to=e4m3", "signed integer", "from=int8,to=int8"),
        ("from=int8,to=nonsense", "unknown format", "from=int8"),
        ("from=int8,size=4,pipeline=3", "0 to 2", "from=int8,size=4,pipeline=2"),
    ],
)
def test_refusals(spec, reason, instead):
    other, message = nearest(f"convert:op=hadamard,{spec}")
    assert reason in message
    assert other == f"convert:op=hadamard,{instead}"

"""How lanes are packed: enumerated in integers, as close as can be; and what is refused."""

import itertools

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.formats import scalar
from hwdse.pe import parse
from hwdse.pe.packing import packing_of
from hwdse.pe.product import integers

NAMES = ("int2", "int3", "int4", "uint1", "uint2", "uint3", "uint4", "int4_sym", "ternary")


def values(name):
    fmt = scalar(name)
    return integers(fmt, fmt.codes().astype(np.int64))


def operands(w, a):
    """Both weights and both activations of a pair of lanes, all combinations."""
    axes = (values(w), values(w), values(a), values(a))
    return [axis.ravel() for axis in np.meshgrid(*axes)]


def field(w, a, shift, rounding):
    """The middle field of the product of packed words, and the sum that it stands for."""
    w0, w1, a0, a1 = operands(w, a)
    product = (w0 + (w1 << shift)) * (a1 + (a0 << shift)) + rounding
    return product >> shift & ((1 << shift) - 1), w0 * a0 + w1 * a1


@pytest.mark.parametrize("w", NAMES)
def test_the_field_tells_the_sum_and_no_narrower_one_would(w):
    for a in NAMES:
        packing = packing_of(scalar(w), scalar(a))
        low, high = packing.products
        told, want = field(w, a, packing.shift, 1 << packing.shift >> 1 if low else 0)
        if low:
            told = told - (told >= packing.limit) * (1 << packing.shift)
        assert (told == want).all(), (w, a)
        assert (want.min(), want.max()) == (2 * low, 2 * high)
        narrower, _ = field(w, a, packing.shift - 1, 1 << packing.shift >> 2 if low else 0)
        assert len(np.unique(narrower)) < len(np.unique(want)), (w, a)


WORDS = {
    ("int4", "int4"): (8, 144, (13, 13)),
    ("int5", "int5"): (10, 544, (16, 16)),
    ("uint4", "uint4"): (9, None, (13, 13)),
    ("uint4", "int4"): (9, 256, (13, 14)),
    ("int4_sym", "int4_sym"): (8, 128, (12, 12)),
    ("int4", "int8"): (12, 2064, (17, 21)),
    ("int8", "int8"): (16, 33024, (25, 25)),
    ("ternary", "int8"): (10, 512, (12, 19)),
}


@pytest.mark.parametrize(("w", "a"), WORDS)
def test_shift_limit_and_words(w, a):
    packing = packing_of(scalar(w), scalar(a))
    assert (packing.shift, packing.limit, packing.word_bits) == WORDS[w, a]


def test_the_widest_that_are_packed():
    """Of 24 x 24 bits, of 26 x 18; not of 25 x 25, of 28 x 19."""
    fit = {pair: packing_of(*map(scalar, pair)).fits for pair in WIDEST}
    assert fit == WIDEST


WIDEST = {
    ("int8_sym", "int8_sym"): True,
    ("int11", "int3"): True,
    ("int8", "int8"): False,
    ("int12", "int3"): False,
}


def test_words_hold_every_pair():
    for w, a in itertools.product(NAMES, repeat=2):
        packing = packing_of(scalar(w), scalar(a))
        for name, bits in zip((w, a), packing.word_bits, strict=True):
            every = np.add.outer(values(name), values(name) << packing.shift)
            low, high = int(every.min()), int(every.max())
            sign = low < 0
            assert bits == max(high.bit_length(), (~low).bit_length() * sign) + sign, (w, a)


REFUSED = {
    "dot:w=int4,a=int4,lanes=3,mul=packed": "dot:w=int4,a=int4,lanes=4,mul=packed",
    "dot:w=int4,a=int16,lanes=4,mul=packed": "dot:w=int4,a=int16,lanes=4,mul=star",
    "dot:w=int8,a=int8,lanes=4,mul=packed": "dot:w=int8,a=int8,lanes=4,mul=star",
    "dot:w=e4m3,a=int4,lanes=4,mul=packed": "dot:w=e4m3,a=int4,lanes=4,mul=star",
    "dot:w=mxint8,a=mxint8,lanes=4,mul=packed": "dot:w=mxint8,a=mxint8,lanes=4,mul=star",
    "dot:w=int4,a=int4,lanes=2,mul=packed,fused=yes": (
        "dot:w=int4,a=int4,lanes=2,mul=bw,fused=yes"
    ),
    "dot:w=int4,a=int4,lanes=2,mul=packed,tree=dadda": (
        "dot:w=int4,a=int4,lanes=2,mul=bw,tree=dadda"
    ),
    "mac:w=int4,a=int4,mul=packed": None,
    "groupdot:w=int4,a=int8,lanes=2,group=4,mul=packed": None,
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_cannot_be_packed_is_refused_with_a_spec_that_works(spec):
    with pytest.raises(HwdseError) as caught:
        parse(spec)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 300
    offered = message.rpartition("(nearest that works: ")[2].removesuffix(")")
    assert parse(offered).canonical
    if REFUSED[spec] is not None:
        assert offered == REFUSED[spec]


@pytest.mark.parametrize("rest", ["", ",pipeline=3", ",tree=wallace,fused=save", ",adder=kogge"])
def test_no_result_depends_on_the_packing(rest):
    rng = np.random.default_rng(5)
    w, a = rng.integers(0, 16, size=(2, 30, 4)), rng.integers(0, 256, size=(2, 30, 4))
    unit = parse(f"dot:w=int4,a=int8,lanes=4,mul=packed{rest}")
    want = parse("dot:w=int4,a=int8,lanes=4").reference(w[0], a[0])
    assert (unit.reference(w[0], a[0]) == want).all()
    assert parse(unit.canonical) == unit
    assert "mul=packed" in unit.canonical

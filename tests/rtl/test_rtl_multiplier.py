"""Partial products of operands of all shapes, by enumeration of their values up to 16 bits."""

import itertools

import numpy as np
import pytest
from amaranth import Module, Shape, Signal
from amaranth.back import rtlil

from hwdse.synth.simulate import Simulator, pack
from hwdse.verify.check import compile_rtl
from rtl.parts import multiplier
from rtl.parts.adder import add
from rtl.parts.heap import BitHeap
from rtl.parts.multiplier import add_product

KINDS = ("bw", "booth")


def product_of(m, x, y, kind, name, shift=0):
    heap = BitHeap(len(x) + len(y) + shift)
    add_product(m, heap, x, y, mul=kind, name=name, shift=shift)
    product = Signal(heap.width, name=name)
    m.d.comb += product.eq(add(m, *heap.rows(m, "dadda", name), kind="star", name=f"{name}_sum"))
    return product


def integers(codes, shape):
    """Values of the low bits of codes."""
    values = codes & ((1 << shape.width) - 1)
    return values - ((values >> (shape.width - 1)) << shape.width) if shape.signed else values


def wrong_products(combinational, kind, shapes, shift=0):
    """Pairs of shapes whose product is wrong for some pair of operands, and how many there are."""
    widest = max(shape.width for shape in shapes)
    m = Module()
    x, y = Signal(widest, name="x"), Signal(widest, name="y")
    pairs = list(itertools.product(shapes, repeat=2))
    products = [
        product_of(m, cut(x, first), cut(y, second), kind, f"product{i}", shift)
        for i, (first, second) in enumerate(pairs)
    ]
    part = combinational(m, ports=[x, y, *products])
    codes_x, codes_y = (axis.ravel() for axis in np.indices((1 << widest,) * 2))
    got = part(x=codes_x, y=codes_y)
    wrong = []
    for i, (first, second) in enumerate(pairs):
        want = integers(codes_x, first) * integers(codes_y, second) << shift
        if (got[f"product{i}"] != want % (1 << len(products[i]))).any():
            wrong.append((first, second))
    return wrong, len(pairs)


def cut(word, shape):
    low = word[: shape.width]
    return low.as_signed() if shape.signed else low


SMALL = [Shape(width, signed) for width in range(1, 5) for signed in (False, True)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_pair_of_small_shapes(combinational, kind):
    assert wrong_products(combinational, kind, SMALL) == ([], 64)


@pytest.mark.parametrize("kind", KINDS)
def test_bytes_of_either_sign(combinational, kind):
    shapes = [Shape(8, signed=False), Shape(8, signed=True)]
    assert wrong_products(combinational, kind, shapes, shift=3) == ([], 4)


def wrong_in_all(kind, shape_x, shape_y):
    """Wrong products among all of two operands, and all there are."""
    m = Module()
    x, y = Signal(shape_x, name="x"), Signal(shape_y, name="y")
    product = product_of(m, x, y, kind, "product")
    text = rtlil.convert(m, name="part", emit_src=False, ports=[x, y, product])
    codes_y = np.arange(1 << shape_y.width)
    at_a_time = max(1, (1 << 16) // codes_y.size)
    planes_y = np.tile(pack(codes_y, shape_y.width), at_a_time)
    simulator = Simulator(compile_rtl(text), planes_y.shape[1])
    wrong = compared = 0
    for start in range(0, 1 << shape_x.width, at_a_time):
        codes_x = np.arange(start, start + at_a_time)
        # One value of x fills whole words.
        bits = codes_x >> np.arange(shape_x.width)[:, None] & 1
        planes_x = (-bits).astype(np.uint64).repeat(codes_y.size // 64, axis=1)
        simulator.evaluate({"x": planes_x, "y": planes_y})
        want = np.outer(integers(codes_x, shape_x), integers(codes_y, shape_y)).ravel()
        planes = pack(want % (1 << len(product)), len(product))
        difference = np.bitwise_or.reduce(simulator.output("product") ^ planes, axis=0)
        wrong += int(np.bitwise_count(difference).sum())
        compared += want.size
    return wrong, compared


@pytest.mark.parametrize("kind", KINDS)
def test_all_of_12_by_12_bits(kind):
    shape = Shape(12, signed=True)
    assert wrong_in_all(kind, shape, shape) == (0, 1 << 24)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("signs", [(False, False), (False, True), (True, False)])
def test_all_of_12_by_12_bits_of_other_signs(kind, signs):
    assert wrong_in_all(kind, *(Shape(12, s) for s in signs)) == (0, 1 << 24)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_all_of_16_by_16_bits(kind):
    shape = Shape(16, signed=True)
    assert wrong_in_all(kind, shape, shape) == (0, 1 << 32)


def test_booth_halves_the_rows():
    """As many rows as digits, each a bit longer, and a one for each negative digit."""
    heights = {}
    for kind in KINDS:
        heap = BitHeap(32)
        word = Signal(Shape(16, signed=True))
        add_product(None, heap, word, word, mul=kind, name="x")
        heights[kind] = max(map(len, heap.columns))
    assert heights == {"bw": 16, "booth": 9}


def test_a_wrong_booth_digit_is_found(monkeypatch, combinational):
    right = multiplier._recode

    def wrong(m, y, k, name):
        one, two, negative = right(m, y, k, name)
        return (one, one, negative) if k == 1 and two is not None else (one, two, negative)

    monkeypatch.setattr(multiplier, "_recode", wrong)
    found, _ = wrong_products(combinational, "booth", SMALL)
    # All whose recoded operand has a second digit of three bits.
    assert (Shape(4, signed=True), Shape(4, signed=True)) in found
    assert (Shape(3, signed=True), Shape(2, signed=True)) not in found


@pytest.mark.parametrize("kind", KINDS)
def test_a_dropped_sign_correction_is_found(monkeypatch, combinational, kind):
    right = BitHeap.subtract_bit
    calls = []

    def wrong(self, bit, column):
        before = self.constant
        right(self, bit, column)
        calls.append(column)
        if len(calls) == 1:
            self.constant = before

    monkeypatch.setattr(BitHeap, "subtract_bit", wrong)
    found, _ = wrong_products(combinational, kind, SMALL[-1:])
    assert found == [(SMALL[-1], SMALL[-1])]

"""Heaps of bits of any heights, by enumeration; sums of words by SAT; and planted bugs."""

import random

import numpy as np
import pytest
from amaranth import Fragment, Module, Shape, Signal

from rtl.parts import heap as heap_module
from rtl.parts.heap import BitHeap

TREES = ("wallace", "dadda")
BITS = 13


def random_heap(seed):
    """A heap of fields of one word, and the integer that it should sum to for each word."""
    chooser = random.Random(seed)  # noqa: S311
    word = Signal(BITS, name="word")
    codes = np.arange(1 << BITS)
    heap = BitHeap(chooser.choice([1, 3, 9, 14]))
    total = np.zeros(codes.size, dtype=np.int64)
    for _ in range(chooser.randint(1, 9)):
        low = chooser.randrange(BITS)
        width = chooser.randint(1, min(5, BITS - low))
        shift, signed, negative = (
            chooser.randrange(6),
            chooser.random() < 0.5,
            chooser.random() < 0.3,
        )
        field = word[low : low + width]
        values = (codes >> low) & ((1 << width) - 1)
        if signed:
            field = field.as_signed()
            values = values - ((values >> (width - 1)) << width)
        (heap.subtract if negative else heap.add)(field, shift)
        total += (-values if negative else values) << shift
    constant = chooser.choice([0, 1, -1, 5, -700])
    heap.add_constant(constant)
    return word, heap, total + constant


def wrong_sums(combinational, tree, seeds):
    wrong = []
    for seed in seeds:
        word, heap, total = random_heap(seed)
        m = Module()
        rows = [Signal(heap.width, name=name) for name in ("first", "second")]
        m.d.comb += [row.eq(v) for row, v in zip(rows, heap.rows(m, tree, "tree"), strict=True)]
        got = combinational(m, ports=[word, *rows])(word=np.arange(1 << BITS))
        if ((got["first"] + got["second"] - total) % (1 << heap.width)).any():
            wrong.append(seed)
    return wrong


@pytest.mark.parametrize("tree", TREES)
def test_random_heaps(combinational, tree):
    assert wrong_sums(combinational, tree, range(8)) == []


def disagreement(tree, words, bits, width):
    """A module whose output ``bad`` says that a tree and operators differ in a sum of words."""
    m = Module()
    inputs = [Signal(Shape(bits, signed=i % 2 == 0), name=f"x{i}") for i in range(words)]
    heap = BitHeap(width)
    for value in inputs:
        heap.add(value)
    rows = heap.rows(m, tree, "tree")
    bad, got, want = Signal(name="bad"), Signal(width), Signal(width)
    m.d.comb += [got.eq(rows[0] + rows[1]), want.eq(sum(inputs)), bad.eq(got != want)]
    return m, [*inputs, bad]


@pytest.mark.parametrize(("words", "bits", "width"), [(3, 16, 32), (4, 12, 16), (5, 4, 7)])
@pytest.mark.parametrize("tree", TREES)
def test_sums_of_words_by_sat(proven, tree, words, bits, width):
    assert proven(*disagreement(tree, words, bits, width))


def test_one_wrong_compressor_is_found(monkeypatch, proven):
    right = heap_module._Compressors.__call__

    def wrong(self, bits):
        total, carry = right(self, bits)
        return (total, bits[0] & bits[1]) if self.count == 5 and len(bits) == 3 else (total, carry)

    monkeypatch.setattr(heap_module._Compressors, "__call__", wrong)
    assert not proven(*disagreement("dadda", 4, 8, 10))


def test_one_dropped_sign_is_found(monkeypatch, combinational):
    monkeypatch.setattr(BitHeap, "subtract_bit", lambda heap, bit, i: heap.add_bit(~bit, i))
    assert len(wrong_sums(combinational, "dadda", range(4))) >= 3


def stages(tree, heights):
    """Stages that reduce columns of constant bits to two rows, and compressors they take."""
    m = Module()
    columns = [[Signal() for _ in range(height)] for height in heights]
    stage, count = 0, 0
    while max(map(len, columns)) > 2:
        compress = heap_module._Compressors(m, f"s{stage}")
        columns = {"wallace": heap_module._wallace_stage, "dadda": heap_module._dadda_stage}[tree](
            compress, columns
        )
        stage, count = stage + 1, count + compress.count
    Fragment.get(m, None)  # so that no warning says that it was for nothing
    return stage, count


@pytest.mark.parametrize("bits", [3, 4, 6, 8, 9, 13, 16])
def test_the_published_stages_and_compressors(bits):
    """L. Dadda, "Some schemes for parallel multipliers", 1965: heights 2, 3, 4, 6, 9, 13, 19."""
    square = [*range(1, bits + 1), *range(bits - 1, 0, -1), 0]
    count, compressors = stages("dadda", square)
    assert count == sum(bits > height for height in (2, 3, 4, 6, 9, 13, 19))
    # Of n by n bits n^2 - 4n + 3 full adders and n - 1 half adders.
    assert compressors == (bits - 1) * (bits - 2)
    assert stages("wallace", square)[0] >= count


@pytest.mark.parametrize("width", [8, 32, 64])
def test_one_more_row_takes_one_stage(width):
    """A full adder per column and no more, however far carries reach."""
    for columns in ([3] * width, [3] * (width // 2) + [2] * (width // 2)):
        assert stages("wallace", columns) == (1, width)
    # The carry that completes a negative term stands beside the first column.
    assert stages("wallace", [4] + [3] * (width - 1)) == (1, width)

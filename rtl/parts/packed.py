"""Products of words that hold one, two, four ... lanes, by one array of partial products.

Lane ``l`` of one operand is to be multiplied with lane ``l`` of the other, and the products summed.
With the lanes of one operand in reverse order, all these products stand on the array's
antidiagonal, at one weight: those partial products alone are let through, the tree that adds all
of them adds the lanes too, and only the finished sum has to be shifted. (Sum-together, as compared
by Camus, Mei, Enz and Verhelst, "Review and Benchmarking of Precision-Scalable Multiply-Accumulate
Unit Architectures for Embedded Neural-Network Processing", IEEE JETCAS 9(4), 2019.)
"""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Module, Mux, Signal, Value

from rtl.parts.bits import replicate
from rtl.parts.heap import BitHeap

__all__ = [
    "add_packed_products",
    "mode_flags",
    "open_width",
    "packed_shift",
    "select",
    "select_sum",
]


def mode_flags(m: Module, mode: Value, count: int) -> list[Value]:
    """One flag for each mode; what they are for numbers that are no mode means nothing.

    Args:
        m: Module that takes the logic.
        mode: Number of the mode.
        count: Modes that there are, 2 or 3.
    """
    # Each bit alone tells a mode.
    flags = [Signal(name=f"mode_{index}") for index in range(count)]
    m.d.comb += [flags[0].eq(~mode.any()), *(f.eq(b) for f, b in zip(flags[1:], mode, strict=True))]
    return flags


def select(flags: Sequence[Value], values: Sequence[Value]) -> Value:
    """The value of the mode whose flag is set."""
    chosen = values[0]
    for flag, value in zip(flags[1:], values[1:], strict=True):
        chosen = Mux(flag, value, chosen)
    return chosen


def packed_shift(word_bits: int, lanes: int) -> int:
    """Weight, as a power of two, at which the array has the sum of ``lanes`` products."""
    return word_bits - word_bits // lanes


def add_packed_products(
    m: Module,
    heap: BitHeap,
    words: Sequence[tuple[Value, Value]],
    flags: Sequence[Value],
    lanes: Sequence[int],
    offset: int,
    name: str,
) -> None:
    """Add the sum of the products of words' lanes to a heap, at the mode's weight.

    Lanes are two's complement; their products are signed as by C. Baugh and B. Wooley (IEEE Trans.
    Computers 22(12), 1973).

    Args:
        m: Module that takes the logic.
        heap: Sum that takes the partial products.
        words: Pairs of words of one width, lane 0 in the lowest bits.
        flags: One for each mode, of which one is set.
        lanes: Lanes of a word in each mode, rising powers of two from 1.
        offset: Added to the sum, at the mode's weight.
        name: Stem of the signals' names.
    """
    word_bits = len(words[0][0])
    constants = [
        (offset << packed_shift(word_bits, count)) + len(words) * constant
        for count, constant in zip(lanes, _constants(word_bits, lanes), strict=True)
    ]
    for index, (w, a) in enumerate(words):
        copies = _reversed(m, a, flags, lanes, f"{name}_{index}")
        for i, w_bit in enumerate(w):
            for j in range(len(a)):
                passing, inverted = _modes(word_bits, lanes, i, j)
                bit = w_bit & copies[passing - 1][j]
                if len(inverted) == len(lanes):
                    bit = ~bit
                elif inverted:
                    bit = bit ^ Cat(*(flags[mode] for mode in inverted)).any()
                heap.add_bit(bit, i + j)
    _add_selected(heap, flags, constants)


def _reversed(
    m: Module, a: Value, flags: Sequence[Value], lanes: Sequence[int], name: str
) -> list[Value]:
    """A word with its lanes in reverse order: for the first mode alone, for the first two, ..."""
    orders = []
    for count in lanes:
        bits = len(a) // count
        orders.append(Cat(*(a.word_select(lane, bits) for lane in reversed(range(count)))))
    copies = [Signal(len(a), name=f"{name}_{count}") for count in range(len(lanes))]
    m.d.comb += copies[-1].eq(select(flags, orders))
    for count, copy in enumerate(copies[:-1], start=1):
        passes = ~Cat(*flags[count:]).any()
        m.d.comb += copy.eq(copies[-1] & replicate(passes, len(a)))
    return copies


def _modes(word_bits: int, lanes: Sequence[int], i: int, j: int) -> tuple[int, list[int]]:
    """How many modes let the product of bits ``i`` and ``j`` through, and which take it inverted.

    Those that do let it through are the first ones. Where it is negative it is inverted: minus a
    bit is its complement, less one. Where it is not let through it is zero, and may be inverted as
    well: it is if it is in all other modes.
    """
    passing, negative = [], []
    for mode, count in enumerate(lanes):
        bits = word_bits // count
        if i // bits + j // bits == count - 1:
            passing.append(mode)
            if (i % bits == bits - 1) != (j % bits == bits - 1):
                negative.append(mode)
    return len(passing), list(range(len(lanes))) if negative == passing else negative


def _constants(word_bits: int, lanes: Sequence[int]) -> list[int]:
    """What has to be added in each mode for the inverted partial products of a pair of words."""
    constants = [0] * len(lanes)
    for i in range(word_bits):
        for j in range(word_bits):
            for mode in _modes(word_bits, lanes, i, j)[1]:
                constants[mode] -= 1 << (i + j)
    return constants


def open_width(word_bits: int, lanes: Sequence[int], words: int, largest: int) -> int:
    """Width of rows that are added without overflow; see ``carry_save_members``.

    Args:
        word_bits: Bits of a word.
        lanes: Lanes of a word in each mode.
        words: Pairs of words.
        largest: Largest magnitude that the sum can have in any mode.
    """
    needed = largest
    for count, constant in zip(lanes, _constants(word_bits, lanes), strict=True):
        needed = max(needed, (-constant * words - 1) >> packed_shift(word_bits, count))
    return needed.bit_length() + 1


def _add_selected(heap: BitHeap, flags: Sequence[Value], constants: Sequence[int]) -> None:
    """Add the constant of the mode whose flag is set."""
    for column in range(heap.width):
        ones = [flag for flag, value in zip(flags, constants, strict=True) if value >> column & 1]
        if len(ones) == len(flags):
            heap.add_constant(1 << column)
        elif ones:
            heap.add_bit(Cat(*ones).any(), column)


def select_sum(total: Value, flags: Sequence[Value], word_bits: int, lanes: Sequence[int]) -> Value:
    """The sum of a heap, or a row of it, brought from the mode's weight to 1."""
    return select(flags, [total >> packed_shift(word_bits, count) for count in lanes])

"""How many of some bits are set."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Module, Value

from rtl.parts.addends import balanced_sum
from rtl.parts.adder import add
from rtl.parts.heap import BitHeap

__all__ = ["population_count"]


def population_count(m: Module, bits: Sequence[Value], tree: str, adder: str, name: str) -> Value:
    """The number of bits that are 1, unsigned; combinational.

    Args:
        m: Module that takes the logic.
        bits: At least one.
        tree: Of full and half adders, ``wallace`` or ``dadda``, or ``star``: operators ``+``.
        adder: Kind of the adder behind the tree; see :func:`rtl.parts.adder.add`.
        name: Stem of the signals' names.
    """
    if tree == "star":
        return balanced_sum(bits)
    heap = BitHeap(len(bits).bit_length())
    for bit in bits:
        heap.add_bit(bit, 0)
    return add(m, *heap.rows(m, tree, name), kind=adder, name=name)

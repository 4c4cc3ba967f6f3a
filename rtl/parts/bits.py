"""Bit-level helpers: leading-zero count and a right shift that keeps a sticky bit."""

from __future__ import annotations

from amaranth import Cat, Const, Mux, Value

__all__ = ["leading_zeros", "replicate", "shift_right_jam"]


def replicate(bit: Value, count: int) -> Value:
    """``count`` copies of one bit."""
    return Cat(*([bit] * count))


def leading_zeros(value: Value) -> tuple[Value, Value]:
    """Leading-zero count and an all-zero flag of an unsigned value.

    The count is that of the first set bit from the top; it means nothing where the flag is set. A
    recursive tree maps to fewer gates than a priority chain from 16 bits on.
    """
    width = len(value)
    padded = 1 << max(0, (width - 1).bit_length())
    count, zero = _zero_tree(Cat(Const(0, padded - width), value))
    return count, zero


def _zero_tree(value: Value) -> tuple[Value, Value]:
    if len(value) == 1:
        return Const(0, 0), ~value
    half = len(value) // 2
    low_count, low_zero = _zero_tree(value[:half])
    high_count, high_zero = _zero_tree(value[half:])
    count = Cat(Mux(high_zero, low_count, high_count), high_zero)
    return count, high_zero & low_zero


def shift_right_jam(value: Value, amount: Value) -> Value:
    """``value >> amount`` with every bit shifted out ORed into the last one.

    ``amount`` must be at most ``2**len(amount) - 1``; a logarithmic shifter collects the sticky bit
    stage by stage.
    """
    width = len(value)
    sticky: Value = Const(0, 1)
    for index, bit in enumerate(amount):
        distance = min(1 << index, width)
        sticky = sticky | (bit & value[:distance].any())
        value = Mux(bit, Cat(value[distance:], Const(0, distance)), value)
    return Cat(value[0] | sticky, value[1:])

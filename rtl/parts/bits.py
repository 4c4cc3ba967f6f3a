"""Small helpers: registers, leading-zero count, and a right shift that keeps a sticky bit."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["leading_zeros", "register", "replicate", "shift_right_jam"]


def register(m: Module, name: str, value: Value, *, reset_less: bool = True) -> Signal:
    """A value one cycle later."""
    held = Signal(value.shape(), name=name, reset_less=reset_less)
    m.d.sync += held.eq(value)
    return held


def replicate(bit: Value, count: int) -> Value:
    """``count`` copies of one bit."""
    return Cat(*([bit] * count))


def leading_zeros(m: Module, value: Value, name: str) -> tuple[Value, Value]:
    """Leading-zero count and an all-zero flag of an unsigned value.

    The count is that of the first set bit from the top; it means nothing where the flag is set. A
    recursive tree maps to fewer gates than a priority chain from 16 bits on.

    Args:
        m: Module that takes the logic.
        value: Any width from 1.
        name: Stem of the signals' names.
    """
    padded = 1 << max(0, (len(value) - 1).bit_length())
    return _zero_tree(m, [Const(0, 1)] * (padded - len(value)) + list(value), name)


def _zero_tree(m: Module, bits: list[Value], name: str) -> tuple[Value, Value]:
    if len(bits) == 1:
        return Const(0, 0), ~bits[0]
    half = len(bits) // 2
    low_count, low_zero = _zero_tree(m, bits[:half], f"{name}_l")
    high_count, high_zero = _zero_tree(m, bits[half:], f"{name}_h")
    count = Signal(len(high_count) + 1, name=f"{name}_count")
    zero = Signal(name=f"{name}_zero")
    m.d.comb += [
        count.eq(Cat(Mux(high_zero, low_count, high_count), high_zero)),
        zero.eq(high_zero & low_zero),
    ]
    return count, zero


def shift_right_jam(m: Module, value: Value, amount: Value, name: str) -> Value:
    """``value >> amount`` with every bit shifted out ORed into the last one.

    A logarithmic shifter that collects the sticky bit stage by stage.

    Args:
        m: Module that takes the logic.
        value: Any width.
        amount: Unsigned.
        name: Stem of the signals' names.
    """
    width = len(value)
    sticky: Value = Const(0, 1)
    for index, bit in enumerate(amount):
        distance = min(1 << index, width)
        stage = Signal(width, name=f"{name}_{index}")
        stage_sticky = Signal(name=f"{name}_sticky_{index}")
        m.d.comb += [
            stage.eq(Mux(bit, value[distance:], value)),
            stage_sticky.eq(sticky | (bit & value[:distance].any())),
        ]
        value, sticky = stage, stage_sticky
    return Cat(value[0] | sticky, value[1:])

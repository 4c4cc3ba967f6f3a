"""Left shifts."""

from __future__ import annotations

from amaranth import Cat, Module, Mux, Shape, Signal, Value

from rtl.parts.bits import replicate

__all__ = ["shift_left_fill"]


def shift_left_fill(
    m: Module, value: Value, steps: Value, step: int, *, signed: bool, fill: Value, name: str
) -> Value:
    """``value << (steps * step)`` with ``fill`` in the place of zeros; combinational.

    A logarithmic shifter, narrow stages first.

    Args:
        m: Module that takes the logic.
        value: Any width.
        steps: Unsigned.
        step: Bits of one step.
        signed: Whether the value's top bit is its sign.
        fill: One bit.
        name: Stem of the signals' names.

    Returns:
        Of the signedness asked for, as wide as the largest shift takes it.
    """
    value = value.as_signed() if signed else value.as_unsigned()
    for index, bit in enumerate(steps):
        distance = step << index
        stage = Signal(Shape(len(value) + distance, signed=signed), name=f"{name}_{index}")
        moved = Cat(replicate(fill, distance), value)
        m.d.comb += stage.eq(Mux(bit, moved.as_signed() if signed else moved, value))
        value = stage
    return value

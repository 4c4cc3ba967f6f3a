"""From many addends to one term, by the structure that a unit asks for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from amaranth import Const, Module, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import Out

from hwdse.pe import Unit
from rtl.parts.adder import add
from rtl.parts.bits import register
from rtl.parts.heap import BitHeap
from rtl.parts.term import carry_save_members, integer_term_members

__all__ = ["Addend", "balanced_sum", "carry_save_offset", "drive_sum", "registered", "sum_members"]


@dataclass(frozen=True)
class Addend:
    """``value * weight``; a signed value counts as such, and the weight is not 0."""

    value: Value
    weight: int = 1


def sum_members(unit: Unit, addends: Sequence[Addend], constant: int = 0) -> dict[str, Out]:
    """Members of an integer term: whole or, in a fused unit, in carry-save form.

    Args:
        unit: Whose term it is.
        addends: Of the shapes and weights of those that :func:`drive_sum` is to add.
        constant: As there.
    """
    if unit.implementation.fused == "no":
        return integer_term_members(unit.term_shape)
    shape = unit.term_shape
    width = _heap(1, addends, constant).unsigned_width(shape.max_units, signed=shape.signed)
    return carry_save_members(min(width, unit.accumulator.width))


def drive_sum(
    m: Module, source: wiring.Component, unit: Unit, addends: Sequence[Addend], constant: int = 0
) -> None:
    """Drive the term of a component with a sum.

    Args:
        m: Module of the component.
        source: Component with the members of :func:`sum_members`.
        unit: Whose term it is.
        addends: What to add.
        constant: Added besides.
    """
    how = unit.implementation
    if how.fused != "no":
        heap = _heap(len(source.save_sum), addends, constant)
        heap.add_constant(carry_save_offset(unit, heap.width))
        rows = heap.rows(m, how.tree, "tree")
        m.d.comb += [source.save_sum.eq(rows[0]), source.save_carry.eq(rows[1])]
    elif how.tree == "star":
        m.d.comb += source.value.eq(balanced_sum([x.value * x.weight for x in addends]) + constant)
    else:
        rows = _heap(len(source.value), addends, constant).rows(m, how.tree, "tree")
        m.d.comb += source.value.eq(add(m, *rows, kind=how.adder, name="term"))


def carry_save_offset(unit: Unit, width: int) -> int:
    """What rows of ``width`` bits hold besides the term; see ``carry_save_members``."""
    narrow = width < unit.accumulator.width
    return 1 << (width - 1) if narrow and unit.term_shape.signed else 0


def _heap(width: int, addends: Sequence[Addend], constant: int) -> BitHeap:
    heap = BitHeap(width)
    for addend in addends:
        gather = heap.add if addend.weight > 0 else heap.subtract
        magnitude = abs(addend.weight)
        for shift in range(magnitude.bit_length()):
            if magnitude >> shift & 1:
                gather(addend.value, shift)
    heap.add_constant(constant)
    return heap


def balanced_sum(values: Sequence[Value]) -> Value:
    """A sum whose width grows with the logarithm of the number of addends."""
    rest = list(values)
    while len(rest) > 1:
        pairs = [x + y for x, y in zip(rest[::2], rest[1::2], strict=False)]
        rest = pairs + (rest[-1:] if len(rest) % 2 else [])
    return rest[0] if rest else Const(0)


def registered(m: Module, addends: Sequence[Addend], name: str) -> list[Addend]:
    """The addends of the cycle before."""
    return [Addend(register(m, f"{name}_{i}", x.value), x.weight) for i, x in enumerate(addends)]

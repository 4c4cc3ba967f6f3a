"""What Shiftmax and ShiftGELU have in common; see ``hwdse.pe.converters.shift_unit``."""

from __future__ import annotations

from amaranth import Const, Module, Mux, Signal, Value, signed

from hwdse.pe.converters.shift_exp import LARGEST_SUM, SUM_BITS
from hwdse.pe.converters.shift_unit import ShiftUnit
from rtl.parts.bits import register
from rtl.parts.divider import Divider
from rtl.parts.shift_exp import ShiftExp, tree

__all__ = ["divider", "exponential", "greatest", "registers"]


def exponential(
    m: Module, name: str, design: ShiftUnit, x: Value, magnitude: Value, *, positive: bool = False
) -> Value:
    """The exponential of a difference of two inputs; see :class:`ShiftExp`."""
    m.submodules[name] = part = ShiftExp(
        n=design.fraction_bits,
        bits=design.source.bits + 1,
        most_magnitude=design.most_magnitude,
        positive=positive,
    )
    m.d.comb += [part.x.eq(x), part.magnitude.eq(magnitude)]
    return part.e


def divider(
    m: Module, name: str, design: ShiftUnit, valid: Value, total: Value
) -> tuple[Value, Value]:
    """The largest sum divided by a sum: whether the quotient is there, and the quotient."""
    m.submodules[name] = part = Divider(
        dividend_bits=SUM_BITS,
        divisor_bits=len(total),
        quotient_bits=design.quotient_bits,
        cycles=design.cycles,
    )
    m.d.comb += [
        part.in_valid.eq(valid),
        part.dividend.eq(Const(LARGEST_SUM, SUM_BITS)),
        part.divisor.eq(total),
    ]
    return part.out_valid, part.quotient


def greatest(m: Module, values: list[Value]) -> Value:
    """The greatest of signed numbers of one width, by a tree of comparators."""
    count = 0

    def greater(one: Value, other: Value) -> Value:
        nonlocal count
        found = Signal(signed(len(one)), name=f"greatest_{count}")
        count += 1
        m.d.comb += found.eq(Mux(one > other, one, other))
        return found

    return tree(values, greater)


def registers(m: Module, name: str, values: list[Value]) -> list[Value]:
    """A register for each of some values."""
    return [register(m, f"{name}_{i}", value) for i, value in enumerate(values)]

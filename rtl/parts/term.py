"""The wires between a multiplier and an accumulator."""

from __future__ import annotations

from amaranth import signed, unsigned
from amaranth.lib.wiring import Out

from hwdse.pe.term import TermShape

__all__ = ["carry_save_members", "float_term_members", "integer_term_members"]


def integer_term_members(shape: TermShape) -> dict[str, Out]:
    """Members of an integer term: ``value``, signed where it can be negative."""
    bits = shape.max_units.bit_length()
    return {"value": Out(signed(bits + 1) if shape.signed else unsigned(bits))}


def float_term_members(shape: TermShape) -> dict[str, Out]:
    """Members of a float term: sign, significand, shift and the flags it can raise.

    Where ``nan`` or ``infinite`` is high, significand and shift mean nothing.
    """
    members = {
        "sign": Out(1),
        "significand": Out(unsigned(shape.significand_bits)),
        "shift": Out(unsigned(shape.max_shift.bit_length())),
    }
    if shape.nan:
        members["nan"] = Out(1)
    if shape.infinite:
        members["infinite"] = Out(1)
    return members


def carry_save_members(width: int) -> dict[str, Out]:
    """Members of an integer term whose last addition is left to the accumulator.

    The term is ``save_sum + save_carry`` modulo ``2**width``, where that is the accumulator's. Rows
    that are narrower are added without overflow, which gives the term, or ``2**(width - 1)`` more
    where terms can be negative: so they need no extension of signs, which have not been found yet.

    Args:
        width: At most the accumulator's.
    """
    return {"save_sum": Out(width), "save_carry": Out(width)}

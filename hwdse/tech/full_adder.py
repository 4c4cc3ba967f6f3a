"""The full adder of a technology, which logic synthesis does not find by itself."""

from __future__ import annotations

from dataclasses import dataclass

from hwdse.tech.boolean import parse, truth_table
from hwdse.tech.model import Technology
from hwdse.tech.representatives import representatives

__all__ = ["FullAdder", "full_adder"]


@dataclass(frozen=True)
class FullAdder:
    """A cell that adds three bits.

    Attributes:
        cell: Its name.
        inputs: Its three inputs, which may be exchanged.
        sum, carry: Its outputs.
        sum_inverted, carry_inverted: Whether they give the complement.
    """

    cell: str
    inputs: tuple[str, str, str]
    sum: str
    carry: str
    sum_inverted: bool
    carry_inverted: bool


def full_adder(technology: Technology) -> FullAdder | None:
    """The smallest full adder of a technology, None if it has none."""
    cell = representatives(technology).full_adder
    if cell is None:
        return None
    a, b, c = (pin.name for pin in cell.inputs)
    # Both outputs are recognised by the number of ones in their truth tables, and by one entry.
    tables = {
        pin.name: truth_table(parse(pin.function), [a, b, c])
        for pin in cell.outputs
        if pin.function is not None
    }
    total = next(n for n, t in tables.items() if t[1] == t[2] == t[4] == t[7] != t[0])
    carry = next(n for n in tables if n != total)
    return FullAdder(
        cell=cell.name,
        inputs=(a, b, c),
        sum=total,
        carry=carry,
        sum_inverted=bool(tables[total][0]),
        carry_inverted=bool(tables[carry][0]),
    )

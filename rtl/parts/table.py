"""Look-up tables in logic."""

from __future__ import annotations

from collections.abc import Mapping

from amaranth import Cat, Const, Module, Mux, Signal, Value

__all__ = ["look_up"]

_FLIPPED = str.maketrans("01", "10")


def look_up(m: Module, index: Value, words: Mapping[int, int], width: int, name: str) -> Value:
    """The word of an index; combinational.

    Each bit is a reduced binary decision diagram with inverted edges and exclusive ORs (Bryant
    1986; Brace, Rudell and Bryant 1990). A regular table makes a small diagram, which synthesis
    does not find by itself in a list of cases.

    Args:
        m: Module that takes the logic.
        index: Unsigned.
        words: Words of the indices that occur, unsigned; any others give anything.
        width: Bits of a word.
        name: Stem of the signals' names.
    """
    diagram = _Diagram(index, name)
    bits = [
        diagram.function(
            "".join(str(words[i] >> bit & 1) if i in words else "-" for i in range(1 << len(index)))
        )
        for bit in range(width)
    ]
    m.d.comb += [node.eq(driver) for node, driver in diagram.nodes.values()]
    return Cat(*bits)


class _Diagram:
    """Functions of an index, given by their values for 0, 1, 2...: ``0``, ``1``, or ``-`` for any.

    Those of half the length are functions of an index without its top bit.

    Attributes:
        nodes: By function, the signal and what drives it.
    """

    def __init__(self, index: Value, name: str) -> None:
        self.index = index
        self.name = name
        self.nodes: dict[str, tuple[Signal, Value]] = {}

    def function(self, values: str) -> Value:
        if values.strip("-")[:1] == "1":
            return ~self.function(values.translate(_FLIPPED))
        if "1" not in values:
            return Const(0, 1)
        half = len(values) // 2
        low, high = values[:half], values[half:]
        if (both := _merged(low, high)) is not None:
            return self.function(both)
        if values not in self.nodes:
            driver = self._driver(low, high, self.index[half.bit_length() - 1])
            node = Signal(name=f"{self.name}_{len(self.nodes)}")
            self.nodes[values] = (node, driver)
        return self.nodes[values][0]

    def _driver(self, low: str, high: str, select: Value) -> Value:
        if (both := _merged(low, high.translate(_FLIPPED))) is not None:
            return self.function(both) ^ select
        return Mux(select, self.function(high), self.function(low))


def _merged(one: str, other: str) -> str | None:
    """What serves as both functions, or None if they differ somewhere."""
    if any(x != y and "-" not in (x, y) for x, y in zip(one, other, strict=True)):
        return None
    return "".join(y if x == "-" else x for x, y in zip(one, other, strict=True))

"""A graph of two-input gates, folded and shared as it is built.

A literal is a node's number times two, plus one where it is inverted: inverters are free, as they
are in And-inverter graphs (A. Kuehlmann et al., IEEE TCAD 21(12), 2002). Exclusive ors and
multiplexers are nodes of their own, because cells are. Gates that compute the same are one
(:mod:`hwdse.cost.fit.cones`).
"""

from __future__ import annotations

from collections.abc import Sequence

from hwdse.cost.fit.cones import Cones, Function

__all__ = ["AND", "FALSE", "INPUT", "MUX", "TRUE", "XOR", "Graph"]

FALSE, TRUE = 0, 1
# Kinds of nodes.
INPUT, AND, XOR, MUX = range(4)
# Functions of two literals that are 0 where both are, by their tables: the gate, which of its
# inputs are inverted, and whether its output is.
_OF_TWO: dict[tuple[int, ...], tuple[int, int, int, int]] = {
    (0, 0, 0, 1): (AND, 0, 0, 0),
    (0, 0, 1, 0): (AND, 0, 1, 0),
    (0, 1, 0, 0): (AND, 1, 0, 0),
    (0, 1, 1, 1): (AND, 1, 1, 1),
    (0, 1, 1, 0): (XOR, 0, 0, 0),
}


class Graph:
    """Nodes in topological order; node 0 is the constant.

    Attributes:
        kinds: Of the nodes.
        fanins: Literals that each takes: two, or for a multiplexer select, then and else.
        origins: What each was first made for, a number that the builder chooses.
        origin: That of nodes made from now on.
    """

    def __init__(self) -> None:
        self.kinds = [INPUT]
        self.fanins: list[tuple[int, ...]] = [()]
        self.origins = [0]
        self.origin = 0
        self._known: dict[tuple[int, ...], int] = {}
        self._cones = Cones()

    def input(self) -> int:
        """A literal that is driven from outside."""
        literal = self._new(INPUT, ())
        self._cones.add(literal >> 1)
        return literal

    def _new(self, kind: int, fanins: tuple[int, ...]) -> int:
        self.kinds.append(kind)
        self.fanins.append(fanins)
        self.origins.append(self.origin)
        return 2 * (len(self.kinds) - 1)

    def _shared(self, kind: int, *fanins: int) -> int:
        key = (kind, *fanins)
        found = self._known.get(key)
        if found is None:
            function, flip = self._cones.combine(fanins, exclusive=kind == XOR)
            found = self._cones.find(function)
            if found is None:
                found = self._gate(kind, fanins, function, flip)
            found = self._known[key] = found ^ flip
        return found

    def _gate(self, kind: int, fanins: tuple[int, ...], function: Function, flip: int) -> int:
        """A literal of a function that none has: of this gate, inverted by ``flip``, or less."""
        if len(function.leaves) == 2:
            kind, *inverted, flip = _OF_TWO[tuple(function.table.ravel().tolist())]
            fanins = tuple(2 * n ^ i for n, i in zip(function.leaves, inverted, strict=True))
        found = self._known.get((kind, *fanins))
        if found is None:
            found = self._known[kind, *fanins] = self._new(kind, fanins)
            self._cones.add(found >> 1, function.inverted(flip))
        self._cones.name(function, found ^ flip)
        return found ^ flip

    def both(self, x: int, y: int) -> int:
        """``x & y``."""
        if x > y:
            x, y = y, x
        if x == FALSE or x == y ^ 1:
            return FALSE
        if x in (TRUE, y):
            return y
        return self._shared(AND, x, y)

    def either(self, x: int, y: int) -> int:
        """``x | y``."""
        return self.both(x ^ 1, y ^ 1) ^ 1

    def differ(self, x: int, y: int) -> int:
        """``x ^ y``."""
        inverted = (x ^ y) & 1
        x, y = x & ~1, y & ~1
        if x > y:
            x, y = y, x
        if x == y:
            return inverted
        if x == FALSE:
            return y ^ inverted
        return self._shared(XOR, x, y) ^ inverted

    def choose(self, select: int, then: int, other: int) -> int:
        """``select ? then : other``."""
        if select & 1:
            select, then, other = select ^ 1, other, then
        if select == FALSE:
            return other
        if then == other:
            return then
        if then == other ^ 1:
            return self.differ(select, other)
        if then <= TRUE or then >> 1 == select >> 1:
            high = then in (TRUE, select)
            return self.either(select, other) if high else self.both(select ^ 1, other)
        if other <= TRUE or other >> 1 == select >> 1:
            high = other == TRUE or other == select ^ 1
            return self.either(select ^ 1, then) if high else self.both(select, then)
        inverted = then & 1
        return self._shared(MUX, select, then ^ inverted, other ^ inverted) ^ inverted

    def all_of(self, literals: Sequence[int]) -> int:
        """The conjunction, as a balanced tree."""
        level = list(literals) or [TRUE]
        while len(level) > 1:
            pairs = zip(level[::2], level[1::2], strict=False)
            after = [self.both(x, y) for x, y in pairs]
            level = after + (level[-1:] if len(level) % 2 else [])
        return level[0]

    def any_of(self, literals: Sequence[int]) -> int:
        """The disjunction, as a balanced tree."""
        return self.all_of([x ^ 1 for x in literals]) ^ 1

    def full_adder(self, x: int, y: int, z: int) -> tuple[int, int]:
        """Sum and carry."""
        half = self.differ(x, y)
        return self.differ(half, z), self.either(self.both(x, y), self.both(half, z))

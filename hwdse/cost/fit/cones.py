"""What gates compute of a few nodes before them, to find those that compute the same.

Synthesis merges gates of one function however they are built, and drops what a function does not
depend on. Here functions are compared over small cuts (N. Een, "Cut Sweeping", Cadence technical
report, 2007): what agrees over a cut agrees; what agrees only because of gates before the cut is
not seen.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Cones", "Function"]

_MOST_LEAVES = 10


@dataclass(frozen=True, eq=False)
class Function:
    """A Boolean function of the values of nodes, on all of which it depends.

    Attributes:
        leaves: Numbers of the nodes, ascending.
        table: Its values, an axis of two for each leaf.
    """

    leaves: tuple[int, ...]
    table: NDArray[np.bool_]

    def inverted(self, flip: int) -> Function:
        """Its complement, if ``flip`` is 1."""
        return Function(self.leaves, ~self.table) if flip else self


class Cones:
    """Functions of the nodes of a graph, and the literals that have them."""

    def __init__(self) -> None:
        self._functions: list[Function] = []
        self._literals: dict[tuple[tuple[int, ...], bytes], int] = {}
        self.add(0, Function((), np.zeros((), dtype=np.bool_)))
        self.name(self._functions[0], 0)

    def add(self, node: int, function: Function | None = None) -> None:
        """Note a new node, the next in number; without a function it is a leaf."""
        leaf = _leaf(node)
        self._functions.append(function or leaf)
        self.name(leaf, 2 * node)

    def name(self, function: Function, literal: int) -> None:
        """Note that a literal has a function that is 0 where all leaves are."""
        self._literals[function.leaves, function.table.tobytes()] = literal

    def find(self, function: Function) -> int | None:
        """The literal that has a function that is 0 where all leaves are."""
        return self._literals.get((function.leaves, function.table.tobytes()))

    def combine(self, fanins: tuple[int, ...], *, exclusive: bool) -> tuple[Function, int]:
        """The function of a gate, or its complement: the one that is 0 where all leaves are.

        Args:
            fanins: Literals that it takes, three of a multiplexer.
            exclusive: Whether it is an exclusive or, not a conjunction, of two.

        Returns:
            The function, and 1 if it is the complement.
        """
        functions = [self._functions[literal >> 1] for literal in fanins]
        leaves = set().union(*(f.leaves for f in functions))
        while len(leaves) > _MOST_LEAVES:
            widest = max(range(len(fanins)), key=lambda at: len(functions[at].leaves))
            functions[widest] = _leaf(fanins[widest] >> 1)
            leaves = set().union(*(f.leaves for f in functions))
        order = sorted(leaves)
        x, y, *rest = (
            _over(order, function.inverted(literal & 1))
            for function, literal in zip(functions, fanins, strict=True)
        )
        table = np.where(x, y, rest[0]) if rest else x ^ y if exclusive else x & y
        found = _reduced(order, np.broadcast_to(table, (2,) * len(order)))
        flip = int(found.table.flat[0])
        return found.inverted(flip), flip


def _leaf(node: int) -> Function:
    return Function((node,), np.array([False, True]))


def _over(leaves: list[int], function: Function) -> NDArray[np.bool_]:
    """A function's table with an axis, perhaps of one, for each of more leaves."""
    return function.table[tuple(slice(None) if n in function.leaves else None for n in leaves)]


def _reduced(leaves: list[int], table: NDArray[np.bool_]) -> Function:
    """A function without the leaves that it does not depend on."""
    kept = [
        at for at in range(len(leaves)) if not np.array_equal(table.take(0, at), table.take(1, at))
    ]
    if len(kept) < len(leaves):
        table = table[tuple(slice(None) if at in kept else 0 for at in range(len(leaves)))]
    return Function(tuple(leaves[at] for at in kept), np.ascontiguousarray(table))

"""Word-level operators as gates, in the structures that Yosys gives them.

Sums of several addends, and products, are columns of bits that full adders reduce; carries are
those of R. Brent and H. Kung (IEEE Trans. Computers C-31(3), 1982).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from hwdse.cost.fit.graph import FALSE, TRUE, Graph

__all__ = ["Heap", "add", "compare_less", "equal", "extended", "look_up", "shift"]

Word = list[int]


def extended(word: Sequence[int], width: int, *, signed: bool) -> Word:
    """A word of exactly so many bits."""
    fill = word[-1] if signed and word else FALSE
    return [*word[:width], *[fill] * (width - len(word))]


def add(g: Graph, x: Sequence[int], y: Sequence[int], carry: int = FALSE) -> Word:
    """``x + y + carry``, of the words' one width."""
    propagate = [g.differ(a, b) for a, b in zip(x, y, strict=True)]
    generate = [g.both(a, b) for a, b in zip(x, y, strict=True)]
    if not propagate:
        return []
    if carry != FALSE:
        generate[0] = g.either(generate[0], g.both(propagate[0], carry))
    carries = _brent_kung(g, list(propagate), generate)
    return [g.differ(p, c) for p, c in zip(propagate, [carry, *carries[:-1]], strict=True)]


def _brent_kung(g: Graph, propagate: Word, generate: Word) -> Word:
    """Carries out of every bit."""
    width = len(generate)

    def merge(high: int, low: int) -> None:
        generate[high] = g.either(generate[high], g.both(propagate[high], generate[low]))
        propagate[high] = g.both(propagate[high], propagate[low])

    distance = 1
    while distance < width:
        for high in range(2 * distance - 1, width, 2 * distance):
            merge(high, high - distance)
        distance *= 2
    while distance > 1:
        distance //= 2
        for high in range(3 * distance - 1, width, 2 * distance):
            merge(high, high - distance)
    return generate


class Heap:
    """Bits to be added modulo ``2**width``, column by column."""

    def __init__(self, width: int) -> None:
        self.columns: list[Word] = [[] for _ in range(width)]
        self.constant = 0

    @property
    def width(self) -> int:
        """Bits of the sum."""
        return len(self.columns)

    def add_bit(self, bit: int, column: int) -> None:
        """Add ``bit << column``."""
        if column >= self.width or bit == FALSE:
            return
        if bit == TRUE:
            self.constant += 1 << column
        else:
            self.columns[column].append(bit)

    def add(self, word: Sequence[int], *, signed: bool, negative: bool = False) -> None:
        """Add or subtract a word."""
        last = len(word) - 1
        for i, bit in enumerate(word[: self.width]):
            if (signed and i == last) != negative:
                # Of negative weight: the complement, less one.
                self.add_bit(bit ^ 1, i)
                self.constant -= 1 << i
            else:
                self.add_bit(bit, i)

    def add_product(
        self, g: Graph, x: Sequence[int], y: Sequence[int], *, signed: bool, negative: bool = False
    ) -> None:
        """Add or subtract ``x * y``: a bit for every pair (Baugh and Wooley's, where signed)."""
        for i, a in enumerate(x):
            for j, b in enumerate(y):
                bit = g.both(a, b)
                minus = signed and ((i == len(x) - 1) != (j == len(y) - 1))
                if minus != negative:
                    self.add_bit(bit ^ 1, i + j)
                    self.constant -= 1 << (i + j)
                else:
                    self.add_bit(bit, i + j)

    def total(self, g: Graph) -> Word:
        """The sum."""
        columns = [list(column) for column in self.columns]
        for i in range(self.width):
            if (self.constant >> i) & 1:
                columns[i].append(TRUE)
        while max(map(len, columns), default=0) > 2:
            after: list[Word] = [[] for _ in range(self.width + 1)]
            for i, column in enumerate(columns):
                rest = sorted(column)
                while len(rest) > 2:
                    total, carry = g.full_adder(rest[2], rest[1], rest[0])
                    after[i].append(total)
                    after[i + 1].append(carry)
                    rest = rest[3:]
                after[i] += rest
            columns = [[bit for bit in column if bit != FALSE] for column in after[:-1]]
        first, second = ([c[k] if len(c) > k else FALSE for c in columns] for k in range(2))
        return add(g, first, second)


def equal(g: Graph, x: Sequence[int], y: Sequence[int]) -> int:
    """``x == y``."""
    return g.all_of([g.differ(a, b) ^ 1 for a, b in zip(x, y, strict=True)])


def compare_less(g: Graph, x: Sequence[int], y: Sequence[int], *, signed: bool) -> int:
    """``x < y``."""
    x, y = list(x), list(y)
    if signed and x:
        x[-1], y[-1] = y[-1], x[-1]
    generate = [g.both(a ^ 1, b) for a, b in zip(x, y, strict=True)]
    propagate = [g.differ(a, b) ^ 1 for a, b in zip(x, y, strict=True)]
    while len(generate) > 1:
        pairs = [
            (
                g.either(generate[i + 1], g.both(propagate[i + 1], generate[i])),
                g.both(propagate[i + 1], propagate[i]),
            )
            for i in range(0, len(generate) - 1, 2)
        ]
        if len(generate) % 2:
            pairs.append((generate[-1], propagate[-1]))
        generate, propagate = [p[0] for p in pairs], [p[1] for p in pairs]
    return generate[0] if generate else FALSE


def shift(
    g: Graph, word: Sequence[int], amount: Sequence[int], *, left: bool, fill: int = FALSE
) -> Word:
    """A logarithmic shifter of the word's width."""
    found, width = list(word), len(word)
    for index, bit in enumerate(amount):
        distance = min(1 << index, width)
        if left:
            moved = [fill] * distance + found[: width - distance]
        else:
            moved = found[distance:] + [fill] * distance
        found = [g.choose(bit, m, f) for m, f in zip(moved, found, strict=True)]
    return found


def look_up(
    g: Graph, selector: Sequence[int], rows: Mapping[int, Sequence[int]], default: Sequence[int]
) -> Word:
    """The row that a selector (lowest bit first) names: a tree of multiplexers, bit by bit."""
    size = 1 << len(selector)
    level = [list(rows.get(i, default)) for i in range(size)]
    for bit in selector:
        level = [
            [g.choose(bit, y, x) for x, y in zip(low, high, strict=True)]
            for low, high in zip(level[::2], level[1::2], strict=True)
        ]
    return level[0]

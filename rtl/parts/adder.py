"""Carry-propagate adders, by structure."""

from __future__ import annotations

from amaranth import Cat, Const, Module, Signal, Value

__all__ = ["add"]


def add(
    m: Module, x: Value, y: Value, *, kind: str, name: str, carry: Value | None = None
) -> Value:
    """``x + y + carry`` modulo ``2**width``; combinational.

    Args:
        m: Module that takes the logic.
        x, y: Of one width; signs mean nothing.
        kind: One of ``hwdse.pe.implementation.ADDERS``.
        name: Stem of the signals' names.
        carry: One bit, by default 0.

    Returns:
        Unsigned, as wide as ``x``.
    """
    width = max(len(x), len(y))
    carry = Const(0, 1) if carry is None else carry
    total = Signal(width, name=f"{name}_total")
    if kind == "star":
        m.d.comb += total.eq(x + y + carry)
        return total
    propagate = Signal(width, name=f"{name}_propagate")
    generate = Signal(width, name=f"{name}_generate")
    m.d.comb += [propagate.eq(x ^ y), generate.eq(x & y)]
    # The carry in is the pair below the least significant one.
    pairs = [(carry, Const(0, 1))]
    pairs += [(generate[i], propagate[i]) for i in range(width - 1)]
    prefixes = _PREFIXES[kind](_Prefix(m, name), pairs)
    m.d.comb += total.eq(propagate ^ Cat(*(g for g, _ in prefixes)))
    return total


# Whether a span of bits generates a carry, and whether it propagates one.
Pair = tuple[Value, Value]


class _Prefix:
    """The operator of carry look-ahead: the pair of two neighbouring spans taken together."""

    def __init__(self, m: Module, name: str) -> None:
        self.m = m
        self.name = name
        self.count = 0

    def __call__(self, high: Pair, low: Pair) -> Pair:
        generate = Signal(name=f"{self.name}_g{self.count}")
        propagate = Signal(name=f"{self.name}_p{self.count}")
        self.count += 1
        self.m.d.comb += [
            generate.eq(high[0] | (high[1] & low[0])),
            propagate.eq(high[1] & low[1]),
        ]
        return generate, propagate


def _ripple(merge: _Prefix, pairs: list[Pair]) -> list[Pair]:
    found = pairs[:1]
    for pair in pairs[1:]:
        found.append(merge(pair, found[-1]))
    return found


def _sklansky(merge: _Prefix, pairs: list[Pair]) -> list[Pair]:
    if len(pairs) == 1:
        return pairs
    half = 1 << ((len(pairs) - 1).bit_length() - 1)
    low, high = _sklansky(merge, pairs[:half]), _sklansky(merge, pairs[half:])
    return low + [merge(pair, low[-1]) for pair in high]


def _kogge_stone(merge: _Prefix, pairs: list[Pair]) -> list[Pair]:
    distance = 1
    while distance < len(pairs):
        pairs = pairs[:distance] + [
            merge(pairs[i], pairs[i - distance]) for i in range(distance, len(pairs))
        ]
        distance *= 2
    return pairs


def _brent_kung(merge: _Prefix, pairs: list[Pair]) -> list[Pair]:
    if len(pairs) == 1:
        return pairs
    odd = [merge(pairs[i], pairs[i - 1]) for i in range(1, len(pairs), 2)]
    known = _brent_kung(merge, odd)
    found = pairs[:1]
    for i in range(1, len(pairs)):
        found.append(known[i // 2] if i % 2 else merge(pairs[i], known[i // 2 - 1]))
    return found


_PREFIXES = {
    "ripple": _ripple,
    "sklansky": _sklansky,
    "brent": _brent_kung,
    "kogge": _kogge_stone,
}

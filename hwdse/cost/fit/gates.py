"""A design as a graph of gates: what synthesis is given, before any technology."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from hwdse.cost.fit import words
from hwdse.cost.fit.graph import FALSE, TRUE, Graph
from hwdse.cost.fit.rtlil import Flat, Operator, Switch, flatten

__all__ = ["ORIGINS", "Gates", "gates_of"]

# What gates are made for.
ORIGINS = ("logic", "sum", "product", "shift", "select", "compare", "table")
_ORIGIN_OF = {
    "$add": "sum",
    "$sub": "sum",
    "$neg": "sum",
    "$mul": "product",
    "$shl": "shift",
    "$shr": "shift",
    "$sshl": "shift",
    "$sshr": "shift",
    "$shift": "shift",
    "$mux": "select",
    "$eq": "compare",
    "$ne": "compare",
    "$lt": "compare",
    "$le": "compare",
    "$gt": "compare",
    "$ge": "compare",
}
# Yosys' synthesis for FPGAs makes more of signed products from so many bits on: on iCE40, MACs of
# int3 and of int4 with int8 take 139 and 204 look-up tables.
_WIDE_FACTOR = 4
# A switch of so many words without a pattern for several is a table.
_TABLE_ROWS = 5


# Literals of nets.
_Read = Callable[[list[int]], list[int]]
# What is added: one word, or two that are multiplied; whether signed, whether subtracted.
_Addend = tuple[tuple[list[int], ...], bool, bool]


@dataclass(frozen=True, eq=False)
class Gates:
    """A design as gates.

    Attributes:
        graph: Its nodes.
        inputs: Literals of each port's bits.
        outputs: Literals of each port's bits.
        registers: Data and output literal of each flip-flop.
        reset: The reset's literal; None without.
        word_bits: Bits of words that are added, compared or multiplied, by what is done to them.
    """

    graph: Graph
    inputs: dict[str, list[int]]
    outputs: dict[str, list[int]]
    registers: list[tuple[int, int]]
    reset: int | None
    word_bits: Counter[str]


def gates_of(rtlil: str) -> Gates:
    """The gates of a design.

    Args:
        rtlil: As :func:`rtl.to_rtlil` writes it.

    Raises:
        ValueError: Something in it is not understood.
    """
    flat = flatten(rtlil)
    graph = Graph()
    literals: dict[int, int] = {0: FALSE, 1: TRUE}
    for bits in flat.inputs.values():
        literals.update((net, graph.input()) for net in bits)
    if flat.reset is not None:
        literals[flat.reset] = graph.input()
    literals.update((output, graph.input()) for _, output in flat.registers)
    merged = _merged_sums(flat)
    for operator in _ordered(flat, literals, merged):
        result = _built(graph, operator, literals, merged)
        literals.update(zip(operator.output, result, strict=True))
    return Gates(
        graph=graph,
        inputs={name: [literals[net] for net in bits] for name, bits in flat.inputs.items()},
        outputs={
            name: [literals.get(net, FALSE) for net in bits] for name, bits in flat.outputs.items()
        },
        registers=[
            (literals.get(data, FALSE), literals[output]) for data, output in flat.registers
        ],
        reset=None if flat.reset is None else literals[flat.reset],
        word_bits=_word_bits(flat),
    )


def _word_bits(flat: Flat) -> Counter[str]:
    counts: Counter[str] = Counter()
    known = set()
    for each in flat.operators:
        if isinstance(each, Switch):
            continue
        # Amaranth writes an expression again wherever a bit of it is taken.
        key = (each.kind, each.signed, *map(tuple, each.inputs))
        if key in known:
            continue
        known.add(key)
        # Constants are folded.
        variable = [sum(net > 1 for net in bits) for bits in each.inputs]
        match each.kind:
            case "$add" | "$sub" | "$neg":
                counts["add_bits"] += min(len(each.output), max(variable) + 1)
            case "$lt" | "$le" | "$gt" | "$ge":
                counts["compare_bits"] += max(variable)
            case "$mul":
                counts["product_bits"] += variable[0] * variable[1]
                if each.signed and min(variable) >= _WIDE_FACTOR:
                    counts["wide_product_bits"] += variable[0] * variable[1]
    return counts


def _merged_sums(flat: Flat) -> dict[int, Operator]:
    """Sums and products that only one other sum takes, by their lowest net.

    Their addends join that one's, as Yosys' ``alumacc`` does, if nothing is cut off between.
    """
    uses: Counter[int] = Counter()
    for each in flat.operators:
        for bits in _inputs(each):
            uses.update(bits)
    uses.update(data for data, _ in flat.registers)
    for bits in flat.outputs.values():
        uses.update(bits)
    sums = {
        each.output[0]: each
        for each in flat.operators
        if isinstance(each, Operator) and each.kind in ("$add", "$sub", "$mul", "$neg")
    }
    found = {}
    for each in flat.operators:
        if not isinstance(each, Operator) or each.kind not in ("$add", "$sub", "$neg"):
            continue
        for bits in each.inputs:
            inner = sums.get(bits[0]) if bits else None
            if inner is None or inner.instance != each.instance or _by_itself(inner):
                continue
            if bits != inner.output[: len(bits)]:
                continue
            whole = len(bits) == len(inner.output) or len(bits) >= len(each.output)
            exact = len(inner.output) >= len(each.output) or _cannot_overflow(inner)
            if whole and exact and all(uses[net] == 1 for net in bits):
                found[inner.output[0]] = inner
    return found


def _by_itself(operator: Operator) -> bool:
    """Whether it is a signed product, which is mapped before sums are (``hwdse.synth``)."""
    widths = sum(len(bits) for bits in operator.inputs)
    return operator.kind == "$mul" and operator.signed and widths >= 5


def _cannot_overflow(operator: Operator) -> bool:
    widths = [len(bits) for bits in operator.inputs]
    if operator.kind == "$mul":
        return len(operator.output) >= sum(widths)
    return len(operator.output) > max(widths)


def _inputs(operator: Operator | Switch) -> list[list[int]]:
    if isinstance(operator, Operator):
        return list(operator.inputs)
    return [operator.selector, operator.default, *(word for _, word in operator.cases)]


def _ordered(
    flat: Flat, known: dict[int, int], merged: dict[int, Operator]
) -> list[Operator | Switch]:
    """Operators such that each comes after what it takes; without those that are merged."""
    producer = {net: i for i, each in enumerate(flat.operators) for net in each.output}
    done = [False] * len(flat.operators)
    order: list[Operator | Switch] = []
    for first in range(len(flat.operators)):
        stack = [first]
        while stack:
            current = stack[-1]
            if done[current]:
                stack.pop()
                continue
            wanted = {
                producer[net]
                for bits in _inputs(flat.operators[current])
                for net in bits
                if net not in known and net in producer and not done[producer[net]]
            } - {current}
            if wanted:
                if len(stack) > len(flat.operators):
                    raise ValueError("RTLIL: a combinational loop")
                stack += wanted
            else:
                done[current] = True
                stack.pop()
                each = flat.operators[current]
                if each.output[0] not in merged:
                    order.append(each)
    return order


def _built(
    g: Graph,
    operator: Operator | Switch,
    literals: dict[int, int],
    merged: dict[int, Operator],
) -> list[int]:
    def read(bits: list[int]) -> list[int]:
        return [literals.get(net, FALSE) for net in bits]

    width = len(operator.output)
    if isinstance(operator, Switch):
        return _switched(g, operator, read)
    kind, signed = operator.kind, operator.signed
    g.origin = ORIGINS.index(_ORIGIN_OF.get(kind, "logic"))
    if kind in ("$add", "$sub", "$neg", "$mul"):
        return _summed(g, operator, read, merged)
    x = read(operator.inputs[0])
    y = read(operator.inputs[1]) if len(operator.inputs) > 1 else []
    if kind == "$mux":
        select = read(operator.inputs[2])[0]
        return [g.choose(select, b, a) for a, b in zip(x, y, strict=True)]
    if kind in _BITWISE:
        pairs = zip(*(words.extended(v, width, signed=signed) for v in (x, y)), strict=True)
        return [_BITWISE[kind](g, a, b) for a, b in pairs]
    if kind in ("$not", "$pos"):
        flip = int(kind == "$not")
        return [bit ^ flip for bit in words.extended(x, width, signed=signed)]
    if kind in ("$shl", "$sshl"):
        return words.shift(g, words.extended(x, width, signed=signed), y, left=True)
    if kind in ("$shr", "$sshr"):
        fill = x[-1] if kind == "$sshr" and signed else FALSE
        wide = words.extended(x, max(width, len(x)), signed=signed and kind == "$sshr")
        return words.shift(g, wide, y, left=False, fill=fill)[:width]
    if kind == "$shift":
        # Amaranth writes it for parts of a word at a variable place, with an unsigned amount.
        wide = words.extended(x, max(width, len(x)), signed=signed)
        return words.shift(g, wide, y, left=False)[:width]
    if kind in ("$reduce_or", "$reduce_bool"):
        return words.extended([g.any_of(x)], width, signed=False)
    if kind == "$reduce_and":
        return words.extended([g.all_of(x)], width, signed=False)
    if kind == "$reduce_xor":
        parity = FALSE
        for bit in x:
            parity = g.differ(parity, bit)
        return words.extended([parity], width, signed=False)
    return words.extended([_compared(g, operator, x, y)], width, signed=False)


_BITWISE = {"$and": Graph.both, "$or": Graph.either, "$xor": Graph.differ}


def _compared(g: Graph, operator: Operator, x: list[int], y: list[int]) -> int:
    kind, signed = operator.kind, operator.signed
    both = max(len(x), len(y))
    x, y = (words.extended(v, both, signed=signed) for v in (x, y))
    match kind:
        case "$eq":
            return words.equal(g, x, y)
        case "$ne":
            return words.equal(g, x, y) ^ 1
        case "$lt":
            return words.compare_less(g, x, y, signed=signed)
        case "$gt":
            return words.compare_less(g, y, x, signed=signed)
        case "$ge":
            return words.compare_less(g, x, y, signed=signed) ^ 1
        case "$le":
            return words.compare_less(g, y, x, signed=signed) ^ 1
    raise ValueError(f"RTLIL: cells {kind[:40]!r} are not understood")


def _summed(g: Graph, operator: Operator, read: _Read, merged: dict[int, Operator]) -> list[int]:
    width = len(operator.output)
    addends: list[_Addend] = []
    _gather(operator, False, read, merged, addends)
    plain = all(len(factors) == 1 for factors, _, _ in addends)
    if plain and len(addends) <= 2 and sum(negative for _, _, negative in addends) <= 1:
        return _two(g, addends, width)
    heap = words.Heap(width)
    for factors, signed, negative in addends:
        if len(factors) == 2:
            heap.add_product(g, *factors, signed=signed, negative=negative)
        elif len(factors[0]) > width:
            heap.add(factors[0][:width], signed=False, negative=negative)
        else:
            heap.add(factors[0], signed=signed, negative=negative)
    return heap.total(g)


def _two(g: Graph, addends: list[_Addend], width: int) -> list[int]:
    """One or two words, one of which may be subtracted."""
    rows, minus = [], 0
    for (word,), signed, negative in addends:
        row = words.extended(word, width, signed=signed)
        rows.append([bit ^ 1 for bit in row] if negative else row)
        minus += negative
    while len(rows) < 2:
        rows.append([FALSE] * width)
    return words.add(g, rows[0], rows[1], TRUE if minus else FALSE)


def _gather(
    operator: Operator,
    negative: bool,
    read: _Read,
    merged: dict[int, Operator],
    addends: list[_Addend],
) -> None:
    if operator.kind == "$mul":
        factors = tuple(read(bits) for bits in operator.inputs)
        addends.append((factors, operator.signed, negative))
        return
    signs = [negative, negative != (operator.kind == "$sub")]
    if operator.kind == "$neg":
        signs = [not negative]
    for bits, sign in zip(operator.inputs, signs, strict=True):
        inner = merged.get(bits[0]) if bits else None
        if inner is not None and bits == inner.output[: len(bits)]:
            _gather(inner, sign, read, merged, addends)
        else:
            addends.append(((read(bits),), operator.signed, sign))


def _switched(g: Graph, switch: Switch, read: _Read) -> list[int]:
    selector = read(switch.selector)
    plain = all("-" not in pattern for pattern, _ in switch.cases)
    if plain and len(switch.cases) >= _TABLE_ROWS:
        g.origin = ORIGINS.index("table")
        rows: dict[int, list[int]] = {}
        for pattern, word in switch.cases:
            rows.setdefault(int(pattern, 2), read(word))
        return words.look_up(g, selector[::-1], rows, read(switch.default))
    g.origin = ORIGINS.index("select")
    result = read(switch.default)
    for pattern, word in reversed(switch.cases):
        taken = g.all_of(
            [bit ^ (p == "0") for bit, p in zip(selector, pattern, strict=True) if p != "-"]
        )
        result = [g.choose(taken, t, e) for t, e in zip(read(word), result, strict=True)]
    return result

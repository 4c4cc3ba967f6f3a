"""What a design is made of, counted on its gates: the figures that cost is fitted to.

Everything is counted on the RTL itself, so that every option that changes the RTL changes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import rtl
from hwdse.cost.fit.activity import measure_activity
from hwdse.cost.fit.gates import ORIGINS, Gates, gates_of
from hwdse.cost.fit.graph import AND, INPUT, MUX, TRUE, XOR
from hwdse.cost.operands import Operands
from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.pe.array import Array

__all__ = [
    "ACTIVITY",
    "DETAIL",
    "FEATURES_VERSION",
    "PATHS",
    "STRUCTURE",
    "WORDS",
    "Features",
    "features_of",
]

# Raise it when a count changes: shipped counts are then of no use.
FEATURES_VERSION = 3
_NAMES = {INPUT: "source", AND: "and", XOR: "xor", MUX: "mux"}
_LETTERS = {INPUT: "s", AND: "a", XOR: "x", MUX: "m"}
# Registers and gates, apart by whether one other gate takes them or several.
STRUCTURE = (
    "registers",
    "held_registers",
    *(f"{kind}_{fan}" for kind in ("and", "xor", "mux") for fan in ("single", "shared")),
)
# Bits of words that are added, compared and multiplied; and what gates are for.
WORDS = (
    "add_bits",
    "compare_bits",
    "product_bits",
    "wide_product_bits",
    *(f"for_{origin}" for origin in ORIGINS),
)
# Gates by what kinds of gates drive them.
_PAIRS = ("aa", "as", "ax", "am", "ss", "sx", "ms", "xx", "mx", "mm")
_TRIPLES = sorted({"".join(sorted((a, b, c))) for a in "amsx" for b in "amsx" for c in "amsx"})
DETAIL = (
    *(f"{kind}_of_{'_'.join(sorted(pair))}" for kind in ("and", "xor") for pair in _PAIRS),
    *(f"mux_of_{'_'.join(triple)}" for triple in _TRIPLES),
)
# Longest paths: gates, weights of each kind, and of its fan-out.
_WEIGHTS: dict[str, tuple[float, float, float, float, float]] = {
    "path_gates": (1, 1, 1, 0, 1),
    "path_levels": (1, 2, 2, 0, 1),
    "path_xors": (0, 1, 0, 0, 1),
    "path_muxes": (0, 0, 1, 0, 1),
    "path_levels_and_fanout": (1, 2, 2, 1, 1),
    "path_levels_and_some_fanout": (1, 2, 2, 0.3, 1),
    "path_levels_and_root_fanout": (1, 2, 2, 1, 0.5),
    "path_fanout": (0, 0, 0, 1, 1),
}
PATHS = (*_WEIGHTS, "widest_fanout")
ACTIVITY = tuple(
    f"{what}_{name}"
    for what in ("settled", "settled_load", "glitches", "glitches_load")
    for name in _NAMES.values()
)


@dataclass(frozen=True)
class Features:
    """Counts of a design by name.

    Attributes:
        values: All of ``STRUCTURE``, ``WORDS``, ``DETAIL`` and ``PATHS``; with operands those of
            ``ACTIVITY`` too, per cycle.
        gates: How many there are, registers included.
    """

    values: Mapping[str, float]
    gates: int


def features_of(design: Design, operands: Operands | None = None) -> Features:
    """Count what a design is made of.

    Args:
        design: Not an array.
        operands: What it computes on while transitions are counted; None counts none.

    Raises:
        HwdseError: An array, a design without RTL, or operators that are not understood.
    """
    if isinstance(design, Array):
        raise HwdseError(
            f"{design.canonical}: the fitted model knows no arrays; use --source synth, or cost "
            f"{design.pe.canonical}"
        )
    rtlil = rtl.to_rtlil(design)
    try:
        gates = gates_of(rtlil)
    except ValueError as error:
        raise HwdseError(
            f"{design.canonical}: the fitted model cannot read its RTL ({error}); use --source "
            "synth"
        ) from error
    registers = _registers(gates)
    ends = [bit for bits in gates.outputs.values() for bit in bits] + [d for d, _ in registers]
    live, fanout = _live(gates, ends)
    values = _structure(gates, registers, live, fanout) | _paths(gates, ends, live, fanout)
    if operands is not None:
        values |= _activity(design, gates, live, fanout, operands)
    kinds = gates.graph.kinds
    return Features(values, sum(kinds[n] != INPUT for n in live) + len(registers))


def _registers(gates: Gates) -> list[tuple[int, int]]:
    """Those that synthesis keeps: one of each content, if outputs follow from it and it changes."""
    data = {q >> 1: d for d, q in gates.registers}
    stack = [bit >> 1 for bits in gates.outputs.values() for bit in bits]
    reached = set()
    while stack:
        node = stack.pop()
        if node not in reached:
            reached.add(node)
            stack += [literal >> 1 for literal in gates.graph.fanins[node]]
            stack += [data[node] >> 1] if node in data else []
    kept = {d: (d, q) for d, q in gates.registers if q >> 1 in reached and d > TRUE}
    return list(kept.values())


def _live(gates: Gates, ends: list[int]) -> tuple[list[int], list[int]]:
    """Nodes that an end follows from, in order, with all sources; how often each is taken."""
    graph = gates.graph
    fanout = [0] * len(graph.kinds)
    for literal in ends:
        fanout[literal >> 1] += 1
    for node in range(len(fanout) - 1, 0, -1):
        if fanout[node]:
            for literal in graph.fanins[node]:
                fanout[literal >> 1] += 1
    sources = {
        literal >> 1
        for literals in (*gates.inputs.values(), [q for _, q in gates.registers])
        for literal in literals
    }
    return [n for n in range(1, len(fanout)) if fanout[n] or n in sources], fanout


def _structure(
    gates: Gates, registers: list[tuple[int, int]], live: list[int], fanout: list[int]
) -> dict[str, float]:
    graph = gates.graph
    kinds, fanins = graph.kinds, graph.fanins
    counts: Counter[str] = Counter()
    for node in live:
        kind = kinds[node]
        if kind == INPUT:
            continue
        name = _NAMES[kind]
        counts[f"{name}_{'single' if fanout[node] == 1 else 'shared'}"] += 1
        counts[f"for_{ORIGINS[graph.origins[node]]}"] += 1
        driven = sorted(_LETTERS[kinds[literal >> 1]] for literal in fanins[node])
        counts[f"{name}_of_{'_'.join(driven)}"] += 1
    counts["registers"] = len(registers)
    counts["held_registers"] = sum(
        kinds[d >> 1] == MUX and q >> 1 in {f >> 1 for f in fanins[d >> 1][1:]}
        for d, q in registers
    )
    counts.update(gates.word_bits)
    return {name: float(counts[name]) for name in (*STRUCTURE, *WORDS, *DETAIL)}


def _paths(gates: Gates, ends: list[int], live: list[int], fanout: list[int]) -> dict[str, float]:
    graph = gates.graph
    kinds, fanins = graph.kinds, graph.fanins
    nodes = {literal >> 1 for literal in ends}
    found = {}
    for name, (*weights, load, power) in _WEIGHTS.items():
        each = {INPUT: 0.0, AND: weights[0], XOR: weights[1], MUX: weights[2]}
        loads = fanout if power == 1 else [taken**power for taken in fanout]
        arrival = [0.0] * len(kinds)
        for node in live:
            before = max((arrival[literal >> 1] for literal in fanins[node]), default=0.0)
            arrival[node] = before + each[kinds[node]] + load * loads[node]
        found[name] = max((arrival[node] for node in nodes), default=0.0)
    found["widest_fanout"] = float(max((fanout[node] for node in live), default=0))
    return found


def _activity(
    design: Design, gates: Gates, live: list[int], fanout: list[int], operands: Operands
) -> dict[str, float]:
    activity = measure_activity(design, gates, live, operands)
    found = dict.fromkeys(ACTIVITY, 0.0)
    for node in live:
        name = _NAMES[gates.graph.kinds[node]]
        settled, glitches = float(activity.settled[node]), float(activity.glitches[node])
        found[f"settled_{name}"] += settled
        found[f"settled_load_{name}"] += settled * fanout[node]
        found[f"glitches_{name}"] += glitches
        found[f"glitches_load_{name}"] += glitches * fanout[node]
    return found

"""The gates that the fitted model counts: they compute what the design does."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

import rtl
from hwdse import pe
from hwdse.cost.fit import activity, words
from hwdse.cost.fit.features import features_of
from hwdse.cost.fit.gates import Gates, gates_of
from hwdse.cost.fit.graph import AND, FALSE, INPUT, MUX, TRUE, XOR, Graph
from hwdse.cost.fit.simulation import Program, compile_graph, follow, settle
from hwdse.cost.operands import operands
from hwdse.errors import HwdseError
from hwdse.synth.simulate import pack

UNIFORM = operands("uniform")
_STREAMS = 64

SPECS = (
    "mac:w=int4,a=int8,mul=booth,adder=sklansky",
    "mac:w=int8,a=uint8,mul=star,pipeline=2",
    "mac:w=e2m3,a=e4m3,acc=exact",
    "mac:w=nf4,a=e3m2,acc=fp16",
    "dot:w=int4,a=int4,lanes=3,tree=wallace,fused=save",
    "dot:w=e4m3,a=e2m1,lanes=2,align=6",
    "dot:w=mxfp4,a=mxint8,lanes=2",
    "lmul:w=e3m2,a=e3m2,acc=fp16",
    "shift:w=apot4,a=int4,lanes=2",
    "bitplane:w=ternary,a=int3,lanes=4,pipeline=1",
    "composite:modes=int8_int4",
    "lut:w=int2,a=int4,k=2,n=2",
    "serial:w=int4,a=int4,lanes=2",
    "groupdot:w=int4,a=int8,lanes=2,group=8",
    "convert:from=fp16,to=e4m3,pipeline=1",
)


def _value(graph: Graph, literal: int, inputs: dict[int, int]) -> int:
    """Of a literal, where inputs have values 0 and 1."""
    node = literal >> 1
    if graph.kinds[node] == INPUT:
        found = inputs.get(node, 0)
    else:
        found = _gate(graph, node, [_value(graph, f, inputs) for f in graph.fanins[node]])
    return found ^ (literal & 1)


def _gate(graph: Graph, node: int, fanins: list[int]) -> int:
    if graph.kinds[node] == AND:
        return fanins[0] & fanins[1]
    if graph.kinds[node] == XOR:
        return fanins[0] ^ fanins[1]
    return fanins[1] if fanins[0] else fanins[2]


def test_folding_keeps_what_gates_compute() -> None:
    graph = Graph()
    x, y, z = (graph.input() for _ in range(3))
    literals = [FALSE, TRUE, *(v ^ flip for v in (x, y, z) for flip in (0, 1))]
    for assigned in itertools.product((0, 1), repeat=3):
        inputs = dict(zip((x >> 1, y >> 1, z >> 1), assigned, strict=True))
        known = {literal: _value(graph, literal, inputs) for literal in literals}
        for a, b in itertools.product(literals, repeat=2):
            assert _value(graph, graph.both(a, b), inputs) == known[a] & known[b]
            assert _value(graph, graph.either(a, b), inputs) == known[a] | known[b]
            assert _value(graph, graph.differ(a, b), inputs) == known[a] ^ known[b]
        for s, a, b in itertools.product(literals, repeat=3):
            chosen = graph.choose(s, a, b)
            assert _value(graph, chosen, inputs) == (known[a] if known[s] else known[b])


def test_gates_are_shared_whatever_the_order() -> None:
    graph = Graph()
    x, y = graph.input(), graph.input()
    assert graph.both(x, y) == graph.both(y, x)
    assert graph.differ(x, y ^ 1) == graph.differ(y, x) ^ 1
    assert len(graph.kinds) == 1 + 2 + 2


def test_gates_that_compute_the_same_are_one() -> None:
    graph = Graph()
    a, b, c, d = (graph.input() for _ in range(4))
    # A sum of products, and its factors.
    assert graph.either(graph.both(a, b), graph.both(a, c)) == graph.both(a, graph.either(b, c))
    assert graph.either(graph.both(a, b), graph.both(a, b ^ 1)) == a
    assert graph.both(graph.differ(a, b), graph.both(a, b)) == FALSE
    nested = graph.choose(a, graph.choose(a, c, d), b)
    assert nested == graph.choose(a, c, b)
    assert graph.kinds[nested >> 1] == MUX


def test_wide_functions_are_compared_over_nearer_nodes() -> None:
    graph = Graph()
    inputs = [graph.input() for _ in range(40)]
    x, y = graph.all_of(inputs[:20]), graph.any_of(inputs[20:])
    assert graph.both(graph.either(x, y), x) == x
    before = len(graph.kinds)
    assert graph.either(graph.both(x, y ^ 1), graph.both(x ^ 1, y)) == graph.differ(x, y)
    # Two conjunctions that the exclusive or has no need of, and itself.
    assert len(graph.kinds) == before + 3


def _transitions(graph: Graph, end: int, changes: dict[int, tuple[int, int]]) -> int:
    """Of the node of a literal, while inputs go from one value to another."""
    program = compile_graph(graph, list(range(1, len(graph.kinds))))
    states = []
    for when in (0, 1):
        rows = program.blank(1)
        for literal, values in changes.items():
            rows[program.row(literal)] = values[when]
        settle(program, rows)
        states.append(rows)
    return int(follow(program, *states)[program.row(end & ~1)])


@pytest.mark.parametrize(("conjunctions", "transitions"), [(1, 0), (2, 2)])
def test_glitches_pass_where_they_last_longer_than_a_gate_takes(
    conjunctions: int, transitions: int
) -> None:
    """An exclusive or takes five steps, a conjunction before one of its inputs three."""
    graph = Graph()
    x, late, *others = (graph.input() for _ in range(2 + conjunctions))
    changes = {x: (0, 1), late: (0, 1)} | dict.fromkeys(others, (1, 1))
    for other in others:
        late = graph.both(late, other)
    assert _transitions(graph, late, changes) == 1
    assert _transitions(graph, graph.differ(x, late), changes) == transitions


@pytest.mark.parametrize("width", [1, 2, 5])
def test_words_are_added_and_compared(width: int) -> None:
    graph = Graph()
    x, y = ([graph.input() for _ in range(width)] for _ in range(2))
    carry = graph.input()
    total = words.add(graph, x, y, carry)
    less = {signed: words.compare_less(graph, x, y, signed=signed) for signed in (False, True)}
    for a, b, c in itertools.product(range(1 << width), range(1 << width), range(2)):
        inputs = {literal >> 1: (a >> i) & 1 for i, literal in enumerate(x)}
        inputs |= {literal >> 1: (b >> i) & 1 for i, literal in enumerate(y)}
        inputs[carry >> 1] = c
        found = sum(_value(graph, bit, inputs) << i for i, bit in enumerate(total))
        assert found == (a + b + c) % (1 << width)
        half = 1 << (width - 1)
        assert _value(graph, less[False], inputs) == (a < b)
        assert _value(graph, less[True], inputs) == ((a ^ half) < (b ^ half))


@pytest.mark.parametrize("negated", [False, True])
def test_sums_that_join_others_keep_their_signs(negated: bool) -> None:
    """``-(x + y)``, or ``(x + y) - z``, of words of four bits."""
    last = ("$neg", "") if negated else ("$sub", "  connect \\B \\z\n")
    wires = "".join(f"  wire width 4 input {i} \\{n}\n" for i, n in enumerate("xyz"))
    text = f"""attribute \\top 1
module \\top
{wires}  wire width 4 output 3 \\out
  wire width 4 $1
  cell $add $2
    parameter \\A_SIGNED 0
    connect \\A \\x
    connect \\B \\y
    connect \\Y $1
  end
  cell {last[0]} $3
    parameter \\A_SIGNED 0
    connect \\A $1
{last[1]}    connect \\Y \\out
  end
end
"""
    gates = gates_of(text)
    for x, y, z in itertools.product(range(16), repeat=3):
        given = {"x": x, "y": y, "z": z}
        inputs = {
            literal >> 1: (given[name] >> i) & 1
            for name, literals in gates.inputs.items()
            for i, literal in enumerate(literals)
        }
        bits = [_value(gates.graph, literal, inputs) for literal in gates.outputs["out"]]
        found = sum(bit << i for i, bit in enumerate(bits))
        assert found == (-(x + y) if negated else x + y - z) % 16


def _differences(design: pe.Design, gates: Gates) -> int:
    """Result bits of all elements of some sums that are not the reference's."""
    length = activity.sum_length(design)
    rng = np.random.default_rng(activity._SEED)
    codes = UNIFORM.sample(design, (length, _STREAMS), rng)
    clear = np.zeros(length, dtype=np.bool_)
    clear[0] = True
    wanted, complete = design.run(codes, clear), design.completes(clear)
    program = compile_graph(gates.graph, list(range(1, len(gates.graph.kinds))))
    cycles = activity._cycles(design, gates, program, UNIFORM, _STREAMS)
    states = [rows.copy() for rows in cycles]
    return sum(
        _wrong_bits(gates, program, states[step * design.initiation_interval], result, wanted, step)
        for step in np.flatnonzero(complete)
        for result in design.results
    )


def _wrong_bits(
    gates: Gates, program: Program, rows: Any, result: Any, wanted: Any, step: int
) -> int:
    true = wanted[result.name][step].reshape(_STREAMS, -1)
    wrong = 0
    for at, literal in enumerate(gates.outputs[result.name]):
        lane, bit = divmod(at, result.bits)
        bits = pack((true[:, lane] >> bit) & 1, 1)[0]
        wrong += int(np.bitwise_count(rows[program.row(literal)] ^ bits).sum())
    return wrong


@pytest.mark.parametrize("spec", SPECS)
def test_gates_compute_what_the_design_does(spec: str) -> None:
    design = pe.parse(spec)
    assert _differences(design, gates_of(rtl.to_rtlil(design))) == 0


def test_a_wrong_gate_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Graph, "full_adder", lambda self, x, y, z: (self.differ(x, y), FALSE))
    design = pe.parse("mac:w=int4,a=int4,acc=exact,terms=64")
    assert _differences(design, gates_of(rtl.to_rtlil(design))) > 0


def test_text_that_amaranth_does_not_write_is_refused() -> None:
    with pytest.raises(ValueError, match="not understood"):
        gates_of("attribute \\top 1\nmodule \\x\n  memory width 8 \\m\nend\n")


BASE = "dot:w=int4,a=int8,lanes=4"


@pytest.mark.parametrize(
    "option",
    [
        "mul=booth",
        "mul=bw",
        "tree=wallace",
        "mul=bw,fused=yes",
        "mul=bw,fused=save",
        "adder=kogge,tree=dadda",
        "pipeline=1",
        "registers=product",
        "acc=exact",
        "acc=exact,terms=16",
        "mul=packed",
    ],
)
def test_every_option_that_changes_the_rtl_changes_the_counts(option: str) -> None:
    plain, changed = pe.parse(BASE), pe.parse(f"{BASE},{option}")
    assert rtl.to_rtlil(plain) != rtl.to_rtlil(changed)
    assert features_of(plain).values != features_of(changed).values


def test_an_array_is_refused() -> None:
    with pytest.raises(HwdseError, match="knows no arrays; use --source synth"):
        features_of(pe.parse("array:pe=(mac:w=int4,a=int4),rows=2,cols=2"))


def test_what_has_no_rtl_is_refused_for_its_own_reason() -> None:
    with pytest.raises(HwdseError, match="hardware decodes posit16 by a table") as caught:
        features_of(pe.parse("mac:w=posit16,a=posit8"))
    assert "cannot read" not in str(caught.value)


def test_transitions_are_those_of_the_operands() -> None:
    design = pe.parse("mac:w=int8,a=int8")
    uniform = features_of(design, UNIFORM).values
    normal = features_of(design, operands("normal")).values
    assert uniform["registers"] == normal["registers"] == 33
    for name in ("settled_xor", "glitches_xor"):
        assert uniform[name] > 0
        assert normal[name] > 0
        assert uniform[name] != pytest.approx(normal[name], rel=0.01)
    # A pipeline's registers stop glitches.
    piped = features_of(pe.parse("mac:w=int8,a=int8,pipeline=1"), UNIFORM).values
    assert piped["glitches_load_xor"] < uniform["glitches_load_xor"]

"""Transitions with gate delays, against an event-driven simulator of one vector at a time."""

from __future__ import annotations

import heapq
import random

import numpy as np
import pytest

from hwdse.synth import glitch
from hwdse.synth.glitch import Delays, compile_events, timed_delays, unit_delays
from hwdse.synth.netlist import CellModel, Instance, Netlist, cell_models
from hwdse.synth.simulate import Simulator, compile_netlist
from hwdse.synth.timing import analyse_timing
from hwdse.tech import boolean

from . import toy

FUNCTIONS = {
    "INV": "!A",
    "NAND": "!(A & B)",
    "XOR": "A ^ B",
    "MUX": "(S & B) | (!S & A)",
    "AOI": "!((A & B) | C)",
    "MAJ": "(A & B) | (A & C) | (B & C)",
}
MODELS = {kind: CellModel({"Y": boolean.parse(text)}) for kind, text in FUNCTIONS.items()}
MODELS["FF"] = CellModel(
    {"Q": boolean.parse("IQ"), "QN": boolean.parse("!IQ")},
    boolean.parse("D"),
    state="IQ",
    clock="C",
)


def some_netlist(rng, gates=30, inputs=4, flops=3):
    """Gates that read anything before them, and flip-flops with both outputs."""
    clock, data = 2, list(range(3, 3 + inputs))
    known = list(data)
    q = [[known[-1] + 1 + 2 * i, known[-1] + 2 + 2 * i] for i in range(flops)]
    known += [net for pair in q for net in pair]
    cells = []
    for number in range(gates):
        kind = rng.choice(list(FUNCTIONS))
        names = boolean.variables(MODELS[kind].outputs["Y"])
        net = known[-1] + 1
        pins = {name: rng.choice(known[-20:]) for name in names} | {"Y": net}
        cells.append(Instance(f"g{number}", kind, pins))
        known.append(net)
    for number, (plain, inverted) in enumerate(q):
        pins = {"D": rng.choice(known), "C": clock, "Q": plain, "QN": inverted}
        cells.append(Instance(f"f{number}", "FF", pins))
    rng.shuffle(cells)
    ports = {"clk": (clock,), "x": tuple(data)}
    return Netlist(ports, {"y": (known[-1],)}, tuple(cells), known[-1] + 1)


def random_delays(rng, net_count):
    rise, fall = (np.array([rng.randint(1, 7) for _ in range(net_count)]) for _ in range(2))
    return Delays(rise, fall, 1.0)


def settled_pair(program, rng, lanes=64):
    """All rows before and after a clock edge with new inputs; one word."""
    simulator = Simulator(program, lanes // 64)
    width = len(program.netlist.inputs["x"])
    rows = []
    for _ in range(3):
        planes = np.array([[rng.getrandbits(64)] for _ in range(width)], dtype=np.uint64)
        simulator.evaluate({"x": planes, "clk": np.zeros((1, 1), dtype=np.uint64)})
        rows.append(simulator.values.copy())
        simulator.tick()
    return rows[-2], rows[-1]


def reference(program, delays, before, after, lane, *, inertial=True):
    """Transitions of every net of one lane: events in order of time, one gate at a time."""
    netlist = program.netlist
    value = [int(row[0]) >> lane & 1 for row in before]
    target = [int(row[0]) >> lane & 1 for row in after]
    gates = []
    states = iter(program.registers)
    for instance in netlist.instances:
        model = MODELS[instance.kind]
        pins = dict(instance.pins)
        if model.next_state is not None:
            pins["IQ"] = next(states)[0]
        gates += [(pins[pin], ast, pins) for pin, ast in model.outputs.items()]
    seen = [boolean.value(ast, {p: value[n] for p, n in pins.items()}) for _, ast, pins in gates]
    counts = [0] * netlist.net_count
    pending: dict[int, list] = {}
    queue: list = []
    sources = [net for nets in netlist.inputs.values() for net in nets]
    for row in sources + [state for state, _ in program.registers]:
        heapq.heappush(queue, [0, row, target[row], True])
    while queue:
        now = queue[0][0]
        while queue and queue[0][0] == now:
            _, row, new, alive = heapq.heappop(queue)
            if alive and value[row] != new:
                value[row] = new
                if row < netlist.net_count:
                    counts[row] += 1
        for index, (net, ast, pins) in enumerate(gates):
            new = boolean.value(ast, {p: value[n] for p, n in pins.items()})
            if new == seen[index]:
                continue
            seen[index] = new
            if inertial and net in pending:
                pending.pop(net)[3] = False
            delay = delays.rise[net] if new else delays.fall[net]
            event = [now + int(delay), net, new, True]
            if not inertial or new != value[net]:
                pending[net] = event
                heapq.heappush(queue, event)
    assert value[: netlist.net_count] == target[: netlist.net_count]
    return counts


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("unit", [False, True])
def test_against_one_vector_at_a_time(seed, unit):
    rng = random.Random(seed)  # noqa: S311
    netlist = some_netlist(rng)
    program = compile_netlist(netlist, MODELS, "clk")
    delays = unit_delays(netlist.net_count) if unit else random_delays(rng, netlist.net_count)
    before, after = settled_pair(program, rng)
    counted = compile_events(program, MODELS, delays).transitions(before, after)[:, 0]
    expected = np.zeros(netlist.net_count, dtype=int)
    for lane in range(64):
        expected += reference(program, delays, before, after, lane)
    assert counted.tolist() == expected.tolist()
    toggles = np.bitwise_count(before ^ after)[: netlist.net_count, 0]
    assert (counted >= toggles).all()


def test_the_comparison_tells_inertial_from_transport_delays():
    rng = random.Random(3)  # noqa: S311
    netlist = some_netlist(rng)
    program = compile_netlist(netlist, MODELS, "clk")
    ones = np.ones(netlist.net_count, dtype=int)
    # Delays of one length only, so that transport cannot bring an edge past another.
    delays = Delays(3 * ones, 3 * ones, 1.0)
    delays.rise[::2] = delays.fall[::2] = 7
    before, after = settled_pair(program, rng)
    counted = compile_events(program, MODELS, delays).transitions(before, after).sum()
    one = [reference(program, delays, before, after, i) for i in range(64)]
    other = [reference(program, delays, before, after, i, inertial=False) for i in range(64)]
    toggles = np.bitwise_count(before ^ after)[: netlist.net_count].sum()
    assert toggles < counted == np.sum(one) < np.sum(other)


def test_many_words_in_pieces(monkeypatch):
    rng = random.Random(2)  # noqa: S311
    netlist = some_netlist(rng)
    program = compile_netlist(netlist, MODELS, "clk")
    before, after = settled_pair(program, rng)
    events = compile_events(program, MODELS, random_delays(rng, netlist.net_count))
    ends = [np.concatenate([x, y, x, x, y], axis=1) for x, y in ((before, after), (after, before))]
    whole = events.transitions(*ends)
    assert whole.shape == (netlist.net_count, 5)
    monkeypatch.setattr(glitch, "_WORDS_AT_ONCE", 2 * netlist.net_count)
    assert (events.transitions(*ends) == whole).all()
    assert (whole[:, [0]] == events.transitions(before, after)).all()


def pulse(inverter, gate):
    """Transitions of ``x & !x`` where x rises: a pulse as long as the inverter's delay."""
    cells = (
        Instance("i", "INV", {"A": 3, "Y": 4}),
        Instance("n", "NAND", {"A": 3, "B": 4, "Y": 5}),
    )
    netlist = Netlist({"clk": (2,), "x": (3,)}, {"y": (5,)}, cells, 6)
    program = compile_netlist(netlist, MODELS, "clk")
    delays = unit_delays(6)
    delays.fall[4] = inverter
    delays.rise[5] = delays.fall[5] = gate
    ends = []
    for value in (0, 1):
        simulator = Simulator(program, 1)
        simulator.evaluate({"x": np.full((1, 1), value, dtype=np.uint64)})
        ends.append(simulator.values)
    return compile_events(program, MODELS, delays).transitions(*ends)[5, 0]


@pytest.mark.parametrize(
    ("inverter", "gate", "expected"), [(1, 1, 2), (3, 1, 2), (3, 3, 2), (3, 4, 0), (1, 9, 0)]
)
def test_a_pulse_shorter_than_the_delay_does_not_pass(inverter, gate, expected):
    assert pulse(inverter, gate) == expected


def test_what_does_not_change_has_no_transitions():
    rng = random.Random(1)  # noqa: S311
    netlist = some_netlist(rng)
    program = compile_netlist(netlist, MODELS, "clk")
    before, _ = settled_pair(program, rng)
    events = compile_events(program, MODELS, random_delays(rng, netlist.net_count))
    assert events.transitions(before, before).sum() == 0


def test_delays_are_those_of_the_tables():
    cells = [("INV", {"A": 2, "Y": 3}), ("XOR", {"A": 3, "B": 4, "Y": 5})]
    netlist = toy.netlist({"clk": (6,), "x": (2, 4)}, {"y": (5,)}, cells)
    models = cell_models(toy.TECHNOLOGY, {"INV", "XOR"})
    program = compile_netlist(netlist, models, "clk")
    timing = analyse_timing(netlist, toy.TECHNOLOGY)
    delays = timed_delays(program, toy.TECHNOLOGY, timing)
    # The inverter drives 1 fF from a transition of 20 ps; its own output's is 8 and 8, so that the
    # exclusive-or sees less than the 10 ps where its tables begin, and holds them there.
    inverter = (5 + 10 + 3, 4 + 5 + 2)
    # The mean over its inputs, A with 10 ps and B with 20.
    gate = ((20 + 10 + 2) / 2, (30 + 10 + 1) / 2)
    step = np.mean([inverter, gate]) / 4
    assert delays.step_ps == pytest.approx(step)
    found = [[int(delays.rise[n]), int(delays.fall[n])] for n in (3, 5)]
    assert found == [[round(d / step) for d in pair] for pair in (inverter, gate)]

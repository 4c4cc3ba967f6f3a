"""What every cell computes, in the simulator and by evaluation of its truth table."""

import itertools

import numpy as np
import pytest

from hwdse.synth.netlist import cell_models, gate_models
from hwdse.synth.simulate import Simulator, compile_netlist, pack
from hwdse.tech import boolean
from hwdse.tech.model import Cell, Pin

from . import netlists


def truth(ast, values):
    """Evaluate an expression tree, one assignment at a time."""
    match ast:
        case ("const", bit):
            return bit
        case ("var", name):
            return values[name]
        case ("not", x):
            return 1 - truth(x, values)
        case ("and", *xs):
            return min(truth(x, values) for x in xs)
        case ("or", *xs):
            return max(truth(x, values) for x in xs)
        case ("xor", *xs):
            return sum(truth(x, values) for x in xs) % 2
    raise AssertionError(ast)


def check_combinational(cell, models):
    """Number of input assignments at which all outputs were compared."""
    program = compile_netlist(netlists.single_cell(cell), models, "clk")
    names = [pin.name for pin in cell.inputs]
    rows = list(itertools.product((0, 1), repeat=len(names)))
    simulator = Simulator(program, -(-len(rows) // 64))
    simulator.evaluate(
        {name: pack(np.array([row[i] for row in rows]), 1) for i, name in enumerate(names)}
    )
    live = pack(np.ones(len(rows), dtype=np.int64), 1)
    for pin in cell.outputs:
        ast = boolean.parse(pin.function)
        want = [truth(ast, dict(zip(names, row, strict=True))) for row in rows]
        difference = simulator.output(pin.name) ^ pack(np.array(want), 1)
        assert not (difference & live).any(), (cell.name, pin.name)
    return len(rows) * len(cell.outputs)


@pytest.mark.parametrize(("name", "least"), [("nangate45", 80), ("asap7", 100)])
def test_every_combinational_cell(name, least):
    technology = netlists.technology(name)
    cells = [c for c in technology.cells.values() if c.ff is None and c.outputs]
    models = cell_models(technology, {cell.name for cell in cells})
    assert len(cells) >= least
    for cell in cells:
        assert check_combinational(cell, models) >= 1
    # Some cells have functions that depend on several inputs: the comparison is not of buffers.
    assert max(len(cell.inputs) for cell in cells) >= 5


GATES = {
    "$_BUF_": lambda a: a,
    "$_NOT_": lambda a: not a,
    "$_AND_": lambda a, b: a and b,
    "$_OR_": lambda a, b: a or b,
    "$_XOR_": lambda a, b: a != b,
    "$_XNOR_": lambda a, b: a == b,
    "$_NAND_": lambda a, b: not (a and b),
    "$_NOR_": lambda a, b: not (a or b),
    "$_ANDNOT_": lambda a, b: a and not b,
    "$_ORNOT_": lambda a, b: a or not b,
    "$_MUX_": lambda a, b, s: b if s else a,
}


def test_every_yosys_gate_is_covered():
    assert set(gate_models()) == set(GATES) | {"$_DFF_P_", "$_SDFF_PP0_"}


@pytest.mark.parametrize("kind", GATES)
def test_yosys_gates(kind):
    function = GATES[kind]
    names = [name.upper() for name in function.__code__.co_varnames]
    pins = {n: Pin(n, "input") for n in names} | {"Y": Pin("Y", "output")}
    cell = Cell(kind, 0, 0, pins)
    program = compile_netlist(netlists.single_cell(cell), gate_models(), "clk")
    rows = list(itertools.product((0, 1), repeat=len(names)))
    simulator = Simulator(program, 1)
    simulator.evaluate({n: pack(np.array([r[i] for r in rows]), 1) for i, n in enumerate(names)})
    want = pack(np.array([int(function(*row)) for row in rows]), 1)
    live = pack(np.ones(len(rows), dtype=np.int64), 1)
    assert ((simulator.output("Y") ^ want) & live == 0).all()


@pytest.mark.parametrize("name", ["nangate45", "asap7"])
def test_every_flip_flop_on_a_rising_clock(name):
    """State and outputs over random inputs, with asynchronous pins inactive."""
    technology = netlists.technology(name)
    rng = np.random.default_rng(2)
    checked = 0
    for cell in technology.cells.values():
        if cell.ff is None or cell.ff.clear or cell.ff.preset or cell.ff.clocked_on[0] == "!":
            continue
        models = cell_models(technology, {cell.name})
        program = compile_netlist(netlists.single_cell(cell), models, cell.ff.clocked_on)
        simulator = Simulator(program, 1)
        state = np.zeros(64, dtype=np.int64)
        for _ in range(20):
            values = {pin.name: rng.integers(0, 2, size=64) for pin in cell.inputs}
            simulator.evaluate({pin: pack(bits, 1) for pin, bits in values.items()})

            def lane_truth(ast, lane, values=values, state=state):
                at = {pin: int(bits[lane]) for pin, bits in values.items()}
                q = int(state[lane])
                return truth(ast, at | {cell.ff.state: q, cell.ff.state_n: 1 - q})  # noqa: B023

            for pin in cell.outputs:
                ast = boolean.parse(pin.function)
                want = np.array([lane_truth(ast, lane) for lane in range(64)])
                assert (simulator.output(pin.name) == pack(want, 1)).all(), cell.name
            following = boolean.parse(cell.ff.next_state)
            state = np.array([lane_truth(following, lane) for lane in range(64)])
            simulator.tick()
        checked += 1
    assert checked >= 2

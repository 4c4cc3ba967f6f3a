"""Netlists made by hand: order, loops, clocks, constants."""

import numpy as np
import pytest

from hwdse.errors import ExternalToolError
from hwdse.synth.netlist import cell_models, gate_models, read_netlist
from hwdse.synth.simulate import Simulator, compile_netlist, pack, unpack

from . import netlists

MODELS = gate_models()


def compiled(module, clock="clk", models=MODELS):
    return compile_netlist(read_netlist(module), models, clock)


def test_cells_in_any_order():
    cells = [
        ("$_NOT_", {"A": 6, "Y": 7}),
        ("$_XOR_", {"A": 5, "B": 3, "Y": 6}),
        ("$_AND_", {"A": 2, "B": 3, "Y": 5}),
    ]
    for order in (cells, cells[::-1], [cells[1], cells[2], cells[0]]):
        simulator = Simulator(compiled(netlists.module({"x": [2, 3]}, {"y": [7]}, order)), 1)
        simulator.evaluate({"x": pack(np.arange(4), 2)})
        assert unpack(simulator.output("y"), 4).tolist() == [1, 1, 0, 1]


def test_constants_and_undefined_bits():
    cells = [("$_OR_", {"A": 2, "B": "1", "Y": 3}), ("$_AND_", {"A": 2, "B": "x", "Y": 4})]
    module = netlists.module({"x": [2]}, {"y": [3, 4, "1", "0", "x", 2]}, cells)
    simulator = Simulator(compiled(module), 1)
    simulator.evaluate({"x": pack(np.array([0, 1]), 1)})
    assert unpack(simulator.output("y"), 2).tolist() == [0b000101, 0b100101]


def test_a_combinational_loop_is_refused():
    cells = [("$_AND_", {"A": 2, "B": 4, "Y": 3}), ("$_NOT_", {"A": 3, "Y": 4})]
    with pytest.raises(ExternalToolError, match="combinational loop"):
        compiled(netlists.module({"x": [2]}, {"y": [4]}, cells))


def test_a_loop_through_a_register_is_none():
    cells = [("$_NOT_", {"A": 4, "Y": 3}), ("$_DFF_P_", {"C": 2, "D": 3, "Q": 4})]
    simulator = Simulator(compiled(netlists.module({"clk": [2]}, {"q": [4]}, cells)), 1)
    seen = []
    for _ in range(4):
        simulator.evaluate({})
        seen.append(int(simulator.output("q")[0, 0] & 1))
        simulator.tick()
    assert seen == [0, 1, 0, 1]


def test_registers_swap_without_a_race():
    cells = [("$_DFF_P_", {"C": 2, "D": 5, "Q": 4}), ("$_DFF_P_", {"C": 2, "D": 6, "Q": 5})]
    module = netlists.module({"clk": [2], "d": [6]}, {"q": [4]}, cells)
    simulator = Simulator(compiled(module), 1)
    seen = []
    for bit in (1, 0, 1, 1, 0):
        simulator.evaluate({"d": pack(np.array([bit]), 1)})
        seen.append(int(simulator.output("q")[0, 0] & 1))
        simulator.tick()
    assert seen == [0, 0, 1, 0, 1]


def test_synchronous_reset():
    cells = [("$_SDFF_PP0_", {"C": 2, "D": 3, "R": 4, "Q": 5})]
    module = netlists.module({"clk": [2], "d": [3], "r": [4]}, {"q": [5]}, cells)
    simulator = Simulator(compiled(module), 1)
    simulator.evaluate({"d": pack(np.array([0, 1, 0, 1]), 1), "r": pack(np.array([0, 0, 1, 1]), 1)})
    simulator.tick()
    simulator.evaluate({})
    assert unpack(simulator.output("q"), 4).tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("bit", [3, "0", 5])
def test_a_flip_flop_on_another_clock_is_refused(bit):
    cells = [("$_NOT_", {"A": 2, "Y": 5}), ("$_DFF_P_", {"C": bit, "D": 3, "Q": 4})]
    module = netlists.module({"clk": [2], "d": [3]}, {"q": [4]}, cells)
    with pytest.raises(ExternalToolError, match="u1 does not follow clk's rise"):
        compiled(module)


def test_a_missing_clock_port_is_refused():
    cells = [("$_DFF_P_", {"C": 2, "D": 3, "Q": 4})]
    with pytest.raises(ExternalToolError, match="does not follow"):
        compiled(netlists.module({"clock": [2], "d": [3]}, {"q": [4]}, cells))


def test_a_clock_through_buffers_and_two_inverters_is_followed():
    cells = [
        ("$_NOT_", {"A": 7, "Y": 8}),
        ("$_BUF_", {"A": 6, "Y": 7}),
        ("$_NOT_", {"A": 2, "Y": 6}),
        ("$_DFF_P_", {"C": 8, "D": 3, "Q": 4}),
    ]
    module = netlists.module({"clk": [2], "d": [3]}, {"q": [4]}, cells)
    assert len(compiled(module).registers) == 1


def test_an_unknown_cell_is_named():
    with pytest.raises(ExternalToolError, match="uses 'NAND9_X1', no cell of nangate45"):
        cell_models(netlists.technology("nangate45"), {"NAND2_X1", "NAND9_X1"})


def test_input_planes_must_match_the_port():
    simulator = Simulator(compiled(netlists.module({"x": [2, 3]}, {"y": [3]}, [])), 1)
    with pytest.raises(ValueError, match="zip"):
        simulator.evaluate({"x": pack(np.arange(4), 3)})

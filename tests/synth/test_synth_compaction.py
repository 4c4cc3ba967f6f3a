"""Compacted programs compute the same in every cycle, with fewer operations and rows."""

import random

import numpy as np
import pytest

from hwdse.synth.compaction import compact
from hwdse.synth.netlist import gate_models, read_netlist
from hwdse.synth.simulate import Operation, Program, Simulator, compile_netlist

from . import netlists

WORDS = 4
BINARY = ("$_AND_", "$_OR_", "$_XOR_", "$_XNOR_", "$_NAND_", "$_NOR_", "$_ANDNOT_", "$_ORNOT_")


def outputs(program, stimulus):
    """Every output in every cycle, from registers that hold ones."""
    simulator = Simulator(program, WORDS)
    for state, _ in program.registers:
        simulator.values[state] = ~np.uint64(0)
    seen = []
    for inputs in stimulus:
        simulator.evaluate(inputs)
        seen.append({name: simulator.output(name) for name in program.netlist.outputs})
        simulator.tick()
    return seen


def noise(program, cycles):
    rng = np.random.default_rng(4)
    return [
        {
            name: rng.integers(0, 1 << 64, size=(len(nets), WORDS), dtype=np.uint64)
            for name, nets in program.netlist.inputs.items()
        }
        for _ in range(cycles)
    ]


def assert_same(program, cycles=12):
    small = compact(program)
    stimulus = noise(program, cycles)
    for one, other in zip(outputs(program, stimulus), outputs(small, stimulus), strict=True):
        assert one.keys() == other.keys()
        for name, planes in one.items():
            assert (planes == other[name]).all(), name
    assert len(small.operations) <= len(program.operations) + len(program.registers)
    return small


@pytest.mark.parametrize(
    "spec", ["mac:w=int4,a=int4,pipeline=2", "mac:w=e2m1,a=e4m3", "lmul:w=e4m3,a=e4m3,pipeline=1"]
)
@pytest.mark.parametrize("target", ["rtl", "nangate45"])
def test_units(spec, target):
    from hwdse.synth import flow
    from hwdse.verify.check import compile_mapped

    if target == "rtl":
        module = flow.gate_netlist(netlists.rtlil(spec))
        program = compile_netlist(read_netlist(module), gate_models(), "clk")
    else:
        netlist = read_netlist(netlists.mapped(spec, target).netlist)
        program = compile_mapped(netlist, netlists.technology(target))
    small = assert_same(program)
    assert small.row_count < program.row_count / 2


def random_module(seed):
    """Gates and registers wired at random, with constants and nets that are used many times."""
    chooser = random.Random(seed)  # noqa: S311
    inputs = list(range(2, 8))
    registers = list(range(8, 14))
    nets = ["0", "1", *inputs, *registers]
    cells = {}
    for number in range(60):
        kind = chooser.choice((*BINARY, "$_NOT_", "$_BUF_", "$_MUX_"))
        pins = {"A": chooser.choice(nets)}
        if kind in (*BINARY, "$_MUX_"):
            pins["B"] = chooser.choice(nets)
        if kind == "$_MUX_":
            pins["S"] = chooser.choice(nets)
        output = 100 + number
        cells[f"g{number}"] = {
            "type": kind,
            "connections": {pin: [net] for pin, net in (pins | {"Y": output}).items()},
        }
        nets.append(output)
    for number, net in enumerate(registers):
        # A register may follow a constant, an input, or another register.
        following = chooser.choice(nets)
        cells[f"r{number}"] = {
            "type": "$_DFF_P_",
            "connections": {"C": [50], "D": [following], "Q": [net]},
        }
    return {
        "ports": {
            "clk": {"direction": "input", "bits": [50]},
            "x": {"direction": "input", "bits": inputs},
            "y": {"direction": "output", "bits": [chooser.choice(nets) for _ in range(8)]},
            "z": {"direction": "output", "bits": registers},
        },
        "cells": cells,
    }


@pytest.mark.parametrize("seed", range(40))
def test_random_netlists(seed):
    netlist = read_netlist(random_module(seed))
    assert_same(compile_netlist(netlist, gate_models(), "clk"))


def test_constants_cost_nothing():
    """x & 0, x | 1, x ^ x and not not x leave no operation."""
    module = {
        "ports": {
            "x": {"direction": "input", "bits": [2]},
            "y": {"direction": "output", "bits": [3, 4, 5, 7]},
        },
        "cells": {
            name: {"type": kind, "connections": {p: [n] for p, n in pins.items()}}
            for name, kind, pins in (
                ("a", "$_AND_", {"A": 2, "B": "0", "Y": 3}),
                ("b", "$_OR_", {"A": "1", "B": 2, "Y": 4}),
                ("c", "$_XOR_", {"A": 2, "B": 2, "Y": 5}),
                ("d", "$_NOT_", {"A": 2, "Y": 6}),
                ("e", "$_NOT_", {"A": 6, "Y": 7}),
            )
        },
    }
    small = compact(compile_netlist(read_netlist(module), gate_models(), "clk"))
    assert small.operations == ()
    simulator = Simulator(small, 1)
    simulator.evaluate({"x": np.array([[0b0101]], dtype=np.uint64)})
    ones = (1 << 64) - 1
    assert simulator.output("y")[:, 0].tolist() == [0, ones, 0, 0b0101]


def inverted(operation):
    def function(first, second, result):
        np.invert(operation.function(first, second), result)

    return Operation(function, operation.target, operation.first, operation.second)


def without_second(operation):
    return Operation(np.positive, operation.target, operation.first, None)


def noticed(fault, seeds):
    """Faults of single operations that outputs show, and how many there are."""
    found, tried = 0, 0
    for seed in seeds:
        program = compile_netlist(read_netlist(random_module(seed)), gate_models(), "clk")
        small = compact(program)
        stimulus = noise(program, 12)
        want = outputs(program, stimulus)
        for index, operation in enumerate(small.operations):
            if operation.second is None:
                continue
            operations = (
                *small.operations[:index],
                fault(operation),
                *small.operations[index + 1 :],
            )
            spoilt = Program(small.netlist, operations, small.registers, small.row_count)
            got = outputs(spoilt, stimulus)
            found += any(
                (one[name] != other[name]).any()
                for one, other in zip(want, got, strict=True)
                for name in one
            )
            tried += 1
    return found, tried


def test_a_wrong_operation_would_be_noticed():
    assert noticed(inverted, range(1, 6)) == (75, 75)
    # A random netlist is redundant: some operands decide nothing, in 60 cycles no more than in 12.
    found, tried = noticed(without_second, range(1, 6))
    assert found >= 0.8 * tried

"""Programs of units, each synthesised once, and shortened checks."""

from __future__ import annotations

import functools

import rtl
from hwdse.pe import parse
from hwdse.synth import flow
from hwdse.synth.netlist import gate_models, read_netlist
from hwdse.synth.simulate import compile_netlist
from hwdse.verify import check
from hwdse.verify.stimulus import all_pairs, hard_sequences

SHORT = 1 << 14


@functools.cache
def gates(spec):
    """Yosys' JSON of a unit's RTL as gates."""
    return flow.gate_netlist(rtl.to_rtlil(parse(spec)))


def compiled(module):
    return compile_netlist(read_netlist(module), gate_models(), "clk")


@functools.cache
def program(spec):
    return compiled(gates(spec))


def short_check(unit, program, vectors=SHORT, seed=5, enumerate_pairs=True):
    """Elements compared and elements wrong, of a check that takes a fraction of a second.

    It stops after the enumeration, which is the quicker part, where that finds something.
    """
    compared = wrong = 0
    plans = [hard_sequences(unit, vectors, seed)]
    if enumerate_pairs:
        plans.insert(0, all_pairs(unit))
    for plan in plans:
        if wrong:
            break
        count, bad, _ = check.run_sequences(unit, program, plan, seed)
        compared, wrong = compared + count, wrong + bad
    return compared, wrong

"""Combinational RTL as a function of arrays.

A fixture, as this directory is no package: one named ``rtl`` here would hide the one under test.
"""

from __future__ import annotations

import pytest
from amaranth.back import rtlil

from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.verify.check import compile_rtl


class Combinational:
    """Gates of a component without registers, as a function of arrays of codes."""

    def __init__(self, top, ports=None):
        options = {} if ports is None else {"ports": ports}
        text = rtlil.convert(top, name="part", emit_src=False, **options)
        self.program = compile_rtl(text)
        assert not self.program.registers

    def __call__(self, **inputs):
        netlist = self.program.netlist
        lanes = len(next(iter(inputs.values())))
        simulator = Simulator(self.program, -(-lanes // 64))
        simulator.evaluate(
            {name: pack(inputs[name], len(nets)) for name, nets in netlist.inputs.items()}
        )
        return {name: unpack(simulator.output(name), lanes) for name in netlist.outputs}


@pytest.fixture(scope="session")
def combinational():
    return Combinational

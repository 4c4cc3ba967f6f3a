"""Combinational RTL as a function of arrays, and proofs about RTL by SAT.

Fixtures, as this directory is no package: one named ``rtl`` here would hide the one under test.
"""

from __future__ import annotations

import pytest
from amaranth.back import rtlil

from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.synth.yosys import run_yosys
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


PROOF = """
read_rtlil {job}/part.il
hierarchy -auto-top
proc
flatten -noscopeinfo
opt -full
tee -o {job}/proof.txt sat {induction} -prove bad 0
"""


def never_bad(module, ports, *, induction=False):
    """Whether no inputs raise the output ``bad``; by induction, not in any reachable state."""
    text = rtlil.convert(module, name="part", emit_src=False, ports=ports)
    script = PROOF.replace("{induction}", "-tempinduct" if induction else "")
    log = run_yosys(script, {"part.il": text}, ("proof.txt",))["proof.txt"]
    assert ("SUCCESS" in log) != ("FAIL" in log), log
    return "SUCCESS" in log


@pytest.fixture(scope="session")
def proven():
    return never_bad

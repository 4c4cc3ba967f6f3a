"""The bit-parallel engine against Amaranth's own simulator, which nobody here wrote."""

import warnings

import numpy as np
import pytest
from amaranth.sim import Simulator as Pysim

import rtl
from hwdse.pe import parse
from hwdse.synth.netlist import read_netlist
from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.verify.check import compile_mapped, compile_rtl

from . import netlists

CYCLES, RUNS = 150, 3
SPECS = [
    "mac:w=int8,a=int8",
    "mac:w=int4,a=uint8,acc=exact,terms=9,pipeline=1",
    "dot:w=int3,a=int2,lanes=3,pipeline=2",
    "mac:w=e4m3,a=e4m3",
    "mac:w=e5m2,a=e5m2,acc=exact,pipeline=1",
    "mac:w=bf16,a=e2m1,acc=bf16",
    "lmul:w=e4m3,a=e4m3,acc=fp16,pipeline=2",
]


def stimulus(unit, seed):
    """Values of every input in every cycle, with bubbles, clears and an occasional reset."""
    rng = np.random.default_rng(seed)
    inputs = {
        port.name: [
            int.from_bytes(rng.bytes(-(-port.width // 8)), "big") % (1 << port.width)
            for _ in range(CYCLES)
        ]
        for port in unit.ports
        if port.direction == "input"
    }
    inputs["clear"] = (rng.random(CYCLES) < 0.2).astype(int).tolist()
    inputs["in_valid"] = (rng.random(CYCLES) < 0.7).astype(int).tolist()
    inputs["rst"] = (rng.random(CYCLES) < 0.05).astype(int).tolist()
    return inputs


def with_pysim(unit, inputs):
    """Outputs seen in every cycle before its edge."""
    from amaranth.hdl import ResetInserter, Signal

    rst = Signal()
    top = rtl.build(unit)
    outputs = {port.name: [] for port in unit.ports if port.direction == "output"}

    async def bench(ctx):
        for cycle in range(CYCLES):
            for name, values in inputs.items():
                ctx.set(rst if name == "rst" else getattr(top, name), values[cycle])
            # Half a period after the edge everything has settled.
            await ctx.delay(4e-7)
            for name, seen in outputs.items():
                seen.append(int(ctx.get(getattr(top, name))))
            await ctx.tick()

    simulator = Pysim(ResetInserter(rst)(top))
    simulator.add_clock(1e-6)
    simulator.add_testbench(bench)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        simulator.run()
    return outputs


def with_numpy(unit, program, runs):
    """The same for several stimuli at once, one to a lane."""
    simulator = Simulator(program, 1)
    widths = {port.name: port.width for port in unit.ports} | {"rst": 1}
    outputs = {port.name: [] for port in unit.ports if port.direction == "output"}
    for cycle in range(CYCLES):
        planes = {
            name: pack(np.array([run[name][cycle] for run in runs], dtype=object), widths[name])
            for name in runs[0]
        }
        simulator.evaluate(planes)
        for name, seen in outputs.items():
            seen.append([int(code) for code in unpack(simulator.output(name), len(runs))])
        simulator.tick()
    return outputs


@pytest.mark.parametrize("spec", SPECS)
@pytest.mark.parametrize("target", ["rtl", "nangate45"])
def test_both_engines_agree_in_every_cycle(spec, target):
    unit = parse(spec)
    if target == "rtl":
        program = compile_rtl(netlists.rtlil(spec))
    else:
        netlist = read_netlist(netlists.mapped(spec, target).netlist)
        program = compile_mapped(netlist, netlists.technology(target))
    runs = [stimulus(unit, seed) for seed in range(RUNS)]
    got = with_numpy(unit, program, runs)
    compared = 0
    for lane, run in enumerate(runs):
        for name, values in with_pysim(unit, run).items():
            width = next(port.width for port in unit.ports if port.name == name)
            want = [value % (1 << width) for value in values]
            assert [codes[lane] for codes in got[name]] == want, name
            assert len(set(want)) > 1
            compared += len(want)
    assert compared == RUNS * CYCLES * len(got)

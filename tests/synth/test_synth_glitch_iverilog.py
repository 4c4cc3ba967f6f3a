"""Transitions with gate delays against Icarus Verilog on a mapped unit, where it is installed.

A cell looks at its inputs a quarter step after they have changed, for a pulse of no width between
simultaneous changes must not restart a delay; what it sees is delayed by two quarters less than its
own delay, inertially, and by the last quarter come what may: a pulse as long as the delay passes.
"""

from __future__ import annotations

import shutil
import subprocess

import numpy as np
import pytest

from hwdse.synth.glitch import compile_events, timed_delays, unit_delays
from hwdse.synth.netlist import cell_models, read_netlist
from hwdse.synth.simulate import Simulator, compile_netlist
from hwdse.synth.timing import analyse_timing
from hwdse.tech import boolean

from . import netlists

IVERILOG, VVP = shutil.which("iverilog"), shutil.which("vvp")
CYCLES = 64
WARM_UP = 4


def verilog(netlist, models, delays, stimulus, period):
    """A testbench: nets ``n0..``, counted from the end of the warm-up on."""
    count = netlist.net_count
    lines = ["module tb;", "reg clk = 0; reg on = 0;"]
    sources = {net for name, nets in netlist.inputs.items() for net in nets if name != "clk"}
    kept = sorted(sources)
    lines += [f"reg n{net} = 0;" for net in kept] + ["wire n0 = 0; wire n1 = 1;"]
    lines.append(f"reg [{len(kept) - 1}:0] m [0:{len(stimulus) - 1}];")
    for number, instance in enumerate(netlist.instances):
        model = models[instance.kind]
        names = {pin: f"n{net}" for pin, net in instance.pins.items()}
        if model.next_state is not None:
            names[model.state] = f"s{number}"
            following = expression(model.next_state, names)
            lines.append(f"reg s{number} = 0; always @(posedge clk) s{number} <= {following};")
        for pin, ast in model.outputs.items():
            if pin not in instance.pins:
                continue
            net = instance.pins[pin]
            if not boolean.variables(ast):
                lines.append(f"wire n{net} = {expression(ast, names)};")
                continue
            rise, fall = 4 * delays.rise[net] - 2, 4 * delays.fall[net] - 2
            lines.append(f"wire e{net} = {expression(ast, names)}; reg r{net};")
            lines.append(f"initial #1 r{net} = e{net}; always @(e{net}) #1 r{net} = e{net};")
            lines.append(f"wire d{net}; assign #({rise},{fall}) d{net} = r{net};")
            lines.append(f"reg n{net}; always @(d{net}) n{net} <= #1 d{net};")
            lines.append(f"integer c{net} = 0; always @(n{net}) if (on) c{net} = c{net} + 1;")
    lines += ["integer i; initial begin", '$readmemb("stimulus.txt", m);']
    targets = ", ".join(f"n{net}" for net in reversed(kept))
    lines.append(f"for (i = 0; i < {len(stimulus)}; i = i + 1) begin")
    lines.append(f"if (i == {WARM_UP}) on = 1;")
    lines.append(f"clk = 1; {{{targets}}} <= m[i]; #{period // 2} clk = 0; #{period // 2};")
    lines.append("end")
    counted = [net for net in range(count) if f"integer c{net} " in "\n".join(lines)]
    lines += [f'$display("{net} %0d", c{net});' for net in counted]
    return "\n".join([*lines, "end", "endmodule", ""])


def expression(ast, names):
    if ast[0] == "const":
        return f"1'b{ast[1]}"
    if ast[0] == "var":
        return names[ast[1]]
    if ast[0] == "not":
        return f"(~{expression(ast[1], names)})"
    sign = {"and": " & ", "or": " | ", "xor": " ^ "}[ast[0]]
    return "(" + sign.join(expression(x, names) for x in ast[1:]) + ")"


@pytest.mark.slow
@pytest.mark.skipif(IVERILOG is None or VVP is None, reason="Icarus Verilog is not installed")
@pytest.mark.parametrize("name", ["nangate45", "asap7"])
@pytest.mark.parametrize("mode", ["timed", "unit"])
def test_every_net_of_a_mapped_unit(name, mode, tmp_path):
    technology = netlists.technology(name)
    netlist = read_netlist(netlists.mapped("mac:w=int4,a=int4", name).netlist)
    models = cell_models(technology, {i.kind for i in netlist.instances})
    program = compile_netlist(netlist, models, "clk")
    timed = timed_delays(program, technology, analyse_timing(netlist, technology))
    delays = timed if mode == "timed" else unit_delays(netlist.net_count)

    rng = np.random.default_rng(8)
    sources = sorted({n for p, nets in netlist.inputs.items() for n in nets if p != "clk"})
    bits = rng.integers(0, 2, size=(WARM_UP + CYCLES, len(sources)))
    fixed = {"rst": 0, "in_valid": 1}
    for port, value in fixed.items():
        bits[:, sources.index(netlist.inputs[port][0])] = value
    clear = sources.index(netlist.inputs["clear"][0])
    bits[:, clear] = rng.random(len(bits)) < 0.1
    bits[0, clear] = 1

    simulator = Simulator(program, 1)
    rows = []
    for line in bits:
        simulator.values[sources, 0] = np.where(line, ~np.uint64(0), np.uint64(0))
        simulator.evaluate({})
        rows.append(simulator.values[:, 0] & np.uint64(1))
        simulator.tick()
    history = np.array(rows, dtype=np.uint64)
    place = np.arange(CYCLES, dtype=np.uint64)[:, None]
    before, after = (
        np.bitwise_or.reduce(history[first : first + CYCLES] << place, axis=0)[:, None]
        for first in (WARM_UP - 1, WARM_UP)
    )
    counted = compile_events(program, models, delays).transitions(before, after)[:, 0]

    period = 8 * int(delays.rise.max() + delays.fall.max()) * 60
    stimulus = ["".join(map(str, line[::-1])) for line in bits]
    (tmp_path / "stimulus.txt").write_text("\n".join(stimulus) + "\n")
    (tmp_path / "tb.v").write_text(verilog(netlist, models, delays, stimulus, period))
    subprocess.run([IVERILOG, "-g2005", "-o", "tb", "tb.v"], cwd=tmp_path, check=True, timeout=120)
    done = subprocess.run(
        [VVP, "tb"], cwd=tmp_path, check=True, timeout=300, capture_output=True, text=True
    )
    seen = dict(map(int, line.split()) for line in done.stdout.splitlines() if line[:1].isdigit())
    assert len(seen) > 200
    assert {net: int(counted[net]) for net in seen} == seen
    toggles = np.bitwise_count(before ^ after)[list(seen), 0]
    assert sum(seen.values()) > 1.2 * toggles.sum()

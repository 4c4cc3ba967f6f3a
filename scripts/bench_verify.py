"""Vectors per second of `hwdse verify`, beside Amaranth's simulator and Icarus on the same unit.

    python scripts/bench_verify.py [SPEC ...]

All three get the same kind of elements and compare every sum. For hwdse and Amaranth the time of
the reference counts; Icarus reads golden vectors, and writing them does not. Icarus is left out
where it is not installed. One core each. Times are processor time, which says more than wall time
where the machine has other work; synthesis and compilation are shown apart.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from amaranth.sim import Simulator

import rtl
from hwdse.export import export
from hwdse.pe import Unit, parse
from hwdse.verify.check import check_program, compile_rtl
from hwdse.verify.stimulus import hard_sequences

SPECS = ("mac:w=int8,a=int8", "mac:w=e4m3,a=e4m3")
VECTORS = 10_000_000
PYSIM_VECTORS = 5_000
ICARUS_VECTORS = 100_000


def spent() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def ours(unit: Unit) -> tuple[float, float]:
    """Seconds to build, and vectors per second."""
    start = spent()
    program = compile_rtl(rtl.to_rtlil(unit))
    built = spent() - start
    start = spent()
    checked = check_program(unit, program, "rtl", VECTORS, 1)
    assert checked.mismatches == 0
    return built, checked.vectors / (spent() - start)


def pysim(unit: Unit) -> tuple[float, float]:
    """The same for a unit of one lane and no pipeline, one accumulator after another."""
    if unit.latency != 1 or unit.lanes != 1:
        sys.exit(f"{unit.canonical}: give units of one lane without pipeline stages")
    start = spent()
    top = rtl.build(unit)
    simulator = Simulator(top)
    simulator.add_clock(1e-9)
    built = spent() - start
    sequence = next(hard_sequences(unit, PYSIM_VECTORS, 1)).columns(
        slice(0, 1 + PYSIM_VECTORS // 64)
    )
    start = spent()
    codes = {name: values.tolist() for name, values in sequence.codes.items()}
    wanted = unit.outputs(sequence.codes, sequence.clear)["acc"]
    width = unit.accumulator.width
    compared = 0

    async def testbench(ctx):
        nonlocal compared
        ctx.set(top.in_valid, 1)
        for column in range(sequence.shape[1]):
            for step in range(sequence.shape[0]):
                for name, values in codes.items():
                    ctx.set(getattr(top, name), values[step][column])
                ctx.set(top.clear, bool(sequence.clear[step]))
                await ctx.tick()
                assert ctx.get(top.acc) == int(wanted[step, column]) % (1 << width)
                compared += 1

    simulator.add_testbench(testbench)
    simulator.run()
    return built, compared / (spent() - start)


def icarus(unit: Unit) -> tuple[float, float] | None:
    """The exported testbench; writing its vectors is part of the time, as making ours is."""
    compiler = shutil.which("iverilog")
    if compiler is None:
        return None
    with tempfile.TemporaryDirectory() as directory:
        start = spent()
        export(unit, Path(directory), testbench=True, vectors=ICARUS_VECTORS)
        written = spent() - start
        name = unit.module_name
        start = spent()
        subprocess.run(
            [compiler, "-g2005", "-o", "tb", f"{name}.v", f"{name}_tb.v"], cwd=directory, check=True
        )
        built = spent() - start
        start = spent()
        run = subprocess.run(
            ["vvp", "tb"], cwd=directory, capture_output=True, text=True, check=True
        )
        assert run.stdout == f"PASS {ICARUS_VECTORS} vectors\n", run.stdout
        seconds = spent() - start
        print(f"    (its vectors took {written:.1f} s to write, which is not counted)")
    return built, ICARUS_VECTORS / seconds


def main() -> None:
    for spec in sys.argv[1:] or SPECS:
        unit = parse(spec)
        print(unit.canonical)
        built, speed = ours(unit)
        print(f"  hwdse verify     {speed:12,.0f} vectors/s   (built in {built:.2f} s)")
        for name, measure in (("Amaranth pysim", pysim), ("Icarus Verilog", icarus)):
            found = measure(unit)
            if found is None:
                print(f"  {name}   is not installed")
                continue
            built, other = found
            print(
                f"  {name:15}  {other:12,.0f} vectors/s   (built in {built:.2f} s)   "
                f"hwdse is {speed / other:,.0f} times as fast"
            )


if __name__ == "__main__":
    main()

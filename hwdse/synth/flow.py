"""From RTLIL text to Verilog, to a netlist of gates, and to one of a technology's cells."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hwdse.synth.yosys import run_yosys, yosys_version

__all__ = [
    "MAPPING_RECIPE",
    "Mapped",
    "gate_netlist",
    "map_to_cells",
    "mapping_key",
    "prove_mapping",
    "verilog",
]

_READ = """
read_rtlil {job}/design.il
hierarchy -auto-top
"""

_GATES = (
    _READ
    + """
proc
flatten -noscopeinfo
opt_expr
opt_merge
opt_clean
memory_map
techmap
simplemap
dfflegalize -cell $_DFF_P_ 01 -cell $_SDFF_PP0_ 01
opt_clean -purge
write_json {job}/netlist.json
"""
)

# The scripts of `synth` and `abc -liberty`, so that areas compare with any Yosys user's, but with
# `ifraig` for `&fraig -x`: same netlists wherever both end, and `&fraig -x` does not end within
# minutes on some adder trees.
_ABC_SCRIPT = "+strash;ifraig;scorr;dc2;dretime;strash;&get,-n;&dch,-f;&nf;&put"

MAPPING_RECIPE = (
    _READ
    + f"""
synth -flatten -noabc
abc -script {_ABC_SCRIPT}
opt -fast
dfflibmap -liberty {{job}}/cells.lib
abc -liberty {{job}}/cells.lib -script {_ABC_SCRIPT}
opt_clean -purge
tee -o {{job}}/stat.json stat -json -liberty {{job}}/cells.lib
write_json {{job}}/netlist.json
"""
)

_EQUIVALENCE = (
    _READ
    + """
rename -top gold
proc
flatten -noscopeinfo
opt_clean
design -stash gold

read_json {job}/mapped.json
read_liberty -ignore_miss_func {job}/cells.lib
hierarchy -top mapped
rename -top gate
proc
flatten -noscopeinfo
opt_clean
delete t:$scopeinfo
design -stash gate

design -copy-from gold gold
design -copy-from gate gate
equiv_make gold gate equiv
hierarchy -top equiv
opt -share_all
equiv_simple -undef
equiv_induct -undef
tee -o {job}/status.txt equiv_status
"""
)

_VERILOG = (
    _READ
    + """
proc -norom
opt_clean -purge
write_verilog -noattr {job}/design.v
"""
)


@dataclass(frozen=True)
class Mapped:
    """A netlist of a technology's cells.

    Attributes:
        netlist: Yosys' JSON of the flat top module.
        area_um2: Sum of the cells' areas as Yosys counts it.
        cell_counts: Cell name to number of instances.
    """

    netlist: dict[str, Any]
    area_um2: float
    cell_counts: dict[str, int]


def gate_netlist(rtlil: str) -> dict[str, Any]:
    """The RTL itself as two-input gates and flip-flops: no optimisation across registers, no ABC.

    Returns:
        Yosys' JSON of the flat top module.
    """
    out = run_yosys(_GATES, {"design.il": rtlil}, ("netlist.json",))
    return _only_module(out["netlist.json"])


def verilog(rtlil: str) -> str:
    """Verilog-2005 of a design, hierarchy and port names kept."""
    return run_yosys(_VERILOG, {"design.il": rtlil}, ("design.v",))["design.v"]


def mapping_key(rtlil: str, technology_sha256: str) -> str:
    """The content key of a mapping: design, technology, recipe and Yosys version."""
    parts = [rtlil, technology_sha256, MAPPING_RECIPE, yosys_version()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def map_to_cells(rtlil: str, liberty: str) -> Mapped:
    """Map a design to the cells of a Liberty text with ABC's default script (no clock target).

    Args:
        rtlil: The design.
        liberty: From :func:`hwdse.tech.mapping_liberty`.
    """
    inputs = {"design.il": rtlil, "cells.lib": liberty}
    out = run_yosys(MAPPING_RECIPE, inputs, ("netlist.json", "stat.json"))
    stat = json.loads(out["stat.json"])["design"]
    return Mapped(
        netlist=_only_module(out["netlist.json"]),
        area_um2=float(stat["area"]),
        cell_counts={name: int(n) for name, n in stat["num_cells_by_type"].items()},
    )


def prove_mapping(rtlil: str, mapped: Mapped, liberty: str, *, seconds: float) -> bool:
    """Prove by SAT and induction that a mapped netlist is equivalent to its RTL.

    Args:
        rtlil: The design.
        mapped: Its netlist.
        liberty: The Liberty text it was mapped with, for the cells' functions.
        seconds: Time limit.

    Returns:
        Whether it was proven; False when the limit passed or the induction did not close.
    """
    inputs = {
        "design.il": rtlil,
        "cells.lib": liberty,
        "mapped.json": json.dumps({"modules": {"mapped": mapped.netlist}}),
    }
    try:
        out = run_yosys(_EQUIVALENCE, inputs, ("status.txt",), seconds=seconds)
    except TimeoutError:
        return False
    return "Equivalence successfully proven!" in out["status.txt"]


def _only_module(text: str) -> dict[str, Any]:
    modules = json.loads(text)["modules"]
    tops = [m for m in modules.values() if int(m.get("attributes", {}).get("top", "0"), 2)]
    chosen: dict[str, Any] = tops[0] if tops else next(iter(modules.values()))
    return chosen

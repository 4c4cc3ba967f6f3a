"""From RTLIL text to Verilog, to a netlist of gates, and to one of a technology's cells."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from hwdse.synth.arithmetic import FOLD, PLACEHOLDER, PLACES, PRODUCTS, adder_cells
from hwdse.synth.recipe import AREA, GENERIC_SCRIPT, Recipe
from hwdse.synth.yosys import run_yosys, yosys_version
from hwdse.tech.full_adder import FullAdder

__all__ = [
    "MAPPING_RECIPE",
    "Mapped",
    "cxxrtl",
    "flattened",
    "gate_netlist",
    "map_around",
    "map_hierarchy",
    "map_to_cells",
    "mapping_key",
    "only_module",
    "prove_mapping",
    "recipe_text",
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

# Word-level operators become gates module by module, and then the borders of modules go. Flattened
# before, a multiplication and the addition to a wide accumulator would become one sum of partial
# products that are all extended to the accumulator's width: a third more area.
# Cells hold no initial values; and Yosys 0.70 stops where a register's bit that is always 0 has its
# value under two names.
_OPERATORS = """\
proc
setattr -unset init w:*
opt
wreduce
techmap -autoproc -map {job}/products.v
opt
"""
_TO_GATES = "synth -noabc -run begin:fine\n"
_FLATTEN = """\
flatten -noscopeinfo
opt -full
opt_clean -purge
"""
_FLAT = _OPERATORS + _TO_GATES + _FLATTEN + "synth -noabc -run fine:"
_HIERARCHICAL = _OPERATORS + "synth -noabc"

# One module is mapped by itself, and its instances are flattened only then.
_KEPT = "setattr -mod -set keep_hierarchy 1 {kept}\n" + _FLAT
_FLATTENED = """
read_json {job}/modules.json
hierarchy -auto-top
setattr -mod -unset keep_hierarchy *
flatten -noscopeinfo
opt_clean -purge
write_json {job}/flat.json
"""

# Folding one full adder with a constant input makes another's input constant, at the next bit.
_FOLDS = 16
_FOLDING = """\
techmap -map {job}/fold.v
opt_expr -full
opt_merge
opt_clean
"""
_COMPACT = (
    "read_verilog -lib {job}/placeholder.v\n"
    + _OPERATORS
    + _TO_GATES
    + """\
maccmap
opt
techmap -map {job}/places.v
"""
    + _FLATTEN
    + _FOLDING * _FOLDS
    + """\
synth -noabc -run fine:
techmap -map {job}/adder_cells.v
simplemap"""
)

_MAPPING = (
    _READ
    + f"""
{{front}}
abc -script {GENERIC_SCRIPT}
opt -fast
dfflibmap -liberty {{job}}/cells.lib
abc -liberty {{job}}/cells.lib{{target}} -script {{script}}
opt_clean -purge
tee -o {{job}}/stat.json stat -json -liberty {{job}}/cells.lib
write_json {{job}}/netlist.json
"""
)


def _mapping_script(recipe: Recipe, front: str) -> str:
    """Yosys' script of a recipe; ``{job}`` is left for :func:`run_yosys`."""
    target = f" {recipe.target_option}" if recipe.target_option else ""
    return (
        _MAPPING.replace("{front}", front)
        .replace("{target}", target)
        .replace("{script}", recipe.script)
    )


MAPPING_RECIPE = _mapping_script(AREA, _FLAT)

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
hierarchy -auto-top
write_verilog -noattr {job}/design.v
"""
)


_CXXRTL = (
    _READ
    + """
proc
write_cxxrtl -noflatten -g0 {job}/design.h
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
    return only_module(out["netlist.json"])


def verilog(rtlil: str) -> str:
    """Verilog-2005 of a design, hierarchy and port names kept."""
    return run_yosys(_VERILOG, {"design.il": rtlil}, ("design.v",))["design.v"]


def cxxrtl(rtlil: str) -> str:
    """C++ of a design, with a class for each of its modules, that Yosys' CXXRTL library runs."""
    return run_yosys(_CXXRTL, {"design.il": rtlil}, ("design.h",))["design.h"]


def recipe_text(recipe: Recipe = AREA) -> str:
    """All that a recipe runs, maps of operators included; its hash goes into provenance."""
    script = MAPPING_RECIPE
    if recipe != AREA:
        script = _mapping_script(recipe, _COMPACT if recipe.full_adders else _FLAT)
    maps = (PRODUCTS, PLACEHOLDER, PLACES, FOLD) if recipe.full_adders else (PRODUCTS,)
    return "\n".join([script, *maps])


def mapping_key(rtlil: str, technology_sha256: str, recipe: Recipe = AREA) -> str:
    """The content key of a mapping: design, technology, recipe and Yosys version."""
    parts = [rtlil, technology_sha256, recipe_text(recipe), yosys_version()]
    return hashlib.sha256("\0".join(parts).encode()).hexdigest()


def map_to_cells(
    rtlil: str, liberty: str, recipe: Recipe = AREA, *, adder: FullAdder | None = None
) -> Mapped:
    """Map a design to the cells of a Liberty text, flattened.

    Args:
        rtlil: The design.
        liberty: From :func:`hwdse.tech.mapping_liberty`.
        recipe: By default the one for area, without a clock target.
        adder: The technology's full adder, which ``compact`` uses; without one it is ``area``.
    """
    inputs = {"design.il": rtlil, "cells.lib": liberty, "products.v": PRODUCTS}
    front = _FLAT
    if recipe.full_adders and adder is not None:
        front = _COMPACT
        inputs |= {
            "placeholder.v": PLACEHOLDER,
            "places.v": PLACES,
            "fold.v": FOLD,
            "adder_cells.v": adder_cells(adder),
        }
    out = run_yosys(_mapping_script(recipe, front), inputs, ("netlist.json", "stat.json"))
    stat = json.loads(out["stat.json"])["design"]
    return Mapped(
        netlist=only_module(out["netlist.json"]),
        area_um2=float(stat["area"]),
        cell_counts={name: int(n) for name, n in stat["num_cells_by_type"].items()},
    )


def map_hierarchy(rtlil: str, liberty: str) -> dict[str, Any]:
    """Map a design for area, each module for itself: no logic moves across modules' borders.

    Returns:
        Yosys' JSON of all modules, by name; the top one has the attribute ``top``.
    """
    script = _mapping_script(AREA, _HIERARCHICAL)
    inputs = {"design.il": rtlil, "cells.lib": liberty, "products.v": PRODUCTS}
    modules: dict[str, Any] = json.loads(
        run_yosys(script, inputs, ("netlist.json",))["netlist.json"]
    )["modules"]
    return modules


def map_around(rtlil: str, liberty: str, kept: str) -> dict[str, Any]:
    """Map a design for area with one of its modules mapped once, by itself.

    Args:
        rtlil: The design.
        liberty: From :func:`hwdse.tech.mapping_liberty`.
        kept: The module's name, of ``[a-z0-9_]``.

    Returns:
        Yosys' JSON of the two modules, by name.
    """
    inputs = {"design.il": rtlil, "cells.lib": liberty, "products.v": PRODUCTS}
    script = _mapping_script(AREA, _KEPT).replace("{kept}", kept)
    out = run_yosys(script, inputs, ("netlist.json",))["netlist.json"]
    modules: dict[str, Any] = json.loads(out)["modules"]
    return modules


def flattened(modules: dict[str, Any]) -> dict[str, Any]:
    """The top of mapped modules with all others in it; names of cells begin with the instance's.

    Args:
        modules: From :func:`map_around`.
    """
    inputs = {"modules.json": json.dumps({"modules": modules})}
    return only_module(run_yosys(_FLATTENED, inputs, ("flat.json",))["flat.json"])


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


def only_module(text: str) -> dict[str, Any]:
    """The top module of a design in Yosys' JSON, or its only one."""
    modules = json.loads(text)["modules"]
    tops = [m for m in modules.values() if int(m.get("attributes", {}).get("top", "0"), 2)]
    chosen: dict[str, Any] = tops[0] if tops else next(iter(modules.values()))
    return chosen

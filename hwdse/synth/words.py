"""Flat netlists of word-level operators, and the gates that each operator stands for."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from hwdse.synth.yosys import run_yosys

__all__ = ["Cell", "Module", "expand", "gates_of", "signature", "word_netlist"]

# One cell and one module of Yosys' JSON.
Cell = Mapping[str, Any]
Module = dict[str, Any]

_WORDS = """
read_rtlil {job}/design.il
hierarchy -auto-top
proc -norom
{keep}
flatten -noscopeinfo
opt_expr
memory_map
opt_clean
write_json {job}/words.json
"""

_GATES = """
read_json {job}/operators.json
techmap
simplemap
opt_clean
write_json {job}/gates.json
"""

REGISTER = "$dff"


def word_netlist(rtlil: str, *, keep: str | None = None) -> Module:
    """The top module of a design, flat, its operators and registers as words.

    Args:
        rtlil: The design.
        keep: Modules whose names end so stay instances; letters only.

    Returns:
        Yosys' JSON. Registers are ``$dff`` cells without enable or reset, which are multiplexers.
    """
    kept = "" if keep is None else f"setattr -mod -set keep_hierarchy 1 *.{keep}"
    script = _WORDS.replace("{keep}", kept)
    modules = json.loads(run_yosys(script, {"design.il": rtlil}, ("words.json",))["words.json"])
    return next(m for m in modules["modules"].values() if "top" in m["attributes"])


def signature(cell: Cell) -> str:
    """What kind of operator a cell is: its type, its parameters and the widths of its pins."""
    widths = {pin: len(bits) for pin, bits in cell["connections"].items()}
    return json.dumps([cell["type"], cell["parameters"], widths], sort_keys=True)


def gates_of(cells: Iterable[Cell]) -> dict[str, Module]:
    """Gates of every kind of operator among cells, by signature; one run of Yosys for them all."""
    kinds = {signature(cell): cell for cell in cells}
    names = {f"operator{index}": key for index, key in enumerate(kinds)}
    operators = {name: _alone(kinds[key]) for name, key in names.items()}
    design = json.dumps({"modules": operators})
    out = run_yosys(_GATES, {"operators.json": design}, ("gates.json",))["gates.json"]
    return {names[name]: module for name, module in json.loads(out)["modules"].items()}


def expand(module: Module, gates: Mapping[str, Module]) -> Module:
    """The module with every operator replaced by its gates.

    Args:
        module: From :func:`word_netlist`, or changed.
        gates: From :func:`gates_of`, of all its cells.
    """
    free = 2 + max(_bits(module), default=1)
    cells: dict[str, Cell] = {}
    for name, cell in module["cells"].items():
        operator = gates[signature(cell)]
        nets: dict[int | str, int | str] = {}
        joined: list[tuple[int | str, int | str]] = []
        for pin, port in operator["ports"].items():
            for inner, outer in zip(port["bits"], cell["connections"][pin], strict=True):
                if port["direction"] == "input":
                    nets[inner] = outer
                else:
                    joined.append((inner, outer))
        wires = []
        for inner, outer in joined:
            if isinstance(inner, str) or inner in nets:
                wires.append((nets.get(inner, inner), outer))
            else:
                nets[inner] = outer
        for gate_name, gate in operator["cells"].items():
            connections = {}
            for pin, bits in gate["connections"].items():
                (bit,) = bits
                if not isinstance(bit, str) and bit not in nets:
                    nets[bit] = free
                    free += 1
                connections[pin] = [nets.get(bit, bit)]
            cells[f"{name}/{gate_name}"] = {"type": gate["type"], "connections": connections}
        for index, (source, target) in enumerate(wires):
            pins = {"A": [source], "Y": [target]}
            cells[f"{name}/wire{index}"] = {"type": "$_BUF_", "connections": pins}
    return {"ports": module["ports"], "cells": cells}


def _alone(cell: Cell) -> Module:
    """A module that holds nothing but a copy of the cell, its pins as ports."""
    ports, connections, free = {}, {}, 2
    for pin, bits in cell["connections"].items():
        nets = list(range(free, free + len(bits)))
        free += len(bits)
        ports[pin] = {"direction": cell["port_directions"][pin], "bits": nets}
        connections[pin] = nets
    return {
        "attributes": {},
        "ports": ports,
        "cells": {"operator": {**cell, "attributes": {}, "connections": connections}},
        "netnames": {},
    }


def _bits(module: Module) -> set[int]:
    used = [port["bits"] for port in module["ports"].values()]
    used += [bits for cell in module["cells"].values() for bits in cell["connections"].values()]
    return {bit for bits in used for bit in bits if not isinstance(bit, str)}

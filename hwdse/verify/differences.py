"""Whether a changed module computes anything else than the right one, by SAT."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hwdse.synth.words import Module
from hwdse.synth.yosys import run_yosys

__all__ = ["Difference", "differences"]

_SECONDS = 20
# What Yosys puts before the names of cells that were in a submodule.
_FLAT = "$flatten\\"


@dataclass(frozen=True)
class Difference:
    """What SAT says of a changed module.

    Attributes:
        equal: Whether outputs and next contents are the same for all inputs, and all contents that
            the condition allows; None where time ran out.
        witness: Where they differ: inputs and register contents, by name, that show it.
    """

    equal: bool | None
    witness: dict[str, str]


def differences(
    right: Module,
    changed: Sequence[Module],
    registers: frozenset[str],
    condition: str,
    liberty: str | None = None,
) -> list[Difference]:
    """Compare changed modules with the right one, in one run of Yosys.

    All are cut open at their registers, of which they have the same ones.

    Args:
        right: A flat module, Yosys' JSON.
        changed: Modules with the same ports.
        registers: Kinds of cells that are registers.
        condition: On the contents; see :func:`hwdse.verify.reachable.reachable`.
        liberty: Functions of a technology's cells.
    """
    if not changed:
        return []
    gold = _opened(right, registers)
    modules = {"gold": gold}
    script = ["read_json {job}/all.json", "read_verilog -sv {job}/reachable.sv"]
    inputs = {"reachable.sv": condition}
    if liberty is not None:
        inputs["cells.lib"] = liberty
        script.append("read_liberty -ignore_miss_func {job}/cells.lib")
    names = [f"proof{index}.txt" for index in range(len(changed))]
    for index, module in enumerate(changed):
        modules[f"gate{index}"] = _opened(module, registers)
        modules[f"case{index}"] = _case(gold, f"both{index}", of_sum="acc" in condition)
        script.append(f"miter -equiv -make_outputs gold gate{index} both{index}")
    script += ["proc", "flatten -noscopeinfo", "delete gold gate* both*", "opt -full"]
    solve = f"sat -timeout {_SECONDS} -show-inputs -set ok 1 -prove trigger 0"
    script += [f"tee -q -o {{job}}/{name} {solve} case{index}" for index, name in enumerate(names)]
    inputs["all.json"] = json.dumps({"modules": modules})
    logs = run_yosys("\n".join(script) + "\n", inputs, tuple(names))
    return [_verdict(logs[name]) for name in names]


def _case(gold: Module, miter: str, *, of_sum: bool) -> Module:
    """A miter beside the condition, which is one on the sum that the right module holds or none."""
    ports: dict[str, Any] = {}
    pins: dict[str, list[int]] = {"trigger": [2]}
    condition: dict[str, list[int]] = {"ok": [3]}
    free = 4
    for name, port in gold["ports"].items():
        nets = list(range(free, free + len(port["bits"])))
        if port["direction"] == "input":
            ports[f"in_{name}"] = {"direction": "input", "bits": nets}
            pins[f"in_{name}"] = nets
        elif name == "acc" and of_sum:
            pins["gold_acc"] = condition["acc"] = nets
        free += len(nets)
    ports["trigger"] = {"direction": "output", "bits": [2]}
    ports["ok"] = {"direction": "output", "bits": [3]}
    return {
        "attributes": {},
        "ports": ports,
        "cells": {
            "miter": _instance(miter, pins, ("trigger", "gold_acc")),
            "condition": _instance("reachable", condition, ("ok",)),
        },
        "netnames": {},
    }


def _instance(kind: str, pins: dict[str, list[int]], outputs: tuple[str, ...]) -> Any:
    return {
        "type": kind,
        "parameters": {},
        "attributes": {},
        "port_directions": {pin: "output" if pin in outputs else "input" for pin in pins},
        "connections": pins,
    }


def _opened(module: Module, registers: frozenset[str]) -> Module:
    """The module without registers: their outputs become inputs, their inputs outputs."""
    ports, cells = dict(module["ports"]), {}
    for name, cell in module["cells"].items():
        if cell["type"] not in registers:
            cells[name] = cell
            continue
        for pin, bits in cell["connections"].items():
            side = "input" if cell["port_directions"][pin] == "output" else "output"
            ports[f"{name.removeprefix(_FLAT)}.{pin}"] = {"direction": side, "bits": bits}
    return {"attributes": {}, "ports": ports, "cells": cells, "netnames": {}}


_ASSIGNMENT = re.compile(r"^\s*\\in_(\S+)\s+(?:\S+\s+){1,2}([01x]+)\s*$", re.MULTILINE)


def _verdict(log: str) -> Difference:
    if "no model found: SUCCESS!" in log:
        return Difference(True, {})
    if "model found: FAIL!" not in log:
        return Difference(None, {})
    found: dict[str, Any] = dict(_ASSIGNMENT.findall(log))
    found.pop("clk", None)
    return Difference(False, found)

"""Faulty netlists: one seeded change of one gate each, and proofs that some change nothing."""

from __future__ import annotations

import copy
import json
import random

from hwdse.synth.yosys import run_yosys

SWAPS = {
    "$_AND_": ("$_OR_", "$_NAND_", "$_XOR_", "$_ANDNOT_"),
    "$_OR_": ("$_AND_", "$_NOR_", "$_XOR_", "$_ORNOT_"),
    "$_XOR_": ("$_XNOR_", "$_OR_", "$_AND_"),
    "$_XNOR_": ("$_XOR_", "$_AND_"),
    "$_NOT_": ("$_BUF_",),
    "$_BUF_": ("$_NOT_",),
    "$_ANDNOT_": ("$_AND_",),
    "$_ORNOT_": ("$_OR_",),
    "$_NAND_": ("$_NOR_",),
    "$_NOR_": ("$_NAND_",),
}
KINDS = ("operator", "inverted pin", "multiplexer", "stuck output", "constant pin")
# The reset input of a register is not a data pin: a check never pulls reset.
CONTROL = ("C", "R")


def mutants(module, count, seed):
    """Pairs of a description and a changed copy of the module, no two the same."""
    chooser = random.Random(seed)  # noqa: S311
    names = sorted(module["cells"])
    new_net = 1 + max(
        bit
        for cell in module["cells"].values()
        for bits in cell["connections"].values()
        for bit in bits
        if isinstance(bit, int)
    )
    seen = set()
    while len(seen) < count:
        name, kind = chooser.choice(names), chooser.choice(KINDS)
        cell = module["cells"][name]
        pins = cell["connections"]
        inputs = [p for p in pins if p not in ("Y", "Q", *CONTROL)]
        pin = chooser.choice(inputs)
        bit = str(chooser.randrange(2))
        changed = copy.deepcopy(cell)
        extra = {}
        if kind == "operator":
            if cell["type"] not in SWAPS:
                continue
            changed["type"] = chooser.choice(SWAPS[cell["type"]])
            what = changed["type"]
        elif kind == "inverted pin":
            if isinstance(pins[pin][0], str):
                continue
            extra["mutant"] = {
                "type": "$_NOT_",
                "connections": {"A": pins[pin], "Y": [new_net]},
                "port_directions": {"A": "input", "Y": "output"},
            }
            changed["connections"][pin] = [new_net]
            what = pin
        elif kind == "multiplexer":
            if cell["type"] != "$_MUX_" or pins["A"] == pins["B"]:
                continue
            changed["connections"] |= {"A": pins["B"], "B": pins["A"]}
            what = "A and B"
        elif kind == "stuck output":
            if "Y" not in pins:
                continue
            changed["type"] = "$_BUF_"
            changed["connections"] = {"A": [bit], "Y": pins["Y"]}
            changed["port_directions"] = {"A": "input", "Y": "output"}
            what = bit
        else:
            if pins[pin] == [bit]:
                continue
            changed["connections"][pin] = [bit]
            what = f"{pin}={bit}"
        label = f"{kind} {what} of {cell['type']} {name}"
        if label in seen:
            continue
        seen.add(label)
        yield label, module | {"cells": module["cells"] | {name: changed} | extra}


def _unrolled(module, name):
    """The module without registers: their outputs become inputs, their inputs outputs."""
    ports = dict(module["ports"])
    cells = {}
    for index, (cell_name, cell) in enumerate(sorted(module["cells"].items())):
        if "Q" not in cell["connections"]:
            cells[cell_name] = cell
            continue
        for pin, bits in cell["connections"].items():
            direction = "input" if pin == "Q" else "output"
            ports[f"register{index}_{pin}"] = {"direction": direction, "bits": bits}
    return {name: {"attributes": {}, "ports": ports, "cells": cells, "netnames": {}}}


def same_function(module, changed):
    """For each changed module, whether outputs and next states are proven the same as the module's.

    Registers keep their order by name, so each module is cut open at them and Yosys' SAT solver
    compares what is left. A difference in contents that cannot be reached is no proof.
    """
    if not changed:
        return []
    modules = _unrolled(module, "gold")
    script = ["read_json {job}/all.json"]
    names = []
    for index, mutant in enumerate(changed):
        extra = [name for name in mutant["cells"] if name not in module["cells"]]
        renamed = {("zz_" + n if n in extra else n): c for n, c in mutant["cells"].items()}
        modules |= _unrolled(mutant | {"cells": renamed}, f"gate{index}")
        script.append(f"miter -equiv -make_outputs -flatten gold gate{index} both{index}")
        names.append(f"proof{index}.txt")
    script += ["delete gold gate*", "opt -full"]
    script += [
        f"tee -q -o {{job}}/{name} sat -timeout 20 -prove trigger 0 both{index}"
        for index, name in enumerate(names)
    ]
    design = json.dumps({"modules": modules})
    logs = run_yosys("\n".join(script) + "\n", {"all.json": design}, tuple(names))
    return ["no model found: SUCCESS!" in logs[name] for name in names]

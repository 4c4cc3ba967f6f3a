"""Flat modules cut open at their registers: contents become inputs, next contents outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.synth.words import REGISTER, Module

__all__ = ["Opened", "open_registers", "reaches_itself"]


@dataclass(frozen=True)
class Opened:
    """A module without registers.

    Attributes:
        module: Yosys' JSON; for register ``i`` it has the ports ``state<i>`` and ``next<i>``.
        names: Of the registers, in order.
        widths: Of the registers.
        initial: Contents at power-up, as Verilog constants.
        feedback: Registers whose next contents depend on their own.
        inputs, outputs: Widths of the module's own ports, by name.
    """

    module: Module
    names: tuple[str, ...]
    widths: tuple[int, ...]
    initial: tuple[str, ...]
    feedback: tuple[int, ...]
    inputs: dict[str, int]
    outputs: dict[str, int]


def open_registers(module: Module, cut: str | None = None) -> Opened:
    """Cut a flat module open.

    Args:
        module: From :func:`hwdse.synth.words.word_netlist`.
        cut: Name of an instance to leave out: its outputs become inputs.

    Returns:
        The clock is no port of it.
    """
    ports = {name: port for name, port in module["ports"].items() if name != "clk"}
    cells, registers = {}, {}
    for name, cell in module["cells"].items():
        if cell["type"] == REGISTER:
            registers[name] = cell
        elif name != cut:
            cells[name] = cell
        else:
            for pin, bits in cell["connections"].items():
                if cell["port_directions"][pin] == "output":
                    ports[pin] = {"direction": "input", "bits": bits}
    names = tuple(sorted(registers))
    initial = _initial_bits(module)
    for index, name in enumerate(names):
        pins = registers[name]["connections"]
        ports[f"state{index}"] = {"direction": "input", "bits": pins["Q"]}
        ports[f"next{index}"] = {"direction": "output", "bits": pins["D"]}
    widths = tuple(len(registers[n]["connections"]["Q"]) for n in names)
    return Opened(
        module={"attributes": {}, "ports": ports, "cells": cells, "netnames": {}},
        names=names,
        widths=widths,
        initial=tuple(_constant(registers[n]["connections"]["Q"], initial) for n in names),
        feedback=tuple(i for i, n in enumerate(names) if reaches_itself(module, n)),
        inputs=_widths(ports, "input"),
        outputs=_widths(ports, "output"),
    )


def _widths(ports: Mapping[str, Any], direction: str) -> dict[str, int]:
    return {
        name: len(port["bits"])
        for name, port in ports.items()
        if port["direction"] == direction and not name.startswith(("state", "next"))
    }


def _initial_bits(module: Module) -> dict[int, str]:
    initial: dict[int, str] = {}
    for net in module["netnames"].values():
        text = net["attributes"].get("init", "")
        initial |= dict(zip(net["bits"], reversed(text), strict=False))
    return initial


def _constant(bits: list[int], initial: Mapping[int, str]) -> str:
    return f"{len(bits)}'b" + "".join(initial.get(bit, "x") for bit in reversed(bits))


def reaches_itself(module: Module, name: str) -> bool:
    """Whether a register's output reaches its own input, through logic and other registers."""
    drivers: dict[Any, list[Any]] = {}
    for cell in module["cells"].values():
        pins, directions = cell["connections"], cell["port_directions"]
        if cell["type"] == REGISTER:
            drivers |= {q: [d] for q, d in zip(pins["Q"], pins["D"], strict=True)}
            continue
        sources = [b for p, bits in pins.items() if directions[p] == "input" for b in bits]
        for pin, bits in pins.items():
            if directions[pin] == "output":
                drivers |= dict.fromkeys(bits, sources)
    register = module["cells"][name]["connections"]
    wanted, pending = set(register["Q"]), list(register["D"])
    seen: set[Any] = set()
    while pending:
        bit = pending.pop()
        if bit in wanted:
            return True
        if bit not in seen:
            seen.add(bit)
            pending.extend(drivers.get(bit, []))
    return False

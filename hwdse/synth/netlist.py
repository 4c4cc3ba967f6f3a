"""Flat netlists from Yosys' JSON, and what their cells compute.

Nets are small integers: 0 and 1 are the constants, the rest are numbered as they appear.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from hwdse.errors import ExternalToolError
from hwdse.tech import boolean
from hwdse.tech.model import Cell, Technology

__all__ = [
    "CellModel",
    "Instance",
    "Netlist",
    "cell_models",
    "gate_models",
    "read_netlist",
    "topological_order",
]

CONSTANT_NETS = {"0": 0, "1": 1, "x": 0, "z": 0}


@dataclass(frozen=True)
class Instance:
    """One cell: ``pins`` maps each connected pin to its net."""

    name: str
    kind: str
    pins: dict[str, int]


@dataclass(frozen=True)
class Netlist:
    """A flat module.

    Attributes:
        inputs, outputs: Port name to its nets, least significant bit first.
        instances: Its cells.
        net_count: Number of nets, the two constants included.
    """

    inputs: dict[str, tuple[int, ...]]
    outputs: dict[str, tuple[int, ...]]
    instances: tuple[Instance, ...]
    net_count: int


@dataclass(frozen=True)
class CellModel:
    """What a cell computes.

    Attributes:
        outputs: Output pin to its function over input pins and, for a flip-flop, ``state``.
        next_state: Function the state takes at the clock's edge; None for a combinational cell.
        state: Name of the state variable in ``outputs`` and ``next_state``.
        clock: Clock pin.
        rising: Whether the active edge is the rising one.
    """

    outputs: dict[str, boolean.Ast]
    next_state: boolean.Ast | None = None
    state: str = ""
    clock: str = ""
    rising: bool = True


def read_netlist(module: Mapping[str, Any]) -> Netlist:
    """A netlist from one module of ``write_json``; undefined bits read as 0."""
    numbers: dict[int, int] = {}

    def net(bit: int | str) -> int:
        if isinstance(bit, str):
            return CONSTANT_NETS[bit]
        return numbers.setdefault(bit, len(numbers) + 2)

    inputs: dict[str, tuple[int, ...]] = {}
    outputs: dict[str, tuple[int, ...]] = {}
    for name, port in module["ports"].items():
        side = inputs if port["direction"] == "input" else outputs
        side[name] = tuple(net(bit) for bit in port["bits"])
    instances = []
    for name, cell in module["cells"].items():
        pins = {pin: net(bits[0]) for pin, bits in cell["connections"].items() if bits}
        instances.append(Instance(name=name, kind=cell["type"], pins=pins))
    return Netlist(inputs, outputs, tuple(instances), len(numbers) + 2)


def topological_order(
    instances: Sequence[Instance], outputs_of: Callable[[Instance], Collection[str]]
) -> list[Instance]:
    """Combinational instances, each after those that drive it.

    Args:
        instances: Without flip-flops.
        outputs_of: Names of an instance's output pins.

    Raises:
        ExternalToolError: There is a combinational loop.
    """
    driver = {
        instance.pins[pin]: index
        for index, instance in enumerate(instances)
        for pin in outputs_of(instance)
        if pin in instance.pins
    }
    users: list[list[int]] = [[] for _ in instances]
    waiting = [0] * len(instances)
    for index, instance in enumerate(instances):
        outputs = outputs_of(instance)
        nets = {net for pin, net in instance.pins.items() if pin not in outputs}
        sources = {driver[net] for net in nets if net in driver}
        waiting[index] = len(sources)
        for source in sources:
            users[source].append(index)
    ready = [index for index, count in enumerate(waiting) if count == 0]
    for index in ready:
        for user in users[index]:
            waiting[user] -= 1
            if waiting[user] == 0:
                ready.append(user)
    if len(ready) != len(instances):
        raise ExternalToolError("the netlist has a combinational loop")
    return [instances[index] for index in ready]


@cache
def gate_models() -> dict[str, CellModel]:
    """Yosys' internal single-bit gates, as the RTL flow leaves them."""
    functions = {
        "$_BUF_": "A",
        "$_NOT_": "!A",
        "$_AND_": "A & B",
        "$_OR_": "A | B",
        "$_XOR_": "A ^ B",
        "$_XNOR_": "!(A ^ B)",
        "$_NAND_": "!(A & B)",
        "$_NOR_": "!(A | B)",
        "$_ANDNOT_": "A & !B",
        "$_ORNOT_": "A | !B",
        "$_MUX_": "A ^ (S & (A ^ B))",
    }
    models = {kind: CellModel({"Y": boolean.parse(text)}) for kind, text in functions.items()}
    state = boolean.parse("Q")
    for kind, following in (("$_DFF_P_", "D"), ("$_SDFF_PP0_", "D & !R")):
        models[kind] = CellModel({"Q": state}, boolean.parse(following), state="Q", clock="C")
    return models


def cell_models(technology: Technology, kinds: set[str]) -> dict[str, CellModel]:
    """Models of a technology's cells, only of those that occur.

    Raises:
        ExternalToolError: A netlist names a cell that the technology does not have.
    """
    unknown = kinds - technology.cells.keys()
    if unknown:
        raise ExternalToolError(
            f"the mapped netlist uses {sorted(unknown)[0]!r}, no cell of {technology.name}"
        )
    return {kind: _cell_model(technology.cells[kind]) for kind in kinds}


def _cell_model(cell: Cell) -> CellModel:
    functions = {p.name: boolean.parse(p.function) for p in cell.outputs if p.function}
    if cell.ff is None:
        return CellModel(functions)
    inverse = {cell.ff.state_n: ("not", ("var", cell.ff.state))}
    clock = boolean.parse(cell.ff.clocked_on)
    return CellModel(
        outputs={pin: _substitute(ast, inverse) for pin, ast in functions.items()},
        next_state=_substitute(boolean.parse(cell.ff.next_state), inverse),
        state=cell.ff.state,
        clock=boolean.variables(clock)[0],
        rising=clock[0] == "var",
    )


def _substitute(ast: boolean.Ast, values: Mapping[str, boolean.Ast]) -> boolean.Ast:
    if ast[0] == "var":
        return values.get(ast[1], ast)
    if ast[0] == "const":
        return ast
    return (ast[0], *(_substitute(x, values) for x in ast[1:]))

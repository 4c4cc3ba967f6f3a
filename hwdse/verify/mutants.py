"""Faults planted in hardware: in the operators of RTL, and in the cells of a mapped netlist.

Mutants are drawn with a seed, no two alike. All are single faults of the kinds that designers make
(a wrong operator, constant, width or polarity, swapped branches, a missing register, one wrong pair
of operands) or that manufacturing tests assume (a stuck pin).
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.synth.words import REGISTER, Cell, Module
from hwdse.tech import boolean
from hwdse.tech.model import Cell as TechnologyCell
from hwdse.tech.model import Technology
from hwdse.verify.opened import reaches_itself

__all__ = [
    "CELL_KINDS",
    "MISSING_REGISTER",
    "WORD_KINDS",
    "Mutant",
    "cell_mutants",
    "with_directions",
    "word_mutants",
]

_OPERATORS = {
    "$add": ("$sub",),
    "$sub": ("$add",),
    "$mul": ("$add",),
    "$and": ("$or", "$xor"),
    "$or": ("$and", "$xor"),
    "$xor": ("$xnor", "$or", "$and"),
    "$xnor": ("$xor",),
    "$not": ("$pos",),
    "$neg": ("$pos",),
    "$logic_not": ("$reduce_bool",),
    "$logic_and": ("$logic_or",),
    "$logic_or": ("$logic_and",),
    "$reduce_or": ("$reduce_and", "$reduce_xor"),
    "$reduce_and": ("$reduce_or", "$reduce_xor"),
    "$reduce_xor": ("$reduce_or", "$reduce_xnor"),
    "$reduce_bool": ("$reduce_and", "$logic_not"),
    "$shl": ("$shr",),
    "$shr": ("$shl",),
    "$sshr": ("$shr",),
    "$lt": ("$le", "$gt"),
    "$le": ("$lt", "$ge"),
    "$gt": ("$ge", "$lt"),
    "$ge": ("$gt", "$le"),
    "$eq": ("$ne",),
    "$ne": ("$eq",),
}
# A pair of operands of so many bits can be met by chance or enumeration.
_PAIR_BITS = 16
_ATTEMPTS = 200
MISSING_REGISTER = "missing register"


@dataclass(frozen=True)
class Mutant:
    """One fault.

    Attributes:
        kind: One of ``WORD_KINDS`` or ``CELL_KINDS``.
        what: What was changed, in words.
        module: The faulty module.
    """

    kind: str
    what: str
    module: Module


class _Draw:
    """One attempt to plant a fault in a module's cell."""

    def __init__(self, module: Module, name: str, chooser: random.Random, free: int) -> None:
        self.module = module
        self.name = name
        self.chooser = chooser
        self.free = free
        self.cell: Cell = module["cells"][name]

    def changed(self, cells: Mapping[str, Cell] | None = None, **fields: Any) -> Module:
        """The module with this cell's fields changed, and further cells."""
        cell = {**self.cell, **fields}
        return self.module | {"cells": {**self.module["cells"], self.name: cell, **(cells or {})}}

    def rewired(self, pin: str, bits: list[Any], cells: Mapping[str, Cell] | None = None) -> Module:
        """The module with one pin of this cell on other nets."""
        return self.changed(cells, connections={**self.cell["connections"], pin: bits})

    def inputs(self, leave: tuple[str, ...] = ()) -> list[str]:
        """Input pins with at least one bit."""
        return [
            pin
            for pin, bits in sorted(self.cell["connections"].items())
            if self.cell["port_directions"][pin] == "input" and bits and pin not in leave
        ]


def word_mutants(module: Module, count: int, seed: int) -> list[Mutant]:
    """Faulty copies of a module of operators; see :func:`hwdse.synth.words.word_netlist`.

    Args:
        module: The module.
        count: How many; fewer come where so many different ones are not found.
        seed: Of the choice.
    """
    return _drawn(module, count, seed, WORD_KINDS)


def with_directions(module: Module, technology: Technology) -> Module:
    """A mapped netlist whose cells say which of their pins are inputs."""
    cells = {}
    for name, cell in module["cells"].items():
        pins = technology.cells[cell["type"]].pins
        directions = {pin: pins[pin].direction for pin in cell["connections"]}
        cells[name] = {**cell, "port_directions": directions}
    return module | {"cells": cells}


def cell_mutants(module: Module, technology: Technology, count: int, seed: int) -> list[Mutant]:
    """Faulty copies of a netlist from :func:`with_directions`; see :func:`word_mutants`."""
    clocked = {
        name: tuple({*_pins_of(cell.ff.clocked_on)})
        for name, cell in technology.cells.items()
        if cell.ff is not None
    }
    kinds = {name: _bind(plant, technology, clocked) for name, plant in CELL_KINDS.items()}
    return _drawn(module, count, seed, kinds)


_Plant = Callable[[_Draw], tuple[str, Module] | None]


def _drawn(module: Module, count: int, seed: int, kinds: Mapping[str, _Plant]) -> list[Mutant]:
    chooser = random.Random(seed)  # noqa: S311
    free = 1 + max(
        bit
        for cell in module["cells"].values()
        for bits in cell["connections"].values()
        for bit in bits
        if not isinstance(bit, str)
    )
    names = sorted(module["cells"])
    found: dict[str, Mutant] = {}
    for _ in range(_ATTEMPTS * count):
        if len(found) == count:
            break
        kind = chooser.choice(sorted(kinds))
        planted = kinds[kind](_Draw(module, chooser.choice(names), chooser, free))
        if planted is not None:
            found.setdefault(planted[0], Mutant(kind, *planted))
    return list(found.values())


def _label(draw: _Draw, what: str) -> str:
    return f"{draw.cell['type']} {draw.name}: {what}"


def _operator(draw: _Draw) -> tuple[str, Module] | None:
    others = _OPERATORS.get(draw.cell["type"])
    if others is None:
        return None
    other = draw.chooser.choice(others)
    return _label(draw, f"is {other}"), draw.changed(type=other)


def _constant(draw: _Draw) -> tuple[str, Module] | None:
    places = [
        (pin, index)
        for pin in draw.inputs()
        for index, bit in enumerate(draw.cell["connections"][pin])
        if bit in ("0", "1")
    ]
    if not places:
        return None
    pin, index = draw.chooser.choice(places)
    bits = list(draw.cell["connections"][pin])
    bits[index] = "1" if bits[index] == "0" else "0"
    return _label(draw, f"constant {pin}[{index}] is {bits[index]}"), draw.rewired(pin, bits)


def _width(draw: _Draw) -> tuple[str, Module] | None:
    """An operand without its top or bottom bit, which reads as 0 or as the bit beside it."""
    pin = draw.chooser.choice(draw.inputs(leave=("CLK",)))
    bits = list(draw.cell["connections"][pin])
    place = draw.chooser.choice((0, len(bits) - 1))
    value = draw.chooser.choice(("0", bits[place - 1] if place else "0"))
    if len(bits) == 1 or isinstance(bits[place], str) or bits[place] == value:
        return None
    bits[place] = value
    shown = "0" if value == "0" else "the bit below"
    return _label(draw, f"{pin}[{place}] is lost and reads as {shown}"), draw.rewired(pin, bits)


def _polarity(draw: _Draw) -> tuple[str, Module] | None:
    pin = draw.chooser.choice(draw.inputs(leave=("CLK",)))
    bits = list(draw.cell["connections"][pin])
    place = draw.chooser.randrange(len(bits))
    if isinstance(bits[place], str):
        return None
    inverter = _cell("$not", {"A": [bits[place]], "Y": [draw.free]})
    bits[place] = draw.free
    return _label(draw, f"{pin}[{place}] is inverted"), draw.rewired(pin, bits, {"fault": inverter})


def _branches(draw: _Draw) -> tuple[str, Module] | None:
    pins = draw.cell["connections"]
    if draw.cell["type"] != "$mux" or pins["A"] == pins["B"]:
        return None
    swapped = {**pins, "A": pins["B"], "B": pins["A"]}
    return _label(draw, "its branches are swapped"), draw.changed(connections=swapped)


def _stage(draw: _Draw) -> tuple[str, Module] | None:
    """A register in flight that is a wire: its content comes a cycle early."""
    if draw.cell["type"] != REGISTER or reaches_itself(draw.module, draw.name):
        return None
    pins = draw.cell["connections"]
    wire = _cell("$pos", {"A": pins["D"], "Y": pins["Q"]})
    cells = {**draw.module["cells"], draw.name: wire}
    return _label(draw, "is a wire"), draw.module | {"cells": cells}


def _pair(draw: _Draw) -> tuple[str, Module] | None:
    """One bit of a result inverted for one pair of operands."""
    pins = draw.cell["connections"]
    if draw.cell["type"] not in ("$mul", "$add", "$sub"):
        return None
    places = [(p, i, bit) for p in "AB" for i, bit in enumerate(pins[p]) if isinstance(bit, int)]
    if not 0 < len(places) <= _PAIR_BITS:
        return None
    values = {place: draw.chooser.randrange(2) for place in places}
    bit = draw.chooser.randrange(len(pins["Y"]))
    result, free = list(pins["Y"]), draw.free
    watched = [net for _, _, net in places]
    wanted = [str(value) for value in values.values()]
    cells = {
        "fault_seen": _cell("$eq", {"A": watched, "B": wanted, "Y": [free]}),
        "fault": _cell("$xor", {"A": [free + 1], "B": [free], "Y": [result[bit]]}),
    }
    result[bit] = free + 1
    shown = [
        f"{pin}=" + "".join(str(v) for (p, _, _), v in reversed(values.items()) if p == pin)
        for pin in "AB"
    ]
    what = f"Y[{bit}] is inverted at {', '.join(shown)}"
    return _label(draw, what), draw.rewired("Y", result, cells)


WORD_KINDS: dict[str, _Plant] = {
    "operator": _operator,
    "constant": _constant,
    "width": _width,
    "polarity": _polarity,
    "branches": _branches,
    MISSING_REGISTER: _stage,
    "operand pair": _pair,
}

_CellPlant = Callable[[_Draw, Technology, Mapping[str, tuple[str, ...]]], tuple[str, Module] | None]


def _other_cell(
    draw: _Draw, technology: Technology, clocked: Mapping[str, tuple[str, ...]]
) -> tuple[str, Module] | None:
    """A cell of the same pins and another function."""
    here = technology.cells[draw.cell["type"]]
    if here.ff is not None:
        return None
    functions = {pin.name: pin.function for pin in here.outputs}
    others = [
        name
        for name, cell in sorted(technology.cells.items())
        if cell.ff is None
        and {p.name for p in cell.inputs} == {p.name for p in here.inputs}
        and {p.name for p in cell.outputs} == functions.keys()
        and any(p.function != functions[p.name] for p in cell.outputs)
        and all(p.function for p in cell.outputs)
    ]
    if not others:
        return None
    other = draw.chooser.choice(others)
    return _label(draw, f"is {other}"), draw.changed(type=other)


def _stuck(
    draw: _Draw, technology: Technology, clocked: Mapping[str, tuple[str, ...]]
) -> tuple[str, Module] | None:
    pin = _data_pin(draw, clocked)
    value = draw.chooser.choice("01")
    if pin is None or draw.cell["connections"][pin] == [value]:
        return None
    return _label(draw, f"{pin} is stuck at {value}"), draw.rewired(pin, [value])


def _inverted(
    draw: _Draw, technology: Technology, clocked: Mapping[str, tuple[str, ...]]
) -> tuple[str, Module] | None:
    pin = _data_pin(draw, clocked)
    if pin is None or isinstance(draw.cell["connections"][pin][0], str):
        return None
    pins = {"A": draw.cell["connections"][pin], "Y": [draw.free]}
    inverter = _cell("$_NOT_", pins)
    return _label(draw, f"{pin} is inverted"), draw.rewired(pin, [draw.free], {"fault": inverter})


def _swapped(
    draw: _Draw, technology: Technology, clocked: Mapping[str, tuple[str, ...]]
) -> tuple[str, Module] | None:
    inputs = draw.inputs(leave=clocked.get(draw.cell["type"], ()))
    if len(inputs) < 2:
        return None
    first, second = sorted(draw.chooser.sample(inputs, 2))
    pins = draw.cell["connections"]
    if pins[first] == pins[second] or _symmetric(
        technology.cells[draw.cell["type"]], first, second
    ):
        return None
    changed = {**pins, first: pins[second], second: pins[first]}
    return _label(draw, f"{first} and {second} are swapped"), draw.changed(connections=changed)


def _symmetric(cell: TechnologyCell, first: str, second: str) -> bool:
    """Whether two inputs of a combinational cell can be swapped."""
    if cell.ff is not None:
        return False
    names = [pin.name for pin in cell.inputs]
    swapped = [{first: second, second: first}.get(name, name) for name in names]
    functions = [boolean.parse(pin.function) for pin in cell.outputs if pin.function]
    return all(boolean.truth_table(f, names) == boolean.truth_table(f, swapped) for f in functions)


def _data_pin(draw: _Draw, clocked: Mapping[str, tuple[str, ...]]) -> str | None:
    inputs = draw.inputs(leave=clocked.get(draw.cell["type"], ()))
    return draw.chooser.choice(inputs) if inputs else None


CELL_KINDS: dict[str, _CellPlant] = {
    "other cell": _other_cell,
    "stuck pin": _stuck,
    "inverted pin": _inverted,
    "swapped pins": _swapped,
}


def _bind(
    plant: _CellPlant, technology: Technology, clocked: Mapping[str, tuple[str, ...]]
) -> _Plant:
    return lambda draw: plant(draw, technology, clocked)


def _pins_of(expression: str) -> Iterator[str]:
    yield from boolean.variables(boolean.parse(expression))


def _cell(kind: str, connections: dict[str, list[Any]]) -> Cell:
    """A cell of Yosys' own kinds, unsigned."""
    parameters = {}
    for pin, bits in connections.items():
        parameters[f"{pin}_WIDTH"] = f"{len(bits):032b}"
        if pin != "Y":
            parameters[f"{pin}_SIGNED"] = "0" * 32
    return {
        "type": kind,
        "parameters": {} if kind.startswith("$_") else parameters,
        "attributes": {},
        "port_directions": {p: "output" if p == "Y" else "input" for p in connections},
        "connections": connections,
    }

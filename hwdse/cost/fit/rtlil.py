"""RTLIL text, as Amaranth writes it, as one flat list of operators on nets.

Only what Amaranth writes of synchronous designs with one clock is understood: cells, connections,
and processes that are assignments and switches. Anything else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

__all__ = ["Flat", "Operator", "Switch", "flatten"]

# A bit: a net's number from 2 on, or a constant.
ZERO, ONE = 0, 1
_CONSTANTS = {"0": ZERO, "1": ONE, "x": ZERO, "-": ZERO, "z": ZERO}
_SIGNAL = re.compile(r"(\S+)(?: \[(\d+)(?::(\d+))?\])?$")
_PIECES = re.compile(r"\d+'[01xz-]*|[\\$][^\s]+(?: \[\d+(?::\d+)?\])?")


# Bits of a signal, a slice, a constant or a concatenation.
_Read = Callable[[str], list[int]]


@dataclass(frozen=True)
class Operator:
    """A cell of Yosys' word-level library.

    Attributes:
        kind: As ``$add``.
        inputs: Bits of ``A``, ``B`` and ``S``, lowest first, as far as it has them.
        output: Nets that it drives, lowest first.
        signed: Whether its operands are signed.
        instance: Number of the module's instance that it is in.
    """

    kind: str
    inputs: tuple[list[int], ...]
    output: list[int]
    signed: bool = False
    instance: int = 0


@dataclass(frozen=True)
class Switch:
    """Nets that take one of several words.

    Attributes:
        selector: Bits, highest first.
        cases: Pattern (a character for each bit of the selector, ``-`` for any) and word; the first
            that matches counts.
        default: The word where none does.
        output: Nets that it drives.
    """

    selector: list[int]
    cases: list[tuple[str, list[int]]]
    default: list[int]
    output: list[int]


@dataclass
class Flat:
    """A design without hierarchy.

    Attributes:
        operators: In no order.
        registers: Data input and output of each flip-flop bit.
        inputs: Nets of each input port but clock and reset, lowest bit first.
        outputs: Bits of each output port.
        reset: The net of ``rst``; None without.
        nets: How many there are.
        instances: Instances of modules.
    """

    operators: list[Operator | Switch] = field(default_factory=list)
    registers: list[tuple[int, int]] = field(default_factory=list)
    inputs: dict[str, list[int]] = field(default_factory=dict)
    outputs: dict[str, list[int]] = field(default_factory=dict)
    reset: int | None = None
    nets: int = 2
    instances: int = 0


@dataclass
class _Cell:
    kind: str
    parameters: dict[str, int] = field(default_factory=dict)
    pins: dict[str, str] = field(default_factory=dict)


@dataclass
class _Module:
    name: str
    wires: dict[str, int] = field(default_factory=dict)
    inputs: list[str] = field(default_factory=list)
    outputs: list[str] = field(default_factory=list)
    cells: list[_Cell] = field(default_factory=list)
    connections: list[tuple[str, str]] = field(default_factory=list)
    processes: list[list[str]] = field(default_factory=list)


def flatten(text: str) -> Flat:
    """The design of RTLIL text, whose top is its only module with the attribute ``top``.

    Raises:
        ValueError: Something in it that Amaranth does not write.
    """
    modules, top = _modules(text)
    flat = Flat()
    alias: dict[int, int] = {}
    ports = _instantiate(modules, modules[top], flat, alias)
    for name in modules[top].inputs:
        if name == "\\rst":
            flat.reset = ports[name][0]
        elif name != "\\clk":
            flat.inputs[name[1:]] = ports[name]
    flat.outputs = {name[1:]: ports[name] for name in modules[top].outputs}
    _resolve(flat, alias)
    return flat


def _modules(text: str) -> tuple[dict[str, _Module], str]:
    modules: dict[str, _Module] = {}
    top, is_top = "", False
    lines = iter(text.splitlines())
    module = _Module("")
    for line in lines:
        words = line.split()
        if not words:
            continue
        match words[0]:
            case "attribute":
                is_top = is_top or words[1:] == ["\\top", "1"]
            case "module":
                module = modules[words[1]] = _Module(words[1])
                if is_top:
                    top, is_top = words[1], False
            case "wire":
                _add_wire(module, words[1:])
            case "cell":
                module.cells.append(_read_cell(words[1], lines))
            case "process":
                module.processes.append(list(_until_end(lines)))
            case "connect":
                module.connections.append(_pair(line))
            case "end":
                pass
            case _:
                raise ValueError(f"RTLIL: {line.strip()[:60]!r} is not understood")
    return modules, top


def _add_wire(module: _Module, words: list[str]) -> None:
    name = words[-1]
    width = int(words[words.index("width") + 1]) if "width" in words else 1
    module.wires[name] = width
    if "input" in words:
        module.inputs.append(name)
    elif "output" in words:
        module.outputs.append(name)


def _read_cell(kind: str, lines: Iterator[str]) -> _Cell:
    cell = _Cell(kind)
    for line in lines:
        words = line.split()
        if words[0] == "end":
            return cell
        if words[0] == "parameter":
            cell.parameters[words[1]] = int(words[-1].split("'")[0])
        else:
            pin, bits = _pair(line)
            cell.pins[pin] = bits
    raise ValueError("RTLIL: a cell does not end")


def _pair(line: str) -> tuple[str, str]:
    """Both sides of a line ``connect LEFT RIGHT`` or ``assign LEFT RIGHT``."""
    rest = line.split(None, 1)[1].strip()
    if rest.startswith("{"):
        left, right = rest.split("}", 1)
        return left + "}", right.strip()
    match = re.match(r"(\S+(?: \[[\d:]+\])?)\s+(.*)$", rest)
    if match is None:
        raise ValueError(f"RTLIL: {line.strip()[:60]!r} is not understood")
    return match[1], match[2]


def _until_end(lines: Iterator[str]) -> Iterator[str]:
    depth = 1
    for line in lines:
        word = line.split(None, 1)[0] if line.strip() else ""
        depth += (word == "switch") - (word == "end")
        if depth == 0:
            return
        yield line.strip()


def _instantiate(
    modules: dict[str, _Module], module: _Module, flat: Flat, alias: dict[int, int]
) -> dict[str, list[int]]:
    """Add a module's content to ``flat``; nets of its ports."""
    number = flat.instances
    flat.instances += 1
    nets: dict[str, list[int]] = {}
    for name, width in module.wires.items():
        nets[name] = list(range(flat.nets, flat.nets + width))
        flat.nets += width

    def bits(text: str) -> list[int]:
        return _bits(text, nets)

    def join(left: list[int], right: list[int]) -> None:
        for net, bit in zip(left, right, strict=True):
            alias[net] = bit

    for left, right in module.connections:
        join(bits(left), bits(right))
    for cell in module.cells:
        if cell.kind in modules:
            child = modules[cell.kind]
            ports = _instantiate(modules, child, flat, alias)
            for pin, text in cell.pins.items():
                if pin in child.inputs:
                    join(ports[pin], bits(text))
                else:
                    join(bits(text), ports[pin])
        elif cell.kind == "$dff":
            data, output = bits(cell.pins["\\D"]), bits(cell.pins["\\Q"])
            flat.registers += zip(data, output, strict=True)
        else:
            inputs = tuple(
                bits(cell.pins[pin]) for pin in ("\\A", "\\B", "\\S") if pin in cell.pins
            )
            signed = bool(cell.parameters.get("\\A_SIGNED", 0))
            output = bits(cell.pins["\\Y"])
            if output:
                flat.operators.append(Operator(cell.kind, inputs, output, signed, number))
    for process in module.processes:
        _add_process(process, bits, flat)
    return {name: nets[name] for name in (*module.inputs, *module.outputs)}


def _bits(text: str, nets: dict[str, list[int]]) -> list[int]:
    """Bits of a signal, a slice, a constant or a concatenation, lowest first."""
    text = text.strip()
    if not text.startswith("{"):
        return _piece(text, nets)
    found: list[int] = []
    for piece in reversed(_PIECES.findall(text[1:-1])):
        found += _piece(piece, nets)
    return found


def _piece(text: str, nets: dict[str, list[int]]) -> list[int]:
    if text[0].isdigit():
        return [_CONSTANTS[digit] for digit in reversed(text.split("'")[1])]
    match = _SIGNAL.match(text)
    if match is None:
        raise ValueError(f"RTLIL: {text[:60]!r} is not understood")
    whole = nets[match[1]]
    if match[2] is None:
        return whole
    high = int(match[2])
    return whole[high : high + 1] if match[3] is None else whole[int(match[3]) : high + 1]


def _add_process(lines: list[str], read: _Read, flat: Flat) -> None:
    """A process as switches, one for each place where a value is decided.

    What is assigned in it is followed line by line: a net stands for the value that it has at the
    end, and the values on the way get nets of their own.
    """
    _, final = _block([line for line in lines if line], 0, {}, read, flat)
    for net, value in final.items():
        flat.operators.append(Operator("$pos", ([value],), [net]))


def _block(
    lines: list[str], at: int, before: dict[int, int], read: _Read, flat: Flat
) -> tuple[int, dict[int, int]]:
    """Values of the nets assigned so far, after the lines from ``at`` to the block's end."""
    values = dict(before)
    while at < len(lines):
        word = lines[at].split(None, 1)[0]
        if word == "assign":
            left, right = _pair(lines[at])
            for net, bit in zip(read(left), read(right), strict=True):
                values[net] = bit
            at += 1
        elif word == "switch":
            at, values = _switch(lines, at, values, read, flat)
        else:
            break
    return at, values


def _switch(
    lines: list[str], at: int, before: dict[int, int], read: _Read, flat: Flat
) -> tuple[int, dict[int, int]]:
    selector = list(reversed(read(lines[at].split(None, 1)[1])))
    at += 1
    branches: list[tuple[list[str], dict[int, int]]] = []
    while lines[at] != "end":
        words = lines[at].split(None, 1)
        if words[0] != "case":
            raise ValueError(f"RTLIL: {lines[at][:60]!r} is not understood")
        patterns = [p.strip().split("'")[1] for p in words[1].split(",")] if len(words) > 1 else []
        at, values = _block(lines, at + 1, before, read, flat)
        branches.append((patterns or ["-" * len(selector)], values))
    nets = sorted(
        {net for _, values in branches for net in values if values[net] != before.get(net)}
    )
    if not nets:
        return at + 1, before
    output = list(range(flat.nets, flat.nets + len(nets)))
    flat.nets += len(nets)
    cases = [
        (pattern, [values.get(net, ZERO) for net in nets])
        for patterns, values in branches
        for pattern in patterns
    ]
    default = [before.get(net, ZERO) for net in nets]
    flat.operators.append(Switch(selector, cases, default, output))
    return at + 1, before | dict(zip(nets, output, strict=True))


def _resolve(flat: Flat, alias: dict[int, int]) -> None:
    """Replace every net by what drives it."""

    def driver(net: int) -> int:
        seen = []
        while net in alias:
            seen.append(net)
            net = alias[net]
        for passed in seen:
            alias[passed] = net
        return net

    def all_of(nets: list[int]) -> list[int]:
        return [driver(net) for net in nets]

    resolved: list[Operator | Switch] = []
    for each in flat.operators:
        if isinstance(each, Operator):
            inputs = tuple(all_of(bits) for bits in each.inputs)
            resolved.append(replace(each, inputs=inputs))
        else:
            cases = [(pattern, all_of(word)) for pattern, word in each.cases]
            resolved.append(Switch(all_of(each.selector), cases, all_of(each.default), each.output))
    flat.operators = resolved
    flat.registers = [(driver(data), output) for data, output in flat.registers]
    flat.outputs = {name: all_of(nets) for name, nets in flat.outputs.items()}

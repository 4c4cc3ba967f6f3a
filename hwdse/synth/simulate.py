"""Bit-parallel simulation of a netlist: 64 independent vectors in every machine word.

A netlist is levelised once into a straight list of bitwise operations; each net is a row of words.
The same program checks functions, on RTL gates as on mapped cells, and counts toggles for energy.
Delays are zero: glitches do not appear.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import ExternalToolError
from hwdse.synth.netlist import CellModel, Instance, Netlist, topological_order
from hwdse.tech.boolean import Ast

__all__ = ["Program", "Simulator", "compile_netlist", "pack", "unpack"]

Words = NDArray[np.uint64]
LANES_PER_WORD = 64
_BINARY: dict[str, Callable[..., Any]] = {
    "and": np.bitwise_and,
    "or": np.bitwise_or,
    "xor": np.bitwise_xor,
}


@dataclass(frozen=True)
class Operation:
    """``row[target] = function(row[first], row[second])``; one operand where ``second`` is None."""

    function: Callable[..., Any]
    target: int
    first: int
    second: int | None


@dataclass(frozen=True)
class Program:
    """A levelised netlist.

    Attributes:
        netlist: What it came from; rows ``0 .. netlist.net_count - 1`` are its nets.
        operations: Combinational operations in order.
        registers: Pairs of (state row, row of the next state).
        row_count: Rows in all.
    """

    netlist: Netlist
    operations: tuple[Operation, ...]
    registers: tuple[tuple[int, int], ...]
    row_count: int


def compile_netlist(netlist: Netlist, models: Mapping[str, CellModel], clock: str) -> Program:
    """Levelise a netlist whose flip-flops all follow one clock port.

    Raises:
        ExternalToolError: A combinational loop, or a flip-flop on another clock or edge.
    """
    builder = _Builder(netlist.net_count)
    clock_nets = _clock_nets(netlist, models, clock)
    registers: list[tuple[int, int, Instance]] = []
    pending: list[Instance] = []
    for instance in netlist.instances:
        model = models[instance.kind]
        if model.next_state is None:
            pending.append(instance)
            continue
        if clock_nets.get(instance.pins[model.clock]) is not model.rising:
            raise ExternalToolError(f"flip-flop {instance.name} does not follow {clock}'s rise")
        state = builder.new_row()
        registers.append((state, builder.new_row(), instance))
        for pin, ast in model.outputs.items():
            if pin in instance.pins:
                rows = {**instance.pins, model.state: state}
                builder.emit(ast, rows, instance.pins[pin])
    for instance in topological_order(pending, lambda i: models[i.kind].outputs):
        for pin, ast in models[instance.kind].outputs.items():
            if pin in instance.pins:
                builder.emit(ast, instance.pins, instance.pins[pin])
    for state, following, instance in registers:
        model = models[instance.kind]
        assert model.next_state is not None
        builder.emit(model.next_state, {**instance.pins, model.state: state}, following)
    return Program(
        netlist=netlist,
        operations=tuple(builder.operations),
        registers=tuple((state, following) for state, following, _ in registers),
        row_count=builder.row_count,
    )


class Simulator:
    """Runs a program over ``64 * words`` lanes; registers start at zero.

    Attributes:
        values: Shape (rows, words): the present value of every net.
    """

    def __init__(self, program: Program, words: int) -> None:
        self.program = program
        self.values: Words = np.zeros((program.row_count, words), dtype=np.uint64)
        self.values[1] = ~np.uint64(0)
        rows = list(self.values)
        self._rows = rows
        self._calls = [
            (op.function, (rows[op.first], rows[op.target]))
            if op.second is None
            else (op.function, (rows[op.first], rows[op.second], rows[op.target]))
            for op in program.operations
        ]

    def evaluate(self, inputs: Mapping[str, Words]) -> None:
        """Set input ports, planes of shape (width, words), and let the logic settle."""
        for name, planes in inputs.items():
            for net, plane in zip(self.program.netlist.inputs[name], planes, strict=True):
                self._rows[net][:] = plane
        # The result's place as the last argument: by name it would take longer to parse.
        for function, places in self._calls:
            function(*places)

    def tick(self) -> None:
        """The clock's active edge; call :meth:`evaluate` before reading outputs again."""
        for state, following in self.program.registers:
            self._rows[state][:] = self._rows[following]

    def rows(self, name: str) -> list[Words]:
        """The planes of an output port, not copied."""
        return [self._rows[net] for net in self.program.netlist.outputs[name]]

    def output(self, name: str) -> Words:
        """Planes of an output port, shape (width, words)."""
        return self.values[list(self.program.netlist.outputs[name])]


def pack(codes: NDArray[Any], width: int) -> Words:
    """Codes of shape (lanes,) as bit planes of shape (width, lanes / 64, rounded up).

    Lane ``i`` is bit ``i % 64`` of word ``i // 64``. Integers of any size, as dtype object, are
    taken modulo ``2**width``.
    """
    lanes = codes.shape[0]
    size = -(-width // 8)
    padded = -(-lanes // LANES_PER_WORD) * LANES_PER_WORD
    planes = np.zeros((width, padded // 8), dtype=np.uint8)
    for index, row in enumerate(_bytes(codes, size)):
        for place in range(min(8, width - 8 * index)):
            # A byte for each lane; of bits that are not 0 the function makes 1.
            packed = np.packbits(row & np.uint8(1 << place), bitorder="little")
            planes[8 * index + place, : packed.size] = packed
    return planes.view(np.uint64)


def _bytes(codes: NDArray[Any], size: int) -> Iterator[NDArray[np.uint8]]:
    """So many bytes of each code, least significant first, an array of shape (lanes,) each."""
    if codes.dtype == object:
        mask = (1 << 8 * size) - 1
        text = b"".join((int(code) & mask).to_bytes(size, "little") for code in codes)
        yield from np.frombuffer(text, dtype=np.uint8).reshape(-1, size).T.copy()
        return
    wide = np.ascontiguousarray(codes, dtype="<i8").view(np.uint8).reshape(-1, 8)
    for index in range(min(size, 8)):
        yield wide[:, index].copy()
    for _ in range(size - 8):
        yield np.where(codes < 0, np.uint8(0xFF), np.uint8(0))


def unpack(planes: Words, lanes: int) -> NDArray[Any]:
    """Codes, unsigned, from bit planes: int64 up to 62 bits and Python integers beyond."""
    bits = np.unpackbits(planes.view(np.uint8), axis=1, bitorder="little")[:, :lanes]
    dtype: Any = np.int64 if len(planes) < LANES_PER_WORD - 1 else object
    weights = np.array([1 << bit for bit in range(len(planes))], dtype=dtype)
    codes: NDArray[Any] = weights @ bits.astype(dtype)
    return codes


class _Builder:
    """Turns expression trees into operations on rows; rows past the nets are scratch or state."""

    def __init__(self, net_count: int) -> None:
        self.row_count = net_count
        self.operations: list[Operation] = []
        self._scratch: list[int] = []

    def new_row(self) -> int:
        self.row_count += 1
        return self.row_count - 1

    def emit(self, ast: Ast, rows: Mapping[str, int], target: int) -> None:
        """Operations that leave the value of ``ast`` in ``target``."""
        self._into(ast, rows, target, depth=0)

    def _into(self, ast: Ast, rows: Mapping[str, int], target: int, depth: int) -> None:
        kind = ast[0]
        if kind in ("var", "const"):
            source = rows[ast[1]] if kind == "var" else ast[1]
            self.operations.append(Operation(np.positive, target, source, None))
        elif kind == "not":
            source = self._row_of(ast[1], rows, depth)
            self.operations.append(Operation(np.invert, target, source, None))
        else:
            first = self._row_of(ast[1], rows, depth)
            for index, operand in enumerate(ast[2:]):
                second = self._row_of(operand, rows, depth + 1)
                last = index == len(ast) - 3
                into = target if last else self._scratch_row(depth)
                self.operations.append(Operation(_BINARY[kind], into, first, second))
                first = into

    def _row_of(self, ast: Ast, rows: Mapping[str, int], depth: int) -> int:
        if ast[0] == "var":
            return rows[ast[1]]
        if ast[0] == "const":
            return int(ast[1])
        row = self._scratch_row(depth)
        self._into(ast, rows, row, depth)
        return row

    def _scratch_row(self, depth: int) -> int:
        while len(self._scratch) <= depth:
            self._scratch.append(self.new_row())
        return self._scratch[depth]


def _clock_nets(netlist: Netlist, models: Mapping[str, CellModel], clock: str) -> dict[int, bool]:
    """Nets that carry the clock, through any buffers and inverters, with True where in phase."""
    if clock not in netlist.inputs:
        return {}
    nets = {netlist.inputs[clock][0]: True}
    repeaters = [
        (instance, models[instance.kind])
        for instance in netlist.instances
        if models[instance.kind].next_state is None
        and len(instance.pins) == 2
        and len(models[instance.kind].outputs) == 1
    ]
    grown = True
    while grown:
        grown = False
        for instance, model in repeaters:
            (output, ast), *_ = model.outputs.items()
            inverting = ast[0] == "not"
            name = ast[1][1] if inverting and ast[1][0] == "var" else ast[1]
            source = instance.pins.get(name) if isinstance(name, str) else None
            target = instance.pins.get(output)
            if source in nets and target is not None and target not in nets:
                nets[target] = nets[source] is not inverting
                grown = True
    return nets

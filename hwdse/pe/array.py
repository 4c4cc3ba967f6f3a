"""``array``: ``rows`` x ``cols`` units that make a product of matrices together.

``pe=(SPEC)`` is the unit; PE (r, c) is that in row r and column c. A cycle with ``in_valid`` high
brings an element: a vector of codes, one of the unit's operands for each row or each column, lane 0
those of row or column 0. Skew and deskew are inside: what belongs together goes in, and comes out,
in one cycle. There is no back-pressure, and cycles without an element may come between any two.

``dataflow=tile``: element k has the operand ``a`` of every row and ``w`` of every column, which are
broadcast: PE (r, c) adds ``w[c] * a[r]`` to its sum, and forgets what was before where ``clear`` is
high. All sums come out after each element, lane ``r * cols + c``, as those of the unit alone do.

``dataflow=os`` (sums stay): elements as in a tile, but operands wander: ``a`` from column 0 to the
right, ``w`` from the last row towards row 0, a PE a cycle. ``last`` marks the last element of a
tile; ``latency`` cycles after it the sums of row 0 come out, lane c those of column c, and those of
the other rows in the cycles behind, with ``out_valid`` high in all of them. Between the last
elements of two tiles are ``rows`` cycles at least. Where the unit completes a result after some
elements only, ``last`` comes with one of these.

``dataflow=ws`` (weights stay): a cycle with ``load`` high brings weights of one row, lane c those
of column c: ``rows`` such cycles, with or without pauses, bring a tile of them, the last row first.
They wait beside the weights in use until an element comes with ``swap`` high: it, and all behind
it, are multiplied with the tile that was complete before it. From that very cycle on the next tile
may be loaded. An element has the operand ``a`` of every row; after ``latency`` cycles lane c of the
result is ``acc_in[c]``, or +0 where ``clear`` is high, plus ``w[r][c] * a[r]``, added row by row
from row 0. So longer sums go on in ``acc_in``, from tile to tile. Results are defined from the
first ``swap`` on, and after ``rst``, which forgets what was loaded, from the next one on.

``dataflow=is`` (activations stay) is ``ws`` with ``w`` and ``a`` in each other's place.

Scales and zero points of blocks come, wait and wander with the codes that they belong to. Operands
of neither side, as the ``mode`` of a composite unit, are one for all PEs and go with the elements.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import Codebook
from hwdse.pe.design import Codes, Design
from hwdse.pe.keys import Keys, SpecError
from hwdse.pe.ports import Operand, Port, Result
from hwdse.pe.unit import Unit

__all__ = ["DATAFLOWS", "FLAG", "Array", "parse"]

summary = "rows x cols of any unit as a systolic array (ws, os, is) or a broadcast tile"
example = "array:pe=(mac:w=int8,a=int8),rows=4,cols=4,dataflow=ws"

DATAFLOWS = ("ws", "os", "is", "tile")
MAX_SIDE = 256
FLAG = Codebook(name="flag", bits=1, values=(0.0, 1.0))
# File systems take 255 bytes, and files' names end in up to 16 more.
_MOST_CHARACTERS = 200
_SIDES = ("w", "a")


@dataclass(frozen=True)
class Array(Design):
    """An array of units; see the module for what goes in and comes out when.

    Attributes:
        pe: The unit.
        rows, cols: Its size.
        dataflow: One of ``DATAFLOWS``.
    """

    pe: Unit
    rows: int
    cols: int
    dataflow: str

    family: ClassVar[str] = "array"

    @property
    def key_values(self) -> dict[str, str]:
        """The unit in parentheses, size and dataflow."""
        return {
            "pe": f"({self.pe.canonical})",
            "rows": str(self.rows),
            "cols": str(self.cols),
            "dataflow": self.dataflow,
        }

    @property
    def module_name(self) -> str:
        """Size, dataflow and unit; of very long ones the unit's name is cut short and hashed."""
        name = f"array_{self.dataflow}_{self.rows}x{self.cols}_{self.pe.module_name}"
        if len(name) <= _MOST_CHARACTERS:
            return name
        digest = hashlib.sha256(self.pe.canonical.encode()).hexdigest()[:16]
        return f"{name[: _MOST_CHARACTERS - 17]}_{digest}"

    @property
    def chained(self) -> bool:
        """Whether sums wander from PE to PE, and one side's operands stay."""
        return self.dataflow in ("ws", "is")

    @property
    def staying(self) -> str:
        """The side whose operands stay: ``w`` or ``a``; empty where none does."""
        return {"ws": "w", "is": "a"}.get(self.dataflow, "")

    def side(self, operand: Operand) -> Literal["row", "column", "all"]:
        """What an operand of the unit is one for: each row, each column, or all PEs."""
        side = operand.name.partition("_")[0]
        if side not in _SIDES:
            return "all"
        of_columns = self.staying or "w"
        return "column" if side == of_columns else "row"

    @property
    def flags(self) -> tuple[Operand, ...]:
        """Operands of one bit that say what to do."""
        if self.chained:
            return (
                Operand("load", FLAG, meaning="a row of waiting operands is present"),
                Operand("swap", FLAG, meaning="waiting operands are used from this element on"),
            )
        if self.dataflow == "os":
            return (Operand("last", FLAG, meaning="the element completes a tile"),)
        return ()

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Flags, then the unit's operands, as many lanes of them as the side is long."""
        return (*self.flags, *(self._vector(operand) for operand in self.pe.operands))

    def _vector(self, operand: Operand) -> Operand:
        side = self.side(operand)
        if side == "all":
            return operand
        count = self.rows if side == "row" else self.cols
        each = f"{operand.lanes} for each {side}" if operand.lanes > 1 else f"one for each {side}"
        meaning = f"{operand.meaning or f'{operand.format.name} code'}, {each}"
        return replace(operand, lanes=count * operand.lanes, meaning=meaning)

    @property
    def results(self) -> tuple[Result, ...]:
        """The unit's results, of each column, or of all PEs of a tile."""
        count = self.rows * self.cols if self.dataflow == "tile" else self.cols
        return tuple(replace(result, lanes=count * result.lanes) for result in self.pe.results)

    @property
    def continued(self) -> tuple[Port, ...]:
        """Ports of sums to go on with, ``acc_in`` for ``acc``."""
        if not self.chained:
            return ()
        return tuple(
            Port(f"{r.name}_in", "input", r.port.width, f"{r.name} to go on with", r.lanes)
            for r in self.results
        )

    @property
    def ports(self) -> tuple[Port, ...]:
        """Ports of the exported module besides ``clk`` and ``rst``."""
        ports = super().ports
        outputs = next(i for i, port in enumerate(ports) if port.direction == "output")
        return (*ports[:outputs], *self.continued, *ports[outputs:])

    @property
    def fill(self) -> int:
        """Cycles from the first PE's turn with an element to the last one's."""
        return 0 if self.dataflow == "tile" else self.rows + self.cols - 2

    @property
    def drain(self) -> int:
        """Cycles in which the results of an element, or a tile, come out."""
        return self.rows if self.dataflow == "os" else 1

    @property
    def latency(self) -> int:
        """Cycles from taking an element to its results: ``os``, the last of a tile to row 0."""
        if self.dataflow == "tile":
            return self.pe.latency
        # Registers at the operands of each PE, and before the outputs of `os`.
        return self.fill + 1 + self.pe.latency + (1 if self.dataflow == "os" else 0)

    def tile_cycles(self, elements: int) -> int:
        """Cycles of one tile by itself, from its first code to its last result.

        Args:
            elements: Vectors multiplied with the operands that stay, or summed in ``os`` and
                ``tile``, without gaps.
        """
        loading = self.rows if self.chained else 0
        taking = (elements - 1) * self.initiation_interval
        return loading + taking + self.latency + self.drain

    def tile_interval(self, elements: int) -> int:
        """Cycles from one tile to the next where they follow as closely as they can."""
        most = 1 if self.dataflow == "tile" else self.rows
        return max(elements * self.initiation_interval, most)

    @property
    def initiation_interval(self) -> int:
        """That of the unit."""
        return self.pe.initiation_interval

    @property
    def holds(self) -> bool:
        """Results are there in the cycles with ``out_valid`` alone."""
        return False

    @property
    def elements_per_result(self) -> int:
        """That of the unit."""
        return self.pe.elements_per_result

    @property
    def enumerable(self) -> bool:
        """Results come of many elements, and of codes that wait."""
        return False

    @property
    def protocol(self) -> str:
        """How to talk to the array, in a few sentences; the module says more."""
        each = self.initiation_interval
        stays = f"Operands stay for {each} cycles. " if each > 1 else ""
        if self.chained:
            says = (
                f"{self.rows} cycles with load high bring the {self.staying} of a tile, the last "
                "row first; swap comes with the first element that is multiplied with it, and the "
                "next tile may be loaded from that cycle on. An element is taken at each rising "
                f"edge of clk where in_valid is high; {self.latency} edges later, that one "
                "counted, lane c of acc is acc_in[c] (0 where clear is high) and the products of "
                "column c, added from row 0 on."
            )
        elif self.dataflow == "os":
            says = (
                "An element is taken at each rising edge of clk where in_valid is high; clear "
                "marks the first of a sum, last the last of a tile. "
                f"{self.latency} edges after that, that one counted, the sums of row 0 are in acc, "
                f"and those of the other rows in the cycles behind, with out_valid high. {stays}"
                f"Between last and last are {self.rows} cycles at least."
            )
        else:
            says = (
                "An element is taken at each rising edge of clk where in_valid is high; clear "
                f"marks the first of a sum. {self.latency} edges later, that one counted, lane "
                f"r * {self.cols} + c of acc is the sum of row r and column c. {stays}"
            )
        loading = f"{self.rows} + " if self.chained else ""
        return (
            f"{says.strip()} A tile of n elements takes {loading}(n - 1) * {each} + "
            f"{self.latency} + {self.drain} cycles by itself, and as often as they can tiles "
            f"come {self.tile_interval(1)} cycles apart or n * {each}, whichever is more. rst "
            "clears only what is on its way."
        )

    @property
    def macs_per_element(self) -> int:
        """Those of all PEs."""
        return self.rows * self.cols * self.pe.macs_per_element

    @property
    def measured_view(self) -> int:
        """That of the unit."""
        return self.pe.measured_view

    @property
    def design(self) -> Array:
        """The array of the unit's own."""
        unit = self.pe.design
        assert isinstance(unit, Unit)
        return replace(self, pe=unit)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """What comes out ``latency`` cycles after each, an element in every cycle.

        See :func:`hwdse.pe.array_stream.respond`, which takes cycles without an element as well.
        """
        from hwdse.pe.array_stream import respond

        return respond(self, codes, np.ones(len(clear), dtype=np.bool_), clear).results


def parse(keys: Keys) -> Array:
    """An ``array`` from its keys."""
    unit = _take_unit(keys)
    rows = keys.integer_of("rows", 16, 1, MAX_SIDE)
    cols = keys.integer_of("cols", 16, 1, MAX_SIDE)
    dataflow = keys.choice_of("dataflow", DATAFLOWS, "ws")
    keys.finish()
    array = Array(pe=unit, rows=rows, cols=cols, dataflow=dataflow)
    if array.chained and (unit.initiation_interval > 1 or unit.elements_per_result > 1):
        several = (
            f"takes {unit.initiation_interval} cycles for an element"
            if unit.initiation_interval > 1
            else f"takes {unit.elements_per_result} elements for a term"
        )
        raise keys.refusal(
            f"{unit.family} {several}, and sums of dataflow={dataflow} move on in every cycle; use "
            "dataflow=os",
            {"dataflow": "os"},
        )
    return array


def _take_unit(keys: Keys) -> Unit:
    from hwdse.pe import design_of

    text = keys.text_of("pe")
    inner = text.removeprefix("(").removesuffix(")")
    if inner == text:
        raise keys.refusal(
            f"pe={text}: the unit stands in parentheses, as in pe={keys.example['pe']}",
            {"pe": keys.example["pe"]},
        )
    try:
        unit = design_of(inner)
    except SpecError as error:
        raise keys.refusal(f"pe: {error}", {"pe": f"({error.instead})"}) from None
    lacking = _lacking(unit)
    if lacking or not isinstance(unit, Unit):
        raise keys.refusal(
            f"pe={text}: {lacking}; use pe={keys.example['pe']}", {"pe": keys.example["pe"]}
        )
    return unit


def _lacking(unit: Design) -> str:
    """Why a design is no unit of an array; empty where it is."""
    if not isinstance(unit, Unit):
        return f"{unit.family} has no sums that an array could make"
    if unit.no_rtl:
        return unit.no_rtl
    return ""

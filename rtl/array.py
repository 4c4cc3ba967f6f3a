"""Arrays of units; the reference, and what goes in and comes out when, is ``hwdse.pe.array``.

The PE is a module of its own, made once and instantiated for each place. Around the PEs are
registers that delay what goes in, so that it meets its sums, and what comes out, so that it is
together again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property

from amaranth import Cat, ClockSignal, Const, Instance, Module, Mux, ResetSignal, Signal, Value
from amaranth.lib import wiring

from hwdse.pe import Operand
from hwdse.pe.array import Array
from rtl.parts.array_pe import ChainedPe, SummingPe
from rtl.parts.bits import register
from rtl.parts.ports import port_members

__all__ = ["ArrayTop", "top"]

# What wanders with the elements and says what is on its way: reset clears it.
_FLAGS = ("valid", "last")


def top(array: Array) -> ArrayTop:
    """The component of an array."""
    if array.chained:
        return _Chained(array)
    return _Summing(array) if array.dataflow == "os" else _Tile(array)


class ArrayTop(wiring.Component):
    """An array with flat ports; a dataflow adds ``pe`` and ``elaborate``.

    Parameters:
        array: The spec.

    Members:
        As ``array.ports``.
    """

    def __init__(self, array: Array) -> None:
        self.array = array
        self.pe_name = f"{array.module_name}_pe"
        super().__init__(port_members(array))

    @property
    def instantiated(self) -> dict[str, wiring.Component]:
        """The PE by the name of its module."""
        return {self.pe_name: self.pe}

    def _of(self, side: str) -> list[Operand]:
        """The unit's operands of rows, of columns or of all PEs."""
        return [o for o in self.array.pe.operands if self.array.side(o) == side]

    def _part(self, operand: Operand, index: int) -> Value:
        """The codes of one row or column, or of all, at an input port."""
        port = getattr(self, operand.name)
        return port if self.array.side(operand) == "all" else port.word_select(index, operand.width)

    def _vertical(self) -> list[str]:
        """What goes from row to row."""
        return [each.name for each in (*self._of("column"), *self.array.pe.results)]

    def _pe_at(self, inputs: Mapping[str, Value], wires: _Wires, r: int, c: int) -> Instance:
        """The PE in the ``r``-th row that elements reach."""
        names = [n.removesuffix("_out") for n in self.pe.signature.members if n.endswith("_out")]
        outputs: dict[str, Value] = {f"{name}_out": wires[name, r, c] for name in names}
        if ("done", r, c) in wires:
            outputs["done"] = wires["done", r, c]
        return self._instance({f"{n}_in": value for n, value in inputs.items()}, outputs)

    def _instance(self, inputs: Mapping[str, Value], outputs: Mapping[str, Value]) -> Instance:
        """A PE; what it gives and is not among ``outputs`` goes nowhere."""
        return Instance(
            self.pe_name,
            ("i", "clk", ClockSignal()),
            ("i", "rst", ResetSignal()),
            *(("i", name, value) for name, value in inputs.items()),
            *(("o", name, value) for name, value in outputs.items()),
        )


def _delayed(m: Module, name: str, value: Value, cycles: int, *, reset_less: bool = True) -> Value:
    for stage in range(cycles):
        value = register(m, f"{name}_{stage}", value, reset_less=reset_less)
    return value


class _Wires(dict[tuple[str, int, int], Signal]):
    """Outputs of the PEs, by member, row and column, made when they are first asked for."""

    def __init__(self, pe: wiring.Component) -> None:
        super().__init__()
        members = pe.signature.members
        self.widths = {name.removesuffix("_out"): members[name].shape for name in members}

    def __missing__(self, key: tuple[str, int, int]) -> Signal:
        name, row, column = key
        self[key] = wire = Signal(self.widths[name], name=f"{name}_{row}_{column}")
        return wire


class _Grid(ArrayTop):
    """What ``ws``, ``is`` and ``os`` have in common: elements and sums wander from PE to PE.

    Row ``r`` is the ``r``-th one that elements reach. Its PE in column ``c`` has its turn ``r + c``
    cycles after the first.
    """

    def _connect(
        self,
        m: Module,
        wires: _Wires,
        edge: dict[str, Value],
        moves: tuple[str, list[Value]],
        places: Sequence[int],
        top: Callable[[int], dict[str, Value]],
    ) -> None:
        """Make the PEs and what is between them, and connect the last row's results.

        Args:
            m: Where to.
            wires: What PEs put out.
            edge: What enters the first row at its first column, and wanders to all PEs.
            moves: A member that each row has of its own, and its values by row.
            places: For each row, its number among the array's rows.
            top: What comes into a column of the first row from above.
        """
        rows, cols = self.array.rows, self.array.cols
        for r, place in enumerate(places):
            if r:
                edge = {
                    name: register(m, f"{name}_row_{r}", value, reset_less=name not in _FLAGS)
                    for name, value in edge.items()
                }
            left = edge | {moves[0]: moves[1][r]}
            for operand in self._of("row"):
                part = self._part(operand, place)
                left[operand.name] = _delayed(m, f"{operand.name}_row_{r}", part, r)
            for c in range(cols):
                values = {n: wires[n, r, c - 1] for n in left} if c else left
                above = {n: wires[n, r - 1, c] for n in self._vertical()} if r else top(c)
                m.submodules[f"pe_{place}_{c}"] = self._pe_at(values | above, wires, r, c)
        for result in self.array.pe.results:
            columns = (
                _delayed(m, f"{result.name}_out_{c}", wires[result.name, rows - 1, c], cols - 1 - c)
                for c in range(cols)
            )
            m.d.comb += getattr(self, result.name).eq(Cat(*columns))


class _Chained(_Grid):
    """``ws`` and ``is``: operands of columns stay in the PEs."""

    @cached_property
    def pe(self) -> wiring.Component:
        """The PE."""
        import rtl

        return ChainedPe(array=self.array, unit=rtl.build(self.array.pe, chained=True))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, cols, unit = self.array.rows, self.array.cols, self.array.pe
        wires = _Wires(self.pe)
        loads = self._loads(m)
        edge = {"valid": self.in_valid, "swap": self.swap & self.in_valid}
        edge |= {o.name: getattr(self, o.name) for o in self._of("all")}
        forget = [_delayed(m, "clear_0", self.clear, unit.latency)]
        for c in range(1, cols):
            forget.append(register(m, f"clear_{c}", forget[-1]))
        self._connect(
            m, wires, edge, ("load", loads), range(rows), lambda c: self._top(m, c, forget[c])
        )
        valid = wires["valid", rows - 1, cols - 1]
        m.d.comb += self.out_valid.eq(
            _delayed(m, "out_valid", valid, unit.latency, reset_less=False)
        )
        return m

    def _loads(self, m: Module) -> list[Value]:
        """For each row whether operands move on to it: from when the first have come so far."""
        rows = self.array.rows
        count = Signal(range(rows), name="loaded_rows")
        with m.If(self.load):
            m.d.sync += count.eq(Mux(count == rows - 1, 0, count + 1))
        return [self.load & (count >= r) if r else self.load for r in range(rows)]

    def _top(self, m: Module, c: int, forget: Value) -> dict[str, Value]:
        """What comes into the first row of a column: operands that will stay, and sums."""
        found = {}
        for operand in self._of("column"):
            found[operand.name] = _delayed(m, f"{operand.name}_{c}", self._part(operand, c), c)
        for result in self.array.pe.results:
            given = getattr(self, f"{result.name}_in").word_select(c, result.port.width)
            # The sum meets the term behind the register of the operand and the unit's stages.
            came = _delayed(m, f"{result.name}_in_{c}", given, c + self.array.pe.latency)
            found[result.name] = Mux(forget, 0, came)
        return found


class _Summing(_Grid):
    """``os``: PEs stand in the order in which elements reach them, the last row first."""

    @cached_property
    def pe(self) -> wiring.Component:
        """The PE."""
        import rtl

        return SummingPe(array=self.array, unit=rtl.build(self.array.pe))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        rows, cols = self.array.rows, self.array.cols
        wires = _Wires(self.pe)
        shifts = self._shifts(m, wires["done", rows - 1, 0])
        edge = {
            "valid": self.in_valid,
            "clear": self.clear,
            "last": self.last & self.in_valid,
        } | {o.name: getattr(self, o.name) for o in self._of("all")}
        places = range(rows - 1, -1, -1)
        self._connect(m, wires, edge, ("shift", shifts), places, lambda c: self._top(m, c))
        m.d.comb += self.out_valid.eq(
            _delayed(m, "out_valid", shifts[rows], cols, reset_less=False)
        )
        return m

    def _shifts(self, m: Module, done: Value) -> list[Value]:
        """For each row, and one behind the last: whether sums move on to it in the next cycle.

        Once the last row's sum is kept, the one before it moves there in the next cycle, and so
        on; a row is through with this as soon as the first row's sum has passed it.
        """
        found: list[Value] = [Const(0, 1)]
        flag = done
        for stage in range(self.array.rows):
            found.append(flag | found[-1] if stage else flag)
            flag = register(m, f"shift_{stage}", flag, reset_less=False)
        return found

    def _top(self, m: Module, c: int) -> dict[str, Value]:
        """What comes into the first row of a column."""
        found: dict[str, Value] = {
            o.name: _delayed(m, f"{o.name}_{c}", self._part(o, c), c) for o in self._of("column")
        }
        return found | {r.name: Const(0, r.port.width) for r in self.array.pe.results}


class _Tile(ArrayTop):
    """``tile``: operands go to all PEs of a row or column at once."""

    @cached_property
    def pe(self) -> wiring.Component:
        """The unit."""
        import rtl

        return rtl.build(self.array.pe)

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sums: dict[str, list[Value]] = {result.name: [] for result in self.array.pe.results}
        for r in range(self.array.rows):
            for c in range(self.array.cols):
                inputs = {"in_valid": self.in_valid, "clear": self.clear}
                for operand in self.array.pe.operands:
                    index = r if self.array.side(operand) == "row" else c
                    inputs[operand.name] = self._part(operand, index)
                outputs = {}
                for result in self.array.pe.results:
                    outputs[result.name] = Signal(result.port.width, name=f"{result.name}_{r}_{c}")
                    sums[result.name].append(outputs[result.name])
                if r == c == 0:
                    outputs["out_valid"] = self.out_valid
                m.submodules[f"pe_{r}_{c}"] = self._instance(inputs, outputs)
        m.d.comb += [getattr(self, name).eq(Cat(*parts)) for name, parts in sums.items()]
        return m

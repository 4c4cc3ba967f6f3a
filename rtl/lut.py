"""Look-up units of the ``lut`` family; the reference is ``hwdse.pe.lut_unit``."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.pe.lut_unit import Lut
from rtl.parts.addends import balanced_sum
from rtl.parts.bits import register, replicate
from rtl.parts.lut_table import RowTables, entry_shape, one_hot, pick
from rtl.parts.operand import float_decoder, require_decoder
from rtl.parts.sequencer import Sequencer, sequence_members
from rtl.parts.shifter import shift_left_fill
from rtl.parts.term import float_term_members, integer_term_members

__all__ = ["LookUp", "LookUps", "term_source"]


def term_source(unit: Lut) -> wiring.Component:
    """The component that makes a ``lut``'s terms: ports of the operands, and the terms.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    require_decoder(unit.a_element)
    return LookUps(unit=unit)


def _term_members(unit: Lut) -> dict[str, Out]:
    """Members of one sum's terms."""
    if not unit.fixed_point:
        return float_term_members(unit.term_shape)
    members = integer_term_members(unit.term_shape)
    return members | ({"carry": Out(1)} if _leaves_carry(unit) else {})


def _addends(unit: Lut) -> int:
    """Entries that one look-up adds."""
    return unit.tables * (1 if unit.serial else unit.w_element.bits) + unit.halves


def _negates(unit: Lut) -> bool:
    """Whether entries are ever subtracted."""
    return unit.half or unit.weight_planes.negative


def _leaves_carry(unit: Lut) -> bool:
    """Whether the last carry of an entry's complement is left to the accumulator."""
    return unit.fixed_point and _negates(unit) and not unit.halves


def _magnitudes(unit: Lut) -> bool:
    """Whether entries are magnitudes under a sign, because none is ever added."""
    return unit.inside and not unit.fixed_point and _addends(unit) == 1


@dataclass(frozen=True)
class _Row:
    """Tables of a row: entries by table, the shift of all, and whether they mean nothing."""

    entries: list[list[Value]]
    shift: Value
    nan: Value


@dataclass(frozen=True)
class _Pick:
    """Which entry of a table a plane of a column takes.

    Attributes:
        index: Its number.
        negative: Whether it is subtracted, but for what the plane itself is.
    """

    index: Value
    negative: Value


@dataclass(frozen=True)
class _Moment:
    """What the cycle is: the plane in series, and whether it counts negative."""

    plane: Value
    negative: Value


class LookUps(wiring.Component):
    """Tables of every row, and what every column of weights picks of them.

    Its only registers are the number of the plane and those of stage ``product``, which hold tables
    and indices.

    Members:
        w, and a or entries: ``In``, as of the unit's operands.
        Those of each sum's terms; those of :func:`sequence_members` where planes come in series.
    """

    def __init__(self, *, unit: Lut) -> None:
        self.unit = unit
        suffixes = [""] if unit.sums == 1 else [f"_{i}" for i in range(unit.sums)]
        terms = {n + s: member for s in suffixes for n, member in _term_members(unit).items()}
        sequence = sequence_members() if unit.initiation_interval > 1 else {}
        super().__init__({o.name: In(o.width) for o in unit.operands} | terms | sequence)
        self.suffixes = suffixes

    def elaborate(self, platform: object) -> Module:
        m = Module()
        unit = self.unit
        waits = "product" in unit.implementation.registers
        moment = self._sequence(m, waits=waits)
        rows = [self._row(m, i) for i in range(unit.m)]
        columns = [self._picks(moment, i) for i in range(unit.n)]
        if waits:
            rows = [_row_register(m, row, f"row_{i}") for i, row in enumerate(rows)]
            columns = [
                [_pick_register(m, p, f"column_{i}_{j}") for j, p in enumerate(picks)]
                for i, picks in enumerate(columns)
            ]
            moment = _Moment(
                _held(m, "product_plane", moment.plane),
                _held(m, "product_negative", moment.negative),
            )
        totals = [self._total(m, row, moment, f"total_{i}") for i, row in enumerate(rows)]
        hot = [[Cat(*one_hot(p.index, unit.table.entries)) for p in picks] for picks in columns]
        for number, suffix in enumerate(self.suffixes):
            row, column = divmod(number, unit.n)
            m.submodules[f"lookup_{row}_{column}"] = one = LookUp(unit=unit)
            m.d.comb += [
                one.entries.eq(Cat(*(Cat(*table) for table in rows[row].entries))),
                one.chosen.eq(Cat(*hot[column])),
                one.negative.eq(Cat(*(p.negative for p in columns[column]))),
                one.total.eq(totals[row]),
                one.plane.eq(moment.plane),
                one.plane_negative.eq(moment.negative),
                one.row_shift.eq(rows[row].shift),
                one.row_nan.eq(rows[row].nan),
                *(getattr(self, n + suffix).eq(getattr(one, n)) for n in _term_members(unit)),
            ]
        return m

    def _sequence(self, m: Module, *, waits: bool) -> _Moment:
        unit = self.unit
        cycles = unit.initiation_interval
        if cycles == 1:
            # Of planes side by side, the last one's sign is known.
            single = unit.w_element.bits == 1 and unit.weight_planes.negative
            return _Moment(Const(0, 0), Const(int(single), 1))
        m.submodules.sequencer = sequencer = Sequencer(cycles=cycles)
        m.d.comb += [
            sequencer.in_valid.eq(self.in_valid),
            sequencer.in_clear.eq(self.in_clear),
        ]
        for name in ("term_valid", "term_clear", "term_last"):
            flag = getattr(sequencer, name)
            if waits:
                flag = register(m, f"product_{name}", flag, reset_less=False)
            m.d.comb += getattr(self, name).eq(flag)
        last = sequencer.term_last if unit.weight_planes.negative else Const(0, 1)
        return _Moment(sequencer.phase, last)

    def _row(self, m: Module, number: int) -> _Row:
        unit = self.unit
        count = unit.tables * unit.table.entries
        width = entry_shape(unit).width
        if unit.inside:
            made = RowTables(unit=unit, magnitudes=_magnitudes(unit))
            m.submodules[f"table_{number}"] = made
            m.d.comb += made.a.eq(self.a.word_select(number, len(made.a)))
            words, shift, nan = made.entries, made.shift, made.nan
            if unit.fixed_point:
                shift, nan = Const(0, 0), Const(0, 1)
        else:
            words = self.entries.word_select(number, count * width)
            shift, nan = Const(0, 0), Const(0, 1)
        entries = [words.word_select(i, width) for i in range(count)]
        each = unit.table.entries
        return _Row([entries[i : i + each] for i in range(0, count, each)], shift, nan)

    def _picks(self, moment: _Moment, column: int) -> list[_Pick]:
        """What a column takes: of every table, for every plane side by side."""
        unit = self.unit
        bits = unit.w_element.bits
        first = column * unit.lanes
        codes = [self.w.word_select(first + i, bits) for i in range(unit.lanes)]
        if unit.serial and bits > 1:
            planes = [[code.bit_select(moment.plane, 1) for code in codes]]
        else:
            planes = [[code[i] for code in codes] for i in range(bits)]
        picks = []
        for plane in planes:
            for start in range(0, unit.lanes, unit.k):
                picks.append(self._pick(plane[start : start + unit.k]))
        return picks

    def _pick(self, bits: list[Value]) -> _Pick:
        if not self.unit.half:
            return _Pick(Cat(*bits), Const(0, 1))
        rest = bits[1:] if not self.unit.online else [bit ^ bits[0] for bit in bits[1:]]
        return _Pick(Cat(*rest), ~bits[0])

    def _total(self, m: Module, row: _Row, moment: _Moment, name: str) -> Value:
        """The sum of a row's activations, as often as a term has it; 0 bits if it does not."""
        unit = self.unit
        if not unit.halves:
            return Const(0, 0)
        total = balanced_sum([table[0].as_signed() for table in row.entries])
        if unit.serial:
            value = Mux(moment.negative, -total, total)
        else:
            reach = (1 << unit.w_element.bits) - 1
            value = total * (-1 if unit.weight_planes.negative else reach)
        held = Signal(value.shape(), name=name)
        m.d.comb += held.eq(value)
        return held


class LookUp(wiring.Component):
    """One sum's term: the entries that a column picks of a row's tables; combinational.

    Parameters:
        unit: Whose it is.

    Members:
        entries: ``In``, of all tables.
        chosen: ``In``, one bit for every entry, of all tables, plane by plane.
        negative: ``In``, whether those picked are subtracted.
        total: ``In``, signed: added to what is halved.
        plane, plane_negative: ``In``, of planes in series.
        row_shift, row_nan: ``In``, of the row's entries.
        value, carry; or sign, significand, shift, nan, infinite: ``Out``, the term.
    """

    def __init__(self, *, unit: Lut) -> None:
        self.unit = unit
        self.entry = entry_shape(unit)
        self.sequenced = unit.initiation_interval > 1
        self.planes = 1 if self.sequenced else unit.w_element.bits
        each, picks = unit.table.entries, unit.tables * self.planes
        total = self.entry.width + unit.tables.bit_length() + unit.w_element.bits
        super().__init__(
            {
                "entries": In(self.entry.width * each * unit.tables),
                "chosen": In(each * picks),
                "negative": In(picks),
                "total": In(total if unit.halves else 0),
                "plane": In(range(unit.initiation_interval)),
                "plane_negative": In(1),
                "row_shift": In(unit.row_shape.max_shift.bit_length()),
                "row_nan": In(1),
            }
            | _term_members(unit)
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        words = [self._picked(i) for i in range(len(self.negative))]
        flips = [self._flip(i) for i in range(len(self.negative))]
        if self.unit.float_entries:
            self._drive_decoded(m, words[0], flips[0])
        elif _magnitudes(self.unit):
            self._drive_float(m, words[0][-1] ^ flips[0], words[0][:-1])
        else:
            self._drive_sum(m, words, flips)
        return m

    def _picked(self, number: int) -> Value:
        """The word that a pick takes of its table."""
        unit, each = self.unit, self.unit.table.entries
        width = self.entry.width
        first = number % unit.tables * each
        table = [self.entries.word_select(first + i, width) for i in range(each)]
        return pick(table, list(self.chosen.word_select(number, each)))

    def _flip(self, number: int) -> Value:
        """Whether what is picked is subtracted."""
        if self.sequenced:
            return self.negative[number] ^ self.plane_negative
        plane = number // self.unit.tables
        last = self.unit.weight_planes.negative and plane == self.planes - 1
        return ~self.negative[number] if last else self.negative[number]

    def _drive_decoded(self, m: Module, code: Value, flip: Value) -> None:
        m.submodules.decode_entry = entry = float_decoder(self.unit.entry_format)
        m.d.comb += [
            entry.code.eq(code),
            self.sign.eq(entry.sign ^ flip),
            self.significand.eq(entry.significand),
            self.shift.eq(entry.shift + self.plane),
        ]
        shape = self.unit.term_shape
        if shape.nan:
            m.d.comb += self.nan.eq(entry.nan)
        if shape.infinite:
            m.d.comb += self.infinite.eq(entry.infinite)

    def _drive_float(self, m: Module, sign: Value, magnitude: Value) -> None:
        m.d.comb += [
            self.sign.eq(sign),
            self.significand.eq(magnitude),
            self.shift.eq(self.row_shift + self.plane),
        ]
        if self.unit.term_shape.nan:
            m.d.comb += self.nan.eq(self.row_nan)

    def _drive_sum(self, m: Module, words: list[Value], flips: list[Value]) -> None:
        values = []
        for number, (word, flip) in enumerate(zip(words, flips, strict=True)):
            plane = number // self.unit.tables
            # A complement, with ones below it: its carry has the weight of the last bit.
            flipped = word ^ replicate(flip, len(word)) if _negates(self.unit) else word
            values.append(Cat(replicate(flip, plane), flipped).as_signed())
        carries = flips if _negates(self.unit) else []
        fill: Value = Const(0, 1)
        if _leaves_carry(self.unit):
            fill, *carries = carries
            m.d.comb += self.carry.eq(fill)
        total = balanced_sum(values)
        if carries:
            total = total + balanced_sum(carries)
        if self.unit.halves:
            total = (total + self.total.as_signed())[1:].as_signed()
        if self.unit.fixed_point:
            shifted = shift_left_fill(
                m, total, self.plane, 1, signed=True, fill=fill, name="plane_shift"
            )
            m.d.comb += self.value.eq(shifted)
            return
        held = Signal(total.shape(), name="total_held")
        m.d.comb += held.eq(total)
        magnitude = Mux(held[-1], -held, held) if held.shape().signed else held
        sign = held[-1] if held.shape().signed else Const(0, 1)
        self._drive_float(m, sign, magnitude)


def _row_register(m: Module, row: _Row, name: str) -> _Row:
    entries = [
        [register(m, f"{name}_{t}_{i}", word) for i, word in enumerate(table)]
        for t, table in enumerate(row.entries)
    ]
    shift, nan = (_held(m, f"{name}_{n}", getattr(row, n)) for n in ("shift", "nan"))
    return _Row(entries, shift, nan)


def _pick_register(m: Module, pick: _Pick, name: str) -> _Pick:
    return _Pick(_held(m, f"{name}_index", pick.index), _held(m, f"{name}_negative", pick.negative))


def _held(m: Module, name: str, value: Value) -> Value:
    """A value one cycle later; a constant is what it is."""
    return value if isinstance(value, Const) else register(m, name, value)

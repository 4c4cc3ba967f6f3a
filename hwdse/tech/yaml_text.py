"""A technology as YAML text: deterministic, compact, readable in a diff."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict

import numpy as np
from numpy.typing import NDArray

from hwdse.tech.model import (
    Arc,
    Cell,
    Constraint,
    ConstraintTable,
    Derived,
    InternalPower,
    Pin,
    Table,
    Technology,
    WireLoad,
)

__all__ = ["SCHEMA", "to_yaml"]

SCHEMA = 1
_DIGITS = 5


def to_yaml(tech: Technology) -> str:
    """Write a technology as the text that :func:`hwdse.tech.load` reads.

    Table values keep 5 significant digits, other figures 6. A table is one string: the names of
    its slew and load axes, a colon, then rows (one per slew) separated by semicolons.
    """
    axes = _Axes()
    cells = [line for cell in tech.cells.values() for line in _cell(cell, axes)]
    corner, source = tech.corner, tech.source
    lines = [
        "# Written by `hwdse tech import` from Liberty; a change by hand changes every result."
        if tech.derived is None
        else "# Written by `hwdse tech derive`; a change by hand changes every result.",
        f"schema: {SCHEMA}",
        f"name: {_text(tech.name)}",
        f"description: {_text(tech.description)}",
        "corner:",
        f"  process: {_text(corner.process)}",
        f"  voltage_v: {_number(corner.voltage_v)}",
        f"  temperature_c: {_number(corner.temperature_c)}",
        "source:",
        "  files:",
        *(f"    - {{name: {_text(n)}, sha256: {_text(h)}}}" for n, h in source.files),
        f"  library: [{', '.join(_text(n) for n in source.library)}]",
        f"  licence: {_text(source.licence)}",
        f"  url: {_text(source.url)}",
        f"  importer: {_text(source.importer)}",
        *_dont_use(source.dont_use),
        *_derived(tech.derived),
        "# Transition times in the tables run between these fractions of the swing.",
        f"slew_lower_fraction: {_number(tech.slew_lower)}",
        f"slew_upper_fraction: {_number(tech.slew_upper)}",
        *_wire_load(tech.wire_load),
        "# A table reads 'SLEW_AXIS LOAD_AXIS: row; row; ...', one row per slew.",
        "axes:",
        *axes.lines(),
        "cells:",
        *cells,
    ]
    return "\n".join(lines) + "\n"


def _derived(derived: Derived | None) -> Iterator[str]:
    if derived is not None:
        yield "# Not characterised: figures of the base, multiplied; _low and _high bound them."
        yield "derived:"
        for key, value in asdict(derived).items():
            yield f"  {key}: {_text(value) if isinstance(value, str) else _number(value)}"


def _dont_use(patterns: tuple[str, ...]) -> Iterator[str]:
    if patterns:
        yield f"  dont_use: [{', '.join(_text(p) for p in patterns)}]"


def _wire_load(model: WireLoad | None) -> Iterator[str]:
    if model is not None:
        yield "# What the wire of a net adds by its number of sinks, and each sink beyond the last."
        yield "wire_load:"
        yield f"  name: {_text(model.name)}"
        for key in ("fanout", "capacitance_ff", "resistance_ohm"):
            yield f'  {key}: "{_numbers(getattr(model, key), 6)}"'
        for key in ("capacitance_ff_per_sink", "resistance_ohm_per_sink"):
            yield f"  {key}: {_number(getattr(model, key))}"


class _Axes:
    """Index vectors, named in order of first use."""

    def __init__(self) -> None:
        self.slew_ps: dict[str, str] = {}
        self.load_ff: dict[str, str] = {}

    def slew(self, axis: NDArray[np.float64]) -> str:
        return self.slew_ps.setdefault(_numbers(axis, 6), f"s{len(self.slew_ps)}")

    def load(self, axis: NDArray[np.float64]) -> str:
        return self.load_ff.setdefault(_numbers(axis, 6), f"l{len(self.load_ff)}")

    def lines(self) -> Iterator[str]:
        for name, vectors in (("slew_ps", self.slew_ps), ("load_ff", self.load_ff)):
            yield f"  {name}:" if vectors else f"  {name}: {{}}"
            for numbers, axis in vectors.items():
                yield f'    {axis}: "{numbers}"'


def _cell(cell: Cell, axes: _Axes) -> Iterator[str]:
    yield f"  {_text(cell.name)}:"
    yield f"    area_um2: {_number(cell.area_um2)}"
    yield f"    leakage_nw: {_number(cell.leakage_nw)}"
    if cell.ff is not None:
        yield "    ff:"
        for key in ("state", "state_n", "clocked_on", "next_state", "clear", "preset"):
            value = getattr(cell.ff, key)
            if value is not None:
                yield f"      {key}: {_text(value)}"
    yield "    pins:"
    for pin in cell.pins.values():
        yield from _pin(pin, axes)


def _pin(pin: Pin, axes: _Axes) -> Iterator[str]:
    yield f"      {_text(pin.name)}:"
    yield f"        direction: {pin.direction}"
    if pin.direction == "input":
        yield f"        capacitance_ff: {_number(pin.capacitance_ff)}"
    if pin.max_capacitance_ff is not None:
        yield f"        max_capacitance_ff: {_number(pin.max_capacitance_ff)}"
    if pin.function is not None:
        yield f"        function: {_text(pin.function)}"
    if pin.setup_ps is not None:
        yield f"        setup_ps: {_number(pin.setup_ps)}"
    if pin.setup:
        yield "        setup:  # rows of a table: slews of the clock; columns: of this pin"
        for constraint in pin.setup:
            yield from _constraint(constraint, axes)
    if pin.arcs:
        yield "        arcs:"
        for arc in pin.arcs:
            yield from _arc(arc, axes)
    if pin.power:
        yield "        power:"
        for power in pin.power:
            yield from _power(power, axes)


def _arc(arc: Arc, axes: _Axes) -> Iterator[str]:
    yield f"          - related_pin: {_text(arc.related_pin)}"
    yield f"            sense: {arc.sense}"
    for key in ("rise_delay", "fall_delay", "rise_slew", "fall_slew"):
        yield f'            {key}_ps: "{_table(getattr(arc, key), axes)}"'


def _constraint(constraint: Constraint, axes: _Axes) -> Iterator[str]:
    yield f"          - related_pin: {_text(constraint.related_pin)}"
    yield f'            rise_ps: "{_constraint_table(constraint.rise, axes)}"'
    yield f'            fall_ps: "{_constraint_table(constraint.fall, axes)}"'


def _power(power: InternalPower, axes: _Axes) -> Iterator[str]:
    related = "null" if power.related_pin is None else _text(power.related_pin)
    yield f"          - related_pin: {related}"
    yield f'            rise_fj: "{_table(power.rise, axes)}"'
    yield f'            fall_fj: "{_table(power.fall, axes)}"'


def _table(table: Table, axes: _Axes) -> str:
    rows = "; ".join(_numbers(row, _DIGITS) for row in table.values)
    return f"{axes.slew(table.slew_ps)} {axes.load(table.load_ff)}: {rows}"


def _constraint_table(table: ConstraintTable, axes: _Axes) -> str:
    rows = "; ".join(_numbers(row, _DIGITS) for row in table.values_ps)
    return f"{axes.slew(table.clock_slew_ps)} {axes.slew(table.data_slew_ps)}: {rows}"


def _numbers(values: NDArray[np.float64], digits: int) -> str:
    # `+ 0.0` turns -0.0 into 0.
    return " ".join(f"{v + 0.0:.{digits}g}" for v in values.tolist())


def _number(value: float) -> str:
    text = f"{value + 0.0:.6g}"
    # YAML 1.1 reads 1e-05 as a string: its floats need a point.
    return text.replace("e", ".0e") if "e" in text and "." not in text else text


def _text(value: str) -> str:
    return json.dumps(value)

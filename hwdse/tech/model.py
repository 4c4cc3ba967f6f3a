"""A technology as data: cells with their function, area, capacitance, delay, energy and leakage.

Units everywhere: um2, fF, ps, fJ, nW, V, degrees C. Tables are indexed ``[slew_ps, load_ff]``.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "Arc",
    "Cell",
    "Constraint",
    "ConstraintTable",
    "Corner",
    "Derived",
    "FlipFlop",
    "InternalPower",
    "Pin",
    "Source",
    "Table",
    "Technology",
    "WireLoad",
]


@dataclass(frozen=True, eq=False)
class Table:
    """A look-up table over input slew and output load.

    A scalar or one-dimensional Liberty table is widened to this shape by the importer (length-1
    axes).

    Attributes:
        slew_ps: Input transition times, shape (S,), ascending.
        load_ff: Output loads, shape (L,), ascending.
        values: Shape (S, L); picoseconds for delay and slew, femtojoules for energy.
    """

    slew_ps: NDArray[np.float64]
    load_ff: NDArray[np.float64]
    values: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Arc:
    """Timing from an input pin to an output pin, the worst over the Liberty file's conditions.

    A pair of pins has an arc for every sense that the file tells apart: an exclusive-or's rise
    from a rising input is another figure than its rise from a falling one.

    Attributes:
        related_pin: The input pin (the clock pin for a flip-flop's clock-to-q arc).
        sense: ``positive_unate``, ``negative_unate`` or ``non_unate``.
        rise_delay, fall_delay: Delay to the output's rise and fall, in ps.
        rise_slew, fall_slew: Output transition times, in ps (the library's own thresholds).
    """

    related_pin: str
    sense: str
    rise_delay: Table
    fall_delay: Table
    rise_slew: Table
    fall_slew: Table


@dataclass(frozen=True, eq=False)
class ConstraintTable:
    """A look-up table over the transitions of the clock and of the data it captures.

    Attributes:
        clock_slew_ps: Transition times of the clock pin, shape (C,), ascending.
        data_slew_ps: Transition times of the data pin, shape (D,), ascending.
        values_ps: Shape (C, D); may be negative.
    """

    clock_slew_ps: NDArray[np.float64]
    data_slew_ps: NDArray[np.float64]
    values_ps: NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Constraint:
    """How long before the clock's edge a data pin must be stable, the worst over conditions.

    Attributes:
        related_pin: The clock pin.
        rise, fall: For a rise and a fall of the data pin.
    """

    related_pin: str
    rise: ConstraintTable
    fall: ConstraintTable


@dataclass(frozen=True, eq=False)
class InternalPower:
    """Energy dissipated inside a cell per transition, in fJ, the mean over conditions.

    Attributes:
        related_pin: For an output pin the input that caused the transition; ``None`` for the energy
            of an input pin's own transition (hidden power, such as a flip-flop's clock pin).
        rise, fall: Energy of the pin's rise and fall.
    """

    related_pin: str | None
    rise: Table
    fall: Table


@dataclass(frozen=True, eq=False)
class Pin:
    """A pin of a cell.

    Attributes:
        direction: ``input`` or ``output``.
        capacitance_ff: Input capacitance (0 for outputs).
        max_capacitance_ff: Largest load an output may drive, or None where the library states none.
        function: Boolean function of an output over input pins (and ``ff`` state names), in Liberty
            syntax normalised to ``! & | ^ ( ) 0 1``; None for inputs.
        arcs: Timing arcs that end at this (output) pin.
        power: Internal-energy tables of this pin.
        setup_ps: For a flip-flop's data pin, the worst setup time at mid-table slews; else None.
        setup: Its setup times over slews, one entry per clock pin.
    """

    name: str
    direction: str
    capacitance_ff: float = 0.0
    max_capacitance_ff: float | None = None
    function: str | None = None
    arcs: tuple[Arc, ...] = ()
    power: tuple[InternalPower, ...] = ()
    setup_ps: float | None = None
    setup: tuple[Constraint, ...] = ()


@dataclass(frozen=True)
class FlipFlop:
    """Sequential behaviour of a cell: ``state`` takes ``next_state`` at the rise of ``clocked_on``.

    Attributes:
        state, state_n: Names of the state variable and its complement (``IQ``, ``IQN``).
        clocked_on: Clock expression (``CK`` or ``!CKN``).
        next_state: Boolean function of the pins.
        clear, preset: Asynchronous clear and preset expressions, or None.
    """

    state: str
    state_n: str
    clocked_on: str
    next_state: str
    clear: str | None = None
    preset: str | None = None


@dataclass(frozen=True, eq=False)
class Cell:
    """A standard cell: ``ff`` is None for a combinational one."""

    name: str
    area_um2: float
    leakage_nw: float
    pins: dict[str, Pin] = field(default_factory=dict)
    ff: FlipFlop | None = None

    @cached_property
    def inputs(self) -> tuple[Pin, ...]:
        """Input pins, in the library's order."""
        return tuple(p for p in self.pins.values() if p.direction == "input")

    @cached_property
    def outputs(self) -> tuple[Pin, ...]:
        """Output pins, in the library's order."""
        return tuple(p for p in self.pins.values() if p.direction == "output")


@dataclass(frozen=True)
class Corner:
    """Operating point at which every figure of the technology holds."""

    process: str
    voltage_v: float
    temperature_c: float


@dataclass(frozen=True)
class Source:
    """Where a technology's figures come from.

    Attributes:
        files: Names of the Liberty files, in the order read, with ``sha256`` of their text.
        library: ``library(...)`` names in those files.
        licence: Licence of the files, one line.
        url: Where the library is published.
        importer: Version of the importer that wrote the YAML.
        dont_use: Patterns of cell names that the importer was told to leave out.
    """

    files: tuple[tuple[str, str], ...]
    library: tuple[str, ...]
    licence: str
    url: str
    importer: str
    dont_use: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class WireLoad:
    """A statistical wire-load model: what a net's wire adds, by its number of sinks.

    Attributes:
        name: The model's name in the Liberty file.
        fanout: Numbers of sinks, shape (N,), ascending from 1.
        capacitance_ff: Capacitance of such a net's wire, shape (N,).
        resistance_ohm: Its resistance, shape (N,).
        capacitance_ff_per_sink, resistance_ohm_per_sink: Added by each sink beyond the last.
    """

    name: str
    fanout: NDArray[np.float64]
    capacitance_ff: NDArray[np.float64]
    resistance_ohm: NDArray[np.float64]
    capacitance_ff_per_sink: float
    resistance_ohm_per_sink: float


@dataclass(frozen=True)
class Derived:
    """That a technology was derived from another, not characterised, and how far that may be off.

    Attributes:
        base, base_sha256: The technology it comes from.
        method: How, with its publication.
        area_low, area_high: The interval of every area, as multiples of it (0 < low <= 1 <= high);
            likewise of delays and of energies.
    """

    base: str
    base_sha256: str
    method: str
    area_low: float
    area_high: float
    delay_low: float
    delay_high: float
    energy_low: float
    energy_high: float


@dataclass(frozen=True, eq=False)
class Technology:
    """A characterised standard-cell technology at one corner.

    Attributes:
        slew_lower, slew_upper: Transition thresholds of the tables, as fractions of the swing.
        sha256: Hash of the YAML text it was loaded from: the key of everything computed with it.
        derived: What it was derived from; None for a characterised one.
        wire_load: The wire-load model that the Liberty file makes its default, or None.
    """

    name: str
    description: str
    corner: Corner
    source: Source
    slew_lower: float
    slew_upper: float
    cells: dict[str, Cell]
    sha256: str
    derived: Derived | None = None
    wire_load: WireLoad | None = None

"""Figures by which technologies are compared: FO4 delay, energy of a switch, cost of a register.

All are read off a technology's own tables, without wires. The reference is a chain of inverters,
each driving four of its kind: its delay per stage is the fan-out-of-4 delay (FO4), and the
transition times it settles at are those at which energies and flip-flops are measured.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from hwdse.tech.boolean import parse, variables
from hwdse.tech.model import Arc, Cell, ConstraintTable, InternalPower, Table, Technology
from hwdse.tech.representatives import representatives
from hwdse.tech.tables import at

__all__ = ["FiguresOfMerit", "Stage", "figures_of_merit", "fo4", "switch_fj"]

FAN_OUT = 4
_SETTLED_PS = 1e-6
_MAX_STAGES = 200
_MAX_PS = 1e7


@dataclass(frozen=True)
class Stage:
    """A stage of a settled chain of equal inverters, each driving four.

    Attributes:
        cell: The inverter.
        delay_ps: Mean of the delays to its rise and to its fall.
        rise_slew_ps, fall_slew_ps: Transitions at its output, between the library's thresholds.
        load_ff: What it drives.
    """

    cell: str
    delay_ps: float
    rise_slew_ps: float
    fall_slew_ps: float
    load_ff: float


@dataclass(frozen=True)
class FiguresOfMerit:
    """Figures of a technology; None where it lacks the cell or the tables.

    Attributes:
        fo4_cell, fo4_ps: The fastest of the smallest inverters, and its FO4 delay.
        slew_ps, load_ff: The mean transition and the load of the FO4 chain: the conditions of the
            energies and of the flip-flop's times.
        nand2_cell, nand2_area_um2, nand2_leakage_nw: The smallest two-input NAND.
        nand2_energy_fj: Energy of one switch of its output, mean of rise and fall and over the
            inputs: internal energy, of the output and of the input that causes it, plus C V^2 / 2
            for a load of four of its own inputs.
        nand2_load_ff: That load.
        full_adder_cell, full_adder_area_um2: The smallest full adder, or two XOR and three NAND
            where the library has none.
        flip_flop_cell, flip_flop_area_um2: The smallest D flip-flop.
        clock_to_q_ps: Its slower edge, at its faster output.
        setup_ps: Its worse edge.
        clock_energy_fj: Energy of its clock pin per cycle while the data rest: internal energy of
            both edges, plus C V^2 for the pin.
    """

    fo4_cell: str | None = None
    fo4_ps: float | None = None
    slew_ps: float | None = None
    load_ff: float | None = None
    nand2_cell: str | None = None
    nand2_area_um2: float | None = None
    nand2_leakage_nw: float | None = None
    nand2_energy_fj: float | None = None
    nand2_load_ff: float | None = None
    full_adder_cell: str | None = None
    full_adder_area_um2: float | None = None
    flip_flop_cell: str | None = None
    flip_flop_area_um2: float | None = None
    clock_to_q_ps: float | None = None
    setup_ps: float | None = None
    clock_energy_fj: float | None = None

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)


def figures_of_merit(tech: Technology) -> FiguresOfMerit:
    """Compute the figures of a technology."""
    cells = representatives(tech)
    found: dict[str, Any] = {}
    stages = [s for s in map(fo4, cells.inverters) if s is not None]
    stage = min(stages, key=lambda s: s.delay_ps, default=None)
    if cells.nand2 is not None:
        found |= {
            "nand2_cell": cells.nand2.name,
            "nand2_area_um2": cells.nand2.area_um2,
            "nand2_leakage_nw": cells.nand2.leakage_nw,
        }
    if cells.full_adder is not None:
        found |= {
            "full_adder_cell": cells.full_adder.name,
            "full_adder_area_um2": cells.full_adder.area_um2,
        }
    elif cells.xor2 is not None and cells.nand2 is not None:
        found |= {
            "full_adder_cell": f"2 {cells.xor2.name} + 3 {cells.nand2.name}",
            "full_adder_area_um2": 2 * cells.xor2.area_um2 + 3 * cells.nand2.area_um2,
        }
    if cells.flip_flop is not None:
        found |= {
            "flip_flop_cell": cells.flip_flop.name,
            "flip_flop_area_um2": cells.flip_flop.area_um2,
        }
    if stage is None:
        return FiguresOfMerit(**found)
    slew = (stage.rise_slew_ps + stage.fall_slew_ps) / 2
    found |= {
        "fo4_cell": stage.cell,
        "fo4_ps": stage.delay_ps,
        "slew_ps": slew,
        "load_ff": stage.load_ff,
    }
    voltage = tech.corner.voltage_v
    if cells.nand2 is not None:
        load = FAN_OUT * float(np.mean([p.capacitance_ff for p in cells.nand2.inputs]))
        energy = switch_fj(cells.nand2, slew, load, voltage)
        found |= {"nand2_energy_fj": energy, "nand2_load_ff": load}
    if cells.flip_flop is not None:
        found |= _flip_flop(cells.flip_flop, stage, slew, voltage)
    return FiguresOfMerit(**found)


def fo4(inverter: Cell) -> Stage | None:
    """Let a chain of an inverter, each driving four, settle; None where it does not.

    From stage to stage a fall follows a rise, so the slews of both edges are carried along until
    they no longer change.
    """
    output = inverter.outputs[0]
    arc = next((a for a in output.arcs if a.sense != "positive_unate"), None)
    if arc is None:
        return None
    load = FAN_OUT * inverter.inputs[0].capacitance_ff
    rise = fall = float(arc.rise_slew.slew_ps[0])
    for _ in range(_MAX_STAGES):
        before = rise, fall
        rise, fall = at(arc.rise_slew, fall, load), at(arc.fall_slew, rise, load)
        if max(abs(rise - before[0]), abs(fall - before[1])) < _SETTLED_PS:
            break
        if not max(abs(rise), abs(fall)) < _MAX_PS:
            return None
    else:
        return None
    delay = (at(arc.rise_delay, fall, load) + at(arc.fall_delay, rise, load)) / 2
    return Stage(inverter.name, delay, rise, fall, load)


def switch_fj(cell: Cell, slew_ps: float, load_ff: float, voltage_v: float) -> float:
    """Energy of one switch of each output of a cell, each with a load: internal energy, also of one
    input that causes it, and C V^2 / 2."""
    switched = sum(
        _internal_fj(pin.power, slew_ps, load_ff) + load_ff * voltage_v**2 / 2
        for pin in cell.outputs
    )
    return switched + float(np.mean([_internal_fj(p.power, slew_ps, 0.0) for p in cell.inputs]))


def _internal_fj(power: tuple[InternalPower, ...], slew_ps: float, load_ff: float) -> float:
    """Internal energy of one transition of a pin, the mean over edges and related inputs."""
    edges = [_held(t, slew_ps, load_ff) for p in power for t in (p.rise, p.fall)]
    return float(np.mean(edges)) if edges else 0.0


def _held(table: Table, slew_ps: float, load_ff: float) -> float:
    """Interpolated, and held at the table's ends: an extrapolated energy could be negative."""
    slew = float(np.clip(slew_ps, table.slew_ps[0], table.slew_ps[-1]))
    load = float(np.clip(load_ff, table.load_ff[0], table.load_ff[-1]))
    return at(table, slew, load)


def _flip_flop(cell: Cell, stage: Stage, slew_ps: float, voltage_v: float) -> dict[str, Any]:
    assert cell.ff is not None
    clock = cell.pins[variables(parse(cell.ff.clocked_on))[0]]
    arcs = [a for p in cell.outputs for a in p.arcs if a.related_pin == clock.name]
    times = [_slower_edge(arc, slew_ps, stage.load_ff) for arc in arcs]
    data = [p for p in cell.inputs if p.setup]
    setups = [
        at(_as_table(table), slew_ps, slew_ps)
        for pin in data
        for constraint in pin.setup
        for table in (constraint.rise, constraint.fall)
    ]
    internal = 2 * _internal_fj(clock.power, slew_ps, 0.0)
    return {
        "clock_to_q_ps": min(times, default=None),
        "setup_ps": max(setups, default=None),
        "clock_energy_fj": internal + clock.capacitance_ff * voltage_v**2,
    }


def _slower_edge(arc: Arc, slew_ps: float, load_ff: float) -> float:
    return max(at(arc.rise_delay, slew_ps, load_ff), at(arc.fall_delay, slew_ps, load_ff))


def _as_table(table: ConstraintTable) -> Table:
    return Table(table.clock_slew_ps, table.data_slew_ps, table.values_ps)

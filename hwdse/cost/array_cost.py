"""Figures of arrays, from one PE mapped by itself and the registers around all of them.

Area, cells and leakage are counts: of the PE's netlist, as often as there are PEs, and of what is
around them. Delay and energy are those of a window of at most 2 x 2 PEs with their surroundings, in
which operands and sums are such as reach the middle of the array; its PEs' mean energy counts as
often as there are PEs, and that of the surroundings in proportion to their area.
"""

from __future__ import annotations

import hashlib
import math
import re
from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

import rtl
from hwdse import tech
from hwdse.cost.analysis import Analysis, analyse
from hwdse.cost.array_window import window_of
from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import EXACT, Cost
from hwdse.cost.mapping import choose_mapping
from hwdse.cost.store import Store
from hwdse.errors import InfeasibleError
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Technology

__all__ = ["array_cost"]

_FJ_PER_PJ = 1e3
_IN_PE = re.compile(r"pe_\d+_\d+\.")
_PARTS = ("switching", "internal", "glitch", "clock", "leakage")


@dataclass(frozen=True)
class _Area:
    """Cells of the PE or of what is around all PEs."""

    cells: Counter[str]
    technology: Technology

    @property
    def area_um2(self) -> float:
        return sum(self.technology.cells[k].area_um2 * n for k, n in self.cells.items())

    @property
    def registers_um2(self) -> float:
        cells = self.technology.cells
        return sum(cells[k].area_um2 * n for k, n in self.cells.items() if cells[k].ff is not None)

    @property
    def leakage_uw(self) -> float:
        return sum(self.technology.cells[k].leakage_nw * n for k, n in self.cells.items()) * 1e-3


def array_cost(
    array: Array, technology: Technology, conditions: Conditions, store: Store, rtlil: str
) -> Cost:
    """Figures of an array; see the module.

    Raises:
        InfeasibleError: A clock that the mapping for area does not reach.
    """
    pe, around = _areas(array, technology, rtlil)
    count = array.rows * array.cols
    window = window_of(array)
    window_rtlil = rtl.to_rtlil(window)
    modules = flow.map_around(window_rtlil, tech.mapping_liberty(technology), _pe_name(window))
    flat = flow.flattened(modules)
    small = _Area(_cells(modules[window.module_name], technology), technology)
    mapped = flow.Mapped(
        netlist=flat,
        area_um2=_Area(_cells(flat, technology), technology).area_um2,
        cell_counts=dict(_cells(flat, technology)),
    )
    analysis = analyse(window, technology, mapped, conditions)
    delay_ps = analysis.timing.delay_ps
    if delay_ps > analysis.period_ps:
        raise InfeasibleError(
            f"{array.canonical} on {technology.name}: arrays are mapped for area, with a critical "
            f"path of {math.ceil(delay_ps) / 1e3:.3f} ns; give at least that"
        )
    inside, outside = _energies(analysis, technology)
    pes = window.rows * window.cols
    scale = around.area_um2 / small.area_um2 if small.area_um2 else 0.0
    per_pe = {part: fj / pes for part, fj in inside.items()}
    rest = {part: fj * scale for part, fj in outside.items()}
    leakage_uw = pe.leakage_uw * count + around.leakage_uw
    per_pe["leakage"] = pe.leakage_uw * analysis.period_ps * 1e-3
    rest["leakage"] = around.leakage_uw * analysis.period_ps * 1e-3
    whole = {part: per_pe[part] * count + rest[part] for part in _PARTS}
    alone = choose_mapping(array.pe, rtl.to_rtlil(array.pe), technology, None, store)[1]
    area_um2 = pe.area_um2 * count + around.area_um2
    registers_um2 = pe.registers_um2 * count + around.registers_um2
    per_mac = 1 / (_FJ_PER_PJ * array.macs_per_cycle)
    energy = sum(whole.values()) * per_mac
    # That of the window's energy, as a fraction.
    half = energy * analysis.energy.half_width_fj / analysis.energy.dynamic_fj
    wide = technology.derived or EXACT
    return Cost(
        spec=array.canonical,
        tech=technology.name,
        source="synth",
        area_um2=area_um2,
        delay_ps=delay_ps,
        energy_pj_per_mac=energy,
        leakage_uw=leakage_uw,
        cells=sum(pe.cells.values()) * count + sum(around.cells.values()),
        macs_per_cycle=array.macs_per_cycle,
        area_um2_low=area_um2 * wide.area_low,
        area_um2_high=area_um2 * wide.area_high,
        delay_ps_low=delay_ps * wide.delay_low,
        delay_ps_high=delay_ps * wide.delay_high,
        energy_pj_per_mac_low=(energy - half) * wide.energy_low,
        energy_pj_per_mac_high=(energy + half) * wide.energy_high,
        period_ps=analysis.period_ps,
        **{f"{part}_pj_per_mac": fj * per_mac for part, fj in whole.items()},
        provenance={
            "synthesis": yosys_version(),
            "recipe": "area, the PE by itself",
            "recipe_sha256": hashlib.sha256(flow.recipe_text().encode()).hexdigest(),
            "rtlil_sha256": hashlib.sha256(rtlil.encode()).hexdigest(),
            "technology_sha256": technology.sha256,
            "corner": asdict(technology.corner),
            "operands": f"{conditions.drawn.name}: {conditions.drawn.description}",
            "activity": f"tiles of 64 cycles, {analysis.activity}",
            "energy_vectors": analysis.energy.vectors,
            "glitch_vectors": analysis.energy.followed_vectors if analysis.delays else 0,
            "energy_interval": "95 %, sampling of operands, of the window",
            "energy_half_width": analysis.energy.half_width_fj / analysis.energy.dynamic_fj,
            "energy_half_width_wanted": conditions.confidence,
            "wires": f"{analysis.timing.wires}; ideal clock; none between PEs is longer",
            "checked_vectors": analysis.checked.vectors,
            "checked_exhaustively": False,
            "array": {
                "method": (
                    f"area: one PE mapped by itself, times {count}, and the surroundings of all; "
                    f"delay and energy: {window.rows} x {window.cols} PEs with operands and sums "
                    "as in the middle of the array, each PE counted alike and the surroundings "
                    "in proportion to their area"
                ),
                "pe_area_um2": pe.area_um2,
                "pe_registers_um2": pe.registers_um2,
                "unit_alone_area_um2": alone.area_um2,
                "around_area_um2": around.area_um2,
                "around_registers_um2": around.registers_um2,
                "registers_area_share": registers_um2 / area_um2,
                # What is not the unit by itself: wandering, waiting, skew, drain and flags.
                "array_overhead_area_share": 1 - count * alone.area_um2 / area_um2,
                "pe_energy_pj_per_cycle": sum(per_pe.values()) / _FJ_PER_PJ,
                "around_energy_pj_per_cycle": sum(rest.values()) / _FJ_PER_PJ,
                "around_energy_share": sum(rest.values()) / sum(whole.values()),
            },
        }
        | ({} if technology.derived is None else {"derived": asdict(technology.derived)}),
    )


def _pe_name(array: Array) -> str:
    return f"{array.module_name}_pe"


def _areas(array: Array, technology: Technology, rtlil: str) -> tuple[_Area, _Area]:
    """The PE, and what is around all PEs."""
    modules = flow.map_around(rtlil, tech.mapping_liberty(technology), _pe_name(array))
    found = (_cells(modules[name], technology) for name in (_pe_name(array), array.module_name))
    pe, around = found
    return _Area(pe, technology), _Area(around, technology)


def _cells(module: dict[str, Any], technology: Technology) -> Counter[str]:
    kinds = Counter(str(cell["type"]) for cell in module["cells"].values())
    return Counter({kind: n for kind, n in kinds.items() if kind in technology.cells})


def _energies(
    analysis: Analysis, technology: Technology
) -> tuple[dict[str, float], dict[str, float]]:
    """Energy of a cycle, in fJ by part, of nets that PEs drive, and of all others.

    The clock's is shared by flip-flops, one like the other.
    """
    netlist, weights, energy = analysis.netlist, analysis.weights, analysis.energy
    within = np.zeros(netlist.net_count, dtype=np.bool_)
    flip_flops = [0, 0]
    for instance in netlist.instances:
        inside = _IN_PE.search(instance.name) is not None
        if technology.cells[instance.kind].ff is not None:
            flip_flops[inside] += 1
        for pin in analysis.outputs[instance.kind]:
            if pin in instance.pins:
                within[instance.pins[pin]] = inside
    each = weights.switching_fj + weights.internal_fj
    by_net = {
        "switching": weights.switching_fj * energy.settled_toggles,
        "internal": weights.internal_fj * energy.settled_toggles,
        "glitch": each * energy.glitch_toggles,
    }
    totals = {
        "switching": energy.switching_fj,
        "internal": energy.internal_fj,
        "glitch": energy.glitch_fj,
    }
    found: list[dict[str, float]] = []
    for inside in (True, False):
        parts = {}
        for part, values in by_net.items():
            share = float(values[within].sum() / values.sum()) if values.any() else 0.0
            parts[part] = totals[part] * (share if inside else 1 - share)
        parts["clock"] = energy.clock_fj * flip_flops[inside] / sum(flip_flops)
        found.append(parts)
    return found[0], found[1]

"""Where a unit's figures come from: cells, parts, critical path, energy by cell and by net."""

from __future__ import annotations

import platform
from collections import Counter
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import rtl
from hwdse import __version__
from hwdse.cost.analysis import Analysis, analyse
from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import cost_of
from hwdse.cost.mapping import choose_mapping
from hwdse.cost.parts import area_parts
from hwdse.cost.store import Store
from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Technology

__all__ = ["explain"]

# Nets listed by name, those that take the most energy.
_NETS = 12


def explain(
    unit: Design, technology: Technology, conditions: Conditions, store: Store
) -> dict[str, Any]:
    """A JSON-ready document on the figures that :func:`hwdse.cost.evaluate` gives for a unit.

    Args:
        unit: The unit.
        technology: What it is made of.
        conditions: Operands, clock, activity and confidence.
        store: Where results are kept; what it holds is not synthesised again.

    Raises:
        HwdseError: An array.
    """
    if isinstance(unit, Array):
        raise HwdseError(
            f"{unit.canonical}: explain takes single units apart; give it {unit.pe.canonical}, and "
            "see `hwdse cost --json` for how the array divides into PEs and what is around them"
        )
    cost = cost_of(unit, technology, conditions, store)
    rtlil = rtl.to_rtlil(unit)
    recipe, mapped = choose_mapping(unit, rtlil, technology, conditions.clock_ns, store)
    analysis = analyse(unit, technology, mapped, conditions)
    parts = area_parts(unit, technology, store)
    return {
        "figures": {k: v for k, v in cost.to_json().items() if k != "provenance"},
        "cells": _cells(mapped, technology),
        "parts": parts | {"ratio_to_flattened": parts["area_um2"] / mapped.area_um2},
        "critical_path": _critical_path(analysis),
        "energy_per": _per(unit),
        "energy": _energy(unit, analysis),
        "energy_by_cell": _energy_by_cell(unit, analysis),
        "energy_by_net": _energy_by_net(unit, analysis),
        "provenance": cost.provenance,
        "recipe": {"name": recipe.label, "script": flow.recipe_text(recipe)},
        "technology": {
            "name": technology.name,
            "description": technology.description,
            "corner": asdict(technology.corner),
            "sha256": technology.sha256,
            "source": asdict(technology.source),
            "derived": None if technology.derived is None else asdict(technology.derived),
        },
        "versions": {
            "hwdse": __version__,
            "yosys": yosys_version(),
            **{name: version(name) for name in ("amaranth", "numpy")},
            "python": platform.python_version(),
        },
    }


def _cells(mapped: flow.Mapped, technology: Technology) -> list[dict[str, Any]]:
    """Cells by kind, those that take the most area first."""
    total = sum(technology.cells[kind].area_um2 * n for kind, n in mapped.cell_counts.items())
    rows = []
    for kind, count in mapped.cell_counts.items():
        cell = technology.cells[kind]
        area = cell.area_um2 * count
        rows.append(
            {
                "cell": kind,
                "count": count,
                "area_um2": area,
                "area_share": area / total,
                "leakage_uw": cell.leakage_nw * count * 1e-3,
                "flip_flop": cell.ff is not None,
            }
        )
    return sorted(rows, key=lambda row: (-float(row["area_um2"]), row["cell"]))


def _critical_path(analysis: Analysis) -> dict[str, Any]:
    timing = analysis.timing
    return {
        "delay_ps": timing.delay_ps,
        "fmax_mhz": timing.fmax_mhz,
        "start": timing.start,
        "end": timing.end,
        "setup_ps": timing.setup_ps,
        "groups_ps": timing.groups,
        "wires": timing.wires,
        "cells": [asdict(step) for step in timing.path],
    }


def _energy(unit: Design, analysis: Analysis) -> list[dict[str, Any]]:
    energy = analysis.energy
    parts = {
        "switching": energy.switching_fj,
        "internal": energy.internal_fj,
        "glitch": energy.glitch_fj,
        "clock": energy.clock_fj,
        "leakage": analysis.leakage_fj,
    }
    total = sum(parts.values())
    return [
        {"part": name, f"pj_per_{_per(unit)}": fj * _scale(unit), "share": fj / total}
        for name, fj in parts.items()
    ]


def _per(design: Design) -> str:
    """What energy is told by: a MAC, or a value of a converter."""
    return "mac" if design.macs_per_cycle else "value"


def _scale(design: Design) -> float:
    """What fJ a cycle are multiplied with to be pJ by that."""
    return 1e-3 / (design.macs_per_cycle or design.values_per_cycle)


def _drivers(analysis: Analysis) -> dict[int, tuple[str, str]]:
    """The cell and pin, or the port, that drives each net."""
    found = {
        net: ("input port", name if len(nets) == 1 else f"{name}[{bit}]")
        for name, nets in analysis.netlist.inputs.items()
        for bit, net in enumerate(nets)
    }
    for instance in analysis.netlist.instances:
        for pin in analysis.outputs[instance.kind]:
            if pin in instance.pins:
                found[instance.pins[pin]] = (instance.kind, f"{instance.name}/{pin}")
    return found


def _net_energies(analysis: Analysis) -> tuple[Any, Any]:
    """Energy of each net a cycle, in fJ: of its settled values, and of its glitches."""
    each_fj = analysis.weights.switching_fj + analysis.weights.internal_fj
    return each_fj * analysis.energy.settled_toggles, each_fj * analysis.energy.glitch_toggles


def _energy_by_cell(unit: Design, analysis: Analysis) -> list[dict[str, Any]]:
    """Switching, internal and glitch energy of the nets that each kind of cell drives."""
    settled, glitch = _net_energies(analysis)
    sums: dict[str, Counter[str]] = {}
    for net, (kind, _) in _drivers(analysis).items():
        counter = sums.setdefault(kind, Counter())
        counter.update({"nets": 1, "settled": settled[net], "glitch": glitch[net]})
    scale, per = _scale(unit), _per(unit)
    rows = [
        {
            "cell": kind,
            "nets": counter["nets"],
            f"settled_pj_per_{per}": float(counter["settled"]) * scale,
            f"glitch_pj_per_{per}": float(counter["glitch"]) * scale,
        }
        for kind, counter in sums.items()
    ]
    return sorted(
        rows, key=lambda r: -float(r[f"settled_pj_per_{per}"] + r[f"glitch_pj_per_{per}"])
    )


def _energy_by_net(unit: Design, analysis: Analysis) -> list[dict[str, Any]]:
    """The nets that take the most energy."""
    settled, glitch = _net_energies(analysis)
    drivers = _drivers(analysis)
    scale = _scale(unit)
    order = sorted(drivers, key=lambda net: -float(settled[net] + glitch[net]))
    return [
        {
            "driver": drivers[net][1],
            "cell": drivers[net][0],
            "load_ff": float(analysis.timing.load_ff[net]),
            "toggles_per_cycle": float(analysis.energy.settled_toggles[net]),
            "glitches_per_cycle": float(analysis.energy.glitch_toggles[net]),
            f"pj_per_{_per(unit)}": float(settled[net] + glitch[net]) * scale,
        }
        for net in order[:_NETS]
    ]

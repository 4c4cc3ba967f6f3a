"""Designs side by side at equal throughput, with what their area and energy divide into."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import Cost, cost_of
from hwdse.cost.parts import ROLES, area_by_role, area_parts
from hwdse.cost.store import Store
from hwdse.cost.threads import in_threads
from hwdse.pe import Design
from hwdse.tech.model import Technology

__all__ = ["COLUMNS", "ENERGY_PARTS", "PARTS", "Compared", "add", "compare"]

ENERGY_PARTS = ("switching", "internal", "glitch", "clock", "leakage")
# What a figure divides into: name of the part to its own column.
PARTS = {
    "area_um2_per_mac": {role: f"{role}_um2_per_mac" for role in ROLES},
    "energy_pj_per_mac": {part: f"{part}_pj_per_mac" for part in ENERGY_PARTS},
}
# Figures that claims and charts can be about.
COLUMNS = (
    "area_um2_per_mac",
    "area_um2_per_gmac_s",
    "delay_ps",
    "energy_pj_per_mac",
    "area_um2",
    "energy_pj_per_cycle",
    "area_um2_per_value",
    "energy_pj_per_value",
    *(column for columns in PARTS.values() for column in columns.values()),
)
# Figures that add up where designs work for one another.
_ADDED = (
    "area_um2_per_mac",
    "energy_pj_per_mac",
    "energy_pj_per_mac_low",
    "energy_pj_per_mac_high",
    *(column for columns in PARTS.values() for column in columns.values()),
)
_OF_VALUES = {
    "area_um2_per_mac": "area_um2_per_value",
    "energy_pj_per_mac": "energy_pj_per_value",
}


@dataclass(frozen=True)
class Compared:
    """One design among others.

    Attributes:
        label: What the user calls it.
        cost: Its figures.
        dot_length: MACs of the dot product that ``energy_pj_per_dot`` is about.
        roles_um2: Its area by :data:`~hwdse.cost.parts.ROLES`.
    """

    label: str
    cost: Cost
    dot_length: int
    roles_um2: dict[str, float]

    def figures(self) -> dict[str, Any]:
        """All figures; NaN where there is none.

        ``area_um2_per_mac`` is that of as many units as do one MAC a cycle, all at one clock;
        ``area_um2_per_gmac_s`` of as many as do 1e9 MACs a second, each at its own longest path.
        Converters have figures per value instead.
        """
        cost = self.cost
        macs, values = cost.macs_per_cycle or math.nan, cost.values_per_cycle or math.nan
        per_mac = cost.energy_pj_per_mac * macs
        energy_pj_per_cycle = per_mac if cost.macs_per_cycle else cost.energy_pj_per_value * values
        return {
            "label": self.label,
            "spec": cost.spec,
            "macs_per_cycle": cost.macs_per_cycle,
            "area_um2": cost.area_um2,
            "delay_ps": cost.delay_ps,
            "area_um2_per_mac": cost.area_um2 / macs,
            "area_um2_per_gmac_s": cost.area_um2 / macs * cost.delay_ps * 1e-3,
            "energy_pj_per_mac": cost.energy_pj_per_mac,
            "energy_pj_per_mac_low": cost.energy_pj_per_mac_low,
            "energy_pj_per_mac_high": cost.energy_pj_per_mac_high,
            "energy_pj_per_dot": cost.energy_pj_per_mac * self.dot_length,
            "energy_pj_per_cycle": energy_pj_per_cycle,
            "values_per_cycle": cost.values_per_cycle,
            "area_um2_per_value": cost.area_um2 / values,
            "energy_pj_per_value": cost.energy_pj_per_value,
            **{f"{role}_um2_per_mac": self.roles_um2[role] / macs for role in ROLES},
            **{f"{part}_pj_per_mac": getattr(cost, f"{part}_pj_per_mac") for part in ENERGY_PARTS},
        }


def compare(
    units: Mapping[str, Design],
    technology: Technology,
    conditions: Conditions,
    *,
    dot_length: int,
    store: Store | None = None,
    jobs: int | None = None,
    on_done: Callable[[str], None] = lambda _: None,
) -> list[Compared]:
    """Cost designs and divide their area among their parts.

    Args:
        units: By label.
        technology: What they are made of.
        conditions: Operands, clock, activity and confidence, the same for all.
        dot_length: MACs of a dot product.
        store: Where results are kept; by default the user's store.
        jobs: Threads; by default all cores.
        on_done: Called with each label as it is finished.

    Returns:
        One for each unit, in order.
    """
    kept = store or Store()

    def one(label: str) -> Compared:
        unit = units[label]
        cost = cost_of(unit, technology, conditions, kept)
        parts = area_parts(unit, technology, kept)
        return Compared(label, cost, dot_length, area_by_role(parts, cost.area_um2))

    found = in_threads(one, units, jobs=jobs, on_done=on_done)
    return [found[label] for label in units]


def add(
    label: str, addends: Mapping[str, Fraction], among: Mapping[str, Compared]
) -> tuple[dict[str, Any], dict[str, dict[str, float]]]:
    """Designs that work for one another, as one: so many of each for every MAC.

    ``area_um2_per_mac`` is the sum of count times area per MAC a cycle, or per value a cycle where
    an addend is a converter; likewise energy. The slowest sets ``delay_ps``.

    Args:
        label: What the user calls the sum.
        addends: Label to the MACs, or values, that a MAC of the sum takes.
        among: The addends, and others.

    Returns:
        Figures as of :meth:`Compared.figures`, with the formula as ``spec``; and by column what
        each addend adds.
    """
    parts = {name: (float(count), among[name].figures()) for name, count in addends.items()}
    added = {
        column: {name: count * _per_mac(own, column) for name, (count, own) in parts.items()}
        for column in _ADDED
    }
    sums = {column: sum(values.values()) for column, values in added.items()}
    delay_ps = max(own["delay_ps"] for _, own in parts.values())
    dot_length = next(iter(among.values())).dot_length
    names = next(iter(parts.values()))[1]
    return {
        **dict.fromkeys(names, math.nan),
        **sums,
        "label": label,
        "spec": " + ".join(f"{count} x [{name}]" for name, count in addends.items()),
        "macs_per_cycle": 1,
        "values_per_cycle": 0,
        "area_um2": sums["area_um2_per_mac"],
        "delay_ps": delay_ps,
        "area_um2_per_gmac_s": sums["area_um2_per_mac"] * delay_ps * 1e-3,
        "energy_pj_per_dot": sums["energy_pj_per_mac"] * dot_length,
        "energy_pj_per_cycle": sums["energy_pj_per_mac"],
    }, added


def _per_mac(figures: Mapping[str, Any], column: str) -> float:
    """A figure per MAC, or per value of a converter."""
    of_values = not figures["macs_per_cycle"]
    return float(figures[_OF_VALUES.get(column, column) if of_values else column])

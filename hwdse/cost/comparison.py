"""Units side by side at equal throughput, with what their area and energy divide into."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass

from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import Cost, cost_of
from hwdse.cost.parts import ROLES, area_by_role, area_parts
from hwdse.cost.store import Store
from hwdse.pe import Unit
from hwdse.tech.model import Technology

__all__ = ["ENERGY_PARTS", "Compared", "compare"]

ENERGY_PARTS = ("switching", "internal", "glitch", "clock", "leakage")


@dataclass(frozen=True)
class Compared:
    """One unit among others.

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

    def to_json(self) -> dict[str, object]:
        """Figures, as JSON-ready values.

        ``area_um2_per_mac`` is that of as many units as do one MAC a cycle, all at one clock;
        ``area_um2_per_gmac_s`` of as many as do 1e9 MACs a second, each at its own longest path.
        """
        cost = self.cost
        lanes = cost.macs_per_cycle
        return {
            "label": self.label,
            "spec": cost.spec,
            "macs_per_cycle": lanes,
            "area_um2": cost.area_um2,
            "delay_ps": cost.delay_ps,
            "area_um2_per_mac": cost.area_um2 / lanes,
            "area_um2_per_gmac_s": cost.area_um2 / lanes * cost.delay_ps * 1e-3,
            "energy_pj_per_mac": cost.energy_pj_per_mac,
            "energy_pj_per_mac_low": cost.energy_pj_per_mac_low,
            "energy_pj_per_mac_high": cost.energy_pj_per_mac_high,
            "energy_pj_per_dot": cost.energy_pj_per_mac * self.dot_length,
            **{f"{role}_um2_per_mac": self.roles_um2[role] / lanes for role in ROLES},
            **{f"{part}_pj_per_mac": getattr(cost, f"{part}_pj_per_mac") for part in ENERGY_PARTS},
        }


def compare(
    units: Mapping[str, Unit],
    technology: Technology,
    conditions: Conditions,
    *,
    dot_length: int,
    store: Store | None = None,
    jobs: int | None = None,
    on_done: Callable[[str], None] = lambda _: None,
) -> list[Compared]:
    """Cost units and divide their area among their parts.

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

    found = {}
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        pending = {pool.submit(one, label): label for label in units}
        try:
            for future in as_completed(pending):
                found[pending[future]] = future.result()
                on_done(pending[future])
        except BaseException:
            # Do not compute the rest before saying so.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return [found[label] for label in units]

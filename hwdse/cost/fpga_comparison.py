"""Designs side by side on an FPGA at equal throughput."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from hwdse.cost.fpga import PLACER_SEED, FpgaCost, fpga_cost_of
from hwdse.cost.store import Store
from hwdse.cost.threads import in_threads
from hwdse.pe import Design
from hwdse.synth.devices import Device
from hwdse.synth.fpga import RESOURCES

__all__ = ["FPGA_COLUMNS", "ComparedOnFpga", "compare_on_fpga"]

# Figures that claims and charts can be about.
FPGA_COLUMNS = (
    *(f"{what}_per_mac" for what in RESOURCES),
    *(f"{what}_per_value" for what in RESOURCES),
    *RESOURCES,
    "fmax_mhz",
)


@dataclass(frozen=True)
class ComparedOnFpga:
    """One design among others.

    Attributes:
        label: What the user calls it.
        cost: What it takes.
    """

    label: str
    cost: FpgaCost

    def figures(self) -> dict[str, Any]:
        """All figures; NaN where there is none. Converters have figures per value."""
        cost = self.cost
        taken = {what: getattr(cost, what) for what in RESOURCES}
        macs, values = cost.macs_per_cycle or math.nan, cost.values_per_cycle or math.nan
        return {
            "label": self.label,
            "spec": cost.spec,
            "macs_per_cycle": cost.macs_per_cycle,
            **{f"{what}_per_mac": number / macs for what, number in taken.items()},
            "fmax_mhz": math.nan if cost.fmax_mhz is None else cost.fmax_mhz,
            "values_per_cycle": cost.values_per_cycle,
            **{f"{what}_per_value": number / values for what, number in taken.items()},
            **taken,
        }


def compare_on_fpga(
    units: Mapping[str, Design],
    where: Device,
    *,
    dsp: bool,
    place: bool,
    store: Store | None = None,
    jobs: int | None = None,
    on_done: Callable[[str], None] = lambda _: None,
) -> list[ComparedOnFpga]:
    """Cost designs on one device.

    Args:
        units: By label.
        where: The device.
        dsp, place: As of :func:`hwdse.cost.fpga.evaluate_on_fpga`.
        store: Where results are kept; by default the user's store.
        jobs: Threads; by default all cores.
        on_done: Called with each label as it is finished.

    Returns:
        One for each unit, in order.
    """
    kept = store or Store()

    def one(label: str) -> ComparedOnFpga:
        cost = fpga_cost_of(units[label], where, dsp=dsp, place=place, seed=PLACER_SEED, store=kept)
        return ComparedOnFpga(label, cost)

    found = in_threads(one, units, jobs=jobs, on_done=on_done)
    return [found[label] for label in units]

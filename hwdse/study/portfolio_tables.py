"""The tables of a portfolio study: arrays with their area, and what each layer costs on them."""

from __future__ import annotations

import pandas as pd

from hwdse.study.portfolio import Candidate, PortfolioStudy

__all__ = ["COLUMN_TITLES", "INCLUDES", "array_name", "option_rows", "unit_rows"]

INCLUDES = (
    "Area, time and energy are those of the arithmetic units alone: no memory, no interconnect and "
    "no control. Layers run one after another on one array each, whose units are all busy all the "
    "time at their own clock; arrays that wait take no energy, as if their supply were cut."
)

COLUMN_TITLES = {
    "energy_uj": "arithmetic energy per inference (µJ)",
    "time_ms": "arithmetic time per inference (ms)",
    "area_mm2": "area of the arrays (mm²)",
    "size_mib": "model size (MiB)",
}
"""What pictures call the columns."""

_BYTES_PER_MIB = 1 << 20


def array_name(label: str, candidate: Candidate, copies: int) -> str:
    """What an array of so many copies of a unit is called."""
    return label if candidate.copies == (1,) else f"{copies} × {label}"


def unit_rows(study: PortfolioStudy, costs: dict[str, pd.Series]) -> pd.DataFrame:
    """One row for each array that may be built: ``unit, type, area_mm2``.

    Args:
        study: The study.
        costs: Row of :func:`hwdse.cost.evaluate` by canonical spec.
    """
    rows = [
        {
            "unit": array_name(label, one, copies),
            "type": label,
            "area_mm2": copies * costs[one.modes[0].canonical]["area_um2"] * 1e-6,
        }
        for label, one in study.candidates.items()
        for copies in one.copies
    ]
    return pd.DataFrame(rows)


def option_rows(study: PortfolioStudy, costs: dict[str, pd.Series]) -> pd.DataFrame:
    """One row for each layer, array and mode with a known loss.

    ``energy_uj = macs * energy_pj_per_mac / 1e6``; ``time_ms = macs / (copies * macs_per_cycle) *
    period``; ``size_mib = params * bits_per_value / 8 / 2**20``.

    Args:
        study: The study.
        costs: Row of :func:`hwdse.cost.evaluate` by canonical spec.
    """
    rows = []
    for layer in study.layers:
        for label, one in study.candidates.items():
            for copies in one.copies:
                array = array_name(label, one, copies)
                for mode in one.modes:
                    loss = study.profile.loss.get((layer.name, mode.w.name, mode.a.name))
                    if loss is None:
                        continue
                    cost = costs[mode.canonical]
                    cycles = layer.macs / (copies * cost["macs_per_cycle"])
                    several = len(one.modes) > 1
                    rows.append(
                        {
                            "layer": layer.name,
                            "option": f"{array}, {mode.w.name}" if several else array,
                            "unit": array,
                            "loss": loss,
                            "tie": layer.tie,
                            "energy_uj": layer.macs * cost["energy_pj_per_mac"] * 1e-6,
                            "time_ms": cycles * cost["period_ps"] * 1e-9,
                            "size_mib": layer.params * mode.w.bits_per_value / 8 / _BYTES_PER_MIB,
                        }
                    )
    return pd.DataFrame(rows)

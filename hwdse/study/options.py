"""The option table of a study: what every layer costs and loses on every unit it can run on."""

from __future__ import annotations

import pandas as pd

from hwdse.study.schema import Study

__all__ = ["option_table"]

_BYTES_PER_MIB = 1 << 20


def option_table(study: Study, costs: pd.DataFrame) -> pd.DataFrame:
    """One row per layer and unit label, as ``hwdse allocate`` reads it.

    A unit serves a layer where the profile has a loss for its pair of formats. Per layer
    ``energy_uj = macs * energy_pj_per_mac / 1e6``;
    ``area_time_mm2_ms = macs / macs_per_cycle * period * area``, the silicon area times the time
    that one such unit is busy; ``size_mib = params * bits_per_value / 8 / 2**20``.

    Args:
        study: The study.
        costs: Row ``label`` of every unit, from :func:`hwdse.cost.evaluate`.
    """
    rows = []
    for layer in study.layers:
        for label, unit in study.units.items():
            loss = study.profile.loss.get((layer.name, unit.w.name, unit.a.name))
            if loss is None:
                continue
            cost = costs.loc[label]
            cycles = layer.macs / cost["macs_per_cycle"]
            rows.append(
                {
                    "layer": layer.name,
                    "option": label,
                    "loss": loss,
                    "tie": layer.tie,
                    "energy_uj": layer.macs * cost["energy_pj_per_mac"] * 1e-6,
                    # um2 * ps to mm2 * ms
                    "area_time_mm2_ms": cycles * cost["period_ps"] * cost["area_um2"] * 1e-15,
                    "size_mib": layer.params * unit.w.bits_per_value / 8 / _BYTES_PER_MIB,
                }
            )
    return pd.DataFrame(rows)

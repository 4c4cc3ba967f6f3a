from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from hwdse import pe
from hwdse.cost import Cost


@pytest.fixture
def row() -> Callable[..., dict[str, Any]]:
    """A cost of a spec, as `evaluate` gives it, with figures that fit together and no others do."""

    def made(spec: str, seed: int = 1, **changed: Any) -> dict[str, Any]:
        design = pe.parse(spec)
        period_ps, leakage_uw = 800.0 + seed / 7, 3.0 + seed / 3
        leak_fj = leakage_uw * period_ps * 1e-3
        parts_fj = {"switching": 90.1 * seed, "internal": 60.3, "glitch": 20.7, "clock": 33.9}
        total_fj = sum(parts_fj.values()) + leak_fj
        rates = (design.macs_per_cycle, design.values_per_cycle)
        per_mac, per_value = (total_fj / 1e3 / rate if rate else math.nan for rate in rates)
        bounded = {"area_um2": 100.0 + seed, "delay_ps": period_ps, "energy_pj_per_mac": per_mac}
        scale = 1 / (1e3 * design.macs_per_cycle) if design.macs_per_cycle else math.nan
        cost = Cost(
            spec=design.canonical,
            tech="nangate45",
            source="synth",
            **bounded,
            **{f"{name}_low": value for name, value in bounded.items()},
            **{f"{name}_high": value for name, value in bounded.items()},
            leakage_uw=leakage_uw,
            cells=50 + seed,
            macs_per_cycle=design.macs_per_cycle,
            values_per_cycle=design.values_per_cycle,
            energy_pj_per_value=per_value,
            period_ps=period_ps,
            **{f"{part}_pj_per_mac": fj * scale for part, fj in parts_fj.items()},
            leakage_pj_per_mac=leak_fj * scale,
            provenance={
                "synthesis": "yosys",
                "operands": "uniform: {{ braces }}\n- more",
                "corner": {"process": "typical", "voltage_v": 1.1, "temperature_c": 25.0},
            },
        )
        return cost.to_json() | changed

    return made

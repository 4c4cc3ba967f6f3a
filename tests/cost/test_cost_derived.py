from __future__ import annotations

from typing import Any

import pytest

from hwdse import cost
from hwdse.tech.derive import derive_by_node, derive_by_record

SPEC = "mac:w=int4,a=int4"


def test_a_derived_technology_is_costed_with_wider_intervals(nangate45: Any) -> None:
    derived = derive_by_node(nangate45, "45hp", "7hp", name="scaled").technology
    base = cost.evaluate([SPEC], nangate45).iloc[0]
    row = cost.evaluate([SPEC], derived).iloc[0]
    bounds = derived.derived
    assert bounds is not None
    # The mapper sees other figures and may choose other cells.
    assert row["area_um2"] == pytest.approx(base["area_um2"] * 0.059, rel=0.1)
    assert row["energy_pj_per_mac"] < base["energy_pj_per_mac"] * 0.1
    assert row["area_um2_low"] == pytest.approx(row["area_um2"] * bounds.area_low)
    assert row["area_um2_high"] == pytest.approx(row["area_um2"] * bounds.area_high)
    assert row["delay_ps_low"] == pytest.approx(row["delay_ps"] * bounds.delay_low)
    assert row["delay_ps_high"] == pytest.approx(row["delay_ps"] * bounds.delay_high)
    assert row["energy_pj_per_mac_low"] < row["energy_pj_per_mac"] * bounds.energy_low
    assert row["energy_pj_per_mac_high"] > row["energy_pj_per_mac"] * bounds.energy_high
    assert row["provenance"]["derived"]["base"] == "nangate45"
    assert "derived" not in base["provenance"]


def test_a_relative_technology_is_costed(nangate45: Any) -> None:
    derived = derive_by_record(nangate45, "ffet-over-cfet-same-area", name="flipped").technology
    base = cost.evaluate([SPEC], nangate45).iloc[0]
    row = cost.evaluate([SPEC], derived).iloc[0]
    assert row["area_um2"] == pytest.approx(base["area_um2"], rel=1e-4)
    assert row["delay_ps"] == pytest.approx(base["delay_ps"] / 1.16, rel=1e-3)

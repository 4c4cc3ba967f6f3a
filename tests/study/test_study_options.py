"""Resources of every layer on every unit, against arithmetic done by hand."""

from __future__ import annotations

import pandas as pd
import pytest

from hwdse.study.options import option_table
from hwdse.study.schema import read_study

from . import tiny

COSTS = pd.DataFrame(
    {
        "macs_per_cycle": [1, 4],
        "energy_pj_per_mac": [0.5, 0.25],
        "period_ps": [1000.0, 2000.0],
        "area_um2": [400.0, 1500.0],
    },
    index=["two", "three"],
)


@pytest.fixture
def table(tmp_path):
    layers = (
        "layer,kind,m,n,k,count,tie\nfirst,conv,10,20,30,5,t\nsecond,fc,1,8,4,1,t\n"
        "third,fc,2,1024,4096,1,\n"
    )
    losses = tiny.losses_text().replace("third,int2,int2,0.45,made-up loss\n", "")
    path = tiny.write(tmp_path, layers_csv=layers, losses_csv=losses)
    return option_table(read_study(path), COSTS)


def test_rows_and_columns(table):
    assert list(zip(table["layer"], table["option"], strict=True)) == [
        ("first", "two"),
        ("first", "three"),
        ("second", "two"),
        ("second", "three"),
        ("third", "three"),
    ]
    assert list(table["tie"]) == ["t", "t", "t", "t", ""]
    assert list(table["loss"]) == [0.9, 0.1, 0.3, 0.05, 0.2]


def test_figures_by_hand(table):
    # first: 5 * 10 * 20 * 30 = 30000 MACs and 5 * 20 * 30 = 3000 weights.
    two, three = table.iloc[0], table.iloc[1]
    assert two["energy_uj"] == pytest.approx(30_000 * 0.5e-6)
    assert three["energy_uj"] == pytest.approx(30_000 * 0.25e-6)
    # 30000 cycles of 1 ns = 0.03 ms on 400 um2 = 0.0004 mm2
    assert two["area_time_mm2_ms"] == pytest.approx(0.03 * 0.0004)
    # 7500 cycles of 2 ns = 0.015 ms on 0.0015 mm2
    assert three["area_time_mm2_ms"] == pytest.approx(0.015 * 0.0015)
    assert two["size_mib"] == pytest.approx(3000 * 2 / 8 / 1024 / 1024)
    # third: 1024 * 4096 = 4 Mi weights of 3 bits
    assert table.iloc[4]["size_mib"] == pytest.approx(1.5)

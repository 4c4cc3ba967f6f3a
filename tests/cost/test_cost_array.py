"""Figures of arrays: counts over PEs and what is around them, and energy of a window."""

import numpy as np
import pytest

import rtl
from hwdse import pe, tech
from hwdse.cost.analysis import analyse
from hwdse.cost.array_window import Window, window_codes, window_of
from hwdse.cost.conditions import Conditions
from hwdse.cost.figures import cost_of
from hwdse.cost.operands import operands
from hwdse.cost.store import Store
from hwdse.errors import InfeasibleError
from hwdse.pe.array import Array
from hwdse.synth import flow

SMALL = "mac:w=int3,a=uint2,acc=exact,terms=64"
ZERO_DELAY = Conditions(operands("uniform"), None, "zero-delay", 0.05)


def array_of(rows: int, cols: int, dataflow: str, unit: str = SMALL) -> Array:
    found = pe.parse(f"array:pe=({unit}),rows={rows},cols={cols},dataflow={dataflow}")
    assert isinstance(found, Array)
    return found


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "store.sqlite")


@pytest.mark.parametrize("dataflow", ["ws", "os"])
def test_figures_add_up(store: Store, dataflow: str) -> None:
    nangate45 = tech.load("nangate45")
    cost = cost_of(array_of(3, 4, dataflow), nangate45, ZERO_DELAY, store)
    split = cost.provenance["array"]
    whole = 12 * split["pe_area_um2"] + split["around_area_um2"]
    assert cost.area_um2 == pytest.approx(whole)
    assert cost.macs_per_cycle == 12
    energy = 12 * split["pe_energy_pj_per_cycle"] + split["around_energy_pj_per_cycle"]
    assert cost.energy_pj_per_mac == pytest.approx(energy / 12)
    parts = ("switching", "internal", "glitch", "clock", "leakage")
    total = sum(getattr(cost, f"{part}_pj_per_mac") for part in parts)
    assert cost.energy_pj_per_mac == pytest.approx(total)
    # Wandering operands take registers that the unit alone does not have.
    assert split["pe_area_um2"] > split["unit_alone_area_um2"]
    assert 0 < split["around_registers_um2"] <= split["around_area_um2"]
    assert 0 < split["array_overhead_area_share"] < 1
    assert cost_of(array_of(3, 4, dataflow), nangate45, ZERO_DELAY, store) == cost


def test_registers_around_the_pes_are_those_of_skew_and_flags() -> None:
    # Skew of `a`: 0 + 1 cycles of 2 bits; of `w`: 0 + 1 of 3; of sums at the top and bottom.
    array = array_of(2, 2, "ws")
    nangate45 = tech.load("nangate45")
    modules = flow.map_around(
        rtl.to_rtlil(array), tech.mapping_liberty(nangate45), f"{array.module_name}_pe"
    )
    cells = [cell["type"] for cell in modules[array.module_name]["cells"].values()]
    registers = sum(
        nangate45.cells[kind].ff is not None for kind in cells if kind in nangate45.cells
    )
    width = array.pe.results[0].bits
    sums = (1 + 2) * width + 1 * width
    flags = 1 + 2 + 1 + 2  # loaded rows; valid and swap of row 1; out_valid; clear of each column
    assert registers == 2 + 3 + sums + flags


def test_the_window_is_as_in_the_middle_of_the_array() -> None:
    array = array_of(16, 16, "ws", "mac:w=int8,a=int8")
    window = window_of(array)
    assert (window.rows, window.cols, window.rows_above, window.loads) == (2, 2, 7, 8)
    codes = window_codes(window, operands("uniform"), (64, 32), np.random.default_rng(1))
    assert codes["load"][:, 0].sum() == 8
    assert codes["swap"][:, 0].tolist() == [1] + [0] * 63
    # Seven products of uniform int8 have a standard deviation of about 14 thousand.
    assert 10_000 < codes["acc_in"].std() < 19_000
    assert window_of(array_of(1, 1, "ws")).rows_above == 0


def test_a_clock_beyond_the_mapping_for_area_is_refused(store: Store) -> None:
    fast = Conditions(operands("uniform"), 0.05, "zero-delay", 0.05)
    with pytest.raises(InfeasibleError, match="arrays are mapped for area, with a critical path"):
        cost_of(array_of(2, 2, "tile"), tech.load("nangate45"), fast, store)


@pytest.mark.slow
@pytest.mark.parametrize("dataflow", ["ws", "os", "tile"])
def test_a_flat_synthesis_of_the_whole_is_near(store: Store, dataflow: str) -> None:
    # What a PE at the border does not need is taken away there: more of a small array than of a
    # large one, and of small PEs than of large ones.
    nangate45 = tech.load("nangate45")
    array = array_of(4, 4, dataflow, "mac:w=int4,a=int4")
    cost = cost_of(array, nangate45, ZERO_DELAY, store)
    mapped = flow.map_to_cells(rtl.to_rtlil(array), tech.mapping_liberty(nangate45))
    assert cost.area_um2 == pytest.approx(mapped.area_um2, rel=0.07)
    whole = Window(array.pe, array.rows, array.cols, array.dataflow, whole_rows=array.rows)
    measured = analyse(whole, nangate45, mapped, ZERO_DELAY)
    flat = measured.energy.dynamic_fj / array.macs_per_cycle / 1e3
    hierarchical = cost.energy_pj_per_mac - cost.leakage_pj_per_mac
    assert hierarchical == pytest.approx(flat, rel=0.15)

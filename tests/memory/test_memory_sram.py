from __future__ import annotations

from itertools import pairwise

import pytest

from hwdse.errors import HwdseError
from hwdse.memory import Interval, Memory, dram, dram_types, memory_cost, technologies
from hwdse.memory.data import KIB_BITS, macros, tables
from hwdse.memory.model import Curve

NODES = [str(n.node_nm) for n in tables().sram.nodes]


def sram(kib: float, width: int = 64) -> Memory:
    return Memory(round(kib * KIB_BITS), width)


@pytest.mark.parametrize("node", NODES)
def test_published_points_are_met(node: str) -> None:
    column = next(n for n in tables().sram.nodes if str(n.node_nm) == node)
    for n, kib in enumerate(tables().sram.capacity_kib):
        cost = memory_cost(sram(kib), node)
        assert cost.read_pj.value == pytest.approx(column.read_pj[n])
        assert cost.area_um2.value == pytest.approx(column.area_mm2[n] * 1e6)


def test_transcribed_figures() -> None:
    assert memory_cost(sram(32), "45").read_pj.value == pytest.approx(17.0)
    assert memory_cost(sram(256), "22").area_um2.value == pytest.approx(225_000)
    assert memory_cost(sram(1024), "7").read_pj.value == pytest.approx(13.2)


@pytest.mark.parametrize(("kib", "published_pj"), [(8, 10), (32, 20), (1024, 100)])
def test_intervals_hold_the_other_source(kib: int, published_pj: float) -> None:
    read = memory_cost(sram(kib), "45").read_pj
    assert read.low < read.value < published_pj <= read.high * (1 + 1e-9)


def test_small_memories_are_the_least_certain() -> None:
    def width(kib: int, node: str) -> float:
        read = memory_cost(sram(kib), node).read_pj
        return read.high / read.low

    assert width(8, "45") > 5 > width(32, "45") > width(1024, "45") > 1
    # Unscaled since 45 nm, or scaled as logic: more than eightfold.
    assert memory_cost(sram(8), "7").read_pj.high / 0.90 > 8
    for kib in (8, 32, 64, 256, 1024):
        assert width(kib, "7") > width(kib, "22")


@pytest.mark.parametrize("node", NODES)
@pytest.mark.parametrize("width", [16, 64, 256])
def test_figures_grow_with_capacity_and_keep_their_order(node: str, width: int) -> None:
    costs = [memory_cost(sram(2**n, width), node) for n in range(0, 14)]
    for figure in ("read_pj", "write_pj", "area_um2"):
        known = [getattr(cost, figure) for cost in costs]
        assert [k.value for k in known] == sorted(k.value for k in known)
        assert all(0 < k.low <= k.value * (1 + 1e-9) <= k.high * (1 + 1e-8) for k in known)


def test_newer_nodes_take_less() -> None:
    for larger, smaller in pairwise(NODES):
        for kib in (8, 100, 1024):
            old, new = memory_cost(sram(kib), larger), memory_cost(sram(kib), smaller)
            assert new.read_pj.value < old.read_pj.value
            assert new.area_um2.value < old.area_um2.value


def test_beyond_the_table_intervals_widen() -> None:
    inside, beyond = (memory_cost(sram(kib), "45") for kib in (1024, 8192))
    assert beyond.read_pj.high / beyond.read_pj.low > 1.5 * inside.read_pj.high / inside.read_pj.low
    assert beyond.basis == "beyond the published capacities"
    assert memory_cost(sram(10), "45").basis == "between the published capacities"
    assert "extrapolated" in memory_cost(sram(8), "7").basis


def test_width_spans_both_sources() -> None:
    """Horowitz: half the width, half the energy. The macros: four times the width, 1.57 times."""
    full, half = memory_cost(sram(8), "45").read_pj, memory_cost(sram(8, 32), "45").read_pj
    assert half.low == pytest.approx(full.low / 2)
    assert half.high == pytest.approx(full.high * 0.5**0.32344, rel=1e-4)
    assert half.low < half.value < half.high


def test_writes_take_the_macros_ratio() -> None:
    cost = memory_cost(sram(64), "32")
    ratios = [
        (m.write_pj + (m.address_pj + m.data_pj) / 2) / (m.read_pj + m.address_pj / 2)
        for m in macros().macros
    ]
    assert cost.write_pj.low / cost.read_pj.low == pytest.approx(min(ratios))
    assert cost.write_pj.high / cost.read_pj.high == pytest.approx(max(ratios))


def test_a_macro_has_its_own_figures() -> None:
    cost = memory_cost(Memory(1024 * 64, 64), "sg13g2")
    assert cost.basis == "macro RM_IHPSG13_1P_1024x64_c2_bm_bist"
    assert cost.area_um2 == Interval(263946.1408, 263946.1408, 263946.1408)
    assert cost.read_pj.low == 91.8272
    assert cost.write_pj.low == pytest.approx(110.919)
    assert cost.write_pj.high == pytest.approx(110.919 + 0.081 + 10.6784)


def test_the_macros_lie_within_the_fits_interval() -> None:
    """A memory one word from a macro is not one: its interval must hold the macro's figures."""
    for macro in macros().macros:
        words = macro.words + (-1 if macro.words > 64 else 1)
        if macro.capacity_bits == 131072:
            words = macro.words - 1
        near = memory_cost(Memory(words * macro.width_bits, macro.width_bits), "sg13g2")
        assert "power law" in near.basis
        assert near.read_pj.low <= macro.read_pj * 1.02
        assert near.read_pj.high >= macro.read_pj * 0.98
        assert near.area_um2.low <= macro.area_um2 * 1.02
        assert near.area_um2.high >= macro.area_um2 * 0.98


@pytest.mark.parametrize(
    ("kib", "width", "technology", "message"),
    [
        (0.5, 64, "45", "too far"),
        (16384, 64, "45", "too far"),
        (8, 4, "45", "width of 4 bits is too far"),
        (8, 1024, "7", "width of 1024 bits is too far"),
        (64, 64, "sg13g2", "beyond the macros"),
        (8, 128, "sg13g2", "beyond the macros"),
        (8, 64, "65", "no memories for node"),
        (8, 64, "../x", "no memories for node"),
    ],
)
def test_refusals(kib: float, width: int, technology: str, message: str) -> None:
    with pytest.raises(HwdseError, match=message):
        memory_cost(sram(kib, width), technology)


@pytest.mark.parametrize(("bits", "width"), [(0, 8), (100, 64), (64, 0), (-64, 64)])
def test_absurd_memories(bits: int, width: int) -> None:
    with pytest.raises(HwdseError, match="multiple of the width"):
        Memory(bits, width)


def test_dram() -> None:
    assert [kind.type for kind in dram_types()] == ["dram45", "gddr6"]
    energy = dram("gddr6").pj_per_bit
    assert (energy.low, energy.high) == (350 / 64, 480 / 64)
    assert energy.low < energy.value < energy.high
    with pytest.raises(HwdseError, match="unknown DRAM type"):
        dram("hbm9")


def test_curve_beyond_its_points() -> None:
    curve = Curve((1.0, 2.0, 4.0), (1.0, 2.0, 8.0))
    assert curve.at(3.0).value == pytest.approx(4.5)
    beyond = curve.at(8.0)
    assert (beyond.low, beyond.value, beyond.high) == pytest.approx((16.0, 32.0, 32.0))
    before = curve.at(0.5)
    assert (before.low, before.value, before.high) == pytest.approx((0.25, 0.5, 0.5))


def test_technologies() -> None:
    assert technologies() == ("45", "32", "22", "16", "7", "sg13g2")

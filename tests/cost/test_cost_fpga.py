"""What units take of FPGAs, against counts by another way and against what must hold."""

import importlib.util
import json

import pytest

import rtl
from hwdse.cost.fpga import evaluate_on_fpga
from hwdse.cost.store import Store
from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.synth import place
from hwdse.synth.devices import ALIASES, DEVICES, device
from hwdse.synth.fpga import FPGAS, resources
from hwdse.synth.yosys import run_yosys

SMALL = "mac:w=int2,a=int3,pipeline=1"
# An independent count: Yosys' own statistics of the family's synthesis.
SYNTHESIS = {
    "ice40": ("synth_ice40 -device hx", {"luts": ["SB_LUT4"], "carries": ["SB_CARRY"]}),
    "ecp5": ("synth_ecp5 -nodsp", {"luts": ["LUT4"], "carries": ["CCU2C"], "ffs": ["TRELLIS_FF"]}),
}


def evaluated(tmp_path, specs, name, **options):
    return evaluate_on_fpga(specs, name, store=Store(tmp_path / "s.sqlite"), jobs=1, **options)


@pytest.mark.parametrize("name", SYNTHESIS)
def test_counts_are_those_of_yosys(name, tmp_path):
    synthesis, kinds = SYNTHESIS[name]
    script = "read_rtlil {job}/d.il\nhierarchy -auto-top\n%s\ntee -o {job}/s.json stat -json\n"
    text = run_yosys(
        script % synthesis,
        {"d.il": rtl.to_rtlil(parse(SMALL))},
        ("s.json",),
    )["s.json"]
    row = evaluated(tmp_path, [SMALL], name, dsp=False, place=False).iloc[0]
    assert row["tech"] == ALIASES[name]
    for what, cells in kinds.items():
        counted = sum(
            int(line.split(":")[1].strip(" ,}\n"))
            for line in text.splitlines()
            if any(f'"{cell}":' in line for cell in cells)
        )
        # The statistics count the one module twice: by itself and as the design.
        assert row[what] == counted // 2 > 0


def test_flip_flops_are_those_of_the_unit(tmp_path):
    for name in ("ice40", "ecp5", "gowin", "xc7"):
        row = evaluated(tmp_path, [SMALL], name, dsp=False, place=False).iloc[0]
        # The sum, the term of 5 bits and its clear, and two valid bits.
        assert row["ffs"] == 32 + 5 + 1 + 2
        assert row["fmax_mhz"] is None
        assert (row["dsps"], row["brams"]) == (0, 0)


@pytest.mark.parametrize("name", ["ecp5", pytest.param("xc7", marks=pytest.mark.slow)])
def test_products_go_to_dsp_blocks_where_asked(name, tmp_path):
    spec = "mac:w=int8,a=int8"
    with_blocks, without = (
        evaluated(tmp_path, [spec], name, dsp=dsp, place=False).iloc[0] for dsp in (True, False)
    )
    assert (with_blocks["dsps"], without["dsps"]) == (1, 0)
    assert with_blocks["luts"] < without["luts"] / 4


def test_multipliers_of_gowin_are_counted_by_their_size():
    kinds = ["MULT9X9", "MULT9X9", "MULT9X9", "MULT18X18", "MULT36X36", "LUT4"]
    cells = {f"c{at}": {"type": kind} for at, kind in enumerate(kinds)}
    taken = resources(json.dumps({"modules": {"top": {"cells": cells}}}), "gowin")
    # One and a half, one, four.
    assert (taken["dsps"], taken["luts"]) == (7, 1)


def test_a_device_without_dsp_blocks_gets_none(tmp_path):
    assert evaluated(tmp_path, [SMALL], "ice40-hx8k", place=False).iloc[0]["dsps"] == 0


@pytest.mark.parametrize("name", ["ice40", "ecp5", "gowin"])
def test_place_and_route_gives_a_frequency(name, tmp_path, monkeypatch):
    if not place.placer_is_installed(device(name)):
        pytest.skip("hwdse[fpga] is not installed")
    row = evaluated(tmp_path, [SMALL], name, dsp=False).iloc[0]
    assert 20 < row["fmax_mhz"] < 1000
    assert row["provenance"]["place_and_route"].startswith("yowasp_nextpnr")
    # The second time everything comes from the store.
    monkeypatch.setattr("hwdse.cost.fpga.fpga_netlist", None)
    assert evaluated(tmp_path, [SMALL], name, dsp=False).iloc[0].to_dict() == row.to_dict()


def test_a_unit_that_does_not_fit(tmp_path, monkeypatch):
    monkeypatch.setitem(device("ice40").capacity, "luts", 10)
    with pytest.raises(HwdseError, match=r"too large for ice40-hx8k: it takes \d+ luts, .* has 10"):
        evaluated(tmp_path, [SMALL], "ice40", place=False)


@pytest.mark.parametrize(
    ("what", "holds", "said"),
    [
        ("luts", 8, "its multipliers alone take 9 luts or more, and the device has 8"),
        ("ffs", 20, r"it takes \d+ ffs or more, and the device has 20"),
    ],
)
def test_what_is_far_too_large_is_not_even_mapped(tmp_path, monkeypatch, what, holds, said):
    monkeypatch.setitem(device("ice40").capacity, what, holds)
    monkeypatch.setattr("hwdse.cost.fpga.fpga_netlist", None)
    with pytest.raises(HwdseError, match=f"too large for ice40-hx8k: {said}"):
        evaluated(tmp_path, ["mac:w=int4,a=int4"], "ice40", place=False)


def test_dsp_blocks_hold_as_many_multipliers_as_there_are(tmp_path, monkeypatch):
    for what, holds in (("luts", 48), ("dsps", 1)):
        monkeypatch.setitem(device("ecp5").capacity, what, holds)
    monkeypatch.setattr("hwdse.cost.fpga.fpga_netlist", None)
    with pytest.raises(HwdseError, match="multipliers beyond 1 dsps alone take 49 luts or more"):
        evaluated(tmp_path, ["dot:w=int8,a=int8,lanes=2"], "ecp5", place=False)
    monkeypatch.setitem(device("ecp5").capacity, "luts", 49)
    with pytest.raises(TypeError):  # it may fit, and would be mapped
        evaluated(tmp_path, ["dot:w=int8,a=int8,lanes=2"], "ecp5", place=False)


def test_unknown_devices_and_missing_tools(monkeypatch):
    with pytest.raises(HwdseError, match="unknown FPGA 'ecp6'; did you mean 'ecp5'"):
        device("ecp6")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert not place.placer_is_installed(device("ice40"))
    with pytest.raises(HwdseError, match=r"pip install 'hwdse\[fpga\]'"):
        place.place_and_route("{}", device("ice40"))


def test_every_device_is_of_a_known_family():
    assert {each.family for each in DEVICES.values()} == set(FPGAS)
    assert set(ALIASES) == set(FPGAS)


def test_the_harness_connects_every_bit_once():
    text = place.harness("unit_x", [("a", "input", 3), ("b", "input", 1), ("y", "output", 5)])
    assert ".a(applied[2:0]), .b(applied[3:3]), .y(found[4:0])" in text
    assert "reg [3:0] applied;" in text
    assert "reg [4:0] taken;" in text

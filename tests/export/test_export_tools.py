"""Exported Verilog of every family and depth under tools of others: Verilator, Icarus and Yosys."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hwdse.export import export
from hwdse.pe import FAMILIES, Unit, parse
from hwdse.pe.array import Array
from hwdse.synth.yosys import run_yosys
from hwdse.verify.catalogue import CATALOGUE
from hwdse.verify.check import check_program, compile_rtl

from .conftest import Exported

VECTORS = 200
SPECS = (
    "mac:w=int4,a=int8,pipeline=1",
    "mac:w=int4,a=uint4,mul=booth,pipeline=3",
    "mac:w=e4m3,a=e5m2,acc=bf16",
    "dot:w=int4,a=int4,lanes=2,pipeline=2",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=4",
    "lmul:w=e4m3,a=e4m3,acc=fp16,pipeline=2",
    "shift:w=pot4,a=int8,pipeline=1",
    "shift:w=khot8_2,a=int4",  # its decoder of unsigned weights is wires alone
    "bitplane:w=bipolar2,a=bipolar2,lanes=16,pipeline=2",
    "composite:modes=int8_int4_int2",
    "composite:modes=e4m3_e2m1,pipeline=2",
    "serial:w=int4,a=int8,lanes=4,registers=operand_product_term",
    "lut:w=int2,a=int8,k=4,n=2,pipeline=1",
    "groupdot:w=int4,a=int8,lanes=4,group=32,dequant=after,pipeline=1",
    "groupdot:w=int4,a=fp16,lanes=2,group=8,dequant=before,align=16",
    "convert:from=bf16,to=mxfp4",
    "convert:op=requant,from=int16,to=int8,pipeline=1",
    "convert:op=sround,from=fp16,to=e4m3,width=8",
    "convert:op=hadamard,from=int8,size=16",
    "array:pe=(mac:w=int4,a=int4),rows=2,cols=3,dataflow=ws",
)

# One file of several modules; words whose bits come of others of the same word; bits that a unit
# does not need; sums that wrap, on purpose.
WAIVED = {"DECLFILENAME", "UNOPTFLAT", "UNUSEDSIGNAL", "WIDTH"}

Simulate = Callable[[Exported], subprocess.CompletedProcess[str]]


@pytest.fixture(
    params=[*SPECS, *(pytest.param(spec, marks=pytest.mark.slow) for spec in CATALOGUE)]
)
def written(request: pytest.FixtureRequest, tmp_path: Path) -> Exported:
    unit = parse(request.param)
    return Exported(unit, tmp_path, export(unit, tmp_path, testbench=True, vectors=VECTORS))


def test_every_family_and_depth_is_here() -> None:
    units = [parse(spec) for spec in SPECS]
    assert {unit.family for unit in units} == set(FAMILIES)
    assert {unit.pipeline for unit in units if isinstance(unit, Unit)} == {0, 1, 2, 3}


def test_tools_accept_it_and_compute_the_reference(written: Exported, simulate: Simulate) -> None:
    lint(written)
    run = simulate(written)
    array = isinstance(written.unit, Array)
    completed = json.loads(written.text("_vectors.json"))["completed"]
    assert completed == VECTORS or written.unit.elements_per_result > 1 or array
    assert (run.returncode, run.stdout, run.stderr) == (0, f"PASS {completed} vectors\n", "")
    assert read_back(written.unit, written.text(".v")) == 0


def lint(files: Exported) -> None:
    """No warning but of the kinds that the text itself waives, at its top and until its end."""
    verilog = files.path(".v")
    waived = re.findall(r"verilator lint_off (\w+)", verilog.read_text())
    assert set(waived) == WAIVED
    assert len(waived) == len(WAIVED)
    linter = shutil.which("verilator")
    if linter is None:
        pytest.skip("Verilator is not installed")
    run = subprocess.run(
        [linter, "--lint-only", "-Wall", verilog.name],
        cwd=files.directory, capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")


def read_back(unit, text: str) -> int:
    """Mismatches of what Yosys reads from the Verilog, with the unit's reference."""
    script = "read_verilog {job}/unit.v\nhierarchy -auto-top\nproc\nwrite_rtlil {job}/unit.il\n"
    rtlil = run_yosys(script, {"unit.v": text}, ("unit.il",))["unit.il"]
    checked = check_program(unit, compile_rtl(rtlil), "verilog", 1 << 12, 1, enumerable_bits=12)
    return checked.mismatches


def test_what_is_wrong_in_the_verilog_is_read_back(tmp_path: Path) -> None:
    unit = parse("mac:w=int4,a=int8,pipeline=1")
    text = export(unit, tmp_path, vectors=1)[0].read_text()
    wrong, count = re.subn(r" \+ ", " - ", text)
    assert count > 0
    assert read_back(unit, wrong) > 1000

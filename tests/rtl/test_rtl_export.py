"""RTLIL of units: the same text every time, the ports that were promised, no cell but the known."""

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

import hwdse
import rtl
from hwdse.pe import FAMILIES, Unit, parse
from hwdse.synth import flow
from hwdse.synth.netlist import gate_models

SPECS = [family.example for family in FAMILIES.values()] + [
    "mac:w=int4,a=uint8,acc=exact,terms=5,pipeline=1",
    "mac:w=e5m2,a=e5m2,acc=exact,pipeline=2",
    "mac:w=fp16,a=bf16,acc=fp16,pipeline=1",
    "mac:w=e2m1,a=e2m1,acc=bf16",
    "dot:w=int2,a=int3,lanes=3,pipeline=2",
    "lmul:w=e3m4,a=e3m4,acc=exact",
]

PROGRAM = """
import hashlib, sys
import rtl
from hwdse.pe import parse
for spec in sys.argv[1:]:
    print(hashlib.sha256(rtl.to_rtlil(parse(spec)).encode()).hexdigest())
"""


def test_the_text_does_not_depend_on_the_hash_seed():
    root = str(Path(hwdse.__file__).parents[1])
    texts = set()
    for seed in ("0", "1", "4242"):
        environment = os.environ | {"PYTHONHASHSEED": seed, "PYTHONPATH": root}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, *SPECS],
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        assert len(done.stdout.split()) == len(SPECS)
        texts.add(done.stdout)
    assert len(texts) == 1


@pytest.mark.parametrize("spec", SPECS)
def test_the_text_is_the_same_again_and_names_no_path(spec):
    unit = parse(spec)
    text = rtl.to_rtlil(unit)
    assert rtl.to_rtlil(parse(unit.canonical)) == text
    assert str(Path(hwdse.__file__).parents[1]) not in text
    assert "src" not in re.findall(r"attribute \\(\w+)", text)


@pytest.mark.parametrize("spec", SPECS)
def test_ports_and_cells(spec):
    unit = parse(spec)
    text = rtl.to_rtlil(unit)
    modules = re.findall(r"^module \\(\S+)", text, re.MULTILINE)
    assert len(modules) == len(set(modules))
    # Arrays have one more, of which all their processing elements are instances.
    parts = {unit.module_name} | ({f"{unit.module_name}_pe"} if unit.family == "array" else set())
    assert {name for name in modules if "." not in name} == parts
    assert all(name.startswith(unit.module_name) for name in modules)

    netlist = flow.gate_netlist(text)
    got = {n: (p["direction"], len(p["bits"])) for n, p in netlist["ports"].items()}
    want = {port.name: (port.direction, port.width) for port in unit.ports}
    assert got == want | {"clk": ("input", 1), "rst": ("input", 1)}

    kinds = Counter(cell["type"] for cell in netlist["cells"].values())
    assert set(kinds) <= set(gate_models())
    held = sum(result.bits * result.lanes for result in unit.results)
    if isinstance(unit, Unit) and unit.latency == unit.elements_per_result == 1:
        assert kinds["$_DFF_P_"] == held + 1
    else:
        assert kinds["$_DFF_P_"] + kinds["$_SDFF_PP0_"] > held


@pytest.mark.parametrize("spec", SPECS)
def test_verilog_ports(spec):
    unit = parse(spec)
    text = flow.verilog(rtl.to_rtlil(unit))
    header = re.search(rf"module {unit.module_name}\((.*?)\);", text, re.DOTALL)
    names = {name.strip() for name in header[1].split(",")}
    assert names == {port.name for port in unit.ports} | {"clk", "rst"}

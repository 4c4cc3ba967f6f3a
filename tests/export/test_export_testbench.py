"""The exported testbench: passes on the exported unit, and fails on whatever is wrong."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from hwdse.export import export
from hwdse.pe import parse

from .conftest import SPECS, Exported

Simulate = Callable[[Exported], subprocess.CompletedProcess[str]]
Bundle = Callable[[str], Exported]


def assert_fails(run: subprocess.CompletedProcess[str], message: str = "FAIL") -> None:
    lines = [line for line in run.stdout.splitlines() if line.startswith(("PASS", "FAIL"))]
    assert len(lines) == 1
    assert lines[0].startswith("FAIL")
    assert message in lines[0]
    assert run.returncode == 1


def test_the_exported_unit_passes(exported: Exported, simulate: Simulate) -> None:
    run = simulate(exported)
    assert (run.returncode, run.stdout, run.stderr) == (0, "PASS 1000 vectors\n", "")


@pytest.mark.parametrize("vectors", [1, 2])
def test_few_vectors_pass(vectors: int, tmp_path: Path, simulate: Simulate) -> None:
    unit = parse(SPECS["fp32"])
    files = export(unit, tmp_path, testbench=True, vectors=vectors)
    run = simulate(Exported(unit, tmp_path, files))
    assert run.stdout == f"PASS {vectors} vectors\n"


# What is spoilt, in either way of writing a multiplexer.
PLANTED = {
    "sum": (r" \+ ", " - "),
    "product": (r" \* ", " + "),
    "clear ignored": (r"\bclear(\S*) \?", r"1'b0 ?"),
    "enable ignored": (r"\benable \?|if \(enable\)", None),
    "reset ignored": (r"\brst \?|if \(rst\)", None),
    "wrong edge": (r"posedge clk", "negedge clk"),
    "sign lost": (r"\$signed\(value\)", "$unsigned(value)"),
}
FORCED = {"enable ignored": "1'b1", "reset ignored": "1'b0"}


@pytest.mark.parametrize("bug", PLANTED)
@pytest.mark.parametrize("name", ["int8", "kulisch"])
def test_planted_bugs_are_found(
    bug: str, name: str, bundle: Bundle, tmp_path: Path, simulate: Simulate
) -> None:
    files = bundle(name).copy(tmp_path)
    pattern, replacement = PLANTED[bug]
    if replacement is None:
        forced = FORCED[bug]
        text, count = re.subn(
            pattern,
            lambda m: f"{forced} ?" if m[0].endswith("?") else f"if ({forced})",
            files.text(".v"),
        )
    else:
        text, count = re.subn(pattern, replacement, files.text(".v"))
    assert count > 0
    files.path(".v").write_text(text)
    assert_fails(simulate(files))


def test_a_unit_one_cycle_late_is_found(bundle: Bundle, tmp_path: Path, simulate: Simulate) -> None:
    files = bundle("int8").copy(tmp_path)
    late = export(parse(SPECS["int8"] + ",pipeline=1"), tmp_path / "late")[0].read_text()
    renamed = late.replace("_pipeline_1", "_pipeline_0")
    files.path(".v").write_text(renamed)
    assert_fails(simulate(files), "out_valid is 0, not 1")


@pytest.mark.parametrize(
    ("name", "output"),
    [
        ("int8", "acc"),
        ("fp32", "acc"),
        ("kulisch", "acc"),
        ("kulisch", "acc_special"),
        ("lmul", "acc"),
        ("lmul", "acc_special"),
    ],
)
@pytest.mark.parametrize("where", [0, 700, -1])
def test_any_flipped_bit_of_an_output_is_found(
    name: str, output: str, where: int, bundle: Bundle, tmp_path: Path, simulate: Simulate
) -> None:
    files = bundle(name).copy(tmp_path)
    sidecar = json.loads(files.text("_vectors.json"))
    fields = {field["name"]: field for field in sidecar["fields"]}
    lines = files.text("_vectors.hex").splitlines()
    bit = fields[output]["bit_offset"] + fields[output]["bits"] - 1
    number = range(len(lines))[where]
    lines[number] = f"{int(lines[number], 16) ^ (1 << bit):x}"
    files.path("_vectors.hex").write_text("\n".join(lines) + "\n")
    assert_fails(simulate(files), f"FAIL line {number + 1} of {sidecar['file']}: {output} is ")


def spoilt(text: str, how: str) -> str:
    lines = text.splitlines()
    zero = re.sub("[0-9a-f]", "0", lines[0])
    return {
        "empty": "",
        "short": "\n".join(lines[:-10]) + "\n",
        "all zero": f"{zero}\n" * len(lines),
        "unknown bits": text.replace(lines[500], "x" * 8, 1),
    }[how]


@pytest.mark.parametrize("how", ["empty", "short", "all zero", "unknown bits"])
def test_vectors_that_cannot_be_read_never_pass(
    how: str, bundle: Bundle, tmp_path: Path, simulate: Simulate
) -> None:
    files = bundle("int8").copy(tmp_path)
    files.path("_vectors.hex").write_text(spoilt(files.text("_vectors.hex"), how))
    assert_fails(simulate(files))


def test_missing_vectors_never_pass(bundle: Bundle, tmp_path: Path, simulate: Simulate) -> None:
    files = bundle("int8").copy(tmp_path)
    files.path("_vectors.hex").unlink()
    assert_fails(simulate(files), "cannot read line 1 of ")


def test_a_testbench_that_compares_nothing_fails(
    bundle: Bundle, tmp_path: Path, simulate: Simulate
) -> None:
    files = bundle("int8").copy(tmp_path)
    text, count = re.subn(r"localparam (LINES|COMPLETED) = \d+;", r"localparam \1 = 0;",
                          files.text("_tb.v"))  # fmt: skip
    assert count == 2
    files.path("_tb.v").write_text(text.replace("[0:LINES-1]", "[0:0]"))
    assert_fails(simulate(files), "0 results compared")


def test_it_says_how_to_run_it(exported: Exported) -> None:
    name = exported.unit.module_name
    first, second = exported.text("_tb.v").splitlines()[:2]
    assert "Run it" in first
    assert second.split("  ", 1)[1].strip() == (
        f"iverilog -g2005 -o tb {name}.v {name}_tb.v && vvp tb"
    )


@pytest.mark.slow
def test_verilator_agrees(bundle: Bundle, tmp_path: Path) -> None:
    verilator = shutil.which("verilator")
    if verilator is None or shutil.which("make") is None:
        pytest.skip("Verilator or make is not installed")
    files = bundle("kulisch").copy(tmp_path)
    name = files.unit.module_name
    command = [verilator, "--binary", "--timing", "-Wno-fatal", "--top-module", f"{name}_tb",
               "-o", "tb", f"{name}.v", f"{name}_tb.v"]  # fmt: skip
    subprocess.run(command, cwd=tmp_path, capture_output=True, timeout=300, check=True)
    run = subprocess.run(
        [str(tmp_path / "obj_dir" / "tb")],
        cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert run.returncode == 0
    assert "PASS 1000 vectors" in run.stdout

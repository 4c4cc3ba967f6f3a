"""The files of an export: complete, repeatable, without traces of the machine; clear errors."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import rtl
from hwdse.errors import HwdseError
from hwdse.export import export
from hwdse.pe import parse

from .conftest import SPECS, Exported

SUFFIXES = [".v", "_vectors.hex", "_vectors.json", ".sdc", "_tb.v"]


def test_all_files_are_there_and_nothing_else(exported: Exported) -> None:
    assert exported.files == [exported.path(suffix) for suffix in SUFFIXES]
    assert sorted(exported.directory.iterdir()) == sorted(exported.files)
    assert all(re.fullmatch(r"[a-z0-9_.]+", path.name) for path in exported.files)


def test_the_testbench_is_optional(tmp_path: Path) -> None:
    files = export(parse(SPECS["int8"]), tmp_path)
    assert [path.suffix for path in files] == [".v", ".hex", ".json", ".sdc"]


def test_header_says_what_the_module_is(exported: Exported) -> None:
    unit, text = exported.unit, exported.text(".v")
    header = text[: text.index("\nmodule ")]
    assert text.startswith(f"// {unit.canonical}\n")
    assert hashlib.sha256(rtl.to_rtlil(unit).encode()).hexdigest() in header
    for port in unit.ports:
        line = rf"// {port.name} +{port.direction} +{port.width}  {re.escape(port.meaning)}\n"
        assert re.search(line, header)
        bits = "" if port.width == 1 else rf"\[{port.width - 1}:0\] "
        assert re.search(rf"\n  {port.direction} {bits}{port.name};\n", text)
    assert f"module {unit.module_name}(" in text


def test_no_trace_of_the_machine_or_the_day(exported: Exported) -> None:
    for path in exported.files:
        text = path.read_bytes()
        assert b"\r" not in text
        assert text.endswith(b"\n")
        assert str(exported.directory).encode() not in text
        assert b"clang" not in text.lower()
        assert not re.search(rb"\b20\d\d-\d\d-\d\d\b|/home/|/usr/|/tmp/", text)


def test_the_same_arguments_give_the_same_bytes(exported: Exported, tmp_path: Path) -> None:
    again = export(parse(exported.unit.canonical), tmp_path, testbench=True)
    assert [p.read_bytes() for p in again] == [p.read_bytes() for p in exported.files]


def test_another_seed_gives_other_vectors_and_replaces_the_files(tmp_path: Path) -> None:
    unit = parse(SPECS["int8"])
    first = export(unit, tmp_path, vectors=50)[1].read_text()
    second = export(unit, tmp_path, vectors=50, seed=2)[1].read_text()
    assert first != second


def test_the_clock_period_is_a_parameter(tmp_path: Path) -> None:
    unit = parse(SPECS["int8"])
    text = export(unit, tmp_path, vectors=1)[3].read_text()
    assert "create_clock -name clk -period 1 [get_ports clk]" in text
    assert "[get_ports {rst in_valid clear w[*] a[*]}]" in text
    assert "[get_ports {out_valid acc[*]}]" in text
    text = export(unit, tmp_path, vectors=1, clock_ns=0.75)[3].read_text()
    assert "-period 0.75 " in text


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"vectors": 0}, "number of vectors must be 1 to 1000000, not 0"),
        ({"vectors": 1_000_001}, "number of vectors must be 1 to 1000000, not 1000001"),
        ({"seed": -1}, "seed must not be negative, not -1"),
        ({"clock_ns": 0.0}, "clock period must be more than 0 ns, not 0.0"),
        ({"clock_ns": float("nan")}, "clock period must be more than 0 ns, not nan"),
    ],
)
def test_numbers_out_of_range_write_nothing(
    arguments: dict[str, float], message: str, tmp_path: Path
) -> None:
    with pytest.raises(HwdseError, match=re.escape(message)):
        export(parse(SPECS["int8"]), tmp_path / "new", **arguments)  # type: ignore[arg-type]
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize("below", [".", "deeper/still"])
def test_a_file_in_place_of_the_directory_is_an_error(below: str, tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("mine")
    with pytest.raises(HwdseError, match="taken") as caught:
        export(parse(SPECS["int8"]), tmp_path / "taken" / below)
    assert "\n" not in str(caught.value)
    assert (tmp_path / "taken").read_text() == "mine"


def test_a_directory_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    unit = parse(SPECS["int8"])
    # A directory of the file's name stops even the superuser.
    (tmp_path / f"{unit.module_name}.v").mkdir()
    with pytest.raises(HwdseError, match="cannot write") as caught:
        export(unit, tmp_path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="the superuser writes anywhere")
def test_a_read_only_directory_is_an_error(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(HwdseError, match="cannot write"):
        export(parse(SPECS["int8"]), tmp_path)


def test_verilator_finds_nothing(exported: Exported) -> None:
    linter = shutil.which("verilator")
    if linter is None:
        pytest.skip("Verilator is not installed")
    run = subprocess.run(
        [linter, "--lint-only", "-Wall", exported.path(".v").name],
        cwd=exported.directory, capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert (run.returncode, run.stderr) == (0, "")

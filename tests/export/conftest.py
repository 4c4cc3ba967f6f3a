"""Specs of every family and accumulator, each exported once."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hwdse.export import export
from hwdse.pe import Unit, parse

SPECS = {
    "int8": "mac:w=int8,a=int8",
    "int4-all-pairs": "mac:w=int4,a=uint4,acc=exact,pipeline=2",
    "fp32": "mac:w=e4m3,a=e4m3,acc=fp32,pipeline=2",
    "kulisch": "mac:w=e5m2,a=e5m2,acc=exact",
    "dot": "dot:w=int4,a=int8,lanes=4",
    "codebooks": "mac:w=nf4,a=posit8,acc=exact,pipeline=1",
    "lmul": "lmul:w=e4m3,a=e4m3,acc=exact,pipeline=1",
}


@dataclass(frozen=True)
class Exported:
    unit: Unit
    directory: Path
    files: list[Path]

    def path(self, suffix: str) -> Path:
        return self.directory / (self.unit.module_name + suffix)

    def text(self, suffix: str) -> str:
        return self.path(suffix).read_text()

    def copy(self, directory: Path) -> Exported:
        """The same files elsewhere, free to be spoilt."""
        files = [Path(shutil.copy(path, directory)) for path in self.files]
        return Exported(unit=self.unit, directory=directory, files=files)


@pytest.fixture(scope="session")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Exported]:
    done: dict[str, Exported] = {}

    def get(name: str) -> Exported:
        if name not in done:
            unit = parse(SPECS[name])
            directory = tmp_path_factory.mktemp("export") / "made" / "here"
            done[name] = Exported(unit, directory, export(unit, directory, testbench=True))
        return done[name]

    return get


@pytest.fixture(params=SPECS)
def exported(request: pytest.FixtureRequest, bundle: Callable[[str], Exported]) -> Exported:
    return bundle(request.param)


@pytest.fixture
def simulate(tmp_path: Path) -> Callable[[Exported], subprocess.CompletedProcess[str]]:
    """Runs a testbench under Icarus Verilog, as its first lines say."""
    compiler, runner = shutil.which("iverilog"), shutil.which("vvp")
    if compiler is None or runner is None:
        pytest.skip("Icarus Verilog is not installed")

    def run(files: Exported) -> subprocess.CompletedProcess[str]:
        program = tmp_path / "tb.vvp"
        sources = [files.path(".v").name, files.path("_tb.v").name]
        built = subprocess.run(
            [compiler, "-g2005", "-Wall", "-o", str(program), *sources],
            cwd=files.directory, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        assert (built.returncode, built.stdout, built.stderr) == (0, "", "")
        return subprocess.run(
            [runner, str(program)],
            cwd=files.directory, capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip

    return run

"""Exported arrays: whole tiles as golden vectors, which a simulator plays."""

import json
import shutil
import subprocess

import pytest

from hwdse import pe
from hwdse.export import export

SMALL = "mac:w=int3,a=uint2,acc=exact,terms=64"


@pytest.mark.parametrize("dataflow", ["ws", "os", "is", "tile"])
def test_the_testbench_plays_whole_tiles(tmp_path, dataflow: str) -> None:
    array = pe.parse(f"array:pe=({SMALL}),rows=3,cols=2,dataflow={dataflow}")
    export(array, tmp_path, testbench=True, vectors=100)
    name = array.module_name
    sidecar = json.loads((tmp_path / f"{name}_vectors.json").read_text())
    assert sidecar["elements"] >= 100
    assert sidecar["completed"] > 20
    assert {"acc", "out_valid"} <= {field["name"] for field in sidecar["fields"]}
    header = (tmp_path / f"{name}.v").read_text().partition("module ")[0]
    assert "cycles by itself" in " ".join(header.replace("//", "").split())
    if shutil.which("iverilog") is None:
        pytest.skip("no Icarus Verilog")
    files = [f"{name}.v", f"{name}_tb.v"]
    subprocess.run(["iverilog", "-g2005", "-o", "tb", *files], cwd=tmp_path, check=True)
    done = subprocess.run(["vvp", "tb"], cwd=tmp_path, capture_output=True, text=True)
    assert done.stdout.startswith("PASS"), done.stdout


def test_the_same_array_gives_the_same_files(tmp_path) -> None:
    array = pe.parse(f"array:pe=({SMALL}),rows=2,cols=2,dataflow=ws")
    for place in ("one", "two"):
        export(array, tmp_path / place, testbench=True, vectors=20)
    for path in (tmp_path / "one").iterdir():
        assert path.read_bytes() == (tmp_path / "two" / path.name).read_bytes()

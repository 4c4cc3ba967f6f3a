"""A study of three layers on units of 2 and 3 bits, quick to synthesise."""

from __future__ import annotations

from pathlib import Path

LAYERS = ("first", "second", "third")
MACS = (1_000_000, 3_000_000, 2_000_000)
PARAMS = (5_000_000, 1_000_000, 2_500_000)
LOSS = {"int2": (0.9, 0.3, 0.45), "int3": (0.1, 0.05, 0.2)}
UNITS = {"two": "mac:w=int2,a=int2,acc=exact", "three": "mac:w=int3,a=int3,acc=exact"}
FORMATS = {"two": "int2", "three": "int3"}

STUDY = """\
name: a tiny study
description: three layers
source: made up for a test
technology: nangate45
operands: uniform
workload: layers.csv
sensitivity: losses.csv
units:
  two: mac:w=int2,a=int2,acc=exact
  three: mac:w=int3,a=int3,acc=exact
frontier_points: 200
budgets:
  - {name: half, fraction: {size_mib: 0.5}}
  - {name: both, at_most: {size_mib: 2.5}, fraction: {energy_uj: 0.75}}
"""


def workload_text() -> str:
    rows = zip(LAYERS, MACS, PARAMS, strict=True)
    return "layer,kind,macs,params\n" + "".join(f"{n},conv,{m},{p}\n" for n, m, p in rows)


def losses_text() -> str:
    rows = [
        f"{layer},{name},{name},{loss},made-up loss\n"
        for name, losses in LOSS.items()
        for layer, loss in zip(LAYERS, losses, strict=True)
    ]
    return "layer,w_format,a_format,loss,metric\n" + "".join(rows)


def write(directory: Path, study: str = STUDY, **files: str) -> Path:
    """The study and its tables; further files by name, with `_csv` for `.csv`."""
    directory.mkdir(parents=True, exist_ok=True)
    texts = {"layers_csv": workload_text(), "losses_csv": losses_text()} | files
    for name, text in texts.items():
        (directory / name.replace("_csv", ".csv")).write_text(text)
    path = directory / "study.yaml"
    path.write_text(study)
    return path

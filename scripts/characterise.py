"""Synthesise the designs that the fitted model is trained on, and fit it.

    python scripts/characterise.py --technology nangate45 --every 2

Synthesis of all designs (``hwdse/cost/fit/data/designs.yaml``) for one technology takes hours of
processor time; what was computed is kept in ``--directory``, and the next run goes on from there.
``--every N`` takes one design in N of each family, ``--only-fit`` none anew. Writes
``hwdse/cost/fit/data/TECHNOLOGY.parquet``: figures, counts, and the settings of the regressions.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from hwdse import pe, tech
from hwdse.cli.sweep import sweep
from hwdse.cost.fit import data_folder
from hwdse.cost.fit.features import FEATURES_VERSION, features_of
from hwdse.cost.fit.model import Characterisation, settings_of
from hwdse.cost.mapping import recipes_sha256
from hwdse.cost.operands import operands
from hwdse.cost.threads import in_threads
from hwdse.sweep.space import read_space
from hwdse.synth.devices import is_device
from hwdse.synth.yosys import yosys_version

DESIGNS = data_folder() / "designs.yaml"
# Of smaller designs one look-up table more or less is a large relative error.
_LEAST_LUTS = 40
# Of a sweep's rows: keys of specs are in the spec, and the rest follows from it.
_NOT_FIGURES = {"family", "rtlil_sha256", "macs_per_cycle", "values_per_cycle", "clock_ns"}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--technology", required=True)
    parser.add_argument("--every", type=int, default=1)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--directory", type=Path, default=Path("characterisation"))
    parser.add_argument("--only-fit", action="store_true")
    given = parser.parse_args()
    results = given.directory / given.technology
    if not given.only_fit:
        synthesise(given.technology, given.every, given.jobs, results)
    made_by = json.loads((results / "run.json").read_text(encoding="utf-8"))["yosys"]
    if made_by != yosys_version():
        parser.error(f"{results} was synthesised by {made_by}, not by {yosys_version()}")
    write(given.technology, pq.read_table(results / "results.parquet").to_pylist())


def synthesise(technology: str, every: int, jobs: int, results: Path) -> None:
    """Run the sweep of one technology, or go on with it."""
    specs: dict[str, list[str]] = {}
    for point in read_space(DESIGNS).points():
        canonical = pe.parse(point.spec).canonical
        family = specs.setdefault(canonical.partition(":")[0], [])
        if canonical not in family:
            family.append(canonical)
    chosen = [spec for family in specs.values() for spec in family[::every]]
    space = {
        "name": f"Characterisation of {technology}",
        "technologies": [technology],
        "fpga": {"dsp": False},
        "designs": [{"specs": chosen}],
    }
    results.mkdir(parents=True, exist_ok=True)
    path = results.with_suffix(".yaml")
    path.write_text(yaml.safe_dump(space), encoding="utf-8")
    resume = (results / "sweep.jsonl").exists()
    sweep(path, results, jobs=jobs, scheduler=None, resume=resume, most=len(chosen), json_=False)


def write(technology: str, rows: list[dict[str, Any]]) -> None:
    """Write the characterisation of synthesised designs."""
    if is_device(technology):
        rows = [row for row in rows if row["luts"] >= _LEAST_LUTS]
    keys = {key for row in rows for key in pe.parse(row["spec"]).key_values}
    figures = [n for n in rows[0] if n not in keys | _NOT_FIGURES]
    columns: dict[str, Any] = {
        "family": [row["spec"].partition(":")[0] for row in rows],
        "rtlil_sha256": [row["rtlil_sha256"] for row in rows],
        **{name: [row[name] for row in rows] for name in figures},
    }
    if is_device(technology):
        # Relative errors are fitted, of which there are none where there is nothing.
        columns["carries"] = [max(1, row["carries"]) for row in rows]
    else:
        columns["dynamic_fj_per_cycle"] = [_dynamic(row) for row in rows]
    drawn = None if is_device(technology) else operands("uniform")
    counted = in_threads(
        lambda spec: features_of(pe.parse(spec), drawn),
        [row["spec"] for row in rows],
        jobs=1,
        on_done=lambda spec: print(spec, flush=True),
    )
    features = [counted[row["spec"]] for row in rows]
    columns["gates"] = [each.gates for each in features]
    columns |= {n: [each.values[n] for each in features] for n in features[0].values}
    arrays = {name: np.array(values) for name, values in columns.items()}
    settings = settings_of(Characterisation(technology, {}, arrays))
    about = {
        "designs": len(rows),
        "technology_sha256": "" if is_device(technology) else tech.load(technology).sha256,
        "synthesis": yosys_version(),
        "recipes_sha256": recipes_sha256(),
        "features": FEATURES_VERSION,
        "cost_columns": figures,
        "settings": settings,
    }
    table = pa.table(columns).replace_schema_metadata({"hwdse": json.dumps(about)})
    pq.write_table(table, data_folder() / f"{technology}.parquet", compression="zstd")


def _dynamic(row: dict[str, Any]) -> float:
    """Energy a cycle without leakage, in fJ."""
    if row["macs_per_cycle"]:
        whole_pj = row["energy_pj_per_mac"] * row["macs_per_cycle"]
    else:
        whole_pj = row["energy_pj_per_value"] * row["values_per_cycle"]
    return float(whole_pj * 1e3 - row["leakage_uw"] * row["period_ps"] * 1e-3)


if __name__ == "__main__":
    main()

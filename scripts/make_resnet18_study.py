"""Regenerate the tables of studies/resnet18.yaml from the published HAWQ-V3 figures.

Usage: python scripts/make_resnet18_study.py
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

DATA = Path(__file__).parent.parent / "studies" / "data"
METRIC = "tr(H) * |dW|^2 (HAWQ-V3)"


def main() -> None:
    published = pd.read_csv(DATA / "hawqv3_resnet18_layers.csv", keep_default_na=False)
    workload = pd.DataFrame(
        {
            "layer": published["layer"],
            "kind": "conv",
            "macs": (published["MMACs"] * 1e6).round().astype(int),
            # params_M is in units of 2**20.
            "params": (published["params_M"] * 2**20).round().astype(int),
            "tie": published["tie"],
        }
    )
    workload.to_csv(DATA / "resnet18_workload.csv", index=False)
    rows = [
        (row.layer, fmt, fmt, repr(row.trace * dw2), METRIC)
        for row in published.itertuples()
        for fmt, dw2 in (("int4", row.dw2_int4), ("int8", row.dw2_int8))
    ]
    profile = pd.DataFrame(rows, columns=["layer", "w_format", "a_format", "loss", "metric"])
    profile.to_csv(DATA / "resnet18_sensitivity.csv", index=False)


if __name__ == "__main__":
    main()

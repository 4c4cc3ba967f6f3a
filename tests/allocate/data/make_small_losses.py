"""Record what CBC and HiGHS at their defaults call optimal where losses are small.

Writes `small_losses.json`: per scale and seed the optimum (by hwdse, proven) and the objective that
each solver returned as optimal from the unscaled integer program. Run: python make_small_losses.py
"""

from __future__ import annotations

import json
import warnings
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pandas as pd
import pulp

from hwdse.allocate import solve

SCALES = ("1e-6", "1e-8")
SEEDS = (0, 1)
LAYERS, OPTIONS = 200, 8


def instance(seed: int, scale: str) -> tuple[pd.DataFrame, float]:
    """200 layers of 8 options: more bits, less loss; a budget at 30 % of the way."""
    rng = np.random.default_rng(seed)
    bits = np.tile(np.arange(1, OPTIONS + 1), LAYERS)
    size = np.repeat(rng.integers(1, 1000, LAYERS), OPTIONS) * bits
    sensitivity = np.repeat(rng.lognormal(0.0, 2.0, LAYERS), OPTIONS)
    loss = np.round(sensitivity * rng.uniform(0.8, 1.2, LAYERS * OPTIONS) * 4.0 ** (1 - bits), 6)
    table = pd.DataFrame(
        {
            "layer": np.repeat([f"l{i:03d}" for i in range(LAYERS)], OPTIONS),
            "option": [f"b{b}" for b in bits],
            "loss": [float(Decimal(repr(v)) * Decimal(scale)) for v in loss.tolist()],
            "size": size.astype(float),
        }
    )
    by = table.groupby("layer")["size"]
    low, high = by.min().sum(), by.max().sum()
    return table, float(np.floor(low + 0.3 * (high - low)))


def plain(table: pd.DataFrame, limit: float, solver: pulp.LpSolver) -> tuple[str, float]:
    """The textbook program, its figures as they are."""
    program = pulp.LpProblem("allocation", pulp.LpMinimize)
    x = [pulp.LpVariable(f"x{i}", cat="Binary") for i in range(len(table))]
    program += pulp.lpSum(c * v for c, v in zip(table["loss"], x, strict=True))
    for _, rows in table.groupby("layer").indices.items():
        program += pulp.lpSum(x[i] for i in rows) == 1
    program += pulp.lpSum(s * v for s, v in zip(table["size"], x, strict=True)) <= limit
    program.solve(solver)
    taken = [i for i, v in enumerate(x) if (v.varValue or 0.0) > 0.5]
    return pulp.LpStatus[program.status], float(table["loss"].iloc[taken].sum())


def main() -> None:
    warnings.simplefilter("ignore")
    cases = []
    for scale in SCALES:
        for seed in SEEDS:
            table, limit = instance(seed, scale)
            found = solve(table, {"size": limit}, confirm=True)
            solvers = {"CBC": pulp.PULP_CBC_CMD(msg=False), "HiGHS": pulp.HiGHS(msg=False)}
            claimed = {name: plain(table, limit, one) for name, one in solvers.items()}
            cases.append(
                {
                    "scale": scale,
                    "seed": seed,
                    "limit": limit,
                    "optimum": found.objective,
                    "agreement": found.agreement,
                    "claimed": {
                        name: {"status": status, "objective": value}
                        for name, (status, value) in claimed.items()
                    },
                }
            )
    document = {
        "layers": LAYERS,
        "options": OPTIONS,
        "versions": {name: version(name) for name in ("pulp", "highspy")},
        "cases": cases,
    }
    text = json.dumps(document, indent=1) + "\n"
    Path(__file__).with_name("small_losses.json").write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()

"""A study that looks like a real one: ResNet-18, six units, three resources. All is made up."""

from __future__ import annotations

import numpy as np
import pandas as pd

from hwdse.report import Resource, StudyReport

RESOURCES = (
    Resource("energy_uj", "energy per inference", "µJ"),
    Resource("area_time_mm2_ms", "area-time product", "mm²·ms"),
    Resource("size_mib", "model size", "MiB"),
    Resource("latency_ms", "latency", "ms"),
)
LAYERS = (
    "conv1",
    *(f"layer{s}.{b}.conv{c}" for s in (1, 2, 3, 4) for b in (0, 1) for c in (1, 2)),
    "layer4.0.downsample",
    "fc",
)
UNITS = {  # bits, area µm², delay ps, pJ per MAC, MACs per cycle
    "int4 MAC": (4, 141.0, 512.0, 0.081, 1),
    "int4 MAC exact": (4, 188.0, 561.0, 0.104, 1),
    "int4 dot16": (4, 1490.0, 633.0, 0.052, 16),
    "int8 MAC": (8, 402.0, 701.0, 0.262, 1),
    "int8 MAC exact": (8, 471.0, 744.0, 0.297, 1),
    "int8 dot16": (8, 4820.0, 902.0, 0.191, 16),
}


def sample(
    resources: int = 3,
    *,
    points: int = 30,
    layers: tuple[str, ...] = LAYERS,
    budgets: tuple[str, ...] = ("energy ≤ 60 %", "half the area-time", "size ≤ 8 MiB"),
    zero: bool = False,
    scale: float = 1.0,
    units: dict[str, tuple] = UNITS,
    seed: int = 4,
) -> StudyReport:
    rng = np.random.default_rng(seed)
    chosen = RESOURCES[:resources]
    macs = rng.uniform(40e6, 130e6, len(layers))
    weights = np.geomspace(9e3, 2.4e6, len(layers))
    trace = rng.lognormal(0.0, 1.1, len(layers)) * 0.05 * scale
    names = list(units)
    bits = np.array([units[n][0] for n in names])
    loss = trace[:, None] * np.where(bits == bits.max(), 0.0 if zero else 1 / 300, 1.0)
    per = np.array([units[n] for n in names])
    energy = macs[:, None] * per[:, 3] * 1e-6
    area_time = macs[:, None] * per[:, 1] * per[:, 2] / per[:, 4] * 1e-15 * 1e-3 * 1e1
    size = weights[:, None] * bits / 8 / 2**20
    latency = macs[:, None] * per[:, 2] / per[:, 4] * 1e-9
    table = dict(
        zip((r.column for r in RESOURCES), (energy, area_time, size, latency), strict=True)
    )
    order = np.arange(len(layers))

    def row(kind, label, resource, pick, status="optimal"):
        value = float(loss[order, pick].sum())
        out = {"kind": kind, "label": label, "resource": resource, "loss": value}
        out |= {r.column: float(table[r.column][order, pick].sum()) for r in chosen}
        known = kind != "uniform"
        out |= {"status": status if known else "", "bound": value if known else np.nan}
        out["gap"] = 0.0 if known else np.nan
        return out | {f"layer:{n}": names[p] for n, p in zip(layers, pick, strict=True)}

    def relaxed(column, weight):
        cost = table[column]
        return (loss / loss.max() + weight * cost / cost.max()).argmin(axis=1)

    rows = []
    for resource in chosen:
        found = {}
        for weight in np.geomspace(1e-5, 1e3, 40 * points):
            pick = relaxed(resource.column, weight)
            found.setdefault(pick.tobytes(), pick)
        kept = [row("frontier", "", resource.column, pick) for pick in found.values()]
        kept.sort(key=lambda one: (one[resource.column], one["loss"]))
        best = [k for i, k in enumerate(kept) if all(k["loss"] < e["loss"] for e in kept[:i])]
        at = np.unique(np.linspace(0, len(best) - 1, points).round().astype(int))
        rows += [best[i] for i in at]
    rows += [row("uniform", n, "", np.full(len(layers), i)) for i, n in enumerate(names)]
    allocations = []
    for at, name in enumerate(budgets):
        resource = chosen[at % len(chosen)]
        pick = relaxed(resource.column, 0.03 * 4**at)
        status = "optimal" if at != 1 else "feasible"
        one = row("budget", name, "", pick, status)
        one["gap"] = 0.0 if at != 1 else 0.0123
        one["bound"] *= 1 - one["gap"]
        rows.append(one)
        allocations.append(
            {
                "name": name,
                "budgets": [f"{resource.column} <= {one[resource.column] * 1.01:.4g}"],
                "status": status,
                "objective": one["loss"],
                "bound": one["bound"],
                "gap": one["gap"],
                "solver": "HiGHS 1.8.1 + enumeration",
                "seconds": 0.25 + at,
                "assignment": {n: names[p] for n, p in zip(layers, pick, strict=True)},
                "totals": {r.column: one[r.column] for r in chosen},
            }
        )
    return StudyReport(
        title="ResNet-18 on ImageNet, one arithmetic unit per layer",
        description=(
            "Sensitivities of HAWQ-V3, six integer units synthesised for FreePDK45, one chosen for "
            "each layer so that the loss is least within a budget."
        ),
        loss_label="Σ tr(H)·‖ΔW‖²  (HAWQ-V3 perturbation)",
        resources=chosen,
        frontier=pd.DataFrame(rows),
        units=pd.DataFrame(
            {
                "label": n,
                "spec": n.replace(" ", "/").lower(),
                "area_um2": u[1],
                "area_um2_low": u[1] * 0.96,
                "area_um2_high": u[1] * 1.07,
                "delay_ps": u[2],
                "energy_pj_per_mac": u[3],
                "energy_pj_per_mac_low": u[3] * 0.9,
                "energy_pj_per_mac_high": u[3] * 1.12,
                "leakage_uw": u[1] * 0.021,
                "cells": int(u[1] / 1.6),
                "macs_per_cycle": u[4],
                "tech": "freepdk45",
                "source": "synthesised" if at % 3 else "cache",
            }
            for at, (n, u) in enumerate(units.items())
        ),
        allocations=tuple(allocations),
        layers=layers,
        provenance={
            "hwdse": "0.1.0",
            "yosys": "0.70",
            "technology": "freepdk45, typical corner, 1.1 V, 25 °C",
            "operands": "uniform random, seed 1, 4096 cycles",
            "study hash": "sha256:9f6b0d6a5f1a4c1d0f8e5a9b1c2d3e4f5061728394a5b6c7d8e9f00112233445",
            "command": "hwdse explore studies/resnet18.yaml -o out/resnet18",
        },
    )

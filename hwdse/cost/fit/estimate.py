"""Figures of a design from the fitted model."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import numpy as np

from hwdse.cost.conditions import DEFAULT_ACTIVITY, Conditions
from hwdse.cost.energy import sum_length
from hwdse.cost.fit.features import Features, features_of
from hwdse.cost.fit.model import Model, characterisation, load, names
from hwdse.cost.fit.regression import CONFIDENCE
from hwdse.cost.gate_count import gate_count_cost
from hwdse.cost.mapping import recipes_sha256
from hwdse.cost.operands import operands
from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.synth.devices import Device
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Technology

__all__ = ["explain_estimate", "fpga_estimate", "shipped_synthesis", "unit_estimate"]

_FJ_PER_PJ = 1e3
_PS_UW_PER_FJ = 1e-3
_UNDIVIDED = tuple(f"{part}_pj_per_mac" for part in ("switching", "internal", "glitch", "clock"))
# Contributions that explanations list, those that are largest.
_CONTRIBUTIONS = 12


def unit_estimate(design: Design, technology: Technology, conditions: Conditions) -> dict[str, Any]:
    """The fields of :class:`hwdse.cost.Cost` from the model.

    Args:
        design: Not an array.
        technology: One that a model is shipped for.
        conditions: Transitions are those of these operands. A clock target must be one that the
            smallest netlist meets, as the model knows no other.

    Raises:
        HwdseError: There is no model of the technology, or it says nothing of the design or
            conditions.
    """
    model = load(technology.name, technology.sha256)
    if conditions.activity != DEFAULT_ACTIVITY:
        raise HwdseError(
            f"--activity {conditions.activity}: the fitted model has energies with glitches alone; "
            "leave it out, or use --source synth"
        )
    features = features_of(design, conditions.drawn)
    _check(design, model, features)
    area = model.estimate(features, "area_um2")
    delay = model.estimate(features, "delay_ps")
    dynamic_fj = model.estimate(features, "dynamic_fj_per_cycle")
    leakage_uw = model.estimate(features, "leakage_uw")
    period_ps = delay[0]
    if conditions.clock_ns is not None:
        period_ps = conditions.clock_ns * 1e3
        if period_ps < delay[2]:
            raise HwdseError(
                f"{design.canonical}: the fitted model knows netlists mapped for area alone, of "
                f"which the delay is up to {delay[2] / 1e3:.3f} ns; give a longer clock, or use "
                "--source synth"
            )
    leakage_fj = leakage_uw[0] * period_ps * _PS_UW_PER_FJ
    per_mac, per_value = (_per(n) for n in (design.macs_per_cycle, design.values_per_cycle))
    return {
        "spec": design.canonical,
        "tech": technology.name,
        "source": "fit",
        "area_um2": area[0],
        "delay_ps": delay[0],
        "energy_pj_per_mac": (dynamic_fj[0] + leakage_fj) * per_mac,
        "leakage_uw": leakage_uw[0],
        "cells": round(model.estimate(features, "cells")[0]),
        "macs_per_cycle": design.macs_per_cycle,
        "area_um2_low": area[1],
        "area_um2_high": area[2],
        "delay_ps_low": delay[1],
        "delay_ps_high": delay[2],
        "energy_pj_per_mac_low": (dynamic_fj[1] + leakage_fj) * per_mac,
        "energy_pj_per_mac_high": (dynamic_fj[2] + leakage_fj) * per_mac,
        "period_ps": period_ps,
        # The model does not divide what is not leakage.
        **dict.fromkeys(_UNDIVIDED, math.nan),
        "leakage_pj_per_mac": leakage_fj * per_mac,
        "provenance": _provenance(model)
        | {
            "corner": asdict(technology.corner),
            "operands": f"{conditions.drawn.name}: {conditions.drawn.description}",
            "activity": "transitions of gates, fitted to those of netlists",
            "wires": "as of the syntheses",
            "known": {"area_um2": area[3], "delay_ps": delay[3], "energy": dynamic_fj[3]},
        },
        "values_per_cycle": design.values_per_cycle,
        "energy_pj_per_value": (dynamic_fj[0] + leakage_fj) * per_value,
    }


def shipped_synthesis(
    design: Design, technology: Technology, rtlil_sha256: str
) -> dict[str, Any] | None:
    """The fields of :class:`hwdse.cost.Cost` from a shipped synthesis of the same RTL.

    None where there is none.

    Args:
        design: The design.
        technology: What it is made of.
        rtlil_sha256: Of the design's RTL.
    """
    if technology.name not in names():
        return None
    known = characterisation(technology.name)
    about = known.about
    same = (about["technology_sha256"], about["synthesis"], about["recipes_sha256"])
    if same != (technology.sha256, yosys_version(), recipes_sha256()):
        return None
    (found,) = np.nonzero(known.columns["spec"] == design.canonical)
    if not found.size or known.columns["rtlil_sha256"][found[0]] != rtlil_sha256:
        return None
    row = {name: known.columns[name][found[0]] for name in about["cost_columns"]}
    figures = {k: v.item() if isinstance(v, np.generic) else v for k, v in row.items()}
    return figures | {
        "macs_per_cycle": design.macs_per_cycle,
        "values_per_cycle": design.values_per_cycle,
        "provenance": {
            "synthesis": about["synthesis"],
            "stored": "shipped with hwdse",
            "recipe": figures.pop("recipe"),
            "rtlil_sha256": rtlil_sha256,
            "technology_sha256": technology.sha256,
            "corner": asdict(technology.corner),
            "operands": "uniform: " + operands("uniform").description,
            "activity": f"sums of {sum_length(design)} elements",
            "energy_interval": "95 %, sampling of operands",
            "wires": "as of the technology's wire load model",
        },
    }


def fpga_estimate(design: Design, where: Device) -> dict[str, Any]:
    """The fields of :class:`hwdse.cost.fpga.FpgaCost` from the model, without DSP blocks.

    Raises:
        HwdseError: There is no model of the device, or it says nothing of the design.
    """
    model = load(where.name, "")
    features = features_of(design)
    _check(design, model, features)
    luts = model.estimate(features, "luts")
    least = characterisation(where.name).column("luts").min()
    if luts[0] < least:
        raise HwdseError(
            f"{design.canonical}: the fitted model of {where.name} is fitted to designs of "
            f"{least:.0f} luts and more, and this takes about {luts[0]:.0f}; use --source synth"
        )
    return {
        "spec": design.canonical,
        "tech": where.name,
        "source": "fit",
        "luts": round(luts[0]),
        "carries": round(model.estimate(features, "carries")[0]),
        "ffs": round(model.estimate(features, "ffs")[0]),
        "dsps": 0,
        "brams": 0,
        "fmax_mhz": None,
        "macs_per_cycle": design.macs_per_cycle,
        "values_per_cycle": design.values_per_cycle,
        "provenance": _provenance(model)
        | {
            "device": where.name,
            "dsp_blocks": False,
            "luts_low": luts[1],
            "luts_high": luts[2],
            "known": {"luts": luts[3]},
        },
    }


def explain_estimate(
    design: Design, technology: Technology, conditions: Conditions
) -> dict[str, Any]:
    """What the counts of a design contribute to its fitted figures, as JSON-ready values.

    Raises:
        HwdseError: As :func:`unit_estimate`.
    """
    figures = unit_estimate(design, technology, conditions)
    model = load(technology.name, technology.sha256)
    features = features_of(design, conditions.drawn)
    found = {}
    for figure in ("area_um2", "delay_ps", "dynamic_fj_per_cycle"):
        parts = model.contributions(features, figure)
        largest = sorted(parts, key=lambda name: -abs(parts[name]))
        value, low, high, known = model.estimate(features, figure)
        linear = sum(parts.values())
        found[figure] = {
            "value": value,
            "low": low,
            "high": high,
            "linear_model": linear,
            "factor_from_designs_like_it": value / linear,
            "known_from_designs_like_it": known,
            "contributions": [
                {
                    "count": name,
                    "of_design": features.values.get(name, 1.0),
                    "contribution": parts[name],
                }
                for name in largest[:_CONTRIBUTIONS]
            ],
            "all_others": sum(parts[name] for name in largest[_CONTRIBUTIONS:]),
        }
    return {
        "figures": {k: _known(v) for k, v in figures.items() if k != "provenance"},
        "gates": features.gates,
        "fits": found,
        "gate_count": _gate_count(design, technology),
        "provenance": figures["provenance"],
    }


def _gate_count(design: Design, technology: Technology) -> dict[str, Any] | str:
    """The baseline that nothing is fitted in, or why there is none."""
    try:
        return gate_count_cost(design, technology)
    except HwdseError as error:
        return str(error)


def _known(value: Any) -> Any:
    return None if isinstance(value, float) and math.isnan(value) else value


def _check(design: Design, model: Model, features: Features) -> None:
    if reason := model.refusal(features):
        raise HwdseError(
            f"{design.canonical}: the fitted model of {model.technology} says nothing of it, as "
            f"{reason}; use --source synth"
        )


def _per(count: float) -> float:
    return 1 / (_FJ_PER_PJ * count) if count else math.nan


def _provenance(model: Model) -> dict[str, Any]:
    return {
        "model": f"fitted to {model.about['designs']} syntheses",
        "synthesis": model.about["synthesis"],
        "technology_sha256": model.about["technology_sha256"],
        "interval": f"{CONFIDENCE:.0%}, of designs left out of the fit",
    }

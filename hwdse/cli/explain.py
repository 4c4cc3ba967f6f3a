"""`hwdse explain`: where the figures of a unit come from."""

from __future__ import annotations

from typing import Any

from hwdse import pe, tech
from hwdse.cli.output import figure, note, print_json, print_table
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

__all__ = ["explain_unit"]


def explain_unit(
    spec: str,
    technology: str,
    *,
    source: str,
    operands: str,
    clock_ns: float | None,
    activity: str,
    confidence: float,
    json: bool,
) -> None:
    """Print where figures come from, as text for people or as JSON.

    See :func:`hwdse.cost.explain.explain`, and of fitted ones
    :func:`hwdse.cost.fit.estimate.explain_estimate`.

    Raises:
        HwdseError: Bad input, or a source that has nothing to explain.
    """
    from hwdse.cost.conditions import Conditions
    from hwdse.cost.explain import explain
    from hwdse.cost.fit.estimate import explain_estimate
    from hwdse.cost.operands import operands as chosen
    from hwdse.cost.store import Store

    unit = pe.parse(spec)
    library = tech.load(technology)
    conditions = Conditions(chosen(operands), clock_ns, activity, confidence)
    if source == "fit":
        _explain_fit(explain_estimate(unit, library, conditions), json=json)
        return
    if source != "synth":
        raise HwdseError(
            f"--source {source[:40]}: explain takes figures apart that are from synth or fit"
        )
    announce_compilation()
    document = explain(unit, library, conditions, Store())
    if json:
        print_json(document)
        return
    _print_figures(document)
    _print_area(document)
    _print_path(document["critical_path"])
    _print_energy(document)
    _print_sources(document)


def _explain_fit(document: dict[str, Any], *, json: bool) -> None:
    if json:
        print_json(document)
        return
    figures = document["figures"]
    print(f"{figures['spec']} on {figures['tech']} (fit), {document['gates']} gates and registers")
    for name, fit in document["fits"].items():
        ends = f"{figure(fit['low'])} to {figure(fit['high'])}"
        print(f"\n{name}: {figure(fit['value'])} ({ends})")
        rows = [
            [part["count"], part["of_design"], part["contribution"]]
            for part in fit["contributions"]
        ]
        rows.append(["all others", "", fit["all_others"]])
        rows.append(["linear model", "", fit["linear_model"]])
        rows.append(["times, from designs like it", "", fit["factor_from_designs_like_it"]])
        print_table(["count", "of the design", name], rows)
    counted = document["gate_count"]
    if isinstance(counted, str):
        note(counted)
    else:
        print(
            "\nFirst-principles count of gates (arXiv 2510.25602, nothing fitted, no registers): "
            f"area_um2 {figure(counted['area_um2'])}"
        )
    note(f"{document['provenance']['model']}; intervals: {document['provenance']['interval']}")


def _print_figures(document: dict[str, Any]) -> None:
    figures, per = document["figures"], document["energy_per"]
    print(f"{figures['spec']} on {figures['tech']} ({figures['source']})")
    print()
    rows = []
    for name in ("area_um2", "delay_ps", f"energy_pj_per_{per}"):
        ends = figures.get(f"{name}_low"), figures.get(f"{name}_high")
        interval = "" if None in ends else f"{figure(ends[0])} to {figure(ends[1])}"
        rows.append([name, figures[name], interval])
    rows += [[name, figures[name], ""] for name in ("leakage_uw", "cells", f"{per}s_per_cycle")]
    print_table(["figure", "value", "interval"], rows)


def _print_area(document: dict[str, Any]) -> None:
    print("\nCells")
    print_table(
        ["cell", "count", "area_um2", "share", "leakage_uw"],
        [
            [c["cell"], c["count"], c["area_um2"], _percent(c["area_share"]), c["leakage_uw"]]
            for c in document["cells"]
        ],
    )
    parts = document["parts"]
    print(
        "\nParts, each mapped for itself "
        f"({figure(parts['ratio_to_flattened'], 3)} times the flattened area)"
    )
    print_table(
        ["part", "cells", "area_um2", "share", "registers_um2"],
        [
            [p["part"], p["cells"], p["area_um2"], _percent(p["share"]), p["registers_um2"]]
            for p in parts["parts"]
        ],
    )


def _print_path(path: dict[str, Any]) -> None:
    print(f"\nCritical path: {path['start']} to {path['end']}, {figure(path['delay_ps'])} ps")
    print_table(
        ["cell", "from", "to", "edge", "delay_ps", "arrival_ps", "slew_ps", "load_ff", "fanout"],
        [
            [
                step["cell"],
                step["input_pin"],
                step["pin"],
                step["edge"],
                step["delay_ps"],
                step["arrival_ps"],
                step["slew_ps"],
                step["load_ff"],
                step["fanout"],
            ]
            for step in path["cells"]
        ],
    )
    print(f"setup: {figure(path['setup_ps'])} ps; wires: {path['wires']}")


def _print_energy(document: dict[str, Any]) -> None:
    per = f"pj_per_{document['energy_per']}"
    print(f"\nEnergy per {'MAC' if per == 'pj_per_mac' else 'value'}")
    print_table(
        ["part", per, "share"],
        [[p["part"], p[per], _percent(p["share"])] for p in document["energy"]],
    )
    print("\nEnergy of the nets by the cell that drives them")
    print_table(
        ["cell", "nets", f"settled_{per}", f"glitch_{per}"],
        [
            [r["cell"], r["nets"], r[f"settled_{per}"], r[f"glitch_{per}"]]
            for r in document["energy_by_cell"]
        ],
    )
    print("\nNets that take the most")
    print_table(
        ["driver", "cell", "load_ff", "toggles_per_cycle", "glitches_per_cycle", per],
        [list(r.values()) for r in document["energy_by_net"]],
    )


def _print_sources(document: dict[str, Any]) -> None:
    known, library = document["provenance"], document["technology"]
    corner, source = library["corner"], library["source"]
    rows = [
        ["operands", known["operands"]],
        ["activity", known["activity"]],
        [
            "interval",
            f"{known['energy_interval']}: half-width {_percent(known['energy_half_width'], 2)} "
            f"after {known['energy_vectors']} vectors, "
            f"{known['glitch_vectors']} of them with glitches",
        ],
        ["checked", f"{known['checked_vectors']} elements against the reference"],
        ["recipe", f"{document['recipe']['name']}, sha256 {known['recipe_sha256'][:16]}"],
        ["rtlil", f"sha256 {known['rtlil_sha256'][:16]}"],
        [
            "technology",
            f"{library['name']}, {corner['process']}, {corner['voltage_v']:g} V, "
            f"{corner['temperature_c']:g} C, sha256 {library['sha256'][:16]}",
        ],
        *([["derived", library["derived"]["method"]]] if library["derived"] else []),
        *[["liberty", f"{f[0]}, sha256 {f[1][:16]}"] for f in source["files"]],
        ["licence", source["licence"]],
        ["published", source["url"]],
        *[[name, text] for name, text in document["versions"].items()],
    ]
    print("\nSources")
    print_table(["what", "which"], rows)


def _percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"

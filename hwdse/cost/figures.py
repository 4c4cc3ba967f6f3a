"""A spec on a technology becomes figures: area, delay, energy per MAC and leakage."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, fields
from typing import TYPE_CHECKING, Any

import rtl
from hwdse import pe, tech
from hwdse.cost.analysis import Analysis, analyse
from hwdse.cost.conditions import DEFAULT_ACTIVITY, DEFAULT_CONFIDENCE, Conditions
from hwdse.cost.designs import rtlil_sha256
from hwdse.cost.energy import sum_length
from hwdse.cost.fit.estimate import shipped_synthesis, unit_estimate
from hwdse.cost.mapping import choose_mapping, recipes_sha256
from hwdse.cost.operands import operands
from hwdse.cost.published import published_cost, table_names
from hwdse.cost.store import Store
from hwdse.cost.threads import in_threads
from hwdse.errors import HwdseError, nearest_hint
from hwdse.pe import Design
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.devices import check_target
from hwdse.synth.recipe import Recipe
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Derived, Technology

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["EXACT", "SOURCES", "Cost", "cost_of", "evaluate"]

SOURCES = ("auto", "synth", "fit", "table")
# Part of every key: raise it when a model of timing, energy or leakage changes.
FIGURES_VERSION = 2
_FJ_PER_PJ = 1e3
# A characterised technology's figures are not widened.
EXACT = Derived("", "", "", 1.0, 1.0, 1.0, 1.0, 1.0, 1.0)


@dataclass(frozen=True)
class Cost:
    """Figures of one unit on one technology; units as in the names.

    ``_low`` and ``_high`` bound a figure at 95 %, of ``source`` fit at 90 %. Area, delay and
    leakage of a mapped netlist are counts over its cells, so their intervals have no width; the
    energy's is that of sampling.
    Energy is the sum of its five parts: switching and internal energy of the nets' settled values,
    what glitches add to both, the clock's pins, and leakage. There is no placement, so the clock
    tree is in none of them, and wires only as ``provenance`` says. Energies per MAC are NaN for
    converters, and the energy per converted value is for all else. The fitted model does not divide
    dynamic energy: its four parts are NaN.
    """

    spec: str
    tech: str
    source: str
    area_um2: float
    delay_ps: float
    energy_pj_per_mac: float
    leakage_uw: float
    cells: int
    macs_per_cycle: int | float
    area_um2_low: float
    area_um2_high: float
    delay_ps_low: float
    delay_ps_high: float
    energy_pj_per_mac_low: float
    energy_pj_per_mac_high: float
    period_ps: float
    switching_pj_per_mac: float
    internal_pj_per_mac: float
    glitch_pj_per_mac: float
    clock_pj_per_mac: float
    leakage_pj_per_mac: float
    provenance: dict[str, Any]
    values_per_cycle: int | float = 0
    energy_pj_per_value: float = math.nan

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values; what a design has no figure of is None."""
        return {
            name: None if isinstance(value, float) and math.isnan(value) else value
            for name, value in vars(self).items()
        }

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Cost:
        """What :meth:`to_json` gave."""
        values: dict[str, Any] = {k: math.nan if v is None else v for k, v in document.items()}
        return cls(**values)


def evaluate(
    specs: Iterable[str],
    technology: str | os.PathLike[str] | Technology,
    *,
    source: str = "synth",
    distribution: str = "uniform",
    clock_ns: float | None = None,
    activity: str = DEFAULT_ACTIVITY,
    confidence: float = DEFAULT_CONFIDENCE,
    jobs: int | None = None,
    store: Store | None = None,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Cost specs on a technology; what the store holds is not computed again.

    Args:
        specs: Design specs.
        technology: Name, path of a technology YAML, or a loaded technology; for ``table`` the name
            of a published table.
        source: ``synth``; ``fit``: the model that is fitted to syntheses, at once and with wider
            intervals; ``auto``: a synthesis that is in the store, or shipped; else the model, where
            it says something of the unit; else a synthesis now. Or ``table``: what a published
            table says of a multiplication and an addition; fields that it does not have are None.
        distribution: Operands of the energy figure, see :func:`hwdse.cost.operands.operands`.
        clock_ns: Clock period to map for, the smallest netlist found that meets it; by default the
            one for area, at its own critical path. Leakage is charged for one period per cycle.
        activity: How transitions are counted: ``timed`` (with glitches, delays from the tables),
            ``unit-delay`` (with glitches, every cell takes as long) or ``zero-delay`` (without).
        confidence: Half-width of the energy's 95 % interval to reach, as a fraction of it; the
            number of vectors follows from it.
        jobs: Threads; by default all cores.
        store: Where results are kept; by default the user's store.
        on_done: Called with each canonical spec as it is finished.

    Returns:
        One row per spec, in order, with the fields of :class:`Cost`.

    Raises:
        HwdseError: Bad spec, technology, source, operands, clock, activity or confidence; a
            technology's mapping failed.
    """
    import pandas as pd

    _check_source(source)
    conditions = Conditions(operands(distribution), clock_ns, activity, confidence)
    units = [pe.parse(spec) for spec in specs]
    if source == "table":
        return _from_table(units, technology, conditions, on_done)
    library = technology if isinstance(technology, Technology) else _load(technology)
    kept = store or Store()

    def say(unit: Design) -> None:
        if on_done is not None:
            on_done(unit.canonical)

    costs = {}
    missing = {}
    for unit in dict.fromkeys(units):
        if source == "fit":
            costs[unit.canonical] = Cost(**unit_estimate(unit, library, conditions))
            say(unit)
            continue
        entry = _entry(unit, library, conditions, kept)
        known = entry.cost
        if known is None and source == "auto":
            known = _at_once(unit, library, conditions, entry)
        if known is None:
            missing[unit] = entry
            continue
        costs[unit.canonical] = known
        say(unit)

    def compute(unit: Design) -> Cost:
        return _compute(unit, library, conditions, kept, missing[unit])

    computed = in_threads(compute, missing, jobs=jobs, on_done=say)
    costs |= {unit.canonical: cost for unit, cost in computed.items()}
    return pd.DataFrame([costs[unit.canonical].to_json() for unit in units])


def cost_of(unit: Design, technology: Technology, conditions: Conditions, store: Store) -> Cost:
    """Figures of one unit, from the store or by synthesis; see :func:`evaluate`."""
    entry = _entry(unit, technology, conditions, store)
    return entry.cost or _compute(unit, technology, conditions, store, entry)


def _at_once(
    unit: Design, technology: Technology, conditions: Conditions, entry: _Entry
) -> Cost | None:
    """Figures that take no synthesis: shipped ones of this very RTL, or the model's."""
    if conditions == Conditions(operands("uniform")):
        shipped = shipped_synthesis(unit, technology, entry.rtlil_sha256)
        if shipped is not None:
            return Cost(**shipped)
    try:
        return Cost(**unit_estimate(unit, technology, conditions))
    except HwdseError:
        return None


@dataclass(frozen=True)
class _Entry:
    """Where a unit's figures are in the store: they, where they are, and its RTL if generated."""

    key: str
    cost: Cost | None
    rtlil: str | None
    rtlil_sha256: str


def _entry(unit: Design, technology: Technology, conditions: Conditions, store: Store) -> _Entry:
    # Design, technology, recipe and Yosys version, then what the figures are taken at: units of one
    # design may differ in what they are measured on.
    sha256, rtlil = rtlil_sha256(unit, store)
    design_key = flow.mapping_key(sha256, technology.sha256)
    parts = [design_key, recipes_sha256(), conditions.key, str(FIGURES_VERSION), unit.canonical]
    key = hashlib.sha256("\0".join(parts).encode()).hexdigest()
    known = store.get("cost", key)
    return _Entry(key, None if known is None else Cost.from_json(known), rtlil, sha256)


def _compute(
    unit: Design, technology: Technology, conditions: Conditions, store: Store, entry: _Entry
) -> Cost:
    rtlil = entry.rtlil or rtl.to_rtlil(unit)
    if isinstance(unit, Array):
        from hwdse.cost.array_cost import array_cost

        cost = array_cost(unit, technology, conditions, store, rtlil)
        store.put("cost", entry.key, cost.to_json())
        return cost
    recipe, mapped = choose_mapping(unit, rtlil, technology, conditions.clock_ns, store)
    analysis = analyse(unit, technology, mapped, conditions)
    cost = _figures(unit, technology, mapped, conditions, analysis, rtlil, recipe)
    store.put("cost", entry.key, cost.to_json())
    return cost


def _figures(
    unit: Design,
    technology: Technology,
    mapped: flow.Mapped,
    conditions: Conditions,
    analysis: Analysis,
    rtlil: str,
    recipe: Recipe,
) -> Cost:
    timing, energy, checked = analysis.timing, analysis.energy, analysis.checked
    per_cycle_fj = energy.dynamic_fj + analysis.leakage_fj
    scale = _per(unit.macs_per_cycle)
    per_mac = per_cycle_fj * scale
    half = energy.half_width_fj * scale
    wide = technology.derived or EXACT
    return Cost(
        spec=unit.canonical,
        tech=technology.name,
        source="synth",
        area_um2=mapped.area_um2,
        delay_ps=timing.delay_ps,
        energy_pj_per_mac=per_mac,
        leakage_uw=analysis.leakage_uw,
        cells=sum(mapped.cell_counts.values()),
        macs_per_cycle=unit.macs_per_cycle,
        area_um2_low=mapped.area_um2 * wide.area_low,
        area_um2_high=mapped.area_um2 * wide.area_high,
        delay_ps_low=timing.delay_ps * wide.delay_low,
        delay_ps_high=timing.delay_ps * wide.delay_high,
        energy_pj_per_mac_low=(per_mac - half) * wide.energy_low,
        energy_pj_per_mac_high=(per_mac + half) * wide.energy_high,
        period_ps=analysis.period_ps,
        switching_pj_per_mac=energy.switching_fj * scale,
        internal_pj_per_mac=energy.internal_fj * scale,
        glitch_pj_per_mac=energy.glitch_fj * scale,
        clock_pj_per_mac=energy.clock_fj * scale,
        leakage_pj_per_mac=analysis.leakage_fj * scale,
        values_per_cycle=unit.values_per_cycle,
        energy_pj_per_value=per_cycle_fj * _per(unit.values_per_cycle),
        provenance={
            "synthesis": yosys_version(),
            "recipe": recipe.label,
            "recipe_sha256": hashlib.sha256(flow.recipe_text(recipe).encode()).hexdigest(),
            "rtlil_sha256": hashlib.sha256(rtlil.encode()).hexdigest(),
            "technology_sha256": technology.sha256,
            "corner": asdict(technology.corner),
            "operands": f"{conditions.drawn.name}: {conditions.drawn.description}",
            "activity": f"sums of {sum_length(unit)} elements, {analysis.activity}",
            "energy_vectors": energy.vectors,
            "glitch_vectors": energy.followed_vectors if analysis.delays is not None else 0,
            "energy_interval": "95 %, sampling of operands",
            "energy_half_width": energy.half_width_fj / energy.dynamic_fj,
            "energy_half_width_wanted": conditions.confidence,
            "wires": f"{timing.wires}; ideal clock",
            "checked_vectors": checked.vectors,
            "checked_exhaustively": checked.exhaustive,
        }
        | ({} if technology.derived is None else {"derived": asdict(technology.derived)}),
    )


def _per(count: float) -> float:
    """What fJ a cycle are multiplied with to be pJ for each of ``count``; NaN where that is 0."""
    return 1 / (_FJ_PER_PJ * count) if count else math.nan


def _from_table(
    units: list[Design],
    table: str | os.PathLike[str] | Technology,
    conditions: Conditions,
    on_done: Callable[[str], None] | None,
) -> pd.DataFrame:
    import pandas as pd

    if conditions != Conditions(operands("uniform")):
        raise HwdseError(
            "--source table: published figures hold for no other operands or clock; leave "
            "--operands, --clock-ns, --activity and --confidence out"
        )
    name = table.name if isinstance(table, Technology) else os.fspath(table)
    rows = []
    for unit in units:
        known = published_cost(unit, name)
        rows.append({f.name: known.get(f.name) for f in fields(Cost)})
        if on_done is not None:
            on_done(unit.canonical)
    # Object columns keep None, which a column of numbers would turn into NaN.
    return pd.DataFrame(rows, dtype=object)


def _load(technology: str | os.PathLike[str]) -> Technology:
    name = os.fspath(technology)
    if name in table_names():
        raise HwdseError(
            f"{name!r} is a published table, not a technology to synthesise for; use --source table"
        )
    check_target(name)
    return tech.load(technology)


def _check_source(source: str) -> None:
    if source not in SOURCES:
        raise HwdseError(f"unknown source {source!r}{nearest_hint(source, SOURCES)}")

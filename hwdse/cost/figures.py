"""A spec on a technology becomes figures: area, delay, energy per MAC and leakage."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import rtl
from hwdse import pe, tech
from hwdse.cost.energy import DOT_LENGTH, measure_energy
from hwdse.cost.operands import Operands, operands
from hwdse.cost.store import Store
from hwdse.errors import ExternalToolError, HwdseError, nearest_hint
from hwdse.pe import Unit
from hwdse.synth import flow
from hwdse.synth.netlist import read_netlist
from hwdse.synth.power import energy_weights, leakage_uw
from hwdse.synth.timing import analyse_timing
from hwdse.synth.yosys import yosys_version
from hwdse.tech.model import Technology
from hwdse.verify.check import check_program, compile_mapped

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["SOURCES", "Cost", "cost_of", "evaluate"]

SOURCES = ("auto", "synth", "fit", "table")
# Part of every key: raise it when a model of timing, energy or leakage changes.
FIGURES_VERSION = 1
# What a mapped netlist must get right before it is costed: random elements, and all operand pairs
# of up to so many bits. `hwdse verify` goes further, which takes a minute at 24 bits.
CHECK_VECTORS = 1 << 16
CHECK_BITS = 16
_FJ_PER_PJ = 1e3


@dataclass(frozen=True)
class Cost:
    """Figures of one unit on one technology; units as in the names.

    ``_low`` and ``_high`` bound a figure at 95 %. Area, delay and leakage of a mapped netlist are
    counts over its cells, so their intervals have no width; the energy's is that of sampling.
    Placement, wires, the clock tree and glitches are in none of them.
    """

    spec: str
    tech: str
    source: str
    area_um2: float
    delay_ps: float
    energy_pj_per_mac: float
    leakage_uw: float
    cells: int
    macs_per_cycle: int
    area_um2_low: float
    area_um2_high: float
    delay_ps_low: float
    delay_ps_high: float
    energy_pj_per_mac_low: float
    energy_pj_per_mac_high: float
    period_ps: float
    switching_pj_per_mac: float
    internal_pj_per_mac: float
    clock_pj_per_mac: float
    leakage_pj_per_mac: float
    provenance: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return asdict(self)


def evaluate(
    specs: Iterable[str],
    technology: str | os.PathLike[str] | Technology,
    *,
    source: str = "auto",
    distribution: str = "uniform",
    clock_ns: float | None = None,
    jobs: int | None = None,
    store: Store | None = None,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Cost specs on a technology; what the store holds is not computed again.

    Args:
        specs: Unit specs.
        technology: Name, path of a technology YAML, or a loaded technology.
        source: ``auto`` or ``synth``.
        distribution: Operands of the energy figure, see :func:`hwdse.cost.operands.operands`.
        clock_ns: Clock period; by default each unit's own critical path. Leakage energy is charged
            for one period per cycle.
        jobs: Threads; by default all cores.
        store: Where results are kept; by default the user's store.
        on_done: Called with each canonical spec as it is finished.

    Returns:
        One row per spec, in order, with the fields of :class:`Cost`.

    Raises:
        HwdseError: Bad spec, technology, source, operands or clock; a technology's mapping failed.
    """
    import pandas as pd

    _check_source(source)
    if clock_ns is not None and not (math.isfinite(clock_ns) and clock_ns > 0):
        raise HwdseError(f"clock of {clock_ns} ns: give a finite period of more than 0 ns")
    units = [pe.parse(spec) for spec in specs]
    library = technology if isinstance(technology, Technology) else tech.load(technology)
    drawn = operands(distribution)
    kept = store or Store()
    with ThreadPoolExecutor(max_workers=jobs or os.cpu_count()) as pool:
        pending = {
            pool.submit(cost_of, unit, library, drawn, clock_ns, kept): unit.canonical
            for unit in dict.fromkeys(units)
        }
        costs = {}
        try:
            for future in as_completed(pending):
                costs[pending[future]] = future.result()
                if on_done is not None:
                    on_done(pending[future])
        except BaseException:
            # Do not compute the rest before saying so.
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    return pd.DataFrame([costs[unit.canonical].to_json() for unit in units])


def cost_of(
    unit: Unit, technology: Technology, drawn: Operands, clock_ns: float | None, store: Store
) -> Cost:
    """Figures of one unit, from the store or by synthesis; see :func:`evaluate`."""
    rtlil = rtl.to_rtlil(unit)
    mapping_key = flow.mapping_key(rtlil, technology.sha256)
    figures_key = hashlib.sha256(
        "\0".join([mapping_key, drawn.key, repr(clock_ns), str(FIGURES_VERSION)]).encode()
    ).hexdigest()
    known = store.get("cost", figures_key)
    if known is not None:
        return Cost(**known)
    mapping = store.get("mapping", mapping_key)
    if mapping is None:
        mapping = asdict(flow.map_to_cells(rtlil, tech.mapping_liberty(technology)))
        store.put("mapping", mapping_key, mapping)
    cost = _figures(unit, technology, flow.Mapped(**mapping), drawn, clock_ns, rtlil)
    store.put("cost", figures_key, cost.to_json())
    return cost


def _figures(
    unit: Unit,
    technology: Technology,
    mapped: flow.Mapped,
    drawn: Operands,
    clock_ns: float | None,
    rtlil: str,
) -> Cost:
    netlist = read_netlist(mapped.netlist)
    program = compile_mapped(netlist, technology)
    checked = check_program(
        unit, program, technology.name, CHECK_VECTORS, seed=1, enumerable_bits=CHECK_BITS
    )
    if checked.mismatches:
        raise ExternalToolError(
            f"{unit.canonical}: the netlist mapped to {technology.name} differs from its reference "
            f"{checked.first_mismatch}; run `hwdse verify` on it"
        )
    timing = analyse_timing(netlist, technology)
    if clock_ns is not None and clock_ns * 1e3 < timing.delay_ps:
        raise HwdseError(
            f"{unit.canonical} on {technology.name}: a clock of {clock_ns:g} ns is shorter than "
            f"its critical path of {math.ceil(timing.delay_ps) / 1e3:.3f} ns; give at least that"
        )
    period_ps = clock_ns * 1e3 if clock_ns is not None else timing.delay_ps
    energy = measure_energy(unit, program, energy_weights(netlist, technology, timing), drawn)
    leakage = leakage_uw(netlist, technology)
    leakage_fj = leakage * period_ps * 1e-3
    scale = 1 / (_FJ_PER_PJ * unit.macs_per_cycle)
    per_mac = (energy.dynamic_fj + leakage_fj) * scale
    half = energy.half_width_fj * scale
    return Cost(
        spec=unit.canonical,
        tech=technology.name,
        source="synth",
        area_um2=mapped.area_um2,
        delay_ps=timing.delay_ps,
        energy_pj_per_mac=per_mac,
        leakage_uw=leakage,
        cells=sum(mapped.cell_counts.values()),
        macs_per_cycle=unit.macs_per_cycle,
        area_um2_low=mapped.area_um2,
        area_um2_high=mapped.area_um2,
        delay_ps_low=timing.delay_ps,
        delay_ps_high=timing.delay_ps,
        energy_pj_per_mac_low=per_mac - half,
        energy_pj_per_mac_high=per_mac + half,
        period_ps=period_ps,
        switching_pj_per_mac=energy.switching_fj * scale,
        internal_pj_per_mac=energy.internal_fj * scale,
        clock_pj_per_mac=energy.clock_fj * scale,
        leakage_pj_per_mac=leakage_fj * scale,
        provenance={
            "synthesis": yosys_version(),
            "recipe_sha256": hashlib.sha256(flow.MAPPING_RECIPE.encode()).hexdigest(),
            "rtlil_sha256": hashlib.sha256(rtlil.encode()).hexdigest(),
            "technology_sha256": technology.sha256,
            "corner": asdict(technology.corner),
            "operands": f"{drawn.name}: {drawn.description}",
            "activity": f"sums of {DOT_LENGTH} elements, zero-delay (no glitches)",
            "energy_vectors": energy.vectors,
            "energy_interval": "95 %, sampling of operands",
            "wires": "none (no placement); ideal clock",
            "checked_vectors": checked.vectors,
            "checked_exhaustively": checked.exhaustive,
        },
    )


def _check_source(source: str) -> None:
    if source not in SOURCES:
        raise HwdseError(f"unknown source {source!r}{nearest_hint(source, SOURCES)}")
    if source in ("fit", "table"):
        raise HwdseError(f"source {source!r} has no figures in this version; use --source synth")

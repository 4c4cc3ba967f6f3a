"""Our figures of a mapped netlist beside OpenSTA's, at the same switching of every net."""

from __future__ import annotations

import gzip
import re
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from opensta import run_opensta
from opensta_power import Activity, internal_fj, leakage_nw, switching_fj

import rtl
from hwdse import pe, tech
from hwdse.cost.operands import operands
from hwdse.errors import HwdseError
from hwdse.pe import Unit
from hwdse.synth import flow
from hwdse.synth.netlist import Instance, Netlist, cell_models, read_netlist
from hwdse.synth.power import energy_weights, leakage_uw
from hwdse.synth.simulate import Simulator, compile_netlist
from hwdse.synth.timing import analyse_timing
from hwdse.tech.model import Technology
from hwdse.verify.check import operand_planes

__all__ = ["BOUNDS", "Figures", "Row", "both", "compare", "count_switching", "unpacked"]

# Largest deviation allowed, as a fraction of the reference; the sum of areas must be the same but
# for its rounding.
BOUNDS = {"area_um2": 1e-6, "delay_ps": 0.05, "leakage_nw": 0.05, "dynamic_fj": 0.10}
_STEPS, _SUMS = 64, 1024
_SEED = 4
_AREA = re.compile(
    r"\bcell\s*\(\s*\"?([^\s\"()]+)\"?\s*\)\s*\{.*?\barea\s*:\s*\"?([\d.eE+-]+)", re.DOTALL
)


@dataclass(frozen=True)
class Figures:
    """Figures of one netlist; energies are those of one clock cycle."""

    area_um2: float
    delay_ps: float
    leakage_nw: float
    switching_fj: float
    internal_fj: float

    @property
    def dynamic_fj(self) -> float:
        """Switching and internal energy."""
        return self.switching_fj + self.internal_fj


@dataclass(frozen=True)
class Row:
    """One unit on one technology."""

    unit: str
    technology: str
    cells: int
    ours: Figures
    reference: Figures
    seconds: float

    def deviation(self, figure: str) -> float:
        """Ours over the reference's, less one."""
        reference: float = getattr(self.reference, figure)
        ours: float = getattr(self.ours, figure)
        if reference == 0:
            return 0.0 if ours == 0 else float("inf")
        return ours / reference - 1

    def broken(self) -> list[str]:
        """Figures whose deviation is beyond its bound."""
        return [f for f, bound in BOUNDS.items() if not abs(self.deviation(f)) <= bound]


def compare(spec: str, technology: Technology, liberty: Sequence[Path], *, seconds: float) -> Row:
    """Map a unit, and hold our figures against OpenSTA's."""
    started = time.perf_counter()
    unit = pe.parse(spec)
    mapped = flow.map_to_cells(rtl.to_rtlil(unit), tech.mapping_liberty(technology))
    module = dict(mapped.netlist)
    # Names that Verilog takes as they are.
    module["cells"] = {f"u{k}": cell for k, cell in enumerate(mapped.netlist["cells"].values())}
    netlist = read_netlist(module)
    activity = count_switching(unit, netlist, technology)
    ours, reference = both(netlist, technology, liberty, activity, seconds=seconds)
    elapsed = time.perf_counter() - started
    return Row(spec, technology.name, len(netlist.instances), ours, reference, elapsed)


def both(
    netlist: Netlist,
    technology: Technology,
    liberty: Sequence[Path],
    activity: Activity,
    *,
    seconds: float,
) -> tuple[Figures, Figures]:
    """Our figures of a netlist, and OpenSTA's."""
    timing = analyse_timing(netlist, technology)
    settled = activity.toggles[: netlist.net_count]
    weights = energy_weights(netlist, technology, timing, settled)
    clock_load_fj = timing.load_ff[netlist.inputs["clk"][0]] * technology.corner.voltage_v**2
    ours = Figures(
        area_um2=sum(technology.cells[i.kind].area_um2 for i in netlist.instances),
        delay_ps=timing.delay_ps,
        leakage_nw=leakage_uw(netlist, technology) * 1e3,
        switching_fj=float(weights.switching_fj @ settled) + clock_load_fj,
        internal_fj=float(weights.internal_fj @ settled) + weights.clock_fj - clock_load_fj,
    )
    with tempfile.TemporaryDirectory() as folder:
        analysis = run_opensta(
            netlist,
            technology,
            liberty,
            slew_ps=timing.driving_slew_ps,
            period_ps=4 * timing.delay_ps,
            folder=Path(folder),
            seconds=seconds,
        )
    areas = original_areas(liberty)
    reference = Figures(
        area_um2=sum(areas[i.kind] for i in netlist.instances),
        delay_ps=analysis.delay_ps,
        leakage_nw=leakage_nw(analysis, netlist, technology),
        switching_fj=switching_fj(analysis, netlist, technology, activity),
        internal_fj=internal_fj(analysis, netlist, technology, activity),
    )
    return ours, reference


def count_switching(unit: Unit, netlist: Netlist, technology: Technology) -> Activity:
    """Switching of every output pin while a unit computes sums of uniform operands."""
    pins: dict[tuple[str, str], int] = {}
    instances, count = [], netlist.net_count
    for instance in netlist.instances:
        nets = dict(instance.pins)
        for pin in technology.cells[instance.kind].outputs:
            if pin.name not in nets:
                # An output that drives nothing moves all the same.
                nets[pin.name] = pins[instance.name, pin.name] = count
                count += 1
        instances.append(Instance(instance.name, instance.kind, nets))
    full = Netlist(netlist.inputs, netlist.outputs, tuple(instances), count)
    models = cell_models(technology, {i.kind for i in full.instances})
    simulator = Simulator(compile_netlist(full, models, "clk"), _SUMS // 64)
    drawn = operands("uniform")
    rng = np.random.default_rng(_SEED)
    codes = drawn.sample(unit, (_STEPS, _SUMS), rng)
    on = np.full((1, _SUMS // 64), ~np.uint64(0))
    values = simulator.values[:count]
    toggles, high = np.zeros(count), np.zeros(count)
    # The first sum fills the pipeline.
    for cycle in range(2 * _STEPS):
        step = cycle % _STEPS
        before = values.copy()
        simulator.evaluate(
            {
                operand.name: operand_planes(operand, codes[operand.name][step])
                for operand in unit.operands
            }
            | {
                "in_valid": on,
                "clear": on if step == 0 else ~on,
                "rst": ~on,
            }
        )
        if cycle >= _STEPS:
            toggles += np.bitwise_count(before ^ values).sum(axis=1)
            high += np.bitwise_count(values).sum(axis=1)
        simulator.tick()
    toggles /= _STEPS * _SUMS
    high /= _STEPS * _SUMS
    open_pins = {pin: (float(toggles[net]), float(high[net])) for pin, net in pins.items()}
    return Activity(toggles, high, open_pins)


def original_areas(liberty: Iterable[Path]) -> dict[str, float]:
    """Cell areas as the files have them, in their unit, which is um2 in all that we know."""
    return {m[1]: float(m[2]) for path in liberty for m in _AREA.finditer(path.read_text())}


def unpacked(directory: Path, technology: Technology, folder: Path) -> list[Path]:
    """The Liberty files a technology comes from, as text.

    Raises:
        HwdseError: One of them is absent.
    """
    found = []
    for name, _ in technology.source.files:
        plain, packed = directory / name, directory / f"{name}.gz"
        if plain.exists():
            found.append(plain.resolve())
        elif packed.exists():
            found.append(folder / name)
            found[-1].write_bytes(gzip.decompress(packed.read_bytes()))
        else:
            raise HwdseError(f"{directory} has neither {name} nor {name}.gz of {technology.name}")
    return found

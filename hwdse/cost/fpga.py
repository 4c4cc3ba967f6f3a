"""A spec on an FPGA becomes figures: look-up tables, carries, flip-flops, blocks and frequency."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import rtl
from hwdse import pe
from hwdse.cost.designs import rtlil_sha256
from hwdse.cost.store import Store
from hwdse.cost.threads import in_threads
from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.synth.devices import Device, device
from hwdse.synth.fpga import fpga_netlist, resources
from hwdse.synth.place import harness, place_and_route, placer_is_installed
from hwdse.synth.size import least_size
from hwdse.synth.yosys import yosys_version

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["FPGA_FIGURES_VERSION", "PLACER_SEED", "FpgaCost", "evaluate_on_fpga", "fpga_cost_of"]

# Part of every key: raise it when synthesis, counting or the harness change.
FPGA_FIGURES_VERSION = 2
PLACER_SEED = 1


@dataclass(frozen=True)
class FpgaCost:
    """What one unit takes of one device.

    Attributes:
        luts: Look-up tables: of four inputs, on 7 series of six. Those within carry cells are
            counted with the carries.
        carries: Carry cells, of one bit; of two bits on ECP5 and of four on 7 series.
        ffs, dsps, brams: Flip-flops, DSP blocks and block memories. DSP blocks of Gowin are
            multipliers of 18 x 18 bits, of which one of 9 x 9 bits takes half.
        fmax_mhz: After place and route, with registers right outside the ports; None where the
            device has no open place-and-route tool, it is not installed, was not asked for, or has
            no delays of blocks that the unit takes.
        provenance: Tools, options and device.
    """

    spec: str
    tech: str
    source: str
    luts: int
    carries: int
    ffs: int
    dsps: int
    brams: int
    fmax_mhz: float | None
    macs_per_cycle: float
    values_per_cycle: float
    provenance: dict[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As JSON-ready values."""
        return dict(vars(self))


def evaluate_on_fpga(
    specs: Iterable[str],
    name: str,
    *,
    dsp: bool = True,
    place: bool = True,
    seed: int = PLACER_SEED,
    jobs: int | None = None,
    store: Store | None = None,
    on_done: Callable[[str], None] | None = None,
) -> pd.DataFrame:
    """Cost specs on an FPGA; what the store holds is not computed again.

    Args:
        specs: Unit specs.
        name: A device, or a family for its usual device; see ``hwdse.synth.devices``.
        dsp: Whether multiplications may go to DSP blocks, where the device has any.
        place: Whether to place and route, where that is possible.
        seed: Of the placer.
        jobs: Threads; by default all cores.
        store: Where results are kept; by default the user's store.
        on_done: Called with each canonical spec as it is finished.

    Returns:
        One row per spec, in order, with the fields of :class:`FpgaCost`.

    Raises:
        HwdseError: A bad spec, an unknown device, or a unit that is too large for it.
        ExternalToolError: Synthesis or place and route failed.
    """
    import pandas as pd

    where, kept = device(name), store or Store()
    designs = [pe.parse(spec) for spec in specs]

    def cost(design: Design) -> FpgaCost:
        return fpga_cost_of(design, where, dsp=dsp, place=place, seed=seed, store=kept)

    def say(design: Design) -> None:
        if on_done is not None:
            on_done(design.canonical)

    found = in_threads(cost, dict.fromkeys(designs), jobs=jobs, on_done=say)
    # Object columns keep None, which a column of numbers would turn into NaN.
    rows = [found[each].to_json() for each in designs]
    return pd.DataFrame(rows, dtype=object)


def fpga_cost_of(
    design: Design, where: Device, *, dsp: bool, place: bool, seed: int, store: Store
) -> FpgaCost:
    """What one design takes, from the store or by synthesis; see :func:`evaluate_on_fpga`."""
    dsp = dsp and where.capacity["dsps"] > 0
    place = place and placer_is_installed(where)
    sha256, rtlil = rtlil_sha256(design, store)
    how = (
        where.name,
        f"dsp={dsp}",
        f"place={place}",
        f"seed={seed}",
        yosys_version(),
        FPGA_FIGURES_VERSION,
    )
    key = hashlib.sha256("\0".join([sha256, design.canonical, *map(str, how)]).encode()).hexdigest()
    known = store.get("fpga", key)
    if known is None:
        known = _computed(design, rtlil or rtl.to_rtlil(design), where, dsp, place, seed)
        store.put("fpga", key, known)
    return FpgaCost(**known)


def _computed(
    design: Design, rtlil: str, where: Device, dsp: bool, place: bool, seed: int
) -> dict[str, Any]:
    _refuse_far_too_large(design, rtlil, where, dsp)
    netlist = fpga_netlist(rtlil, where.family, options=where.synthesis, dsp=dsp)
    taken = resources(netlist, where.family)
    for what, most in where.capacity.items():
        if taken[what] > most:
            raise _too_large(design, where, f"it takes {taken[what]} {what}", most)
    fmax, tool = None, None
    if place:
        around = harness(design.module_name, [(p.name, p.direction, p.width) for p in design.ports])
        whole = fpga_netlist(rtlil, where.family, options=where.synthesis, dsp=dsp, harness=around)
        placed = place_and_route(whole, where, seed=seed)
        tool = placed.tool
        # nextpnr has no delays of Gowin's DSP blocks: what it calls Fmax leaves them out.
        fmax = placed.fmax_mhz if where.family != "gowin" or not taken["dsps"] else None
    return FpgaCost(
        spec=design.canonical,
        tech=where.name,
        source="synth",
        **taken,
        fmax_mhz=fmax,
        macs_per_cycle=design.macs_per_cycle,
        values_per_cycle=design.values_per_cycle,
        provenance={
            "synthesis": yosys_version(),
            "place_and_route": tool,
            "device": where.name,
            "dsp_blocks": dsp,
            "seed": seed,
            "harness": "registers right outside all ports; not counted" if tool else None,
            "rtlil_sha256": hashlib.sha256(rtlil.encode()).hexdigest(),
        },
    ).to_json()


def _refuse_far_too_large(design: Design, rtlil: str, where: Device, dsp: bool) -> None:
    """Refuse in seconds what would take minutes to map before it is too large all the same."""
    least, blocks = least_size(rtlil), where.capacity["dsps"] if dsp else 0
    luts = least.luts_beyond(blocks)
    if luts > where.capacity["luts"]:
        beyond = f" beyond {blocks} dsps" if blocks else ""
        what = f"its multipliers{beyond} alone take {luts} luts or more"
        raise _too_large(design, where, what, where.capacity["luts"])
    # DSP blocks have registers of their own, and 7 series put chains of them into look-up tables.
    if not dsp and where.family != "xc7" and least.ffs > where.capacity["ffs"]:
        raise _too_large(design, where, f"it takes {least.ffs} ffs or more", where.capacity["ffs"])


def _too_large(design: Design, where: Device, what: str, most: int) -> HwdseError:
    return HwdseError(
        f"{design.canonical} is too large for {where.name}: {what}, and the device has {most}; "
        "choose a larger device"
    )

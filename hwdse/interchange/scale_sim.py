"""Configurations of SCALE-Sim for systolic arrays; one is good for 2.0.2 and 3.0.0.

SCALE-Sim counts cycles of an array of PEs that do one multiply-accumulate each a cycle; it knows
neither clock nor energy. Its dataflows are those of :mod:`hwdse.pe.array`, rows and columns alike:
``ws`` has the terms of a sum along the rows and outputs' channels along the columns, ``is`` has
outputs' places there, ``os`` has places along the rows and channels along the columns. A word is a
byte to it: memories are given it as large as they are in words.
"""

from __future__ import annotations

from dataclasses import dataclass

from hwdse import __version__
from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.pe.array import Array

__all__ = ["Memories", "scale_sim_config"]

_BITS_PER_KIB = 8192
_WORDS = 1024


@dataclass(frozen=True)
class Memories:
    """What SCALE-Sim must be told and an array does not say.

    Attributes:
        ifmap_kib, filter_kib, ofmap_kib: Memories of activations, weights and sums.
        dram_words_per_cycle: Between each of them and DRAM; None to have SCALE-Sim say what it
            takes never to wait.
    """

    ifmap_kib: int
    filter_kib: int
    ofmap_kib: int
    dram_words_per_cycle: int | None = None


def scale_sim_config(design: Design, memories: Memories) -> str:
    """The text of the configuration.

    Raises:
        HwdseError: No systolic array, PEs that do not do one multiply-accumulate a cycle, or a
            memory of less than 1024 words.
    """
    array = _array(design)
    sums = array.pe.results[0].bits
    sizes = {
        "Ifmap": (memories.ifmap_kib, array.pe.a.bits_per_value),
        "Filter": (memories.filter_kib, array.pe.w.bits_per_value),
        "Ofmap": (memories.ofmap_kib, float(sums)),
    }
    kilowords = {name: _kilowords(array, name, *size) for name, size in sizes.items()}
    bandwidth = memories.dram_words_per_cycle
    said = [
        f"Written by hwdse {__version__} for SCALE-Sim v2 and v3",
        array.canonical,
        "A word is a byte to SCALE-Sim, so its kB are 1024 words:",
        *(f"{name}: {kib} KiB of {bits:g} bits a word" for name, (kib, bits) in sizes.items()),
        "Offsets keep the operands' addresses apart; request buffers count with Ramulator traces",
        "alone. v3 takes the bandwidth of USER from the banks, v2 from Bandwidth.",
    ]
    sections: dict[str, dict[str, str | int]] = {
        "general": {"run_name": array.module_name},
        "architecture_presets": {
            "ArrayHeight": array.rows,
            "ArrayWidth": array.cols,
            **{f"{name}SramSzkB": size for name, size in kilowords.items()},
            "IfmapOffset": 0,
            "FilterOffset": 10_000_000,
            "OfmapOffset": 20_000_000,
            "Dataflow": array.dataflow,
            "MemoryBanks": 1,
            "ReadRequestBuffer": 32,
            "WriteRequestBuffer": 32,
            **({} if bandwidth is None else {"Bandwidth": bandwidth}),
        },
        "layout": {
            key: value
            for side in ("Ifmap", "Filter")
            for key, value in {
                f"{side}CustomLayout": False,
                f"{side}SRAMBankBandwidth": bandwidth or 1,
                f"{side}SRAMBankNum": 1,
                f"{side}SRAMBankPort": 1,
            }.items()
        },
        "sparsity": {"SparsitySupport": False},
        "run_presets": {
            "InterfaceBandwidth": "CALC" if bandwidth is None else "USER",
            "UseRamulatorTrace": False,
        },
    }
    text = "".join(f"# {line}\n" for line in said)
    for section, values in sections.items():
        text += f"\n[{section}]\n" + "".join(f"{k}: {v}\n" for k, v in values.items())
    return text


def _array(design: Design) -> Array:
    if not isinstance(design, Array):
        raise HwdseError(
            f"{design.canonical}: SCALE-Sim takes arrays, as in "
            f"array:pe=({design.canonical}),rows=16,cols=16,dataflow=ws"
        )
    if design.dataflow == "tile":
        raise HwdseError(
            f"{design.canonical}: SCALE-Sim has no tile that operands are broadcast to; choose "
            "dataflow=ws, os or is"
        )
    unit = design.pe
    if (unit.macs_per_element, unit.initiation_interval) != (1, 1):
        raise HwdseError(
            f"{design.canonical}: PEs take an element of {unit.macs_per_element} MACs every "
            f"{unit.initiation_interval} cycles, and SCALE-Sim's one of 1 MAC every cycle; choose "
            "such a unit, as mac is"
        )
    return design


def _kilowords(array: Array, name: str, kib: int, bits: float) -> int:
    size = int(kib * _BITS_PER_KIB / bits) // _WORDS
    if not size:
        raise HwdseError(
            f"{array.canonical}: {name.lower()} memory of {kib} KiB holds fewer than {_WORDS} "
            f"words of {bits:g} bits, the least that SCALE-Sim takes; give a larger --sram-kib"
        )
    return size

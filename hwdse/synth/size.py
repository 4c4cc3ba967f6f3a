"""What a design takes of any FPGA at least, known long before it is mapped to look-up tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from hwdse.synth.flow import only_module
from hwdse.synth.yosys import run_yosys

__all__ = ["LeastSize", "least_size"]

# What every family's synthesis begins with; what is slow is done to each kind of part once.
_WORDS = """
read_rtlil {job}/design.il
hierarchy -auto-top
proc
opt -nodffe -nosdff
wreduce
opt_clean
flatten -noscopeinfo
opt_expr
opt_merge
opt_clean
write_json {job}/netlist.json
"""
_CONSTANTS = ("0", "1", "x", "z")


@dataclass(frozen=True)
class LeastSize:
    """What a design takes at least.

    Attributes:
        multipliers: Look-up tables, of whatever number of inputs, of each multiplier.
        ffs: Flip-flops, those in DSP blocks included.
    """

    multipliers: tuple[int, ...]
    ffs: int

    def luts_beyond(self, dsps: int) -> int:
        """Look-up tables of its multipliers where so many DSP blocks hold the largest of them.

        A block holds no more than one of them: two products that share a block are one multiplier
        of the design.
        """
        return sum(sorted(self.multipliers, reverse=True)[dsps:])


def least_size(rtlil: str) -> LeastSize:
    """What a design takes at least, from its multipliers and registers as words.

    Yosys makes the product of n by m bits of ``(n - 1) (m - 1)`` full adders and an adder. Each
    full adder has two outputs that others share, so that no mapping puts several into one look-up
    table; one for each leaves a factor of about 3 below what mapped designs take. Bits of operands
    that are constant or repeated (extended signs) do not count, and a square counts half. Equal
    flip-flops are counted once, since synthesis merges them, and of what is left a quarter is
    allowed for those that only later passes find superfluous.

    Args:
        rtlil: The design.
    """
    text = run_yosys(_WORDS, {"design.il": rtlil}, ("netlist.json",))["netlist.json"]
    cells = only_module(text)["cells"].values()
    products = tuple(_products(cell) for cell in cells if cell["type"] == "$mul")
    flops = {bit for cell in cells if "dff" in cell["type"] for bit in _flip_flops(cell)}
    return LeastSize(products, len(flops) * 3 // 4)


def _products(cell: dict[str, Any]) -> int:
    """Full adders of a multiplier at least."""
    bits = cell["connections"]
    a, b = (set(bits[port]).difference(_CONSTANTS) for port in "AB")
    most = max(len(a) - 1, 0) * max(len(b) - 1, 0)
    return most // 2 if a & b else most


def _flip_flops(cell: dict[str, Any]) -> set[tuple[Any, ...]]:
    """The bits that a register stores, by what they are stored from and when."""
    ports = cell["connections"]
    when = tuple((name, *bits) for name, bits in sorted(ports.items()) if name not in ("D", "Q"))
    return {(when, d) for d in ports["D"] if d not in _CONSTANTS}

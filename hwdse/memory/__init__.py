"""Memories: capacity and width become area and energy per access, each with an interval."""

from hwdse.memory.dram import Dram, dram, dram_types
from hwdse.memory.macros import macro_cost
from hwdse.memory.model import Interval, Memory, MemoryCost
from hwdse.memory.sram import memory_cost, technologies

__all__ = [
    "Dram",
    "Interval",
    "Memory",
    "MemoryCost",
    "dram",
    "dram_types",
    "macro_cost",
    "memory_cost",
    "technologies",
]

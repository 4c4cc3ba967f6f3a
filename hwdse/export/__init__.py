"""A unit as files for other tools: Verilog-2005, golden vectors, testbench, constraints."""

from __future__ import annotations

from hwdse.export.bundle import DEFAULT_CLOCK_NS, DEFAULT_VECTORS, export

__all__ = ["DEFAULT_CLOCK_NS", "DEFAULT_VECTORS", "export"]

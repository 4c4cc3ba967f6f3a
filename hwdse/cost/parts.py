"""How a unit's area divides among its parts, and the parts among what they are for."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import rtl
from hwdse.cost.designs import rtlil_sha256
from hwdse.cost.store import Store
from hwdse.pe import Design
from hwdse.synth import flow
from hwdse.synth.shares import area_shares
from hwdse.tech.model import Technology

__all__ = ["ROLES", "area_by_role", "area_parts"]

ROLES = (
    "decoders",
    "tables",
    "products",
    "scales",
    "alignment",
    "accumulator",
    "dequantiser",
    "group_sums",
    "zero_points",
    "conversion",
    "registers",
)
# Beginnings of instances' names, the innermost instance first.
_NAMES = {
    "decode": "decoders",
    "unpack": "decoders",
    "table": "tables",
    "scale": "scales",
    "align": "alignment",
    "dequantise": "dequantiser",
    "group": "group_sums",
    "zero": "zero_points",
    "function": "conversion",
    # Before what is around them: a unit may be a part of another design.
    "multiplier": "products",
    "accumulator": "accumulator",
}


def area_parts(unit: Design, technology: Technology, store: Store) -> dict[str, Any]:
    """Area by part of a netlist that keeps the hierarchy, as JSON-ready values.

    See :class:`hwdse.synth.shares.AreaShares`; what the store holds is not mapped again.
    """
    sha256, rtlil = rtlil_sha256(unit, store)
    key = flow.mapping_key(sha256, technology.sha256)
    known = store.get("parts", key)
    if known is None:
        shares = area_shares(rtlil or rtl.to_rtlil(unit), technology)
        known = asdict(shares) | {"parts": [asdict(part) for part in shares.parts]}
        store.put("parts", key, known)
    return known


def area_by_role(parts: dict[str, Any], area_um2: float) -> dict[str, float]:
    """A flattened netlist's area, divided as that of the netlist that keeps the hierarchy.

    Args:
        parts: From :func:`area_parts`.
        area_um2: Of the flattened netlist.

    Returns:
        um2 by role, all of :data:`ROLES`; flip-flops count as registers wherever they are.
    """
    scale = area_um2 / parts["area_um2"]
    found = dict.fromkeys(ROLES, 0.0)
    for part in parts["parts"]:
        found["registers"] += part["registers_um2"] * scale
        logic = part["area_um2"] - part["registers_um2"]
        found[_role(part["part"])] += logic * scale
    return found


def _role(part: str) -> str:
    names = part.split(".")
    for name in reversed(names):
        for beginning, role in _NAMES.items():
            if name.startswith(beginning):
                return role
    # What the top itself holds besides registers is the handshake of the accumulator.
    return "accumulator"

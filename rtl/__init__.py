"""How units are built: one Amaranth module per family, of the same name as in ``hwdse.pe``.

``hwdse`` reaches this package through :func:`to_rtlil` alone.
"""

from __future__ import annotations

from types import ModuleType

from hwdse.errors import HwdseError
from hwdse.pe import Design

__all__ = ["build", "to_rtlil"]


def build(unit: Design):
    """The Amaranth component of a unit.

    Args:
        unit: From :func:`hwdse.pe.parse`.

    Raises:
        HwdseError: The unit has a reference only.
    """
    from rtl import bitplane, composite, dot, lmul, mac, shift
    from rtl.top import UnitTop

    if unit.no_rtl:
        raise HwdseError(f"{unit.canonical}: {unit.no_rtl}")
    sources = {
        "mac": mac,
        "dot": dot,
        "lmul": lmul,
        "shift": shift,
        "bitplane": bitplane,
        "composite": composite,
    }
    # Families whose top is their own, with a function `top` in place of `term_source`.
    tops: dict[str, ModuleType] = {}
    try:
        if unit.family in tops:
            return tops[unit.family].top(unit)
        source = sources[unit.family].term_source(unit)
    except HwdseError as error:
        raise HwdseError(f"{unit.canonical}: {error}") from error
    return UnitTop(unit=unit, source=source)


def to_rtlil(unit: Design) -> str:
    """RTLIL text of a unit, always the same; the top module is ``unit.module_name``."""
    from amaranth.back import rtlil

    top = build(unit)
    return rtlil.convert(top, name=unit.module_name, emit_src=False)

"""How units are built: one Amaranth module per family, of the same name as in ``hwdse.pe``.

``hwdse`` reaches this package through :func:`to_rtlil` alone.
"""

from __future__ import annotations

from types import ModuleType

from hwdse.errors import HwdseError
from hwdse.pe import Design, Unit

__all__ = ["build", "to_rtlil"]


def build(unit: Design, *, chained: bool = False):
    """The Amaranth component of a unit.

    Args:
        unit: From :func:`hwdse.pe.parse`.
        chained: Make a unit that adds its terms to sums that come in; see ``rtl.top``.

    Raises:
        HwdseError: The unit has a reference only.
    """
    from rtl import (
        array,
        bitplane,
        composite,
        convert,
        dot,
        groupdot,
        lmul,
        lut,
        mac,
        serial,
        shift,
    )
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
        "groupdot": groupdot,
        "lut": lut,
        "serial": serial,
    }
    # Designs whose top is their own, with a function `top` in place of `term_source`.
    tops: dict[str, ModuleType] = {"array": array, "convert": convert, "serial": serial}
    try:
        if unit.family in tops and not isinstance(unit, Unit):
            return tops[unit.family].top(unit)
        source = sources[unit.family].term_source(unit)
    except HwdseError as error:
        raise HwdseError(f"{unit.canonical}: {error}") from error
    return UnitTop(unit=unit, source=source, chained=chained)


def to_rtlil(unit: Design) -> str:
    """RTLIL text of a unit, always the same; the top module is ``unit.module_name``.

    A top with ``instantiated``, components by the names of modules, has instances of these.
    """
    from amaranth.back import rtlil

    top = build(unit)
    text = rtlil.convert(top, name=unit.module_name, emit_src=False)
    for name, component in getattr(top, "instantiated", {}).items():
        part = rtlil.convert(component, name=name, emit_src=False)
        text += part.replace("attribute \\top 1\n", "", 1)
    return text

"""SRAM macros of an open technology: exact where there is a macro, a fitted power law between."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from hwdse.errors import HwdseError
from hwdse.memory.data import KIB_BITS, Macro, macros
from hwdse.memory.model import Interval, Memory, MemoryCost

__all__ = ["area", "macro_cost", "read", "width_exponents", "write", "write_over_read"]


def area(macro: Macro) -> Interval:
    """Area of a macro."""
    return Interval(macro.area_um2, macro.area_um2, macro.area_um2)


def read(macro: Macro) -> Interval:
    """Energy of a read: from no address bit changing to all; the value is half of them."""
    return Interval(
        macro.read_pj + macro.address_pj / 2, macro.read_pj, macro.read_pj + macro.address_pj
    )


def write(macro: Macro) -> Interval:
    """Energy of a write: from no address and data bit changing to all; the value is half."""
    inputs = macro.address_pj + macro.data_pj
    return Interval(macro.write_pj + inputs / 2, macro.write_pj, macro.write_pj + inputs)


def write_over_read() -> Interval:
    """A write's energy over a read's: geometric mean and range over the macros."""
    ratios = [write(m).value / read(m).value for m in macros().macros]
    return Interval(float(np.exp(np.mean(np.log(ratios)))), min(ratios), max(ratios))


def width_exponents(figure: Callable[[Macro], Interval]) -> list[float]:
    """Exponents of the width, from macros of equal capacity and different widths."""
    known = macros().macros
    return [
        math.log(figure(b).value / figure(a).value) / math.log(b.width_bits / a.width_bits)
        for a in known
        for b in known
        if a.capacity_bits == b.capacity_bits and a.width_bits < b.width_bits
    ]


def macro_cost(memory: Memory) -> MemoryCost:
    """Figures of a memory in the macros' technology.

    A memory that is a macro has the macro's figures. Others have those of a power law in capacity
    and width fitted to the macros; its interval is the worst error at a macro that was left out of
    the fit.

    Raises:
        HwdseError: Capacity or width lie beyond the macros.
    """
    library = macros()
    _check_range(memory)
    about = (f"{library.source}; {library.licence}; corner {library.corner.process}",)
    exact = next(
        (
            m
            for m in library.macros
            if (m.capacity_bits, m.width_bits) == (memory.capacity_bits, memory.width_bits)
        ),
        None,
    )
    return MemoryCost(
        memory,
        library.name,
        area_um2=area(exact) if exact else _fitted(memory, area),
        read_pj=read(exact) if exact else _fitted(memory, read),
        write_pj=write(exact) if exact else _fitted(memory, write),
        basis=(
            f"macro {exact.name}" if exact else f"power law through {len(library.macros)} macros"
        ),
        sources=about,
    )


def _check_range(memory: Memory) -> None:
    known = macros().macros
    for value, sizes, what, unit in (
        (memory.capacity_bits, [m.capacity_bits for m in known], "capacity", KIB_BITS),
        (memory.width_bits, [m.width_bits for m in known], "width", 1),
    ):
        if not min(sizes) <= value <= max(sizes):
            name = "KiB" if unit > 1 else "bits"
            raise HwdseError(
                f"{macros().name}: {what} of {value / unit:g} {name} is beyond the macros, which "
                f"have {min(sizes) / unit:g} to {max(sizes) / unit:g} {name}; build it of several"
            )


def _fitted(memory: Memory, figure: Callable[[Macro], Interval]) -> Interval:
    known = macros().macros
    rows = np.array([[1.0, math.log(m.capacity_bits), math.log(m.width_bits)] for m in known])
    logs = np.log([figure(m).value for m in known])
    worst = 0.0
    for n in range(len(known)):
        others = np.arange(len(known)) != n
        fit = np.linalg.lstsq(rows[others], logs[others], rcond=None)[0]
        worst = max(worst, abs(float(rows[n] @ fit - logs[n])))
    fit = np.linalg.lstsq(rows, logs, rcond=None)[0]
    place = np.array([1.0, math.log(memory.capacity_bits), math.log(memory.width_bits)])
    value = math.exp(float(place @ fit))
    return Interval(value, value, value).spread(math.exp(worst))

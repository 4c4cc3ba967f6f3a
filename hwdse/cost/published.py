"""Published per-operation tables as a source of costs: a multiplication and an addition.

What a table covers is costed exactly as published; nothing is interpolated. Tables whose own source
gives a rule over widths (``qkeras45``, ``aladdin40``) cover the integers by that rule. Registers,
conversion and control are in none of them.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, RootModel

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.shipped import read_shipped
from hwdse.formats import IntegerFormat
from hwdse.pe import Design
from hwdse.pe.mac import Mac

__all__ = ["published_cost", "table_names"]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Figures(_Strict):
    energy_pj: float
    area_um2: float | None = None


class _Rule(_Strict):
    """Coefficients of the product of the operands' widths and of the width."""

    product: float = 0.0
    width: float = 0.0

    def at(self, bits_w: int, bits_a: int) -> float:
        return self.product * bits_w * bits_a + self.width * bits_w


class _RuledFigures(_Strict):
    energy_pj: _Rule
    area_um2: _Rule | None = None
    same_width: bool = False

    def at(self, bits_w: int, bits_a: int) -> _Figures:
        area = self.area_um2
        return _Figures(
            energy_pj=self.energy_pj.at(bits_w, bits_a),
            area_um2=None if area is None else area.at(bits_w, bits_a),
        )


class _IntegerRule(_Strict):
    multiply: _RuledFigures
    add: _RuledFigures


class _Table(_Strict):
    description: str
    source: str
    multiply: dict[str, _Figures] = {}
    add: dict[str, _Figures] = {}
    integer_rule: _IntegerRule | None = None

    def offers(self) -> str:
        """What it has, for messages."""
        parts = [
            f"{what} {', '.join(known)}"
            for what, known in (("multiply", self.multiply), ("add", self.add))
            if known
        ]
        if self.integer_rule is not None:
            alike = " of equal width" if self.integer_rule.multiply.same_width else ""
            parts.append(f"a rule for signed integers{alike}")
        return "; ".join(parts)


class _Tables(RootModel[dict[str, _Table]]):
    """Tables by name."""


@cache
def _tables() -> dict[str, _Table]:
    return read_shipped("published", _Tables).root


def table_names() -> tuple[str, ...]:
    """Names of the published tables."""
    return tuple(_tables())


def published_cost(unit: Design, name: str) -> dict[str, Any]:
    """Figures of a unit from a published table.

    Args:
        unit: A ``mac`` without pipeline registers: no other unit is one multiplication and one
            addition.
        name: The table's name, see :func:`table_names`.

    Returns:
        Those fields of :class:`hwdse.cost.Cost` that the table knows. No table publishes
        an interval: both ends of each are the figure itself, and ``provenance`` says so.

    Raises:
        HwdseError: Unknown table, or a unit that it does not cover.
    """
    table = _tables().get(name)
    if table is None:
        raise HwdseError(
            f"--source table: {name[:60]!r} is no published table{nearest_hint(name, _tables())}"
        )
    if not isinstance(unit, Mac) or unit.pipeline:
        raise HwdseError(
            f"{unit.canonical}: table {name!r} prices single multiplications and additions, so "
            "only a mac with pipeline=0; use --source synth"
        )
    multiply = _multiplication(unit, name, table)
    add = _addition(unit, name, table)
    energy = multiply.energy_pj + add.energy_pj
    document: dict[str, Any] = {
        "spec": unit.canonical,
        "tech": name,
        "source": "table",
        "energy_pj_per_mac": energy,
        "energy_pj_per_mac_low": energy,
        "energy_pj_per_mac_high": energy,
        "macs_per_cycle": unit.macs_per_cycle,
        "provenance": {
            "table": table.source,
            "conditions": table.description,
            "operations": f"multiply {multiply.energy_pj:g} pJ, add {add.energy_pj:g} pJ",
            "interval": "none published: low and high are the figure",
            "left_out": "registers, conversion, control, leakage; the delay is not published",
        },
    }
    if multiply.area_um2 is not None and add.area_um2 is not None:
        area = multiply.area_um2 + add.area_um2
        document |= {"area_um2": area, "area_um2_low": area, "area_um2_high": area}
    return document


def _multiplication(unit: Mac, name: str, table: _Table) -> _Figures:
    w, a = unit.w, unit.a
    if w.name == a.name and w.name in table.multiply:
        return table.multiply[w.name]
    rule = table.integer_rule
    covered = rule is not None and (w.bits == a.bits or not rule.multiply.same_width)
    if rule is not None and covered and _signed(w) and _signed(a):
        return rule.multiply.at(w.bits, a.bits)
    raise _uncovered(unit, f"multiplication of {w.name} by {a.name}", name, table)


def _addition(unit: Mac, name: str, table: _Table) -> _Figures:
    policy = unit.common.acc
    if policy in table.add:
        return table.add[policy]
    # Accumulators that hold floating-point products exactly are no integer adders.
    if table.integer_rule is not None and _signed(unit.w) and _signed(unit.a):
        width = unit.accumulator.width
        return table.integer_rule.add.at(width, width)
    raise _uncovered(unit, f"addition of {policy}", name, table)


def _signed(fmt: object) -> bool:
    return isinstance(fmt, IntegerFormat) and fmt.signed


def _uncovered(unit: Design, what: str, name: str, table: _Table) -> HwdseError:
    return HwdseError(f"{unit.canonical}: table {name!r} has no {what}; it has: {table.offers()}")

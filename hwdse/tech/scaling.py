"""Scaling of area, delay, energy and power between nodes, after Stillmaker and Baas (2017).

A figure scales by ``factor(to) / factor(from)``, factors being polynomials of the supply voltage,
one set per node and, below 65 nm, per flavour of transistor (high performance, low power). Area
scales by a table published to two figures. Nothing is defined above 180 nm or below 7 nm.

The voltages at which a fit holds are taken from its own shape: see :func:`voltage_window`.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from pydantic import BaseModel, ConfigDict

from hwdse.errors import HwdseError
from hwdse.files.shipped import read_shipped

__all__ = [
    "Factor",
    "Node",
    "Point",
    "Scaling",
    "check_flavours",
    "nominal_voltage",
    "parse_node",
    "scale",
    "source",
    "voltage_window",
]

_GRID_V = np.arange(0.3, 2.0005, 0.001)
# Coefficients are published to four significant figures, areas to two.
_COEFFICIENT_FIGURES = 4
_AREA_FIGURES = 2


@dataclass(frozen=True)
class Node:
    """A node of the tables: ``flavour`` is ``hp`` or ``lp`` up to 45 nm, None above."""

    node_nm: int
    flavour: str | None

    @property
    def label(self) -> str:
        """As the command line writes it, ``45hp`` or ``130``."""
        return f"{self.node_nm}{self.flavour or ''}"


@dataclass(frozen=True)
class Point:
    """A node at a supply voltage."""

    node: Node
    voltage_v: float


@dataclass(frozen=True)
class Factor:
    """A multiplier and its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class Scaling:
    """Multipliers from one point to another.

    The intervals hold what the publication itself leaves open: its rounding, where its area table
    contradicts itself, and where its cubic for the delay rises with the voltage.
    """

    area: Factor
    delay: Factor
    energy: Factor
    power: Factor


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class _Fit(_Strict):
    node_nm: int
    flavour: Literal["hp", "lp"] | None
    delay: list[float]
    energy: list[float]
    power: list[float]
    nominal_v: float | None = None


class _Area(_Strict):
    to_nm: list[int]
    from_nm: dict[int, list[float]]


class _Data(_Strict):
    source: str
    r_squared: float
    nodes: list[_Fit]
    area: _Area


@cache
def _data() -> _Data:
    return read_shipped("stillmaker_baas", _Data)


@cache
def _fits() -> dict[Node, _Fit]:
    return {Node(fit.node_nm, fit.flavour): fit for fit in _data().nodes}


def source() -> str:
    """The publication."""
    return _data().source


def parse_node(text: str) -> Node:
    """Read ``45hp``, ``7lp``, ``130``.

    Raises:
        HwdseError: No such node in the tables; the message lists them.
    """
    match = re.fullmatch(r"([0-9]{1,4})(?:nm)?[ _-]?(hp|lp)?", text.strip().lower())
    node = Node(int(match[1]), match[2]) if match else None
    if node is None or node not in _fits():
        known = ", ".join(n.label for n in _fits())
        raise HwdseError(f"no node {text[:40]!r} in the scaling tables; they have: {known}")
    return node


def check_flavours(start: Node, end: Node) -> None:
    """Refuse to scale between high performance and low power."""
    if {start.flavour, end.flavour} == {"hp", "lp"}:
        raise HwdseError(
            f"cannot scale from {start.label} to {end.label}: high performance (hp) and low power "
            "(lp) are different transistors; keep to one flavour"
        )


def nominal_voltage(node: Node) -> float:
    """Supply of the transistor models behind a node's fit.

    Raises:
        HwdseError: It is not on record; a voltage must be given.
    """
    nominal = _fits()[node].nominal_v
    if nominal is None:
        low, high = voltage_window(node)
        raise HwdseError(
            f"no nominal supply is on record for {node.label}; give one with --voltage, from "
            f"{low:.2f} to {high:.2f} V"
        )
    return nominal


@cache
def voltage_window(node: Node) -> tuple[float, float]:
    """Lowest and highest supply at which a node's fits behave like a circuit, in V.

    All factors are positive, and energy and power rise with the voltage. The delay's sensitivity
    ``d ln(delay) / d ln(V)`` must weaken as the voltage rises, as it does in every circuit above
    threshold: the window starts where it is strongest. It ends where the delay turns concave, or
    has risen above its least by more than the residual that the published R2 allows,
    ``sqrt(1 - R2)``. Ends are rounded outwards to 10 mV.
    """
    fit, v = _fits()[node], _GRID_V
    delay, slope, bend = (np.polyval(np.polyder(fit.delay, n), v) for n in range(3))
    least = np.minimum.accumulate(delay)
    allowed = 1 + math.sqrt(1 - _data().r_squared)
    wrong = (delay <= 0) | ((slope < 0) & (bend < 0)) | (delay > allowed * least)
    end = int(np.argmax(wrong)) if wrong.any() else len(v)
    start = int(np.argmin(v[:end] * slope[:end] / delay[:end]))
    for factor in (fit.energy, fit.power):
        bad = (np.polyval(factor, v) <= 0) | (np.polyval(np.polyder(factor), v) <= 0)
        start = max(start, int(np.flatnonzero(bad[:end]).max(initial=-1)) + 1)
    low, high = round(100 * float(v[start]), 6), round(100 * float(v[end - 1]), 6)
    return math.floor(low) / 100, math.ceil(high) / 100


def scale(start: Point, end: Point) -> Scaling:
    """Multipliers that take figures at ``start`` to ``end``.

    Raises:
        HwdseError: High performance and low power are mixed, or a voltage lies outside the window
            of its node.
    """
    check_flavours(start.node, end.node)
    for point in (start, end):
        low, high = voltage_window(point.node)
        if not low <= point.voltage_v <= high:
            raise HwdseError(
                f"{point.voltage_v:g} V is outside {low:.2f} to {high:.2f} V, where the scaling of "
                f"{point.node.label} holds; choose another voltage or node"
            )
    if start == end:
        same = Factor(1.0, 1.0, 1.0)
        return Scaling(same, same, same, same)
    return Scaling(
        area=_area(start.node.node_nm, end.node.node_nm),
        delay=_ratio(_delay(start), _delay(end)),
        energy=_ratio(_value(start, "energy"), _value(end, "energy")),
        power=_ratio(_value(start, "power"), _value(end, "power")),
    )


def _area(start: int, end: int) -> Factor:
    """The published entry; its interval spans the reciprocal entry and all ways over a third node.

    Each with its rounding where it is a single entry.
    """
    if start == end:
        return Factor(1.0, 1.0, 1.0)
    table = {
        (a, b): entry
        for a, row in _data().area.from_nm.items()
        for b, entry in zip(_data().area.to_nm, row, strict=True)
    }
    direct, back = table[start, end], table[end, start]
    half, half_back = _half_unit(direct, _AREA_FIGURES), _half_unit(back, _AREA_FIGURES)
    known = [direct - half, direct + half, 1 / (back + half_back), 1 / (back - half_back)]
    known += [
        table[start, via] * table[via, end] for via in _data().area.to_nm if via not in (start, end)
    ]
    return Factor(direct, min(known), max(known))


def _value(point: Point, what: Literal["delay", "energy", "power"]) -> Factor:
    """A polynomial and the interval that the rounding of its coefficients leaves."""
    coefficients: list[float] = getattr(_fits()[point.node], what)
    value = float(np.polyval(coefficients, point.voltage_v))
    halves = [_half_unit(c, _COEFFICIENT_FIGURES) for c in coefficients]
    half = float(np.polyval(halves, point.voltage_v))
    return Factor(value, value - half, value + half)


def _delay(point: Point) -> Factor:
    """The delay's polynomial; where it has risen with the voltage, the least may be the truth."""
    value = _value(point, "delay")
    below = _GRID_V[point.voltage_v + 5e-4 >= _GRID_V]
    least = float(np.polyval(_fits()[point.node].delay, below).min())
    return Factor(value.value, min(value.low, least), value.high)


def _ratio(start: Factor, end: Factor) -> Factor:
    return Factor(end.value / start.value, end.low / start.high, end.high / start.low)


def _half_unit(value: float, figures: int) -> float:
    """Half a unit in the last of so many significant figures."""
    return 0.5 * 10.0 ** (math.floor(math.log10(abs(value))) - figures + 1) if value else 0.0

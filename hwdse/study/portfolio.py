"""The portfolio file, checked: units that may be built, in which sizes, and under what limits."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.pe import Unit
from hwdse.pe.composite import Composite
from hwdse.study.basis import Basis, BasisKeys, Label, Line, idle_unit, read_basis, unserved_layer
from hwdse.study.reading import parse_units

__all__ = ["Candidate", "PortfolioStudy", "read_portfolio_study"]

_Count = Annotated[int, Field(ge=1, le=1_000_000)]


class _Candidate(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    spec: Line
    copies: Annotated[list[_Count], Field(min_length=1)] = [1]


class _Frontier(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    column: Line = "energy_uj"
    points: Annotated[int, Field(ge=2, le=1000)] = 33


class _Portfolio(BasisKeys):
    units: Annotated[dict[Label, _Candidate], Field(min_length=1)]
    units_at_most: list[_Count] = Field(default=[1, 2, 3], min_length=1)
    minimize: Line = "loss"
    budgets: list[Line] = Field(default=[])
    frontier: _Frontier = _Frontier()


@dataclass(frozen=True)
class Candidate:
    """A kind of unit that may be built.

    Attributes:
        modes: The unit, once for each pair of formats that it serves; composite units have several.
        copies: How many of it an array may have; one number is chosen.
    """

    modes: tuple[Unit, ...]
    copies: tuple[int, ...]


@dataclass(frozen=True)
class PortfolioStudy(Basis):
    """A portfolio file with everything it names read and checked.

    Attributes:
        candidates: Label to unit.
    """

    candidates: dict[str, Candidate]
    units_at_most: tuple[int, ...]
    minimize: str
    budgets: tuple[str, ...]
    column: str
    points: int


def read_portfolio_study(path: Path) -> PortfolioStudy:
    """Read a portfolio file and the tables it names, relative to itself.

    Raises:
        HwdseError: Malformed YAML (with its line), an unknown or missing key, a bad spec, a bad
            table, a layer that no unit serves, or a unit that serves no layer.
    """
    raw = read_mapping(path, "portfolio file")
    try:
        checked = _Portfolio.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    units = parse_units(path, {label: one.spec for label, one in checked.units.items()})
    basis = read_basis(path, checked)
    served = {(w, a) for _, w, a in basis.profile.loss}
    candidates = {}
    for label, unit in units.items():
        modes = tuple(mode for mode in _modes(unit) if (mode.w.name, mode.a.name) in served)
        if not modes:
            raise idle_unit(path, label, unit)
        candidates[label] = Candidate(modes, tuple(sorted(set(checked.units[label].copies))))
    study = PortfolioStudy(
        **vars(basis),
        candidates=candidates,
        units_at_most=tuple(sorted(set(checked.units_at_most))),
        minimize=checked.minimize,
        budgets=tuple(checked.budgets),
        column=checked.frontier.column,
        points=checked.frontier.points,
    )
    _check_layers(study, path)
    return study


def _modes(unit: Unit) -> tuple[Unit, ...]:
    """The unit in each of its modes."""
    if not isinstance(unit, Composite):
        return (unit,)
    return tuple(replace(unit, common=replace(unit.common, w=mode, a=mode)) for mode in unit.modes)


def _check_layers(study: PortfolioStudy, path: Path) -> None:
    pairs = {(mode.w.name, mode.a.name) for one in study.candidates.values() for mode in one.modes}
    for layer in study.layers:
        if not any((layer.name, *pair) in study.profile.loss for pair in pairs):
            raise unserved_layer(path, layer)

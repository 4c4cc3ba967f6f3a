"""A problem as a YAML file: table, objectives, budgets, and rules that no command line holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import pandas as pd
from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.csv_columns import numbers, require_columns, texts
from hwdse.files.csv_input import read_csv_text
from hwdse.files.yaml_input import read_mapping, schema_error

from .numbers import exact
from .rules import Conversion, Implication, Rules
from .table import KEYS, read_table

__all__ = ["ProblemFile", "read_problem_file"]

_Name = Annotated[str, Field(min_length=1)]
_Names = Annotated[tuple[_Name, ...], Field(min_length=1)]
_Figure = Annotated[float, Field(allow_inf_nan=False)]


class _Base(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Objective(_Base):
    minimize: _Name | None = None
    maximize: _Name | None = None

    @model_validator(mode="after")
    def _one(self) -> _Objective:
        if (self.minimize is None) == (self.maximize is None):
            raise ValueError("give either 'minimize' or 'maximize'")
        return self


class _End(_Base):
    layer: _Name
    options: _Names


class _Coupling(_Base):
    where: _End
    then: _End


class _Cost(BaseModel):
    model_config = ConfigDict(extra="allow", frozen=True)
    __pydantic_extra__: dict[str, _Figure]

    format: _Name
    next_format: _Name


class _Conversions(_Base):
    edges: _Name | tuple[tuple[_Name, _Name] | tuple[_Name, _Name, _Figure], ...]
    costs: _Name | tuple[_Cost, ...]
    formats: dict[_Name, _Name] = {}


class _File(_Base):
    table: _Name
    objectives: tuple[_Objective, ...] = (_Objective(minimize="loss"),)
    budgets: tuple[_Name, ...] = ()
    sets: dict[_Name, _Names] = {}
    ties: tuple[Annotated[tuple[_Name, ...], Field(min_length=2)], ...] = ()
    allow: dict[_Name, _Names] = {}
    forbid: dict[_Name, _Names] = {}
    force: dict[_Name, _Name] = {}
    couplings: tuple[_Coupling, ...] = ()
    conversions: _Conversions | None = None


@dataclass(frozen=True, eq=False)
class ProblemFile:
    """A problem that was read.

    Attributes:
        table: The option table, cleaned.
        objectives: In turn: ("minimize" or "maximize", what).
        budgets: As texts.
        rules: The rules.
    """

    table: pd.DataFrame
    objectives: tuple[tuple[str, str], ...]
    budgets: tuple[str, ...]
    rules: Rules


def read_problem_file(path: Path) -> ProblemFile:
    """Read a problem file and the tables it names, relative to itself.

    Raises:
        HwdseError: Malformed YAML, an unknown or missing key, or a bad table; one line that says
            where.
    """
    raw = read_mapping(path, "problem")
    try:
        checked = _File.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    objectives = tuple(
        ("minimize", one.minimize) if one.minimize else ("maximize", one.maximize or "")
        for one in checked.objectives
    )
    if not objectives:
        raise HwdseError(f"{path}: objectives: give at least one")
    need = KEYS if ("minimize", "loss") in objectives else KEYS[:2]
    table = read_table(path.parent / checked.table, need=need)
    conversions: tuple[Conversion, ...] = ()
    if checked.conversions is not None:
        conversions = _conversions(path, checked.conversions, table)
    rules = Rules(
        sets=checked.sets,
        ties=checked.ties,
        allow=checked.allow,
        forbid=checked.forbid,
        force=checked.force,
        implications=tuple(
            Implication(c.where.layer, c.where.options, c.then.layer, c.then.options)
            for c in checked.couplings
        ),
        conversions=conversions,
    )
    return ProblemFile(table, objectives, checked.budgets, rules)


def _conversions(path: Path, given: _Conversions, table: pd.DataFrame) -> tuple[Conversion, ...]:
    options = sorted(set(table["option"].tolist()))
    for option in given.formats:
        if option not in options:
            hint = nearest_hint(option, options)
            raise HwdseError(f"{path}: conversions.formats: no option {option!r}{hint}")
    format_of = {option: given.formats.get(option, option) for option in options}
    costs = _costs(path, given)
    formats = sorted(set(format_of.values()))
    for one, other in costs:
        for name in (one, other):
            if name not in formats:
                hint = nearest_hint(name, formats)
                raise HwdseError(f"{path}: conversions.costs: no format {name!r}{hint}")
    for one in formats:
        for other in formats:
            if one != other and (one, other) not in costs:
                raise HwdseError(
                    f"{path}: conversions.costs: nothing says what {one!r} to {other!r} costs; "
                    "give it, or 0"
                )
    found = []
    for layer, following, count in _edges(path, given):
        figures = {
            (a, b): {
                c: float(exact(v) * exact(count))
                for c, v in costs[format_of[a], format_of[b]].items()
            }
            for a in options
            for b in options
            if (format_of[a], format_of[b]) in costs
        }
        found.append(Conversion(layer, following, figures))
    return tuple(found)


def _edges(path: Path, given: _Conversions) -> list[tuple[str, str, float]]:
    if not isinstance(given.edges, str):
        return [(e[0], e[1], float(e[2]) if len(e) == 3 else 1.0) for e in given.edges]
    file = path.parent / given.edges
    frame = read_csv_text(file)
    require_columns(frame, ("layer", "next_layer"), path=file)
    counts = [1.0] * len(frame)
    if "count" in frame.columns:
        counts = numbers(frame, "count", path=file, least=0.0)
    ends = (texts(frame, column, path=file) for column in ("layer", "next_layer"))
    return list(zip(*ends, counts, strict=True))


def _costs(path: Path, given: _Conversions) -> Mapping[tuple[str, str], Mapping[str, float]]:
    rows: list[tuple[str, str, dict[str, Any]]] = []
    if isinstance(given.costs, str):
        file = path.parent / given.costs
        frame = read_csv_text(file)
        require_columns(frame, ("format", "next_format"), path=file)
        columns = [str(c) for c in frame.columns if c not in ("format", "next_format")]
        figures = {c: numbers(frame, c, path=file, least=float("-inf")) for c in columns}
        ends = [texts(frame, column, path=file) for column in ("format", "next_format")]
        for at, (one, other) in enumerate(zip(*ends, strict=True)):
            rows.append((one, other, {c: figures[c][at] for c in columns}))
    else:
        rows = [(c.format, c.next_format, dict(c.__pydantic_extra__)) for c in given.costs]
    found: dict[tuple[str, str], dict[str, float]] = {}
    for one, other, figure in rows:
        if (one, other) in found:
            raise HwdseError(f"{path}: conversions.costs: {one!r} to {other!r} is given twice")
        found[one, other] = {column: float(value) for column, value in figure.items()}
    return found

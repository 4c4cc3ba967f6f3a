"""The comparison file, checked: units to set side by side, and what was published of such."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    BaseModel,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    TypeAdapter,
    ValidationError,
    field_validator,
)

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.pe import Design
from hwdse.study.chart import Chart, check_chart
from hwdse.study.claims import Best, Claim, Figure, Front, Ratio, Wins
from hwdse.study.columns import check_column
from hwdse.study.reading import beside, parse_designs
from hwdse.study.series import matching
from hwdse.study.template import Axes, Rows, Value, expand, fill

__all__ = ["Comparison", "FpgaOptions", "read_comparison"]

_MOST_CHARACTERS = 60
_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f][^\x00-\x1f]{0,119}$")]
_Count = Annotated[int, Field(gt=0, le=10**6)] | Annotated[str, Field(max_length=60)]
_SHARE = re.compile(r"[0-9]{1,6}(/[1-9][0-9]{0,5})?")


class _Family(BaseModel):
    """Units of one template."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    spec: _Line
    over: Annotated[Axes | Rows | None, Field(alias="for")] = None


class _Sum(BaseModel):
    """Rows that are sums of units."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    sum: Annotated[dict[_Label, _Count], Field(min_length=1)]
    over: Annotated[Axes | Rows | None, Field(alias="for")] = None


class _Least(BaseModel):
    """Rows that are each one of several units: the one that has the least of a figure."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    least: str
    among: _Label
    over: Annotated[Axes | Rows | None, Field(alias="for")] = None

    @field_validator("least")
    @classmethod
    def _is_a_column(cls, column: str) -> str:
        check_column(column)
        return column


def _row_kind(row: Any) -> str:
    """The kind of row that a mapping is."""
    return "least" if isinstance(row, dict) and "least" in row else "sum"


_Row = Annotated[
    Annotated[_Sum, Tag("sum")] | Annotated[_Least, Tag("least")], Discriminator(_row_kind)
]


def _kind(claim: Any) -> str:
    """The kind of claim that a mapping is; anything else fails as a ratio, the usual one."""
    kind = claim.get("kind", "ratio") if isinstance(claim, dict) else "ratio"
    return kind if isinstance(kind, str) else "ratio"


_Claim = Annotated[
    Annotated[Ratio, Tag("ratio")]
    | Annotated[Figure, Tag("figure")]
    | Annotated[Best, Tag("best")]
    | Annotated[Wins, Tag("wins")]
    | Annotated[Front, Tag("front")],
    Discriminator(_kind),
]


class FpgaOptions(BaseModel):
    """How designs are put on an FPGA.

    Attributes:
        dsp: Whether products may go to DSP blocks.
        place: Whether to place and route.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    dsp: bool = True
    place: bool = False


class _Comparison(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Line
    description: str = ""
    technology: _Line
    operands: _Line = "normal"
    clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    dot_length: Annotated[int, Field(ge=1, le=1 << 20)] = 32
    fpga: FpgaOptions | None = None
    units: Annotated[dict[_Label, Any], Field(min_length=1)]
    rows: dict[_Label, _Row] = {}
    claims: list[_Claim] = []
    chart: Chart | None = None


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """Units to compare, and under what conditions; see :mod:`hwdse.study.claims` and ``chart``.

    Attributes:
        units: By label.
        sums: Further rows: label to how much of each unit a MAC takes.
        least: Further rows: label to a figure, and the units of which the row is the one that has
            the least of it.
        placed: Values of the axes that each row was expanded from, by label.
        dot_length: MACs of the dot product whose energy is given.
        fpga: How designs are put on an FPGA; None where the file does not say.
    """

    name: str
    description: str = ""
    technology: str
    operands: str
    clock_ns: float | None
    dot_length: int
    units: dict[str, Design]
    sums: dict[str, dict[str, Fraction]]
    placed: dict[str, dict[str, Value]]
    least: dict[str, tuple[str, list[str]]] = field(default_factory=dict)
    claims: tuple[Claim, ...] = ()
    chart: Chart | None = None
    fpga: FpgaOptions | None = None

    @property
    def columns(self) -> list[str]:
        """Every figure that a row, a claim or the chart is about."""
        found = [column for column, _ in self.least.values()]
        found += [column for claim in self.claims for column in claim.columns]
        found += [] if self.chart is None else self.chart.figures
        return list(dict.fromkeys(found))


def read_comparison(path: Path) -> Comparison:
    """Read a comparison file.

    Raises:
        HwdseError: It cannot be read, is malformed YAML, or has an unknown or missing key, a bad
            spec or template, or a claim or chart about a row that is not there.
    """
    raw = read_mapping(path, "comparison")
    try:
        checked = _Comparison.model_validate(raw)
        families = {label: _family(label, unit) for label, unit in checked.units.items()}
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    try:
        units, placed = _expanded("units", families)
        specs = {label: fill(unit.spec, placed[label]) for label, unit in units.items()}
        rows, more = _expanded("rows", checked.rows)
        if taken := set(rows) & set(units):
            raise HwdseError(f"rows: {sorted(taken)[0]!r} is the label of a unit already")
        sums = {
            label: _addends(label, row, more[label], units)
            for label, row in rows.items()
            if isinstance(row, _Sum)
        }
        least = {
            label: (row.least, _among(label, row, more[label], placed))
            for label, row in rows.items()
            if isinstance(row, _Least)
        }
        placed |= more
        for claim in checked.claims:
            claim.check(placed)
        if checked.chart is not None:
            check_chart(checked.chart, placed, sums)
    except HwdseError as error:
        raise HwdseError(f"{path}: {error}") from None
    return Comparison(
        name=checked.name,
        description=" ".join(checked.description.split()),
        technology=beside(path, checked.technology, (".yaml", ".yml")),
        operands=beside(path, checked.operands, (".npz",)),
        clock_ns=checked.clock_ns,
        dot_length=checked.dot_length,
        units=parse_designs(path, specs),
        sums=sums,
        least=least,
        placed=placed,
        claims=tuple(checked.claims),
        chart=checked.chart,
        fpga=checked.fpga,
    )


_Template = TypeVar("_Template", _Family, _Sum | _Least)


def _family(label: str, unit: Any) -> _Family:
    """A unit as the file gives it: a spec, or a template with its axes."""
    schema: TypeAdapter[dict[str, _Family]] = TypeAdapter(dict[str, _Family])
    given = {"spec": unit} if isinstance(unit, str) else unit
    return schema.validate_python({f"units.{label}": given}, strict=True)[f"units.{label}"]


def _expanded(
    key: str, templates: Mapping[str, _Template]
) -> tuple[dict[str, _Template], dict[str, dict[str, Value]]]:
    """Templates by the labels that they expand to, and the values of the axes by those."""
    found: dict[str, _Template] = {}
    placed = {}
    for template, one in templates.items():
        for at in expand(one.over):
            label = fill(template, at)
            if label in found:
                raise HwdseError(f"{key}: the label {label!r} occurs twice; name every axis in it")
            if len(label) > _MOST_CHARACTERS:
                raise HwdseError(f"{key}: {label!r} is longer than {_MOST_CHARACTERS} characters")
            found[label], placed[label] = one, dict(at)
    return found, placed


def _among(
    label: str, row: _Least, at: Mapping[str, Value], placed: Mapping[str, Mapping[str, Value]]
) -> list[str]:
    """The units that a template gives where their axes and the row's agree."""
    found = [
        name
        for name in matching(row.among, placed)
        if all(at.get(axis, value) == value for axis, value in placed[name].items())
    ]
    if not found:
        raise HwdseError(f"rows.{label}: no unit {row.among!r} is at {dict(at)}")
    return found


def _addends(
    label: str, row: _Sum, at: Mapping[str, Value], units: Mapping[str, Any]
) -> dict[str, Fraction]:
    """How much of each unit a MAC of a derived row takes."""
    found: dict[str, Fraction] = {}
    for template, count in row.sum.items():
        name = fill(template, at)
        if name not in units:
            raise HwdseError(f"rows.{label}: no unit is called {name!r}{nearest_hint(name, units)}")
        written = fill(count, at) if isinstance(count, str) else str(count)
        share = Fraction(written) if _SHARE.fullmatch(written) else Fraction(0)
        if share <= 0:
            raise HwdseError(
                f"rows.{label}: {written[:40]!r} of {name!r}: give how many a MAC takes, such as "
                "1 or 1/16"
            )
        found[name] = found.get(name, Fraction(0)) + share
    return found

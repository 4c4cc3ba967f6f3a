"""The comparison file, checked: units to set side by side, and what was published of such."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from hwdse.errors import nearest_hint
from hwdse.files.yaml_input import schema_error
from hwdse.pe import Unit
from hwdse.study.reading import beside, parse_units, read_mapping

__all__ = ["COLUMNS", "Claim", "Comparison", "read_comparison"]

# Figures that a claim can be about.
COLUMNS = (
    "area_um2_per_mac",
    "area_um2_per_gmac_s",
    "delay_ps",
    "energy_pj_per_mac",
    "products_um2_per_mac",
)
_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Label = Annotated[str, Field(pattern=r"^[^\s\x00-\x1f][^\x00-\x1f]{0,59}$")]
_Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]


class Claim(BaseModel):
    """A published ratio of one unit's figure to another's.

    Attributes:
        claim: In words.
        source: Where it was published.
        column: The figure, one of :data:`COLUMNS`.
        of, over: Labels of the units.
        published: The ratio, or its least and greatest.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    claim: _Line
    source: _Line
    column: str
    of: _Label
    over: _Label
    published: _Ratio | Annotated[list[_Ratio], Field(min_length=2, max_length=2)]

    @model_validator(mode="after")
    def _names_a_column(self) -> Claim:
        if self.column not in COLUMNS:
            raise ValueError(f"unknown column {self.column!r}{nearest_hint(self.column, COLUMNS)}")
        if self.low > self.high:
            raise ValueError(f"published: {self.low:g} is more than {self.high:g}")
        return self

    @property
    def low(self) -> float:
        """The least published ratio."""
        return self.published[0] if isinstance(self.published, list) else self.published

    @property
    def high(self) -> float:
        """The greatest published ratio."""
        return self.published[1] if isinstance(self.published, list) else self.published


class _Comparison(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Line
    description: str = ""
    technology: _Line
    operands: _Line = "normal"
    clock_ns: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    dot_length: Annotated[int, Field(ge=1, le=1 << 20)] = 32
    units: Annotated[dict[_Label, _Line], Field(min_length=1)]
    claims: list[Claim] = []

    @model_validator(mode="after")
    def _claims_name_units(self) -> _Comparison:
        for claim in self.claims:
            for label in (claim.of, claim.over):
                if label not in self.units:
                    hint = nearest_hint(label, self.units)
                    raise ValueError(f"a claim names the unit {label!r}, which is not there{hint}")
        return self


@dataclass(frozen=True)
class Comparison:
    """Units to compare, and under what conditions; see :class:`Claim`.

    Attributes:
        units: By label.
        dot_length: MACs of the dot product whose energy is given.
    """

    name: str
    description: str
    technology: str
    operands: str
    clock_ns: float | None
    dot_length: int
    units: dict[str, Unit]
    claims: tuple[Claim, ...]


def read_comparison(path: Path) -> Comparison:
    """Read a comparison file.

    Raises:
        HwdseError: It cannot be read, is malformed YAML, or has an unknown or missing key, a bad
            spec, or a claim about a unit that is not there.
    """
    raw = read_mapping(path, "comparison")
    try:
        checked = _Comparison.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    return Comparison(
        name=checked.name,
        description=" ".join(checked.description.split()),
        technology=beside(path, checked.technology, (".yaml", ".yml")),
        operands=beside(path, checked.operands, (".npz",)),
        clock_ns=checked.clock_ns,
        dot_length=checked.dot_length,
        units=parse_units(path, checked.units),
        claims=tuple(checked.claims),
    )

"""What was published of such units, and the same of the units measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwdse.cost.comparison import COLUMNS
from hwdse.errors import HwdseError, nearest_hint
from hwdse.study.series import Placed, label_for, matching
from hwdse.study.template import Value

__all__ = ["Best", "Claim", "Ratio", "Wins", "check_claim", "measure"]

_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Published = _Ratio | Annotated[list[_Ratio], Field(min_length=2, max_length=2)]


def _known(column: str) -> None:
    if column not in COLUMNS:
        raise ValueError(f"unknown column {column!r}{nearest_hint(column, COLUMNS)}")


class _Claim(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    claim: _Line
    source: _Line
    column: str

    @model_validator(mode="after")
    def _names_a_column(self) -> _Claim:
        _known(self.column)
        return self


class Ratio(_Claim):
    """A published ratio of one row's figure to another's, or to another figure of the same.

    Attributes:
        claim: In words.
        source: Where it was published.
        column: The figure, one of :data:`~hwdse.cost.comparison.COLUMNS`.
        of, over: Labels of the rows.
        over_column: The figure of ``over``; by default the same.
        published: The ratio, or its least and greatest.
    """

    kind: Literal["ratio"] = "ratio"
    of: _Line
    over: _Line
    over_column: str | None = None
    published: _Published

    @model_validator(mode="after")
    def _is_sound(self) -> Ratio:
        if self.over_column is not None:
            _known(self.over_column)
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


class Best(_Claim):
    """The value of an axis at which a figure was published to be the least.

    Attributes:
        of: Template of the rows.
        axis: The axis.
        published: Its value.
    """

    kind: Literal["best"]
    of: _Line
    axis: _Line
    published: Value


class Wins(_Claim):
    """In how many combinations a row was published to have less of a figure than another.

    Attributes:
        of, over: Templates of the rows, paired by the axes of those of ``of``.
        published: How many.
    """

    kind: Literal["wins"]
    of: _Line
    over: _Line
    published: Annotated[int, Field(ge=0)]


Claim = Ratio | Best | Wins


def check_claim(claim: Claim, placed: Placed) -> None:
    """Check that a claim is about rows that are there.

    Raises:
        HwdseError: It is not.
    """
    if isinstance(claim, Ratio):
        for label in (claim.of, claim.over):
            if label not in placed:
                hint = nearest_hint(label, placed)
                raise HwdseError(f"a claim names the unit {label!r}, which is not there{hint}")
        return
    labels = matching(claim.of, placed)
    if isinstance(claim, Best):
        for label in labels:
            if claim.axis not in placed[label]:
                hint = nearest_hint(claim.axis, placed[label])
                raise HwdseError(f"a claim names the axis {claim.axis!r} of {label!r}{hint}")
        return
    for label in labels:
        label_for(claim.over, label, placed)


def measure(
    claims: Sequence[Claim], placed: Placed, figures: Mapping[str, Mapping[str, Any]]
) -> list[dict[str, Any]]:
    """What was published beside what these units measure, one mapping for each claim.

    Args:
        claims: The claims, checked.
        placed: Axes' values by row.
        figures: Figures by row.

    Raises:
        HwdseError: A row has no such figure.
    """
    found = []
    for claim in claims:
        low: Any = claim.published
        high: Any = claim.published
        over, measured = "", math.nan
        if isinstance(claim, Ratio):
            low, high, over = claim.low, claim.high, claim.over
            divisor = claim.over_column or claim.column
            measured = _figure(figures, claim.of, claim.column) / _figure(figures, over, divisor)
            if claim.over_column is not None and claim.over_column != claim.column:
                over = f"{claim.over}: {claim.over_column}"
        elif isinstance(claim, Best):
            labels = matching(claim.of, placed)
            least = min(labels, key=lambda label: _figure(figures, label, claim.column))
            measured = placed[least][claim.axis]  # type: ignore[assignment]
        else:
            over = claim.over
            measured = sum(
                _figure(figures, label, claim.column)
                < _figure(figures, label_for(claim.over, label, placed), claim.column)
                for label in matching(claim.of, placed)
            )
        found.append(
            {
                "claim": claim.claim,
                "source": claim.source,
                "kind": claim.kind,
                "column": claim.column,
                "of": claim.of,
                "over": over,
                "published_low": low,
                "published_high": high,
                "measured": measured,
            }
        )
    return found


def _figure(figures: Mapping[str, Mapping[str, Any]], label: str, column: str) -> float:
    value = figures[label][column]
    if value is None or math.isnan(value):
        raise HwdseError(f"a claim is about {column} of {label!r}, which has no such figure")
    return float(value)

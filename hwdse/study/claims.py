"""What was published of such units, and the same of the units measured."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from hwdse.errors import HwdseError, nearest_hint
from hwdse.study.columns import check_column
from hwdse.study.scatter import front_of
from hwdse.study.series import Placed, label_for, matching
from hwdse.study.template import Value

__all__ = ["Best", "Claim", "Figure", "Front", "Ratio", "Wins", "measure"]

_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_Ratio = Annotated[float, Field(gt=0, allow_inf_nan=False)]
_Published = _Ratio | Annotated[list[_Ratio], Field(min_length=2, max_length=2)]
_Count = Annotated[int, Field(ge=0)]
_Figures = Mapping[str, Mapping[str, Any]]


class _Claim(BaseModel):
    """What all kinds have.

    Attributes:
        claim: In words.
        source: Where it was published.
        column: The figure, one of :data:`~hwdse.study.columns.EVERY_COLUMN`; less is better.
        of: Label of a row, or template of rows.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    claim: _Line
    source: _Line
    column: str
    of: _Line

    @model_validator(mode="after")
    def _names_columns(self) -> _Claim:
        for column in self.columns:
            check_column(column)
        return self

    @property
    def columns(self) -> list[str]:
        """The figures that it is about."""
        return [self.column]


class Ratio(_Claim):
    """A published ratio of one row's figure to another's, or to another figure of the same.

    Attributes:
        over: Label of the other row.
        over_column: The figure of ``over``; by default the same.
        published: The ratio, or its least and greatest.
    """

    kind: Literal["ratio"] = "ratio"
    over: _Line
    over_column: str | None = None
    published: _Published

    @model_validator(mode="after")
    def _ascends(self) -> Ratio:
        low, high = self.published_range
        if low > high:
            raise ValueError(f"published: {low:g} is more than {high:g}")
        return self

    @property
    def columns(self) -> list[str]:
        """The figures that it is about."""
        return [self.column, self.over_column or self.column]

    @property
    def published_range(self) -> tuple[float, float]:
        """The least and the greatest that was published."""
        if isinstance(self.published, list):
            return self.published[0], self.published[1]
        return self.published, self.published

    def check(self, placed: Placed) -> None:
        """Check that it is about rows that are there."""
        for label in (self.of, self.over):
            _check_label(label, placed)

    def measure(self, placed: Placed, figures: _Figures) -> float:
        """The same of the rows measured."""
        divisor = _figure(figures, self.over, self.over_column or self.column)
        if not divisor:
            raise HwdseError(f"a claim divides by {self.column} of {self.over!r}, which is 0")
        return _figure(figures, self.of, self.column) / divisor


class Figure(_Claim):
    """A published figure of one row.

    Attributes:
        published: The figure.
    """

    kind: Literal["figure"]
    published: _Ratio

    @property
    def published_range(self) -> tuple[float, float]:
        """What was published, twice."""
        return self.published, self.published

    def check(self, placed: Placed) -> None:
        """Check that it is about a row that is there."""
        _check_label(self.of, placed)

    def measure(self, placed: Placed, figures: _Figures) -> float:
        """The same of the row measured."""
        return _figure(figures, self.of, self.column)


class Best(_Claim):
    """The value of an axis at which a figure was published to be the least.

    Attributes:
        axis: The axis.
        published: Its value.
    """

    kind: Literal["best"]
    axis: _Line
    published: Value

    @property
    def published_range(self) -> tuple[Value, Value]:
        """What was published, twice."""
        return self.published, self.published

    def check(self, placed: Placed) -> None:
        """Check that it is about rows that are there, and lie along the axis."""
        _check_axis(self.axis, self.of, placed)

    def measure(self, placed: Placed, figures: _Figures) -> Value:
        """The same of the rows measured."""
        labels = matching(self.of, placed)
        return placed[min(labels, key=lambda label: _figure(figures, label, self.column))][
            self.axis
        ]


class Wins(_Claim):
    """In how many combinations a row was published to have less of a figure than another.

    Attributes:
        over: Template of the others, paired by the axes of those of ``of``.
        by: An axis: the best row of ``of`` at each of its values is compared with the best of
            ``over`` there. Without it, each row is compared with its own.
        published: How many.
    """

    kind: Literal["wins"]
    over: _Line
    by: _Line | None = None
    published: _Count

    @property
    def published_range(self) -> tuple[int, int]:
        """What was published, twice."""
        return self.published, self.published

    def check(self, placed: Placed) -> None:
        """Check that it is about rows that are there, each with another beside it."""
        if self.by is None:
            for label in matching(self.of, placed):
                label_for(self.over, label, placed)
            return
        for template in (self.of, self.over):
            _check_axis(self.by, template, placed)
        if missing := set(self._at(self.of, placed)) - set(self._at(self.over, placed)):
            raise HwdseError(
                f"a claim compares {self.of!r} at {self.by} {min(map(str, missing))}, where there "
                f"is no {self.over!r}"
            )

    def measure(self, placed: Placed, figures: _Figures) -> int:
        """The same of the rows measured."""

        def figure(label: str) -> float:
            return _figure(figures, label, self.column)

        if self.by is None:
            return sum(
                figure(label) < figure(label_for(self.over, label, placed))
                for label in matching(self.of, placed)
            )
        others = self._at(self.over, placed)
        return sum(
            min(map(figure, labels)) < min(map(figure, others[value]))
            for value, labels in self._at(self.of, placed).items()
        )

    def _at(self, template: str, placed: Placed) -> dict[Value, list[str]]:
        """Rows by value of the axis ``by``."""
        assert self.by is not None
        found: dict[Value, list[str]] = {}
        for label in matching(template, placed):
            found.setdefault(placed[label][self.by], []).append(label)
        return found


class Front(_Claim):
    """How many rows were published to be on a Pareto front of two figures.

    Attributes:
        against: The other figure.
        among: Templates of all rows that the front is of.
        published: How many, or in words.
    """

    kind: Literal["front"]
    against: str
    among: Annotated[list[_Line], Field(min_length=1)]
    published: _Count | _Line

    @property
    def columns(self) -> list[str]:
        """The figures that it is about."""
        return [self.column, self.against]

    @property
    def published_range(self) -> tuple[Value, Value]:
        """What was published, twice."""
        return self.published, self.published

    def check(self, placed: Placed) -> None:
        """Check that it is about rows that are there."""
        counted = matching(self.of, placed)
        if missing := set(counted) - set(self._rows(placed)):
            raise HwdseError(f"a claim counts {min(missing)!r}, which is not among {self.among}")

    def measure(self, placed: Placed, figures: _Figures) -> int:
        """The same of the rows measured."""
        at = {
            label: (_figure(figures, label, self.against), _figure(figures, label, self.column))
            for label in self._rows(placed)
        }
        return len(front_of(at) & set(matching(self.of, placed)))

    def _rows(self, placed: Placed) -> list[str]:
        every = [label for template in self.among for label in matching(template, placed)]
        return list(dict.fromkeys(every))


Claim = Ratio | Figure | Best | Wins | Front


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
        low, high = claim.published_range
        found.append(
            {
                "claim": claim.claim,
                "source": claim.source,
                "kind": claim.kind,
                "column": claim.column,
                "of": claim.of,
                "over": _over(claim),
                "published_low": low,
                "published_high": high,
                "measured": claim.measure(placed, figures),
            }
        )
    return found


def _over(claim: Claim) -> str:
    """What a claim's rows are set beside."""
    if isinstance(claim, Ratio) and claim.over_column not in (None, claim.column):
        return f"{claim.over}: {claim.over_column}"
    if isinstance(claim, Front):
        return f"{', '.join(claim.among)}: {claim.against}"
    return claim.over if isinstance(claim, Ratio | Wins) else ""


def _check_label(label: str, placed: Placed) -> None:
    if label not in placed:
        hint = nearest_hint(label, placed)
        raise HwdseError(f"a claim names the unit {label!r}, which is not there{hint}")


def _check_axis(axis: str, template: str, placed: Placed) -> None:
    for label in matching(template, placed):
        if axis not in placed[label]:
            hint = nearest_hint(axis, placed[label])
            raise HwdseError(f"a claim names the axis {axis!r} of {label!r}{hint}")


def _figure(figures: Mapping[str, Mapping[str, Any]], label: str, column: str) -> float:
    value = figures[label][column]
    if value is None or math.isnan(value):
        raise HwdseError(f"a claim is about {column} of {label!r}, which has no such figure")
    return float(value)

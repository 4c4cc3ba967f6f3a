"""What a budget or an objective is about: a sum, an average or an extreme of a column."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hwdse.errors import HwdseError, nearest_hint

from .numbers import parse_number

__all__ = ["Kind", "Measure", "Objective", "Term", "parse_measure", "parse_objective"]

Kind = Literal["sum", "avg", "max", "min"]

_FORM = re.compile(r"(?:(sum|avg|max|min)\((.+)\)|(.+?))(?:\[([^\[\]]*)\])?\Z", re.DOTALL)
_TERM = re.compile(r"(?:([^*]*?)\*)?(.+)\Z", re.DOTALL)


@dataclass(frozen=True)
class Measure:
    """A figure of an assignment.

    Attributes:
        kind: Sum over layers, mean, greatest or least.
        column: Of the table.
        weight: For a mean, the column of weights; None counts every layer once.
        layers: Name of the set of layers it is about; None for all.
    """

    kind: Kind
    column: str
    weight: str | None = None
    layers: str | None = None

    def __str__(self) -> str:
        inner = self.column if self.weight is None else f"{self.column},{self.weight}"
        text = inner if self.kind == "sum" else f"{self.kind}({inner})"
        return text if self.layers is None else f"{text}[{self.layers}]"


@dataclass(frozen=True)
class Term:
    """A part of a weighted objective."""

    weight: Fraction
    measure: Measure


@dataclass(frozen=True)
class Objective:
    """What is minimised or maximised: a sum of terms, or one extreme.

    Attributes:
        text: As the user wrote it.
        maximize: Rather than minimise.
        terms: At least one; an extreme (`max`, `min`) stands alone.
    """

    text: str
    maximize: bool
    terms: tuple[Term, ...]

    @property
    def is_extreme(self) -> bool:
        """Whether it is a greatest or least figure rather than a sum."""
        return self.terms[0].measure.kind in ("max", "min")


def parse_measure(text: str, columns: Sequence[str], sets: Collection[str]) -> Measure:
    """Read `COL`, `sum(COL)`, `avg(COL)`, `avg(COL,WEIGHT)`, `max(COL)` or `min(COL)`.

    Each may be followed by `[SET]`, the name of a set of layers. A text that is the name of a
    column is that column's sum, whatever signs it holds.

    Raises:
        HwdseError: No such column, or no such set; with the nearest name.
    """
    text = text.strip()
    if text in columns:
        return Measure("sum", text)
    match = _FORM.match(text)
    kind, inner, plain, layers = match.groups() if match else (None, None, text, None)
    name = str(inner if kind else plain).strip()
    if layers is not None:
        layers = layers.strip()
    weight = None
    if kind == "avg" and name not in columns and "," in name:
        pairs = [(name[:at].strip(), name[at + 1 :].strip()) for at in _commas(name)]
        name, weight = next((p for p in pairs if p[0] in columns), pairs[0])
    for column in (name, weight):
        if column is not None and column not in columns:
            raise HwdseError(
                f"the table has no numeric column {column!r}" + nearest_hint(column, columns)
            )
    if layers is not None and layers not in sets:
        known = nearest_hint(layers, sets) if sets else "; name it in a column 'group'"
        raise HwdseError(f"there is no set of layers {layers!r}{known}")
    kinds: dict[str | None, Kind] = {"avg": "avg", "max": "max", "min": "min"}
    return Measure(kinds.get(kind, "sum"), name, weight, layers)


def _commas(text: str) -> list[int]:
    return [at for at, sign in enumerate(text) if sign == ","]


def parse_objective(
    text: str, *, maximize: bool, columns: Sequence[str], sets: Collection[str]
) -> Objective:
    """Read one measure, or a weighted sum such as `loss + 0.25*energy_uj`.

    Raises:
        HwdseError: As `parse_measure`; a weight that is no finite number, or an extreme in a sum.
    """
    try:
        return Objective(text, maximize, (Term(Fraction(1), parse_measure(text, columns, sets)),))
    except HwdseError:
        if "+" not in text and "*" not in text:
            raise
    terms = []
    for part in text.split("+"):
        match = _TERM.match(part.strip())
        if match is None:
            raise HwdseError(f"objective {text!r}: a term is missing; write it as 'loss+0.5*size'")
        weight = Fraction(1) if match[1] is None else parse_number(match[1])
        if weight is None:
            raise HwdseError(f"objective {text!r}: the weight {match[1]!r} is not a finite number")
        measure = parse_measure(match[2], columns, sets)
        if measure.kind in ("max", "min"):
            raise HwdseError(
                f"objective {text!r}: {measure} cannot be added to others; "
                "give it a stage of its own (--then)"
            )
        terms.append(Term(weight, measure))
    return Objective(text, maximize, tuple(terms))

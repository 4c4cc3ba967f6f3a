"""The fitted model of a technology: shipped syntheses and counts, and the regressions over them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.fit import data_folder
from hwdse.cost.fit.features import (
    ACTIVITY,
    DETAIL,
    FEATURES_VERSION,
    PATHS,
    STRUCTURE,
    WORDS,
    Features,
)
from hwdse.cost.fit.regression import (
    Problem,
    Regression,
    Settings,
    choose,
    solve,
)
from hwdse.errors import HwdseError

__all__ = [
    "FIGURES",
    "Characterisation",
    "Model",
    "characterisation",
    "load",
    "names",
    "settings_of",
    "train",
]

Floats = NDArray[np.float64]

_CONSTANT = "constant"


@dataclass(frozen=True)
class _Figure:
    """A figure that is fitted, and the counts that it is fitted to.

    Attributes:
        free: Counts whose weights are free.
        refined: Counts whose weights are held back.
        positive: Whether every count can only add to it.
    """

    free: tuple[str, ...]
    refined: tuple[str, ...] = ()
    positive: bool = False

    @property
    def counts(self) -> tuple[str, ...]:
        """All of them, in the order of the fit."""
        return (*self.free, *self.refined)

    def problem(self, known: Characterisation, figure: str) -> Problem:
        """What is to be fitted, of a characterisation."""
        return Problem(
            counts=known.counts(self.counts),
            figures=known.column(figure),
            refinements=np.array([name in self.refined for name in self.counts]),
            positive=self.positive,
        )


_OF_GATES = _Figure(STRUCTURE, DETAIL)
FIGURES = {
    "area_um2": _OF_GATES,
    "delay_ps": _Figure(PATHS, (_CONSTANT, *STRUCTURE), positive=True),
    "leakage_uw": _OF_GATES,
    "cells": _OF_GATES,
    "dynamic_fj_per_cycle": _Figure(("registers", *ACTIVITY), (_CONSTANT, *PATHS), positive=True),
    "luts": _Figure(
        (*STRUCTURE, "wide_product_bits"),
        (_CONSTANT, *(name for name in WORDS if name != "wide_product_bits"), *DETAIL),
    ),
    "carries": _Figure(WORDS, (_CONSTANT, *STRUCTURE)),
    "ffs": _Figure(("registers",)),
}
# Designs larger by more than this than any that was synthesised are refused.
_MOST_LARGER = 8.0
# So are those whose gates are of kinds that none of these has.
_MOST_UNKNOWN_SHARE = 0.05


@dataclass(frozen=True, eq=False)
class Characterisation:
    """Syntheses of many designs on one technology, with their counts.

    Attributes:
        technology: Its name.
        about: Hash of the technology, versions and settings of the regressions, by figure.
        columns: Arrays by name, shape (designs,): ``spec``, ``family``, ``rtlil_sha256``, figures
            and counts.
    """

    technology: str
    about: Mapping[str, Any]
    columns: Mapping[str, NDArray[Any]]

    @property
    def figures(self) -> list[str]:
        """Those that are fitted."""
        return [name for name in FIGURES if name in self.columns]

    def counts(self, names: Iterable[str]) -> Floats:
        """Shape (designs, counts)."""
        return np.column_stack([self.column(name) for name in names])

    def column(self, name: str) -> Floats:
        """Figures or counts by name, shape (designs,)."""
        if name == _CONSTANT:
            return np.ones(len(self.columns["spec"]))
        return np.asarray(self.columns[name], dtype=np.float64)


@dataclass(frozen=True, eq=False)
class Model:
    """A technology's regressions.

    Attributes:
        technology: Its name.
        about: As of the characterisation.
        regressions: By figure.
        most_gates: Of the designs that it was fitted to.
        seen: Counts that any of them has.
    """

    technology: str
    about: Mapping[str, Any]
    regressions: Mapping[str, Regression]
    most_gates: int
    seen: frozenset[str]

    def estimate(self, features: Features, figure: str) -> tuple[float, float, float, float]:
        """Value, low and high end of the interval, and how much is known from designs like it."""
        found = self.regressions[figure].estimate(_row(features, FIGURES[figure].counts))
        ends = (found.value, found.low, found.high, found.known)
        value, low, high, known = (float(end[0]) for end in ends)
        return value, low, high, known

    def contributions(self, features: Features, figure: str) -> dict[str, float]:
        """What each count contributes to a figure's linear model."""
        names = FIGURES[figure].counts
        found = self.regressions[figure].contributions(_row(features, names))[0]
        return {name: float(part) for name, part in zip(names, found, strict=True) if part}

    def refusal(self, features: Features) -> str:
        """Why the model says nothing of a design; "" where it does."""
        if features.gates > _MOST_LARGER * self.most_gates:
            return (
                f"its {features.gates} gates are more than {_MOST_LARGER:g} times as many as any "
                "design has that the model was fitted to"
            )
        unknown = sum(features.values[name] for name in DETAIL if name not in self.seen)
        if unknown > _MOST_UNKNOWN_SHARE * features.gates:
            return "many of its gates are of kinds that no design has that the model was fitted to"
        return ""


def _row(features: Features, names: tuple[str, ...]) -> Floats:
    return np.array([[1.0 if n == _CONSTANT else features.values[n] for n in names]])


def train(known: Characterisation, settings: Mapping[str, Mapping[str, float]]) -> Model:
    """Solve the regressions of a characterisation."""
    regressions = {
        figure: solve(FIGURES[figure].problem(known, figure), Settings(**settings[figure]))
        for figure in known.figures
    }
    return Model(
        technology=known.technology,
        about=known.about,
        regressions=regressions,
        most_gates=int(known.column("gates").max()),
        seen=frozenset(n for n in (*STRUCTURE, *DETAIL) if known.columns[n].any()),
    )


def settings_of(known: Characterisation) -> dict[str, dict[str, float]]:
    """What :func:`choose` decides for each figure, families left out in turn."""
    groups = np.unique(np.asarray(known.columns["family"], dtype=str), return_inverse=True)[1]
    return {
        figure: asdict(choose(FIGURES[figure].problem(known, figure), groups))
        for figure in known.figures
    }


def names() -> list[str]:
    """Technologies that a model is shipped for."""
    return sorted(path.stem for path in data_folder().glob("*.parquet"))


@lru_cache(maxsize=8)
def characterisation(technology: str) -> Characterisation:
    """The shipped characterisation of a technology.

    Raises:
        HwdseError: There is none.
    """
    import pyarrow.parquet as pq

    if technology not in names():
        raise HwdseError(
            f"no fitted model of {technology[:60]} is shipped (there are {', '.join(names())}); "
            "use --source synth"
        )
    table = pq.read_table(data_folder() / f"{technology}.parquet")
    about = json.loads(table.schema.metadata[b"hwdse"])
    columns = {name: table.column(name).to_numpy() for name in table.column_names}
    return Characterisation(technology, about, columns)


@lru_cache(maxsize=8)
def load(technology: str, sha256: str) -> Model:
    """The model of a technology.

    Args:
        technology: Its name.
        sha256: Of its content, as of ``Technology.sha256``; of FPGAs "".

    Raises:
        HwdseError: None is shipped, or it is of another content.
    """
    known = characterisation(technology)
    if known.about["technology_sha256"] != sha256:
        raise HwdseError(
            f"the fitted model of {technology[:60]} is of other figures than this technology has; "
            "use --source synth"
        )
    if known.about["features"] != FEATURES_VERSION:
        raise HwdseError(
            f"the fitted model of {technology[:60]} is of another version of hwdse; run "
            "scripts/characterise.py"
        )
    return train(known, known.about["settings"])

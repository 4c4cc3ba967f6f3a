"""The space file, checked: products of spec keys, technologies and clocks, point by point.

A space is never held as a whole: its size follows from the lists, and its points come one by one.
"""

from __future__ import annotations

import hashlib
import itertools
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator, model_validator

from hwdse import pe
from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import read_mapping, schema_error
from hwdse.synth.devices import is_device

__all__ = ["Point", "Space", "read_space"]

_Line = Annotated[str, Field(min_length=1, max_length=2000)]
_KEY = re.compile(r"[a-z][a-z0-9_]*")
_VALUE = re.compile(r"[a-z0-9_]+|\(.*\)")
# Names and paths of technologies and clocks, which exclusions may name as well.
_CONDITION = re.compile(r"[^\s,]+")
_LONGEST_RANGE = 1 << 20
# What an exclusion may name besides the keys of specs.
_OF_POINTS = ("family", "technology", "clock_ns", "dsp")


class _Range(BaseModel):
    """``from`` up to ``to``, both included, by steps or by factors."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)

    start: Annotated[int, Field(alias="from", ge=0, le=1 << 40)]
    stop: Annotated[int, Field(alias="to", ge=0, le=1 << 40)]
    step: Annotated[int, Field(ge=1)] | None = None
    times: Annotated[int, Field(ge=2)] | None = None

    @model_validator(mode="after")
    def _runs_upwards(self) -> _Range:
        if self.step is not None and self.times is not None:
            raise ValueError("a range has a step or a factor (times), not both")
        if self.start > self.stop:
            raise ValueError(f"the range from {self.start} to {self.stop} is empty")
        if self.times is not None and self.start == 0:
            raise ValueError("a range by factors cannot start at 0")
        if self.times is None and (self.stop - self.start) // (self.step or 1) >= _LONGEST_RANGE:
            raise ValueError(f"a range of more than {_LONGEST_RANGE} values; give a step")
        return self

    def values(self) -> tuple[str, ...]:
        found, value = [], self.start
        while value <= self.stop:
            found.append(str(value))
            value = value * self.times if self.times is not None else value + (self.step or 1)
        return tuple(found)


class _Fpga(BaseModel):
    """How designs are put on the FPGAs among the technologies."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    dsp: Annotated[list[bool], Field(min_length=1)] = [True]
    place: bool = False

    @field_validator("dsp", mode="before")
    @classmethod
    def _one_too(cls, value: Any) -> Any:
        return [value] if isinstance(value, bool) else value


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    name: _Line
    description: str = ""
    technologies: Annotated[list[_Line], Field(min_length=1)]
    clocks_ns: Annotated[
        list[Annotated[float, Field(gt=0, allow_inf_nan=False)] | None], Field(min_length=1)
    ] = [None]
    operands: _Line = "uniform"
    source: Literal["synth", "fit"] = "synth"
    fpga: _Fpga = _Fpga()
    designs: Annotated[list[dict[str, Any]], Field(min_length=1)]
    exclude: list[dict[str, Any]] = []

    @field_validator("clocks_ns", mode="before")
    @classmethod
    def _whole_numbers_too(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [float(v) if type(v) is int else v for v in value]
        return value


@dataclass(frozen=True)
class Point:
    """One design under one condition.

    Attributes:
        number: Its place in the space.
        spec: As the space has it, not in canonical form.
        technology: Name, or path of a technology's file.
        clock_ns: Clock target; None for the design's own longest path, and on FPGAs.
        dsp: Whether multiplications may go to DSP blocks; None where the technology is no FPGA.
        place: Whether to place and route, on FPGAs.
        source: Where figures come from: ``synth`` or ``fit``.
    """

    number: int
    spec: str
    technology: str
    clock_ns: float | None
    dsp: bool | None = None
    place: bool = False
    source: str = "synth"


@dataclass(frozen=True)
class _Condition:
    """What a point has besides its number and spec."""

    technology: str
    clock_ns: float | None
    dsp: bool | None

    @property
    def named(self) -> dict[str, str]:
        """As exclusions name it."""
        found = {"technology": self.technology}
        if self.clock_ns is not None:
            found["clock_ns"] = f"{self.clock_ns:g}"
        if self.dsp is not None:
            found["dsp"] = "yes" if self.dsp else "no"
        return found


@dataclass(frozen=True)
class _Product:
    """The product of the values of some keys; of literal specs there is one value each."""

    family: str
    values: dict[str, tuple[str, ...]]

    def __len__(self) -> int:
        return math.prod(map(len, self.values.values()))

    def __iter__(self) -> Iterator[dict[str, str]]:
        for chosen in itertools.product(*self.values.values()):
            yield dict(zip(self.values, chosen, strict=True))


@dataclass(frozen=True)
class Space:
    """A space of designs, technologies and clocks.

    Attributes:
        name, description: For people.
        technologies: Names of technologies and FPGAs, or paths of files.
        clocks_ns: Clock targets; FPGAs have none.
        dsp: Whether FPGAs use DSP blocks; several values are an axis.
        place: Whether FPGAs are placed and routed.
        source: Where figures come from: ``synth``, or ``fit``, the fitted model.
        operands: Of the energy figures.
        sha256: Of the file.
    """

    name: str
    description: str
    technologies: tuple[str, ...]
    clocks_ns: tuple[float | None, ...]
    dsp: tuple[bool, ...]
    place: bool
    source: str
    operands: str
    sha256: str
    _products: tuple[_Product, ...]
    _exclusions: tuple[dict[str, frozenset[str]], ...]

    @property
    def size(self) -> int:
        """Points, those that are excluded counted in."""
        return len(self._conditions) * sum(map(len, self._products))

    @property
    def _conditions(self) -> tuple[_Condition, ...]:
        found = []
        for name in self.technologies:
            if is_device(name):
                found += [_Condition(name, None, dsp) for dsp in self.dsp]
            else:
                found += [_Condition(name, clock, None) for clock in self.clocks_ns]
        return tuple(found)

    def points(self) -> Iterator[Point]:
        """Every point that is not excluded, always in the same order."""
        numbers = itertools.count()
        conditions = [(given, given.named) for given in self._conditions]
        for product in self._products:
            for keys in product:
                spec = f"{product.family}:" + ",".join(f"{k}={v}" for k, v in keys.items())
                for given, named in conditions:
                    number = next(numbers)
                    known = {"family": product.family, **named, **keys}
                    if not any(_matches(rule, known) for rule in self._exclusions):
                        place = given.dsp is not None and self.place
                        yield Point(
                            number,
                            spec,
                            given.technology,
                            given.clock_ns,
                            given.dsp,
                            place,
                            self.source,
                        )


def _matches(rule: dict[str, frozenset[str]], known: dict[str, str]) -> bool:
    return all(known.get(key) in values for key, values in rule.items())


def read_space(path: Path) -> Space:
    """Read a space file.

    Raises:
        HwdseError: It cannot be read, is malformed, has an unknown key or family, an empty product,
            or an exclusion that can exclude nothing.
    """
    raw = read_mapping(path, "space")
    try:
        checked = _File.model_validate(raw)
    except ValidationError as error:
        raise schema_error(error, where=str(path)) from None
    on_fpgas = any(map(is_device, checked.technologies))
    if checked.source == "fit" and on_fpgas and (True in checked.fpga.dsp or checked.fpga.place):
        raise HwdseError(
            f"{path}: source: the fitted model knows FPGAs without DSP blocks and without place "
            "and route; add fpga: {dsp: false}, or take source: synth"
        )
    products = []
    for at, entry in enumerate(checked.designs):
        products += _products(entry, f"{path}: designs.{at}")
    named = {key for product in products for key in product.values} | set(_OF_POINTS)
    exclusions = []
    for at, rule in enumerate(checked.exclude):
        where = f"{path}: exclude.{at}"
        if not rule:
            raise HwdseError(f"{where}: names no key, and would exclude everything")
        for key in rule:
            if key not in named:
                raise HwdseError(
                    f"{where}: no design has a key {str(key)[:40]!r}{nearest_hint(str(key), named)}"
                )
        exclusions.append(
            {k: frozenset(_values(v, f"{where}.{k}", _CONDITION)) for k, v in rule.items()}
        )
    return Space(
        name=checked.name,
        description=" ".join(checked.description.split()),
        technologies=tuple(
            str(path.parent / name) if name.endswith((".yaml", ".yml")) else name
            for name in dict.fromkeys(checked.technologies)
        ),
        clocks_ns=tuple(dict.fromkeys(checked.clocks_ns)),
        dsp=tuple(dict.fromkeys(checked.fpga.dsp)),
        place=checked.fpga.place,
        source=checked.source,
        operands=checked.operands,
        sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        _products=tuple(products),
        _exclusions=tuple(exclusions),
    )


def _products(entry: dict[str, Any], where: str) -> list[_Product]:
    """The products of one entry: of a family's keys, or of specs written out."""
    if set(entry) == {"specs"}:
        specs = entry["specs"] if isinstance(entry["specs"], list) else [entry["specs"]]
        if not specs:
            raise HwdseError(f"{where}: specs is an empty list; give some, or drop the entry")
        return [_literal(spec, where) for spec in specs]
    family = str(entry.get("family"))
    if family not in pe.FAMILIES:
        hint = nearest_hint(family, pe.FAMILIES)
        raise HwdseError(f"{where}: family {family[:40]!r} is not known{hint}")
    values = {}
    for key, given in entry.items():
        if key == "family":
            continue
        if not isinstance(key, str) or not _KEY.fullmatch(key):
            raise HwdseError(f"{where}: {str(key)[:40]!r} is no key of a spec")
        values[key] = _values(given, f"{where}.{key}")
        if not values[key]:
            raise HwdseError(f"{where}.{key}: an empty list makes the product empty; give a value")
    return [_Product(family, values)]


def _literal(spec: Any, where: str) -> _Product:
    if not isinstance(spec, str):
        raise HwdseError(f"{where}: specs: {str(spec)[:60]!r} is not a spec")
    try:
        design = pe.parse(spec)
    except HwdseError as error:
        raise HwdseError(f"{where}: {error}") from None
    return _Product(design.family, {key: (value,) for key, value in design.key_values.items()})


def _values(given: Any, where: str, shape: re.Pattern[str] = _VALUE) -> tuple[str, ...]:
    """The values that a key takes: one, a list of them, or a range."""
    if isinstance(given, dict):
        try:
            return _Range.model_validate(given).values()
        except ValidationError as error:
            raise schema_error(error, where=where) from None
    if isinstance(given, list):
        return tuple(dict.fromkeys(value for one in given for value in _values(one, where, shape)))
    if isinstance(given, bool):
        return ("yes" if given else "no",)  # what YAML makes of these words
    text = f"{given:g}" if isinstance(given, float) else str(given)
    if given is None or not shape.fullmatch(text):
        raise HwdseError(f"{where}: {text[:40]!r} is no value of a key; give names or numbers")
    return (text,)

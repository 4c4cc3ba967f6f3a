"""A cast: codes of one scalar format to those of another, each rounded once.

The reference is :meth:`hwdse.formats.ScalarFormat.encode` of what the codes are worth. Widening
casts are exact, and so are decoders of codebooks. FP6-LLM (arXiv 2401.14112) decodes E3M2 to FP16
by placing bits and multiplying by ``2**12``, which is the addition of 12 to the exponent here.

Of the ``bitmod`` formats, whose groups choose among value sets, port ``x_select`` says which one is
meant; a group's scale is no part of its codes.

Declared where formats leave it open: a NaN that the target has no code for becomes 0.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import IntegerFormat, Minifloat, Overflow, Rounding, ScalarFormat, scalar
from hwdse.formats.bitmod import BitmodFormat
from hwdse.pe.common import take_format, take_scalar
from hwdse.pe.converter import Converter
from hwdse.pe.converters.options import take_lanes, take_overflow, take_rounding, take_stages
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["TABLE_BITS", "Cast", "parse"]

# Values of wider targets are too many to list.
_LISTED_BITS = 16
# A table has a row for each code, and synthesis takes its time over thousands of rows.
TABLE_BITS = 12


@dataclass(frozen=True)
class Cast(Converter):
    """Codes of one format to those of another.

    Attributes:
        source, target: The formats.
        rounding, overflow: As of ``encode``.
        lanes: Codes converted side by side.
        impl: ``logic`` (fields are taken apart, moved and rounded) or ``table`` (all codes looked
            up).
        group: Whose codes the source's are, where there are other value sets beside the source.
    """

    source: ScalarFormat
    target: ScalarFormat
    rounding: Rounding
    overflow: Overflow
    lanes: int
    impl: str
    group: BitmodFormat | None = None

    @property
    def sets(self) -> tuple[ScalarFormat, ...]:
        """What codes may mean, by the number at ``x_select``."""
        return (self.source,) if self.group is None else self.group.candidates

    @property
    def own_keys(self) -> dict[str, str]:
        """Formats, options and structure."""
        return {
            "from": self.source.name if self.group is None else self.group.name,
            "to": self.target.name,
            "rounding": self.rounding.replace("-", "_"),
            "overflow": str(self.overflow),
            "lanes": str(self.lanes),
            "impl": self.impl,
        }

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The codes, and the number of their value set where there are several."""
        x = Operand("x", self.source, self.lanes)
        if self.group is None:
            return (x,)
        bits = (len(self.sets) - 1).bit_length()
        return (x, Operand("x_select", scalar(f"uint{bits}"), meaning="number of the value set"))

    @property
    def results(self) -> tuple[Result, ...]:
        """The codes they become."""
        return (Result("y", self.target.bits, f"{self.target.name} code", self.lanes),)

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The codes of the values, each rounded once."""
        values = np.choose(self._select(codes), [each.decode(codes["x"]) for each in self.sets])
        if not {"NaN", "NaR"} & set(self.target.specials):
            values = np.where(np.isnan(values), 0.0, values)
        y = self.target.encode(values, self.rounding, self.overflow)
        return {"y": np.asarray(y, dtype=np.int64)}

    def _select(self, codes: Codes) -> NDArray[np.int64]:
        """Numbers of value sets, in a shape that goes with the codes."""
        if self.group is None:
            return np.zeros((), dtype=np.int64)
        return codes["x_select"][..., None] if self.lanes > 1 else codes["x_select"]

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Half of the codes are next to half-way points of the target."""
        x = codes["x"]
        if self.source.bits <= TABLE_BITS or self.target.bits > _LISTED_BITS:
            return codes
        chosen = self._half_way[rng.integers(len(self._half_way), size=x.shape)]
        return {"x": np.where(rng.random(x.shape) < 1 / 2, chosen, x)}

    @functools.cached_property
    def _half_way(self) -> NDArray[np.int64]:
        """Source codes at and beside the points between values of the target."""
        fields = self.target.unpack(self.target.codes())
        values = self.target.decode(self.target.codes()[~(fields.nan | fields.infinite)])
        values = np.unique(values)
        gaps = np.diff(values)
        points = np.concatenate(
            [
                values[:-1] + gaps / 2,
                # Where overflow begins.
                [values[-1] + gaps[-1] / 2, values[0] - gaps[0] / 2],
            ]
        )
        found = self.source.encode(points).astype(np.int64)
        nearby = np.concatenate([found, *((found + step) for step in (-2, -1, 1, 2))])
        return nearby % (1 << self.source.bits)


def parse(keys: Keys) -> Cast:
    """A cast from its keys."""
    source, group = _take_source(keys)
    target = take_scalar(keys, "to")
    rounding = take_rounding(keys)
    infinite = "inf" in target.specials
    overflow = take_overflow(keys, target, Overflow.NONFINITE if infinite else Overflow.SATURATE)
    lanes = take_lanes(keys)
    impl = _take_impl(keys, source, target) if group is None else _only_table(keys)
    registers = take_stages(keys, ("operand",))
    keys.finish()
    return Cast(
        source=source,
        target=target,
        rounding=rounding,
        overflow=overflow,
        lanes=lanes,
        impl=impl,
        group=group,
        registers=registers,
    )


def _take_source(keys: Keys) -> tuple[ScalarFormat, BitmodFormat | None]:
    found = take_format(keys, "from")
    if isinstance(found, BitmodFormat):
        return found.element, found
    if found.scale_format is not None:
        raise keys.refusal(
            f"codes of {found.name} mean nothing without their scales; decode its elements, of "
            f"format {found.element.name}",
            {"from": found.element.name},
        )
    return take_scalar(keys, "from"), None


def _only_table(keys: Keys) -> str:
    return keys.choice_of("impl", ("table",), "table")


def _take_impl(keys: Keys, source: ScalarFormat, target: ScalarFormat) -> str:
    table = source.bits <= TABLE_BITS
    logic = _rounds(target) and (table or isinstance(source, Minifloat | IntegerFormat))
    if not (table or logic):
        raise keys.refusal(
            f"codes of {target.name} follow no exponent, and a table of all {source.name} codes "
            f"is too large; choose a source of at most {TABLE_BITS} bits, or a float target",
            {"to": "e4m3"},
        )
    both = ("logic",) * logic + ("table",) * table
    fields = isinstance(source, Minifloat | IntegerFormat)
    return keys.choice_of("impl", both, "logic" if logic and fields else "table")


def _rounds(target: ScalarFormat) -> bool:
    """Whether codes are rounded magnitudes with or without a sign."""
    if isinstance(target, Minifloat):
        # Between a zero and hidden bits all the way down, there is a gap that rounds otherwise.
        return target.subnormals or not target.zero
    return isinstance(target, IntegerFormat)

"""What every number format offers, whatever its kind."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError, nearest_hint

__all__ = ["Family", "Format", "Overflow", "Rounding", "Unpacked", "parse_option"]


class Rounding(enum.StrEnum):
    """How a real number between two neighbouring values of a format becomes one of them.

    IEEE 754-2019, section 4.3. A tie under ``nearest-even`` goes to the neighbour whose code is
    even; where the significand has one bit only (``eXm0``), that is the parity of the exponent
    field, as in P3109.
    """

    NEAREST_EVEN = "nearest-even"
    NEAREST_AWAY = "nearest-away"
    TOWARD_ZERO = "toward-zero"


class Overflow(enum.StrEnum):
    """What becomes of a number that, once rounded, lies beyond the largest finite value.

    ``saturate`` gives the nearest finite value, for infinities as well. ``nonfinite`` gives an
    infinity, or NaN where the format has no infinities; only formats with either offer it.
    """

    SATURATE = "saturate"
    NONFINITE = "nonfinite"


@dataclass(frozen=True, kw_only=True, eq=False)
class Unpacked:
    """Codes taken apart; a finite one is worth ``(-1)**sign * significand * 2**exponent``, exactly.

    All members have the shape of the codes.

    Members:
        sign: The sign, also of zeros, infinities and NaNs (bool).
        significand: Never negative; with the hidden bit, not normalised; 0 for infinities and
            NaNs (int64).
        exponent: Weight of the significand's last bit (int64).
        nan: Whether the code is a NaN (bool).
        infinite: Whether the code is an infinity (bool).
    """

    sign: npt.NDArray[np.bool_]
    significand: npt.NDArray[np.int64]
    exponent: npt.NDArray[np.int64]
    nan: npt.NDArray[np.bool_]
    infinite: npt.NDArray[np.bool_]


class Format(Protocol):
    """A number format: a name, what it can represent, and the way to its codes and back.

    Codes are unsigned bit patterns. Formats are immutable, hashable, and compare by value.
    """

    @property
    def name(self) -> str:
        """The name by which :func:`hwdse.formats.get` finds it."""
        ...

    @property
    def kind(self) -> str:
        """The kind of format, such as ``integer`` or ``minifloat``."""
        ...

    @property
    def bits(self) -> int:
        """Bits of one code."""
        ...

    @property
    def bits_per_value(self) -> float:
        """Bits of storage per value, shared scales included."""
        ...

    @property
    def signed(self) -> bool:
        """Whether negative numbers have codes."""
        ...

    @property
    def max(self) -> float:
        """The largest finite value."""
        ...

    @property
    def min(self) -> float:
        """The least finite value (the most negative one)."""
        ...

    @property
    def min_normal(self) -> float:
        """The least magnitude, not zero, that has full precision."""
        ...

    @property
    def min_subnormal(self) -> float | None:
        """The least magnitude below ``min_normal`` that is not zero; None if there is none."""
        ...

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly."""
        ...

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, rounded once, in the smallest unsigned dtype that holds them."""
        ...

    def quantize(self, x: npt.ArrayLike, axis: int = -1) -> npt.NDArray[np.float64]:
        """The representable values that numbers round to."""
        ...

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range."""
        ...

    def unpack(self, codes: npt.ArrayLike) -> Unpacked:
        """Codes taken apart into sign, significand and exponent."""
        ...

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every code, in rising order."""
        ...


@dataclass(frozen=True, kw_only=True)
class Family:
    """What a module brings to the registry: formats to list, and a reader of names.

    Members:
        parse: Gives the format of a name, or None where the name is none of this family's;
            raises HwdseError where it is of this family but breaks a bound.
        names: The formats worth listing; ``parse`` may know many more.
    """

    parse: Callable[[str], Format | None]
    names: tuple[str, ...]


_Option = TypeVar("_Option", bound=enum.StrEnum)


def parse_option(kind: type[_Option], value: str) -> _Option:
    """The member of an enumeration that a user's string names.

    Args:
        kind: The enumeration, such as :class:`Rounding`.
        value: One of its values.

    Raises:
        HwdseError: If there is no such value.
    """
    try:
        return kind(value)
    except ValueError:
        hint = nearest_hint(str(value), [str(member) for member in kind])
        raise HwdseError(f"unknown {kind.__name__.lower()} {value!r}{hint}") from None

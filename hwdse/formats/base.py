"""What every number format offers, whatever its kind."""

from __future__ import annotations

import enum
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError, nearest_hint

__all__ = [
    "Family",
    "Format",
    "Overflow",
    "Rounding",
    "ScalarFormat",
    "Seed",
    "SharedScales",
    "Unpacked",
    "Unscaled",
    "parse_option",
]

Seed = int | np.random.Generator | None


class Rounding(enum.StrEnum):
    """How a real number between two neighbouring values of a format becomes one of them.

    The five attributes of IEEE 754-2019, section 4.3; ``to-odd`` of IEEE P3109; and ``stochastic``,
    which takes the upper neighbour with the probability of the number's distance from the lower one
    in units of their gap. A tie under ``nearest-even`` goes to the neighbour whose code is even;
    where the significand has one bit only (``eXm0``), that is the parity of the exponent field, as
    in P3109.
    """

    NEAREST_EVEN = "nearest-even"
    NEAREST_AWAY = "nearest-away"
    TOWARD_ZERO = "toward-zero"
    TOWARD_POSITIVE = "toward-positive"
    TOWARD_NEGATIVE = "toward-negative"
    TO_ODD = "to-odd"
    STOCHASTIC = "stochastic"


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

    Formats are immutable, hashable, and compare by value. Two kinds exist: a
    :class:`ScalarFormat` codes each number by itself; a
    :class:`~hwdse.formats.block.BlockFormat` codes runs of numbers that share a scale.
    """

    @property
    def name(self) -> str:
        """The name by which :func:`hwdse.formats.get` finds it."""
        ...

    @property
    def kind(self) -> str:
        """The kind of format, such as ``integer``, ``minifloat`` or ``block``."""
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

    @property
    def specials(self) -> tuple[str, ...]:
        """What there is besides finite numbers: of ``inf``, ``NaN``, ``NaR``."""
        ...

    @property
    def block(self) -> int | None:
        """Values that share a scale; None where each is coded by itself, or a whole axis shares."""
        ...

    @property
    def scale_format(self) -> str | None:
        """Name of the format of the shared scales; None without."""
        ...

    @property
    def element(self) -> ScalarFormat:
        """The format of single codes: of a block's elements; a scalar format itself."""
        ...

    @property
    def whole_tensor(self) -> bool:
        """Whether what a value becomes depends on the least and greatest of the whole tensor."""
        ...

    @property
    def one_piece(self) -> bool:
        """Whether it depends on all values of the tensor, so that these must be given at once."""
        ...

    def __hash__(self) -> int: ...

    def decode(self, codes: Any) -> npt.NDArray[np.float64]:
        """The values of codes, exactly."""
        ...

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> Any:
        """The codes of numbers, rounded once."""
        ...

    def quantize(
        self,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The representable values that numbers round to."""
        ...


class ScalarFormat(Format, Protocol):
    """A format that codes each number by itself; its codes are unsigned bit patterns.

    What hardware needs to decode an operand is here too: a finite code is worth
    ``(-1)**sign * significand * 2**(lsb_exponent + shift)``, with a significand of at most
    ``significand_bits`` bits and a shift of 0 to ``max_shift``.
    """

    @property
    def significand_bits(self) -> int:
        """Width of the widest significand that :meth:`unpack` gives."""
        ...

    @property
    def lsb_exponent(self) -> int:
        """Exponent of the last bit of all: every value is a multiple of 2 to this power."""
        ...

    @property
    def max_shift(self) -> int:
        """Largest exponent that :meth:`unpack` gives, over :attr:`lsb_exponent`."""
        ...

    def decode(self, codes: npt.ArrayLike) -> npt.NDArray[np.float64]:
        """The values of codes, exactly, in an array of the same shape."""
        ...

    def encode(
        self,
        x: npt.ArrayLike,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        *,
        seed: Seed = None,
    ) -> npt.NDArray[np.unsignedinteger[Any]]:
        """The codes of numbers, rounded once, in the smallest unsigned dtype that holds them."""
        ...

    def bit_patterns(self, codes: npt.ArrayLike) -> npt.NDArray[np.int64]:
        """Codes as unsigned bit patterns, checked against their range."""
        ...

    def unpack(self, codes: npt.ArrayLike) -> Unpacked:
        """Codes taken apart into sign, significand and exponent."""
        ...

    def codes(self) -> npt.NDArray[np.unsignedinteger[Any]]:
        """Every valid code, in rising order."""
        ...


class _HasBits(Protocol):
    @property
    def bits(self) -> int: ...


class Unscaled:
    """What is the same for all formats that code each number by itself; mixed into them."""

    @property
    def bits_per_value(self: _HasBits) -> float:
        """The bits of a code: there is no shared scale."""
        return self.bits

    @property
    def block(self) -> None:
        """None: no scale is shared."""
        return None

    @property
    def scale_format(self) -> None:
        """None: no scale is shared."""
        return None

    @property
    def whole_tensor(self) -> bool:
        """False: each number is coded by itself."""
        return False

    @property
    def one_piece(self) -> bool:
        """False: each number is coded by itself."""
        return False

    @property
    def element(self) -> Self:
        """The format itself."""
        return self


class _HasScale(Protocol):
    @property
    def scale(self) -> ScalarFormat: ...


class _BlockCoder(Protocol):
    def decode(self, codes: Any) -> npt.NDArray[np.float64]: ...

    def encode(
        self, x: npt.ArrayLike, rounding: str, overflow: str, *, axis: int, seed: Seed
    ) -> Any: ...


class SharedScales:
    """What is the same for formats of which each block has a scale of its own; mixed into them."""

    @property
    def scale_format(self: _HasScale) -> str:
        """Name of the format of the shared scales."""
        return self.scale.name

    @property
    def min_subnormal(self) -> float | None:
        """None: no value is called subnormal."""
        return None

    @property
    def whole_tensor(self) -> bool:
        """False: blocks are coded by themselves."""
        return False

    @property
    def one_piece(self) -> bool:
        """False: blocks are coded by themselves."""
        return False

    def quantize(
        self: _BlockCoder,
        x: npt.ArrayLike,
        axis: int = -1,
        *,
        rounding: str = Rounding.NEAREST_EVEN,
        overflow: str = Overflow.SATURATE,
        seed: Seed = None,
    ) -> npt.NDArray[np.float64]:
        """The representable values that numbers round to, as ``decode`` gives them.

        Args:
            x, axis, rounding, overflow, seed: As for ``encode``.

        Returns:
            An array of the same shape.

        Raises:
            HwdseError: As for ``encode``.
        """
        return self.decode(self.encode(x, rounding, overflow, axis=axis, seed=seed))


_Found = TypeVar("_Found", covariant=True)


@dataclass(frozen=True, kw_only=True)
class Family(Generic[_Found]):
    """What a module brings to the registry: formats to list, and a reader of names.

    Members:
        parse: Gives the format of a name, or None where the name is none of this family's;
            raises HwdseError where it is of this family but breaks a bound.
        names: The formats worth listing; ``parse`` may know many more.
    """

    parse: Callable[[str], _Found | None]
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

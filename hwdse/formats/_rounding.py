"""The integer arithmetic that all encoders share: taking numbers apart, and rounding once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, assert_never

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats.base import Rounding, Seed, parse_option

__all__ = ["POINT", "WIDEST_SHIFT", "Rounder", "decompose", "parse_rounding", "shift_round"]

# A significand has this many bits after the point: those of binary64. Formats have 23 at most, so
# an integer of up to 64 bits fits with its low end or-ed into the last bit.
POINT = 52

# No more bits than these are cut off: beyond, nothing but the last bit's being set would count.
WIDEST_SHIFT = 62

_Signs = npt.NDArray[np.bool_]
_Significands = npt.NDArray[np.uint64]
_Exponents = npt.NDArray[np.int64]


def decompose(x: npt.NDArray[Any]) -> tuple[_Signs, _Significands, _Exponents]:
    """Sign, significand and exponent: ``(-1)**sign * significand * 2**(exponent - POINT)``.

    The significand of a normal number is in ``2**52`` to ``2**53 - 1``. Zeros and the subnormals of
    binary64 have exponent -1022 and less. An infinity looks like ``2**1024``; what a NaN gives
    means nothing, apart from its sign. Integers of more than 53 bits have a last bit that is the
    OR of all from there down, which rounds to fewer than 52 bits as they would.

    Args:
        x: float16, float32, float64 or integers, of any shape.
    """
    if x.dtype.kind == "f":
        # Signalling NaNs raise the invalid flag when widened.
        with np.errstate(invalid="ignore"):
            bits = np.ascontiguousarray(x, dtype=np.float64).view(np.uint64)
        sign = (bits >> 63).astype(np.bool_)
        field = ((bits >> POINT) & 0x7FF).astype(np.int64)
        hidden = (field != 0).astype(np.uint64) << POINT
        significand = (bits & ((1 << POINT) - 1)) | hidden
        return sign, significand, np.maximum(field, 1) - 1023
    if x.dtype.kind == "i":
        wide = x.astype(np.int64)
        sign = wide < 0
        # Negated as unsigned, because -2**63 has no int64 counterpart.
        pattern = wide.view(np.uint64)
        magnitude = np.where(sign, ~pattern + np.uint64(1), pattern)
    else:
        sign = np.zeros(x.shape, dtype=np.bool_)
        magnitude = x.astype(np.uint64)
    exponent = _floor_log2(magnitude)
    up = np.maximum(POINT - exponent, 0).astype(np.uint64)
    down = np.maximum(exponent - POINT, 0).astype(np.uint64)
    lost = (magnitude & ((np.uint64(1) << down) - np.uint64(1))) != 0
    significand = ((magnitude << up) >> down) | lost.astype(np.uint64)
    return sign, significand, np.where(magnitude == 0, -1022, exponent)


def _floor_log2(magnitude: _Significands) -> _Exponents:
    """Position of the leading one; 0 for zero."""
    # The conversion may round up to a power of two: one too many, put right below.
    exponent = np.frexp(magnitude.astype(np.float64))[1].astype(np.int64) - 1
    exponent = np.clip(exponent, 0, 63)
    too_many = ((magnitude >> exponent.astype(np.uint64)) == 0) & (magnitude != 0)
    return np.asarray(exponent - too_many)


@dataclass(frozen=True, kw_only=True)
class Rounder:
    """A way to round, with the random numbers it draws.

    Members:
        mode: The way.
        random: What ``stochastic`` draws from; None for every other way.
    """

    mode: Rounding
    random: np.random.Generator | None = None


def parse_rounding(rounding: str, seed: Seed = None) -> Rounder:
    """The rounder that a user's options ask for.

    Args:
        rounding: A :class:`Rounding`.
        seed: For ``stochastic``: a seed, 0 or more, or a generator to draw from. The others draw
            nothing.

    Raises:
        HwdseError: If there is no such rounding, or ``stochastic`` has no seed or a negative one.
    """
    mode = parse_option(Rounding, rounding)
    if mode is not Rounding.STOCHASTIC:
        return Rounder(mode=mode)
    if isinstance(seed, np.random.Generator):
        return Rounder(mode=mode, random=seed)
    if not isinstance(seed, int | np.integer) or isinstance(seed, bool) or seed < 0:
        raise HwdseError(
            f"rounding='stochastic' needs a seed, an integer of 0 or more, not {seed!r}; "
            "the same seed gives the same codes"
        )
    return Rounder(mode=mode, random=np.random.default_rng(int(seed)))


def shift_round(
    significand: _Significands,
    shift: _Exponents,
    *,
    rounder: Rounder,
    sign: _Signs,
    offset: _Significands | None = None,
) -> _Significands:
    """``significand / 2**shift + offset``, rounded to an integer.

    Args:
        significand: At most 53 bits; less than ``2**62`` where the shift is 62 at most.
        shift: 1 or more.
        rounder: The way to round.
        sign: Where the number is negative: what is upward, is downward in magnitude.
        offset: What to add; it takes part in what is even. Zero by default.
    """
    # All is lost beyond 54 bits, whatever the shift.
    s = np.minimum(shift, WIDEST_SHIFT).astype(np.uint64)
    if offset is None:
        offset = np.zeros(significand.shape, dtype=np.uint64)
    one = np.uint64(1)
    match rounder.mode:
        case Rounding.TOWARD_ZERO:
            added: Any = np.uint64(0)
        case Rounding.NEAREST_AWAY:
            added = one << (s - one)
        case Rounding.NEAREST_EVEN:
            odd = ((significand >> s) + offset) & one
            added = (one << (s - one)) - one + odd
        case Rounding.TOWARD_POSITIVE:
            added = np.where(sign, np.uint64(0), (one << s) - one)
        case Rounding.TOWARD_NEGATIVE:
            added = np.where(sign, (one << s) - one, np.uint64(0))
        case Rounding.TO_ODD:
            even = one - (((significand >> s) + offset) & one)
            added = ((one << s) - one) * even
        case Rounding.STOCHASTIC:
            assert rounder.random is not None
            drawn = rounder.random.integers(0, 1 << 64, size=s.shape, dtype=np.uint64)
            added = drawn >> (np.uint64(64) - s)
            # What is cut here has a probability below 2**-62.
            excess = np.minimum(shift - s.astype(np.int64), 63).astype(np.uint64)
            significand = significand >> excess
        case _:
            assert_never(rounder.mode)
    return np.asarray(((significand + added) >> s) + offset)

"""Keys that kinds of converters share: lanes, rounding, overflow and register stages."""

from __future__ import annotations

from hwdse.formats import Overflow, Rounding, ScalarFormat
from hwdse.pe.keys import Keys

__all__ = ["take_lanes", "take_overflow", "take_rounding", "take_stages"]

_MAX_LANES = 256
# What hardware rounds by without random numbers.
_ROUNDINGS = tuple(r for r in Rounding if r is not Rounding.STOCHASTIC)


def take_lanes(keys: Keys) -> int:
    """Key ``lanes``: values converted side by side; by default one."""
    return keys.integer_of("lanes", 1, 1, _MAX_LANES)


def take_rounding(keys: Keys) -> Rounding:
    """Key ``rounding``: a :class:`Rounding` with underscores; by default to nearest even."""
    names = {r.replace("-", "_"): r for r in _ROUNDINGS}
    return names[keys.choice_of("rounding", tuple(names), "nearest_even")]


def take_overflow(keys: Keys, target: ScalarFormat, default: Overflow) -> Overflow:
    """Key ``overflow``: an :class:`Overflow` that the target offers."""
    offered = (Overflow.SATURATE, Overflow.NONFINITE) if target.specials else (Overflow.SATURATE,)
    return Overflow(keys.choice_of("overflow", offered, default))


def take_stages(keys: Keys, useful: tuple[str, ...]) -> tuple[str, ...]:
    """Key ``pipeline``: how many register stages there are before the results'.

    Args:
        keys: Of the spec.
        useful: Stages, in the order of the data; one alone is the last of them.
    """
    count = keys.integer_of("pipeline", 0, 0, len(useful))
    return useful[len(useful) - count :]

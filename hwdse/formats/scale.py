"""How a block of numbers chooses the scale that it shares.

Every rule is exact: exponents come from the binary representation and quotients decide ties by
their remainders; there is no logarithm that could be off by one just below a power of two.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse.errors import HwdseError
from hwdse.formats._quotient import quotient, significant_bits
from hwdse.formats.base import Rounding, ScalarFormat

__all__ = [
    "ScaleLimits",
    "ScaleRule",
    "check_rule",
    "is_power_of_two",
    "limits",
    "rule_rounding",
    "wanted_scale",
]

_Floats = npt.NDArray[np.float64]

_EXPONENT = np.uint64(0x7FF << 52)


class ScaleRule(enum.StrEnum):
    """Which scale a block takes whose largest magnitude is ``amax``.

    ``emax`` is the exponent of the largest power of two of the element format and ``max`` its
    largest value. "Power-of-two scales" are those of formats such as ``e8m0``.

    Members:
        FLOOR: ``floor(log2(amax)) - emax`` for power-of-two scales, as in OCP Microscaling Formats
            v1.0, section 6.3; ``amax / max`` rounded down for others. Values up to a factor of two
            (for others: one step) beyond ``max`` saturate.
        CEIL: The least scale with ``amax / scale <= max``, so that nothing saturates: RCEIL of
            NVIDIA and torchao, ``ceil(log2(absmax / Qmax))`` of arXiv 2510.25602.
        CEIL_LOG2: ``ceil(log2(amax)) - emax``, power-of-two scales only: CEIL of torchao.
        ROUND: ``amax / max`` rounded to the nearest scale, ties to the even code.
        EVEN: ``amax`` rounded, half away, to the precision of the element's largest values, then
            as FLOOR; power-of-two scales only: EVEN of torchao.
        MSE: That of some candidates which leaves the least sum of squared errors; of equal ones
            the largest. The candidates are, of power-of-two scales, the one of CEIL and the next
            two below; of others whose significand has up to 6 bits, all from the one of CEIL down
            to half of it; of wider ones, the nearest to ``(1 - i/64) * amax / max`` for i = 0 to
            32.
    """

    FLOOR = "floor"
    CEIL = "ceil"
    CEIL_LOG2 = "ceil-log2"
    ROUND = "round"
    EVEN = "even"
    MSE = "mse"


@dataclass(frozen=True, kw_only=True)
class ScaleLimits:
    """What a format offers as scales.

    Members:
        least: The least value over zero.
        largest: The largest finite value.
        nan_code: Code of a NaN; None if there is none.
    """

    least: float
    largest: float
    nan_code: int | None


def limits(scale: ScalarFormat) -> ScaleLimits:
    """The limits of a format of scales."""
    least = scale.min_normal if scale.min_subnormal is None else scale.min_subnormal
    nan_code = int(scale.encode(np.float64(np.nan))) if "NaN" in scale.specials else None
    return ScaleLimits(least=least, largest=scale.max, nan_code=nan_code)


def is_power_of_two(scale: ScalarFormat) -> bool:
    """Whether all scales of a format are powers of two."""
    return scale.significand_bits == 1 and scale.kind == "minifloat"


def check_rule(rule: ScaleRule, *, scale: ScalarFormat, name: str) -> None:
    """Raise HwdseError if a rule means nothing for a format of scales."""
    if rule in (ScaleRule.CEIL_LOG2, ScaleRule.EVEN) and not is_power_of_two(scale):
        raise HwdseError(
            f"{name}: the scale rule {str(rule)!r} needs power-of-two scales such as e8m0, "
            f"not {scale.name}"
        )


def wanted_scale(
    amax: _Floats,
    *,
    rule: ScaleRule,
    element: ScalarFormat,
    scale: ScalarFormat,
    tensor: float,
    narrow: bool,
) -> _Floats:
    """The scale that a rule wants, before it is rounded to the format of scales.

    For MSE, that of CEIL.

    Args:
        amax: Largest magnitudes; finite.
        rule: The rule.
        element: Format of the elements.
        scale: Format of the scales.
        tensor: The scale of the whole tensor, a float32 number; 1.0 without.
        narrow: As for :func:`~hwdse.formats._quotient.quotient`.
    """
    if is_power_of_two(scale) and rule is not ScaleRule.ROUND:
        if tensor != 1:
            bits = significant_bits(tensor)
            amax = quotient(amax, np.asarray(tensor), scale_bits=bits, narrow=False)
        return _power_of_two(amax, rule, element)
    divisor = tensor * element.max
    bits = significant_bits(divisor)
    return quotient(amax, np.asarray(divisor), scale_bits=bits, narrow=narrow)


def _power_of_two(a: _Floats, rule: ScaleRule, element: ScalarFormat) -> _Floats:
    # The power of two at or below each; 0 for zero and the subnormals of binary64, which are below
    # all scales. Where a is no exact quotient, its last bit is one, and it compares with shorter
    # numbers as the true quotient does. Products with powers of two are exact.
    power = (a.view(np.uint64) & _EXPONENT).view(np.float64)
    max_part, max_exponent = math.frexp(element.max)
    match rule:
        case ScaleRule.CEIL | ScaleRule.MSE:
            up = a > power * (2 * max_part)
        case ScaleRule.CEIL_LOG2:
            up = a > power
        case ScaleRule.EVEN:
            # Half a step below the next power of two, and from there on, it rounds up to that.
            bits = min(element.significand_bits, max_exponent - element.lsb_exponent)
            up = a >= power * (2 - 2.0**-bits)
        case _:
            up = np.zeros(a.shape, dtype=np.bool_)
    with np.errstate(over="ignore"):
        power = np.where(up, 2 * power, power)
    return np.asarray(power * math.ldexp(1.0, 1 - max_exponent))


def rule_rounding(rule: ScaleRule) -> Rounding:
    """How the wanted scale becomes one of the format."""
    match rule:
        case ScaleRule.FLOOR:
            return Rounding.TOWARD_ZERO
        case ScaleRule.CEIL | ScaleRule.MSE:
            return Rounding.TOWARD_POSITIVE
        case _:
            return Rounding.NEAREST_EVEN

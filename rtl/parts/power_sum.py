"""Decoders of weights that are sums of powers of two; see ``hwdse.pe.digits``."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Cat, Const, Module, Signal, Value

from hwdse.formats import ScalarFormat
from hwdse.pe.digits import digits
from rtl.parts.bits import leading_zeros
from rtl.parts.operand import float_decoder, require_decoder, require_table
from rtl.parts.table import look_up

__all__ = ["Power", "decode_powers", "require_power_decoder"]


@dataclass(frozen=True)
class Power:
    """One of the powers of two in a weight, the digit's ``2**(least + step * steps)`` if present.

    Attributes:
        present: Whether the weight has it.
        steps: Unsigned; means nothing where the weight does not have it.
    """

    present: Value
    steps: Value


def require_power_decoder(fmt: ScalarFormat) -> None:
    """Check that there is a decoder for a format, before anything is built.

    Raises:
        HwdseError: It would be a table that is too large.
    """
    if digits(fmt).ranked:
        require_decoder(fmt)
    else:
        require_table(fmt)


def decode_powers(
    m: Module, code: Value, fmt: ScalarFormat, name: str
) -> tuple[Value, list[Power]]:
    """Whether a weight is negative, and its powers.

    Terms with exponents of their own are looked up. Ranked ones are found by position encoders, as
    a table of them would be large.

    Args:
        m: Module that takes the decoder.
        code: The code word.
        fmt: Its format.
        name: Of the decoder.

    Returns:
        The sign, a constant 0 for an unsigned format and of no meaning for zero; and a power for
        each term of ``digits(fmt)``.
    """
    return (_encoded if digits(fmt).ranked else _looked_up)(m, code, fmt, name)


def _looked_up(m: Module, code: Value, fmt: ScalarFormat, name: str) -> tuple[Value, list[Power]]:
    every, found = digits(fmt), []
    codes = fmt.codes().tolist()
    for index, digit in enumerate(every.terms):
        present = {c: int(c in digit.of_code) for c in codes}
        steps = {c: (p - digit.least) // digit.step for c, p in digit.of_code.items()}
        width = (digit.reach // digit.step).bit_length()
        found.append(
            Power(
                present=look_up(m, code, present, 1, f"{name}_present{index}"),
                steps=look_up(m, code, steps, width, f"{name}_steps{index}"),
            )
        )
    if not fmt.signed:
        return Const(0, 1), found
    negative = {c: int(c in every.negative) for c in codes}
    return look_up(m, code, negative, 1, f"{name}_negative"), found


def _encoded(m: Module, code: Value, fmt: ScalarFormat, name: str) -> tuple[Value, list[Power]]:
    m.submodules[name] = fields = float_decoder(fmt)
    m.d.comb += fields.code.eq(code)
    # With zeros on top to a power of two, a position is the complement of a leading-zero count.
    width = 1 << (len(fields.significand) - 1).bit_length()
    rest: Value = Cat(fields.significand, Const(0, width - len(fields.significand)))
    found = []
    for index in range(len(digits(fmt).terms)):
        count, zero = leading_zeros(m, rest, f"{name}_lead{index}")
        found.append(Power(present=~zero, steps=~count))
        below = Signal(width, name=f"{name}_below{index}")
        m.d.comb += below.eq(Cat(rest[i] & rest[i + 1 :].any() for i in range(width)))
        rest = below
    return (fields.sign if fmt.signed else Const(0, 1)), found

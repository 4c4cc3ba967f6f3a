"""Operand decoders: from the code words of any scalar format to what multipliers take.

What a decoder looks like follows from what the format says of itself. Codes that are two's
complement, unsigned or sign-and-magnitude integers take wires and at most a negation; minifloats
are split into their fields; everything else is a table of what
:func:`hwdse.pe.product.operand` gives. Bit patterns that are no codes mean nothing, and decode to
anything.
"""

from __future__ import annotations

import enum

import numpy as np
from amaranth import Module, Mux, Shape, Value, unsigned
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.formats import Minifloat, ScalarFormat
from hwdse.pe.product import integers, is_fixed_point, operand, operand_shape
from rtl.parts.minifloat import Unpack
from rtl.parts.table import look_up

__all__ = [
    "FieldTable",
    "SignMagnitude",
    "ValueTable",
    "fixed_point_shape",
    "fixed_point_value",
    "float_decoder",
    "require_decoder",
    "require_table",
]

# A table has a row for each code, and synthesis takes its time over thousands of rows.
MAX_TABLE_BITS = 12


class _Layout(enum.Enum):
    """How codes are to be read as integers, in units of the format's last bit."""

    INTEGER = "two's complement, or unsigned"
    SIGN_MAGNITUDE = "sign and magnitude"
    TABLE = "otherwise"


def _layout(fmt: ScalarFormat) -> _Layout:
    """How codes of a fixed-point format are to be read."""
    codes = fmt.codes().astype(np.int64)
    value = _values(fmt)
    half = 1 << (fmt.bits - 1)
    if (value == ((codes ^ half) - half if fmt.signed else codes)).all():
        return _Layout.INTEGER
    magnitude = codes & (half - 1)
    if (value == np.where(codes >= half, -magnitude, magnitude)).all():
        return _Layout.SIGN_MAGNITUDE
    return _Layout.TABLE


def _values(fmt: ScalarFormat) -> NDArray[np.int64]:
    return integers(fmt, fmt.codes().astype(np.int64))


def _table_shape(values: NDArray[np.int64]) -> Shape:
    return Shape.cast(range(min(int(values.min()), 0), int(values.max()) + 1))


def fixed_point_value(m: Module, code: Value, fmt: ScalarFormat, name: str) -> Value:
    """A code word as an integer in units of ``2**fmt.lsb_exponent``.

    Args:
        m: Module that takes the decoder, if there is need of one.
        code: The code word.
        fmt: A fixed-point format.
        name: Of the decoder.
    """
    match _layout(fmt):
        case _Layout.INTEGER:
            return code.as_signed() if fmt.signed else code.as_unsigned()
        case _Layout.SIGN_MAGNITUDE:
            return Mux(code[-1], -code[:-1], code[:-1])
        case _Layout.TABLE:
            m.submodules[name] = table = ValueTable(fmt=fmt)
            m.d.comb += table.code.eq(code)
            return table.value


def fixed_point_shape(fmt: ScalarFormat) -> Shape:
    """Shape of :func:`fixed_point_value`."""
    match _layout(fmt):
        case _Layout.INTEGER:
            return Shape(fmt.bits, fmt.signed)
        case _Layout.SIGN_MAGNITUDE:
            return Shape(fmt.bits, signed=True)
        case _Layout.TABLE:
            return _table_shape(_values(fmt))


def float_decoder(fmt: ScalarFormat) -> wiring.Component:
    """A component that takes codes apart; its members are those of :class:`FieldTable`, or more."""
    if isinstance(fmt, Minifloat):
        return Unpack(fmt=fmt)
    if is_fixed_point(fmt) and _layout(fmt) is not _Layout.TABLE:
        return SignMagnitude(fmt=fmt)
    return FieldTable(fmt=fmt)


def require_decoder(fmt: ScalarFormat) -> None:
    """Check that there is a decoder for a format, before anything is built.

    Raises:
        HwdseError: It would be a table that is too large.
    """
    wires = isinstance(fmt, Minifloat) or (
        is_fixed_point(fmt) and _layout(fmt) is not _Layout.TABLE
    )
    if not wires:
        require_table(fmt)


def require_table(fmt: ScalarFormat) -> None:
    """Check that a format's codes can be decoded by a table.

    Raises:
        HwdseError: There are too many.
    """
    if fmt.bits > MAX_TABLE_BITS:
        raise HwdseError(
            f"hardware decodes {fmt.name} by a table; choose a format with codes of at most "
            f"{MAX_TABLE_BITS} bits (only the reference takes more), not {fmt.bits}"
        )


class ValueTable(wiring.Component):
    """Look-up of fixed-point operands; combinational.

    Parameters:
        fmt: The code's format.

    Members:
        code: ``In(fmt.bits)``.
        value: ``Out``: integer in units of ``2**fmt.lsb_exponent``, signed where one is negative.
    """

    def __init__(self, *, fmt: ScalarFormat) -> None:
        codes = fmt.codes().astype(np.int64)
        values = _values(fmt)
        shape = _table_shape(values)
        words = values & ((1 << shape.width) - 1)
        self.words = dict(zip(codes.tolist(), words.tolist(), strict=True))
        super().__init__({"code": In(fmt.bits), "value": Out(shape)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        m.d.comb += self.value.eq(look_up(m, self.code, self.words, len(self.value), "row"))
        return m


def _field_members(fmt: ScalarFormat) -> dict[str, In | Out]:
    shape = operand_shape(fmt)
    return {
        "code": In(fmt.bits),
        "sign": Out(1),
        "nan": Out(1),
        "infinite": Out(1),
        "zero": Out(1),
        "significand": Out(unsigned(shape.significand_bits)),
        "shift": Out(unsigned(shape.max_shift.bit_length())),
    }


class FieldTable(wiring.Component):
    """Look-up of sign, significand and shift; combinational.

    Parameters:
        fmt: The code's format.

    Members:
        code: ``In(fmt.bits)``.
        sign, nan, infinite, zero: ``Out(1)``; at most one of the last three is high.
        significand: ``Out``, 0 where one of them is high.
        shift: ``Out``: exponent over ``fmt.lsb_exponent``.
    """

    def __init__(self, *, fmt: ScalarFormat) -> None:
        self.codes = fmt.codes().astype(np.int64)
        self.fields = operand(fmt, self.codes)
        super().__init__(_field_members(fmt))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        x = self.fields
        columns = {
            "sign": x.sign,
            "nan": x.nan,
            "infinite": x.infinite,
            "zero": (x.significand == 0) & ~x.nan & ~x.infinite,
            "significand": x.significand,
            "shift": x.shift,
        }
        for name, values in columns.items():
            member = getattr(self, name)
            words = dict(zip(self.codes.tolist(), values.astype(np.int64).tolist(), strict=True))
            m.d.comb += member.eq(look_up(m, self.code, words, len(member), name + "_row"))
        return m


class SignMagnitude(wiring.Component):
    """Splits a fixed-point operand whose code is an integer; combinational.

    Parameters:
        fmt: The code's format.

    Members:
        As of :class:`FieldTable`; ``shift`` has no bits, ``nan`` and ``infinite`` are constant 0.
    """

    def __init__(self, *, fmt: ScalarFormat) -> None:
        self.fmt = fmt
        super().__init__(_field_members(fmt))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        sign = self.code[-1] if self.fmt.signed else 0
        if _layout(self.fmt) is _Layout.SIGN_MAGNITUDE:
            magnitude = self.code[:-1]
        else:
            magnitude = Mux(sign, -self.code, self.code)
        m.d.comb += [
            self.sign.eq(sign),
            self.significand.eq(magnitude),
            self.zero.eq(self.significand == 0),
        ]
        return m

"""Sums that an accumulator can come to hold, as a condition in SystemVerilog.

A fault that needs other contents than these to show is no fault. The conditions hold at power-up
and stay true with every term:

* An ``exact`` sum of at most ``terms`` products is at most so many times the largest term, or as
  many times more as it takes cycles to add one.
* A float sum is a multiple of the terms' last bit, because rounding only drops bits. It is no
  larger than ``2**(p + 1)`` times the least power of two above the largest term, ``p`` being the
  bits of its significand: there a term is less than half of the last bit. So it is infinite only
  where that is beyond its range or a term is infinite, and NaN, in its one canonical form, only
  where a term is not finite.
"""

from __future__ import annotations

from hwdse.pe import Design, Unit
from hwdse.pe.accumulate import FloatAccumulator

__all__ = ["reachable"]


def reachable(design: Design) -> str:
    """A module ``reachable`` with the input ``acc`` and the output ``ok``.

    Of designs without ``acc`` it says nothing, and takes no input.
    """
    if not isinstance(design, Unit):
        return "module reachable (output ok);\n  assign ok = 1'b1;\nendmodule\n"
    unit, accumulator = design, design.accumulator
    if isinstance(accumulator, FloatAccumulator):
        condition = _float_condition(accumulator)
    elif accumulator.name == "exact":
        condition = _fixed_condition(accumulator.width, unit)
    else:
        condition = "1'b1"
    width, sums = accumulator.width, range(unit.sums)
    each = ", ".join(
        f"one_sum s{i} (acc[{(i + 1) * width - 1}:{i * width}], all_ok[{i}])" for i in sums
    ).replace(", one_sum ", ", ")
    return (
        f"module one_sum (input [{width - 1}:0] acc, output ok);\n"
        f"  assign ok = {condition};\nendmodule\n"
        f"module reachable (input [{width * len(sums) - 1}:0] acc, output ok);\n"
        f"  wire [{len(sums) - 1}:0] all_ok;\n  {each};\n  assign ok = &all_ok;\nendmodule\n"
    )


def _fixed_condition(width: int, unit: Unit) -> str:
    shape = unit.term_shape
    terms = unit.common.terms * unit.initiation_interval
    largest = min(shape.max_units * terms, (1 << (width - 1)) - 1)
    least = -largest if shape.signed else 0
    return (
        f"$signed(acc) <= $signed({width}'d{largest}) && "
        f"$signed(acc) >= $signed({width}'d{least % (1 << width)})"
    )


def _float_condition(accumulator: FloatAccumulator) -> str:
    fmt, shape = accumulator.format, accumulator.shape
    fraction, magnitude_bits = fmt.mantissa_bits, fmt.bits - 1
    infinity, nan = fmt.infinity_code, fmt.nan_code
    assert infinity is not None and nan is not None  # noqa: PT018
    # The exponent of the bound, and the code of that power of two.
    top = fraction + 2 + shape.max_units.bit_length() + shape.lsb_exponent
    code = max(top + fmt.bias, 1) << fraction
    limit = infinity if shape.infinite else min(code, infinity)
    magnitude = f"acc[{magnitude_bits - 1}:0]"
    in_range = f"{magnitude} <= {magnitude_bits}'d{limit}"
    if shape.special:
        in_range = f"({in_range} || acc == {fmt.bits}'d{nan})"
    # How far the last bit of the code's significand lies below that of terms.
    field = f"acc[{magnitude_bits - 1}:{fraction}]"
    least = shape.lsb_exponent + fmt.bias + fraction
    if least <= 1:
        return in_range
    significand = f"{{{field} != 0, acc[{fraction - 1}:0]}}"
    exponent = f"({field} == 0 ? {magnitude_bits}'d1 : {magnitude_bits}'d0 + {field})"
    below = f"({exponent} >= {least} ? 0 : {least} - {exponent})"
    coarse = f"({significand} >> {below}) << {below}"
    return f"{in_range} && {fraction + 1}'d0 + ({coarse}) == {significand}"

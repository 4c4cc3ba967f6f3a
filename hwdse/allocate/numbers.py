"""Numbers read and shown exactly: a float stands for the shortest decimal that names it.

So `0.1` in a table is one tenth, three rows of it meet a budget of `0.3`, and a total that was
printed can be given back as a budget.
"""

from __future__ import annotations

import math
import re
from fractions import Fraction

__all__ = ["bound_to_float", "exact", "parse_number", "show_reachable"]

_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?\Z")


def parse_number(text: str) -> Fraction | None:
    """The exact value of a decimal number, or None when the text is not a finite one.

    Args:
        text: Such as `12.5` or `-1e-6`; blanks around it are ignored. Its magnitude must be within
            the range of a float.
    """
    text = text.strip()
    if not _NUMBER.match(text) or not math.isfinite(float(text)):
        return None
    value = Fraction(text)
    # What underflows a float cannot be shown as one either.
    return None if value != 0 and float(text) == 0.0 else value


def exact(value: float) -> Fraction:
    """The shortest decimal that names this float, as a fraction."""
    return Fraction(repr(float(value)))


def bound_to_float(value: Fraction, *, upper: bool) -> float:
    """A float not below (`upper`) or not above the value, reading floats as `exact` does."""
    result = float(value)
    if upper and exact(result) < value:
        return math.nextafter(result, math.inf)
    if not upper and exact(result) > value:
        return math.nextafter(result, -math.inf)
    return result


def show_reachable(value: Fraction, *, upper: bool) -> str:
    """A short text of a number for a message, rounded so that a budget of it can be met.

    Args:
        value: The least (or greatest) reachable value.
        upper: Round up, for the least value that a `<=` budget can take.
    """
    near = float(value)
    for digits in range(6, 17):
        text = f"{near:.{digits}g}"
        shown = Fraction(text)
        if shown == value:
            return text
    result = repr(bound_to_float(value, upper=upper))
    return result

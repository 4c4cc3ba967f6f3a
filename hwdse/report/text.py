"""Numbers and names as text: for people, and safe to put into a page."""

from __future__ import annotations

import html
import math
import unicodedata
from typing import Any

__all__ = ["as_float", "clip", "esc", "interval", "number", "percent", "printable"]

NOTHING = "–"
"""Stands for a value that there is none of."""

_SUPERSCRIPT = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_REPLACEMENT = "\ufffd"
_THIN = "\u202f"  # narrow no-break space


def as_float(value: Any) -> float:
    """The value as a number; NaN for None, an empty string and whatever else is no number."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def number(value: Any, *, digits: int = 4) -> str:
    """A number of so many significant digits, in plain notation where that is short."""
    v = as_float(value)
    if math.isnan(v):
        return NOTHING
    if math.isinf(v):
        return "∞" if v > 0 else "−∞"
    sign = "−" if v < 0 else ""
    mantissa, _, power = f"{abs(v):.{digits - 1}e}".partition("e")
    exponent = int(power)
    if v == 0 or -4 <= exponent < digits:
        text = f"{abs(v):.{max(digits - 1 - exponent, 0)}f}" if v else "0"
        return sign + (text.rstrip("0").rstrip(".") if "." in text else text)
    if digits <= exponent < 7:
        return sign + f"{abs(v):,.0f}".replace(",", _THIN)
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{sign}{mantissa}{_THIN}×{_THIN}10{str(exponent).translate(_SUPERSCRIPT)}"


def percent(share: Any) -> str:
    """A share of one as a percentage of three significant digits."""
    v = as_float(share)
    return number(100 * v, digits=3) + f"{_THIN}%" if math.isfinite(v) else NOTHING


def interval(low: Any, high: Any) -> str:
    """Both ends of an interval, or nothing at all unless both are known."""
    if math.isnan(as_float(low)) or math.isnan(as_float(high)):
        return ""
    return f"{number(low)} … {number(high)}"


def printable(value: Any) -> str:
    """Text on one line, without what a picture cannot show or XML cannot hold."""
    words = " ".join(str(value).split())
    kept = (c for c in words if unicodedata.category(c) != "Cf")  # marks of direction, joiners
    return "".join(_REPLACEMENT if _is_foul(c) else c for c in kept)


def clip(value: Any, length: int) -> str:
    """Printable text, cut with an ellipsis when longer than so many characters."""
    text = printable(value)
    return text if len(text) <= length else text[: length - 1].rstrip() + "…"


def esc(value: Any) -> str:
    """Text that shows as itself in HTML and SVG, in elements and in quoted attributes."""
    text = str(value)
    return html.escape("".join(_REPLACEMENT if _is_foul(c) else c for c in text), quote=True)


def _is_foul(char: str) -> bool:
    """Whether neither HTML nor XML may hold it: a control, half a surrogate pair, no character."""
    if unicodedata.category(char) in ("Cc", "Cs"):
        return char not in "\n\t"
    return ord(char) & 0xFFFE == 0xFFFE

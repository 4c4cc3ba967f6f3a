"""Number formats: exact codes and values of integers and small floating-point types.

``get("e4m3").quantize(x)`` gives the values that an array rounds to. The formats are immutable
values which say what they can represent; nothing else in this package depends on their names.
"""

from hwdse.formats.base import Format, Overflow, Rounding, ScalarFormat, Seed, Unpacked
from hwdse.formats.integer import IntegerFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy
from hwdse.formats.registry import get, names
from hwdse.formats.scalars import scalar
from hwdse.formats.sqnr import sqnr_db

__all__ = [
    "Format",
    "IntegerFormat",
    "Minifloat",
    "NanPolicy",
    "Overflow",
    "Rounding",
    "ScalarFormat",
    "Seed",
    "Unpacked",
    "get",
    "names",
    "scalar",
    "sqnr_db",
]

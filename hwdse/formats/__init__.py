"""Number formats: exact codes and values of integers and small floating-point types.

``get("e4m3").quantize(x)`` gives the values that an array rounds to. The formats are immutable
values which say what they can represent; nothing else in this package depends on their names.
"""

from hwdse.formats._blocks import BlockCodes
from hwdse.formats.base import Format, Overflow, Rounding, ScalarFormat, Seed, Unpacked
from hwdse.formats.hadamard import hadamard, inverse_hadamard
from hwdse.formats.integer import IntegerFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy
from hwdse.formats.registry import get, names
from hwdse.formats.scalars import scalar
from hwdse.formats.slabs import SLAB_VALUES
from hwdse.formats.sqnr import SqnrMeter, sqnr_db
from hwdse.formats.steps import ENUMERABLE_BITS, Step, precision_steps, value_set
from hwdse.formats.streaming import Job, Rotation, quantize_stream

__all__ = [
    "ENUMERABLE_BITS",
    "SLAB_VALUES",
    "BlockCodes",
    "Format",
    "IntegerFormat",
    "Job",
    "Minifloat",
    "NanPolicy",
    "Overflow",
    "Rotation",
    "Rounding",
    "ScalarFormat",
    "Seed",
    "SqnrMeter",
    "Step",
    "Unpacked",
    "get",
    "hadamard",
    "inverse_hadamard",
    "names",
    "precision_steps",
    "quantize_stream",
    "scalar",
    "sqnr_db",
    "value_set",
]

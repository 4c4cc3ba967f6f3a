"""Number formats: exact codes and values of everything from ``int8`` to ``nvfp4``.

``get("e4m3").quantize(x)`` gives the values that an array rounds to. The formats are immutable
values which say what they can represent; nothing else in this package depends on their names.

Libraries and papers disagree in places. What holds here:

* Every number is rounded once, from its exact value. ml_dtypes and PyTorch take float64 and
  integers through float32 first, and so round some of them wrongly.
* Beyond the largest number, encoding saturates, infinities too, as MX does and PyTorch does for
  E4M3. ``overflow="nonfinite"`` gives infinity (E5M2) or NaN (E4M3), as ml_dtypes does.
* A NaN is refused by formats that have none. ml_dtypes makes it a zero of the opposite sign.
* Ties go to even unless ``rounding`` says otherwise. ``nearest-away`` is microxcaling's default.
  Integers are rounded and saturate; ml_dtypes cuts off and wraps.
* E8M0 ties go to the even code, as in gfloat; ``nearest-away`` rounds them up, as ml_dtypes does.
  Zero and less saturate at 2**-127; under ``nonfinite`` they are NaN. ml_dtypes 0.6 takes all of
  float32's numbers between 2**-127 and 1.5 * 2**-127 to 2**-126: we do not.
* MX scales come from the exponent of the block's largest magnitude, never from a logarithm in
  floating point, which is one too high just below powers of two (microxcaling, gfloat in float32).
  The rule is OCP's ``floor`` unless the name says otherwise (:class:`ScaleRule`). A zero block has
  the least scale. A block with a NaN or an infinity is NaN as a whole.
* ``mxint8`` has -2.0, as in gfloat; ``mxint8_sym`` leaves it unused, as microxcaling does. OCP
  allows either.
* ``nvfp4`` is torchao's: float32 arithmetic, one multiplication by a reciprocal, block scales of
  at least 2**-6. ``nvfp4_divide`` rounds the exact quotient once and uses subnormal scales.
* The ``_fnuz`` types have no negative zero: what rounds to it is zero.
"""

from hwdse.formats._blocks import BlockCodes
from hwdse.formats.base import Format, Overflow, Rounding, ScalarFormat, Seed, Unpacked
from hwdse.formats.block import Arithmetic, BlockFormat
from hwdse.formats.codebook import Codebook
from hwdse.formats.hadamard import hadamard, inverse_hadamard
from hwdse.formats.integer import IntegerFormat
from hwdse.formats.minifloat import Minifloat, NanPolicy
from hwdse.formats.registry import get, names, scalar
from hwdse.formats.scale import ScaleRule
from hwdse.formats.slabs import SLAB_VALUES
from hwdse.formats.sqnr import SqnrMeter, sqnr_db
from hwdse.formats.steps import ENUMERABLE_BITS, Step, precision_steps, value_set
from hwdse.formats.streaming import Job, Rotation, quantize_stream

__all__ = [
    "ENUMERABLE_BITS",
    "SLAB_VALUES",
    "Arithmetic",
    "BlockCodes",
    "BlockFormat",
    "Codebook",
    "Format",
    "IntegerFormat",
    "Job",
    "Minifloat",
    "NanPolicy",
    "Overflow",
    "Rotation",
    "Rounding",
    "ScalarFormat",
    "ScaleRule",
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

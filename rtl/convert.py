"""``convert``: a function for each kind, in a module of its name in ``hwdse.pe.converters``."""

from __future__ import annotations

from amaranth.lib import wiring

from hwdse.pe.converter import Converter
from hwdse.pe.converters.cast import Cast
from hwdse.pe.converters.hadamard import Hadamard
from hwdse.pe.converters.quantise import Quantise
from hwdse.pe.converters.requant import Requant
from hwdse.pe.converters.shiftgelu import ShiftGelu
from hwdse.pe.converters.shiftmax import Shiftmax
from hwdse.pe.converters.softmax_scale import SoftmaxScale
from hwdse.pe.converters.softmax_sum import SoftmaxSum
from hwdse.pe.converters.sround import StochasticRounder
from rtl.converter import ConverterTop
from rtl.converters.cast import Casts
from rtl.converters.hadamard import Butterfly
from rtl.converters.quantise import BlockQuantiser
from rtl.converters.requant import Requantisers
from rtl.converters.shiftgelu import Gelu
from rtl.converters.shiftmax import Softmax
from rtl.converters.softmax_scale import PairScale
from rtl.converters.softmax_sum import PairSum
from rtl.converters.sround import Rounder

__all__ = ["top"]

# By the spec's class, what makes a component of the spec.
_FUNCTIONS: dict[type[Converter], type[wiring.Component]] = {
    Cast: Casts,
    Quantise: BlockQuantiser,
    Requant: Requantisers,
    Hadamard: Butterfly,
    StochasticRounder: Rounder,
    Shiftmax: Softmax,
    ShiftGelu: Gelu,
    SoftmaxSum: PairSum,
    SoftmaxScale: PairScale,
}


def top(design: Converter) -> ConverterTop:
    """The exported module of a converter."""
    return ConverterTop(converter=design, function=_FUNCTIONS[type(design)](design))

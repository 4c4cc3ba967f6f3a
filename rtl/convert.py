"""``convert``: a module for each kind, of the same name as in ``hwdse.pe.converters``."""

from __future__ import annotations

from types import ModuleType

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
from rtl.converters import (
    cast,
    hadamard,
    quantise,
    requant,
    shiftgelu,
    shiftmax,
    softmax_scale,
    softmax_sum,
    sround,
)

__all__ = ["top"]

# By the spec's class, a module with `top(design) -> Component`.
_KINDS: dict[type[Converter], ModuleType] = {
    Cast: cast,
    Quantise: quantise,
    Requant: requant,
    Hadamard: hadamard,
    StochasticRounder: sround,
    Shiftmax: shiftmax,
    ShiftGelu: shiftgelu,
    SoftmaxSum: softmax_sum,
    SoftmaxScale: softmax_scale,
}


def top(design: Converter) -> wiring.Component:
    """The exported module of a converter."""
    component: wiring.Component = _KINDS[type(design)].top(design)
    return component

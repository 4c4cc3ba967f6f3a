"""Dot product of the ``dot`` family; the reference is ``hwdse.pe.dot``."""

from __future__ import annotations

from amaranth.lib import wiring

from hwdse.pe.dot import Dot
from rtl.parts.float_dot import FloatDot
from rtl.parts.operand import require_decoder
from rtl.parts.product_sum import ProductSum

__all__ = ["term_source"]


def term_source(unit: Dot) -> wiring.Component:
    """The component that makes a ``dot``'s terms: ports of the operands, and the term.

    Raises:
        HwdseError: There is no decoder for one of its formats.
    """
    for operand in unit.operands:
        require_decoder(operand.format)
    return ProductSum(unit=unit) if unit.fixed_point else FloatDot(unit=unit)

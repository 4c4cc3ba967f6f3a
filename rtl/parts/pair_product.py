"""The sum of two products by one multiplier; how and why is in ``hwdse.pe.packing``."""

from __future__ import annotations

from amaranth import Cat, Module, Shape, Signal, Value

from hwdse.pe.packing import Packing
from rtl.parts.bits import register

__all__ = ["pair_product", "pair_shape"]


def pair_shape(packing: Packing) -> Shape:
    """Shape of what :func:`pair_product` gives."""
    return Shape(packing.sum_bits, signed=packing.limit is not None)


def pair_product(
    m: Module,
    first: tuple[Value, Value],
    second: tuple[Value, Value],
    packing: Packing,
    *,
    registered: bool,
    name: str,
) -> Value:
    """The sum of the products of two lanes.

    Args:
        m: Module that takes the logic.
        first, second: Weight and activation of each lane, in the packing's ranges.
        packing: Of their formats.
        registered: Whether registers follow the multiplier.
        name: Stem of the signals' names.
    """
    k = packing.shift
    bits_w, bits_a = packing.word_bits
    w = _word(m, first[0], second[0], k, bits_w, f"{name}_w")
    a = _word(m, second[1], first[1], k, bits_a, f"{name}_a")
    product = Signal(2 * k, name=f"{name}_product")
    # Half of the middle field's last place: a negative lower field then borrows nothing from it.
    m.d.comb += product.eq(w * a + (0 if packing.limit is None else 1 << (k - 1)))
    total = Signal(k, name=f"{name}_sum")
    m.d.comb += total.eq(register(m, f"{name}_field", product[k:]) if registered else product[k:])
    if packing.limit is None:
        return total
    return Cat(total, total >= packing.limit)[: packing.sum_bits].as_signed()


def _word(m: Module, low: Value, high: Value, k: int, bits: int, name: str) -> Value:
    """``low + (high << k)``, in so many bits; signed where the operands are."""
    shape = Shape(k, low.shape().signed)
    lower = Signal(shape, name=f"{name}_lower")
    m.d.comb += lower.eq(low)
    upper = high - lower[-1] if shape.signed else high
    word = Signal(Shape(bits, shape.signed), name=name)
    m.d.comb += word.eq(Cat(lower, upper))
    return word

"""Products of many lanes and their sum, exact or cut off; the reference is ``hwdse.pe.lanes``."""

from __future__ import annotations

from dataclasses import dataclass

from amaranth import Cat, Const, Module, Mux, Signal, Value, signed

from hwdse.pe.implementation import SHIFT_ADD, Implementation
from hwdse.pe.lanes import Factor
from hwdse.pe.product import is_fixed_point
from hwdse.pe.term import TermShape
from rtl.parts.addends import balanced_sum
from rtl.parts.adder import add
from rtl.parts.bits import replicate
from rtl.parts.heap import BitHeap
from rtl.parts.multiplier import add_product, shift_add
from rtl.parts.operand import fixed_point_value, float_decoder

__all__ = [
    "Lane",
    "align",
    "cut_off",
    "largest",
    "largest_of",
    "place",
    "product",
    "sum_of",
    "take",
]


@dataclass(frozen=True)
class Lane:
    """One operand, or one product: ``(-1)**sign * significand << shift``.

    A significand may be signed; then it counts besides ``sign``. That of an infinity is not zero.
    """

    sign: Value
    significand: Value
    shift: Value
    nan: Value
    infinite: Value
    zero: Value

    @property
    def negative(self) -> Value:
        """Sign of the value, where it is not zero."""
        significand = self.significand
        return self.sign ^ significand[-1] if significand.shape().signed else self.sign


_NO = Const(0, 1)


def take(
    m: Module, factor: Factor, code: Value, zero: Value | None, *, magnitudes: bool, name: str
) -> Lane:
    """Take a code word apart.

    Args:
        m: Module that takes the logic.
        factor: What the codes are.
        code: The code word.
        zero: Code word of the zero point, where there is one.
        magnitudes: Whether significands of integers must be magnitudes too.
        name: Of the decoder.
    """
    if not is_fixed_point(factor.format) or (magnitudes and zero is None):
        m.submodules[name] = decoder = float_decoder(factor.format)
        m.d.comb += decoder.code.eq(code)
        return Lane(
            sign=decoder.sign,
            significand=decoder.significand,
            shift=decoder.shift,
            nan=decoder.nan,
            infinite=decoder.infinite,
            zero=decoder.zero,
        )
    value = fixed_point_value(m, code, factor.format, name)
    if zero is not None:
        value = value - fixed_point_value(m, zero, factor.format, f"{name}_zero")
    significand = Signal(value.shape(), name=f"{name}_value")
    m.d.comb += significand.eq(value)
    sign = _NO
    if magnitudes:
        sign = significand[-1]
        significand = Mux(sign, -significand, significand)[: factor.shape.significand_bits]
    return Lane(
        sign=sign,
        significand=significand,
        shift=Const(0, 0),
        nan=_NO,
        infinite=_NO,
        zero=significand == 0,
    )


def product(m: Module, x: Lane, y: Lane, *, how: Implementation, name: str) -> Lane:
    """The exact product of two operands."""
    wide: Value = x.significand * y.significand
    significand = Signal(wide.shape(), name=f"{name}_significand")
    if how.mul == SHIFT_ADD:
        wide = shift_add(x.significand, y.significand)
    elif how.mul != "star":
        heap = BitHeap(len(wide))
        add_product(m, heap, x.significand, y.significand, mul=how.mul, name=name)
        wide = _settled(m, heap, how, name)
    m.d.comb += significand.eq(wide)
    return Lane(
        sign=x.sign ^ y.sign,
        significand=significand,
        shift=x.shift + y.shift,
        nan=x.nan | y.nan | (x.infinite & y.zero) | (y.infinite & x.zero),
        infinite=x.infinite | y.infinite,
        zero=x.zero | y.zero,
    )


def place(m: Module, lane: Lane, shape: TermShape, name: str) -> Value:
    """A product, signed, in the fixed-point window of all products of a shape.

    It is negated while it is still short, which takes less than at the width of the window.
    """
    value = Signal(signed(len(lane.significand) + 1), name=f"{name}_value")
    placed = Signal(signed(len(value) + shape.max_shift), name=f"{name}_placed")
    m.d.comb += [
        value.eq(Mux(lane.sign, -lane.significand, lane.significand)),
        placed.eq(value << lane.shift),
    ]
    return placed


def largest(m: Module, lanes: list[Lane], shape: TermShape) -> Value:
    """The largest shift of those products that are not zero; 0 where all are."""
    shifts, zeros = [lane.shift for lane in lanes], [lane.zero for lane in lanes]
    return largest_of(m, shifts, zeros, shape.max_shift)


def largest_of(m: Module, shifts: list[Value], zeros: list[Value], most: int) -> Value:
    """The largest of shifts up to ``most`` that are not of zeros; 0 where all are."""
    level = [Mux(zero, 0, shift) for zero, shift in zip(zeros, shifts, strict=True)]
    depth = 0
    while len(level) > 1:
        after = []
        for i in range(0, len(level) - 1, 2):
            node = Signal(range(most + 1), name=f"largest_{depth}_{i // 2}")
            x, y = level[i], level[i + 1]
            m.d.comb += node.eq(Mux(x > y, x, y))
            after.append(node)
        level = after + (level[-1:] if len(level) % 2 else [])
        depth += 1
    return level[0]


def align(
    m: Module, lane: Lane, top: Value, shape: TermShape, bits: int, name: str
) -> tuple[Value, Value]:
    """A product cut off to ``bits`` below the largest exponent ``top``.

    The lane's significand must be a magnitude.

    Returns:
        A signed value in ones' complement, and the carry that completes it.
    """
    distance = Signal(range(shape.max_shift + 1), name=f"{name}_distance")
    # Of a product of zero the distance may be negative; it stays zero.
    m.d.comb += distance.eq(top - lane.shift)
    return cut_off(m, lane, distance, shape, bits, name)


def cut_off(
    m: Module, lane: Lane, distance: Value, shape: TermShape, bits: int, name: str
) -> tuple[Value, Value]:
    """As :func:`align`, of a product ``distance`` below the largest exponent."""
    up = bits - shape.significand_bits
    kept = Signal(bits, name=f"{name}_kept")
    wide = Cat(Const(0, max(up, 0)), lane.significand[: shape.significand_bits])
    m.d.comb += kept.eq((wide >> distance)[max(-up, 0) :])
    return Cat(kept ^ replicate(lane.sign, bits), lane.sign).as_signed(), lane.sign


def sum_of(
    m: Module, values: list[Value], carries: list[Value], width: int, *, how: Implementation
) -> Value:
    """The signed sum, ``width`` bits, of signed values and single bits."""
    total = Signal(signed(width), name="lanes_sum")
    if how.tree == "star":
        m.d.comb += total.eq(balanced_sum(values) + (balanced_sum(carries) if carries else 0))
        return total
    heap = BitHeap(width)
    for value in values:
        heap.add(value)
    for carry in carries:
        heap.add_bit(carry, 0)
    m.d.comb += total.eq(_settled(m, heap, how, "lanes"))
    return total


def _settled(m: Module, heap: BitHeap, how: Implementation, name: str) -> Value:
    return add(m, *heap.rows(m, how.tree, name), kind=how.adder, name=name)

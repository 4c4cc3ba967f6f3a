"""Products as partial products in a bit heap, so that one compressor tree adds what is wanted."""

from __future__ import annotations

from amaranth import Const, Module, Signal, Value

from rtl.parts.addends import balanced_sum
from rtl.parts.bits import replicate
from rtl.parts.heap import BitHeap

__all__ = ["add_product", "shift_add"]


def add_product(
    m: Module | None, heap: BitHeap, x: Value, y: Value, *, mul: str, name: str, shift: int = 0
) -> None:
    """Add ``(x * y) << shift`` to a heap; combinational.

    Args:
        m: Module that takes the logic; None where only the heap's constant is of interest.
        heap: Sum that takes the partial products.
        x, y: Integers of any widths; each is signed or not as its shape says.
        mul: ``bw``, with a row of partial products per bit of one operand, or ``booth``, with one
            per two bits.
        name: Stem of the signals' names.
        shift: Places to the left.
    """
    # Operands may be expressions, of which every row would make its own copy.
    x, y = (_named(m, value, f"{name}_{side}") for side, value in (("x", x), ("y", y)))
    if mul == "bw":
        _add_array(heap, x, y, shift)
    else:
        _add_booth(m, heap, x, y, name, shift)


def shift_add(x: Value, y: Value) -> Value:
    """``x * y`` as the sum of ``y``, shifted, for every bit of ``x``; that of a sign is subtracted.

    The shifts are constant, so they are wires: of a float's significand ``y``, they add to its
    exponent (MixPE, arXiv 2411.16158).
    """
    rows = [(y.as_unsigned() & replicate(bit, len(y))) for bit in x]
    if y.shape().signed:
        rows = [row.as_signed() for row in rows]
    rows = [row << i for i, row in enumerate(rows)]
    if x.shape().signed:
        return balanced_sum(rows[:-1]) - rows[-1]
    return balanced_sum(rows)


def _named(m: Module | None, value: Value, name: str) -> Signal:
    signal = Signal(value.shape(), name=name)
    if m is not None:
        m.d.comb += signal.eq(value)
    return signal


def _add_array(heap: BitHeap, x: Signal, y: Signal, shift: int) -> None:
    """C. Baugh, B. Wooley, IEEE Trans. Computers 22(12), 1973, for any signs.

    The product of a sign bit and another bit weighs negative. The heap adds its complement, and
    gathers in its constant what that is too much.
    """
    for i, x_bit in enumerate(x):
        for j, y_bit in enumerate(y):
            if _is_sign(x, i) != _is_sign(y, j):
                heap.subtract_bit(x_bit & y_bit, shift + i + j)
            else:
                heap.add_bit(x_bit & y_bit, shift + i + j)


def _is_sign(value: Signal, bit: int) -> bool:
    return value.shape().signed and bit == len(value) - 1


def _add_booth(
    m: Module | None, heap: BitHeap, x: Signal, y: Signal, name: str, shift: int
) -> None:
    """O. MacSorley, Proc. IRE 49(1), 1961: digits -2, -1, 0, 1, 2 of one operand."""
    if min(len(x), len(y)) == 1:
        _add_array(heap, x, y, shift)
        return
    # Few rows first, then short ones.
    y, x = sorted((y, x), key=lambda operand: (_digits(operand), -len(operand)))
    for k in range(_digits(y)):
        _add_row(heap, x, _recode(m, y, k, f"{name}_digit{k}"), shift + 2 * k)


def _digits(y: Signal) -> int:
    return (len(y) + 1) // 2 if y.shape().signed else len(y) // 2 + 1


# Whether the digit's magnitude is 1, whether it is 2, and its sign; None where it is always 0. A
# digit 0 may have the sign.
Digit = tuple[Value, Value | None, Value | None]


def _recode(m: Module | None, y: Signal, k: int, name: str) -> Digit:
    """Digit ``k``: ``y[2k-1] + y[2k] - 2 * y[2k+1]``."""
    low = y[2 * k - 1] if k > 0 else Const(0, 1)
    if 2 * k == len(y):
        return low, None, None
    mid = y[2 * k]
    one = _named(m, low ^ mid, f"{name}_one")
    if 2 * k + 1 < len(y):
        high = y[2 * k + 1]
        return one, _named(m, ~one & (high ^ mid), f"{name}_two"), high
    if y.shape().signed:
        # The sign extended: y[2k+1] = y[2k].
        return one, None, mid
    return one, low & mid, None


def _add_row(heap: BitHeap, x: Signal, digit: Digit, shift: int) -> None:
    """Add ``(digit * x) << shift``: multiples by selection, negation by complement and a one."""
    one, two, negative = digit
    signed = x.shape().signed
    row = [one & bit for bit in x]
    if two is not None:
        extended = [*row, one & x[-1] if signed else Const(0, 1)]
        row = extended[:1] + [bit | (two & low) for bit, low in zip(extended[1:], x, strict=True)]
    if negative is not None:
        # The complement of the lowest bit, and the one: the bit itself, with a carry where it is 0.
        heap.add_bit(negative & ~row[0], shift + 1)
        row = row[:1] + [bit ^ negative for bit in row[1:]]
        if not signed:
            row.append(negative)
    for i, bit in enumerate(row):
        if i == len(row) - 1 and (signed or negative is not None):
            heap.subtract_bit(bit, shift + i)
        else:
            heap.add_bit(bit, shift + i)

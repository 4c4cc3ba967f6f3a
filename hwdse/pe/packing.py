"""Two products from one multiplication, for the multiplier ``mul=packed`` of dot products.

A pair of lanes is packed into two words whose lanes stand in opposite order, and

``(w0 + w1 * 2**k) * (a1 + a0 * 2**k) = w0*a1 + (w0*a0 + w1*a1) * 2**k + w1*a0 * 2**(2*k)``:

the field in the middle is what the pair adds to the dot product; those beside it are of no use. It
is Kronecker substitution with one operand reversed, by which J.-G. Dumas, L. Fousse and B. Salvy
compute dot products in a machine word ("Simultaneous modular reduction and Kronecker substitution
for small finite fields", J. Symbolic Computation 46(7), 2011), done in the DSP block of an FPGA.
What the field calls DSP packing otherwise keeps products apart that share an operand: Y. Fu et al.,
Xilinx WP486, 2016, for two of 8 bits; J. Sommer et al., "DSP-Packing", FPL 2022, for more of fewer.

The distance ``k`` is the least for which nothing is lost. Let all products be in ``low..high``, 0
among them, and so sums of two in ``2*low..2*high``.

* Bits ``k`` to ``2*k - 1`` of the product are the sum modulo ``2**k``, less 1 where the lower field
  is negative. They tell the sums apart if there are at most ``2**k``: ``2*(high - low) < 2**k``.
* From that, ``high - low < 2**(k - 1)``, so the lower field is one of ``-2**(k-1)..2**(k-1)-1``.
  Where it can be negative ``2**(k-1)`` is added to it, which the adder in a DSP block does, and
  nothing is borrowed.
* What is read as unsigned is a negative sum from ``2*low + 2**k`` up, and a positive one up to
  ``2*high``. Any limit between will do; the one with the most zeros at its end takes least logic.
  Of two's complement, where the range fits, that is the top bit.

So ``k`` is the widths together for two's complement of both, which as a sum has one bit more: only
``2 * (-2**(n-1)) * (-2**(m-1))`` takes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from hwdse.formats import ScalarFormat

__all__ = ["MULTIPLIER_BITS", "Packing", "packing_of"]

# The widest multiplier of a DSP block: DSP58 (AMD AM004, Versal). Intel's of 27 x 27 takes the
# place of two of 18 x 19, so packing into it saves nothing.
MULTIPLIER_BITS = (27, 24)


@dataclass(frozen=True)
class Packing:
    """How the lanes of a pair are packed.

    Attributes:
        shift: The distance ``k`` of the lanes, and the width of the field in the middle.
        w, a: Smallest and largest operand, in units of the format's last bit; 0 is between them.
    """

    shift: int
    w: tuple[int, int]
    a: tuple[int, int]

    @property
    def products(self) -> tuple[int, int]:
        """Smallest and largest product, or 0."""
        every = [x * y for x in self.w for y in self.a]
        return min(every), max(every)

    @property
    def limit(self) -> int | None:
        """From where on the field stands for a negative sum; None where no sum is negative."""
        low, high = self.products
        if low == 0:
            return None
        first, last = 2 * high + 1, 2 * low + (1 << self.shift)
        zeros = next(z for z in reversed(range(self.shift)) if last >> z << z >= first)
        return last >> zeros << zeros

    @property
    def sum_bits(self) -> int:
        """Width of the sum: a bit more than the field's, of which ``limit`` is not the top bit."""
        return self.shift + (self.limit is not None and self.limit > 1 << (self.shift - 1))

    @property
    def word_bits(self) -> tuple[int, int]:
        """Widths of the packed words of weights and of activations."""
        return self._word_bits(*self.w), self._word_bits(*self.a)

    @property
    def fits(self) -> bool:
        """Whether the DSP block of some FPGA takes the packed words."""
        wide, narrow = sorted(self.word_bits, reverse=True)
        return wide <= MULTIPLIER_BITS[0] and narrow <= MULTIPLIER_BITS[1]

    def _word_bits(self, low: int, high: int) -> int:
        if low == 0:
            return self.shift + high.bit_length()
        # A negative lower lane takes 1 from the upper one.
        return self.shift + max(high.bit_length(), (-low).bit_length()) + 1


def packing_of(w: ScalarFormat, a: ScalarFormat) -> Packing:
    """The packing of two fixed-point formats."""
    ranges = _range(w), _range(a)
    products = [x * y for x in ranges[0] for y in ranges[1]]
    sums = 2 * (max(products) - min(products)) + 1
    return Packing((sums - 1).bit_length(), *ranges)


def _range(fmt: ScalarFormat) -> tuple[int, int]:
    step = Fraction(2) ** fmt.lsb_exponent
    low, high = (Fraction(value) / step for value in (fmt.min, fmt.max))
    assert low.denominator == high.denominator == 1
    return min(low.numerator, 0), max(high.numerator, 0)

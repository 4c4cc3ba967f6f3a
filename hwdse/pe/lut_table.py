"""Tables of sums of activations that planes of weight bits look up: their entries and indices.

A weight of ``b`` bits is ``sum(2**i * x_i)`` over its bits, the last one negative in two's
complement; or, of bipolar integers, the same over bits that are worth plus or minus one. A group of
``k`` activations has a sum for every plane of ``k`` bits, which a table holds:

* ``full``: all ``2**k``. Bit ``j`` of the index is that of weight ``j``.
* ``half``: ``2**(k - 1)`` sums of ``+-a_j``, in which ``a_0`` is positive. The others are their
  negatives, those of the complemented planes. Bit ``j - 1`` of the index tells whether weight ``j``
  has another bit than weight 0, whose bit tells the sign. Plane sums ``P`` over bits worth 0 and 1
  follow from such sums ``T``, and from that of all activations, which is entry 0, as
  ``P = (sum(a) + T) / 2``.

The reinterpretation of weights ``q`` as ``2 q - (2**b - 1)``, the half table and the folding of its
index into stored weights are those of LUT Tensor Core (arXiv 2408.06003, section 3.2).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.formats import ScalarFormat
from hwdse.pe.planes import bit_planes

__all__ = ["Table", "WeightPlanes", "fold", "weight_planes"]

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class WeightPlanes:
    """How a code is a sum over its bits, of which bit ``i`` counts ``2**i`` times.

    Attributes:
        bits: Of a code.
        signs: Whether bits are worth plus or minus one; else 1 or 0.
        negative: Whether the last one counts negative.
    """

    bits: int
    signs: bool
    negative: bool

    @property
    def reach(self) -> int:
        """The greatest magnitude of any bit pattern's value."""
        return (1 << (self.bits - 1)) if self.negative else (1 << self.bits) - 1


def weight_planes(fmt: ScalarFormat) -> WeightPlanes | None:
    """The planes of a format; None where its values are not such sums."""
    found = bit_planes(fmt)
    if found is None:
        return None
    *low, last = found.weights
    powers = [1 << i for i in range(fmt.bits)]
    if found.constant == 0 and low == powers[:-1] and abs(last) == powers[-1]:
        return WeightPlanes(fmt.bits, signs=False, negative=last < 0)
    doubled = [2 * power for power in powers]
    if list(found.weights) == doubled and found.constant == -sum(powers):
        return WeightPlanes(fmt.bits, signs=True, negative=False)
    return None


def fold(codes: Ints, k: int) -> Ints:
    """Weight codes as they are stored for a half table without circuits that find its index.

    In every group of ``k`` lanes, all but the first become the exclusive or of their code with that
    of the first, bit by bit. Folding twice gives what was before.

    Args:
        codes: Shape (..., lanes).
        k: Divides the lanes.
    """
    groups = codes.reshape(*codes.shape[:-1], -1, k).copy()
    groups[..., 1:] ^= groups[..., :1]
    return groups.reshape(codes.shape)


@dataclass(frozen=True)
class Table:
    """A table of ``k`` activations.

    Attributes:
        k: Activations.
        half: Whether it holds one sum of every two that are each other's negative.
        signs: Whether the planes' bits are worth plus or minus one; a half table's always are.
    """

    k: int
    half: bool
    signs: bool

    @property
    def entries(self) -> int:
        """Number of sums."""
        return 1 << (self.k - self.half)

    @property
    def coefficients(self) -> Ints:
        """What each activation counts in each entry, shape (entries, k)."""
        index = np.arange(self.entries)[:, None] >> np.arange(self.k - self.half) & 1
        if self.half:
            return np.hstack([np.ones((self.entries, 1), dtype=np.int64), 1 - 2 * index])
        return 2 * index - 1 if self.signs else index

    def look_up(self, bits: Ints) -> tuple[Ints, NDArray[np.bool_]]:
        """Index of the entry for planes of bits, and whether it is to be negated.

        Args:
            bits: Of plain weights, shape (..., k).
        """
        if not self.half:
            return bits @ (1 << np.arange(self.k)), np.zeros(bits.shape[:-1], dtype=np.bool_)
        differs = bits[..., 1:] ^ bits[..., :1]
        return differs @ (1 << np.arange(self.k - 1)), bits[..., 0] == 0

"""Maximal-length linear feedback shift registers: the random numbers of hardware.

A Fibonacci register of ``width`` bits, numbered 1 to ``width`` from the least significant: each
step moves bit ``i`` to ``i + 1``, and bit 1 becomes the exclusive OR of the tapped bits. The taps
are those of P. Alfke, Efficient Shift Registers, LFSR Counters, and Long Pseudo-Random Sequence
Generators, Xilinx XAPP052 (1996); each polynomial is primitive, so every state but 0 comes once in
``2**width - 1`` steps. Consecutive states share all bits but one: numbers of one stream are not
independent from one element to the next.
"""

from __future__ import annotations

import functools

import numpy as np
from numpy.typing import NDArray

__all__ = ["TAPS", "WIDTHS", "states", "step"]

# By width, the tapped bits.
TAPS: dict[int, tuple[int, ...]] = {
    3: (3, 2),
    4: (4, 3),
    5: (5, 3),
    6: (6, 5),
    7: (7, 6),
    8: (8, 6, 5, 4),
    9: (9, 5),
    10: (10, 7),
    11: (11, 9),
    12: (12, 6, 4, 1),
    13: (13, 4, 3, 1),
    14: (14, 5, 3, 1),
    15: (15, 14),
    16: (16, 15, 13, 4),
    17: (17, 14),
    18: (18, 11),
    19: (19, 6, 2, 1),
    20: (20, 17),
    21: (21, 19),
    22: (22, 21),
    23: (23, 18),
    24: (24, 23, 22, 17),
    25: (25, 22),
    26: (26, 6, 2, 1),
    27: (27, 5, 2, 1),
    28: (28, 25),
    29: (29, 27),
    30: (30, 6, 4, 1),
    31: (31, 28),
    32: (32, 22, 2, 1),
}
WIDTHS = (min(TAPS), max(TAPS))


def step(width: int, state: int) -> int:
    """The state after another."""
    feedback = sum(state >> (tap - 1) & 1 for tap in TAPS[width]) & 1
    return (state << 1 | feedback) & ((1 << width) - 1)


def states(width: int, seed: int, count: int) -> NDArray[np.int64]:
    """The first states from a seed on, itself included, shape (count,).

    Args:
        width: 3 to 32.
        seed: 1 to ``2**width - 1``.
        count: Any number.
    """
    # In powers of two, so that many calls share few streams.
    length = 1 << max(count - 1, 63).bit_length()
    return _stream(width, seed, length)[:count]


@functools.lru_cache(maxsize=16)
def _stream(width: int, seed: int, count: int) -> NDArray[np.int64]:
    found = np.empty(count, dtype=np.int64)
    state = seed
    for index in range(count):
        found[index] = state
        state = step(width, state)
    found.flags.writeable = False
    return found

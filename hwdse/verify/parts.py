"""Parts that hardware is put together from, and the tests that prove each by itself.

Where a unit has too many operand bits to be enumerated, its parts are proven, and the whole is
tested. ``tests/verify/test_verify_parts.py`` holds that the tests named here exist.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["PARTS", "Part"]


@dataclass(frozen=True)
class Part:
    """A part, how it is proven, and the test that does it.

    Attributes:
        name: Module of ``rtl.parts``, and what it does.
        method: What was tried.
        test: File and function.
    """

    name: str
    method: str
    test: str


PARTS = (
    Part(
        "operand: minifloat decoder",
        "enumerated: every code of every format up to 8 bits",
        "tests/rtl/test_rtl_parts.py::test_unpack_every_code",
    ),
    Part(
        "operand: decoder of any scalar format",
        "enumerated: every code",
        "tests/rtl/test_rtl_operand.py::test_every_code_as_a_float",
    ),
    Part(
        "aligner",
        "enumerated: every significand and shift, small widths",
        "tests/rtl/test_rtl_parts.py::test_aligner",
    ),
    Part(
        "bits: leading zeros",
        "enumerated: every word up to 12 bits",
        "tests/rtl/test_rtl_parts.py::test_leading_zeros",
    ),
    Part(
        "bits: shift right, jammed",
        "enumerated: every word and amount up to 8 + 4 bits",
        "tests/rtl/test_rtl_parts.py::test_shift_right_jam",
    ),
    Part(
        "float_sum: adder and rounder",
        "enumerated: every content with every term, small formats",
        "tests/rtl/test_rtl_float_sum.py::test_every_content_with_every_term",
    ),
    Part(
        "popcount: compressor tree",
        "enumerated: every word up to 13 bits",
        "tests/rtl/test_rtl_bitplane.py::test_population_count",
    ),
    Part(
        "shifter",
        "enumerated: every operand and amount, small widths",
        "tests/rtl/test_rtl_shift.py::test_shifter",
    ),
    Part(
        "packed: products that lanes share",
        "enumerated: every word in every mode, small widths",
        "tests/rtl/test_rtl_composite.py::test_packed_products",
    ),
)

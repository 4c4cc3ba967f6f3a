"""Parts that hardware is put together from, at which widths each is proven, and by which test.

Where a unit has too many operand bits to be enumerated, the evidence is that of its parts, each at
the width at which the unit has it (:mod:`hwdse.verify.coverage`), and tests of the whole. Widths
are those of the tests' parameters. ``tests/verify/test_verify_parts.py`` holds that the tests named
here exist; tests marked slow run with ``pytest -m slow``.
"""

from __future__ import annotations

from dataclasses import dataclass

from hwdse.formats import get, scalar, scalars
from hwdse.pe import Unit, parse
from hwdse.pe.recoding import value_sets

__all__ = ["PARTS", "Part", "step_size"]


@dataclass(frozen=True)
class Part:
    """A part, how it is proven, and the test that does it.

    Attributes:
        name: Module of ``rtl.parts`` or ``rtl``, and what it does.
        method: What was tried, in words.
        test: File and function.
        sizes: Where it is proven, in the words of :mod:`hwdse.verify.coverage`.
    """

    name: str
    method: str
    test: str
    sizes: frozenset[str]


def step_size(unit: Unit) -> str:
    """What the step of a fixed-point accumulator depends on."""
    how, shape = unit.implementation, unit.term_shape
    rows = "" if how.fused == "no" else f", fused={how.fused} behind {how.mul}"
    return (
        f"{unit.accumulator.width} bits, terms of {shape.significand_bits} << {shape.max_shift} "
        f"bits{' and sign' * shape.signed}, adder {how.adder}{rows}"
    )


def _widths(*widths: int) -> frozenset[str]:
    return frozenset(f"{width} bits" for width in widths)


def _sets(name: str) -> str:
    """The value sets of a format, as :mod:`hwdse.verify.coverage` names them."""
    return " or ".join(found.name for found in value_sets(get(name)))


def _multipliers(kind: str) -> tuple[Part, ...]:
    small = (f"{x}{i} x {y}{j}" for x in "us" for y in "us" for i in _SMALL for j in _SMALL)
    bytes_ = ("u8 x u8", "u8 x s8", "s8 x u8", "s8 x s8")
    file = "tests/rtl/test_rtl_multiplier.py"
    found = (
        ("all operands up to 4 x 4 bits", "test_every_pair_of_small_shapes", small),
        ("all operands of 8 x 8 bits", "test_bytes_of_either_sign", bytes_),
        ("all operands of 12 x 12 bits, signed", "test_all_of_12_by_12_bits", ("s12 x s12",)),
        (
            "all operands of 12 x 12 bits (slow)",
            "test_all_of_12_by_12_bits_of_other_signs",
            ("u12 x u12", "u12 x s12", "s12 x u12"),
        ),
        ("all of 16 x 16 bits, signed (slow)", "test_all_of_16_by_16_bits", ("s16 x s16",)),
    )
    return tuple(
        Part(f"multiplier: {kind}, dadda", f"enumerated: {what}", f"{file}::{test}", frozenset(at))
        for what, test, at in found
    )


_SMALL = range(1, 5)
_DECODED = (*scalars.names(), "int1", "fixed4_9", "pot8", "apot7", "khot9_2", "khot16_4")
_DECODED += ("bipolar8", "nupes8_50")

_TABLES = ("half", "full, signs", "full, bits")
_INTEGERS = ("int2", "int4", "int5", "int6", "int8", "uint4", "uint5", "int4_sym")
_RECODED = [(scheme, name) for name in _INTEGERS for scheme in ("bits", "booth")]
_RECODED += [("digits", name) for name in ("e2m0", "e2m1", "pot4", "fp3_er", "fp3_ea")]
_RECODED += [("digits", name) for name in ("fp4_er", "fp4_ea", "bitmod3", "bitmod4")]
_PLANES = [
    "int1",
    "int3",
    "uint1",
    "uint3",
    "int3_sym",
    "binary",
    "bipolar2",
    "bipolar3",
    "ternary",
]
_NARROW = ("int2", "int3_sym", "int4", "uint1", "uint4", "ternary", "pot4", "khot4_2")
_PACKED = [(w, a) for w in _NARROW for a in _NARROW]
_PACKED += [("int5", "int5"), ("int4", "int8"), ("uint4", "int8")]
# Units of whose accumulators a test proves a step.
_STEPS = (
    "mac:w=int8,a=int8",
    "mac:w=int8,a=int8,adder=kogge",
    "mac:w=uint8,a=uint8,adder=ripple",
    "mac:w=int8,a=int8,mul=booth,fused=yes",
    "mac:w=int8,a=int8,mul=bw,fused=yes,adder=sklansky",
    "mac:w=int8,a=int8,mul=bw,fused=save",
    "mac:w=uint8,a=uint8,mul=bw,fused=save",
    "mac:w=int16,a=int16,acc=exact,mul=booth,fused=save,adder=brent",
    "mac:w=int4,a=int4,acc=exact,terms=1,mul=booth,fused=save",
    "mac:w=e2m1,a=e4m3,acc=exact,terms=3,adder=sklansky",
    "mac:w=e2m1,a=e4m3,acc=exact,terms=3,fused=save",
)

PARTS = (
    Part(
        "minifloat: decoder",
        "enumerated: every code of every format up to 8 bits",
        "tests/rtl/test_rtl_parts.py::test_unpack_every_code",
        frozenset(f"e{x}m{y}" for x in range(1, 8) for y in range(8 - x)),
    ),
    Part(
        "operand: decoder",
        "enumerated: every code of scalar formats up to 16 bits",
        "tests/rtl/test_rtl_operand.py::test_every_code_as_a_float",
        frozenset(name for name in _DECODED if scalar(name).bits <= 16),
    ),
    Part(
        "multiplier: star",
        "Yosys' own `*`, enumerated with the unit around it: all operands of 8 x 8 bits",
        "tests/verify/test_verify_units.py::test_hardware_is_the_reference",
        frozenset({"s8 x s8", "s4 x u8"}),
    ),
    *_multipliers("bw"),
    *_multipliers("booth"),
    *(
        Part(
            f"heap: {tree} tree",
            "by SAT: sums of 3 words of 16 bits, 4 of 12, 5 of 4; enumerated: random heaps",
            "tests/rtl/test_rtl_heap.py::test_sums_of_words_by_sat",
            frozenset({"3 words of 16 bits", "4 words of 12 bits", "5 words of 4 bits"}),
        )
        for tree in ("wallace", "dadda")
    ),
    *(
        Part(f"adder: {kind}", what, f"tests/rtl/test_rtl_adder.py::{test}", _widths(*at))
        for kind in ("star", "ripple", "sklansky", "brent", "kogge")
        for what, test, at in (
            ("enumerated: every operand up to 7 bits", "test_every_pair_and_carry", range(1, 8)),
            ("by SAT: `+` equals the prefix adders", "test_wide_ones_by_sat", (20, 32, 48)),
        )
    ),
    Part(
        "accumulator: step",
        "by SAT: any content with any term, of the units named in the test",
        "tests/rtl/test_rtl_accumulator.py::test_a_step_adds_the_term_to_any_content",
        frozenset(step_size(unit) for unit in map(parse, _STEPS) if isinstance(unit, Unit)),
    ),
    Part(
        "accumulator: rows of a term that stays open",
        "enumerated: every operand of the units named in the test",
        "tests/rtl/test_rtl_accumulator.py::test_rows_add_up_to_every_term_without_overflow",
        frozenset(),
    ),
    Part(
        "aligner",
        "enumerated: every significand and shift, small widths",
        "tests/rtl/test_rtl_parts.py::test_aligner",
        frozenset({"1 << 0", "1 << 1", "3 << 5", "4 << 7"}),
    ),
    Part(
        "bits: leading zeros",
        "enumerated: every word up to 12 bits",
        "tests/rtl/test_rtl_parts.py::test_leading_zeros",
        _widths(*range(1, 13)),
    ),
    Part(
        "bits: shift right, jammed",
        "enumerated: every word and amount up to 8 + 4 bits",
        "tests/rtl/test_rtl_parts.py::test_shift_right_jam",
        _widths(1, 2, 3, 5, 7, 8),
    ),
    Part(
        "float_sum: adder and rounder",
        "enumerated: every content with every term, formats up to 6 bits",
        "tests/rtl/test_rtl_float_sum.py::test_every_content_with_every_term",
        frozenset(),
    ),
    Part(
        "popcount: compressor tree",
        "enumerated: every word up to 13 bits",
        "tests/rtl/test_rtl_bitplane.py::test_population_count",
        _widths(1, 2, 3, 4, 7, 8, 13),
    ),
    Part(
        "plane_counts: products of bit planes",
        "enumerated: every pair of operands of one lane",
        "tests/rtl/test_rtl_bitplane.py::test_counts_add_up_to_every_product",
        frozenset(f"{w} x {a}" for w in _PLANES for a in _PLANES),
    ),
    Part(
        "lut_table: sums of a group",
        "enumerated: every entry for all activations of 2 or 3 bits",
        "tests/rtl/test_rtl_lut.py::test_sums_of_a_group",
        frozenset(f"{kind}, k={k}" for kind in _TABLES for k in range(1, 7)),
    ),
    Part(
        "lut_table: entry picked",
        "every index, with random entries of 3 bits",
        "tests/rtl/test_rtl_lut.py::test_entry_picked",
        frozenset(f"{1 << i} entries" for i in range(5)),
    ),
    Part(
        "term_decoder: terms of a weight",
        "enumerated: every code of every value set in every cycle",
        "tests/rtl/test_rtl_serial.py::test_decoded_terms_are_every_value",
        frozenset(f"{scheme} of {_sets(name)}" for scheme, name in _RECODED),
    ),
    Part(
        "serial_multiplier: product with a scale",
        "enumerated: every pair of operands of 3 and 4 bits",
        "tests/rtl/test_rtl_serial.py::test_serial_multiplier",
        frozenset(),
    ),
    Part(
        "dequantise: weight times scale, rounded",
        "enumerated: every weight with every scale",
        "tests/rtl/test_rtl_groupdot.py::test_every_weight_with_every_scale",
        frozenset(
            {
                "int4 x e8m0 to fp16",
                "int4 x fp16 to fp16",
                "uint4 less zero point x fp16 to fp16",
                "int4 x bf16 to fp16",
                "int2 less zero point x fp16 to bf16",
                "int4_sym x e4m3 to fp32",
            }
        ),
    ),
    Part(
        "multiplier: shiftadd",
        "enumerated: every pair of operands",
        "tests/rtl/test_rtl_groupdot.py::test_products_by_shift_and_add",
        frozenset({"s4 x s8", "u4 x s8", "s4 x u11", "u4 x u11"}),
    ),
    Part(
        "pair_product: two products by one multiplier",
        "enumerated: every pair of operands of both lanes",
        "tests/rtl/test_rtl_pair_product.py::test_every_pair_of_operands_of_both_lanes",
        frozenset(f"{w} x {a}" for w, a in _PACKED),
    ),
    Part(
        "power_sum: decoder of powers of two",
        "enumerated: every code",
        "tests/rtl/test_rtl_shift.py::test_decoded_powers_are_every_value",
        frozenset({"pot4", "apot4", "khot4_2", "khot8_3", "khot16_2", "ternary", "flint4"}),
    ),
    Part(
        "shifter",
        "enumerated: every operand and amount, up to 4 bits",
        "tests/rtl/test_rtl_shift.py::test_shifter",
        frozenset(),
    ),
    Part(
        "packed: products that lanes share",
        "enumerated: every word in every mode, 8 x 8 and 4 x 4 bits",
        "tests/rtl/test_rtl_composite.py::test_packed_products",
        frozenset({"8 bits in 1, 2, 4", "8 bits in 1, 2", "4 bits in 1, 2"}),
    ),
    Part(
        "packed_float: word of e4m3 or two of e2m1",
        "enumerated: every word in every mode",
        "tests/rtl/test_rtl_composite.py::test_float_word",
        frozenset({"e4m3 or 2 x e2m1"}),
    ),
    Part(
        "shared_scale: product of scales",
        "enumerated: every pair of e8m0 and e4m3 codes in either mode",
        "tests/rtl/test_rtl_composite.py::test_shared_scale",
        frozenset({"e8m0 or e4m3, sums of 18 or 10 bits"}),
    ),
    Part(
        "lfsr: steps",
        "200 steps with idle cycles; that the polynomial is primitive, by algebra",
        "tests/rtl/test_rtl_converters_parts.py::test_lfsr_steps_where_enabled_and_starts_again",
        _widths(3, 8, 16, 24, 32),
    ),
    Part(
        "divider",
        "enumerated: every division of up to 7 by 6 bits",
        "tests/rtl/test_rtl_converters_parts.py::test_divider_in_several_cycles",
        frozenset(),
    ),
    *(
        Part(
            f"shift_exp: exponential{' of either sign' * positive}",
            "enumerated: every number with every scale",
            "tests/rtl/test_rtl_converters_parts.py::test_shift_exponential",
            frozenset(
                f"n={n}, {bits} bits, x0 to {most}"
                for n, bits, most in ((15, 9, 256), (23, 9, 256), (23, 5, 16), (15, 3, 4))
            ),
        )
        for positive in (False, True)
    ),
    Part(
        "pair_exp: exponential",
        "enumerated: every code",
        "tests/rtl/test_rtl_converters_parts.py::test_pair_exponential",
        frozenset({"fixed8_4", "ufixed8_8", "int4", "fixed12_8"}),
    ),
)

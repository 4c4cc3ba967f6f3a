"""Keys that choose the structure: what they come to, what is refused; and exact widths."""

import itertools

import numpy as np
import pytest

from hwdse.pe import parse
from hwdse.pe.accumulate import FixedAccumulator
from hwdse.pe.design import clear_schedule
from hwdse.pe.term import Term

from .refusals import refusal

CANONICAL = {
    "mac:w=int8,a=int8,mul=bw": "pipeline=0,mul=bw,tree=dadda",
    "mac:w=int8,a=int8,mul=booth,tree=wallace,adder=kogge": (
        "pipeline=0,mul=booth,tree=wallace,adder=kogge"
    ),
    "mac:w=int8,a=int8,mul=bw,fused=yes,pipeline=2": "pipeline=2,mul=bw,tree=dadda,fused=yes",
    "mac:w=int8,a=int8,mul=bw,registers=product": (
        "pipeline=1,registers=product,mul=bw,tree=dadda"
    ),
    "mac:w=int8,a=int8,mul=bw,pipeline=3": "pipeline=3,mul=bw,tree=dadda",
    "mac:w=int8,a=int8,mul=star,tree=star,fused=no,adder=star": "pipeline=0",
    "mac:w=e4m3,a=e4m3,mul=booth,adder=brent": "pipeline=0,mul=booth,tree=dadda,adder=brent",
    "dot:w=int4,a=int8,lanes=4,fused=save": "pipeline=0,tree=dadda,fused=save",
    "dot:w=int4,a=int8,lanes=4,fused=yes,pipeline=3": "pipeline=3,tree=dadda,fused=yes",
    "lmul:w=e4m3,a=e4m3,adder=kogge": "pipeline=0,adder=kogge",
}


@pytest.mark.parametrize("spec", CANONICAL)
def test_canonical_form(spec):
    unit = parse(spec)
    assert unit.canonical.partition(",pipeline=")[2] == CANONICAL[spec].partition("pipeline=")[2]
    assert parse(unit.canonical) == unit


# Every refusal names, behind the colon, what works instead; and that does work.
REFUSED = {
    "mac:w=int8,a=int8,fused=yes": "mac:w=int8,a=int8,fused=yes,mul=bw",
    "mac:w=int8,a=int8,tree=dadda": "mac:w=int8,a=int8,tree=dadda,mul=bw",
    "mac:w=int8,a=int8,mul=bw,tree=star": "mac:w=int8,a=int8,mul=bw,tree=dadda",
    "mac:w=int8,a=int8,pipeline=3": "mac:w=int8,a=int8,pipeline=2",
    "mac:w=int8,a=int8,registers=product": "mac:w=int8,a=int8,registers=product,mul=bw",
    "mac:w=int8,a=int8,mul=bw,fused=yes,pipeline=3": (
        "mac:w=int8,a=int8,mul=bw,fused=yes,pipeline=2"
    ),
    "mac:w=int8,a=int8,mul=booth,fused=save,registers=product": (
        "mac:w=int8,a=int8,mul=booth,fused=save,registers=term"
    ),
    "mac:w=e4m3,a=e4m3,fused=save": "mac:w=e4m3,a=e4m3,acc=exact,fused=save",
    "mac:w=e4m3,a=e4m3,acc=exact,fused=yes": "mac:w=e4m3,a=e4m3,acc=exact,fused=save",
    "mac:w=e4m3,a=e4m3,adder=kogge": "mac:w=e4m3,a=e4m3,adder=kogge,acc=exact",
    "dot:w=int4,a=int8,tree=star,fused=yes": "dot:w=int4,a=int8,tree=dadda,fused=yes",
    "mac:w=int8,a=int8,mul=both": "mac:w=int8,a=int8,mul=booth",
}


@pytest.mark.parametrize("spec", REFUSED)
def test_what_makes_no_sense_is_refused_and_the_nearest_named(spec):
    message = refusal(spec)
    assert len(message) < 300
    asked, answer = set(spec.split(",")), set(REFUSED[spec].split(","))
    assert parse(REFUSED[spec]).canonical
    words = message.partition(spec)[2]
    for pair in answer - asked:
        value = pair.partition("=")[2]
        assert pair in words or f"stage {value}" in words or repr(value) in words, message


def test_no_result_depends_on_the_structure():
    rng = np.random.default_rng(3)
    w, a = rng.integers(0, 256, size=(2, 40, 9))
    want = parse("mac:w=int8,a=uint8,acc=exact").reference(w, a)
    tried = 0
    for mul, tree, fused in itertools.product(
        ("bw", "booth"), ("wallace", "dadda"), ("no", "yes", "save")
    ):
        unit = parse(f"mac:w=int8,a=uint8,acc=exact,mul={mul},tree={tree},fused={fused}")
        assert (unit.reference(w, a) == want).all()
        tried += 1
    assert tried == 12


WORST = [
    ("int8", "int8"),
    ("int4", "int8"),
    ("uint8", "uint8"),
    ("int1", "int16"),
    ("ternary", "int8"),
    ("int16", "int16"),
    ("e2m1", "e2m1"),
    ("e4m3", "e3m2"),
]


@pytest.mark.parametrize(("w", "a"), WORST)
@pytest.mark.parametrize("terms", [1, 3, 8, 100])
def test_the_worst_case_needs_every_bit_it_is_said_to_need(w, a, terms):
    """The largest and the least sums are reached; one bit fewer than they take is too few.

    The published widths are those, or one or two bits more where they allow for a product that does
    not occur, as of the most negative numbers of all terms.
    """
    unit = parse(f"mac:w={w},a={a},acc=exact,terms={terms}")
    codes_w, codes_a = (axis.ravel() for axis in np.meshgrid(*map(finite_codes, (unit.w, unit.a))))
    every = unit.terms_of({"w": codes_w, "a": codes_a})
    units = np.where(every.sign, -every.significand, every.significand) << every.shift
    sums = [int(units.max()) * terms, int(units.min()) * terms]
    needed = max(max(s, -s - 1).bit_length() + 1 for s in sums)
    assert needed <= unit.accumulator.width <= needed + 3
    for total, extreme in zip(sums, (units.argmax(), units.argmin()), strict=True):
        again = {"w": codes_w[[extreme] * terms], "a": codes_a[[extreme] * terms]}
        assert int(unit.outputs(again)["acc"][-1]) == total
        assert last_sum(unit, again, needed) == total
    narrow = [
        last_sum(unit, {"w": codes_w[[e] * terms], "a": codes_a[[e] * terms]}, needed - 1) == total
        for total, e in zip(sums, (units.argmax(), units.argmin()), strict=True)
    ]
    assert not all(narrow)


def finite_codes(fmt):
    codes = fmt.codes() if fmt.bits <= 8 else fmt.encode([fmt.min, fmt.max])
    fields = fmt.unpack(codes.astype(np.int64))
    return codes[~(fields.nan | fields.infinite)].astype(np.int64)


def last_sum(unit, codes, width):
    terms: Term = unit.terms_of(codes)
    narrow = FixedAccumulator("exact", width, unit.accumulator.lsb_exponent, special=False)
    return int(narrow.run(terms, clear_schedule(None, len(terms.sign)))["acc"][-1])

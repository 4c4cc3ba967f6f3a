"""Bit planes: the decomposition of every format, and sums against fractions."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.pe import parse
from hwdse.pe.planes import BitPlanes, MaskedSigns, planes

from .refusals import refusal

EXPECTED = {
    "int4": BitPlanes((1, 2, 4, -8), 0),
    "int1": BitPlanes((-1,), 0),
    "uint3": BitPlanes((1, 2, 4), 0),
    "int4_sym": BitPlanes((1, 2, 4, -8), 0),
    "ufixed4_2": BitPlanes((1, 2, 4, 8), 0),
    "fixed4_2": BitPlanes((1, 2, 4, -8), 0),
    "binary": BitPlanes((2,), -1),
    "bipolar1": BitPlanes((2,), -1),
    "bipolar3": BitPlanes((2, 4, 8), -7),
    "ternary": MaskedSigns(1, 3, 0, 1),
    "int2_sym": MaskedSigns(1, 3, 0, 1),
    "pot2": MaskedSigns(1, 3, 0, 1),
}
WITHOUT = ["e4m3", "e2m1", "nf4", "posit8", "pot4", "apot4", "khot8_2", "flint4", "e8m0", "fp16"]


@pytest.mark.parametrize("name", EXPECTED)
def test_planes(name):
    assert planes(formats.scalar(name)) == EXPECTED[name]


@pytest.mark.parametrize("name", WITHOUT)
def test_formats_without_planes(name):
    assert planes(formats.scalar(name)) is None


ALL = [f"{u}int{n}" for u in ("", "u") for n in (1, 2, 3, 5, 8, 12, 16)]
ALL += [f"int{n}_sym" for n in (3, 4, 8, 16)] + [f"bipolar{n}" for n in range(1, 9)]


@pytest.mark.parametrize("name", [*ALL, *EXPECTED])
def test_planes_add_up_to_every_value(name):
    fmt = formats.scalar(name)
    found = planes(fmt)
    unit = Fraction(2) ** fmt.lsb_exponent
    for code, value in zip(fmt.codes().tolist(), fmt.decode(fmt.codes()).tolist(), strict=True):
        if isinstance(found, BitPlanes):
            units = found.constant + sum(
                weight for i, weight in enumerate(found.weights) if code >> i & 1
            )
        else:
            units = {
                found.negative: -found.magnitude,
                found.zero: 0,
                found.positive: found.magnitude,
            }[code]
        assert units * unit == Fraction(value)


SPECS = [
    "bitplane:w=ternary,a=int8",
    "bitplane:w=bipolar2,a=bipolar2,lanes=64",
    "bitplane:w=binary,a=binary,lanes=256,acc=exact,terms=10240",
    "bitplane:w=bipolar8,a=fixed8_4,lanes=3,acc=exact,terms=120",
    "bitplane:w=uint4,a=int5_sym,lanes=7",
    "bitplane:w=uint1,a=uint16,lanes=16,acc=exact,terms=640",
]


@pytest.mark.parametrize("spec", SPECS)
def test_sums_are_those_of_fractions(spec):
    unit = parse(spec)
    rng = np.random.default_rng(4)
    steps, sums = 40, 4
    codes, numbers = [], []
    for fmt in (unit.w, unit.a):
        valid = fmt.codes().astype(np.int64)
        drawn = rng.choice(valid, size=(steps, sums, unit.lanes))
        # Half of the sums add the same extreme value in all lanes.
        extreme = rng.choice(valid[[np.argmin(fmt.decode(valid)), np.argmax(fmt.decode(valid))]])
        drawn[:, : sums // 2] = extreme
        codes.append(drawn)
        numbers.append([[list(map(Fraction, x)) for x in y] for y in fmt.decode(drawn).tolist()])
    got = unit.reference(*codes)
    scale = Fraction(2) ** unit.accumulator.lsb_exponent
    compared = 0
    for column in range(sums):
        total = Fraction(0)
        for step in range(steps):
            pairs = zip(numbers[0][step][column], numbers[1][step][column], strict=True)
            total += sum(x * y for x, y in pairs)
            assert int(got[step, column]) * scale == total
            compared += 1
    assert compared == steps * sums


ERRORS = {
    "bitplane:w=e4m3,a=int8": "values of e4m3 are no weighted sums of the bits of their codes "
    "(nearest that works: dot:w=e4m3,a=int8,lanes=32)",
    "bitplane:w=khot8_2,a=int8": "(nearest that works: dot:w=khot8_2,a=int8,lanes=32)",
    "bitplane:w=int4,a=flint4,lanes=512": "(nearest that works: dot:w=int4,a=flint4,lanes=256)",
    "bitplane:w=int4,a=int4,lanes=1": "lanes=1 must be an integer from 2 to 1024",
    "bitplane:w=int4,a=int4,lanes=1025": "lanes=1025 must be an integer from 2 to 1024",
    "bitplane:w=int8,a=int8,lanes=512": "lanes=512 of 8 x 8 planes are more than 16384 pairs of "
    "bits; give at most lanes=256",
    "bitplane:w=int8,a=int8,lanes=4,acc=exact,terms=3": "give at least terms=4",
    "bitplane:w=int16,a=int16,lanes=2": "33 bits, more than acc=int32 holds; use acc=exact",
    "bitplane:w=int4,a=int4,acc=fp32": "acc=fp32 is not supported here; known: exact, int32",
    "bitplane:w=int4,a=int4,mul=bw": "mul=bw is not supported here",
    "bitplane:w=int4,a=int4,fused=yes,tree=star": "take compressors; use tree=dadda",
    "bitplane:w=mxint8,a=int8": "share scales, which bitplane has no ports for "
    "(nearest that works: dot:w=mxint8,a=int8)",
    "bitplane:w=int4": "key 'a' is missing",
}


@pytest.mark.parametrize("spec", ERRORS)
def test_errors_are_one_line_that_names_the_mend(spec):
    assert ERRORS[spec] in refusal(spec)


def test_canonical_forms():
    unit = parse("bitplane:a=int8,w=ternary")
    assert unit.canonical == "bitplane:w=ternary,a=int8,lanes=32,acc=int32,pipeline=0"
    assert parse(unit.canonical) == unit
    assert unit.macs_per_cycle == 32

"""Specs of float and block ``dot``: canonical forms, ports, errors that name the mend; ABFP."""

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.pe import parse

from . import oracles
from .refusals import refusal

CANONICAL = {
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=32,acc=fp32": (
        "dot:w=mxfp4,a=mxfp8_e4m3,lanes=32,acc=fp32,pipeline=0"
    ),
    "dot:w=mxfp4,a=nvfp4": "dot:w=mxfp4,a=nvfp4,lanes=16,acc=fp32,pipeline=0",
    "dot:w=int8_channel,a=e4m3": "dot:w=int8_channel,a=e4m3,lanes=16,acc=fp32,pipeline=0",
    "dot:w=int4_g1024,a=int8": "dot:w=int4_g1024,a=int8,lanes=256,acc=fp32,pipeline=0",
    "dot:w=e4m3,a=e4m3,align=14": "dot:w=e4m3,a=e4m3,lanes=16,align=14,acc=fp32,pipeline=0",
    "dot:w=abfp8_32,a=abfp8_32,gain=8": (
        "dot:w=abfp8_32,a=abfp8_32,lanes=32,gain=8,adc=8,acc=fp32,pipeline=0"
    ),
}


@pytest.mark.parametrize("spec", CANONICAL)
def test_canonical_form(spec):
    unit = parse(spec)
    assert unit.canonical == CANONICAL[spec]
    assert parse(unit.canonical) == unit
    assert unit.macs_per_cycle == unit.lanes


def test_scales_and_zero_points_come_in_on_ports_of_their_own():
    def inputs(spec):
        ports = parse(spec).ports
        return {p.name: p.width for p in ports if p.direction == "input" and p.width > 1}

    assert inputs("dot:w=mxfp4,a=mxfp8_e4m3") == {"w": 128, "a": 256, "w_scale": 8, "a_scale": 8}
    assert inputs("dot:w=int8,a=nvfp4") == {"w": 128, "a": 64, "a_scale": 8}
    assert inputs("dot:w=uint4_g128_fp16,a=e4m3,lanes=8") == {
        "w": 32,
        "a": 64,
        "w_scale": 16,
        "w_zero": 4,
    }
    assert inputs("dot:w=e4m3,a=e4m3,lanes=2") == {"w": 16, "a": 16}


ERRORS = {
    "mac:w=mxfp4,a=int8": "which mac has no ports for (nearest that works: dot:w=mxfp4,a=int8)",
    "lmul:w=e4m3,a=nvfp4": "which lmul has no ports for (nearest that works: dot:w=e4m3,a=nvfp4)",
    "mac:w=abfp8_32,a=int8": "(nearest that works: dot:w=abfp8_32,a=abfp8_32)",
    "dot:w=mxfp4,a=mxfp8_e4m3,lanes=24": "lanes=24 does not divide both; use lanes=32",
    "dot:w=mxfp4,a=nvfp4,lanes=32": "nvfp4 has blocks of 16, and lanes=32 does not divide both; "
    "use lanes=16",
    "dot:w=mxfp4,a=int8,lanes=5": "lanes=5 does not divide that; use lanes=4",
    "dot:w=mxfp4_b3,a=nvfp4": "which no number of lanes from 2 to 256 divides",
    "dot:w=mxfp4,a=mxfp4,acc=int32": "acc=int32 is not supported here; known: bf16, exact",
    "dot:w=e4m3,a=e4m3,acc=int32": "acc=int32 is not supported here",
    "dot:w=mxint8,a=mxint8,align=8": "products of fixed8_6 and fixed8_6 have none, so leave it out",
    "dot:w=nf4,a=e4m3,align=8": "products of nf4 and e4m3 have none, so leave it out",
    "dot:w=e4m3,a=e4m3,align=36": "leave it out, or give align=35 or less",
    "dot:w=e4m3,a=e4m3,align=0": "align=0 must be an integer from 1",
    "dot:w=e1m3,a=e1m2,align=3": "all products have one exponent; leave align out",
    "dot:w=e10m5,a=e10m5": "takes 2060 bits, more than the 1024 that are supported; give align=24",
    "dot:w=fp4_er,a=int8": "chooses its value set, which dot has no port for",
    "dot:w=mxfp,a=int8": "w: unknown format 'mxfp'; did you mean 'mxfp4'?",
    "dot:w=mxfp4,a=mxfp4,acc=exact,terms=31": "terms=31 is less than lanes=32; give at least",
    "dot:w=e4m3,a=e4m3,adder=kogge": "adder=kogge has nothing to add here; add tree=dadda",
    "dot:w=e4m3,a=e4m3,gain=2": "dot has no key 'gain'",
    "dot:w=abfp8_32,a=int8": "tiles of one ABFP format pair, not abfp8_32 and int8",
    "dot:w=abfp8_32,a=abfp8_32,lanes=16": "takes a tile of 32 at once; use lanes=32",
    "dot:w=abfp8_32,a=abfp8_32,gain=3": "the gain must be a power of two",
    "dot:w=abfp8_32,a=abfp8_32,adc=17": "adc=17 must be an integer from 2 to 16",
    "dot:w=abfp8_32,a=abfp8_32,acc=exact": "acc=exact is not supported here",
}


@pytest.mark.parametrize("spec", ERRORS)
def test_errors_are_one_line_that_names_the_mend(spec):
    assert ERRORS[spec] in refusal(spec)


def test_codes_of_scales_are_asked_for_by_name():
    unit = parse("dot:w=mxfp4,a=int8")
    zeros = np.zeros((1, 32), dtype=np.int64)
    with pytest.raises(HwdseError, match="give codes of w, a, w_scale"):
        unit.reference(zeros, zeros)
    assert unit.reference(zeros, zeros, w_scale=[127]).tolist() == [0]
    with pytest.raises(HwdseError, match="must have shape"):
        unit.reference(zeros[0], zeros, w_scale=[127])


def test_abfp_adds_what_the_device_gives_for_each_tile():
    unit = parse("dot:w=abfp8_32,a=abfp8_32,gain=16,adc=6")
    fmt = formats.get("abfp8_32_g16_o6")
    x = np.random.default_rng(1).standard_normal((2, 20, 96)) * 2.0 ** np.arange(-10, 10)[:, None]
    w, a = fmt.encode(x[0]), fmt.encode(x[1])
    codes = {}
    for side, c in (("w", w), ("a", a)):
        codes[side] = c.elements.reshape(20, 3, 32).transpose(1, 0, 2)
        codes[f"{side}_scale"] = c.scales.T
    got = unit.outputs(codes)["acc"]
    tiles = fmt.tile_products(w, a)
    for row in range(20):
        acc = 0
        for step in range(3):
            acc = oracles.fraction_step("fp32", acc, oracles.number_of(float(tiles[row, step])))
            assert got[step, row] == acc
    # The converter of 6 bits shows: its sums are not those of the exact products.
    exact = (fmt.decode(w) * fmt.decode(a)).sum(axis=-1)
    assert (np.abs(unit.decode_acc(got[-1]) - exact) > 1e-3 * np.abs(exact)).mean() > 0.5


def test_abfp_of_the_ends_of_the_scales():
    unit = parse("dot:w=abfp8_2,a=abfp8_2,gain=65536,adc=16")
    ends = {"w": [[127, 127]], "a": [[127, 127]]}
    for scale, want in ((0x7FC0, 0x7FC00000), (0x7F80, 0x7F800000), (0x7F7F, 0x7F800000), (1, 0)):
        assert unit.outputs(ends | {"w_scale": [scale], "a_scale": [scale]})["acc"] == [want]
    nothing = {"w": [[0, 0]], "a": [[127, 127]], "w_scale": [0x7F80], "a_scale": [0x3F80]}
    assert unit.outputs(nothing)["acc"] == [0x7FC00000]

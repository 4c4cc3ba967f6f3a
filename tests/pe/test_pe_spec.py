"""Specs: canonical forms, and errors of one line that name the mend."""

import re

import pytest

from hwdse.errors import HwdseError
from hwdse.pe import FAMILIES, parse

from .refusals import refusal

CANONICAL = {
    "mac:w=int8,a=int8": "mac:w=int8,a=int8,acc=int32,pipeline=0",
    "mac:a=uint8,w=int4": "mac:w=int4,a=uint8,acc=int32,pipeline=0",
    "mac:w=e4m3,a=e5m2": "mac:w=e4m3,a=e5m2,acc=fp32,pipeline=0",
    " mac: pipeline=1 , acc=bf16, a=fp16,w=bf16 ,": "mac:w=bf16,a=fp16,acc=bf16,pipeline=1",
    "mac:w=int8,a=int8,acc=exact": "mac:w=int8,a=int8,acc=exact,terms=4608,pipeline=0",
    "mac:w=e2m1,a=e2m1,acc=exact,terms=07": "mac:w=e2m1,a=e2m1,acc=exact,terms=7,pipeline=0",
    "mac:w=int8,a=int8,mul=star,pipeline=2": "mac:w=int8,a=int8,acc=int32,pipeline=2",
    "mac:w=e5m10,a=e8m7": "mac:w=fp16,a=bf16,acc=fp32,pipeline=0",
    "dot:w=int4,a=int8": "dot:w=int4,a=int8,lanes=16,acc=int32,pipeline=0",
    "dot:w=uint2,a=int3,lanes=256,acc=exact,terms=256": (
        "dot:w=uint2,a=int3,lanes=256,acc=exact,terms=256,pipeline=0"
    ),
    "lmul:w=e4m3,a=e4m3": "lmul:w=e4m3,a=e4m3,acc=fp32,pipeline=0",
}


@pytest.mark.parametrize("spec", CANONICAL)
def test_canonical_form(spec):
    unit = parse(spec)
    assert unit.canonical == CANONICAL[spec]
    again = parse(unit.canonical)
    assert again == unit
    assert again.canonical == unit.canonical


def test_the_order_of_keys_means_nothing():
    family, keys = "mac", ["w=int4", "a=int8", "acc=exact", "terms=99", "pipeline=2"]
    units = {parse(f"{family}:" + ",".join(keys[n:] + keys[:n])) for n in range(len(keys))}
    assert len(units) == 1


def test_every_family_offers_an_example():
    assert set(FAMILIES) >= {"mac", "dot", "lmul"}
    for name, family in FAMILIES.items():
        unit = parse(family.example)
        assert unit.family == name
        assert family.summary


def test_module_names_are_plain_and_tell_units_apart():
    names = {parse(spec).module_name for spec in CANONICAL}
    assert len(names) == len(set(CANONICAL.values()))
    for name in names:
        assert re.fullmatch(r"[a-z][a-z0-9_]*", name)


ERRORS = {
    "mak:w=int8,a=int8": "unknown unit family 'mak'; did you mean 'mac'",
    "": "unknown unit family ''; known: array, bitplane, composite, convert, dot, groupdot, ",
    "w=int8,a=int8": "unknown unit family 'w=int8,a=int8'; known",
    "MAC:w=int8,a=int8": "unknown unit family 'MAC'; known",
    "mac": "key 'w' is missing; add w=...",
    "mac:w=int8": "key 'a' is missing; add a=...",
    "mac:w=int8,a": "'a' is not of the form key=value",
    "mac:w=int8,a=": "'a=' is not of the form key=value",
    "mac:w=int8,a=INT8": "'a=INT8' is not of the form key=value",
    "mac:w=int8,w=int8,a=int8": "key 'w' is given twice",
    "mac:w=int8,a=int8,pipelines=1": "mac has no key 'pipelines'; did you mean 'pipeline'?",
    "mac:w=int8,a=int8,lanes=4": "mac has no key 'lanes'",
    "mac:w=int9x,a=int8": "w: unknown format 'int9x'; did you mean",
    "mac:w=int8,a=e9m9": "a: unknown format 'e9m9': 1 + X + Y of eXmY must be at most 16",
    "mac:w=int17,a=int8": "w: unknown format 'int17': integers have 1 to 16 bits",
    "mac:w=int8,a=e4m3,acc=int32": "acc=int32 is not supported here; known: bf16, exact, fp16",
    "mac:w=int8,a=int8,acc=fp32": "acc=fp32 is not supported here; known: exact, int32",
    "mac:w=int8,a=int8,acc=int3": "acc=int3 is not supported here; did you mean 'int32'?",
    "mac:w=e4m3,a=e4m3,acc=int32": "acc=int32 is not supported here",
    "shift:w=pot4,a=int8,mul=booth": "mul=booth is not supported here; known: star",
    "mac:w=int8,a=int8,terms=9": "terms belongs to acc=exact; drop it",
    "mac:w=int8,a=int8,acc=exact,terms=0": "terms=0 must be an integer from 1 to 16777216",
    "mac:w=int8,a=int8,acc=exact,terms=16777217": "must be an integer from 1 to 16777216",
    "mac:w=int8,a=int8,acc=exact,terms=many": "terms=many must be an integer",
    "mac:w=int8,a=int8,pipeline=3": "at most pipeline=2 (nothing is between",
    "dot:w=int4,a=int8,lanes=1": "lanes=1 must be an integer from 2 to 256",
    "dot:w=int4,a=int8,lanes=257": "lanes=257 must be an integer from 2 to 256",
    "dot:w=int4,a=int8,lanes=4,acc=exact,terms=3": "terms=3 is less than lanes=4; give at least",
    "mac:w=ternary,a=flint4,acc=fp32": "acc=fp32 is not supported here; known: exact, int32",
    "lmul:w=e4m3_fnuz,a=e4m3_fnuz": "a sign, subnormals and two zeros, which e4m3_fnuz has not",
    "lmul:w=ue5m3,a=ue5m3": "a sign, subnormals and two zeros, which ue5m3 has not",
    "lmul:w=e8m0,a=e8m0": "a sign, subnormals and two zeros, which e8m0 has not",
    "dot:w=int16,a=int16,lanes=2": "33 bits, more than acc=int32 holds; use acc=exact",
    "mac:w=uint16,a=uint16": "33 bits, more than acc=int32 holds; use acc=exact",
    "lmul:w=e4m3,a=e5m2": "give the same one for w and a",
    "lmul:w=int8,a=int8": "give the same one for w and a",
    "lmul:w=e5m0,a=e5m0": "lmul needs at least one mantissa bit",
    "mac:w=int8\n,a=in\nt8": "is not of the form key=value",
    "m\nac:w=int8": "unknown unit family",
}


@pytest.mark.parametrize("spec", ERRORS)
def test_errors_are_one_line_that_names_the_mend(spec):
    assert ERRORS[spec] in refusal(spec)


@pytest.mark.parametrize("key", ["pipeline", "terms", "lanes"])
def test_absurdly_long_numbers_are_bad_input_too(key):
    with pytest.raises(HwdseError):
        parse(f"dot:w=int4,a=int8,acc=exact,{key}=" + "1" * 5000)


@pytest.mark.parametrize("fits", ["mac:w=int16,a=int16", "mac:w=int16,a=uint16"])
def test_int32_holds_the_largest_term_that_fits(fits):
    assert parse(fits).accumulator.width == 32


@pytest.mark.parametrize("spec", CANONICAL)
def test_ports(spec):
    unit = parse(spec)
    ports = {port.name: port for port in unit.ports}
    assert list(ports)[:6] == ["in_valid", "clear", "w", "a", "out_valid", "acc"]
    assert ports["w"].width == unit.w.bits * unit.lanes
    assert ports["w"].lanes == unit.lanes
    assert ports["acc"].width == unit.accumulator.width
    assert ("acc_special" in ports) is unit.accumulator.special
    assert unit.macs_per_cycle == unit.lanes
    assert unit.latency == 1 + unit.pipeline
    for port in unit.ports:
        assert port.to_json()["name"] == port.name
        assert port.meaning

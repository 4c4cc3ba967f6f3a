"""Shift-and-add units: their parts by enumeration, and faults that are found."""

import dataclasses

import numpy as np
import pytest
from amaranth import Module, Signal

import rtl.shift
from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.pe.digits import digits
from hwdse.verify.check import verify
from rtl.parts import power_sum
from rtl.parts.power_sum import decode_powers, require_power_decoder
from rtl.parts.shifter import shift_left_fill


@pytest.mark.parametrize("signed", [False, True])
@pytest.mark.parametrize(("width", "bits", "step"), [(1, 1, 1), (3, 2, 1), (4, 2, 3), (2, 3, 2)])
def test_shifter(combinational, width, bits, step, signed):
    m = Module()
    value, steps, fill = (
        Signal(width, name="value"),
        Signal(bits, name="steps"),
        Signal(name="fill"),
    )
    shifted = shift_left_fill(m, value, steps, step, signed=signed, fill=fill, name="shift")
    assert shifted.shape().signed is signed
    result = Signal(len(shifted), name="result")
    m.d.comb += result.eq(shifted)
    part = combinational(m, ports=[value, steps, fill, result])
    index = np.arange(1 << (width + bits + 1))
    ones, index = index & 1, index >> 1
    amounts, values = (index & ((1 << bits) - 1)) * step, index >> bits
    got = part(value=values, steps=index & ((1 << bits) - 1), fill=ones)["result"]
    wide = (values ^ (1 << (width - 1))) - (1 << (width - 1)) if signed else values
    want = (wide << amounts) + ones * ((1 << amounts) - 1)
    assert (got == want % (1 << len(shifted))).all()
    assert len(shifted) == width + ((1 << bits) - 1) * step


FORMATS = ["pot4", "apot4", "khot4_2", "khot8_3", "khot16_2", "ternary", "flint4", "uint2", "e2m1"]
MORE = ["pot2", "pot8", "apot3", "apot5", "apot6", "apot7", "khot2_1", "khot8_1", "khot8_2"]
MORE += ["khot8_4", "khot12_5", "binary", "int2", "int3", "e3m2"]


@pytest.mark.parametrize(
    "name", [*FORMATS, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)]
)
def test_decoded_powers_are_every_value(combinational, name):
    fmt = formats.scalar(name)
    found = digits(fmt)
    m = Module()
    code, sign = Signal(fmt.bits, name="code"), Signal(name="sign")
    negative, powers = decode_powers(m, code, fmt, "decode")
    m.d.comb += sign.eq(negative)
    ports = [code, sign]
    for i, power in enumerate(powers):
        present = Signal(name=f"present{i}")
        steps = Signal(max(1, len(power.steps)), name=f"steps{i}")
        m.d.comb += [present.eq(power.present), steps.eq(power.steps)]
        ports += [present, steps]
    codes = fmt.codes().astype(np.int64)
    got = combinational(m, ports=ports)(code=codes)
    magnitude = np.zeros(codes.shape)
    for i, digit in enumerate(found.terms):
        exponent = digit.least + digit.step * got[f"steps{i}"].astype(np.int64) + fmt.lsb_exponent
        magnitude += np.ldexp(got[f"present{i}"].astype(float), exponent)
    assert (np.where(got["sign"] == 1, -magnitude, magnitude) == fmt.decode(codes)).all()


def test_tables_that_are_too_large_are_refused():
    with pytest.raises(HwdseError, match="codes of at most 12 bits"):
        require_power_decoder(formats.scalar("e4m10"))


def zeros_shifted_in(right):
    return lambda *args, fill, **keys: right(*args, fill=0 & fill, **keys)


def without_presence(right):
    def wrong(*args):
        negative, powers = right(*args)
        return negative, [dataclasses.replace(p, present=p.present | 1) for p in powers]

    return wrong


def one_encoder_for_two(right):
    def wrong(*args):
        negative, powers = right(*args)
        return negative, [dataclasses.replace(p, steps=powers[0].steps) for p in powers]

    return wrong


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("shift_left_fill", zeros_shifted_in),
        ("decode_powers", without_presence),
        ("decode_powers", one_encoder_for_two),
    ],
)
def test_faults_are_found(name, wrong, monkeypatch):
    unit = parse("shift:w=khot4_2,a=int4")
    assert verify(unit, vectors=4096).mismatches == 0
    monkeypatch.setattr(rtl.shift, name, wrong(getattr(rtl.shift, name)))
    assert verify(unit, vectors=4096).mismatches > 100


def test_a_wrong_table_is_found(monkeypatch):
    """One digit of one code."""
    unit = parse("shift:w=pot4,a=int4")
    right = power_sum.look_up

    def wrong(m, index, words, width, name):
        return right(m, index, words | ({5: words[5] ^ 1} if "steps" in name else {}), width, name)

    monkeypatch.setattr(power_sum, "look_up", wrong)
    result = verify(unit, vectors=4096)
    assert result.exhaustive
    assert result.mismatches > 100

"""Parts proven by enumeration against definitions in plain Python."""

import numpy as np
import pytest
from amaranth import Module, Signal

from hwdse import formats
from hwdse.pe.term import TermShape
from rtl.parts.aligner import Aligner
from rtl.parts.bits import leading_zeros, shift_right_jam
from rtl.parts.minifloat import Unpack


@pytest.mark.parametrize("width", range(1, 13))
def test_leading_zeros(combinational, width):
    m = Module()
    value, zero = Signal(width, name="value"), Signal(name="zero")
    found, all_zero = leading_zeros(m, value, "lead")
    count = Signal(max(1, len(found)), name="count")
    m.d.comb += [count.eq(found), zero.eq(all_zero)]
    part = combinational(m, ports=[value, count, zero])
    values = np.arange(1 << width)
    got = part(value=values)
    assert (got["zero"] == (values == 0)).all()
    want = np.array([width - int(v).bit_length() for v in values])
    assert (got["count"] == want)[1:].all()


@pytest.mark.parametrize("width", [1, 2, 3, 5, 7, 8])
@pytest.mark.parametrize("amount_bits", [1, 2, 3, 4])
def test_shift_right_jam(combinational, width, amount_bits):
    m = Module()
    value, amount = Signal(width, name="value"), Signal(amount_bits, name="amount")
    result = Signal(width, name="result")
    m.d.comb += result.eq(shift_right_jam(m, value, amount, "jam"))
    part = combinational(m, ports=[value, amount, result])
    index = np.arange(1 << (width + amount_bits))
    values, amounts = index >> amount_bits, index & ((1 << amount_bits) - 1)
    want = [
        (v >> n) | (v % (1 << n) != 0)
        for v, n in zip(values.tolist(), amounts.tolist(), strict=True)
    ]
    assert part(value=values, amount=amounts)["result"].tolist() == want


EIGHT_BITS = [f"e{x}m{y}" for x in range(1, 8) for y in range(8) if x + y <= 7]


@pytest.mark.parametrize("name", EIGHT_BITS)
def test_unpack_every_code(combinational, name):
    fmt = formats.get(name)
    codes = np.arange(1 << fmt.bits)
    got = combinational(Unpack(fmt=fmt))(code=codes)
    values = fmt.decode(codes)
    assert (got["sign"] == np.signbit(values)).all()
    assert (got["nan"] == np.isnan(values)).all()
    assert (got["infinite"] == np.isinf(values)).all()
    assert (got["zero"] == (values == 0)).all()
    finite = np.isfinite(values)
    small = finite & (np.abs(values) < fmt.min_normal)
    assert (got["subnormal"] == small).all()
    magnitude = np.ldexp(got["significand"].astype(float), got["shift"] + fmt.lsb_exponent)
    assert (magnitude == np.abs(values))[finite].all()
    # Normal numbers come with their hidden bit, so the significand is as wide as promised.
    assert (got["significand"] >> fmt.mantissa_bits == 1)[finite & ~small].all()
    assert finite.sum() >= len(codes) - 2 * ((1 << fmt.mantissa_bits) + 1)


@pytest.mark.parametrize(("significand_bits", "max_shift"), [(1, 0), (1, 1), (3, 5), (4, 7)])
def test_aligner(combinational, significand_bits, max_shift):
    shape = TermShape(significand_bits, max_shift, 0, 0, signed=True)
    part = combinational(Aligner(shape=shape))
    cases = [
        (sign, significand, shift)
        for sign in (0, 1)
        for significand in range(1 << significand_bits)
        for shift in range(max_shift + 1)
    ]
    sign, significand, shift = (np.array(column) for column in zip(*cases, strict=True))
    got = part(sign=sign, significand=significand, shift=shift)
    width = significand_bits + max_shift + 1
    want = np.where(sign, -(significand << shift), significand << shift) % (1 << width)
    assert ((got["value"] + got["carry"]) % (1 << width) == want).all()

"""Operand decoders, every code of every scalar format, against the values that formats decode."""

import itertools

import numpy as np
import pytest
from amaranth import Module, Signal

import rtl
from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import Minifloat, NanPolicy, scalars
from hwdse.formats.codebook import Codebook
from hwdse.pe import parse
from hwdse.pe.product import is_fixed_point
from rtl.parts.minifloat import Unpack
from rtl.parts.operand import FieldTable, SignMagnitude, fixed_point_value, float_decoder
from rtl.parts.table import look_up

MORE = ("int1", "fixed4_9", "pot8", "apot7", "khot9_2", "khot16_4", "bipolar8", "nupes8_50")
NAMES = [n for n in (*scalars.names(), *MORE) if formats.scalar(n).bits <= 16]


def decoded(fields, fmt):
    magnitude = np.ldexp(fields["significand"].astype(float), fields["shift"] + fmt.lsb_exponent)
    return np.where(fields["sign"], -magnitude, magnitude)


def require_right(got, fmt, codes):
    values = fmt.decode(codes)
    finite = np.isfinite(values)
    assert (decoded(got, fmt) == values)[finite].all()
    assert (got["sign"] == np.signbit(values))[~np.isnan(values)].all()
    assert (got["nan"] == np.isnan(values)).all()
    assert (got["infinite"] == np.isinf(values)).all()
    assert (got["zero"] == (values == 0)).all()


@pytest.mark.parametrize("name", NAMES)
def test_every_code_as_a_float(combinational, name):
    fmt = formats.scalar(name)
    codes = fmt.codes().astype(np.int64)
    require_right(combinational(float_decoder(fmt))(code=codes), fmt, codes)


@pytest.mark.parametrize("name", [n for n in NAMES if is_fixed_point(formats.scalar(n))])
def test_every_code_as_an_integer(combinational, name):
    fmt = formats.scalar(name)
    codes = fmt.codes().astype(np.int64)
    m, code = Module(), Signal(fmt.bits, name="code")
    value = fixed_point_value(m, code, fmt, "decode")
    out = Signal(value.shape(), name="value")
    m.d.comb += out.eq(value)
    got = combinational(m, ports=[code, out])(code=codes)["value"]
    units = np.ldexp(fmt.decode(codes), -fmt.lsb_exponent)
    assert (got % (1 << len(out)) == units % (1 << len(out))).all()
    assert len(set(got.tolist())) == codes.size
    # No wider than what it holds, but for the code that only two's complement has.
    low, high = int(units.min()), int(units.max())
    assert len(out) <= max((low + 1).bit_length(), high.bit_length()) + 1


def variants():
    """Minifloats of four or five magnitude bits, with every choice of the other parameters."""
    choices = itertools.product((2, 5), NanPolicy, (True, False), (True, False), (True, False))
    for exponent_bits, nan, signed, subnormals, zero in choices:
        fields = {
            "exponent_bits": exponent_bits,
            "mantissa_bits": 5 - exponent_bits,
            "infinities": nan is NanPolicy.IEEE,
            "nan": nan,
            "signed": signed,
            "subnormals": subnormals,
            "zero": zero,
        }
        try:
            yield Minifloat(name="x", bias=3, **fields)
        except HwdseError:
            assert (not zero and (signed or subnormals)) or nan is not NanPolicy.NONE


def test_every_code_of_every_kind_of_minifloat(combinational):
    compared = 0
    for fmt in variants():
        codes = fmt.codes().astype(np.int64)
        require_right(combinational(Unpack(fmt=fmt))(code=codes), fmt, codes)
        compared += 1
    assert compared == 29


KINDS = {
    SignMagnitude: ("int8", "uint5", "int8_sym", "fixed8_4", "khot8_2", "khot16_4", "ternary"),
    FieldTable: ("posit8", "flint4", "pot4", "nf4"),
    Unpack: ("e8m0", "e4m3", "ue5m3"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_integers_and_signed_magnitudes_need_no_table(combinational, kind):
    for name in KINDS[kind]:
        decoder = float_decoder(formats.scalar(name))
        assert isinstance(decoder, kind)
        combinational(decoder)


@pytest.mark.parametrize("spec", ["mac:w=int8,a=big", "mac:w=big,a=e2m1", "dot:w=int4,a=big"])
def test_tables_have_a_limit(monkeypatch, spec):
    """In one line, before anything is built that would then be left unused."""
    values = tuple(float(n ^ (n << 2)) for n in range(1 << 13))
    book = Codebook(name="big", bits=13, values=values)
    for function in ("get", "scalar"):
        right = getattr(formats, function)
        own = lambda name, right=right: book if name == "big" else right(name)  # noqa: E731
        monkeypatch.setattr(formats, function, own)
    unit = parse(spec)
    with pytest.raises(HwdseError, match=r"decodes big by a table.* at most 12 bits .*, not 13$"):
        rtl.to_rtlil(unit)


@pytest.mark.parametrize("density", [1.0, 0.6])
@pytest.mark.parametrize("kind", ["random", "counting", "one"])
@pytest.mark.parametrize("bits", [1, 2, 5, 7])
def test_look_up(combinational, bits, kind, density):
    """Irregular tables and regular ones, full and with gaps."""
    rng = np.random.default_rng(5)
    count = 1 << bits
    indices = np.sort(rng.choice(count, max(1, int(density * count)), replace=False))
    words = {
        "random": rng.integers(0, 1 << 9, count),
        "counting": (3 * np.arange(count) + 5) % (1 << 9),
        "one": np.ones(count, dtype=np.int64),
    }[kind][indices]
    m, index, word = Module(), Signal(bits, name="index"), Signal(9, name="word")
    table = dict(zip(indices.tolist(), words.tolist(), strict=True))
    m.d.comb += word.eq(look_up(m, index, table, 9, "row"))
    got = combinational(m, ports=[index, word])(index=indices)
    assert (got["word"] == words).all()

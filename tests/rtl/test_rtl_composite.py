"""Parts that composite units share between formats, proven by enumeration."""

import numpy as np
import pytest
from amaranth import Module, Signal

import rtl
from hwdse import formats
from hwdse.pe import parse
from rtl.parts import packed
from rtl.parts.heap import BitHeap
from rtl.parts.packed_float import FloatWord
from rtl.parts.shared_scale import SharedScale


def lanes_of(words, bits, count):
    """Two's complement lanes, shape (..., count)."""
    codes = words[..., None] >> (bits * np.arange(count)) & ((1 << bits) - 1)
    return codes - ((codes >> (bits - 1)) << bits)


def array(word_bits, lanes, tree, offset_bits=0):
    """A packed multiplier of one pair of words; its rows, brought to weight 1, are its outputs."""
    m = Module()
    w, a = Signal(word_bits, name="w"), Signal(word_bits, name="a")
    mode = Signal((len(lanes) - 1).bit_length(), name="mode")
    flags = packed.mode_flags(m, mode, len(lanes))
    width = offset_bits or 2 * word_bits
    heap = BitHeap(width + packed.packed_shift(word_bits, max(lanes)))
    offset = 1 << (offset_bits - 1) if offset_bits else 0
    packed.add_packed_products(m, heap, [(w, a)], flags, lanes, offset, "word")
    outputs = [Signal(width, name=f"row{i}") for i in range(2)]
    for output, row in zip(outputs, heap.rows(m, tree, "tree"), strict=True):
        m.d.comb += output.eq(packed.select_sum(row, flags, word_bits, lanes))
    return m, [w, a, mode, *outputs]


CASES = [
    (8, (1, 2, 4), "dadda"),
    (8, (1, 2, 4), "wallace"),
    (8, (1, 2), "dadda"),
    (4, (1, 2), "dadda"),
]


def every(word_bits, modes):
    index = np.arange(modes << (2 * word_bits))
    mask = (1 << word_bits) - 1
    return index & mask, index >> word_bits & mask, index >> (2 * word_bits)


def expected(w, a, mode, word_bits, lanes):
    sums = [
        (lanes_of(w, word_bits // n, n) * lanes_of(a, word_bits // n, n)).sum(axis=-1)
        for n in lanes
    ]
    return np.choose(mode, sums)


@pytest.mark.parametrize(("word_bits", "lanes", "tree"), CASES)
def test_packed_products(combinational, word_bits, lanes, tree):
    m, ports = array(word_bits, lanes, tree)
    w, a, mode = every(word_bits, len(lanes))
    got = combinational(m, ports=ports)(w=w, a=a, mode=mode)
    total = got["row0"].astype(np.int64) + got["row1"].astype(np.int64)
    want = expected(w, a, mode, word_bits, lanes)
    # The highest columns are cut off before the shift, in all modes alike.
    wide = 2 * word_bits - packed.packed_shift(word_bits, max(lanes))
    assert ((total - want) % (1 << wide) == 0).all()


@pytest.mark.parametrize(("word_bits", "lanes", "tree"), CASES)
def test_open_rows_do_not_overflow(combinational, word_bits, lanes, tree):
    largest = 1 << (2 * word_bits - 2)
    bits = packed.open_width(word_bits, lanes, 1, largest)
    m, ports = array(word_bits, lanes, tree, offset_bits=bits)
    w, a, mode = every(word_bits, len(lanes))
    got = combinational(m, ports=ports)(w=w, a=a, mode=mode)
    total = got["row0"].astype(np.int64) + got["row1"].astype(np.int64)
    assert (total == expected(w, a, mode, word_bits, lanes) + (1 << (bits - 1))).all()


def test_float_word(combinational):
    index = np.arange(1 << 17)
    w, a, fine = index & 255, index >> 8 & 255, index >> 16
    coarse, narrow = formats.get("e4m3"), formats.get("e2m1")
    got = combinational(FloatWord(coarse=coarse, fine=narrow))(w=w, a=a, fine=fine)
    product = coarse.decode(w) * coarse.decode(a)
    assert (got["nan"] == (np.isnan(product) & (fine == 0))).all()
    lanes = [narrow.decode(w >> at & 15) * narrow.decode(a >> at & 15) for at in (0, 4)]
    number = got["nan"] == 0
    # In units of the last bit of either format's products.
    units = np.where(fine == 1, lanes[1] * 4, np.nan_to_num(product) * 2.0**18).astype(np.int64)
    value = got["significand"].astype(np.int64) << got["shift"].astype(np.int64)
    assert (value == np.abs(units))[number].all()
    assert (got["sign"] == np.signbit(np.where(fine == 1, lanes[1], product)))[number].all()
    assert (got["shift"] == 0)[fine == 1].all()
    assert (got["low"] == np.where(fine == 1, np.abs(lanes[0]) * 4, 0)).all()
    assert (got["low_sign"] == (np.signbit(lanes[0]) & (fine == 1))).all()


def test_shared_scale(combinational):
    coarse, fine = formats.get("e8m0"), formats.get("e4m3")
    part = combinational(SharedScale(formats=[coarse, fine], sum_bits=[18, 10]))
    codes = np.arange(1 << 17)
    w, a, mode = codes & 255, codes >> 8 & 255, codes >> 16
    for magnitude in (0, 1, 0x2AA, 0x3FF):
        got = part(w=w, a=a, fine=mode, magnitude=np.full(codes.size, magnitude))
        values = [np.where(mode == 1, fine.decode(c), coarse.decode(c)) for c in (w, a)]
        assert (got["nan"] == np.isnan(values[0] * values[1])).all()
        number = got["nan"] == 0
        least = np.where(mode == 1, 2 * fine.lsb_exponent, 2 * coarse.lsb_exponent)
        exponent = got["shift"].astype(np.int64) + least
        found = np.ldexp(got["significand"].astype(np.float64), exponent)
        assert (found == magnitude * np.abs(values[0] * values[1]))[number].all()
        negative = np.signbit(values[0]) ^ np.signbit(values[1])
        assert (got["sign"] == negative)[number].all()


@pytest.mark.parametrize("modes", ["int8_int4_int2", "e4m3_e2m1"])
def test_hardware_does_not_depend_on_what_is_measured(modes):
    names = [mode.name for mode in parse(f"composite:modes={modes}").modes]
    texts = {rtl.to_rtlil(parse(f"composite:modes={modes},mode={name}")) for name in names}
    assert len(texts) == 1

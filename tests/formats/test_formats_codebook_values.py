"""The value of every code, written out from the sources or computed from their definitions."""

import itertools
import math
import statistics
from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.codebooks import bitmod_codebook

E2M1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6]

TABLES = {
    "binary": {0: -1, 1: 1},
    "ternary": {0: 0, 1: 1, 3: -1},
    "bipolar1": {0: -1, 1: 1},
    "bipolar2": {0: -3, 1: -1, 2: 1, 3: 3},
    "pot2": {0: 0, 1: 1, 3: -1},
    "pot4": dict(enumerate([0, 1, 2, 4, 8, 16, 32, 64]))
    | {8 + m: -(2 ** (m - 1)) for m in range(1, 8)},
    "khot4_1": {0: 0, 1: 1, 2: 2, 4: 4, 9: -1, 10: -2, 12: -4},
    "khot4_2": {0: 0, 1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 6}
    | {9: -1, 10: -2, 11: -3, 12: -4, 13: -5, 14: -6},
    # First-one coding: 100 is the largest exponent, 101 the next, 11x have one bit of fraction.
    "flint4": {0b000: 0, 0b001: 1, 0b010: 2, 0b011: 3, 0b110: 4, 0b111: 6, 0b101: 8, 0b100: 16}
    | {0b1001: -1, 0b1010: -2, 0b1011: -3, 0b1110: -4, 0b1111: -6, 0b1101: -8, 0b1100: -16},
    "apot3": {0: 0, 1: 1, 2: 2, 3: 4, 5: -1, 6: -2, 7: -4},
    # A field of two bits {0, 1, 4, 8}, then one bit of weight 2.
    "apot4": {0: 0, 1: 2, 2: 1, 3: 3, 4: 4, 5: 6, 6: 8, 7: 10}
    | {9: -2, 10: -1, 11: -3, 12: -4, 13: -6, 14: -8, 15: -10},
}


def table(fmt):
    codes = fmt.codes()
    values = fmt.decode(codes)
    return {int(c): v for c, v in zip(codes, values.tolist(), strict=True) if not math.isnan(v)}


@pytest.mark.parametrize("name", TABLES)
def test_written_out(name):
    assert table(formats.get(name)) == TABLES[name]


@pytest.mark.parametrize("bits", range(1, 9))
def test_bipolar_is_a_sum_over_bits(bits):
    fmt = formats.get(f"bipolar{bits}")
    for code in range(1 << bits):
        want = sum((2 * (code >> i & 1) - 1) << i for i in range(bits))
        assert fmt.decode([code]) == want
    assert len(fmt.codes()) == 1 << bits


# The terms of APoT, in the notation of the authors' code: exponents of two, zero besides.
APOT_TERMS = {
    3: [[-1, -2, -3]],
    4: [[-1, -2, -4], [-3]],
    5: [[-1, -3, -5], [-2, -4, -6]],
    6: [[-1, -3, -6], [-2, -4, -7], [-5]],
    7: [[-1, -4, -7], [-2, -5, -8], [-3, -6, -9]],
}


@pytest.mark.parametrize("bits", APOT_TERMS)
def test_apot_is_a_sum_of_terms(bits):
    terms = APOT_TERMS[bits]
    unit = min(e for term in terms for e in term)
    sums = {sum(chosen) for chosen in itertools.product(*([0, *(2**e for e in t)] for t in terms))}
    magnitudes = {s / 2**unit for s in sums}
    assert len(magnitudes) == 2 ** (bits - 1)
    assert set(table(formats.get(f"apot{bits}")).values()) == magnitudes | {-m for m in magnitudes}


@pytest.mark.parametrize("bits", APOT_TERMS)
def test_apot_fields_decode_by_shift_and_add(bits):
    fmt = formats.get(f"apot{bits}")
    unit = min(e for term in APOT_TERMS[bits] for e in term)
    for code, value in table(fmt).items():
        low, total = bits - 1, 0
        for term in APOT_TERMS[bits]:
            width = 2 if len(term) == 3 else 1
            low -= width
            field = code >> low & ((1 << width) - 1)
            if field:
                total += 1 << (sorted(term)[field - 1] - unit)
        assert low == 0
        assert value == (-total if code >> (bits - 1) else total)


@pytest.mark.parametrize("bits", range(2, 9))
def test_pot_is_a_shift(bits):
    fmt = formats.get(f"pot{bits}")
    half = 1 << (bits - 1)
    want = {0: 0.0}
    for m in range(1, half):
        want |= {m: 2.0 ** (m - 1), half + m: -(2.0 ** (m - 1))}
    assert table(fmt) == want


@pytest.mark.parametrize(
    ("bits", "hot"), [(n, k) for n in range(2, 13) for k in range(1, n)] + [(16, 3), (16, 15)]
)
def test_khot_counts(bits, hot):
    fmt = formats.get(f"khot{bits}_{hot}")
    magnitudes = sum(math.comb(bits - 1, k) for k in range(hot + 1))
    codes = fmt.codes()
    assert len(codes) == 2 * magnitudes - 1
    half = 1 << (bits - 1)
    magnitude = codes.astype(int) & (half - 1)
    assert np.bitwise_count(magnitude).max() == hot
    assert (fmt.decode(codes) == np.where(codes >= half, -magnitude, magnitude)).all()


def test_nf4_is_made_of_quantiles():
    """QLoRA, appendix E: quantiles of the normal, eight on the positive side, seven below."""
    values = formats.get("nf4").decode(range(16))
    assert (values == values.astype(np.float32)).all()
    assert (np.diff(values) > 0).all()
    normal = statistics.NormalDist()
    outer = (1 - 1 / 32 + 1 - 1 / 30) / 2
    positive = [normal.inv_cdf(outer + (0.5 - outer) * i / 8) for i in range(8)]
    negative = [-normal.inv_cdf(outer + (0.5 - outer) * i / 7) for i in range(7)]
    want = np.array([*negative, 0.0, *reversed(positive)]) / positive[0]
    assert np.abs(values - want).max() < 2e-7


@pytest.mark.parametrize(
    ("name", "exponent"), [("nupes4_50", 2), ("nupes8_50", 2), ("nupes3_25", 4), ("nupes5_100", 1)]
)
def test_nupes_values_are_the_nearest_binary32(name, exponent):
    fmt = formats.get(name)
    largest = (1 << (fmt.bits - 1)) - 1
    values = table(fmt)
    assert len(values) == 2 * largest + 1
    assert values[0] == 0
    for q in range(1, largest + 1):
        got = np.float32(values[q])
        assert float(got) == values[q] == -values[(1 << fmt.bits) - q]
        error = abs(Fraction(q, largest) ** exponent - Fraction(float(got)))
        for other in (np.nextafter(got, np.float32(2)), np.nextafter(got, np.float32(0))):
            assert error < abs(Fraction(q, largest) ** exponent - Fraction(float(other)))


@pytest.mark.parametrize("hundredths", [10, 37, 70, 133, 200])
def test_nupes_of_any_exponent(hundredths):
    for bits in range(2, 9):
        largest = (1 << (bits - 1)) - 1
        values = table(formats.get(f"nupes{bits}_{hundredths}"))
        want = [(q / largest) ** (100 / hundredths) for q in range(1, largest + 1)]
        got = [values[q] for q in range(1, largest + 1)]
        # pow of binary64 is good to a few of its last places.
        assert np.allclose(got, want, rtol=2**-24 + 2**-48, atol=0)
        assert values[largest] == 1


@pytest.mark.parametrize(
    ("base", "special", "magnitudes"),
    [("fp3", s, [0, 1, 2, 4]) for s in (3, -3, 6, -6)] + [("fp4", s, E2M1) for s in (5, -5, 8, -8)],
)
def test_bitmod_value_sets(base, special, magnitudes):
    book = bitmod_codebook(base, special)
    half = len(magnitudes)
    assert book.bits == {"fp3": 3, "fp4": 4}[base]
    assert book.decode(range(half)).tolist() == magnitudes
    assert book.decode([half]) == special
    assert book.decode(range(half + 1, 2 * half)).tolist() == [-m for m in magnitudes[1:]]
    # Ties go to the lower value, whatever the codes.
    values = np.sort(book.decode(book.codes()))
    assert book.quantize((values[1:] + values[:-1]) / 2).tolist() == values[:-1].tolist()


def test_bitmod_refuses_other_sets():
    with pytest.raises(HwdseError, match="extends fp3 and fp4, not 'fp5'"):
        bitmod_codebook("fp5", 3)
    with pytest.raises(HwdseError, match="codes 3 and 4 have the same value"):
        bitmod_codebook("fp3", 4)


@pytest.mark.parametrize(
    ("name", "kind", "top", "least", "signed"),
    [
        ("binary", "codebook", 1, 1, True),
        ("bipolar4", "bipolar", 15, 1, True),
        ("pot8", "power-of-two", 2.0**126, 1, True),
        ("nf4", "codebook", 1, 0.07958029955625534, True),
        ("posit8", "posit", 2.0**24, 2.0**-24, True),
    ],
)
def test_description(name, kind, top, least, signed):
    fmt = formats.get(name)
    assert (fmt.kind, fmt.max, fmt.min_normal, fmt.signed) == (kind, top, least, signed)
    assert fmt.bits_per_value == fmt.bits
    assert fmt.min_subnormal is None
    assert (fmt.block, fmt.scale_format) == (None, None)
    assert fmt.specials == (("NaR",) if name == "posit8" else ())
    assert formats.get(name) is fmt


@pytest.mark.parametrize(
    ("name", "significand_bits", "lsb_exponent", "max_shift"),
    [
        ("binary", 1, 0, 0),
        ("ternary", 1, 0, 0),
        ("bipolar4", 4, 0, 0),
        ("pot4", 7, 0, 0),
        ("pot8", 1, 0, 126),
        ("apot4", 4, 0, 0),
        ("khot8_2", 7, 0, 0),
        ("khot16_15", 15, 0, 0),
        ("flint4", 5, 0, 0),
        ("nf4", 28, -27, 0),
        ("posit8", 4, -24, 48),
        ("posit16", 12, -56, 112),
    ],
)
def test_what_hardware_needs(name, significand_bits, lsb_exponent, max_shift):
    fmt = formats.get(name)
    assert fmt.significand_bits == significand_bits
    assert fmt.lsb_exponent == lsb_exponent
    assert fmt.max_shift == max_shift
    codes = fmt.codes()
    u, values = fmt.unpack(codes), fmt.decode(codes)
    assert u.nan.tolist() == np.isnan(values).tolist()
    assert not u.infinite.any()
    assert u.significand.dtype == u.exponent.dtype == np.int64
    assert 0 <= u.significand.min() <= u.significand.max() < 1 << significand_bits
    assert lsb_exponent == u.exponent.min() <= u.exponent.max() == lsb_exponent + max_shift
    want = np.where(u.sign, -1, 1) * np.ldexp(u.significand.astype(float), u.exponent)
    assert (want[~u.nan] == values[~u.nan]).all()
    assert not u.significand[u.nan].any()

"""What converters are shown: boundaries of rounding, blocks that one number decides, zeros."""

import numpy as np
import pytest

from hwdse.formats import scalar
from hwdse.pe.ports import Operand
from hwdse.verify.blocks import KINDS, block_codes
from hwdse.verify.codes import is_finite, is_valid
from hwdse.verify.stimulus import hard_sequences

from .tiny import Negation

FORMATS = ["int8", "uint4", "fp32", "bf16", "e4m3", "e2m1", "e8m0", "nf4", "posit8", "int1"]
SHAPE = (16, 256)
LANES = 8


def drawn(name, lanes=LANES):
    operand = Operand("x", scalar(name), lanes)
    codes = block_codes(operand, SHAPE, np.random.default_rng(1))
    assert codes.shape == SHAPE + operand.trailing
    return operand.format, codes


def kind(codes, name):
    """The columns that a kind has drawn."""
    (number,) = (i for i, draw in enumerate(KINDS) if draw.__name__ == name)
    width = SHAPE[1] // len(KINDS)
    return codes[:, number * width : (number + 1) * width]


@pytest.mark.parametrize("lanes", [1, LANES])
@pytest.mark.parametrize("name", FORMATS)
def test_all_are_codes_and_only_the_last_kind_has_specials(name, lanes):
    fmt, codes = drawn(name, lanes)
    assert is_valid(fmt, codes).all()
    finite = is_finite(fmt, codes)
    last = SHAPE[1] // len(KINDS)
    assert finite[:, :-last].all()
    assert finite[:, -last:].all() is not bool(fmt.specials)


@pytest.mark.parametrize("name", ["fp32", "bf16"])
def test_ties_of_any_narrower_significand_are_there(name):
    fmt, codes = drawn(name)
    for place in range(1, fmt.mantissa_bits):
        tail = codes & ((1 << place) - 1)
        for wanted in (1 << (place - 1), (1 << (place - 1)) - 1, (1 << (place - 1)) + 1):
            assert (tail == wanted & ((1 << place) - 1)).any()


def test_blocks_are_alike_spread_empty_or_ruled_by_one():
    fmt, codes = drawn("bf16")
    value = np.abs(fmt.decode(codes))

    def binades(name):
        magnitude = kind(value, name)
        return np.log2(magnitude.max(axis=-1) / np.maximum(magnitude.min(axis=-1), 2.0**-133))

    # Among subnormals, a tail may be most of a number.
    assert np.quantile(binades("_alike"), 0.9) <= 4
    assert np.median(binades("_spread")) > 40
    nonzero = (kind(value, "_zeros") != 0).sum(axis=-1)
    assert set(np.unique(nonzero)) == {0, 1}
    huge = np.sort(kind(value, "_one_huge"), axis=-1)
    assert (huge[..., -1] >= 4 * huge[..., -2]).all()
    assert (huge[..., -1] >= fmt.max / 8).all()


def test_zeros_have_both_signs_where_there_are_two():
    fmt, codes = drawn("e4m3")
    zeros = kind(codes, "_zeros")
    assert {0, 1 << (fmt.bits - 1)} <= set(np.unique(zeros))


def test_converters_are_shown_blocks():
    converter = Negation(lanes=16)
    (sequence,) = hard_sequences(converter, 1 << 12, 1)
    x = sequence.codes["x"]
    assert x.shape[2:] == (16,)
    assert (x == 0).all(axis=-1).mean() > 0.03
    (again,) = hard_sequences(converter, 1 << 12, 1)
    assert (again.codes["x"] == x).all()

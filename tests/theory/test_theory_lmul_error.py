"""Errors of adding multipliers: against a table computed elsewhere, fractions, and the unit."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.pe import parse
from hwdse.theory import AddingMultiplier, offset_exponent, product, relative_error
from hwdse.theory import lmul_error as module

from . import data_files

ROWS = data_files.rows("lmul_exhaustive_error.csv")
COLUMNS = {
    AddingMultiplier.FORMULA: ("value_formula", "mean_rel", "mean_abs_rel", "max_abs_rel"),
    AddingMultiplier.INTEGER_ADD: ("bit_level", "mean_rel", "mean_abs_rel", "max_abs_rel"),
    AddingMultiplier.MITCHELL: ("mitchell", "mean_rel", "mean_abs_rel"),
}


def differing(row):
    """Figures of a row that are not ours to six digits, and how many were compared."""
    m, wrong, compared = int(row["m"]), [], 0
    for multiplier, (prefix, *figures) in COLUMNS.items():
        got = relative_error(multiplier, m)
        values = (got.mean, got.mean_absolute, got.max_absolute)
        for figure, value in zip(figures, values[: len(figures)], strict=True):
            compared += 1
            if f"{value:.6f}" != row[f"{prefix}_{figure}"]:
                wrong.append((m, prefix, figure, value))
    return wrong, compared


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"m={row['m']}")
def test_exhaustive_table(row):
    assert offset_exponent(int(row["m"])) == int(row["l(m)"])
    assert differing(row) == ([], 8)


def test_the_table_covers_one_to_ten_bits():
    assert [int(row["m"]) for row in ROWS] == list(range(1, 11))


@pytest.mark.parametrize("m", [1, 2, 3, 4, 5])
def test_fractions(m):
    """Products and statistics in rational arithmetic, from the definitions."""
    offset = Fraction(1, 2 ** (m if m <= 3 else 3 if m == 4 else 4))
    for multiplier in AddingMultiplier:
        errors = []
        for i in range(1 << m):
            for j in range(1 << m):
                x, y = Fraction(i, 1 << m), Fraction(j, 1 << m)
                s = x + y + (0 if multiplier is AddingMultiplier.MITCHELL else offset)
                value = 1 + s
                if multiplier is not AddingMultiplier.FORMULA:
                    value = (1 + s % 1) * 2 ** (s // 1)
                assert Fraction(int(product(multiplier, i, j, m)), 4**m) == value
                errors.append(value / ((1 + x) * (1 + y)) - 1)
        got = relative_error(multiplier, m)
        assert got.mean == pytest.approx(float(sum(errors) / 4**m), abs=1e-15)
        absolute = [abs(e) for e in errors]
        assert got.mean_absolute == pytest.approx(float(sum(absolute) / 4**m), abs=1e-15)
        assert got.max_absolute == float(max(absolute))
        assert len(errors) == 4**m


@pytest.mark.parametrize(("name", "m"), [("e5m2", 2), ("e4m3", 3), ("e3m4", 4), ("e4m6", 6)])
def test_the_unit_multiplies_significands_alike(name, m):
    unit = parse(f"lmul:w={name},a={name}")
    assert unit.offset == 1 << (m - offset_exponent(m))
    one = unit.w.bias << m
    x, y = np.divmod(np.arange(4**m), 1 << m)
    terms = unit.terms_of({"w": one + x, "a": one + y})
    # Two operands from 1 up: the term's last bit weighs 2**(lsb_exponent + shift).
    weight = terms.shift + unit.term_shape.lsb_exponent + 2 * m
    assert (weight >= 0).all()
    assert not terms.sign.any()
    assert np.array_equal(terms.significand << weight, product("integer-add", x, y, m))
    assert x.size == 4**m


def test_shapes_go_together():
    x = np.arange(8, dtype=np.uint8)
    assert product("formula", x[:, None], x, 3).shape == (8, 8)
    assert product("mitchell", 7, 7, 3).shape == ()
    assert product("integer-add", np.array([], dtype=int), 3, 3).shape == (0,)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: relative_error("formula", 0), "mantissa_bits must be .*1 to 12, not 0"),
        (lambda: relative_error("formula", 13), "mantissa_bits must be .*1 to 12, not 13"),
        (lambda: relative_error("formula", 2.0), "mantissa_bits must be an integer.*not 2.0"),
        (lambda: relative_error("booth", 3), "unknown multiplier 'booth'; known: formula, int"),
        (lambda: offset_exponent(-1), "mantissa_bits must be .*not -1"),
        (lambda: product("formula", 8, 0, 3), "mantissas must be 0 to 7, not 8"),
        (lambda: product("formula", 0, [1, -1], 3), "mantissas must be 0 to 7, not -1"),
        (lambda: product("formula", 0.5, 0, 3), "mantissas must be integers, not of float64"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(HwdseError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)


def test_a_wrong_offset_is_noticed(monkeypatch):
    """Planted: 4 above 3 bits, without the exception for 4."""
    monkeypatch.setattr(module, "offset_exponent", lambda m: min(m, 4))
    wrong = [int(row["m"]) for row in ROWS if differing(row)[0]]
    assert wrong == [4]

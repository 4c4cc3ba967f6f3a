"""Scale rules and elements against the definitions in fractions, on hard blocks."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from hwdse import formats
from hwdse.formats import block, scale

from . import block_model as model

RULES = {"floor": "", "ceil": "_ceil", "ceil-log2": "_ceillog2", "round": "_round", "even": "_even"}


def hard_maxima(table, mantissa_bits):
    """Numbers at and beside those where a rule may change its mind, as float64."""
    top = [1, float(table[-1]), 1.5 * float(table[-1]), 2 - 2.0 ** -(mantissa_bits + 1)]
    x = np.array([t * 2.0**k for t in top for k in (-130, -40, -5, -1, 0, 1, 4, 5, 17, 100)])
    narrow = x.astype(np.float32)
    inf = np.float32(np.inf)
    return np.concatenate(
        [
            *(x, np.nextafter(x, np.inf), np.nextafter(x, 0)),
            *(np.nextafter(narrow, inf).astype(float), np.nextafter(narrow, -inf).astype(float)),
            [2.0**-149, 3 * 2.0**-149, 5e-324, 2.0**-126, 0.0],
        ]
    )


def rows_of(maxima):
    """A block of six for each maximum: it, ties and less."""
    part = np.array([1, -0.3333, 0.25, -0.0625, 2.0**-20, -1])
    return maxima[:, None] * part


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("base", model.ELEMENTS)
def test_scales_and_values_are_those_of_the_definition(base, rule):
    table, mantissa_bits, least = model.ELEMENTS[base]
    name = base.replace("_sym", "_sym_b6") if "_sym" in base else f"{base}_b6"
    fmt = formats.get(name + RULES[rule])
    maxima = hard_maxima(table, mantissa_bits)
    x = rows_of(maxima)
    codes = fmt.encode(x)
    got = fmt.decode(codes)
    checked = 0
    for i, row in enumerate(x):
        exact = [Fraction(v) for v in row]
        s = model.power_scale(max(map(abs, exact)), rule, table, mantissa_bits)
        assert Fraction(2) ** (int(codes.scales[i, 0]) - 127) == s, (row, rule)
        want = model.block_values(exact, s, table, least=least)
        assert [Fraction(v) for v in got[i]] == want, row
        checked += 6
    assert checked >= 1200
    assert got.tobytes() == fmt.quantize(x).tobytes()


def test_a_logarithm_in_float32_is_found(monkeypatch):
    """The planted bug is that of libraries which take log2 of a float32."""

    def by_logarithm(a, rule, element):
        with np.errstate(divide="ignore"):
            k = np.floor(np.log2(a.astype(np.float32))).astype(np.float64)
        return np.exp2(k - (np.frexp(element.max)[1] - 1))

    monkeypatch.setattr(scale, "_power_of_two", by_logarithm)
    with pytest.raises(AssertionError):
        test_scales_and_values_are_those_of_the_definition("mxfp4", "floor")


def test_ceil_covers_and_no_lesser_scale_would():
    rng = np.random.default_rng(3)
    x = rng.normal(size=(500, 16)) * np.exp2(rng.integers(-50, 50, (500, 1)))
    amax = np.abs(x).max(axis=1)
    for name in ("mxfp4_b16_ceil", "mxint8_b16_ceil", "mxfp8_e4m3_b16_ceil"):
        fmt = formats.get(name)
        s = np.exp2(fmt.encode(x).scales.ravel().astype(float) - 127)
        assert np.all(amax <= s * fmt.element.max)
        assert np.all(amax > s / 2 * fmt.element.max)


def test_every_rule_with_scales_of_other_floats():
    rng = np.random.default_rng(4)
    x = rng.normal(size=(300, 8))
    amax = [Fraction(float(v)) for v in np.abs(x).max(axis=1)]
    scales = {}
    for rule in ("floor", "round", "ceil"):
        fmt = _custom("int4_sym", "fp16", rule, 8)
        scales[rule] = formats.scalar("fp16").decode(fmt.encode(x).scales).ravel()
    grid = formats.scalar("fp16").decode(np.arange(0x7C00))
    for i, a in enumerate(amax):
        exact = a / 7
        above = int(np.searchsorted(grid, float(exact)))
        candidates = [Fraction(float(v)) for v in grid[above - 2 : above + 2]]
        assert scales["floor"][i] == max(c for c in candidates if c <= exact)
        assert scales["ceil"][i] == min(c for c in candidates if c >= exact)
        assert scales["round"][i] == min(candidates, key=lambda c: abs(c - exact))
    assert (scales["floor"] != scales["round"]).sum() > 50
    assert (scales["ceil"] != scales["round"]).sum() > 50


def _custom(element, scales, rule, size):
    return block.BlockFormat(
        name="custom",
        element=formats.scalar(element),
        scale=formats.scalar(scales),
        block=size,
        rule=scale.ScaleRule(rule),
    )


def test_mean_square_scale_is_the_best_candidate_of_powers_of_two():
    rng = np.random.default_rng(5)
    x = rng.normal(size=(60, 8))
    x[::2] = np.round(x[::2] * 4) / 4
    for base in ("mxfp4", "mxint4", "mxfp6_e2m3"):
        table, mantissa_bits, least = model.ELEMENTS[base]
        codes = formats.get(f"{base}_b8_mse").encode(x)
        for i, row in enumerate(x):
            exact = [Fraction(v) for v in row]
            covering = model.power_scale(max(map(abs, exact)), "ceil", table, mantissa_bits)
            candidates = [covering, covering / 2, covering / 4]
            errors = [_error(exact, c, table, least) for c in candidates]
            # min gives the first of equals: the largest scale.
            best = candidates[errors.index(min(errors))]
            assert Fraction(2) ** (int(codes.scales[i, 0]) - 127) == best


def test_mean_square_scale_is_the_best_candidate_of_e4m3():
    rng = np.random.default_rng(6)
    x = rng.normal(size=(40, 16))
    fmt = formats.get("nvfp4_divide_mse")
    codes = fmt.encode(x)
    tensor = Fraction(codes.tensor_scale)
    changed = 0
    for i, row in enumerate(x):
        exact = [Fraction(v) for v in row]
        wanted = max(map(abs, exact)) / (6 * tensor)
        covering = next((n for n, s in enumerate(model.E4M3) if s >= wanted), 0x7E)
        errors = [
            _error(exact, model.E4M3[covering - n] * tensor, model.E2M1, None) for n in range(9)
        ]
        best = covering - errors.index(min(errors))
        changed += best != covering
        assert codes.scales[i, 0] == best
    assert changed > 10


def _error(values, s, table, least):
    got = model.block_values(values, s, table, least=least)
    return sum((a - b) ** 2 for a, b in zip(values, got, strict=True))


@pytest.mark.parametrize("name", ["int4_sym", "e2m1", "int8_sym"])
def test_searched_scales_never_lose_against_covering_ones(name):
    x = np.random.default_rng(7).standard_t(4, size=(200, 32))
    for scales in ("fp16", "bf16", "fp32", "e4m3", "e8m0"):
        best, covering = (
            np.square(_custom(name, scales, rule, 32).quantize(x) - x).sum()
            for rule in ("mse", "ceil")
        )
        assert best < covering

"""The oracles agree with one another where they can be compared: none is taken on faith."""

import numpy as np
import pytest

from . import oracles

VECTORS = 4000


@pytest.mark.parametrize("name", ["fp32", "fp16"])
def test_fractions_agree_with_softfloat(name):
    rng = np.random.default_rng(7)
    bits = 1 + sum(oracles.FIELDS[name])
    fma = oracles.fma32 if name == "fp32" else oracles.fma16
    w, a, acc = rng.integers(0, 1 << bits, size=(3, VECTORS)).tolist()
    for x, y, z in zip(w, a, acc, strict=True):
        fields = oracles.FIELDS[name]
        product = oracles.times(oracles.decode(x, *fields), oracles.decode(y, *fields))
        assert oracles.fraction_step(name, z, product) == fma(x, y, z), (x, y, z)


@pytest.mark.parametrize("name", ["fp16", "bf16"])
def test_fractions_decode_as_ml_dtypes(name):
    for code in range(0, 1 << 16, 3):
        got = oracles.decode(code, *oracles.FIELDS[name])
        assert got == oracles.number(name, code)
        if got.value != oracles.NAN:
            assert oracles.encode(got, *oracles.FIELDS[name]) == code

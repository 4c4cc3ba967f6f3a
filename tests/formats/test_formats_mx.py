"""OCP MX and block floating point against gfloat, torchao's recorded codes, and their names."""

from __future__ import annotations

import functools
import pathlib

import gfloat
import gfloat.formats
import numpy as np
import pytest

from hwdse import formats

from . import block_model as model
from . import oracles
from .bad_input import refused_name

VECTORS = pathlib.Path(__file__).parent / "data" / "block_vectors.npz"

GFLOAT = {
    "mxfp8_e4m3": gfloat.formats.format_info_mxfp8_e4m3,
    "mxfp8_e5m2": gfloat.formats.format_info_mxfp8_e5m2,
    "mxfp6_e3m2": gfloat.formats.format_info_mxfp6_e3m2,
    "mxfp6_e2m3": gfloat.formats.format_info_mxfp6_e2m3,
    "mxfp4": gfloat.formats.format_info_mxfp4_e2m1,
    "mxint8": gfloat.formats.format_info_mxint8,
}

FLOATS = tuple(name for name in GFLOAT if name != "mxint8")
RULES = ("", "_ceil", "_ceillog2", "_even")


@functools.cache
def vectors():
    with np.load(VECTORS) as file:
        return dict(file)


def unpacked(elements, size):
    """Codes of four bits come in twos, the first in the low half."""
    if elements.shape[-1] == size:
        return elements
    return np.stack([elements & 15, elements >> 4], axis=-1).reshape(-1, size)


@pytest.mark.parametrize("name", GFLOAT)
def test_scales_and_values_are_those_of_gfloat(name):
    info, fmt = GFLOAT[name], formats.get(name)
    rng = np.random.default_rng(oracles.SEED)
    x = rng.normal(size=(160, 32)) * np.exp2(rng.integers(-100, 100, (160, 1)))
    x[::2] = rng.integers(-256, 257, (80, 32)) / 64 * np.exp2(rng.integers(-9, 9, (80, 1)))
    # Just below, at and just above powers of two; in float64 gfloat's logarithm is right there.
    x[:60, 7] = np.ldexp(1.0 + np.tile([-(2.0**-24), 0, 2.0**-23], 20), np.repeat(range(20), 3))
    x[:60] = np.clip(x[:60], -x[:60, 7:8], x[:60, 7:8])
    values = fmt.quantize(x)
    codes = fmt.encode(x)
    for i, row in enumerate(x):
        scale = gfloat.compute_scale_amax(info.etype.emax, row)
        assert 2.0 ** (int(codes.scales[i, 0]) - 127) == scale
        want = gfloat.quantize_block(info, row, gfloat.compute_scale_amax)
        assert oracles.mismatches(values[i] + 0.0, want + 0.0) == 0
    assert values.size == 5120


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("name", FLOATS)
def test_codes_are_those_of_torchao(name, rule):
    v = vectors()
    x = v["x"]
    codes = formats.get(name + rule).encode(x)
    scales, elements = v[f"{name}{rule}/scales"], unpacked(v[f"{name}{rule}/elements"], 32)
    amax = np.abs(x).max(axis=1).astype(np.float64)
    alike = np.ones(len(x), bool)
    if rule == "_ceil":
        # torchao takes a logarithm in float32, too small just above a power of two: by less than
        # covers the block.
        part = np.frexp(amax / formats.get(name).element.max)[0]
        alike = (part < 0.5) | (part > 0.5 + 2.0**-20)
        assert np.all(codes.scales[~alike, 0] - scales[~alike, 0].astype(int) <= 1)
    assert np.array_equal(codes.scales[alike], scales[alike])
    # For scales of 2**-127, torchao divides by 2**-126.
    alike &= (scales[:, 0] > 0) | (amax == 0)
    assert oracles.code_mismatches(codes.elements[alike], elements[alike]) == 0
    assert np.count_nonzero(alike) >= 150


def test_recorded_codes_are_torchaos():
    versions = vectors()["versions"].tolist()
    assert [text.split("+")[0] for text in versions] == ["torch 2.15.0", "torchao 0.18.0"]


def test_recorded_blocks_tell_the_rules_apart():
    v = vectors()
    for rule in RULES:
        codes = formats.get(f"mxfp4{rule}").encode(v["x"])
        for other in RULES:
            differ = np.count_nonzero(codes.scales != v[f"mxfp4{other}/scales"])
            assert differ >= 10 or other == rule, (rule, other)


@pytest.mark.slow
@pytest.mark.parametrize("name", FLOATS)
def test_codes_are_those_of_torchao_live(name):
    torch = pytest.importorskip("torch")
    mx = pytest.importorskip("torchao.prototype.mx_formats.mx_tensor")
    constants = pytest.importorskip("torchao.prototype.mx_formats.constants")
    dtype = {
        "mxfp8_e4m3": torch.float8_e4m3fn,
        "mxfp8_e5m2": torch.float8_e5m2,
        "mxfp6_e3m2": constants.DTYPE_FP6_E3M2,
        "mxfp6_e2m3": constants.DTYPE_FP6_E2M3,
        "mxfp4": torch.float4_e2m1fn_x2,
    }[name]
    rng = np.random.default_rng(oracles.SEED)
    x = rng.normal(size=(4096, 64)) * np.exp2(rng.integers(-100, 100, (4096, 1)))
    x = x.astype(np.float32)
    modes = mx.ScaleCalculationMode
    for rule, mode in (("", modes.FLOOR), ("_ceillog2", modes.CEIL), ("_even", modes.EVEN)):
        scales, elements = mx.to_mx(torch.from_numpy(x), dtype, 32, mode)
        codes = formats.get(name + rule).encode(x)
        assert oracles.code_mismatches(codes.scales, scales.view(torch.uint8).numpy()) == 0
        want = unpacked(elements.view(torch.uint8).numpy(), 64)
        assert oracles.code_mismatches(codes.elements, want) == 0


def test_integers_use_their_most_negative_code_unless_symmetric():
    x = np.array([-1.999, 1.0, 1.999])
    assert formats.get("mxint8").quantize(x).tolist() == [-2.0, 1.0, 127 / 64]
    assert formats.get("mxint8_sym").quantize(x).tolist() == [-127 / 64, 1.0, 127 / 64]
    assert formats.get("mxint8").encode(x).elements.tolist() == [0x80, 0x40, 0x7F]


def test_block_floating_point_is_what_its_definition_says():
    """Significands of N bits, aligned to the exponent of the block's largest magnitude."""
    x = np.random.default_rng(1).normal(size=(200, 32)) * 37
    for bits in (2, 4, 8, 12):
        exponent = np.frexp(np.abs(x).max(axis=1, keepdims=True))[1] - 1
        unit = np.ldexp(1.0, exponent - (bits - 2))
        half = 2 ** (bits - 1)
        want = np.clip(np.rint(x / unit), -half, half - 1) * unit
        fmt = formats.get(f"bfp{bits}_32")
        assert np.array_equal(fmt.quantize(x), want)
        assert fmt.bits_per_value == bits + 0.25
        narrow = np.clip(np.rint(x / unit), 1 - half, half - 1) * unit
        assert np.array_equal(formats.get(f"bfp{bits}_32_sym").quantize(x), narrow)
        assert (narrow != want).any() == (bits < 8)


def test_a_bfp_is_the_mx_integer_of_its_size():
    x = np.random.default_rng(2).normal(size=(50, 64))
    assert np.array_equal(formats.get("bfp8_32").quantize(x), formats.get("mxint8").quantize(x))


def test_every_name_finds_its_format_again():
    names = [
        *formats.names(),
        *(f"mxfp4{block}{rule}" for block in ("", "_b1", "_b65536") for rule in RULES),
        *("mxint2_sym_b7_mse", "mxint16", "bfp2_1", "bfp16_65536_sym_round", "mxfp8_e4m3_round"),
        *("nvfp4_b32_ue5m3_divide_mse", "nvint8_ue4m3", "nvint2_divide_floor", "nvfp4_ceil"),
    ]
    found = [formats.get(name) for name in names]
    assert [fmt.name for fmt in found] == names
    assert len({fmt.name for fmt in found if fmt.kind == "block"}) >= 30
    assert {"mxfp4", "mxint6", "nvfp4", "nvint4", "bfp8_32"} <= set(formats.names())


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("mxfp4_b0", "block must be 1 to 65536, not 0"),
        ("mxint8_b65537", "block must be 1 to 65536, not 65537"),
        ("mxfp4_b32", "blocks of 32 are what it has without '_b32'; leave it out"),
        ("mxfp4_floor", "'floor' is the scale rule it has without a suffix; leave it out"),
        ("mxfp4_sym", "'_sym' is for integers, and e2m1 has as many negative values"),
        ("mxint1", "N of mxintN must be 2 to 16, not 1"),
        ("mxint17", "N of mxintN must be 2 to 16, not 17"),
        ("bfp1_32", "N of bfpN_B must be 2 to 16, not 1"),
        ("bfp17_32", "N of bfpN_B must be 2 to 16, not 17"),
        ("bfp8_0", "block must be 1 to 65536, not 0"),
        ("bfp8_32_floor", "'floor' is the scale rule it has without a suffix"),
        ("nvfp4_even", "the scale rule 'even' needs power-of-two scales such as e8m0, not e4m3"),
        ("nvfp4_ue5m3_ceillog2", "needs power-of-two scales such as e8m0, not ue5m3"),
        ("nvfp4_round", "'round' is the scale rule it has without a suffix"),
        ("nvfp4_b16", "blocks of 16 are what it has without '_b16'"),
        ("nvint1", "N of nvintN must be 2 to 16, not 1"),
        ("mxfp8", "did you mean"),
        ("mxfp4_b08", "did you mean"),
        ("nvfp4_e4m3", "(the first where none is named)"),
        ("MXFP4", "did you mean 'mxfp4'"),
    ],
)
def test_names_that_break_a_bound_say_which(name, message):
    said = refused_name(name)
    assert said.startswith(f"unknown format {name!r}")
    assert message in said


def test_model_tables_have_the_published_maxima():
    """OCP MX v1.0, tables 1 to 6."""
    largest = [float(model.ELEMENTS[name][0][-1]) for name in FLOATS]
    assert largest == [448.0, 57344.0, 28.0, 7.5, 6.0]
    assert [formats.get(name).element.max for name in FLOATS] == largest

"""Operand distributions, and files that hold none."""

from __future__ import annotations

import numpy as np
import pytest

from hwdse import formats
from hwdse.cost.operands import operands
from hwdse.errors import HwdseError
from hwdse.pe import Operand, parse


def _codes(choice, name, shape=(64, 512), side="w"):
    rng = np.random.default_rng(3)
    operand = Operand(side, formats.scalar(name), shape[2] if len(shape) > 2 else 1)
    return np.asarray(operands(choice).draw(operand, shape, rng))


@pytest.mark.parametrize(
    "name",
    ["int2", "uint4", "e4m3", "e5m2", "e2m1", "ternary", "int4_sym", "posit8", "e8m0", "khot8_2"],
)
def test_uniform_takes_every_finite_code_and_no_other(name):
    fmt = formats.get(name)
    codes = _codes("uniform", name, (64, 4096))
    valid = fmt.codes()
    finite = valid[np.isfinite(fmt.decode(valid))]
    counts = np.bincount(codes.ravel(), minlength=1 << fmt.bits)
    assert set(np.flatnonzero(counts)) == set(finite)
    expected = codes.size / len(finite)
    assert np.abs(counts[finite] - expected).max() < 6 * np.sqrt(expected)


LIMITS = [("int8", 127), ("e4m3", 256), ("e2m1", 6), ("fixed8_4", 127 / 16), ("posit8", 256)]
LIMITS += [("nf4", 1), ("int4_sym", 7), ("flint4", 16)]


@pytest.mark.parametrize(("name", "limit"), LIMITS)
def test_normal_reaches_the_limit_and_no_further(name, limit):
    values = formats.get(name).decode(_codes("normal", name))
    assert np.abs(values).max() == limit
    assert abs(values.mean()) < 0.05 * limit
    # 32768 draws reach about 4.2 standard deviations.
    assert 0.2 < values.std() / limit < 0.3


def test_normal_floats_cannot_overflow_a_sum():
    assert np.abs(formats.get("bf16").decode(_codes("normal", "bf16"))).max() <= 256


def test_the_same_seed_gives_the_same_codes():
    assert (_codes("normal", "int4") == _codes("normal", "int4")).all()


def _save(tmp_path, **arrays):
    np.savez(tmp_path / "t.npz", **arrays)
    return str(tmp_path / "t.npz")


def test_a_file_of_codes_is_taken_as_it_is_in_runs(tmp_path):
    w = np.arange(-8, 8, dtype=np.int8)
    path = _save(tmp_path, w=w, a=np.zeros((2, 2), dtype=np.uint8))
    codes = _codes(path, "int4")
    assert set(codes.ravel()) == set(range(16))
    # Neighbours in the tensor stay neighbours in time, round its end.
    assert ((codes[1:] - codes[:-1]) % 16 == 1).all()
    assert not _codes(path, "int4", side="a").any()


def test_a_file_of_values_is_scaled_to_the_format(tmp_path):
    path = _save(tmp_path, w=np.array([0.5, -0.25, 0.0]), a=np.zeros(3, dtype=np.float32))
    assert set(formats.get("int8").decode(_codes(path, "int8")).ravel()) == {127, -64, 0}
    assert not _codes(path, "int8", side="a").any()


def test_the_key_follows_the_contents(tmp_path):
    one = operands(_save(tmp_path, w=np.ones(2), a=np.ones(2)))
    two = operands(_save(tmp_path, w=np.ones(2), a=np.zeros(2)))
    assert one.name == two.name == "t.npz"
    assert one.key != two.key


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"w": np.ones(2), "a": np.array(["x"])}, "array 'a' must hold numbers, not <U1"),
        ({"w": np.ones(2, dtype=bool), "a": np.ones(2)}, "array 'w' must hold numbers, not bool"),
        ({"w": np.ones(2, dtype=complex), "a": np.ones(2)}, "must hold numbers, not complex128"),
        ({"w": np.ones(0), "a": np.ones(2)}, "array 'w' is empty"),
        ({"w": np.array([1, np.nan]), "a": np.ones(2)}, "array 'w' holds NaN or infinity"),
        ({"w": np.ones(2), "a": np.array([np.inf])}, "array 'a' holds NaN or infinity"),
    ],
)
def test_files_without_operands(arrays, message, tmp_path):
    with pytest.raises(HwdseError, match=message) as caught:
        operands(_save(tmp_path, **arrays))
    assert "t.npz: array" in str(caught.value)


def test_every_operand_has_an_array(tmp_path):
    with pytest.raises(
        HwdseError, match=r"t\.npz: array 'a' is missing; give one for every operand"
    ):
        _codes(_save(tmp_path, w=np.ones(2)), "int2", side="a")


def test_codes_beyond_the_format_name_the_file_and_the_array(tmp_path):
    path = _save(tmp_path, w=np.ones(2, dtype=int), a=np.array([1, 99]))
    with pytest.raises(HwdseError, match=r"t\.npz: array 'a': 99 at index 1 is not a code of int2"):
        _codes(path, "int2", side="a")


class _Planted:
    """Unpickling this would end the test."""

    def __reduce__(self):
        return (pytest.fail, ("unpickled",))


def test_pickles_are_not_loaded(tmp_path):
    path = _save(tmp_path, w=np.array([_Planted()], dtype=object), a=np.ones(1))
    with pytest.raises(HwdseError, match="not a readable"):
        operands(path)


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"\x93NUMPY\x01\x00", b"text", None])
def test_files_that_are_no_archives(data, tmp_path):
    path = tmp_path / "x.npz"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(HwdseError, match="not a readable"):
        operands(str(path))


def test_a_single_array_is_no_archive(tmp_path):
    np.save(tmp_path / "x.npy", np.ones(3))
    (tmp_path / "x.npy").rename(tmp_path / "x.npz")
    with pytest.raises(HwdseError, match="not a readable"):
        operands(str(tmp_path / "x.npz"))


def test_a_truncated_archive(tmp_path):
    path = tmp_path / "x.npz"
    np.savez_compressed(path, w=np.arange(1000), a=np.arange(1000))
    data = bytearray(path.read_bytes())
    data[60:200] = bytes(140)
    path.write_bytes(data)
    with pytest.raises(HwdseError, match="not a readable"):
        operands(str(path))


def _sampled(choice, spec, seed=3, steps=64, sums=64):
    unit = parse(spec)
    return unit, operands(choice).sample(unit, (steps, sums), np.random.default_rng(seed))


BLOCK_SPECS = [
    "dot:w=mxfp4,a=mxfp8_e4m3,acc=fp16",
    "dot:w=mxfp4,a=mxfp8_e5m2,lanes=8,acc=fp16",
    "dot:w=nvfp4,a=nvint4,acc=fp16",
    "dot:w=int4_g128_fp16,a=int8_channel,lanes=32,acc=fp16",
    "dot:w=uint4_g64_bf16,a=uint8_tensor,lanes=16,acc=bf16",
    "dot:w=bfp8_32,a=int8_tensor,acc=fp32",
]


@pytest.mark.parametrize("spec", BLOCK_SPECS)
@pytest.mark.parametrize("choice", ["uniform", "normal"])
def test_blocks_neither_overflow_nor_vanish(choice, spec):
    unit, codes = _sampled(choice, spec)
    sums = np.abs(unit.decode_acc(unit.outputs(codes)["acc"]))
    assert np.isfinite(sums).all()
    assert 0.5 < np.median(sums[-1]) < 2000


@pytest.mark.parametrize("spec", BLOCK_SPECS)
def test_a_scale_stays_for_its_block_and_belongs_to_it(spec):
    unit, codes = _sampled("normal", spec)
    for side, fmt in (("w", unit.w), ("a", unit.a)):
        values = fmt.element.decode(codes[side])
        if f"{side}_zero" in codes:
            values = values - fmt.element.decode(codes[f"{side}_zero"])[..., None]
        scales = formats.get(fmt.scale_format).decode(codes[f"{side}_scale"])
        cycles = (fmt.block or 64 * unit.lanes) // unit.lanes
        assert (scales.reshape(-1, min(cycles, 64), 64).std(axis=1) == 0).all()
        # Scaled back, N(0, 1) is what it was; its elements fill their range.
        assert 0.8 < (values * scales[..., None]).std() < 1.2
        assert np.abs(fmt.element.decode(codes[side])).max() >= 0.85 * fmt.element.max


def test_a_file_of_values_is_quantised_in_its_own_blocks(tmp_path):
    tensor = np.repeat(2.0 ** np.arange(8), 32)
    path = _save(tmp_path, w=tensor, a=-tensor)
    _, codes = _sampled(path, "dot:w=mxint8,a=mxfp4,lanes=8", steps=32)
    assert set(codes["w_scale"].ravel()) == set(range(127, 135))
    assert (formats.get("fixed8_6").decode(codes["w"]) == 1).all()
    assert set(formats.get("e2m1").decode(codes["a"]).ravel()) == {-4}
    # The blocks of a sum come one after the other.
    steps = codes["w_scale"][::4] - 127
    assert ((steps[1:] - steps[:-1]) % 8 == 1).all()


def test_a_file_of_codes_brings_its_scales(tmp_path):
    codes = np.arange(64, dtype=np.uint8) % 16
    path = _save(tmp_path, w=codes, a=codes, w_scale=np.array([7, 9], dtype=np.uint8))
    _, drawn = _sampled(path, "dot:w=mxfp4,a=int4,lanes=4")
    assert (drawn["w"] == np.arange(4)[None, None] + 4 * (np.arange(64) % 4)[:, None, None]).all()
    halves = drawn["w_scale"].reshape(8, 8, 64)
    assert (halves == halves[:, :1]).all()
    assert set(drawn["w_scale"].ravel()) == {7, 9}
    with pytest.raises(HwdseError, match="array 'a' holds codes of mxfp4, so array 'a_scale' must"):
        _sampled(path, "dot:w=mxfp4,a=mxfp4")
    bad = _save(tmp_path, w=codes + 16, a=codes, w_scale=np.array([7, 9]))
    with pytest.raises(HwdseError, match=r"t\.npz: array 'w': 16 at index 0 is not"):
        _sampled(bad, "dot:w=mxfp4,a=int4")

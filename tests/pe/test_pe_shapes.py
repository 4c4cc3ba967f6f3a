"""Shapes and dtypes that the references take, and those they refuse in one line."""

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.pe import parse

MAC = parse("mac:w=int8,a=int8")
DOT = parse("dot:w=int4,a=int8,lanes=4")
FLOAT = parse("mac:w=e4m3,a=e4m3")


def test_signed_codes_stand_for_themselves():
    rng = np.random.default_rng(1)
    w = rng.integers(-128, 128, size=(20, 3)).astype(np.int8)
    a = rng.integers(-128, 128, size=(20, 3)).astype(np.int8)
    signed = MAC.reference(w, a)
    assert (signed == np.cumsum(w.astype(np.int64) * a, axis=0)).all()
    assert (MAC.reference(w.view(np.uint8), a.view(np.uint8)) == signed).all()


def test_operands_broadcast():
    a = np.arange(12).reshape(4, 3)
    acc = MAC.reference(np.full((4, 1), 2), a)
    assert acc.shape == (4, 3)
    assert acc[-1].tolist() == [36, 44, 52]
    assert MAC.reference([[3]], [[1], [2], [4]]).ravel().tolist() == [3, 9, 21]
    weights = np.array([[[1, 2, 3, 4]]])
    assert DOT.reference(weights, np.ones((2, 5, 4), np.int64)).shape == (2, 5)
    assert DOT.reference(weights, np.ones((2, 5, 4), np.int64))[-1].tolist() == [20] * 5


def test_lists_and_no_elements():
    assert MAC.reference([1, 2], [3, 4]).tolist() == [3, 11]
    for unit in (MAC, FLOAT, parse("mac:w=e5m2,a=e5m2,acc=exact,terms=2")):
        nothing = np.empty((0, 5), np.int64)
        assert all(
            out.shape == (0, 5) for out in unit.outputs({"w": nothing, "a": nothing}).values()
        )


# Terms of int64, and of Python integers; accumulators of either kind.
ONE_SUM = (
    "mac:w=int8,a=int8",
    "mac:w=e4m3,a=e4m3",
    "mac:w=fp32,a=fp32,acc=exact",
    "dot:w=mxfp8_e5m2,a=mxfp8_e5m2",
    "dot:w=mxfp8_e5m2,a=mxfp8_e5m2,acc=exact",
    "dot:w=int4_g128,a=nf4_g128",
    "dot:w=abfp8_32,a=abfp8_32",
    "bitplane:w=ternary,a=int8",
)


@pytest.mark.parametrize("spec", ONE_SUM)
def test_one_sum_needs_no_axis_of_its_own(spec):
    unit = parse(spec)
    rng = np.random.default_rng(4)
    codes = {o.name: rng.integers(0, 2, size=(5, *o.trailing)) for o in unit.operands}
    alone = unit.outputs(codes)
    beside = unit.outputs({name: values[:, None] for name, values in codes.items()})
    for name, values in alone.items():
        assert values.shape == (5,)
        assert (values == beside[name][:, 0]).all()


def test_dtypes_of_results():
    assert MAC.reference([1], [1]).dtype == np.int64
    assert FLOAT.reference([1], [1]).dtype == np.int64
    assert parse("mac:w=e5m2,a=e5m2,acc=exact").reference([1], [1]).dtype == object


def test_decoding_an_accumulator():
    one = FLOAT.w.encode([1.0, 2.0, -0.5])
    assert FLOAT.decode_acc(FLOAT.reference(one, one)).tolist() == [1.0, 5.0, 5.25]
    exact = parse("mac:w=e4m3,a=e4m3,acc=exact")
    assert exact.decode_acc(exact.reference(one, one)).tolist() == [1.0, 5.0, 5.25]


BAD = [
    (MAC, 3, [1], "must have shape (steps, ...)"),
    (MAC, [1, 2], [1, 2, 3], "do not go together"),
    (MAC, [256], [1], "256 at index 0 is not a code of int8: codes are -128 to 255"),
    (MAC, [-129], [1], "-129 at index 0 is not a code of int8"),
    (MAC, [0.5], [1], "must be an array of integers"),
    (DOT, [[1, 2, 3]], [[1, 2, 3]], "must have shape (steps, ..., lanes)"),
    (DOT, [[1] * 4], [[1] * 3], "those of a have (1, 3)"),
    (DOT, [[16] * 4], [[1] * 4], "16 at index (0, 0) is not a code of int4: codes are -8 to 15"),
    (FLOAT, [-1], [1], "-1 at index 0 is not a code of e4m3: codes are 0 to 255"),
]


@pytest.mark.parametrize(("unit", "w", "a", "message"), BAD)
def test_refused(unit, w, a, message):
    with pytest.raises(HwdseError) as caught:
        unit.reference(w, a)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("unit", [MAC, FLOAT])
@pytest.mark.parametrize("clear", [[True, False], [[True]] * 3])
def test_a_clear_of_the_wrong_shape_is_refused(unit, clear):
    with pytest.raises(HwdseError, match="clear"):
        unit.reference([1, 2, 3], [1, 2, 3], clear)

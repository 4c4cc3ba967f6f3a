"""``groupdot`` against fractions, element by element; both orders of dequantisation."""

from fractions import Fraction

import numpy as np
import pytest

from hwdse.pe import parse
from hwdse.verify.codes import draw, draw_finite, near_one

from .dot_oracle import element
from .oracles import FIELDS, NAN, Number, decode, encode, fraction_step, plus, times
from .refusals import nearest

STEPS, SUMS = 24, 24
ZERO = Number(Fraction(0), False)

AFTER = [
    "w=int4,a=int8,lanes=4,group=16",
    "w=int4,a=int8,lanes=2,group=2,scale=e8m0",
    "w=int3,a=int4,lanes=1,group=5,scale=bf16,acc=fp16",
    "w=uint4,a=int8,lanes=3,group=9,acc=bf16",
    "w=uint4,a=uint8,lanes=2,group=8,zero=no,mul=shiftadd",
    "w=int4,a=int8,lanes=2,group=6,zero=yes",
    "w=int4,a=fp16,lanes=2,group=8",
    "w=uint4,a=fp16,lanes=2,group=6",
    "w=int8_sym,a=e5m2,lanes=4,group=8,scale=e4m3,acc=fp16",
    "w=int2,a=bf16,lanes=1,group=3",
]
BEFORE = [
    "w=int4,a=int8,lanes=4,group=16",
    "w=uint4,a=int8,lanes=2,group=4,scale=bf16,dequant_format=bf16",
    "w=int4,a=int8,lanes=2,group=6,zero=yes,scale=bf16",
    "w=int8,a=fp16,lanes=1,group=2",
    "w=int3,a=e4m3,lanes=2,group=2,zero=yes,scale=e8m0,acc=bf16",
    "w=int4_sym,a=int4,lanes=3,group=6,scale=e4m3,dequant_format=fp32",
]


def unit_of(keys, order):
    return parse(f"groupdot:{keys},dequant={order}")


def codes_of(unit, seed, steps=STEPS, sums=SUMS):
    """Codes of every operand: finite ones, ones near 1, and in a few sums of all kinds."""
    rng = np.random.default_rng(seed)
    found = {}
    for operand in unit.operands:
        shape = (steps, sums, *operand.trailing)
        codes = draw_finite(operand.format, shape, rng)
        third = sums // 3
        codes[:, :third] = near_one(operand.format, codes[:, :third], rng)
        mixed = codes[:, 2 * third :]
        some = rng.random(mixed.shape) < 1 / 8 / operand.lanes
        codes[:, 2 * third :] = np.where(some, draw(operand.format, mixed.shape, rng), mixed)
        found[operand.name] = codes
    clear = rng.random(steps) < 1 / 8
    clear[0] = True
    return found, clear


def exact(numbers):
    """Exact sum; a zero is positive."""
    found = ZERO
    for number in numbers:
        found = plus(found, number)
    return Number(found.value, False) if found.value == 0 else found


def integer(unit, code):
    return element(unit.w_element.name.removesuffix("_sym"), code).value


def lanes_of(unit, codes, name, at):
    found = codes[name][at]
    return found.tolist() if unit.lanes > 1 else [int(found)]


def group_term(unit, codes, elements, sum_index):
    """``s * (sum(a q) - z sum(a))`` of the elements at these steps."""
    last = (elements[-1], sum_index)
    products, activations = [], []
    for step in elements:
        at = (step, sum_index)
        for w, a in zip(
            lanes_of(unit, codes, "w", at), lanes_of(unit, codes, "a", at), strict=True
        ):
            number = element(unit.a_element.name, a)
            q = integer(unit, w)
            products.append(times(Number(q, q < 0), number))
            activations.append(number)
    total = exact(products)
    if unit.zero:
        if any(not number.finite for number in activations):
            total = Number(NAN, False)
        else:
            zero = integer(unit, int(codes["w_zero"][last]))
            value = total.value - zero * exact(activations).value
            total = Number(value, value < 0)
    return times(total, element(unit.scale.name, int(codes["w_scale"][last])))


def element_term(unit, codes, at):
    """The products of one element's dequantised weights."""
    scale = element(unit.scale.name, int(codes["w_scale"][at]))
    zero = integer(unit, int(codes["w_zero"][at])) if unit.zero else 0
    fields = FIELDS[unit.dequantised.name]
    products = []
    for w, a in zip(lanes_of(unit, codes, "w", at), lanes_of(unit, codes, "a", at), strict=True):
        q = integer(unit, w) - zero
        weight = ZERO if q == 0 and scale.finite else times(Number(q, q < 0), scale)
        if weight.value == 0:
            weight = ZERO
        rounded = decode(encode(weight, *fields), *fields)
        products.append(times(rounded, element(unit.a_element.name, a)))
    return exact(products)


@pytest.mark.parametrize("keys", AFTER)
def test_scale_after_the_group_in_fractions(keys):
    unit = unit_of(keys, "after")
    codes, clear = codes_of(unit, seed=1)
    acc = unit.outputs(codes, clear)["acc"]
    completes = unit.completes(clear)
    results = 0
    for index in range(SUMS):
        held, group, total = None, [], 0
        for step in range(STEPS):
            if clear[step]:
                group, total = [], 0
            group.append(step)
            full = len(group) == unit.group // unit.lanes
            assert completes[step] == full
            if full:
                term = group_term(unit, codes, group, index)
                total = fraction_step(unit.common.acc, total, term)
                held, group, results = total, [], results + 1
            if held is not None:
                assert acc[step, index] == held, (step, index)
    assert results > SUMS


@pytest.mark.parametrize("keys", BEFORE)
def test_every_weight_dequantised_in_fractions(keys):
    unit = unit_of(keys, "before")
    codes, clear = codes_of(unit, seed=2)
    acc = unit.outputs(codes, clear)["acc"]
    assert unit.completes(clear).all()
    for index in range(SUMS):
        total = 0
        for step in range(STEPS):
            total = 0 if clear[step] else total
            term = element_term(unit, codes, (step, index))
            total = fraction_step(unit.common.acc, total, term)
            assert acc[step, index] == total, (step, index)


@pytest.mark.parametrize("w", ["int4", "uint4"])
def test_both_orders_are_equal_where_nothing_is_rounded(w):
    keys = f"w={w},a=int8,lanes=4,group=32"
    after, before = unit_of(keys, "after"), unit_of(keys + ",dequant_format=fp32", "before")
    rng = np.random.default_rng(3)
    steps, sums = 32, 200
    codes = {o.name: draw(o.format, (steps, sums, *o.trailing), rng) for o in after.operands}
    # One scale and zero point a group; scales of few bits, so that sums fit fp32.
    ends = np.arange(steps) // 8 * 8 + 7
    quarters = rng.integers(1, 16, size=(steps, sums))[ends]
    codes["w_scale"] = (quarters / 4).astype(np.float16).view(np.uint16).astype(np.int64)
    q, zero = codes["w"] - (codes["w"] >> 3 << 4), 0
    if w == "uint4":
        codes["w_zero"] = codes["w_zero"][ends]
        q, zero = codes["w"], codes["w_zero"][..., None]
    found = after.outputs(codes)["acc"][7::8]
    assert np.array_equal(found, before.outputs(codes)["acc"][7::8])
    a = codes["a"] - (codes["a"] >> 7 << 8)
    wanted = (((q - zero) * a).sum(axis=-1) * quarters).cumsum(axis=0)[7::8] / 4
    assert np.array_equal(after.decode_acc(found), wanted)


def test_both_orders_in_rational_arithmetic():
    """The identity that the unit rests on, for any scale: Fractions, no rounding at all."""
    rng = np.random.default_rng(4)
    for _ in range(100):
        q, a = rng.integers(0, 16, size=32), rng.integers(-128, 128, size=32)
        z = int(rng.integers(16))
        s = Fraction(int(rng.integers(1, 999)), 777)
        before = sum((int(x) - z) * s * int(y) for x, y in zip(q, a, strict=True))
        assert s * (int((q * a).sum()) - z * int(a.sum())) == before


def test_the_scale_of_a_group_is_that_of_its_last_element():
    unit = unit_of("w=uint4,a=int8,lanes=2,group=8", "after")
    codes, _ = codes_of(unit, seed=5, steps=16)
    others = np.arange(16) % 4 != 3
    changed = {name: values.copy() for name, values in codes.items()}
    rng = np.random.default_rng(6)
    for name in ("w_scale", "w_zero"):
        fmt = next(o.format for o in unit.operands if o.name == name)
        changed[name][others] = draw(fmt, changed[name][others].shape, rng)
    same = unit.outputs(codes)["acc"]
    assert np.array_equal(unit.outputs(changed)["acc"], same)
    changed["w_scale"] = np.roll(codes["w_scale"], 1, axis=0)
    assert not np.array_equal(unit.outputs(changed)["acc"], same)


def test_a_clear_within_a_group_starts_another():
    unit = unit_of("w=int4,a=int8,lanes=2,group=6", "after")
    clear = np.array([1, 0, 1, 0, 0, 0, 0, 0, 1, 1, 0, 0], dtype=bool)
    ends = [4, 7, 11]
    assert np.flatnonzero(unit.completes(clear)).tolist() == ends
    codes, _ = codes_of(unit, seed=7, steps=12)
    acc = unit.outputs(codes, clear)["acc"]
    for first, last in ((2, 7), (9, 11)):
        alone = {name: values[first : last + 1] for name, values in codes.items()}
        assert np.array_equal(acc[last], unit.outputs(alone)["acc"][-1])
    assert np.array_equal(acc[8:11], np.broadcast_to(acc[7], (3, SUMS)))


def test_no_result_before_a_first_group_is_complete():
    unit = unit_of("w=int4,a=int8,lanes=2,group=8", "after")
    codes, _ = codes_of(unit, seed=8, steps=3)
    assert not unit.completes(np.array([True, False, False])).any()
    assert unit.outputs(codes)["acc"].shape == (3, SUMS)


def test_a_group_of_one_element():
    unit = unit_of("w=int4,a=int8,lanes=4,group=4", "after")
    assert unit.elements_per_result == 1
    assert unit.completes(np.array([True, False, True])).all()


def test_what_the_unit_tells():
    unit = unit_of("w=int4,a=int8", "after")
    assert unit.canonical == (
        "groupdot:w=int4,a=int8,lanes=16,group=128,dequant=after,scale=fp16,zero=no,acc=fp32,"
        "pipeline=0"
    )
    assert unit.elements_per_result == 8
    assert unit.macs_per_cycle == 16
    assert [(p.name, p.width) for p in unit.ports[2:5]] == [("w", 64), ("a", 128), ("w_scale", 16)]
    before = unit_of("w=uint4,a=int8,dequant_format=bf16,align=20", "before")
    assert before.elements_per_result == 1
    assert "zero=yes,dequant_format=bf16,align=20" in before.canonical
    for found in (unit, before):
        assert parse(found.canonical) == found


REFUSED = {
    "w=int4,a=int8,group=100": "w=int4,a=int8,group=96",
    "w=int4,a=int8,lanes=1": "w=int4,a=int8,lanes=1,group=64",
    "w=int4,a=int8,lanes=2,group=1": "w=int4,a=int8,lanes=2,group=2",
    "w=int4,a=int8,lanes=0": "w=int4,a=int8,lanes=1,group=64",
    "w=int4,a=int8,group=0": "w=int4,a=int8,group=16",
    "w=int4_g64,a=int8": "w=int4,a=int8,group=64",
    "w=e2m1,a=int8": "w=int4,a=int8",
    "w=int12,a=int8": "w=int4,a=int8",
    "w=int4,a=int8,scale=fp8": "w=int4,a=int8",
    "w=int4,a=int8,scale=e4m3": "w=int4_sym,a=int8,scale=e4m3",
    "w=uint4,a=int8,scale=e4m3": "w=uint4,a=int8,scale=fp16",
    "w=int4,a=int8,dequant=befor": "w=int4,a=int8,dequant=before",
    "w=int4,a=int8,dequant=before,mul=shiftadd": "w=int4,a=int8,dequant=after,mul=shiftadd",
    "w=int4,a=int8,dequant_format=fp16": "w=int4,a=int8",
    "w=int4,a=int8,align=8": "w=int4,a=int8",
    "w=int4,a=int8,acc=int32": "w=int4,a=int8",
    "w=int4,a=int8,zero=maybe": "w=int4,a=int8",
}


@pytest.mark.parametrize("keys", REFUSED)
def test_refusals_name_the_nearest_that_works(keys):
    assert nearest(f"groupdot:{keys}")[0] == f"groupdot:{REFUSED[keys]}"

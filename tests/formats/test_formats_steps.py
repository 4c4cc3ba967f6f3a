import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import precision_steps, value_set


def test_the_values_of_e2m1():
    values = value_set(formats.scalar("e2m1"))
    half = [0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0]
    assert values.tolist() == [-v for v in reversed(half)] + [0.0, *half]
    assert not np.signbit(values[7])
    steps = [(s.low, s.high, s.step, s.count) for s in precision_steps(values)]
    assert steps == [
        (-6.0, -4.0, 2.0, 2),
        (-4.0, -2.0, 1.0, 3),
        (-2.0, 2.0, 0.5, 9),
        (2.0, 4.0, 1.0, 3),
        (4.0, 6.0, 2.0, 2),
    ]


def test_specials_are_not_values():
    assert value_set(formats.scalar("e4m3")).size == 253  # 256 less two NaNs and a zero
    assert value_set(formats.scalar("e5m2")).size == 247
    assert value_set(formats.scalar("int8")).size == 256


def test_steps_of_integers_and_of_a_single_value():
    (step,) = precision_steps(value_set(formats.scalar("uint4")))
    assert (step.low, step.high, step.step, step.count) == (0.0, 15.0, 1.0, 16)
    assert precision_steps(np.array([3.0])) == ()
    assert precision_steps(np.empty(0)) == ()


def test_steps_cover_all_values():
    for name in formats.names():
        element = formats.get(name).element
        if element.bits > 8:
            continue
        values = value_set(element)
        steps = precision_steps(values)
        assert sum(s.count - 1 for s in steps) == values.size - 1
        assert steps[0].low == values[0]
        assert steps[-1].high == values[-1]


def test_too_many_values():
    with pytest.raises(HwdseError, match="too many to list"):
        value_set(formats.scalar("fp32"))

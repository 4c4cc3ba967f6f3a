"""Bit planes: codes in, the same codes out."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.synth.simulate import pack, unpack


@st.composite
def codes(draw):
    width = draw(st.integers(1, 130))
    low = -(1 << (width - 1)) if draw(st.booleans()) else 0
    values = st.integers(low, (1 << width) - 1)
    return width, draw(st.lists(values, min_size=1, max_size=200))


@settings(deadline=None, max_examples=300)
@given(codes())
def test_round_trip(case):
    width, values = case
    wide = np.array(values, dtype=object)
    planes = pack(wide, width)
    assert planes.shape == (width, -(-len(values) // 64))
    assert planes.dtype == np.uint64
    want = [value % (1 << width) for value in values]
    assert [int(code) for code in unpack(planes, len(values))] == want
    if all(-(1 << 63) <= value < 1 << 63 for value in values):
        assert (pack(np.array(values, dtype=np.int64), width) == planes).all()


def test_lane_and_bit_positions():
    planes = pack(np.arange(70), 7)
    for lane in range(70):
        for bit in range(7):
            assert int(planes[bit, lane // 64]) >> (lane % 64) & 1 == lane >> bit & 1
    # Lanes that are not there read as zero.
    assert int(planes[0, 1]) >> 6 == 0


def test_negative_codes_are_sign_extended():
    assert unpack(pack(np.array([-1, -2]), 100), 2).tolist() == [(1 << 100) - 1, (1 << 100) - 2]
    assert unpack(pack(np.array([-1], dtype=np.int8), 12), 1).tolist() == [4095]


def test_results_are_int64_where_they_fit():
    assert unpack(pack(np.array([5]), 62), 1).dtype == np.int64
    assert unpack(pack(np.array([5]), 63), 1).dtype == object

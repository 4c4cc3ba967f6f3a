import itertools

import numpy as np
import pytest

from hwdse.formats.slabs import slabs

SHAPES = [(1,), (7,), (4, 33, 5), (100, 100), (2, 3, 64)]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("shape", SHAPES)
def test_pieces_cover_an_array_once_and_keep_units_together(shape, order):
    cases = 0
    for axis, unit, values in itertools.product(range(len(shape)), (1, 16, None), (1, 50, 10**6)):
        x = np.zeros(shape, order=order)
        together = shape[axis] if unit is None else min(unit, shape[axis])
        for index in slabs(x, axis=axis, unit=unit, values=values):
            piece = x[index]
            piece += 1
            assert piece.size <= max(values, together)
            assert index[axis].start % together == 0
            assert unit is not None or piece.shape[axis] == shape[axis]
        assert (x == 1).all()
        cases += 1
    assert cases == 9 * len(shape)


def test_pieces_come_in_the_order_of_memory():
    x = np.arange(6 * 8).reshape(6, 8)
    flat = [x[i].ravel().tolist() for i in slabs(x, axis=1, unit=1, values=5)]
    assert list(itertools.chain(*flat)) == list(range(48))
    turned = [x.T[i].T.ravel().tolist() for i in slabs(x.T, axis=0, unit=1, values=8)]
    assert list(itertools.chain(*turned)) == list(range(48))


def test_as_few_pieces_as_fit():
    x = np.zeros((1000, 64))
    assert len(list(slabs(x, axis=1, unit=32, values=64 * 250))) == 4
    assert len(list(slabs(x, axis=1, unit=32, values=10**9))) == 1
    assert list(slabs(np.zeros((0, 4)), axis=1, unit=1)) == []

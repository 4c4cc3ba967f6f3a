"""The picture of any table."""

import numpy as np

from hwdse.report import scatter_figure
from hwdse.report.scatter_figure import ScatterPicture


def test_rows_of_the_front_are_numbered_and_those_in_one_place_share_a_number():
    x, y = np.array([1.0, 1.0, 1.0, 3.0, 9.0]), np.array([5.0, 5.0, 5.0, 2.0, 9.0])
    picture = ScatterPicture(
        title="", x_label="x", y_label="y", x=x, y=y, front=np.arange(4, dtype=np.int64)
    )
    axes = scatter_figure._figure(picture).axes[0]
    assert {text.get_text(): text.xy for text in axes.texts} == {
        "1\u20133": (1.0, 5.0),
        "4": (3.0, 2.0),
    }

"""The picture of units side by side."""

from dataclasses import replace

import pytest
from matplotlib.patches import Rectangle

from hwdse.report import compare_figure
from hwdse.report.compare_figure import ComparePicture, save_compare_figure

PICTURE = ComparePicture(
    title="$a$ against b",
    subtitle="toy",
    labels=["a", "b · x"],
    area_um2={"products": [1.0, 2.0], "scales": [0.0, 0.0], "registers": [3.0, 0.5]},
    delay_ps=[100.0, 150.0],
    energy_pj={"switching": [0.1, 0.2], "clock": [0.3, 0.4]},
    energy_label="energy (pJ)",
)


def test_bars_add_up_and_what_is_nothing_is_left_out():
    figure = compare_figure._figure(PICTURE)
    area, delay, energy = figure.axes
    ends = {round(bar.get_x() + bar.get_width(), 6) for bar in area.patches}
    assert ends == {1.0, 2.0, 4.0, 2.5}
    assert [text.get_text() for text in area.get_legend().get_texts()] == ["products", "registers"]
    assert {bar.get_width() for bar in delay.patches} == {100.0, 150.0}
    assert [text.get_text() for text in energy.texts] == ["0.4", "0.6"]
    assert [text.get_text() for text in delay.texts] == ["100", "150"]
    # The first unit is at the top.
    low, high = area.get_ylim()
    assert low > high
    assert [t.get_text() for t in area.get_yticklabels()] == ["a", "b · x"]
    assert all(isinstance(bar, Rectangle) for bar in energy.patches)


def test_one_bar_far_beyond_the_others_leaves_them_room():
    figure = compare_figure._figure(replace(PICTURE, delay_ps=[100.0, 2000.0]))
    delay = figure.axes[1]
    assert delay.get_xlim()[1] < 200
    assert [text.get_text() for text in delay.texts] == ["100", "▸ 2000"]
    assert delay.texts[1].xy[0] <= delay.get_xlim()[1]


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_the_same_picture_has_the_same_bytes(tmp_path, suffix):
    one, other = (save_compare_figure(PICTURE, tmp_path / f"{n}.{suffix}") for n in "ab")
    assert one.read_bytes() == other.read_bytes()
    assert one.stat().st_size > 5000

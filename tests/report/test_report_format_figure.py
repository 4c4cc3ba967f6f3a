import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.report.format_figure import (
    FormatPicture,
    format_figure,
    save_format_figure,
    text_strip,
)

VALUES = np.array([-6.0, -4, -3, -2, -1.5, -1, -0.5, 0, 0.5, 1, 1.5, 2, 3, 4, 6])


def picture(**change):
    parts = {"title": "e2m1", "values": VALUES, "scales": np.empty(0)}
    return FormatPicture(**(parts | change))


def test_the_panels_show_every_value():
    figure = format_figure(picture(scales=2.0 ** np.arange(-127, 128), scale_title="e8m0"))
    assert len(figure.axes) == 4
    counts = [len(axes.collections[0].get_paths()) for axes in (*figure.axes[:2], figure.axes[3])]
    assert counts == [15, 7, 255]
    # Between 0.5 and 1 the middle is 0.75: a third of it away from either.
    worst = figure.axes[2].patches[0].get_data().values
    assert worst[0] == pytest.approx(100 / 3)
    assert worst.min() == pytest.approx(100 / 7)


def test_formats_of_few_values_can_be_drawn():
    for values in ([-1.0, 1.0], [-1.0, 0.0, 1.0], [0.0, 1.0]):
        assert format_figure(picture(values=np.array(values))).axes


@pytest.mark.parametrize("suffix", [".png", ".svg", ".pdf"])
def test_files_are_the_same_each_time(tmp_path, suffix):
    one = save_format_figure(picture(), tmp_path / "new" / f"a{suffix}").read_bytes()
    two = save_format_figure(picture(), tmp_path / f"b{suffix}").read_bytes()
    assert len(one) > 3000
    assert one == two


def test_other_suffixes(tmp_path):
    with pytest.raises(HwdseError, match=r"pictures end in \.png, \.svg, \.pdf"):
        save_format_figure(picture(), tmp_path / "a.bmp")


def test_strips_of_text():
    assert text_strip([0.0, 1.0], 10) == "█        █"
    assert text_strip(np.arange(80), 8) == "█" * 8
    assert text_strip([5.0], 4) == "█   "
    crowded = text_strip([0.0] * 50 + [9.0], 10)
    assert crowded[0] == "█"
    assert crowded[-1] not in " █"

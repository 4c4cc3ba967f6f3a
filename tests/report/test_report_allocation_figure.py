"""Pictures of frontiers, baselines and surfaces."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from hwdse.errors import HwdseError
from hwdse.report.allocation_figure import (
    FrontierPicture,
    SurfacePicture,
    frontier_figure,
    save_frontier_figure,
    save_surface_figure,
    surface_figure,
)

FRONTIER = FrontierPicture(
    title="loss against size",
    subtitle="$t$.csv",
    x_label="size_$mib$",
    y_label="loss",
    kinds={"supported": [(1.0, 9.0), (4.0, 2.0)], "not supported": [(2.0, 7.0)]},
    budget=3.5,
    exact=(2.0, 7.0),
    marks={"uniform, +20 %": (1.5, 8.4), "greedy, +5 %": (3.0, 7.35)},
)
SURFACE = SurfacePicture(
    title="loss against size and energy",
    subtitle="t.csv",
    x_label="budget on size",
    y_label="budget on energy",
    z_label="loss",
    x=[1.0, 2.0, 3.0],
    y=[10.0, 20.0],
    z=[[None, 9.0], [8.0, 4.0], [6.0, 1.0]],
    points=[(0.9, 19.0), (2.0, 9.5)],
)


def drawn(axes):
    return {tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines}


def test_every_kind_and_method_is_drawn():
    axes = frontier_figure(FRONTIER).axes[0]
    lines = drawn(axes)
    assert ((1.0, 9.0), (2.0, 7.0), (4.0, 2.0)) in lines  # the staircase
    assert ((1.0, 9.0), (4.0, 2.0)) in lines
    assert ((2.0, 7.0),) in lines
    assert {((1.5, 8.4),), ((3.0, 7.35),)} <= lines
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == [
        "supported (2)", "not supported (1)", "budget", "exact answer", "uniform, +20 %",
        "greedy, +5 %",
    ]  # fmt: skip
    kinds = axes.lines[1:3]
    assert kinds[0].get_fillstyle() == "full"
    assert kinds[1].get_fillstyle() == "none"
    assert to_hex(kinds[0].get_color()) != to_hex(kinds[1].get_color())
    marks = [line.get_marker() for line in axes.lines[-2:]]
    assert len(set(marks)) == 2
    low, high = axes.get_xlim()
    assert low < 1.0 < 4.0 < high


def test_a_frontier_alone_and_of_one_point():
    alone = FrontierPicture(
        title="t", subtitle="", x_label="x", y_label="y", kinds={"supported": [(1.0, 0.0)]}
    )
    axes = frontier_figure(alone).axes[0]
    assert [t.get_text() for t in axes.get_legend().get_texts()] == ["supported (1)"]
    many = FrontierPicture(
        title="t", subtitle="", x_label="x", y_label="y",
        kinds={"supported": [(float(n), float(500 - n)) for n in range(500)]},
    )  # fmt: skip
    few = frontier_figure(FRONTIER).axes[0].lines[1].get_markersize()
    assert frontier_figure(many).axes[0].lines[1].get_markersize() < few


def test_the_surface_has_limits_along_the_axes_and_gaps_where_there_is_no_answer():
    figure = surface_figure(SURFACE)
    axes, bar = figure.axes
    mesh = next(c for c in axes.collections if hasattr(c, "get_coordinates"))
    values = np.ma.filled(np.ma.masked_invalid(mesh.get_array()), -1.0).reshape(2, 3)
    # A row for each limit on energy, a column for each on size.
    assert values.tolist() == [[-1.0, 8.0, 6.0], [9.0, 4.0, 1.0]]
    corners = mesh.get_coordinates()
    assert corners[0, 0, 0] < 1.0 < corners[0, 1, 0] < 2.0 < corners[0, 2, 0] < 3.0
    assert corners[0, 0, 1] < 10.0 < corners[1, 0, 1] < 20.0
    offsets = [c.get_offsets().tolist() for c in axes.collections if len(c.get_offsets()) == 2]
    assert [[0.9, 19.0], [2.0, 9.5]] in offsets
    labels = [text.get_text() for text in figure.legends[0].get_texts()]
    assert labels == ["answers that none beats (2)", "no answer"]
    assert bar.get_ylabel() == "loss"
    assert bar.get_yscale() == "log"


@pytest.mark.parametrize("z", [[[5.0]], [[5.0, 5.0]], [[-3.0, 0.0], [-4.0, -5.0]]])
def test_surfaces_of_few_or_equal_values(z, tmp_path):
    picture = SurfacePicture(
        title="t", subtitle="", x_label="x", y_label="y", z_label="z",
        x=[1.0, 2.0][: len(z)], y=[1.0, 2.0][: len(z[0])], z=z, points=[],
    )  # fmt: skip
    assert save_surface_figure(picture, tmp_path / "s.png").stat().st_size > 5000


def test_files(tmp_path):
    for save, picture in ((save_frontier_figure, FRONTIER), (save_surface_figure, SURFACE)):
        first = save(picture, tmp_path / "deep" / "a.svg").read_bytes()
        assert first == save(picture, tmp_path / "b.svg").read_bytes()
        assert first.startswith(b"<?xml")
        with pytest.raises(HwdseError, match="pictures end in"):
            save(picture, tmp_path / "a.gif")

"""The picture of area over delay."""

from matplotlib.colors import to_hex

from hwdse.report.curve_figure import CurvePicture, curve_figure, save_curve_figure

PICTURE = CurvePicture(
    title="mac:w=int8,a=int8 on $toy$",
    subtitle="wires: none",
    points={"area": [(900.0, 10.0)], "delay": [(300.0, 30.0), (500.0, 40.0)]},
    pareto=[(300.0, 30.0), (900.0, 10.0)],
    missed=[100.0, 200.0],
)


def test_everything_is_drawn():
    axes = curve_figure(PICTURE).axes[0]
    lines = {tuple(zip(line.get_xdata(), line.get_ydata(), strict=True)) for line in axes.lines}
    assert {((900.0, 10.0),), ((300.0, 30.0),), ((500.0, 40.0),)} <= lines
    assert ((300.0, 30.0), (900.0, 10.0)) in lines
    assert {x for line in axes.lines for x in line.get_xdata()} == {100, 200, 300, 500, 900}
    labels = [text.get_text() for text in axes.get_legend().get_texts()]
    assert labels == ["best", "area", "delay", "target that none meets"]
    low, high = axes.get_xlim()
    assert low < 100 < 900 < high
    colours = {to_hex(line.get_color()) for line in axes.lines}
    assert len(colours) == 4


def test_one_point_and_a_long_title(tmp_path):
    picture = CurvePicture(
        title="mac:" + "w=int8," * 30, subtitle="", points={"area": [(1.0, 2.0)]},
        pareto=[(1.0, 2.0)], missed=[],
    )  # fmt: skip
    png, svg = save_curve_figure(picture, tmp_path / "deep" / "curve")
    assert png.stat().st_size > 5000
    assert svg.read_text().startswith("<?xml")
    again = save_curve_figure(picture, tmp_path / "again")
    assert again[1].read_bytes() == svg.read_bytes()

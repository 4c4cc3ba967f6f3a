"""The page: everything it says is there, everything hostile is only text."""

import re
from html.parser import HTMLParser

from hwdse.report import save_pareto, write_html

from .sample import LAYERS, UNITS, sample

HOSTILE = "<script>alert('x')</script>\"&"


class Reader(HTMLParser):
    """Text, tags and external references of a page; also whether its tags balance."""

    VOID = frozenset({"meta", "br", "use", "path"})

    def __init__(self, page: str) -> None:
        super().__init__()
        self.words: list[str] = []
        self.tags: set[str] = set()
        self.references: list[str] = []
        self.feed(page)
        self.text = " ".join(" ".join(self.words).split())

    def handle_starttag(self, tag, attrs) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in ("href", "src", "xlink:href") and not value.startswith("#"):
                self.references.append(value)

    def handle_data(self, data) -> None:
        self.words.append(data)


def write(report, directory) -> str:
    """The page with a stand-in for the figure, which takes long to draw."""
    directory.mkdir(exist_ok=True)
    picture = directory / "stub.svg"
    picture.write_text("<svg></svg>", encoding="utf-8")
    return write_html(report, directory, picture=picture).read_text(encoding="utf-8")


def read(report, tmp_path) -> Reader:
    return Reader(write(report, tmp_path))


def test_it_says_what_the_study_gave(tmp_path) -> None:
    report = sample()
    page = read(report, tmp_path)
    assert report.title in page.text
    for name in (*LAYERS, *UNITS, *(a["name"] for a in report.allocations)):
        assert " ".join(name.split()) in page.text
    for one in report.allocations:
        assert one["status"] in page.text
        assert one["solver"] in page.text
    for name, value in report.provenance.items():
        assert name in page.text
        assert value in page.text


def test_it_needs_nothing_else(tmp_path) -> None:
    page = Reader(write_html(sample(1), tmp_path).read_text(encoding="utf-8"))
    assert not page.references
    assert "script" not in page.tags
    assert "svg" in page.tags


def test_hostile_names_are_text(tmp_path) -> None:
    units = {HOSTILE: (4, 100.0, 500.0, 0.1, 1), "plain": (8, 200.0, 600.0, 0.2, 1)}
    report = sample(1, layers=(HOSTILE, "second", "third"), units=units, budgets=(HOSTILE,))
    path = write_html(report, tmp_path)
    page = Reader(path.read_text(encoding="utf-8"))
    assert "script" not in page.tags
    assert HOSTILE in page.text


def test_an_allocation_without_proof_shows_its_gap(tmp_path) -> None:
    report = sample()
    assert "feasible" in [a["status"] for a in report.allocations]
    assert "0.0123" in read(report, tmp_path).text


def test_the_same_study_gives_the_same_bytes(tmp_path) -> None:
    one, other = (write(sample(), tmp_path / name) for name in "ab")
    assert one == other


def test_a_picture_drawn_before_is_the_one_shown(tmp_path) -> None:
    report = sample(1)
    _, svg = save_pareto(report, tmp_path)
    with_picture = write_html(report, tmp_path, picture=svg).read_bytes()
    assert with_picture == write_html(report, tmp_path).read_bytes()


def test_without_budgets_there_is_no_empty_table(tmp_path) -> None:
    page = write(sample(budgets=()), tmp_path)
    assert "Allocations" not in page
    assert not re.search(r"<tbody>\s*</tbody>", page)

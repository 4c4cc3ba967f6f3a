"""The journal: what a kill, a full disk or a second sweep leave of it."""

import errno

import numpy as np
import pytest

from hwdse.errors import HwdseError
from hwdse.sweep.journal import KINDS, Journal, entry

HEADER = {"space": "x"}


def outcome(number, kind="done"):
    row = {"spec": f"s{number}"} if kind == "done" else None
    return entry(number, kind, "" if row else "why", row)


def opened(tmp_path, *, resume=False, header=HEADER):
    return Journal(tmp_path, header, size=5, resume=resume)


def test_points_are_found_again(tmp_path):
    journal = opened(tmp_path)
    for number, kind in ((4, "done"), (1, "failed"), (0, "refused")):
        journal.add(outcome(number, kind))
    journal.close()
    again = opened(tmp_path, resume=True)
    again.add(outcome(1))
    assert [None if k < 0 else KINDS[k] for k in again.kinds] == [
        "refused",
        "done",
        None,
        None,
        "done",
    ]
    found = list(again.documents(again.offsets[[4, 1]]))
    assert [document["number"] for document in found] == [4, 1]
    again.close()


def test_a_line_that_was_cut_off_does_not_count(tmp_path):
    journal = opened(tmp_path)
    for number in range(3):
        journal.add(outcome(number))
    journal.close()
    whole = journal.path.read_bytes()
    last = whole.rstrip(b"\n").rfind(b"\n") + 1
    for end in range(last, len(whole)):
        journal.path.write_bytes(whole[:end])
        again = opened(tmp_path, resume=True)
        assert (again.kinds >= 0).tolist() == [True, True, False, False, False]
        again.add(outcome(2))
        assert journal.path.read_bytes() == whole
        again.close()


def test_a_header_that_was_cut_off_starts_anew(tmp_path):
    opened(tmp_path).close()
    path = tmp_path / "sweep.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-3])
    opened(tmp_path).close()
    assert path.read_bytes() == whole


def test_two_sweeps_do_not_write_to_one_directory(tmp_path):
    first = opened(tmp_path)
    with pytest.raises(HwdseError, match="another sweep is writing there"):
        opened(tmp_path, resume=True)
    first.close()
    opened(tmp_path, resume=True).close()


def test_results_are_not_overwritten_unasked(tmp_path):
    journal = opened(tmp_path)
    journal.add(outcome(0))
    journal.close()
    before = journal.path.read_bytes()
    with pytest.raises(HwdseError, match="add --resume"):
        opened(tmp_path)
    with pytest.raises(HwdseError, match="another space"):
        opened(tmp_path, resume=True, header={"space": "y"})
    assert journal.path.read_bytes() == before


def test_no_sweep_keeps_so_many_points(tmp_path):
    with pytest.raises(HwdseError, match="at most 1,000,000,000 points, not 1,000,000,000,000"):
        Journal(tmp_path, HEADER, size=10**12, resume=False)
    assert not list(tmp_path.iterdir())


def test_lines_that_are_no_points_are_passed_over(tmp_path):
    journal = opened(tmp_path)
    journal.add(outcome(0))
    journal.close()
    with journal.path.open("ab") as file:
        file.write(b"something else\n" + outcome(3).line[:-3] + b"\n" + outcome(7).line)
    again = opened(tmp_path, resume=True)
    again.add(outcome(1))
    assert (again.kinds >= 0).tolist() == [True, True, False, False, False]
    found = again.documents(again.offsets[[0, 1]])
    assert [document["number"] for document in found] == [0, 1]
    again.close()


class _Full:
    """A file on a disk that is full after some bytes."""

    def __init__(self, file, room):
        self._file, self._room = file, room

    def __getattr__(self, name):
        return getattr(self._file, name)

    def write(self, data):
        if not self._room:
            raise OSError(errno.ENOSPC, "No space left on device")
        written = self._file.write(data[: self._room])
        self._room -= written
        return written


@pytest.mark.parametrize("room", [0, 7])
def test_a_full_disk_loses_nothing(tmp_path, room):
    journal = opened(tmp_path)
    journal.add(outcome(0))
    before = journal.path.read_bytes()
    file = journal._file
    journal._file = _Full(file, room)
    with pytest.raises(HwdseError, match=r"No space left on device; what was computed is kept"):
        journal.add(outcome(1))
    assert journal.path.read_bytes() == before
    journal._file = file
    journal.add(outcome(1))
    assert np.all(journal.kinds[:2] == 0)
    journal.close()

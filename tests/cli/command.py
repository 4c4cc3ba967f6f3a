"""Running `hwdse` within the test's own process, as a shell would see it."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import pytest

from hwdse.cli.main import run


@dataclass(frozen=True)
class Outcome:
    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """The one JSON document on standard output."""
        return json.loads(self.out)

    @property
    def complaint(self) -> str:
        """The one line that says what is wrong."""
        assert self.code in (1, 2, 3, 4, 5), self
        lines = self.err.splitlines()
        errors = [line for line in lines if line.startswith("error: ")]
        assert len(errors) == 1, self
        assert lines[-1] == errors[0]
        assert "Traceback" not in self.err
        assert all(character.isprintable() for character in errors[0])
        return errors[0]


class Hwdse:
    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._patch, self._capture = monkeypatch, capsys

    def __call__(self, *arguments: object) -> Outcome:
        self._capture.readouterr()
        with self._patch.context() as patch:
            patch.setattr(sys, "argv", ["hwdse", *map(str, arguments)])
            with pytest.raises(SystemExit) as left:
                run()
        out, err = self._capture.readouterr()
        return Outcome(left.value.code or 0, out, err)

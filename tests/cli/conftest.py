from __future__ import annotations

import pytest

from .command import Hwdse


@pytest.fixture
def hwdse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hwdse:
    return Hwdse(monkeypatch, capsys)

from __future__ import annotations

from pathlib import Path

import pytest

from .command import Hwdse


@pytest.fixture
def hwdse(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Hwdse:
    return Hwdse(monkeypatch, capsys)


@pytest.fixture
def study_tables(tmp_path: Path) -> Path:
    """A folder with layers.csv and losses.csv, of two layers in two formats."""
    (tmp_path / "layers.csv").write_text("layer,kind,macs,params\na,fc,1000,1000\nb,fc,10,5000\n")
    rows = "a,int2,int2,3\na,int3,int3,1\nb,int2,int2,2\nb,int3,int3,1\n"
    (tmp_path / "losses.csv").write_text("layer,w_format,a_format,loss\n" + rows)
    return tmp_path

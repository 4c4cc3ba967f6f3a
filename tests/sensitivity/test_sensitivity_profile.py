"""Sensitivity profiles."""

from __future__ import annotations

import pytest

from hwdse.errors import HwdseError
from hwdse.sensitivity.profile import read_profile

HEAD = "layer,w_format,a_format,loss"


def _read(tmp_path, text):
    (tmp_path / "s.csv").write_text(text)
    return read_profile(tmp_path / "s.csv")


def test_losses_by_layer_and_formats(tmp_path):
    found = _read(tmp_path, f"{HEAD}\na,int4,int8,-1e-7\na,e4m3,e4m3,2\nb,int4,int8,0\n")
    assert found.loss == {
        ("a", "int4", "int8"): -1e-7,
        ("a", "e4m3", "e4m3"): 2.0,
        ("b", "int4", "int8"): 0.0,
    }
    assert found.metric == ""


def test_the_metric(tmp_path):
    assert _read(tmp_path, f"{HEAD},metric\na,int4,int4,1,kl\n").metric == "kl"
    assert _read(tmp_path, f"{HEAD},metric\na,int4,int4,1,y\nb,int4,int4,1,x\n").metric == "x, y"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ("a,int4,int4,nan", "line 2: loss is 'nan', not a finite number"),
        ("a,int4,int4,", "line 2: loss is '', not a finite number"),
        ("a,int4,int4,inf", "line 2: loss is 'inf'"),
        ("a,itn4,int4,1", "line 2: unknown format 'itn4'; did you mean 'int4'"),
        ("a,int4,,1", "line 2: a_format is empty"),
        ("a,int4,int4,1\na,int4,int4,2", "line 3: layer 'a' has int4 x int4 twice"),
        ("a,int4,int4", "line 2: 3 cells where the header has 4"),
    ],
)
def test_mistakes(rows, said, tmp_path):
    with pytest.raises(HwdseError, match=said) as caught:
        _read(tmp_path, f"{HEAD}\n{rows}\n")
    assert "s.csv" in str(caught.value)


def test_a_missing_column(tmp_path):
    with pytest.raises(HwdseError, match="column 'loss' is missing; did you mean 'los'"):
        _read(tmp_path, "layer,w_format,a_format,los\na,int4,int4,1\n")

"""Workload tables."""

from __future__ import annotations

import pytest

from hwdse.errors import HwdseError
from hwdse.workload.table import Layer, read_workload


def _read(tmp_path, text):
    (tmp_path / "w.csv").write_text(text)
    return read_workload(tmp_path / "w.csv")


def test_counted_layers(tmp_path):
    layers = _read(tmp_path, "layer,kind,macs,params,tie\na,conv,1e6,300,\nb,linear,5,0,t\n")
    assert layers == (Layer("a", "conv", 1e6, 300, ""), Layer("b", "linear", 5, 0, "t"))


def test_gemm_layers(tmp_path):
    layers = _read(tmp_path, "layer,kind,m,n,k,count\na,conv,2,3,5,7\nb,linear,1,8,4,1\n")
    assert [(x.macs, x.params, x.tie) for x in layers] == [(210, 105, ""), (32, 32, "")]
    assert _read(tmp_path, "layer,kind,m,n,k\na,conv,2,3,5\n")[0].macs == 30


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("layer,kind,macs\na,c,1\n", "column 'params' is missing"),
        ("layer,kind,m,n\na,c,1,1\n", "column 'k' is missing"),
        ("layer,macs,params\na,1,1\n", "column 'kind' is missing"),
        ("layer,kind,macs,params\na,c,1,1\na,c,1,1\n", "line 3: layer 'a' occurs twice"),
        ("layer,kind,macs,params\na,c,-1,1\n", "line 2: macs is '-1'"),
        ("layer,kind,macs,params\na,c,nan,1\n", "line 2: macs is 'nan'"),
        ("layer,kind,macs,params\n,c,1,1\n", "line 2: layer is empty"),
        ("layer,kind,m,n,k\na,c,0,1,1\n", "line 2: m is '0', not a number of at least 1"),
        ("layer,kind,m,n,k,count\na,c,1,1,1,\n", "line 2: count is ''"),
        ("layer,layer,kind,macs,params\na,a,c,1,1\n", "column 'layer' occurs twice"),
        ("layer,kind,macs,params,tie,tie\na,c,1,1,,\n", "column 'tie' occurs twice"),
    ],
)
def test_mistakes(text, said, tmp_path):
    with pytest.raises(HwdseError, match=said) as caught:
        _read(tmp_path, text)
    assert "w.csv" in str(caught.value)

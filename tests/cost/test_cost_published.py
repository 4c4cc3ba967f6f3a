from __future__ import annotations

import pytest

from hwdse import cost, pe
from hwdse.cost.published import published_cost, table_names
from hwdse.errors import HwdseError


@pytest.mark.parametrize(
    ("spec", "table", "energy_pj", "area_um2"),
    [
        ("mac:w=int8,a=int8", "horowitz45", 0.2 + 0.1, 282 + 137),
        ("mac:w=fp16,a=fp16,acc=fp16", "horowitz45", 1.1 + 0.4, 1640 + 1360),
        ("mac:w=fp16,a=fp16", "horowitz45", 1.1 + 0.9, 1640 + 4184),
        ("mac:w=fp32,a=fp32", "horowitz45", 3.7 + 0.9, 7700 + 4184),
        ("mac:w=fp16,a=fp16,acc=fp16", "jouppi7", 0.34 + 0.16, None),
        ("mac:w=fp32,a=fp32", "jouppi7", 1.31 + 0.38, None),
        ("mac:w=int8,a=int8", "aladdin40", 12.68 / 16 + 0.21, 6350 / 16 + 278),
        ("mac:w=int4,a=int8", "aladdin40", 12.68 / 32 + 0.21, 6350 / 32 + 278),
        # The published evaluation of the formula: 0.0521 pJ for 4 bits.
        ("mac:w=int4,a=int4", "qkeras45", 0.0521 + 0.1, None),
        ("mac:w=int16,a=int16,acc=exact", "qkeras45", 0.7833 + 0.003125 * 46, None),
    ],
)
def test_figures(spec: str, table: str, energy_pj: float, area_um2: float | None) -> None:
    row = cost.evaluate([spec], table, source="table").iloc[0]
    assert row["energy_pj_per_mac"] == pytest.approx(energy_pj, abs=5e-5)
    assert row["area_um2"] == (None if area_um2 is None else pytest.approx(area_um2))
    assert (row["source"], row["tech"]) == ("table", table)
    assert row["delay_ps"] is None
    assert row["leakage_uw"] is None
    assert "none published" in row["provenance"]["interval"]
    assert row["provenance"]["table"]


@pytest.mark.parametrize(
    ("spec", "table", "message"),
    [
        ("mac:w=int4,a=int8", "horowitz45", "no multiplication of int4 by int8; it has: multiply"),
        ("mac:w=uint8,a=uint8", "horowitz45", "no multiplication of uint8"),
        ("mac:w=int8,a=int8,acc=exact", "horowitz45", "no addition of exact"),
        ("mac:w=int8,a=int8", "jouppi7", "no addition of int32"),
        ("mac:w=bf16,a=bf16", "jouppi7", "no multiplication of bf16"),
        ("mac:w=e4m3,a=e4m3", "aladdin40", "no multiplication of e4m3"),
        ("mac:w=int4,a=int8", "qkeras45", "signed integers of equal width"),
        ("mac:w=fp16,a=fp16,acc=exact", "qkeras45", "no addition of exact"),
        ("mac:w=int8,a=int8,pipeline=1", "horowitz45", "only a mac with pipeline=0"),
        ("dot:w=int8,a=int8,lanes=4", "horowitz45", "only a mac"),
        ("mac:w=int8,a=int8", "nangate45", "no published table.*horowitz45"),
    ],
)
def test_what_a_table_lacks_is_refused(spec: str, table: str, message: str) -> None:
    with pytest.raises(HwdseError, match=message):
        published_cost(pe.parse(spec), table)


def test_no_unconfirmed_rows() -> None:
    """The 7 nm int32 and bf16 rows are known from memory only."""
    with pytest.raises(HwdseError) as error:
        published_cost(pe.parse("mac:w=int8,a=int8"), "jouppi7")
    assert "bf16" not in str(error.value)
    assert table_names() == ("horowitz45", "jouppi7", "aladdin40", "qkeras45")


def test_other_options_do_not_apply() -> None:
    for options in ({"distribution": "normal"}, {"clock_ns": 1.0}):
        with pytest.raises(HwdseError, match="no other operands or clock"):
            cost.evaluate(["mac:w=int8,a=int8"], "horowitz45", source="table", **options)


def test_a_table_is_no_technology() -> None:
    with pytest.raises(HwdseError, match="use --source table"):
        cost.evaluate(["mac:w=int8,a=int8"], "horowitz45", source="synth")

"""The published figures of memories, and those of the macros, as checked data."""

from __future__ import annotations

from functools import cache

from pydantic import BaseModel, ConfigDict

from hwdse.files.shipped import read_shipped

__all__ = ["DramType", "Macro", "Macros", "Node", "Tables", "macros", "tables"]

KIB_BITS = 8 * 1024


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="forbid", allow_inf_nan=False)


class Node(_Strict):
    """One column of the SRAM table, a figure for each capacity."""

    node_nm: int
    extrapolated: bool
    read_pj: list[float]
    area_mm2: list[float]


class _Sram(_Strict):
    source: str
    width_bits: int
    capacity_kib: list[int]
    nodes: list[Node]


class _Point(_Strict):
    capacity_kib: int
    read_pj: float
    width_bits: int | None = None


class _CrossCheck(_Strict):
    source: str
    node_nm: int
    width_bits: int
    points: list[_Point]
    narrow: _Point


class _Access(_Strict):
    bits: int
    low_pj: float
    high_pj: float


class DramType(_Strict):
    """A kind of DRAM: published energies of accesses."""

    type: str
    description: str
    accesses: list[_Access]
    source: str


class Tables(_Strict):
    """``memories.yaml``."""

    sram: _Sram
    cross_check: _CrossCheck
    dram: list[DramType]


class Macro(_Strict):
    """An SRAM macro as its Liberty file describes it."""

    name: str
    sha256: str
    words: int
    width_bits: int
    area_um2: float
    leakage_nw: float
    read_pj: float
    write_pj: float
    address_pj: float
    data_pj: float

    @property
    def capacity_bits(self) -> int:
        """Words times width."""
        return self.words * self.width_bits


class _Corner(_Strict):
    process: str
    voltage_v: float
    temperature_c: float


class Macros(_Strict):
    """``sram_macros.yaml``."""

    source: str
    licence: str
    name: str
    node_nm: int
    corner: _Corner
    macros: list[Macro]


@cache
def tables() -> Tables:
    """The published tables."""
    return read_shipped("memories", Tables)


@cache
def macros() -> Macros:
    """The macros."""
    return read_shipped("sram_macros", Macros)

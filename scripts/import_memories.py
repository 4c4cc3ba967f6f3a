"""Extract area and energies of SRAM macros from their Liberty files.

Usage: python scripts/import_memories.py DIR

Reads every .lib and .lib.gz in DIR that holds single-port RAM macros with IHP's pins (A_CLK,
A_MEN, A_WEN, A_REN, A_ADDR, A_DIN) and writes tech_libs/tables/sram_macros.yaml.
"""

from __future__ import annotations

import sys
from pathlib import Path

from hwdse.tech.liberty import Group, read_liberty
from hwdse.tech.units import Header, read_header

OUTPUT = Path(__file__).parent.parent / "tech_libs" / "tables" / "sram_macros.yaml"
HEADER = """\
# Written by scripts/import_memories.py from the macros' Liberty files. `read_pj` and `write_pj` are
# the energy of the clock edge that starts an access; `address_pj` and `data_pj` are what the
# address and data inputs add when all of their bits change.
source: "IHP SG13G2 open PDK, SRAM macros RM_IHPSG13_1P_*, revision 1.0.4, https://github.com/IHP-GmbH/IHP-Open-PDK"
licence: "Apache-2.0, Copyright 2023 IHP PDK Authors"
name: sg13g2
node_nm: 130
"""


def main(directory: Path) -> None:
    files = sorted(p for p in directory.iterdir() if p.name.endswith((".lib", ".lib.gz")))
    records, corners = [], set()
    for path in files:
        library = read_liberty(path)
        header = read_header(library)
        corners.add(
            f"corner: {{process: {header.corner.process}, voltage_v: {header.corner.voltage_v:g}, "
            f"temperature_c: {header.corner.temperature_c:.1f}}}"
        )
        records += [macro(cell, header) for cell in library.all("cell") if cell.first("memory")]
    if not records or len(corners) != 1:
        sys.exit(f"error: {directory}: {len(records)} macros at {len(corners)} corners; need one")
    OUTPUT.write_text(HEADER + corners.pop() + "\nmacros:\n" + "".join(records), encoding="utf-8")
    print(f"{OUTPUT.name}: {len(records)} macros")


def macro(cell: Group, header: Header) -> str:
    memory = cell.first("memory")
    assert memory is not None
    words, width = 1 << int(memory.simple["address_width"]), int(memory.simple["word_width"])
    clock = pin(cell, "A_CLK")
    pj = header.energy_fj * 1e-3
    read = access(clock, "A_MEN&!A_WEN&A_REN") * pj
    write = access(clock, "A_MEN&A_WEN&!A_REN") * pj
    address = toggle(pin(cell, "A_ADDR")) * pj * int(memory.simple["address_width"])
    data = toggle(pin(cell, "A_DIN")) * pj * width
    leakage = (cell.number("cell_leakage_power") or 0.0) * (header.leakage_nw or 0.0)
    return (
        f"  - name: {cell.label}\n"
        f"    sha256: {cell.source.sha256}\n"
        f"    words: {words}\n    width_bits: {width}\n"
        f"    area_um2: {cell.number('area')}\n    leakage_nw: {leakage}\n"
        f"    read_pj: {read:.6g}\n    write_pj: {write:.6g}\n"
        f"    address_pj: {address:.6g}\n    data_pj: {data:.6g}\n"
    )


def pin(cell: Group, name: str) -> Group:
    """A pin, or the pin that describes a bus's bits."""
    for group in cell.all("pin", "bus"):
        if group.label == name:
            inner = [p for p in group.all("pin") if p.all("internal_power")]
            return inner[0] if inner else group
    sys.exit(f"error: {cell.label} has no pin {name}")


def access(clock: Group, condition: str) -> float:
    """Energy of a rise and a fall of the clock under a condition."""
    for power in clock.all("internal_power"):
        if power.simple.get("when", "").replace(" ", "") == condition:
            return both(power)
    sys.exit(f"error: the clock has no energy for {condition}")


def toggle(data: Group) -> float:
    """Mean energy of one change of an input while the macro is enabled."""
    return next(both(p) / 2 for p in data.all("internal_power") if p.simple.get("when") == "A_MEN")


def both(power: Group) -> float:
    total = 0.0
    for kind in ("rise_power", "fall_power"):
        table = power.first(kind)
        values = table.numbers("values") if table is not None else None
        assert values is not None
        total += values[0]
    return total


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))

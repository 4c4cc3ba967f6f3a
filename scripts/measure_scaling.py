"""Measure how far node scaling is off: nangate45 scaled to 7 nm against asap7, unit by unit.

Usage: python scripts/measure_scaling.py

Writes tech_libs/tables/scaling_disagreement.yaml: for area, delay and energy the largest
``|ln(asap7 / scaled)|`` over the units, as a share of ``|ln(factor)|``. Derived technologies take
their intervals from it. Run it again when a model of timing or energy changes.
"""

from __future__ import annotations

import math
from pathlib import Path

from hwdse import tech
from hwdse.cost import evaluate
from hwdse.tech.derive import derive_by_node
from hwdse.tech.scaling import Point, parse_node, scale

OUTPUT = Path(__file__).parent.parent / "tech_libs" / "tables" / "scaling_disagreement.yaml"
SPECS = ["mac:w=int8,a=int8", "mac:w=int4,a=int8", "mac:w=e4m3,a=e4m3"]
COLUMNS = {"area": "area_um2", "delay": "delay_ps", "energy": "energy_pj_per_mac"}


def main() -> None:
    base, target = tech.load("nangate45"), tech.load("asap7")
    voltage = target.corner.voltage_v
    scaled = derive_by_node(base, "45hp", "7hp", voltage_v=voltage, name="nangate45-7hp")
    factors = scale(
        Point(parse_node("45hp"), base.corner.voltage_v), Point(parse_node("7hp"), voltage)
    )
    ours, theirs = evaluate(SPECS, scaled.technology), evaluate(SPECS, target)
    lines = [
        "# Written by scripts/measure_scaling.py: how far node scaling is off, as a share of the",
        "# logarithm of its factor.",
        f'source: "{", ".join(SPECS)} on nangate45 scaled to 7 nm at {voltage:g} V against asap7: '
        'the largest of the three"',
    ]
    for what, column in COLUMNS.items():
        ratios = theirs[column] / ours[column]
        share = max(abs(math.log(r)) for r in ratios) / abs(math.log(getattr(factors, what).value))
        print(
            f"{what}: asap7 over scaled {', '.join(f'{r:.3g}' for r in ratios)}; share {share:.3g}"
        )
        lines.append(f"{what}: {share:.3g}")
    OUTPUT.write_text("\n".join(lines) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()

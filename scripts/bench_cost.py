"""How many designs a second the models of cost answer for.

    python scripts/bench_cost.py

The closed form (the first-principles count of gates, over arrays of formats and lanes), beside the
models of adders and multipliers of hwcomponents where it is installed; the fitted model, which
builds each design's gates; and a look-up of a synthesis that is shipped.
"""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from hwdse import pe, tech
from hwdse.cost.conditions import Conditions
from hwdse.cost.fit.estimate import unit_estimate
from hwdse.cost.operands import operands
from hwdse.tech.gates import gates
from hwdse.theory.gate_count import Fields, aligner_width, lanes

POINTS = 1_000_000
ROUNDS = 5
PSUM_BITS = 24
TECHNOLOGY = "nangate45"
SPECS = ("mac:w=int8,a=int8", "mac:w=e4m3,a=e4m3", "dot:w=mxfp8_e4m3,a=mxfp4,lanes=8")


def main() -> None:
    library = tech.load(TECHNOLOGY)
    area_um2 = {name: gate.area_um2 for name, gate in gates(library).items()}
    rng = np.random.default_rng(1)
    count = rng.integers(1, 257, POINTS)
    w, a = (Fields(rng.integers(0, 9, POINTS), rng.integers(0, 11, POINTS)) for _ in range(2))
    closed = best(lambda: dot_area_um2(count, w, a, area_um2))
    print(f"closed form: {POINTS / closed / 1e6:.2f} M designs/s, {POINTS:,} at a time")
    if importlib.util.find_spec("hwcomponents") is None:
        print(
            "hwcomponents is not installed (nor on the registry that this was run with): no ratio"
        )
    conditions = Conditions(operands("uniform"))
    unit_estimate(pe.parse(SPECS[0]), library, conditions)
    for spec in SPECS:
        design = pe.parse(spec)
        seconds = best(lambda design=design: unit_estimate(design, library, conditions))
        print(f"fitted model: {seconds:.3f} s for {spec}")


def dot_area_um2(
    count: NDArray[np.int64], w: Fields, a: Fields, area_um2: dict[str, float]
) -> NDArray[np.float64]:
    """Areas of dot products by the first-principles counts, shape (designs,)."""
    blocks = lanes(count, w, a, aligner_width(w, a, PSUM_BITS))
    total = np.zeros(len(count))
    for block in blocks.values():
        for gate, number in block.items():
            total += number * area_um2[gate]
    return total


def best(function: Callable[[], object]) -> float:
    """The shortest of some runs, in seconds."""
    found = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        function()
        found.append(time.perf_counter() - start)
    return min(found)


if __name__ == "__main__":
    main()

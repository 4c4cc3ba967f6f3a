"""Energy per cycle of a mapped netlist, from toggles counted while it computes dot products."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from hwdse.cost.operands import Operands
from hwdse.pe import Unit
from hwdse.synth.power import EnergyWeights
from hwdse.synth.simulate import Program, Simulator, pack

__all__ = ["DOT_LENGTH", "Energy", "measure_energy"]

# Elements per sum, and independent sums simulated side by side.
DOT_LENGTH = 64
_ACCUMULATORS = 4096
_SEED = 20_260
# Two-sided 95 % quantile of the normal distribution.
_Z95 = 1.959964


@dataclass(frozen=True)
class Energy:
    """Dynamic energy of one cycle, in fJ, with the half-width of its 95 % interval.

    The interval is that of sampling: over independent sums, at the given netlist and tables.
    """

    switching_fj: float
    internal_fj: float
    clock_fj: float
    half_width_fj: float
    vectors: int

    @property
    def dynamic_fj(self) -> float:
        """Switching, internal and clock energy."""
        return self.switching_fj + self.internal_fj + self.clock_fj


def measure_energy(
    unit: Unit, program: Program, weights: EnergyWeights, distribution: Operands
) -> Energy:
    """Simulate back-to-back dot products and weigh every net's toggles.

    Args:
        unit: The unit, for its operand formats.
        program: Its mapped netlist.
        weights: Energy per toggle of each net.
        distribution: Operands.
    """
    rng = np.random.default_rng(_SEED)
    lanes = (unit.lanes,) if unit.lanes > 1 else ()
    shape = (DOT_LENGTH, _ACCUMULATORS, *lanes)
    w = distribution.sample(unit.w, shape, "w", rng).reshape(DOT_LENGTH, _ACCUMULATORS, -1)
    a = distribution.sample(unit.a, shape, "a", rng).reshape(DOT_LENGTH, _ACCUMULATORS, -1)

    words = _ACCUMULATORS // 64
    simulator = Simulator(program, words)
    nets = simulator.values[: program.netlist.net_count]
    on, off = np.full((1, words), ~np.uint64(0)), np.zeros((1, words), dtype=np.uint64)
    switching, internal = np.zeros(words), np.zeros(words)
    cycles = 0
    # The pipeline must be full, and the sum of the run before must be there to be cleared.
    for cycle in range(-DOT_LENGTH, DOT_LENGTH):
        step = cycle % DOT_LENGTH
        before = nets.copy() if cycle >= 0 else None
        simulator.evaluate(
            {
                "w": np.concatenate([pack(codes, unit.w.bits) for codes in w[step].T]),
                "a": np.concatenate([pack(codes, unit.a.bits) for codes in a[step].T]),
                "in_valid": on,
                "clear": on if step == 0 else off,
                "rst": off,
            }
        )
        if before is not None:
            toggles = np.bitwise_count(before ^ nets)
            switching += weights.switching_fj @ toggles
            internal += weights.internal_fj @ toggles
            cycles += 1
        simulator.tick()

    lane_cycles = cycles * 64
    dynamic = (switching + internal) / lane_cycles
    return Energy(
        switching_fj=float(switching.mean()) / lane_cycles,
        internal_fj=float(internal.mean()) / lane_cycles,
        clock_fj=weights.clock_fj,
        half_width_fj=_Z95 * float(dynamic.std(ddof=1)) / math.sqrt(words),
        vectors=cycles * _ACCUMULATORS,
    )

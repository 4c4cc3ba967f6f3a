"""Energy per cycle of a mapped netlist, from transitions counted while it computes dot products.

Many independent sums are run back to back. Each of them gives one sample of the energy per cycle;
sums are added until the interval of the mean is as narrow as was asked for.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.array_window import Window, window_codes, window_planes
from hwdse.cost.operands import Operands
from hwdse.pe import Design
from hwdse.pe.design import Codes
from hwdse.synth.glitch import EventProgram
from hwdse.synth.power import EnergyWeights
from hwdse.synth.simulate import Program, Simulator, Words
from hwdse.verify.check import operand_planes

__all__ = ["Energy", "measure_energy", "settled_toggles", "sum_length"]

# Cycles of a sum: as many as bits in a word, which holds them. A result that takes more has several
# words, of which each is a sample.
MAX_CYCLES = 64
# Of longer results, which memory would not hold, the beginning stands for the whole.
_MOST_CYCLES = 16 * MAX_CYCLES
# Sums drawn as one tensor and simulated side by side; settled at once; followed through glitches
# at once.
_SIMULATED, _SETTLED, _FOLLOWED = 1024, 256, 64
_MAX_TENSORS = 64
_SEED = 20_260
# Two-sided 95 % quantile of the normal distribution.
_Z95 = 1.959964

_Samples = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Energy:
    """Dynamic energy of one cycle, in fJ, with the half-width of its 95 % interval.

    The interval is that of sampling: over independent sums, at the given netlist and tables.

    Attributes:
        switching_fj, internal_fj: Of nets going from one settled value to the next.
        glitch_fj: Of the transitions beyond those, switching and internal.
        clock_fj: Of the clock's pins.
        half_width_fj: Of the sum of these.
        vectors, followed_vectors: Cycles whose settled values, and whose glitches, were counted.
        settled_toggles, glitch_toggles: Shape (nets,): transitions a cycle.
    """

    switching_fj: float
    internal_fj: float
    glitch_fj: float
    clock_fj: float
    half_width_fj: float
    vectors: int
    followed_vectors: int
    settled_toggles: NDArray[np.float64]
    glitch_toggles: NDArray[np.float64]

    @property
    def dynamic_fj(self) -> float:
        """Switching, internal, glitch and clock energy."""
        return self.switching_fj + self.internal_fj + self.glitch_fj + self.clock_fj


def measure_energy(
    unit: Design,
    program: Program,
    events: EventProgram | None,
    weights: EnergyWeights,
    distribution: Operands,
    confidence: float,
) -> Energy:
    """Simulate back-to-back dot products and weigh every net's transitions.

    Args:
        unit: The unit, for its operand formats.
        program: Its mapped netlist.
        events: The netlist with delays; None leaves glitches out.
        weights: Energy per transition of each net.
        distribution: Operands.
        confidence: Half-width of the 95 % interval to reach, as a fraction of the energy. After
            4 million vectors it stays as wide as it is.
    """
    net_count, cycles = program.netlist.net_count, _cycles(unit) / _words(unit)
    each_fj = weights.switching_fj + weights.internal_fj
    settled, glitches = np.zeros(net_count), np.zeros(net_count)
    settled_fj, all_fj = np.zeros(0), np.zeros(0)
    variable = half = 0.0
    settling, following = Simulator(program, _SETTLED), Simulator(program, _FOLLOWED)
    for before, after in _sums(unit, program, distribution):
        known = len(settled_fj)
        for first in range(0, _SIMULATED, _SETTLED):
            some = slice(first, first + _SETTLED)
            start = _settle(settling, before[:, some])[:net_count].copy()
            toggles = np.bitwise_count(start ^ _settle(settling, after[:, some])[:net_count])
            settled += toggles.sum(axis=1)
            settled_fj = np.concatenate([settled_fj, each_fj @ toggles / cycles])
        if events is None:
            all_fj = settled_fj
            variable, half = _regression(all_fj, settled_fj)
        else:
            for first in range(0, _SIMULATED, _FOLLOWED):
                some = slice(first, first + _FOLLOWED)
                start = _settle(following, before[:, some]).copy()
                end = _settle(following, after[:, some])
                counts = events.transitions(start, end)
                extra = counts - np.bitwise_count(start[:net_count] ^ end[:net_count])
                glitches += extra.sum(axis=1)
                here = settled_fj[known + first : known + first + _FOLLOWED]
                all_fj = np.concatenate([all_fj, here + each_fj @ extra / cycles])
                variable, half = _regression(all_fj, settled_fj)
                if half <= confidence * (variable + weights.clock_fj):
                    break
        if half <= confidence * (variable + weights.clock_fj):
            break
    vectors, followed = round(len(settled_fj) * cycles), round(len(all_fj) * cycles)
    switching = float(weights.switching_fj @ settled) / vectors
    internal = float(weights.internal_fj @ settled) / vectors
    return Energy(
        switching_fj=switching,
        internal_fj=internal,
        glitch_fj=0.0 if events is None else max(0.0, variable - switching - internal),
        clock_fj=weights.clock_fj,
        half_width_fj=half,
        vectors=vectors,
        followed_vectors=followed,
        settled_toggles=settled / vectors,
        glitch_toggles=glitches / followed,
    )


def settled_toggles(unit: Design, program: Program, distribution: Operands) -> _Samples:
    """How often each net goes from one settled value to another, per cycle; shape (nets,).

    From some of the sums that :func:`measure_energy` starts with.
    """
    before, after = next(_sums(unit, program, distribution))
    simulator = Simulator(program, _SETTLED)
    nets = program.netlist.net_count
    start = _settle(simulator, before[:, :_SETTLED])[:nets].copy()
    toggles = np.bitwise_count(start ^ _settle(simulator, after[:, :_SETTLED])[:nets])
    return np.asarray(toggles.sum(axis=1) * _words(unit) / (_SETTLED * _cycles(unit)))


def sum_length(design: Design) -> int:
    """Elements of each sum that is measured: whole results, if they take several elements."""
    most = max(1, MAX_CYCLES // design.initiation_interval)
    whole = design.elements_per_result
    if most < whole <= _MOST_CYCLES // design.initiation_interval:
        return whole
    return most - most % min(most, whole)


def _cycles(design: Design) -> int:
    """Cycles of each sum."""
    return sum_length(design) * design.initiation_interval


def _words(design: Design) -> int:
    """Words that the cycles of a sum take."""
    return -(-_cycles(design) // MAX_CYCLES)


def _regression(wanted: _Samples, helper: _Samples) -> tuple[float, float]:
    """Mean and half-width of the 95 % interval of ``wanted``, known for the first of the samples.

    The regression estimator of double sampling (W. G. Cochran, Sampling Techniques, 3rd ed., 12.6):
    ``helper``, known for all samples, says how the first ones differ from the rest.
    """
    few, many = len(wanted), len(helper)
    first = helper[:few]
    spread = float(first.var())
    slope = float(np.mean((first - first.mean()) * (wanted - wanted.mean()))) / (spread or 1.0)
    mean = float(wanted.mean()) + slope * float(helper.mean() - first.mean())
    rest = wanted - slope * first
    variance = float(rest.var(ddof=2)) / few + slope**2 * float(helper.var(ddof=1)) / many
    # Student's t to 1e-3 from 64 samples (Abramowitz and Stegun 26.7.5).
    quantile = _Z95 + (_Z95**3 + _Z95) / (4 * (few - 2))
    return mean, quantile * math.sqrt(variance)


def _sums(unit: Design, program: Program, distribution: Operands) -> Iterator[tuple[Words, Words]]:
    """Source rows before and after each cycle, shape (sources, samples).

    Bit ``c`` is cycle ``c`` of a sum; of a long one, in the first of its words.
    """
    rng = np.random.default_rng(_SEED)
    shape = (sum_length(unit), _SIMULATED)
    for _ in range(_MAX_TENSORS):
        if isinstance(unit, Window):
            codes = window_codes(unit, distribution, shape, rng)
        else:
            codes = distribution.sample(unit, shape, rng)
        before, after = _run(unit, program, codes)
        for first in range(0, before.shape[1], _SIMULATED):
            some = slice(first, first + _SIMULATED)
            yield before[:, some], after[:, some]


def _sources(program: Program) -> list[int]:
    """Rows that everything else follows from: input ports and flip-flops."""
    ports = [net for nets in program.netlist.inputs.values() for net in nets]
    return ports + [state for state, _ in program.registers]


def _run(unit: Design, program: Program, codes: Codes) -> tuple[Words, Words]:
    """Source rows before and after each cycle of a sum, shape (sources, samples)."""
    words = _SIMULATED // 64
    simulator = Simulator(program, words)
    sources = _sources(program)
    on, off = np.full((1, words), ~np.uint64(0)), np.zeros((1, words), dtype=np.uint64)
    seen = []
    # The same sums again and again: all is periodic once the first element has come through. The
    # cycle that clears a sum is among those seen. Operands that stay in an array come with a first
    # round that is not.
    settled = unit.latency + (_cycles(unit) if isinstance(unit, Window) else 0)
    for cycle in range(settled + _cycles(unit) + 1):
        step, phase = divmod(cycle % _cycles(unit), unit.initiation_interval)
        simulator.evaluate(
            {
                operand.name: operand_planes(operand, codes[operand.name][step])
                for operand in unit.operands
            }
            | (window_planes(unit, codes, step) if isinstance(unit, Window) else {})
            | {"in_valid": off if phase else on, "rst": off}
            | ({"clear": off if step or phase else on} if unit.clears else {})
        )
        if cycle >= settled:
            seen.append(simulator.values[sources])
        simulator.tick()
    bits = np.unpackbits(np.stack(seen).view(np.uint8), axis=2, bitorder="little")
    return _cycles_to_words(bits[:-1]), _cycles_to_words(bits[1:])


def _cycles_to_words(bits: NDArray[np.uint8]) -> Words:
    """Shape (cycles, rows, sums) of bits to (rows, samples) of words, those of a sum together."""
    # In what is added, nothing changes.
    bits = np.pad(bits, ((0, -len(bits) % MAX_CYCLES), (0, 0), (0, 0)))
    packed = np.packbits(bits.transpose(1, 2, 0), axis=2, bitorder="little")
    return packed.view(np.uint64).reshape(len(packed), -1)


def _settle(simulator: Simulator, sources: Words) -> Words:
    """All rows, from the source rows."""
    simulator.values[_sources(simulator.program)] = sources
    simulator.evaluate({})
    return simulator.values

"""Reference against netlist: every output, every cycle, every lane."""

from __future__ import annotations

import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.pe import Operand, Unit
from hwdse.synth import flow
from hwdse.synth.netlist import Netlist, cell_models, gate_models, read_netlist
from hwdse.synth.simulate import Program, Simulator, compile_netlist, pack
from hwdse.tech.model import Technology
from hwdse.verify.stimulus import (
    ENUMERABLE_BITS,
    Sequence,
    all_pairs,
    hard_sequences,
    operand_bits,
    steady_corners,
)

__all__ = [
    "ENGINE",
    "Verification",
    "compile_mapped",
    "compile_rtl",
    "operand_planes",
    "run_sequences",
    "verify",
]

ENGINE = "numpy bit-parallel netlist"
DEFAULT_VECTORS = 1_000_000
_GAP_PROBABILITY = 0.2


@dataclass(frozen=True)
class Verification:
    """Outcome of a verification run.

    Attributes:
        spec: Canonical spec.
        target: ``rtl`` or the technology whose cells the netlist is made of.
        vectors: Elements compared.
        exhaustive: Whether every operand combination was among them.
        mismatches: Elements after which some output was wrong in some cycle.
        proved: Whether the netlist was proven equivalent to the RTL, in all states.
        seconds: Wall time.
        engine: Simulator.
        first_mismatch: What went wrong first, or None.
    """

    spec: str
    target: str
    vectors: int
    exhaustive: bool
    mismatches: int
    proved: bool
    seconds: float
    engine: str
    first_mismatch: str | None

    def to_json(self) -> dict[str, object]:
        """As JSON-ready values."""
        return asdict(self)


def compile_rtl(rtlil: str) -> Program:
    """A simulator program of the RTL itself, as gates."""
    return compile_netlist(read_netlist(flow.gate_netlist(rtlil)), gate_models(), "clk")


def compile_mapped(netlist: Netlist, technology: Technology) -> Program:
    """A simulator program of a mapped netlist."""
    kinds = {instance.kind for instance in netlist.instances}
    return compile_netlist(netlist, cell_models(technology, kinds), "clk")


def verify(
    unit: Unit,
    *,
    technology: Technology | None = None,
    vectors: int = DEFAULT_VECTORS,
    seed: int = 1,
    formal_seconds: float | None = None,
) -> Verification:
    """Compare a unit's hardware with its reference.

    Args:
        unit: The unit.
        technology: Check the netlist mapped to its cells; by default the RTL.
        vectors: Random elements on top of the enumeration.
        seed: Of the random elements.
        formal_seconds: Also try for so long to prove the mapped netlist equivalent to the RTL.
    """
    import rtl
    from hwdse.tech import mapping_liberty

    start = time.perf_counter()
    rtlil = rtl.to_rtlil(unit)
    if technology is None:
        return check_program(unit, compile_rtl(rtlil), "rtl", vectors, seed, start)
    liberty = mapping_liberty(technology)
    mapped = flow.map_to_cells(rtlil, liberty)
    program = compile_mapped(read_netlist(mapped.netlist), technology)
    checked = check_program(unit, program, technology.name, vectors, seed, start)
    if formal_seconds is None:
        return checked
    proved = flow.prove_mapping(rtlil, mapped, liberty, seconds=formal_seconds)
    return replace(checked, proved=proved, seconds=time.perf_counter() - start)


def check_program(
    unit: Unit,
    program: Program,
    target: str,
    vectors: int,
    seed: int,
    start: float | None = None,
    *,
    enumerable_bits: int = ENUMERABLE_BITS,
) -> Verification:
    """Compare a compiled netlist of a unit with its reference; see :func:`verify`.

    All operand pairs are enumerated where an element has at most ``enumerable_bits``.
    """
    start = time.perf_counter() if start is None else start
    exhaustive = operand_bits(unit) <= enumerable_bits
    compared, wrong, first = 0, 0, None
    plans: list[Iterable[Sequence]] = [
        steady_corners(unit, seed),
        hard_sequences(unit, vectors, seed),
    ]
    if exhaustive:
        plans.insert(0, all_pairs(unit))
    for plan in plans:
        count, bad, message = run_sequences(unit, program, plan, seed)
        compared, wrong, first = compared + count, wrong + bad, first or message
    return Verification(
        spec=unit.canonical,
        target=target,
        vectors=compared,
        exhaustive=exhaustive,
        mismatches=wrong,
        proved=False,
        seconds=time.perf_counter() - start,
        engine=ENGINE,
        first_mismatch=first,
    )


def run_sequences(
    unit: Unit, program: Program, plan: Iterable[Sequence], seed: int
) -> tuple[int, int, str | None]:
    """Elements compared, elements wrong, and a description of the first mismatch."""
    rng = np.random.default_rng(seed)
    compared, wrong, first = 0, 0, None
    simulator: Simulator | None = None
    for sequence in plan:
        words = -(-sequence.shape[1] // 64)
        if simulator is None or simulator.values.shape[1] != words:
            simulator = Simulator(program, words)
        bad, message = _run(unit, simulator, sequence, rng)
        compared += sequence.vectors
        wrong += bad
        first = first or message
    return compared, wrong, first


def _run(
    unit: Unit, simulator: Simulator, sequence: Sequence, rng: np.random.Generator
) -> tuple[int, str | None]:
    """Drive one sequence through the house handshake and compare all outputs in all cycles."""
    steps, accumulators = sequence.shape
    words = simulator.values.shape[1]
    expected = unit.outputs(sequence.codes, sequence.clear)
    widths = {port.name: port.width for port in unit.ports}
    wrong = np.zeros((steps, words), dtype=np.uint64)
    live = pack(np.ones(accumulators, dtype=np.int64), 1)[0]
    first: str | None = None

    timeline = _timeline(steps, sequence.gaps, unit.latency, rng)
    planes: dict[str, NDArray[np.uint64]] = {}
    done = -1
    for cycle, element in enumerate(timeline):
        shown = element if element is not None else int(rng.integers(steps))
        clear = bool(sequence.clear[shown]) if element is not None else bool(rng.integers(2))
        simulator.evaluate(
            {
                operand.name: operand_planes(operand, sequence.codes[operand.name][shown])
                for operand in unit.operands
            }
            | {
                "in_valid": _flag(element is not None, words),
                "clear": _flag(clear, words),
                "rst": _flag(False, words),
            }
        )
        taken = timeline[cycle - unit.latency] if cycle >= unit.latency else None
        if taken is not None:
            done = taken
            planes = {name: pack(out[taken], widths[name]) for name, out in expected.items()}
        if cycle >= unit.latency:
            difference = _flag(taken is not None, words)[0] ^ simulator.output("out_valid")[0]
            if done >= 0:
                for name, plane in planes.items():
                    difference = difference | np.bitwise_or.reduce(
                        simulator.output(name) ^ plane, axis=0
                    )
            difference &= live
            if difference.any():
                wrong[max(done, 0)] |= difference
                first = first or _describe(sequence, max(done, 0), difference)
        simulator.tick()
    return int(np.bitwise_count(wrong).sum()), first


def _timeline(steps: int, gaps: bool, latency: int, rng: np.random.Generator) -> list[int | None]:
    """Which element enters in each cycle; None where there is none."""
    timeline: list[int | None] = []
    for step in range(steps):
        while gaps and rng.random() < _GAP_PROBABILITY:
            timeline.append(None)
        timeline.append(step)
    return timeline + [None] * latency


def operand_planes(operand: Operand, codes: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Planes of an operand's port: codes of shape (accumulators,) or (accumulators, lanes)."""
    if codes.ndim == 1:
        return pack(codes, operand.format.bits)
    return np.concatenate([pack(lane, operand.format.bits) for lane in codes.T])


def _flag(value: bool, words: int) -> NDArray[np.uint64]:
    return np.full((1, words), ~np.uint64(0) if value else np.uint64(0))


def _describe(sequence: Sequence, step: int, difference: NDArray[Any]) -> str:
    word = int(np.flatnonzero(difference)[0])
    lane = word * 64 + (int(difference[word]) & -int(difference[word])).bit_length() - 1
    start = int(np.flatnonzero(sequence.clear[: step + 1])[-1])
    last = ", ".join(
        f"{name}={codes[start : step + 1, lane].tolist()[-4:]}"
        for name, codes in sequence.codes.items()
    )
    return f"after element {step - start + 1} of a sum; last codes {last}"

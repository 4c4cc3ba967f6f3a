"""Arrays against their reference: cycle by cycle, tiles of hard operands, as a whole.

The unit in an array is verified by itself, term by term; here it is what the array adds to it:
skew, drain, swaps, flags, and the order of sums.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from hwdse.pe.array import Array
from hwdse.synth.simulate import Program, Simulator
from hwdse.verify.array_streams import Stream, random_stream

__all__ = ["Engine", "NetlistEngine", "compare_streams"]

_Bits = NDArray[np.uint8]
# Cycles of a stream in which elements may come: many tiles of any array.
_TILES = 12
_LEAST_CYCLES = 96
# Bits of all ports over a stream: a hundred megabytes or so with what is made of them.
_MOST_BITS = 1 << 27


class Engine(Protocol):
    """What runs a stream."""

    name: str
    # Copies that it runs at no more cost than one.
    copies: int

    def run(self, stream: Stream) -> dict[str, _Bits]:
        """Outputs before each rising edge, ``out_valid`` among them: (cycles, copies, width)."""
        ...


class NetlistEngine:
    """The bit-parallel netlist simulator; registers start with anything."""

    name = "numpy bit-parallel netlist"
    copies = 64

    def __init__(self, array: Array, program: Program, seed: int) -> None:
        self.program = program
        self.outputs = [port.name for port in array.ports if port.direction == "output"]
        self.rng = np.random.default_rng(seed)

    def run(self, stream: Stream) -> dict[str, _Bits]:
        """See :class:`Engine`."""
        planes = {name: _planes(bits) for name, bits in stream.inputs.items()}
        words = planes["rst"].shape[2]
        simulator = Simulator(self.program, words)
        states = [state for state, _ in self.program.registers]
        simulator.values[states] = self.rng.integers(
            0, 1 << 64, size=(len(states), words), dtype=np.uint64
        )
        seen: dict[str, list[NDArray[np.uint64]]] = {name: [] for name in self.outputs}
        for cycle in range(len(stream.out_valid)):
            simulator.evaluate({name: values[cycle] for name, values in planes.items()})
            for name in self.outputs:
                seen[name].append(simulator.output(name))
            simulator.tick()
        copies = stream.inputs["rst"].shape[1]
        return {name: _bits(np.stack(rows), copies) for name, rows in seen.items()}


def _planes(bits: _Bits) -> NDArray[np.uint64]:
    """Shape (cycles, copies, width) of bits as (cycles, width, words)."""
    cycles, copies, width = bits.shape
    padded = np.zeros((cycles, width, -(-copies // 64) * 64), dtype=np.uint8)
    padded[:, :, :copies] = bits.swapaxes(1, 2)
    return np.packbits(padded, axis=2, bitorder="little").view(np.uint64)


def _bits(planes: NDArray[np.uint64], copies: int) -> _Bits:
    """The reverse of :func:`_planes`."""
    octets = np.ascontiguousarray(planes).view(np.uint8)
    return np.unpackbits(octets, axis=2, bitorder="little")[:, :, :copies].swapaxes(1, 2)


def compare_streams(
    array: Array,
    engine: Engine,
    vectors: int,
    seed: int,
    on_progress: Callable[[float], None] | None = None,
) -> tuple[int, int, str | None]:
    """Run streams until at least ``vectors`` elements of PEs were compared.

    Returns:
        Elements of PEs compared, outputs that were wrong in some cycle of some copy, and what was
        wrong first.
    """
    rng = np.random.default_rng(seed)
    compared, wrong, first = 0, 0, None
    cycles = max(_LEAST_CYCLES, _TILES * array.rows * array.initiation_interval)
    ports = sum(port.width for port in array.ports)
    while compared < vectors:
        # Elements may come in nine of ten cycles.
        missing = (vectors - compared) / (0.9 * cycles * array.rows * array.cols)
        most = max(1, _MOST_BITS // (cycles * ports))
        copies = max(1, min(most, int(missing) + 1, 1024))
        stream = random_stream(array, cycles, -(-copies // engine.copies) * engine.copies, rng)
        bad, message = _compare(array, stream, engine.run(stream))
        wrong += bad
        first = first or message
        copies = stream.inputs["rst"].shape[1]
        compared += stream.elements * copies * array.rows * array.cols
        if on_progress is not None:
            on_progress(min(1.0, compared / vectors))
    return compared, wrong, first


def _compare(array: Array, stream: Stream, outputs: dict[str, _Bits]) -> tuple[int, str | None]:
    valid = outputs["out_valid"][..., 0] != stream.out_valid[:, None]
    wrong = valid & stream.checked[:, None]
    different = {"out_valid": wrong}
    for name, expected in stream.expected.items():
        unlike = (outputs[name] != expected).any(axis=-1)
        different[name] = unlike & stream.defined[:, None]
        wrong = wrong | different[name]
    if not wrong.any():
        return 0, None
    cycle = int(np.flatnonzero(wrong.any(axis=1))[0])
    name, here = next((n, d[cycle]) for n, d in different.items() if d[cycle].any())
    copy = int(np.flatnonzero(here)[0])
    if name == "out_valid":
        found = f"out_valid is {not stream.out_valid[cycle]}"
    else:
        result = next(r for r in array.results if r.name == name)
        lanes = (outputs[name][cycle, copy] != stream.expected[name][cycle, copy]).reshape(
            result.lanes, result.bits
        )
        found = f"lane {int(np.flatnonzero(lanes.any(axis=1))[0])} of {name} is wrong"
    since = cycle - int(np.flatnonzero(stream.inputs["rst"][: cycle + 1, 0, 0])[-1])
    return int(np.count_nonzero(wrong)), f"{since} cycles after reset: {found}"

"""How many faults the checks find: mutants of a unit's RTL, or of its mapped netlist."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from functools import partial

import numpy as np

from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.netlist import cell_models, gate_models, read_netlist
from hwdse.synth.simulate import Program, compile_netlist
from hwdse.synth.words import REGISTER, Module, expand, gates_of, word_netlist
from hwdse.tech.model import Technology
from hwdse.verify.array import NetlistEngine, compare_streams
from hwdse.verify.contents import run_from_any_contents
from hwdse.verify.differences import Difference, differences
from hwdse.verify.drive import Batch, batches, drive, started
from hwdse.verify.mutants import (
    MISSING_REGISTER,
    Mutant,
    cell_mutants,
    with_directions,
    word_mutants,
)
from hwdse.verify.reachable import reachable
from hwdse.verify.stimulus import (
    Sequence,
    all_pairs,
    enumerable,
    hard_sequences,
    steady_corners,
)

__all__ = ["Checks", "Mutation", "Survivor", "mutate"]

# A mutant sees less than `hwdse verify` shows to a unit, so that hundreds of them take minutes.
_VECTORS = 1 << 17
_UNENUMERATED_VECTORS = 1 << 20
_ENUMERATED = 1 << 18


@dataclass(frozen=True)
class Survivor:
    """A fault that the checks did not find.

    Attributes:
        kind: Of the fault.
        what: What was changed.
        why: Where it would show, or that this is not known.
    """

    kind: str
    what: str
    why: str


@dataclass(frozen=True)
class Mutation:
    """Outcome of a mutation run.

    Attributes:
        spec: Canonical spec.
        target: ``rtl`` or the technology whose cells were changed.
        seed: Of the mutants and of the checks.
        mutants: Mutants made.
        equivalent: Those proven to compute the same, which are no faults.
        caught: Faults that the checks found.
        rate: ``caught / (mutants - equivalent)``; 1 where there was no fault.
        by_kind: By kind of fault: how many were caught, of how many.
        vectors: Elements that a fault had to pass to survive.
        enumerated: Whether all combinations of operands were among them.
        survivors: Faults that were not found.
        seconds: Wall time.
    """

    spec: str
    target: str
    seed: int
    mutants: int
    equivalent: int
    caught: int
    rate: float
    by_kind: dict[str, tuple[int, int]]
    vectors: int
    enumerated: bool
    survivors: tuple[Survivor, ...]
    seconds: float

    def to_json(self) -> dict[str, object]:
        """As JSON-ready values."""
        return asdict(self)


class Checks:
    """The checks of `hwdse verify`, shortened, with what they expect computed once.

    Attributes:
        enumerated: Whether they show all combinations of operands.
    """

    def __init__(self, unit: Design, seed: int) -> None:
        self.unit = unit
        self.seed = seed
        self.enumerated = enumerable(unit, _ENUMERATED)
        self._batches = batches(unit, self._plan())
        self._known: list[Batch] = []

    @property
    def vectors(self) -> int:
        """Elements shown to what survives."""
        if isinstance(self.unit, Array):
            return _VECTORS
        return sum(batch.vectors for batch in self._shown())

    def catch(self, program: Program) -> bool:
        """Whether some output of a program is wrong in some cycle; the first one ends the check."""
        if isinstance(self.unit, Array):
            engine = NetlistEngine(self.unit, program, self.seed)
            return bool(compare_streams(self.unit, engine, _VECTORS, self.seed)[1])
        for batch in self._shown():
            rng = np.random.default_rng(self.seed)
            simulator = started(self.unit, program, batch.words, rng)
            if drive(self.unit, simulator, batch, rng, stop=True)[0]:
                return True
        return bool(run_from_any_contents(self.unit, program, self.seed)[1])

    def _plan(self) -> Iterator[Sequence]:
        """The quickest first: most faults show at once."""
        if self.enumerated:
            yield from all_pairs(self.unit)
        yield from hard_sequences(self.unit, _VECTORS, self.seed)
        yield from steady_corners(self.unit, self.seed)
        if not self.enumerated:
            # Only numbers bring about the one pair of operands that goes wrong.
            yield from hard_sequences(self.unit, _UNENUMERATED_VECTORS, self.seed + 1)

    def _shown(self) -> Iterator[Batch]:
        yield from self._known
        for batch in self._batches:
            self._known.append(batch)
            yield batch


def mutate(
    unit: Design, *, technology: Technology | None = None, count: int = 200, seed: int = 1
) -> Mutation:
    """Plant faults in a unit, one at a time, and count those that the checks find.

    A mutant that passes the checks is compared with the right hardware by SAT; where they do the
    same for all inputs and all sums that can be reached it is no fault.

    Args:
        unit: The unit.
        technology: Change cells of the netlist mapped to it; by default operators of the RTL.
        count: Mutants.
        seed: Of the mutants and of the checks.

    Raises:
        HwdseError: The unit itself fails its checks.
    """
    import rtl

    start = time.perf_counter()
    rtlil, condition = rtl.to_rtlil(unit), reachable(unit)
    compared: Callable[[list[Module]], list[Difference]]
    if technology is None:
        right = word_netlist(rtlil)
        mutants = word_mutants(right, count, seed)
        modules = [right, *(mutant.module for mutant in mutants)]
        gates = gates_of(cell for module in modules for cell in module["cells"].values())
        compiled = partial(_compile_words, gates)
        compared = partial(differences, right, registers=frozenset({REGISTER}), condition=condition)
    else:
        from hwdse.tech import mapping_liberty

        liberty = mapping_liberty(technology)
        right = with_directions(flow.map_to_cells(rtlil, liberty).netlist, technology)
        mutants = cell_mutants(right, technology, count, seed)
        compiled = partial(_compile_cells, technology)
        registers = frozenset(n for n, cell in technology.cells.items() if cell.ff is not None)
        compared = partial(
            differences, right, registers=registers, condition=condition, liberty=liberty
        )

    checks = Checks(unit, seed)
    if checks.catch(compiled(right)):
        raise HwdseError(
            f"{unit.canonical} fails its checks as it is; see `hwdse verify {unit.canonical}`"
        )
    quiet = [mutant for mutant in mutants if not checks.catch(compiled(mutant.module))]
    verdicts = _judged(quiet, compared)
    equivalent = [mutant for mutant, verdict in verdicts if verdict.equal]
    survivors = [(mutant, verdict) for mutant, verdict in verdicts if not verdict.equal]
    faults = len(mutants) - len(equivalent)
    caught = faults - len(survivors)
    return Mutation(
        spec=unit.canonical,
        target="rtl" if technology is None else technology.name,
        seed=seed,
        mutants=len(mutants),
        equivalent=len(equivalent),
        caught=caught,
        rate=caught / faults if faults else 1.0,
        by_kind=_by_kind(mutants, equivalent, [mutant for mutant, _ in survivors]),
        vectors=checks.vectors,
        enumerated=checks.enumerated,
        survivors=tuple(
            Survivor(mutant.kind, mutant.what, _why(verdict)) for mutant, verdict in survivors
        ),
        seconds=time.perf_counter() - start,
    )


def _compile_words(gates: dict[str, Module], module: Module) -> Program:
    return compile_netlist(read_netlist(expand(module, gates)), gate_models(), "clk")


def _compile_cells(technology: Technology, module: Module) -> Program:
    netlist = read_netlist(module)
    own = {i.kind for i in netlist.instances if i.kind in technology.cells}
    return compile_netlist(netlist, gate_models() | cell_models(technology, own), "clk")


def _judged(
    quiet: list[Mutant], compared: Callable[[list[Module]], list[Difference]]
) -> list[tuple[Mutant, Difference]]:
    """What SAT says of mutants; one without a register has no counterpart to compare."""
    whole = [mutant for mutant in quiet if mutant.kind != MISSING_REGISTER]
    others = [mutant for mutant in quiet if mutant.kind == MISSING_REGISTER]
    answers = compared([mutant.module for mutant in whole])
    return [
        *zip(whole, answers, strict=True),
        *((mutant, Difference(None, {})) for mutant in others),
    ]


def _by_kind(
    mutants: list[Mutant], equivalent: list[Mutant], survivors: list[Mutant]
) -> dict[str, tuple[int, int]]:
    counts = {}
    for kind in sorted({mutant.kind for mutant in mutants}):
        made, same, missed = (
            sum(mutant.kind == kind for mutant in group)
            for group in (mutants, equivalent, survivors)
        )
        counts[kind] = (made - same - missed, made - same)
    return counts


def _why(verdict: Difference) -> str:
    if verdict.equal is None:
        return "not known: SAT did not decide whether it makes a difference"
    shown = ", ".join(f"{name}={bits}" for name, bits in verdict.witness.items())
    return f"differs where {shown}"

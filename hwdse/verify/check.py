"""A unit's hardware against its reference: how much is compared, and what that proves."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace

from hwdse.errors import HwdseError
from hwdse.pe import Design
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.simulate import Program
from hwdse.verify.array import Engine, NetlistEngine, compare_streams
from hwdse.verify.array_compiled import CompiledEngine, wants_compiler
from hwdse.verify.coverage import PartUse, parts_of
from hwdse.verify.drive import operand_planes, run_sequences
from hwdse.verify.induction import ACCUMULATION, PIPELINING, Claim, prove, untried
from hwdse.verify.shares import compare
from hwdse.verify.stimulus import ENUMERABLE_BITS, operand_bits
from hwdse.verify.targets import RTL, Target, compile_mapped, compile_rtl

__all__ = [
    "DEFAULT_VECTORS",
    "ENGINE",
    "EXHAUSTIVE_BITS",
    "Verification",
    "check_program",
    "compile_mapped",
    "compile_rtl",
    "operand_planes",
    "run_sequences",
    "verify",
]

ENGINE = "numpy bit-parallel netlist"
DEFAULT_VECTORS = 1_000_000
# Enumeration is the proof of a term up to this many operand bits where the user asks for it.
EXHAUSTIVE_BITS = 32


@dataclass(frozen=True)
class Verification:
    """Outcome of a verification run.

    Attributes:
        spec: Canonical spec.
        target: ``rtl``, or the technology or FPGA whose cells the netlist is made of.
        input_bits: Operand bits of one element.
        vectors: Elements compared.
        exhaustive: Whether every operand combination was among them.
        mismatches: Elements after which some output was wrong in some cycle.
        proved: Whether all that a formal proof was asked for was proven.
        seconds: Wall time, synthesis included.
        vectors_per_second: Of the comparison alone.
        engine: Simulator.
        first_mismatch: What went wrong first, or None.
        claims: What formal proofs were tried, and what came of each.
        parts: Of a unit that was not enumerated: what it is made of, and what proves each part.
        untried: What a formal proof was asked for and none was tried of, by claim, and why.
        stateless: Whether terms, or results, depend on nothing but the element.
    """

    spec: str
    target: str
    input_bits: int
    vectors: int
    exhaustive: bool
    mismatches: int
    proved: bool
    seconds: float
    vectors_per_second: float
    engine: str
    first_mismatch: str | None
    claims: tuple[Claim, ...] = ()
    parts: tuple[PartUse, ...] = ()
    untried: dict[str, str] = field(default_factory=dict)
    stateless: bool = True

    @property
    def disproved(self) -> bool:
        """Whether something is wrong."""
        return self.mismatches > 0 or any(claim.proved is False for claim in self.claims)

    @property
    def complete(self) -> bool:
        """Whether the RTL is proven right for all sequences of valid codes, of any length.

        All terms were enumerated, and pipelining and accumulation are proven; see
        :mod:`hwdse.verify.induction`.
        """
        proven = [claim.claim for claim in self.claims if claim.proved]
        certain = self.exhaustive and self.stateless and not self.disproved
        return certain and self.proved and not self.untried and ACCUMULATION in proven

    @property
    def method(self) -> str:
        """How far the evidence goes, in a few words."""
        if self.complete:
            ways = {ACCUMULATION: "accumulation by SAT", PIPELINING: "pipelining by induction"}
            proofs = [ways[claim.claim] for claim in self.claims]
            return ", ".join(["all sequences proven: terms enumerated", *proofs])
        terms = "enumerated" if self.exhaustive else self._terms_tested
        proofs = [f"{claim.claim} proven" for claim in self.claims if claim.proved]
        return ", ".join([terms, "random sequences", *proofs])

    @property
    def _terms_tested(self) -> str:
        proven = bool(self.parts) and all(part.test for part in self.parts)
        return "parts proven, corners" if proven else "tested: corners"

    def to_json(self) -> dict[str, object]:
        """As JSON-ready values."""
        return asdict(self) | {"method": self.method, "complete": self.complete}


def verify(
    unit: Design,
    *,
    target: Target | None = None,
    vectors: int = DEFAULT_VECTORS,
    seed: int = 1,
    enumerable_bits: int = ENUMERABLE_BITS,
    formal_seconds: float | None = None,
    jobs: int = 1,
    on_progress: Callable[[float], None] | None = None,
) -> Verification:
    """Compare a unit's hardware with its reference.

    Args:
        unit: The unit.
        target: What it is built of; by default its RTL as it is.
        vectors: Random elements on top of the enumeration; of converters, the values in them.
        seed: Of the random elements.
        enumerable_bits: Operand bits of an element up to which all combinations are tried.
        formal_seconds: Also try for so long to prove, of the RTL, that pipelining and accumulation
            are right for all sequences; of a technology's netlist, that it is equivalent to the
            RTL.
        jobs: Processes for long comparisons.
        on_progress: Called with the fraction of the comparison that is done.

    Raises:
        HwdseError: A number out of range, or a unit without hardware.
        ExternalToolError: Synthesis or a solver failed.
    """
    import rtl

    start = time.perf_counter()
    target = target or Target(RTL)
    if vectors < 1:
        raise HwdseError(f"the number of vectors must be at least 1, not {vectors}")
    if formal_seconds is not None and target.name != RTL and target.technology is None:
        raise HwdseError(f"--formal proves RTL and technologies' netlists, not {target.name}'s")
    rtlil = rtl.to_rtlil(unit)
    if isinstance(unit, Array) and target.name == RTL and wants_compiler(unit):
        with CompiledEngine(unit, rtlil) as engine:
            checked = _check_streams(unit, engine, RTL, vectors, seed, on_progress)
        return replace(checked, seconds=time.perf_counter() - start)
    mapped = None if target.technology is None else target.map(rtlil)
    program = target.compile(rtlil) if mapped is None else target.compile_netlist(mapped)
    checked = check_program(
        unit,
        program,
        target.name,
        vectors,
        seed,
        enumerable_bits=enumerable_bits,
        jobs=jobs,
        on_progress=on_progress,
    )
    claims: tuple[Claim, ...] = ()
    without: dict[str, str] = {}
    if formal_seconds is not None:
        if mapped is None:
            claims, without = prove(unit, seconds=formal_seconds), untried(unit)
        else:
            claims = (_prove_mapping(rtlil, mapped, target, formal_seconds),)
    return replace(
        checked,
        claims=claims,
        untried=without,
        proved=bool(claims) and all(claim.proved for claim in claims),
        seconds=time.perf_counter() - start,
    )


def _prove_mapping(rtlil: str, mapped: flow.Mapped, target: Target, seconds: float) -> Claim:
    from hwdse.tech import mapping_liberty

    assert target.technology is not None
    start = time.perf_counter()
    liberty = mapping_liberty(target.technology)
    proved = flow.prove_mapping(rtlil, mapped, liberty, seconds=seconds) or None
    method = "equivalence to the RTL by SAT and induction, by Yosys"
    return Claim("mapping", proved, method, time.perf_counter() - start)


def check_program(
    unit: Design,
    program: Program,
    target: str,
    vectors: int,
    seed: int,
    *,
    enumerable_bits: int = ENUMERABLE_BITS,
    jobs: int = 1,
    on_progress: Callable[[float], None] | None = None,
) -> Verification:
    """Compare a compiled netlist of a unit with its reference; see :func:`verify`.

    All operand combinations are enumerated where an element has at most ``enumerable_bits``, and
    shows all by itself.
    """
    if isinstance(unit, Array):
        netlist = NetlistEngine(unit, program, seed)
        return _check_streams(unit, netlist, target, vectors, seed, on_progress)
    start = time.perf_counter()
    bits = operand_bits(unit)
    exhaustive = unit.enumerable and bits <= enumerable_bits
    compared, mismatches, first_mismatch = compare(
        unit,
        program,
        vectors=-(-vectors // max(1, unit.values_per_element)),
        exhaustive=exhaustive,
        seed=seed,
        jobs=jobs,
        on_progress=on_progress,
    )
    seconds = time.perf_counter() - start
    return Verification(
        spec=unit.canonical,
        target=target,
        input_bits=bits,
        vectors=compared,
        exhaustive=exhaustive,
        mismatches=mismatches,
        proved=False,
        seconds=seconds,
        vectors_per_second=compared / seconds,
        engine=ENGINE,
        first_mismatch=first_mismatch,
        parts=() if exhaustive else parts_of(unit),
        stateless=unit.enumerable and unit.initiation_interval == 1,
    )


def _check_streams(
    array: Array,
    engine: Engine,
    target: str,
    vectors: int,
    seed: int,
    on_progress: Callable[[float], None] | None,
) -> Verification:
    """Compare an array with its reference; what is in the unit is proven by itself."""
    start = time.perf_counter()
    compared, mismatches, first_mismatch = compare_streams(
        array, engine, vectors, seed, on_progress
    )
    seconds = time.perf_counter() - start
    return Verification(
        spec=array.canonical,
        target=target,
        input_bits=operand_bits(array),
        vectors=compared,
        exhaustive=False,
        mismatches=mismatches,
        proved=False,
        seconds=seconds,
        vectors_per_second=compared / seconds,
        engine=engine.name,
        first_mismatch=first_mismatch,
        parts=parts_of(array),
    )

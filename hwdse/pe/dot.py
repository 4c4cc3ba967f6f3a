"""``dot``: the dot product of ``lanes`` pairs a cycle, added to the accumulator.

The products of a cycle are summed exactly (or, with ``align=N``, cut off first: see
:mod:`hwdse.pe.lanes`), and the accumulator adds the sum, which is the one rounding of a cycle.

Block formats bring the scales of the cycle's block in on ports ``w_scale`` and ``a_scale``, affine
ones (``uint4_g128``) their zero points on ``w_zero`` and ``a_zero`` as well; the other side may be
of a scalar format. The exact sum is multiplied by the scales, exactly, before the accumulator
rounds. ``lanes`` divides the block, and is the block by default: with fewer lanes a block takes
several cycles with the same scale, each of which is rounded, as in MXDOTP with its eight lanes.
Scales of a whole axis or tensor come in every cycle all the same. The second scale of a tensor, as
NVFP4's FP32 one, is no part of the unit: it is the same for all sums, and applied to their results.

Declared: a lane that is NaN, infinities of both signs, an infinite sum or scale times zero, and a
NaN scale make the term NaN, and other infinities make it infinite. A sum that is exactly zero is
positive; the sign of a scale counts.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import gcd
from typing import ClassVar

from hwdse.formats import Format, Minifloat, ScalarFormat
from hwdse.pe.abfp_dot import AbfpDot, take_abfp
from hwdse.pe.common import Common, check_products, take_accumulator, take_align_bits, take_format
from hwdse.pe.design import Codes
from hwdse.pe.implementation import (
    ADDERS,
    FUSED,
    MULTIPLIERS,
    PACKED,
    REGISTERS,
    TREES,
    take_implementation,
)
from hwdse.pe.keys import Keys
from hwdse.pe.lanes import Factor, aligned_shape, aligned_sum, exact_shape, exact_sum
from hwdse.pe.packing import MULTIPLIER_BITS, packing_of
from hwdse.pe.ports import Operand
from hwdse.pe.product import integers, is_fixed_point, times_shape
from hwdse.pe.scale import scale_of, scaled, scaled_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import MAX_EXACT_BITS, Unit

__all__ = ["MAX_LANES", "Dot", "parse", "take_align"]

summary = "dot product of `lanes` pairs a cycle; block formats bring their scales in on ports"
example = "dot:w=mxfp4,a=mxfp8_e4m3,lanes=32"

MAX_LANES = 256
_DEFAULT_LANES = 16


@dataclass(frozen=True)
class Dot(Unit):
    """A dot-product unit.

    Attributes:
        lane_count: Pairs of operands taken each cycle.
        align: Bits of each product that are kept below the largest one; None keeps all.
    """

    lane_count: int = _DEFAULT_LANES
    align: int | None = None

    family: ClassVar[str] = "dot"

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return self.lane_count

    @property
    def own_keys(self) -> dict[str, str]:
        """Lanes and alignment."""
        own = super().own_keys
        return own if self.align is None else own | {"align": str(self.align)}

    @property
    def fixed_point(self) -> bool:
        """Whether terms are integers on a common step."""
        return not self.scales and is_fixed_point(self.w_element) and is_fixed_point(self.a_element)

    @property
    def factors(self) -> tuple[Factor, Factor]:
        """What the elements of weights and activations are multiplied as."""
        return _factor(self.w), _factor(self.a)

    @property
    def scales(self) -> dict[str, ScalarFormat]:
        """Formats of the shared scales, by the name of their port."""
        found = {"w_scale": scale_of(self.w), "a_scale": scale_of(self.a)}
        return {name: scale for name, scale in found.items() if scale is not None}

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Elements, then the scales and zero points that sides of block formats have."""
        ports = list(super().operands)
        for name, scale in self.scales.items():
            meaning = f"{scale.name} scale of the block that {name[0]} belongs to"
            ports.append(Operand(name, scale, meaning=meaning))
        for side, factor in zip("wa", self.factors, strict=True):
            if factor.zero_point:
                meaning = f"{factor.format.name} code that stands for 0 in the block of {side}"
                ports.append(Operand(f"{side}_zero", factor.format, meaning=meaning))
        return tuple(ports)

    @property
    def sum_shape(self) -> TermShape:
        """Bounds of the sum of one cycle's products, without scales."""
        w, a = (factor.shape for factor in self.factors)
        if self.align is None:
            return exact_shape(w, a, self.lanes)
        return aligned_shape(w, a, self.lanes, self.align)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the scaled sum."""
        return scaled_shape(self.sum_shape, tuple(self.scales.values()))

    @property
    def exact_bits(self) -> int:
        """For scalar formats the published width; else that of the largest sum, and a sign."""
        if self.align is None and not self.scales:
            return super().exact_bits
        one = self.term_shape.max_units // self.lanes
        return (one * self.common.terms).bit_length() + 1

    def terms_of(self, codes: Codes) -> Term:
        """Sums over the last axis, times the scales."""
        if self.fixed_point:
            w_values = integers(self.w_element, codes["w"])
            a_values = integers(self.a_element, codes["a"])
            return Term.from_integers((w_values * a_values).sum(axis=-1))
        w, a = (
            (factor, codes[side], codes.get(f"{side}_zero"))
            for side, factor in zip("wa", self.factors, strict=True)
        )
        total = exact_sum(w, a) if self.align is None else aligned_sum(w, a, self.align)
        scales = tuple((fmt, codes[name]) for name, fmt in self.scales.items())
        return scaled(total, self.sum_shape, scales)


def _factor(fmt: Format) -> Factor:
    return Factor(fmt.element, zero_point=fmt.kind == "affine")


def parse(keys: Keys) -> Dot | AbfpDot:
    """A ``dot`` from its keys."""
    w, a = (_refuse_value_sets(keys, key, take_format(keys, key)) for key in "wa")
    if "abfp" in (w.kind, a.kind):
        return take_abfp(keys, w, a)
    lanes = _take_lanes(keys, w, a)
    one = times_shape(_factor(w).shape, _factor(a).shape)
    check_products(keys, w, a, one)
    align = take_align(keys, w, a, one)
    scales = w.scale_format or a.scale_format
    fixed = not scales and is_fixed_point(w.element) and is_fixed_point(a.element)
    acc, terms = take_accumulator(keys, fixed=fixed, lanes=lanes)
    packed = keys.values.get("mul") == PACKED
    if packed:
        _check_packing(keys, w, a, lanes, fixed=fixed)
    implementation = take_implementation(
        keys,
        mul=(*MULTIPLIERS, PACKED),
        tree=TREES,
        fused=FUSED if fixed else ("no", "save") if acc == "exact" else ("no",),
        adder=ADDERS,
        registers=REGISTERS,
        products=lanes // 2 if packed else lanes,
    )
    if not fixed and acc != "exact" and implementation.tree == "star" != implementation.adder:
        raise keys.refusal(
            f"adder={implementation.adder} has nothing to add here; add tree=dadda",
            {"tree": "dadda"},
        )
    keys.finish()
    common = Common(w=w, a=a, acc=acc, terms=terms)
    unit = Dot(common=common, implementation=implementation, lane_count=lanes, align=align)
    if not fixed and (bits := unit.sum_shape.significand_bits) > MAX_EXACT_BITS:
        raise keys.refusal(
            f"the exact sum of the lanes takes {bits} bits, more than the {MAX_EXACT_BITS} that "
            "are supported; give align=24, which cuts products off",
            {"align": 24},
        )
    return unit


def _check_packing(keys: Keys, w: Format, a: Format, lanes: int, *, fixed: bool) -> None:
    """Refuse ``mul=packed`` where there are no pairs, or no multiplier could take them."""
    if not fixed:
        raise keys.refusal(
            f"mul={PACKED} packs fixed-point operands without scales; {w.name} x {a.name} are "
            "others, so use mul=star",
            {"mul": "star"},
        )
    if lanes % 2:
        raise keys.refusal(
            f"mul={PACKED} takes lanes in pairs, and lanes={lanes} is odd; use lanes={lanes + 1}",
            {"lanes": lanes + 1},
        )
    packing = packing_of(w.element, a.element)
    if not packing.fits:
        needed, most = (" x ".join(map(str, bits)) for bits in (packing.word_bits, MULTIPLIER_BITS))
        raise keys.refusal(
            f"mul={PACKED} needs multipliers of {needed} bits for {w.name} x {a.name}, and no FPGA "
            f"has any over {most} that do not take the place of two; use mul=star",
            {"mul": "star"},
        )


def _refuse_value_sets(keys: Keys, key: str, fmt: Format) -> Format:
    """Refuse formats whose groups choose among value sets; return any other."""
    if fmt.kind == "bitmod":
        raise keys.refusal(
            f"each group of {key}={fmt.name} chooses its value set, which dot has no port for; "
            f"take a format with one set",
            {key: "nf4_g128"},
        )
    return fmt


def _take_lanes(keys: Keys, w: Format, a: Format) -> int:
    blocks = [fmt.block for fmt in (w, a) if fmt.block is not None]
    if not blocks:
        return keys.integer_of("lanes", _DEFAULT_LANES, 2, MAX_LANES)
    common = gcd(*blocks)
    possible = [n for n in range(2, MAX_LANES + 1) if common % n == 0]
    named = " and ".join(
        f"{fmt.name} has blocks of {fmt.block}" for fmt in (w, a) if fmt.block is not None
    )
    if not possible:
        raise keys.refusal(
            f"{named}, which no number of lanes from 2 to {MAX_LANES} divides; choose a format "
            "with another block",
            {"w": keys.example["w"], "a": keys.example["a"]},
        )
    lanes = keys.integer_of("lanes", possible[-1], 2, MAX_LANES)
    if lanes not in possible:
        nearest = min(possible, key=lambda n: (abs(n - lanes), -n))
        raise keys.refusal(
            f"{named}, and lanes={lanes} does not divide "
            f"{'that' if len(blocks) == 1 else 'both'}; use lanes={nearest}",
            {"lanes": nearest},
        )
    return lanes


def take_align(keys: Keys, w: Format, a: Format, one: TermShape) -> int | None:
    """Take the key ``align`` of a sum of products, each of bounds ``one``."""
    if "align" not in keys.values:
        return None
    elements = (w.element, a.element)
    if not any(isinstance(fmt, Minifloat) for fmt in elements) or not all(
        isinstance(fmt, Minifloat) or is_fixed_point(fmt) for fmt in elements
    ):
        raise keys.refusal(
            "align cuts products of floats off below the largest exponent; products of "
            f"{elements[0].name} and {elements[1].name} have none, so leave it out",
            {"align": None},
        )
    if one.max_shift == 0:
        raise keys.refusal("all products have one exponent; leave align out", {"align": None})
    return take_align_bits(keys, one)

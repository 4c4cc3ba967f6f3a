"""``groupdot``: dot products of weights whose groups share a scale, and perhaps a zero point.

An element is ``lanes`` pairs, and a group is ``group / lanes`` elements in a row; the unit counts
them. ``clear`` starts a new sum and a new group: what was unfinished is forgotten, so the last
group of a sum is filled up with zeros. After a reset groups are counted from the next ``clear``.
``w_scale`` and ``w_zero`` belong to the weights. This is what MixPE compares (Zhang et al., arXiv
2411.16158), whose order is ``after``:

* ``dequant=after``: ``y = sum_g s_g * (sum(q * a) - z_g * sum(a))``. The products of a whole group
  are summed exactly, as fixed-point numbers, whether activations are integers or floats; the zero
  point is multiplied with the running sum of the activations; the difference is multiplied by the
  scale, exactly; and the accumulator adds that, which is the one rounding of a group. Scale and
  zero point are read with the last element of a group, and may be anything with the others.
  ``out_valid`` is high for the last element of each group alone, and ``acc`` holds until the next.
* ``dequant=before``, the baseline: every weight becomes ``(q - z) * s``, rounded to nearest even
  in ``dequant_format`` (beyond its range infinite, subnormals kept, a zero positive). The products
  with the activations are summed exactly (or with ``align=N`` as in ``dot``), and the accumulator
  adds the sum of each element, rounding once. Scale and zero point are read with every element,
  and ``out_valid`` is high for each.

Declared: what is no number makes terms as in ``dot``. But with a zero point, ``after``, an infinite
activation makes its group NaN, as both sums have it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import Format, IntegerFormat, Minifloat, ScalarFormat
from hwdse.pe.common import FLOAT_ACCUMULATORS, Common, take_scalar
from hwdse.pe.design import Codes
from hwdse.pe.dot import MAX_LANES, Dot, take_align
from hwdse.pe.float_sum import add_term
from hwdse.pe.implementation import (
    ADDERS,
    MULTIPLIERS,
    REGISTERS,
    SHIFT_ADD,
    TREES,
    Implementation,
    take_implementation,
)
from hwdse.pe.keys import Keys
from hwdse.pe.lanes import Factor, exact_shape, exact_sum
from hwdse.pe.ports import Operand
from hwdse.pe.product import times_shape
from hwdse.pe.scale import scale_of, scaled, scaled_shape
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import MAX_EXACT_BITS, Unit

__all__ = ["GroupAfter", "GroupBefore", "GroupDot", "parse"]

summary = "dot product of weights in groups, whose scale comes after the group's sum, or before"
example = "groupdot:w=int4,a=int8,lanes=16,group=128,dequant=after"

SCALES = ("fp16", "bf16", "e4m3", "e8m0")
DEQUANTISED = ("fp16", "bf16", "fp32")
# A group must fit into the cycles in which energy is measured; see ``hwdse.cost.energy``.
MAX_ELEMENTS = 64
_DEFAULT_LANES, _DEFAULT_GROUP = 16, 128
_MAX_WEIGHT_BITS = 8


@dataclass(frozen=True)
class GroupDot(Unit):
    """What both orders have in common; ``common.w`` is the format of a whole group.

    Attributes:
        lane_count: Pairs of operands taken each cycle.
        zero: Whether the weights of a group have a zero point.
    """

    lane_count: int
    zero: bool

    family: ClassVar[str] = "groupdot"
    dequant: ClassVar[str]

    @property
    def lanes(self) -> int:
        """Pairs of operands taken each cycle."""
        return self.lane_count

    @property
    def group(self) -> int:
        """Weights that share a scale."""
        assert self.w.block is not None
        return self.w.block

    @property
    def group_elements(self) -> int:
        """Elements of a group."""
        return self.group // self.lanes

    @property
    def scale(self) -> ScalarFormat:
        """Format of the scales."""
        found = scale_of(self.w)
        assert found is not None
        return found

    @property
    def weight(self) -> Factor:
        """Weights as factors, less their zero point."""
        return Factor(self.w_element, zero_point=self.zero)

    @property
    def own_keys(self) -> dict[str, str]:
        """Lanes, group, and what belongs to the group."""
        return {
            "lanes": str(self.lanes),
            "group": str(self.group),
            "dequant": self.dequant,
            "scale": self.scale.name,
            "zero": "yes" if self.zero else "no",
        }

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        return super().key_values | {"w": self.w_element.name}

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Elements, then what the group shares."""
        when = "read with the last element of a group" if self.group_elements > 1 else ""
        if self.dequant == "before":
            when = "read with every element"
        end = f"; {when}" if when else ""
        scale = f"{self.scale.name} scale of the group{end}"
        zero = f"{self.w_element.name} code that stands for 0 in the group{end}"
        shared = [Operand("w_scale", self.scale, meaning=scale)]
        if self.zero:
            shared.append(Operand("w_zero", self.w_element, meaning=zero))
        return (*super().operands, *shared)

    def side(self, codes: Codes, name: str) -> NDArray[np.int64]:
        """Codes of weights or activations, with an axis of lanes even of a single one."""
        found = codes[name]
        return found if self.lanes > 1 else found[..., None]


@dataclass(frozen=True)
class GroupAfter(GroupDot):
    """The scale after the sum of the group; see the module."""

    dequant: ClassVar[str] = "after"

    @property
    def elements_per_result(self) -> int:
        """Elements of a group."""
        return self.group_elements

    @property
    def sum_shape(self) -> TermShape:
        """Bounds of a group's sum, without the scale."""
        a = Factor(self.a_element).shape
        shape = exact_shape(self.weight.shape, a, self.group)
        return replace(shape, infinite=shape.infinite and not self.zero)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the scaled sum."""
        return scaled_shape(self.sum_shape, (self.scale,))

    def completes(self, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """The last element of each group."""
        return np.asarray((self._since(clear) + 1) % self.group_elements == 0)

    def _since(self, clear: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Elements of the sum before each."""
        step = np.arange(len(clear))
        return step - np.maximum.accumulate(np.where(clear, step, 0))

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """The accumulator after each element; it changes at the last one of a group.

        Before a first group is complete it is 0 here, and undefined in hardware.
        """
        ends = np.flatnonzero(self.completes(clear))
        first = self._since(clear)[ends] < self.group_elements
        complete = self.accumulator.run(self.group_terms(codes, ends), first)["acc"]
        nothing = np.zeros((1, *complete.shape[1:]), dtype=np.int64)
        seen = np.searchsorted(ends, np.arange(len(clear)), side="right")
        return {"acc": np.concatenate([nothing, complete])[seen]}

    def group_terms(self, codes: Codes, ends: NDArray[np.int64]) -> Term:
        """Exact terms of whole groups.

        Args:
            codes: Of every operand.
            ends: Shape (groups,): the last elements of groups.

        Returns:
            Shape (groups, ...).
        """
        steps = ends[:, None] + np.arange(1 - self.group_elements, 1)

        def whole(name: str) -> NDArray[np.int64]:
            """Shape (groups, ..., group)."""
            elements = np.moveaxis(self.side(codes, name)[steps], 1, -2)
            return np.asarray(elements.reshape(*elements.shape[:-2], self.group))

        zeros = codes["w_zero"][ends] if self.zero else None
        total = exact_sum(
            (self.weight, whole("w"), zeros), (Factor(self.a_element), whole("a"), None)
        )
        if self.zero:
            no_number = total.nan | total.infinite
            total = replace(
                total,
                sign=total.sign & ~no_number,
                nan=no_number,
                infinite=np.zeros_like(no_number),
            )
        return scaled(total, self.sum_shape, ((self.scale, codes["w_scale"][ends]),))


@dataclass(frozen=True)
class GroupBefore(GroupDot):
    """Every weight dequantised before it is multiplied; see the module.

    Attributes:
        dequantised: What weights are rounded to.
        align: Bits of each product that are kept below the largest one; None keeps all.
    """

    dequantised: Minifloat
    align: int | None = None

    dequant: ClassVar[str] = "before"

    @property
    def own_keys(self) -> dict[str, str]:
        """As of the base, then the format of dequantised weights and the alignment."""
        own = super().own_keys | {"dequant_format": self.dequantised.name}
        return own if self.align is None else own | {"align": str(self.align)}

    @cached_property
    def dot(self) -> Dot:
        """The unit behind the dequantisers."""
        common = replace(self.common, w=formats.get(self.dequantised.name))
        return Dot(common, self.lanes, self.align, implementation=self.implementation)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of the sum of one element's products."""
        return self.dot.term_shape

    def dequantised_codes(self, codes: Codes) -> NDArray[np.int64]:
        """Code words of dequantised weights, shape (steps, ..., lanes) even of a single lane."""
        w = self.side(codes, "w")
        zeros = codes["w_zero"] if self.zero else None
        scales = np.broadcast_to(codes["w_scale"][..., None], w.shape)
        shape = self.weight.shape
        exact = scaled(self.weight.terms(w, zeros), shape, ((self.scale, scales),))
        lsb = scaled_shape(shape, (self.scale,)).lsb_exponent
        # A product of zero is positive, as nothing is added to it.
        return add_term(self.dequantised, np.zeros_like(w), exact, lsb)

    def terms_of(self, codes: Codes) -> Term:
        """Sums over the lanes of dequantised weights times activations."""
        rounded = self.dequantised_codes(codes)
        return self.dot.terms_of({"w": rounded, "a": self.side(codes, "a")})


def parse(keys: Keys) -> GroupDot:
    """A ``groupdot`` from its keys."""
    order = keys.choice_of("dequant", ("after", "before"), "after")
    a = take_scalar(keys, "a")
    lanes = keys.integer_of("lanes", _DEFAULT_LANES, 1, MAX_LANES)
    w, zero = _take_weights(keys, _take_group(keys, lanes))
    acc = keys.choice_of("acc", FLOAT_ACCUMULATORS, FLOAT_ACCUMULATORS[0])
    common = Common(w=w, a=a, acc=acc, terms=1)
    if order == "after":
        unit: GroupDot = GroupAfter(common, lanes, zero, implementation=_take_after(keys, lanes))
    else:
        unit = _take_before(keys, common, lanes, zero)
    keys.finish()
    _check_width(keys, unit)
    return unit


def _take_group(keys: Keys, lanes: int) -> int:
    group = keys.integer_of("group", max(_DEFAULT_GROUP, lanes), 1, MAX_LANES * MAX_ELEMENTS)
    most = lanes * MAX_ELEMENTS
    if group % lanes or group > most:
        nearest = min(max(1, round(group / lanes)), MAX_ELEMENTS) * lanes
        raise keys.refusal(
            f"a group is 1 to {MAX_ELEMENTS} elements of lanes={lanes}, and group={group} is not; "
            f"use group={nearest}",
            {"group": nearest},
        )
    return group


def _take_weights(keys: Keys, group: int) -> tuple[Format, bool]:
    """The format of a group of weights, and whether there is a zero point."""
    name = keys.text_of("w")
    try:
        element = formats.get(name)
    except HwdseError:
        element = take_scalar(keys, "w")  # which says what was meant
    if not isinstance(element, IntegerFormat) and isinstance(element.element, IntegerFormat):
        raise keys.refusal(
            f"w names a single weight's format, as {element.element.name} is; the group's size is "
            "key group, and the format of its scales key scale",
            {"w": element.element.name}
            | ({} if element.block is None else {"group": element.block}),
        )
    if not isinstance(element, IntegerFormat) or element.bits > _MAX_WEIGHT_BITS:
        raise keys.refusal(
            f"weights are integers of at most {_MAX_WEIGHT_BITS} bits, as int4 or uint4, not "
            f"{name}",
            {"w": keys.example["w"]},
        )
    scale = keys.choice_of("scale", SCALES, SCALES[0])
    usual = "no" if element.signed else "yes"
    zero = keys.choice_of("zero", ("yes", "no"), usual) == "yes"
    return _group_format(keys, element, group, scale), zero


def _group_format(keys: Keys, element: IntegerFormat, group: int, scale: str) -> Format:
    """The block format with such a group."""
    if not element.signed and scale not in ("fp16", "bf16"):
        raise keys.refusal(
            f"groups of unsigned weights have scales with infinities, not {scale}; take fp16",
            {"scale": "fp16"},
        )
    if scale != "e4m3":
        return formats.get(f"{element.name}_g{group}_{scale}")
    if not element.symmetric:
        raise keys.refusal(
            f"weights with scales in e4m3 are symmetric, as in NVINT4; take w={element.name}_sym",
            {"w": f"{element.name}_sym"},
        )
    return formats.get(f"nv{element.name.removesuffix('_sym')}_b{group}")


def _take_after(keys: Keys, lanes: int) -> Implementation:
    return take_implementation(
        keys,
        mul=(*MULTIPLIERS, SHIFT_ADD),
        tree=TREES,
        adder=ADDERS,
        registers=REGISTERS,
        products=max(2, lanes),
    )


def _take_before(keys: Keys, common: Common, lanes: int, zero: bool) -> GroupBefore:
    name = keys.choice_of("dequant_format", DEQUANTISED, DEQUANTISED[0])
    dequantised = formats.scalar(name)
    assert isinstance(dequantised, Minifloat)
    one = times_shape(Factor(dequantised).shape, Factor(common.a.element).shape)
    align = take_align(keys, dequantised, common.a, one)
    if keys.values.get("mul") == SHIFT_ADD:
        raise keys.refusal(
            f"mul={SHIFT_ADD} adds shifted activations over the bits of integer weights, and "
            "these are dequantised before; use dequant=after",
            {"dequant": "after", "dequant_format": None, "align": None},
        )
    implementation = take_implementation(
        keys, mul=MULTIPLIERS, tree=TREES, adder=ADDERS, registers=REGISTERS, products=max(2, lanes)
    )
    if implementation.tree == "star" != implementation.adder:
        raise keys.refusal(
            f"adder={implementation.adder} has nothing to add here; add tree=dadda",
            {"tree": "dadda"},
        )
    return GroupBefore(
        common, lanes, zero, dequantised=dequantised, align=align, implementation=implementation
    )


def _check_width(keys: Keys, unit: GroupDot) -> None:
    shape = unit.sum_shape if isinstance(unit, GroupAfter) else unit.term_shape
    if shape.significand_bits <= MAX_EXACT_BITS:
        return
    mend: dict[str, str | int] = {"a": "fp16"}
    advice = "take a=fp16"
    if isinstance(unit, GroupBefore):
        mend, advice = {"align": 24}, "give align=24, which cuts products off"
    raise keys.refusal(
        f"the exact sum takes {shape.significand_bits} bits, more than the {MAX_EXACT_BITS} that "
        f"are supported; {advice}",
        mend,
    )

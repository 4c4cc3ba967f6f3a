"""Quantisers of blocks: values go in, and codes of a format whose blocks share a scale come out.

The reference is :meth:`hwdse.formats.BlockFormat.encode`, code for code. Formats with a second
scale, of the tensor (``nvfp4``), take values that are divided by it already: here it is 1. A block
with a NaN or an infinity, and one whose power-of-two scale would be beyond the largest
(``overflow=nonfinite`` of the reference, which refuses such blocks otherwise), gets the NaN of the
scales, and elements of code 0.

Hardware compares with thresholds, which are derived here from the reference: everything that a
magnitude becomes rises with it. :class:`ScaleSteps` says how scales follow from the largest
magnitude, :class:`ElementSteps` how elements follow from theirs and a scale that is no power of
two. By powers of two, values are divided exactly, and rounded by their fields.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import BlockFormat, IntegerFormat, Minifloat, Overflow, Rounding, ScaleRule
from hwdse.formats.base import Format
from hwdse.formats.scale import is_power_of_two
from hwdse.pe.common import take_format, take_scalar
from hwdse.pe.converter import Converter
from hwdse.pe.converters.options import take_overflow, take_rounding, take_stages
from hwdse.pe.converters.thresholds import (
    ElementSteps,
    ScaleSteps,
    least_magnitudes,
    scale_steps,
)
from hwdse.pe.design import Codes
from hwdse.pe.keys import Keys
from hwdse.pe.ports import Operand, Result

__all__ = ["Quantise", "parse"]

MAX_BLOCK = 256
# Fewer have no binades between the subnormals and the end, by which scales could be told.
_LEAST_EXPONENT_BITS = 4
# Thresholds of elements, of one sign, by which hardware finds codes where it does not divide.
_MOST_THRESHOLDS = 15
# Where thresholds are multiples of the scale, the same ones for both signs.
_SCALING_ROUNDINGS = (Rounding.NEAREST_EVEN, Rounding.NEAREST_AWAY, Rounding.TOWARD_ZERO)


@dataclass(frozen=True)
class Quantise(Converter):
    """A block of values to elements and their scale.

    Attributes:
        source: Format of the values.
        target: The block format.
        rounding: Of the elements.
        overflow: Of scales beside a tensor scale; ``nonfinite`` where there is none.
    """

    source: Minifloat
    target: BlockFormat
    rounding: Rounding
    overflow: Overflow

    @property
    def own_keys(self) -> dict[str, str]:
        """Formats and options."""
        return {
            "from": self.source.name,
            "to": self.target.name,
            "rounding": self.rounding.replace("-", "_"),
            "overflow": str(self.overflow),
        }

    @property
    def block(self) -> int:
        """Values of a block."""
        assert self.target.block is not None
        return self.target.block

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The block's values."""
        return (Operand("x", self.source, self.block),)

    @property
    def results(self) -> tuple[Result, ...]:
        """Elements and scale."""
        element, scale = self.target.element, self.target.scale
        return (
            Result("y", element.bits, f"{element.name} code", self.block),
            Result("y_scale", scale.bits, f"{scale.name} code of the block's scale"),
        )

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Elements and scales of the blocks."""
        x = codes["x"] if self.block > 1 else codes["x"][..., None]
        elements, scales = self.encode(x)
        return {"y": elements if self.block > 1 else elements[..., 0], "y_scale": scales}

    def encode(self, x: NDArray[np.int64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Element and scale codes of blocks of source codes, shape (..., up to ``block``)."""
        # Sources have no numbers that binary32 has not.
        values = self.source.decode(x)
        # A tensor of this range has a scale of 1.
        largest = self.target.element.max * self.target.scale.max
        found = self.target.encode(
            values.astype(np.float32),
            self.rounding,
            self.overflow,
            tensor_range=(-largest, largest),
        )
        return found.elements.astype(np.int64), found.scales[..., 0].astype(np.int64)

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Half of the blocks have a scale next to a step, and elements next to half-way points."""
        x = codes["x"] if self.block > 1 else codes["x"][..., None]
        source, element = self.source, self.target.element
        moved = rng.random(x.shape[:-1]) < 1 / 2
        sign = rng.integers(2, size=x.shape) << (source.bits - 1)
        largest = self._near_steps(x.shape[:-1], rng)
        _, scales = self.encode(largest[..., None])
        values = np.unique(np.abs(element.decode(element.codes())))
        points = np.append(values[:-1] + np.diff(values) / 2, values[-1])
        with np.errstate(invalid="ignore"):
            wanted = rng.choice(points, size=x.shape) * self.target.scale.decode(scales)[..., None]
        near = source.encode(np.nan_to_num(wanted)).astype(np.int64)
        near = np.clip(near + rng.integers(-1, 2, size=x.shape), 0, largest[..., None])
        first = np.arange(x.shape[-1]) == rng.integers(x.shape[-1], size=(*x.shape[:-1], 1))
        near = np.where(first, largest[..., None], near) | sign
        found = np.where(moved[..., None], near, x)
        return {"x": found if self.block > 1 else found[..., 0]}

    def _near_steps(self, shape: tuple[int, ...], rng: np.random.Generator) -> NDArray[np.int64]:
        """Largest magnitudes at, and right below, those from which on a scale is another."""
        steps, binade = self.scale_steps, 1 << self.source.mantissa_bits
        inside = np.array([0, *(step for row in steps.rows for step in row.steps)])
        fields = rng.integers(self.source.max_code // binade + 1, size=shape)
        found = fields * binade + rng.choice(inside, size=shape)
        few = np.array([steps.regular, steps.beyond or 0, *steps.low])
        if few.any():
            found = np.where(rng.random(shape) < 1 / 4, rng.choice(few, size=shape), found)
        near = found - rng.integers(2, size=shape)
        return np.asarray(np.clip(near, 0, self.source.max_code), dtype=np.int64)

    @functools.cached_property
    def scale_steps(self) -> ScaleSteps:
        """How the scale follows from the block's largest magnitude."""
        return scale_steps(
            lambda magnitudes: self.encode(magnitudes[..., None])[1],
            most=self.source.max_code,
            mantissa_bits=self.source.mantissa_bits,
            codes_per_binade=1 << (self.target.scale.significand_bits - 1),
            last=self._scale.max_code,
        )

    @functools.cached_property
    def element_steps(self) -> ElementSteps | None:
        """How elements follow from scales that are no powers of two; None if nothing repeats."""
        source, scale = self.source, self._scale
        steps, per_binade = self.scale_steps, self.scale_steps.codes_per_binade
        scales = np.arange(steps.least, scale.max_code + 1)
        starts = least_magnitudes(
            lambda magnitudes: self.encode(magnitudes[..., None])[1], scales + 1, source.max_code
        )
        # The largest magnitude of each scale, beside which others are quantised.
        most = np.broadcast_to(starts[:, None] - 1, (len(scales), self.magnitudes))
        ranks = np.broadcast_to(np.arange(1, self.magnitudes + 1), most.shape)
        pair = replace(self, target=replace(self.target, block=2))
        found = least_magnitudes(
            lambda x: pair.encode(np.stack([most, x], axis=-1))[0][..., 1], ranks, most
        )
        # A scale's mantissa, and its exponent field, normalised.
        length = np.frexp(scales.astype(np.float64))[1].astype(np.int64)
        left = np.maximum(per_binade.bit_length() - length, 0)
        fields = np.where(left > 0, 1 - left, scales // per_binade)[:, None]
        mantissas = (scales << left) % per_binade
        binade = 1 << source.mantissa_bits
        middle = len(scales) // 2
        rows = {
            int(mantissas[i]): found[i] - fields[i] * binade
            for i in range(middle, middle + per_binade)
        }
        table = np.array([rows[mantissa] for mantissa in range(per_binade)])
        expected = table[mantissas] + fields * binade
        if (found < binade).any() or (expected != found)[found <= most].any():
            return None
        return ElementSteps(tuple(tuple(row) for row in table.tolist()))

    @property
    def magnitudes(self) -> int:
        """Magnitudes of elements, but zero."""
        element = self.target.element
        return int(element.encode(element.max))

    @property
    def _scale(self) -> Minifloat:
        assert isinstance(self.target.scale, Minifloat)
        return self.target.scale

    @property
    def divides(self) -> bool:
        """Whether scales are powers of two, so that division is exact."""
        return is_power_of_two(self.target.scale)

    @property
    def nan_code(self) -> int:
        """The scale of blocks that have none."""
        assert self._scale.nan_code is not None
        return self._scale.nan_code

    @property
    def least_scale_exponent(self) -> int:
        """Exponent of the least scale of a block that is not all zero; scales are powers of two."""
        return int(self.encode(np.array([1]))[1]) - self._scale.bias

    @property
    def largest_exponent(self) -> int:
        """Exponent that quotients do not exceed; scales are powers of two."""
        # Scales are at least half of what makes the largest magnitude fit, rounded to a power.
        return int(np.frexp(self.target.element.max)[1])


def parse(keys: Keys) -> Quantise:
    """A block quantiser from its keys."""
    source = _take_source(keys)
    target = _take_target(keys)
    rounding = take_rounding(keys)
    default = Overflow.SATURATE if target.tensor_scale else Overflow.NONFINITE
    if not target.tensor_scale and keys.values.get("overflow", default) == Overflow.SATURATE:
        raise keys.refusal(
            f"{target.name} has no second scale, so a block beyond its scales cannot saturate: it "
            "becomes NaN",
            {"overflow": Overflow.NONFINITE},
        )
    overflow = take_overflow(keys, target.scale, default)
    registers = take_stages(keys, ("operand", "scale"))
    keys.finish()
    design = Quantise(
        source=source, target=target, rounding=rounding, overflow=overflow, registers=registers
    )
    _check_thresholds(keys, design)
    return design


def _take_source(keys: Keys) -> Minifloat:
    source = take_scalar(keys, "from")
    if (
        not isinstance(source, Minifloat)
        or not (source.signed and source.subnormals)
        or source.exponent_bits < _LEAST_EXPONENT_BITS
    ):
        raise keys.refusal(
            "quantisers of blocks take floats with a sign, subnormals and at least "
            f"{_LEAST_EXPONENT_BITS} exponent bits, not {source.name}",
            {"from": "fp32"},
        )
    widest = formats.scalar("fp32")
    if (
        source.max > widest.max
        or source.lsb_exponent < widest.lsb_exponent
        or source.significand_bits > widest.significand_bits
    ):
        raise keys.refusal(
            f"quantisers of blocks take numbers of fp32, and {source.name} has others",
            {"from": "fp32"},
        )
    return source


def _take_target(keys: Keys) -> BlockFormat:
    target = take_format(keys, "to")
    if "scale_rule" in keys.values:
        target = _with_rule(keys, target)
    instead = {"to": "mxfp4", "scale_rule": None}
    if (
        not isinstance(target, BlockFormat)
        or not isinstance(target.element, Minifloat | IntegerFormat)
        or not isinstance(target.scale, Minifloat)
        or target.scale.nan_code is None
        or not (is_power_of_two(target.scale) or target.tensor_scale)
    ):
        raise keys.refusal(
            f"there is no quantiser of {target.name}; there is one of MX formats, and of nvfp4 and "
            "nvint4",
            instead,
        )
    if target.block is None or target.block > MAX_BLOCK:
        raise keys.refusal(
            f"a quantiser takes a block of at most {MAX_BLOCK} values at once, and those of "
            f"{target.name} are larger",
            instead,
        )
    if target.rule is ScaleRule.MSE:
        raise keys.refusal(
            f"{target.name} tries several scales on each block; take a rule that takes one",
            {"to": target.name.removesuffix("_mse"), "scale_rule": None},
        )
    return target


def _with_rule(keys: Keys, target: Format) -> Format:
    """The format with the rule of key ``scale_rule``, which its name may end in as well."""
    rules = {rule.replace("-", "_"): rule for rule in ScaleRule}
    default = ScaleRule.ROUND if getattr(target, "tensor_scale", False) else ScaleRule.FLOOR
    rule = rules[keys.choice_of("scale_rule", tuple(rules), default.replace("-", "_"))]
    if not isinstance(target, BlockFormat) or target.rule is rule:
        return target
    if target.rule is not default:
        raise keys.refusal(
            f"to={target.name} names another rule than scale_rule; drop one of the two",
            {"scale_rule": None},
        )
    name = f"{target.name}_{rule.replace('-', '')}"
    try:
        return formats.get(name)
    except HwdseError as error:
        raise keys.refusal(f"scale_rule: {error}", {"scale_rule": None}) from None


def _check_thresholds(keys: Keys, design: Quantise) -> None:
    """Refuse what comparisons with thresholds are no good for."""
    if design.divides:
        return
    if design.magnitudes > _MOST_THRESHOLDS:
        raise keys.refusal(
            f"elements of {design.target.name} are compared with {design.magnitudes} thresholds "
            f"each, more than the {_MOST_THRESHOLDS} that make sense",
            {"to": "nvfp4"},
        )
    if design.rounding not in _SCALING_ROUNDINGS:
        raise keys.refusal(
            f"with rounding={keys.values['rounding']}, thresholds do not go with the scale for "
            "both signs and small numbers",
            {"rounding": "nearest_even"},
        )
    if design.element_steps is None:
        raise keys.refusal(
            f"scales of {design.target.name} reach below the normal numbers of "
            f"{design.source.name}; take a source of wider range",
            {"from": "fp32"},
        )

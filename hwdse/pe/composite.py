"""``composite``: one unit for several formats, chosen by a port, on shared hardware.

Operands come in words of 8 bits. Port ``mode`` says, for each element anew, how they are read: in
mode 0 as codes of the first format of the scheme, in the next as two codes of half as many bits,
lane 0 in the lowest, and so on. The products of all lanes go to the one accumulator, and those of
all modes are in its units, so that the mode may change within a sum. What a mode computes is, bit
by bit, what the plain unit (``mac`` or ``dot``) of its format computes.

Schemes of block formats have one block, or a part of one, in each cycle, with the scales of both
sides on ports. They pair formats as INT-v-FP (arXiv 2510.25602) does, of which one has twice the
throughput of the other.

``mode=`` in a spec names the mode that energy is measured in, and that formats of weights and
activations are told of; the hardware is the same for all.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from functools import cached_property
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.errors import nearest_hint
from hwdse.formats import Codebook, Format
from hwdse.pe.common import Common, take_accumulator
from hwdse.pe.design import Codes
from hwdse.pe.dot import Dot
from hwdse.pe.implementation import ADDERS, FUSED, Implementation, take_implementation
from hwdse.pe.keys import Keys, nearest
from hwdse.pe.mac import Mac
from hwdse.pe.ports import Operand
from hwdse.pe.product import is_fixed_point
from hwdse.pe.scale import scale_of
from hwdse.pe.term import Term, TermShape
from hwdse.pe.unit import Unit

__all__ = ["SCHEMES", "WORD_BITS", "Composite", "parse"]

summary = "several formats by a `mode` port, on shared hardware"
example = "composite:modes=int8_int4_int2"

WORD_BITS = 8
MAX_WORDS = 64
_BLOCK_WORDS = 8
# The formats of the modes, from mode 0.
SCHEMES = {
    "int8_int4_int2": ("int8", "int4", "int2"),
    "int8_int4": ("int8", "int4"),
    "e4m3_e2m1": ("e4m3", "e2m1"),
    "mxint8_nvint4": ("mxint8", "nvint4"),
    "mxfp8_nvfp4": ("mxfp8_e4m3", "nvfp4"),
}


@dataclass(frozen=True)
class Composite(Unit):
    """A composite unit; the common keys are those of the mode that is measured.

    Attributes:
        scheme: One of ``SCHEMES``.
        words: Words of each operand taken in a cycle.
    """

    scheme: str = "int8_int4_int2"
    words: int = 1

    family: ClassVar[str] = "composite"

    @property
    def modes(self) -> tuple[Format, ...]:
        """The format of each mode."""
        return tuple(formats.get(name) for name in SCHEMES[self.scheme])

    @property
    def codes_per_word(self) -> tuple[int, ...]:
        """Codes that a word holds in each mode."""
        return tuple(WORD_BITS // mode.element.bits for mode in self.modes)

    @property
    def measured_view(self) -> int:
        """Number of the mode that energy is measured in."""
        return SCHEMES[self.scheme].index(self.w.name)

    @property
    def design(self) -> Composite:
        """The unit with the first mode measured."""
        first = self.modes[0]
        return replace(self, common=replace(self.common, w=first, a=first))

    @property
    def lanes(self) -> int:
        """Pairs of codes taken each cycle in the mode that is measured."""
        return self.words * self.codes_per_word[self.measured_view]

    @cached_property
    def plain_units(self) -> tuple[Unit, ...]:
        """The unit of each mode by itself."""
        return tuple(
            _plain(replace(self.common, w=mode, a=mode), self.words * count)
            for mode, count in zip(self.modes, self.codes_per_word, strict=True)
        )

    @property
    def fixed_point(self) -> bool:
        """Whether terms are integers on a common step."""
        return _fixed_point(self.modes)

    @property
    def scaled(self) -> bool:
        """Whether blocks bring scales."""
        return _scaled(self.modes)

    @property
    def operands(self) -> tuple[Operand, ...]:
        """The mode, words of weights and activations, and the scales of blocks."""
        word = formats.scalar(f"uint{WORD_BITS}")
        last = len(self.modes) - 1
        mode = Codebook(
            name="mode", bits=last.bit_length(), values=tuple(map(float, range(last + 1)))
        )
        numbered = ", ".join(f"{i}: {fmt.name}" for i, fmt in enumerate(self.modes))
        counts = self.codes_per_word
        views = tuple((fmt.element, n) for fmt, n in zip(self.modes, counts, strict=True))
        held = " or ".join(
            f"{n} {fmt.element.name}" for fmt, n in zip(self.modes, counts, strict=True)
        )
        ports = [
            Operand("mode", mode, selects_view=True, meaning=numbered),
            *(Operand(side, word, self.words, views, meaning=f"{held}, by mode") for side in "wa"),
        ]
        if self.scaled:
            scales = tuple((fmt, 1) for fmt in map(scale_of, self.modes) if fmt is not None)
            named = " or ".join(fmt.name for fmt, _ in scales)
            ports += [
                Operand(
                    f"{side}_scale", word, 1, scales, meaning=f"{named} scale of {side}, by mode"
                )
                for side in "wa"
            ]
        return tuple(ports)

    @property
    def offsets(self) -> tuple[int, ...]:
        """Exponent of the last bit of each mode's terms, over that of the unit's."""
        exponents = [unit.term_shape.lsb_exponent for unit in self.plain_units]
        return tuple(exponent - min(exponents) for exponent in exponents)

    @cached_property
    def term_shape(self) -> TermShape:
        """Bounds of the terms of all modes."""
        shapes = [unit.term_shape for unit in self.plain_units]
        shifted = list(zip(shapes, self.offsets, strict=True))
        return TermShape(
            significand_bits=max(shape.significand_bits for shape in shapes),
            max_shift=max(shape.max_shift + offset for shape, offset in shifted),
            lsb_exponent=min(shape.lsb_exponent for shape in shapes),
            max_units=max(shape.max_units << offset for shape, offset in shifted),
            signed=True,
            nan=any(shape.nan for shape in shapes),
            infinite=any(shape.infinite for shape in shapes),
        )

    @property
    def exact_bits(self) -> int:
        """Width of the exact accumulator: that of the mode which takes most."""
        return max(
            unit.exact_bits + offset
            for unit, offset in zip(self.plain_units, self.offsets, strict=True)
        )

    def terms_of(self, codes: Codes) -> Term:
        """Exact terms of the plain units, each for the elements of its mode.

        Raises:
            HwdseError: A word holds what is no code of the format of its mode.
        """
        mode = codes["mode"]
        found: Term | None = None
        for index, (unit, offset) in enumerate(zip(self.plain_units, self.offsets, strict=True)):
            here = mode == index
            read = {}
            for operand in self.operands:
                if operand.views:
                    # Words of other modes may hold no codes of this one; zeros are codes in all.
                    chosen = here.reshape(here.shape + (1,) * len(operand.trailing))
                    words = np.where(chosen, codes[operand.name], 0)
                    element = operand.view(index).format
                    read[operand.name] = element.bit_patterns(operand.unpacked(index, words))
            term = unit.terms_of(read)
            term = replace(term, shift=term.shift + offset)
            found = term if found is None else _choose(here, term, found)
        assert found is not None
        return found

    @property
    def own_keys(self) -> dict[str, str]:
        """Scheme, measured mode and words."""
        return {"modes": self.scheme, "mode": self.w.name, "lanes": str(self.words)}

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order; ``mode`` stands for ``w`` and ``a``."""
        usual = super().key_values
        return self.own_keys | {k: v for k, v in usual.items() if k not in ("w", "a")}

    @property
    def module_name(self) -> str:
        """As of every unit, but for the measured mode, on which no hardware depends."""
        keys = {k: v for k, v in self.key_values.items() if k != "mode"}
        return self.family + "".join(f"_{k}_{v}" for k, v in keys.items())


def _plain(common: Common, lanes: int) -> Unit:
    return Mac(common=common) if lanes == 1 else Dot(common=common, lane_count=lanes)


def _choose(here: NDArray[np.bool_], yes: Term, no: Term) -> Term:
    names = (field.name for field in fields(Term))
    return Term(*(np.where(here, getattr(yes, name), getattr(no, name)) for name in names))


def _fixed_point(modes: tuple[Format, ...]) -> bool:
    return all(is_fixed_point(mode.element) for mode in modes) and not _scaled(modes)


def _scaled(modes: tuple[Format, ...]) -> bool:
    return any(mode.scale_format is not None for mode in modes)


def parse(keys: Keys) -> Composite:
    """A ``composite`` from its keys."""
    scheme = keys.text_of("modes")
    if scheme not in SCHEMES:
        raise keys.refusal(
            f"modes={scheme} is no scheme of modes that share hardware"
            f"{nearest_hint(scheme, SCHEMES)}",
            {"modes": nearest(scheme, SCHEMES) or keys.example["modes"]},
        )
    names = SCHEMES[scheme]
    modes = tuple(formats.get(name) for name in names)
    mode = formats.get(keys.choice_of("mode", names, names[0]))
    words = _take_words(keys, modes)
    fixed = _fixed_point(modes)
    acc, terms = take_accumulator(keys, fixed=fixed)
    implementation = _take_implementation(keys, modes, words)
    keys.finish()
    common = Common(w=mode, a=mode, acc=acc, terms=terms)
    unit = Composite(common=common, implementation=implementation, scheme=scheme, words=words)
    most = words * max(unit.codes_per_word)
    if acc == "exact" and terms < most:
        raise keys.refusal(
            f"terms={terms} is less than the {most} products of one cycle; give at least "
            f"terms={most}",
            {"terms": most},
        )
    return unit


def _take_words(keys: Keys, modes: tuple[Format, ...]) -> int:
    """Words a cycle; those of a block format must not reach into a second block."""
    if not _scaled(modes):
        return keys.integer_of("lanes", 1, 1, MAX_WORDS)
    words = keys.integer_of("lanes", _BLOCK_WORDS, 2, MAX_WORDS)
    for mode in modes:
        count = WORD_BITS // mode.element.bits
        block = mode.block
        assert block is not None
        if block % (words * count):
            fitting = max(n for n in range(2, words + 1) if block % (n * count) == 0)
            raise keys.refusal(
                f"lanes={words} are {words * count} values of {mode.name}, which do not divide its "
                f"block of {block}; use lanes={fitting}",
                {"lanes": fitting},
            )
    return words


def _take_implementation(keys: Keys, modes: tuple[Format, ...], words: int) -> Implementation:
    if not all(is_fixed_point(mode.element) for mode in modes):
        if words == 1:
            return take_implementation(keys)
        return take_implementation(keys, tree=("dadda", "wallace", "star"), adder=ADDERS)
    return take_implementation(
        keys,
        mul=("bw",),
        tree=("dadda", "wallace"),
        fused=("no",) if _scaled(modes) else FUSED,
        adder=ADDERS,
    )

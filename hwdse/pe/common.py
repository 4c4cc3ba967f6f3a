"""The keys that units of all families take: formats of the operands, and the accumulator."""

from __future__ import annotations

import re
from dataclasses import dataclass

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats import Format, ScalarFormat
from hwdse.pe.keys import Keys, nearest
from hwdse.pe.product import is_fixed_point, product_shape
from hwdse.pe.term import INT64_SIGNIFICAND_BITS, TermShape

__all__ = [
    "FLOAT_ACCUMULATORS",
    "Common",
    "check_align_bits",
    "check_products",
    "take_accumulator",
    "take_align_bits",
    "take_common",
    "take_format",
    "take_scalar",
]

# The largest dot product of ResNet18, as in arXiv 2311.12359 (Shedding the Bits).
DEFAULT_TERMS = 4608
FLOAT_ACCUMULATORS = ("fp32", "fp16", "bf16")
# Widths tried in place of one that no format has.
_USUAL_BITS = (16, 8, 4)


@dataclass(frozen=True)
class Common:
    """The keys every family takes.

    Attributes:
        w, a: Weight and activation format.
        acc: Accumulator policy: ``int32``, ``exact``, ``fp32``, ``fp16`` or ``bf16``.
        terms: Products an exact accumulator must hold.
    """

    w: Format
    a: Format
    acc: str
    terms: int


def take_common(keys: Keys) -> Common:
    """Take the common keys of a unit of scalar formats and check that they make sense together."""
    w = take_scalar(keys, "w")
    a = take_scalar(keys, "a")
    check_products(keys, w, a, product_shape(w, a))
    fixed = is_fixed_point(w) and is_fixed_point(a)
    acc, terms = take_accumulator(keys, fixed=fixed)
    return Common(w=w, a=a, acc=acc, terms=terms)


def take_accumulator(keys: Keys, *, fixed: bool, lanes: int = 1) -> tuple[str, int]:
    """Take the accumulator's keys.

    Args:
        keys: Of the spec.
        fixed: Whether terms are fixed-point numbers, which a float accumulator does not take.
        lanes: Products summed each cycle.

    Returns:
        The policy, and the products that an exact one must hold.
    """
    policies = ("int32", "exact") if fixed else (*FLOAT_ACCUMULATORS, "exact")
    acc = keys.choice_of("acc", policies, policies[0])
    terms = DEFAULT_TERMS
    if acc == "exact" or "terms" in keys.values:
        if acc != "exact":
            raise keys.refusal("terms belongs to acc=exact; drop it", {"terms": None})
        terms = keys.integer_of("terms", DEFAULT_TERMS, 1, 1 << 24)
        if terms < lanes:
            raise keys.refusal(
                f"terms={terms} is less than lanes={lanes}; give at least terms={lanes}",
                {"terms": lanes},
            )
    return acc, terms


def check_products(keys: Keys, w: Format, a: Format, one: TermShape) -> None:
    """Refuse formats whose products, of bounds ``one``, are finer than accumulators take."""
    if one.significand_bits <= INT64_SIGNIFICAND_BITS:
        return
    coarser = {key: keys.example.get(key) for key in ("w", "a")}
    raise keys.refusal(
        f"products of w={w.name} and a={a.name} have significands of {one.significand_bits} bits, "
        f"and at most {INT64_SIGNIFICAND_BITS} are supported; choose a format with coarser values",
        coarser,
    )


def take_align_bits(keys: Keys, one: TermShape) -> int:
    """Take the value of ``align``, of a sum of products of bounds ``one``; it must cut some off."""
    bits = keys.integer_of("align", 0, 1, 1 << 16)
    check_align_bits(keys, bits, one.significand_bits + one.max_shift, "products have")
    return bits


def check_align_bits(
    keys: Keys, bits: int, window: int, addends: str, *, usual: int | None = None
) -> None:
    """Refuse a value of ``align`` that cuts nothing off.

    Args:
        keys: Of the spec.
        bits: The value.
        window: Bits of sums of which nothing is cut off.
        addends: What is summed, and its verb, as in ``products have``.
        usual: The value to name instead; None: to leave the key out.
    """
    if bits >= window:
        raise keys.refusal(
            f"align={bits} cuts nothing off, as {addends} {window} bits in all; leave it out, "
            f"or give align={window - 1} or less",
            {"align": usual},
        )


def take_format(keys: Keys, key: str) -> Format:
    """Take a key that names a format of any kind."""
    name = keys.text_of(key)
    try:
        return formats.get(name)
    except HwdseError as error:
        near = _format_near(name, keys.example.get(key))
        raise keys.refusal(f"{key}: {error}", {key: near}) from None


def _format_near(name: str, default: str | None) -> str | None:
    """The same kind of another width, or a name that is alike, or the default, if there is one."""
    if (width := re.search(r"\d+", name)) is not None:
        for bits in sorted(_USUAL_BITS, key=lambda bits: abs(bits - int(width[0]))):
            try:
                return formats.get(name[: width.start()] + str(bits) + name[width.end() :]).name
            except HwdseError:
                continue
    return nearest(name, formats.names()) or default


def take_scalar(keys: Keys, key: str) -> ScalarFormat:
    """Take a key that names a scalar format."""
    found = take_format(keys, key)
    if found.scale_format is None:
        return formats.scalar(found.name)
    raise keys.refusal(
        f"values of {key}={found.name} share scales, which {keys.family} has no ports for",
        {},
        family="dot",
    )

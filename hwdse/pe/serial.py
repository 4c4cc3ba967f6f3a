"""``serial``: weights as bits or radix-4 Booth digits, one a cycle; see ``serial_unit``."""

from __future__ import annotations

from dataclasses import replace

from hwdse import formats
from hwdse.formats import Format
from hwdse.pe.common import (
    Common,
    check_products,
    take_accumulator,
    take_align_bits,
    take_format,
    take_scalar,
)
from hwdse.pe.group_serial import SCALE_BITS, GroupSerial
from hwdse.pe.implementation import (
    ADDERS,
    REGISTERS,
    TREES,
    Implementation,
    take_implementation,
)
from hwdse.pe.keys import Keys
from hwdse.pe.product import is_fixed_point, operand_shape
from hwdse.pe.recoding import LARGEST_BITS, MOST_CODE_BITS, SCHEMES, value_sets
from hwdse.pe.serial_unit import Serial
from hwdse.pe.unit import MAX_EXACT_BITS

__all__ = ["parse"]

summary = "weight bits, Booth digits or other terms, one a cycle; scales of groups bit by bit"
example = "serial:w=int4,a=int8,lanes=4,radix=4"

MAX_LANES = 64
_DEFAULT_LANES = 4
_DEFAULT_GROUP = 128
MAX_GROUP = 1 << 16
# Schemes of integers by their radix, and that of everything else.
_RADIX = {"4": "booth", "2": "bits"}
_OTHERS = "digits"


def parse(keys: Keys) -> Serial | GroupSerial:
    """A ``serial`` from its keys."""
    w, a = _take_weights(keys), take_scalar(keys, "a")
    scheme, radix = _take_radix(keys, w)
    lanes = keys.integer_of("lanes", _DEFAULT_LANES, 1, MAX_LANES)
    fixed = is_fixed_point(a)
    acc, terms = take_accumulator(keys, fixed=fixed, lanes=lanes)
    implementation = _take_implementation(keys, acc, lanes, fixed=fixed)
    unit = Serial(
        common=Common(w=w, a=a, acc=acc, terms=terms),
        implementation=implementation,
        scheme=scheme,
        radix=radix,
        lane_count=lanes,
    )
    check_products(keys, w, a, unit.product_shape)
    unit = _aligned(keys, unit)
    group = _take_group(keys, unit)
    keys.finish()
    if not fixed and (bits := unit.sum_shape.significand_bits) > MAX_EXACT_BITS:
        raise keys.refusal(
            f"the exact sum of the lanes takes {bits} bits, more than the {MAX_EXACT_BITS} that "
            "are supported; give align=24, which cuts products off",
            {"align": 24},
        )
    return unit if group is None else GroupSerial(unit, group)


def _take_weights(keys: Keys) -> Format:
    """Take the weights' format: one of numbers, without scales but those of value sets."""
    w = take_format(keys, "w")
    if w.scale_format is not None and w.kind != "bitmod":
        raise keys.refusal(
            f"values of w={w.name} share scales, which serial has no ports for", {}, family="dot"
        )
    sets = value_sets(w)
    if sets[0].specials:
        raise keys.refusal(
            f"serial takes weights that are all numbers, and {w.name} has "
            f"{' and '.join(sets[0].specials)}",
            {"w": keys.example["w"]},
        )
    bits = max(operand_shape(found).max_units.bit_length() for found in sets)
    if bits > LARGEST_BITS:
        raise keys.refusal(
            f"magnitudes of {w.name} have {bits} bits in units of their last one, more than the "
            f"{LARGEST_BITS} that serial takes",
            {"w": keys.example["w"]},
        )
    if not any(scheme.takes(sets) for scheme in SCHEMES.values()):
        raise keys.refusal(
            f"terms of {w.name} are looked up, by codes of at most {MOST_CODE_BITS} bits, not "
            f"{w.bits}",
            {"w": keys.example["w"]},
        )
    return w if w.kind == "bitmod" else formats.scalar(w.name)


def _take_radix(keys: Keys, w: Format) -> tuple[str, int | None]:
    """Take the key that chooses how integers become terms."""
    sets = value_sets(w)
    possible = [radix for radix, scheme in _RADIX.items() if SCHEMES[scheme].takes(sets)]
    if possible:
        chosen = keys.text_of("radix", possible[0])
        if chosen not in possible:
            raise keys.refusal(
                f"radix={chosen} must be 2, of bits, or 4, of Booth digits", {"radix": possible[0]}
            )
        return _RADIX[chosen], int(chosen)
    if "radix" in keys.values:
        raise keys.refusal(
            f"radix is that of integers, and terms of {w.name} follow from its values; leave it "
            "out",
            {"radix": None},
        )
    return _OTHERS, None


def _take_implementation(keys: Keys, acc: str, lanes: int, *, fixed: bool) -> Implementation:
    found = take_implementation(
        keys,
        tree=TREES if lanes > 1 else ("star",),
        adder=ADDERS if fixed or acc == "exact" or lanes > 1 else ("star",),
        registers=REGISTERS,
        products=max(lanes, 2),
    )
    if not fixed and acc != "exact" and found.tree == "star" != found.adder:
        raise keys.refusal(
            f"adder={found.adder} has nothing to add here; add tree=dadda", {"tree": "dadda"}
        )
    return found


def _aligned(keys: Keys, unit: Serial) -> Serial:
    """The unit with the key that cuts products off, where it is given."""
    if "align" not in keys.values:
        return unit
    if unit.fixed_point or unit.lanes == 1:
        reason = f"activations of {unit.a.name} have none" if unit.fixed_point else "there is one"
        raise keys.refusal(
            "align cuts products of floats off below the largest exponent of several; "
            f"{reason}, so leave it out",
            {"align": None},
        )
    return replace(unit, align=take_align_bits(keys, unit.product_shape))


def _take_group(keys: Keys, unit: Serial) -> int | None:
    """Take the keys of dequantisation: pairs of a group, or None without it."""
    block = unit.w.block
    if "dequant" not in keys.values:
        if "group" in keys.values:
            raise keys.refusal(
                "group belongs to dequant=serial; add that, or drop group", {"dequant": "serial"}
            )
        return None
    keys.choice_of("dequant", ("serial",), "serial")
    lanes, each = unit.lanes, unit.initiation_interval
    group = keys.integer_of("group", block or _DEFAULT_GROUP, 1, MAX_GROUP)
    if block is not None and group != block:
        raise keys.refusal(
            f"groups of {unit.w.name} have {block} values, not {group}; drop group",
            {"group": None},
        )
    if group % lanes:
        mend = {"lanes": _divisor(block, lanes)} if block else {"group": -(-group // lanes) * lanes}
        raise keys.refusal(
            f"lanes={lanes} does not divide groups of {group}; use "
            + ", ".join(f"{k}={v}" for k, v in mend.items()),
            mend,
        )
    if group // lanes * each < SCALE_BITS:
        least = -(-SCALE_BITS // each) * lanes
        fewer = _divisor(group, max(1, group * each // SCALE_BITS))
        mend = {"lanes": fewer} if block else {"group": least}
        raise keys.refusal(
            f"a group takes {group // lanes * each} cycles, fewer than the {SCALE_BITS} of its "
            f"scale's bits; use {', '.join(f'{k}={v}' for k, v in mend.items())}",
            mend,
        )
    return group


def _divisor(number: int, most: int) -> int:
    """The largest divisor up to ``most``."""
    return max(n for n in range(1, most + 1) if number % n == 0)

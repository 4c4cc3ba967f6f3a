"""``lut``: weights look sums of activations up (LUT Tensor Core); see :mod:`hwdse.pe.lut_unit`."""

from __future__ import annotations

from hwdse.formats import Minifloat, ScalarFormat
from hwdse.pe.common import Common, check_align_bits, take_accumulator, take_scalar
from hwdse.pe.implementation import ADDERS, REGISTERS, Implementation, take_implementation
from hwdse.pe.keys import Keys
from hwdse.pe.lut_table import weight_planes
from hwdse.pe.lut_unit import Lut
from hwdse.pe.product import is_fixed_point, operand_shape

__all__ = ["parse"]

summary = "`n` outputs look sums of `k` activations up, one plane of weight bits after the other"
example = "lut:w=int2,a=int8,k=4,n=8"

MAX_PLANES = 8
MAX_K = 8
# Sums of each cycle that are picked from tables; synthesis takes many minutes over more.
MAX_LOOKUPS = 1 << 12
MAX_LANES = 256
# As many as integer formats have.
MAX_ENTRY_BITS = 16
# Wider fixed-point sums of floats make tables that no one would build.
MAX_WINDOW_BITS = 64
_USUAL_ALIGN = 16


def parse(keys: Keys) -> Lut:
    """A ``lut`` from its keys."""
    w, a = _take_weights(keys), take_scalar(keys, "a")
    k = keys.integer_of("k", 4, 1, MAX_K)
    tables = keys.integer_of("tables", 1, 1, MAX_LANES // k)
    half = keys.choice_of("table", ("half", "full"), "half") == "half"
    if not half and "negate" in keys.values:
        raise keys.refusal(
            "negate is for half tables, and table=full has nothing to negate; drop it",
            {"negate": None},
        )
    if w.bits == 1 and "planes" in keys.values:
        raise keys.refusal(f"w={w.name} is a single plane; leave planes out", {"planes": None})
    fixed = is_fixed_point(a)
    acc, terms = take_accumulator(keys, fixed=fixed, lanes=k * tables)
    unit = Lut(
        common=Common(w=w, a=a, acc=acc, terms=terms),
        implementation=_take_implementation(keys, fixed=fixed or acc == "exact"),
        k=k,
        n=keys.integer_of("n", 8, 1, MAX_LOOKUPS),
        m=keys.integer_of("m", 1, 1, MAX_LOOKUPS),
        tables=tables,
        half=half,
        online=keys.choice_of("negate", ("online", "offline"), "online") == "online",
        inside=keys.choice_of("precompute", ("inside", "outside"), "inside") == "inside",
        serial=keys.choice_of("planes", ("serial", "parallel"), "serial") == "serial",
        align=None if "align" not in keys.values else keys.integer_of("align", 0, 1, 1 << 10),
    )
    _check_size(keys, unit)
    _check_align(keys, unit)
    if unit.float_entries:
        _check_float_entries(keys, unit)
    elif not unit.inside:
        _check_integer_entries(keys, unit)
    keys.finish()
    return unit


def _take_weights(keys: Keys) -> ScalarFormat:
    w = take_scalar(keys, "w")
    if weight_planes(w) is None:
        raise keys.refusal(
            f"values of w={w.name} are no sums of powers of two over the bits of their codes",
            {"w": keys.example["w"]},
        )
    if w.bits > MAX_PLANES:
        raise keys.refusal(
            f"w={w.name} has {w.bits} planes of bits, more than the {MAX_PLANES} that are "
            "supported; take narrower weights",
            {"w": "int8"},
        )
    return w


def _take_implementation(keys: Keys, *, fixed: bool) -> Implementation:
    if not fixed:
        return take_implementation(keys, registers=REGISTERS)
    return take_implementation(keys, fused=("no", "save"), adder=ADDERS, registers=REGISTERS)


def _check_size(keys: Keys, unit: Lut) -> None:
    """Refuse more look-ups of a cycle than synthesis takes."""
    each = unit.tables * (1 if unit.serial else unit.w_element.bits)
    if unit.sums * each > MAX_LOOKUPS:
        n = max(1, MAX_LOOKUPS // (unit.m * each))
        m = max(1, min(unit.m, MAX_LOOKUPS // (n * each)))
        raise keys.refusal(
            f"{unit.sums * each} sums are looked up each cycle, more than the {MAX_LOOKUPS} that "
            f"are supported; give at most n={n}",
            {"n": n, "m": m},
        )


def _check_integer_entries(keys: Keys, unit: Lut) -> None:
    bits = unit.entry_bits
    if bits > MAX_ENTRY_BITS:
        raise keys.refusal(
            f"sums of {unit.k} activations of {unit.a.name} take {bits} bits, and ports bring in "
            f"entries of at most {MAX_ENTRY_BITS}; take narrower activations",
            {"a": keys.example["a"]},
        )


def _check_float_entries(keys: Keys, unit: Lut) -> None:
    """Refuse what would have to add entries that are floats."""
    a = unit.a_element
    if not isinstance(a, Minifloat):
        raise keys.refusal(
            f"finished tables hold integers or minifloats, and a={a.name} is neither; let the "
            "unit make its tables",
            {"precompute": None},
        )
    why = f"entries of {a.name} come in as floats, which the unit does not add"
    if unit.halves:
        raise keys.refusal(
            f"{why}, as the half table of w={unit.w.name} has it; use table=full, or bipolar "
            "weights",
            {"table": "full", "negate": None},
        )
    if unit.tables > 1:
        raise keys.refusal(f"{why}, so there is one table of a row", {"tables": None})
    if not unit.serial:
        raise keys.refusal(f"{why}, so planes come in series", {"planes": None})


def _check_align(keys: Keys, unit: Lut) -> None:
    one = operand_shape(unit.a_element)
    window = one.max_units.bit_length()
    if unit.align is None:
        if unit.inside and not unit.fixed_point and window > MAX_WINDOW_BITS:
            raise keys.refusal(
                f"exact sums of {unit.a.name} take tables of more than {MAX_WINDOW_BITS} bits; "
                f"add align={_USUAL_ALIGN}, which cuts activations off below the largest",
                {"align": _USUAL_ALIGN},
            )
        return
    if unit.fixed_point or not unit.inside or one.max_shift == 0:
        raise keys.refusal(
            "align cuts float activations off that the unit itself sums; leave it out",
            {"align": None},
        )
    usual = None if window <= MAX_WINDOW_BITS else _USUAL_ALIGN
    check_align_bits(keys, unit.align, window, f"{unit.a.name} has", usual=usual)

"""How a unit is built, apart from what it computes: the keys that change no result."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from hwdse.pe.keys import Keys

__all__ = [
    "ADDERS",
    "FUSED",
    "MULTIPLIERS",
    "PACKED",
    "REGISTERS",
    "SHIFT_ADD",
    "TREES",
    "Implementation",
    "take_implementation",
]

MULTIPLIERS = ("star", "booth", "bw")
# One more, for integer weights of few bits.
SHIFT_ADD = "shiftadd"
# And one for pairs of lanes of few bits; see hwdse.pe.packing.
PACKED = "packed"
# Those that leave no partial products to be added with others.
_FINISHED = ("star", SHIFT_ADD, PACKED)
TREES = ("star", "wallace", "dadda")
FUSED = ("no", "yes", "save")
ADDERS = ("star", "ripple", "sklansky", "brent", "kogge")
# Register stages a unit can have, in the order of the data.
REGISTERS = ("operand", "product", "term")
# What `pipeline` alone means: the stages that shorten the longest path most come first.
_PLACEMENT = {0: (), 1: ("term",), 2: ("operand", "term"), 3: REGISTERS}


@dataclass(frozen=True)
class Implementation:
    """Choices of structure.

    Attributes:
        mul: Multiplier: ``star`` (Yosys' own ``*``), ``booth`` (radix-4 recoding, MacSorley 1961)
            or ``bw`` (one row of partial products per bit, signs as Baugh and Wooley 1973);
            ``shiftadd``, operators ``+`` over the shifted activations of a weight's bits; or
            ``packed``, one ``*`` for the sum of two products.
        tree: What adds many addends: ``star`` (operators ``+``), ``wallace`` or ``dadda``
            compressors.
        fused: ``no``: a finished term goes to the accumulator. ``yes``: it stays in carry-save
            form, and one adder adds it to the accumulator. ``save``: the accumulator too is in
            carry-save form, with the adder behind its registers.
        adder: Carry-propagate adders of trees and fixed-point accumulators: ``star`` (Yosys' own
            ``+``), ``ripple``, or a parallel prefix of Sklansky (1960), Brent and Kung (1982) or
            Kogge and Stone (1973).
        registers: Stages in front of the accumulator, in the order of the data: ``operand``
            (behind the input ports), ``product`` (behind products that are finished before they
            are added, of ``packed`` right behind the multiplier; with partial products, behind
            their tree and before its adder), ``term``.
    """

    mul: str = "star"
    tree: str = "star"
    fused: str = "no"
    adder: str = "star"
    registers: tuple[str, ...] = ()

    @property
    def pipeline(self) -> int:
        """Register stages before the accumulator."""
        return len(self.registers)

    @property
    def finished(self) -> bool:
        """Whether products are finished before they are added, with no partial ones."""
        return self.mul in _FINISHED

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form: the number of stages, and what is not the default."""
        keys = {"pipeline": str(self.pipeline)}
        if self.registers != _PLACEMENT[self.pipeline]:
            keys["registers"] = "_".join(self.registers)
        for key in ("mul", "tree", "fused", "adder"):
            value = getattr(self, key)
            if value != "star" and value != "no":
                keys[key] = value
        return keys


def take_implementation(
    keys: Keys,
    *,
    mul: Collection[str] = ("star",),
    tree: Collection[str] = ("star",),
    fused: Collection[str] = ("no",),
    adder: Collection[str] = ("star",),
    registers: Collection[str] = ("operand", "term"),
    products: int = 2,
) -> Implementation:
    """Take the keys that choose the implementation.

    Args:
        keys: Of the spec.
        mul, tree, fused, adder, registers: What this unit can be built with; the first of each is
            its default. With partial products, a tree of compressors is.
        products: How many finished products a term sums, or of ``mul=packed`` sums of two. Of a
            single one only partial products make a tree.

    Raises:
        HwdseError: A value that this unit cannot be built with, or values that exclude each other.
    """
    multiplier = keys.choice_of("mul", tuple(mul), next(iter(mul)))
    chosen_fused = keys.choice_of("fused", tuple(fused), next(iter(fused)))
    # Where it cannot be "yes", "save" is the accumulator's business alone.
    open_terms = "yes" in fused and chosen_fused != "no"
    if open_terms and multiplier in _FINISHED and products == 1:
        raise keys.refusal(
            f"fused={chosen_fused} leaves a compressor tree open, and mul={multiplier} has none; "
            "add mul=bw",
            {"mul": "bw"},
        )
    chosen_tree = _take_tree(keys, tuple(tree), multiplier, products, open_terms=open_terms)
    stages, lacking = tuple(registers), ""
    if open_terms and multiplier not in _FINISHED:
        lacking = f"the carry-save rows of fused={chosen_fused} are in stage term"
    elif products == 1 and multiplier == "star":
        lacking = "nothing is between the partial products of mul=star; mul=bw has a stage there"
    if lacking:
        stages = tuple(stage for stage in stages if stage != "product")
    return Implementation(
        mul=multiplier,
        tree=chosen_tree,
        fused=chosen_fused,
        adder=keys.choice_of("adder", tuple(adder), next(iter(adder))),
        registers=_take_registers(keys, stages, lacking),
    )


def _take_tree(
    keys: Keys, available: tuple[str, ...], multiplier: str, products: int, *, open_terms: bool
) -> str:
    if multiplier in _FINISHED and products == 1:
        choices: tuple[str, ...] = ("star",)
        reason = f"mul={multiplier} has no partial products that it could add; add mul=bw"
    elif multiplier in _FINISHED and not open_terms:
        choices, reason = available, ""
    else:
        choices = tuple(tree for tree in ("dadda", "wallace") if tree in available)
        finished = multiplier in _FINISHED
        addends = "fused terms" if finished else f"partial products of mul={multiplier}"
        reason = f"{addends} take compressors; use tree=dadda or tree=wallace"
    tree = keys.values.get("tree")
    if tree in available and tree not in choices:
        mend = {"mul": "bw"} if choices == ("star",) else {"tree": choices[0]}
        raise keys.refusal(f"tree={tree}: {reason}", mend)
    return keys.choice_of("tree", choices, choices[0])


def _take_registers(keys: Keys, available: tuple[str, ...], lacking: str) -> tuple[str, ...]:
    most = len(available)
    why = f" ({lacking})" if lacking else ""
    if "registers" not in keys.values:
        if keys.values.get("pipeline") == str(most + 1):
            raise keys.refusal(f"at most pipeline={most}{why}", {"pipeline": most})
        stages = keys.integer_of("pipeline", 0, 0, most)
        return _PLACEMENT[stages]
    text = keys.text_of("registers")
    chosen = tuple(text.split("_"))
    if chosen != tuple(r for r in REGISTERS if r in chosen and r in available):
        rest = "_".join(r for r in available if r in chosen)
        raise keys.refusal(
            f"registers={text} must be some of {'_'.join(available)}, in this order"
            f"{why if 'product' in chosen else ''}",
            {"registers": rest or available[0]},
        )
    if keys.integer_of("pipeline", len(chosen), 0, most) != len(chosen):
        raise keys.refusal(
            f"registers={text} are {len(chosen)} stages, not pipeline={keys.values['pipeline']}; "
            "drop one of the two keys",
            {"pipeline": None},
        )
    return chosen

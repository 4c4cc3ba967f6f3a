"""``convert``: units that turn numbers of one kind into another, beside the arithmetic.

Key ``op`` names the kind; without it, the plain conversion of format ``from`` to format ``to``.
"""

from __future__ import annotations

from dataclasses import replace
from types import ModuleType

from hwdse.pe.converter import Converter
from hwdse.pe.converters import (
    hadamard,
    plain,
    requant,
    shiftgelu,
    shiftmax,
    softmax_scale,
    softmax_sum,
    sround,
)
from hwdse.pe.keys import Keys

__all__ = ["KINDS", "parse"]

summary = "converters: quantisers, decoders, requantisers and what surrounds the arithmetic"
example = "convert:from=fp32,to=mxfp4"

# By value of `op`, a module with `example` and `parse(keys) -> Converter`.
KINDS: dict[str, ModuleType] = {
    "requant": requant,
    "hadamard": hadamard,
    "sround": sround,
    "shiftmax": shiftmax,
    "shiftgelu": shiftgelu,
    "softmax_sum": softmax_sum,
    "softmax_scale": softmax_scale,
}


def parse(keys: Keys) -> Converter:
    """A converter from its keys."""
    kind: ModuleType = plain
    if "op" in keys.values:
        kind = KINDS[keys.choice_of("op", tuple(KINDS), "")]
    # A key that is missing is taken from the kind's own example.
    pairs = (part.partition("=") for part in kind.example.partition(":")[2].split(","))
    found: Converter = kind.parse(replace(keys, example={key: value for key, _, value in pairs}))
    return found

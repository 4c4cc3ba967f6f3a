"""The plain conversion, from one format to another: a cast, or a quantiser of blocks."""

from __future__ import annotations

from hwdse.pe.common import take_format
from hwdse.pe.converter import Converter
from hwdse.pe.converters import cast, quantise
from hwdse.pe.keys import Keys

__all__ = ["parse"]

example = "convert:from=fp32,to=mxfp4"


def parse(keys: Keys) -> Converter:
    """The converter to format ``to``."""
    to = take_format(keys, "to")
    return cast.parse(keys) if to.scale_format is None else quantise.parse(keys)

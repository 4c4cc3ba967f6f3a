"""What a net's wire adds to its load before there is any placement: a statistical wire-load model.

The model is either the one that the technology's own Liberty file makes its default (what static
timers apply where nothing else is known), a capacitance for every sink, or none.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.tech.model import Technology, WireLoad

__all__ = ["NO_WIRES", "Wires", "library_wires", "parse_wires"]

_MAX_FF_PER_SINK = 1e4
_Array = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class Wires:
    """A wire-load model.

    Attributes:
        description: Which one, with its source; part of every figure's provenance.
        model: Of the Liberty file, or None.
        ff_per_sink: Capacitance for every sink, where there is no model.
    """

    description: str
    model: WireLoad | None = None
    ff_per_sink: float = 0.0

    def capacitance_ff(self, sinks: _Array) -> _Array:
        """Capacitance of the wires of nets with so many sinks, in fF; none without sinks."""
        if self.model is None:
            return self.ff_per_sink * sinks
        m = self.model
        return _extended(m.fanout, m.capacitance_ff, m.capacitance_ff_per_sink, sinks)

    def resistance_ohm(self, sinks: _Array) -> _Array:
        """Resistance of those wires, in ohm."""
        if self.model is None:
            return np.zeros_like(sinks)
        m = self.model
        return _extended(m.fanout, m.resistance_ohm, m.resistance_ohm_per_sink, sinks)


NO_WIRES = Wires("none (no placement)")


def library_wires(technology: Technology) -> Wires:
    """The wire-load model that the technology's Liberty file makes its default; none without."""
    if technology.wire_load is None:
        return Wires("none (no placement; the technology states no default wire load)")
    name = technology.wire_load.name
    return Wires(
        f"wire load {name!r}, the default of {technology.name}'s Liberty file (no placement)",
        technology.wire_load,
    )


def parse_wires(choice: str, technology: Technology) -> Wires:
    """A wire-load model from what a user wrote.

    Args:
        choice: ``library``, ``none``, or a capacitance in fF for every sink.
        technology: Whose library is meant.

    Raises:
        HwdseError: It is none of these.
    """
    if choice == "library":
        return library_wires(technology)
    if choice == "none":
        return NO_WIRES
    try:
        value = float(choice)
    except ValueError:
        value = math.nan
    if not 0 <= value <= _MAX_FF_PER_SINK:
        raise HwdseError(
            f"wire load {choice[:40]!r}: give library, none, or fF for every sink "
            f"from 0 to {_MAX_FF_PER_SINK:g}"
        )
    return Wires(f"{value:g} fF for every sink, chosen by the user", ff_per_sink=value)


def _extended(fanout: _Array, known: _Array, per_sink: float, sinks: _Array) -> _Array:
    """Linear between the listed numbers of sinks, with a slope of its own beyond the last."""
    beyond = np.maximum(sinks - fanout[-1], 0.0) * per_sink
    return np.where(sinks > 0, np.interp(sinks, fanout, known) + beyond, 0.0)

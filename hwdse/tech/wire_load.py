"""The wire-load model that a Liberty library makes its default."""

from __future__ import annotations

import numpy as np

from hwdse.tech.liberty import Group
from hwdse.tech.model import WireLoad
from hwdse.tech.units import Header, unit

__all__ = ["read_wire_load"]

_MAX_FF, _MAX_OHM = 1e6, 1e9


def read_wire_load(header: Header) -> WireLoad | None:
    """The model that ``default_wire_load`` names, or None where there is none.

    A wire's length is read off ``fanout_length``, and its capacitance and resistance are so many
    times the model's; a fan-out below the first that is listed takes the first's.

    Raises:
        HwdseError: There is no model of that name, or its figures are absurd.
    """
    library = header.library
    name = library.simple.get("default_wire_load")
    if name is None:
        return None
    group = next((g for g in library.all("wire_load") if g.label == name), None)
    if group is None:
        raise library.error(f"default_wire_load {name[:60]!r} is no wire_load of this library")
    pairs = _pairs(group)
    slope = group.number("slope") or 0.0
    farad = (group.number("capacitance") or 0.0) * header.capacitance_ff
    ohm = (group.number("resistance") or 0.0) * unit(
        library, "pulling_resistance_unit", "ohm", default="1kohm"
    )
    fanout, length = np.array(pairs).T
    model = WireLoad(
        name=name,
        fanout=fanout,
        capacitance_ff=length * farad,
        resistance_ohm=length * ohm,
        capacitance_ff_per_sink=slope * farad,
        resistance_ohm_per_sink=slope * ohm,
    )
    for what, values, limit in (
        ("capacitance", [*model.capacitance_ff, model.capacitance_ff_per_sink], _MAX_FF),
        ("resistance", [*model.resistance_ohm, model.resistance_ohm_per_sink], _MAX_OHM),
    ):
        if not all(0 <= v <= limit for v in values):
            raise group.error(
                f"{what} of a wire of wire_load {name[:60]!r} is outside 0 to {limit:g} "
                + ("fF" if what == "capacitance" else "ohm")
            )
    return model


def _pairs(group: Group) -> list[tuple[float, float]]:
    """Numbers of sinks and lengths, from 1 sink up."""
    found: dict[float, float] = {}
    for arguments in group.repeated("fanout_length"):
        try:
            sinks, length = (float(a) for a in arguments[:2])
        except ValueError:
            raise group.error("fanout_length needs two numbers") from None
        found[sinks] = length
    pairs = sorted(found.items())
    if not pairs or not all(s >= 1 and 0 <= length < 1e9 for s, length in pairs):
        raise group.error("a wire load needs fanout_length of 1 sink or more, at 0 or more")
    return pairs if pairs[0][0] == 1 else [(1.0, pairs[0][1]), *pairs]

"""A Liberty cell's pins one by one: buses, bundles and pins declared together taken apart."""

from __future__ import annotations

import re
from collections.abc import Mapping

from hwdse.tech.liberty import Group
from hwdse.tech.units import CellLeftOut

__all__ = ["single_pins"]

_NAME = re.compile(r"[A-Za-z_][\w.$]*(?:[\[<]\d+[\]>])?")
_RANGE = re.compile(r"(.*)([\[<])(\d+):(\d+)([\]>])")
_WITH_NAMES = ("function", "three_state", "when", "related_pin")
_MAX_BITS = 1024


def single_pins(cell: Group, library: Group) -> list[Group]:
    """A cell's ``pin`` groups with one name each, in file order.

    Members of a ``bus`` are named by the library's ``bus_naming_style`` over the range of its
    ``bus_type``, those of a ``bundle`` by its ``members``. What the bus says holds for each of
    them, unless a pin within says otherwise; a function, condition or related pin that names a
    bus means the bit of the same position.

    Raises:
        CellLeftOut: A bus of unknown type or of more than 1024 bits, a bundle without members.
    """
    buses = {g.label: _members(g, cell, library) for g in cell.all("bus", "bundle")}
    pins: list[Group] = []
    for group in cell.all("pin", "bus", "bundle"):
        if group.kind == "pin":
            for n, name in enumerate(_names(group)):
                pins.append(_renamed(group, name, n, buses))
        else:
            pins += _of_bus(group, buses)
    return pins


def _of_bus(bus: Group, buses: Mapping[str, list[str]]) -> list[Group]:
    members = buses[bus.label]
    inner = {name: pin for pin in bus.all("pin") for name in _names(pin)}
    strange = next((name for name in inner if name not in members), None)
    if strange is not None:
        raise bus.error(f"pin {strange[:60]!r} is not in {bus.kind} {bus.label[:60]!r}")
    shared = [g for g in bus.groups if g.kind != "pin"]
    found = []
    for n, name in enumerate(members):
        own = inner.get(name)
        whole = Group(
            "pin",
            (name,),
            bus.source,
            bus.at if own is None else own.at,
            {**bus.simple, **({} if own is None else own.simple)},
            {**bus.complex, **({} if own is None else own.complex)},
            shared + ([] if own is None else own.groups),
        )
        found.append(_renamed(whole, name, n, buses))
    return found


def _members(group: Group, cell: Group, library: Group) -> list[str]:
    if group.kind == "bundle":
        members = [name for given in group.list_of("members") for name in given.split()]
        if not 0 < len(members) <= _MAX_BITS:
            raise CellLeftOut(f"bundle {group.label[:60]} with {len(members)} members")
        return members
    wanted = group.simple.get("bus_type", "")
    kind = next((t for t in [*cell.all("type"), *library.all("type")] if t.label == wanted), None)
    ends = [None, None] if kind is None else [kind.number("bit_from"), kind.number("bit_to")]
    if ends[0] is None or ends[1] is None:
        raise CellLeftOut(f"bus {group.label[:60]} of unknown type {wanted[:60]!r}")
    style = library.simple.get("bus_naming_style", "%s[%d]")
    first, last = int(ends[0]), int(ends[1])
    if not (min(first, last) >= 0 and abs(first - last) < _MAX_BITS):
        raise CellLeftOut(f"bus {group.label[:60]} from {first} to {last}")
    step = 1 if last >= first else -1
    return [
        style.replace("%d", str(bit)).replace("%s", group.label)
        for bit in range(first, last + step, step)
    ]


def _names(pin: Group) -> list[str]:
    """The names a pin group declares; ``A[0:3]`` is four."""
    found = []
    for name in pin.args:
        match = _RANGE.fullmatch(name)
        if match is None:
            found.append(name)
            continue
        first, last = int(match[3]), int(match[4])
        if abs(first - last) >= _MAX_BITS:
            raise CellLeftOut(f"pin {name[:60]} of more than {_MAX_BITS} bits")
        step = 1 if last >= first else -1
        found += [f"{match[1]}{match[2]}{n}{match[5]}" for n in range(first, last + step, step)]
    return found


def _renamed(pin: Group, name: str, position: int, buses: Mapping[str, list[str]]) -> Group:
    """A pin group under one name, buses in its texts replaced by their bit at a position."""
    if pin.args == (name,) and not buses:
        return pin
    bits = {bus: members[position] for bus, members in buses.items() if position < len(members)}

    def texts(simple: dict[str, str]) -> dict[str, str]:
        return {
            key: _NAME.sub(lambda m: bits.get(m[0], m[0]), text) if key in _WITH_NAMES else text
            for key, text in simple.items()
        }

    groups = [
        Group(g.kind, g.args, g.source, g.at, texts(g.simple), g.complex, g.groups)
        for g in pin.groups
    ]
    return Group("pin", (name,), pin.source, pin.at, texts(pin.simple), pin.complex, groups)

"""FPGA devices: how to map to their family, what they hold, and how to place and route on them.

Capacities are those of the vendors' family data sheets: Lattice FPGA-DS-02029 (iCE40 LP/HX),
FPGA-DS-02008 (iCE40 UltraPlus), FPGA-DS-02012 (ECP5), Gowin DS100 (GW1N), AMD DS180 (7 series).
"""

from __future__ import annotations

from dataclasses import dataclass

from hwdse.errors import HwdseError, nearest_hint
from hwdse.tech.library import SUFFIXES, names

__all__ = ["ALIASES", "DEVICES", "Device", "check_target", "device", "is_device"]


@dataclass(frozen=True)
class Device:
    """One device.

    Attributes:
        name: As users name it.
        family: Of ``hwdse.synth.fpga``.
        synthesis: Options of the family's synthesis for this device.
        capacity: What it holds, by resource.
        place: Arguments of its place-and-route tool; empty where there is no open one.
        constraints: Pins of the test harness where the tool needs them given.
    """

    name: str
    family: str
    synthesis: str
    capacity: dict[str, int]
    place: tuple[str, ...] = ()
    constraints: str = ""


def _holds(luts: int, ffs: int, dsps: int, brams: int) -> dict[str, int]:
    return {"luts": luts, "ffs": ffs, "dsps": dsps, "brams": brams}


_GW1N_PINS = "".join(
    f'IO_LOC "{name}" {pin};\nIO_PORT "{name}" IO_TYPE=LVCMOS33;\n'
    for name, pin in (("clk", 52), ("rst", 25), ("shift_in", 26), ("load", 27), ("shift_out", 28))
)

_ECP5 = (
    ("ecp5-25k", "--25k", _holds(24288, 24288, 28, 56)),
    ("ecp5-45k", "--45k", _holds(43848, 43848, 72, 108)),
    ("ecp5-85k", "--85k", _holds(83640, 83640, 156, 208)),
)

DEVICES = {
    each.name: each
    for each in (
        Device(
            "ice40-hx8k",
            "ice40",
            "-device hx",
            _holds(7680, 7680, 0, 32),
            ("--hx8k", "--package", "ct256"),
        ),
        Device(
            "ice40-up5k",
            "ice40",
            "-device u",
            _holds(5280, 5280, 8, 30),
            ("--up5k", "--package", "sg48"),
        ),
        *(
            Device(name, "ecp5", "", capacity, (size, "--package", "CABGA381"))
            for name, size, capacity in _ECP5
        ),
        Device(
            "gowin-gw1n9",
            "gowin",
            "-family gw1n",
            _holds(8640, 6480, 20, 26),
            ("--device", "GW1NR-LV9QN88PC6/I5", "--vopt", "family=GW1N-9C"),
            _GW1N_PINS,
        ),
        Device("xc7-a100t", "xc7", "-family xc7", _holds(63400, 126800, 240, 135)),
    )
}
# A family stands for one of its devices.
ALIASES = {
    "ice40": "ice40-hx8k",
    "ecp5": "ecp5-45k",
    "gowin": "gowin-gw1n9",
    "xc7": "xc7-a100t",
}


def device(name: str) -> Device:
    """The device of a name, or the one that its family's name stands for.

    Raises:
        HwdseError: There is none; the message names the nearest.
    """
    known = DEVICES.get(ALIASES.get(name, name))
    if known is None:
        names = (*ALIASES, *DEVICES)
        raise HwdseError(
            f"unknown FPGA {name[:60]!r}{nearest_hint(name, names)}; known: {', '.join(DEVICES)}"
        )
    return known


def is_device(name: str) -> bool:
    """Whether a name is that of an FPGA device or family."""
    return name in ALIASES or name in DEVICES


def check_target(name: str) -> None:
    """Refuse names of which there is neither a technology nor an FPGA.

    Raises:
        HwdseError: It is one, and no technology's file either.
    """
    known = (*names(), *ALIASES, *DEVICES)
    if name not in known and not name.endswith(SUFFIXES):
        raise HwdseError(
            f"unknown technology or FPGA {name[:200]!r}{nearest_hint(name, known)} "
            "(a file of your own ends in .yaml)"
        )

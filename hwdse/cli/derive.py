"""`hwdse tech derive`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from hwdse import tech
from hwdse.cli.output import note, print_json
from hwdse.errors import HwdseError
from hwdse.tech.derive import derive_by_node, derive_by_record, record_names

__all__ = ["derive_technology"]


def derive_technology(
    bases: list[str],
    output: Path | None,
    *,
    start: str | None,
    end: str | None,
    voltage_v: float | None,
    relative: str | None,
    name: str | None,
    json: bool,
) -> None:
    """Derive a technology from another and write it as YAML."""
    if len(bases) != 1:
        raise HwdseError(f"tech derive: name one technology to derive from, not {len(bases)}")
    if output is None:
        raise HwdseError("tech derive: give the YAML file to write with -o FILE.yaml")
    by_node = start is not None and end is not None
    if by_node == (relative is not None) or (start is None) != (end is None):
        raise HwdseError(
            "tech derive: give --from and --to (such as --from 45hp --to 7hp), or --relative with "
            f"one of: {', '.join(record_names())}"
        )
    if relative is not None and voltage_v is not None:
        raise HwdseError(
            "tech derive: --voltage belongs to --to; a relative record keeps its base's"
        )
    base = tech.load(bases[0])
    wanted = name or output.stem
    if start is not None and end is not None:
        result = derive_by_node(base, start, end, voltage_v=voltage_v, name=wanted)
    else:
        result = derive_by_record(base, relative or "", name=wanted)
    tech.write(result, output)
    derived = result.technology.derived
    assert derived is not None
    if json:
        print_json(tech.summarise(result.technology))
    else:
        print(f"{output}: {len(result.technology.cells)} cells, derived from {derived.base}")
    bounds = asdict(derived)
    note(
        f"not characterised: {derived.method}; intervals: "
        + ", ".join(
            f"{what} x{bounds[what + '_low']:.2f} to x{bounds[what + '_high']:.2f}"
            for what in ("area", "delay", "energy")
        )
        + "; leakage has none: no publication scales it"
    )

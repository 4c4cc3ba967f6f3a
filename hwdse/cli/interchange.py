"""`hwdse interchange`: figures in other tools' files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from hwdse import pe
from hwdse.cli.output import progress
from hwdse.cli.synthesis import announce_compilation
from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.output import make_directory, write_text
from hwdse.interchange.accelergy import accelergy_files
from hwdse.interchange.accelforge import accelforge_files, check_compute
from hwdse.interchange.component import check_names, components
from hwdse.interchange.scale_sim import Memories, scale_sim_config
from hwdse.synth.devices import is_device

__all__ = ["write_for_tool"]

_OF_FIGURES = {"accelergy": accelergy_files, "accelforge": accelforge_files}
_TOOLS = (*_OF_FIGURES, "scale-sim")


def write_for_tool(
    specs: list[str],
    tool: str,
    directory: Path,
    *,
    technology: str | None,
    conditions: dict[str, Any],
    memories_kib: tuple[int, int, int] | None,
    dram_words_per_cycle: int | None,
    jobs: int | None,
) -> None:
    """Write the files of a tool and print their names.

    Args:
        specs: Units.
        tool: ``accelergy``, ``accelforge`` or ``scale-sim``.
        directory: Not there yet, or empty.
        technology: What to cost on; for SCALE-Sim None.
        conditions: Those options of :func:`hwdse.cost.evaluate` that were given.
        memories_kib, dram_words_per_cycle: For SCALE-Sim alone, see
            :class:`hwdse.interchange.scale_sim.Memories`.
        jobs: Threads.

    Raises:
        HwdseError: Bad specs or options, or what the tool has no place for.
    """
    if tool not in _TOOLS:
        raise HwdseError(f"--to {tool}: no tool of this name{nearest_hint(tool, _TOOLS)}")
    _check_free(directory)
    designs = list(dict.fromkeys(pe.parse(spec) for spec in specs))
    check_names(designs)
    if tool == "scale-sim":
        if technology is not None or conditions:
            raise HwdseError(
                "--to scale-sim: SCALE-Sim counts cycles, and takes no energy or area; leave "
                "--tech and what figures are taken at out"
            )
        files = _configurations(designs, memories_kib, dram_words_per_cycle)
    else:
        if memories_kib is not None or dram_words_per_cycle is not None:
            raise HwdseError(
                f"--to {tool}: --sram-kib and --dram-words-per-cycle belong to scale-sim"
            )
        files = _tables(designs, tool, technology, conditions, jobs)
    for path, text in files.items():
        make_directory((directory / path).parent)
        print(write_text(directory / path, text))


def _check_free(directory: Path) -> None:
    """Nothing of the user's is written over, and files of two runs do not mix."""
    try:
        taken = directory.exists() and (not directory.is_dir() or any(directory.iterdir()))
    except OSError as error:
        raise HwdseError(f"cannot read {str(directory)!r}: {error.strerror or error}") from None
    if taken:
        raise HwdseError(f"-o {str(directory)!r} is there, and no empty directory; choose another")


def _configurations(
    designs: list[pe.Design],
    memories_kib: tuple[int, int, int] | None,
    dram_words_per_cycle: int | None,
) -> dict[str, str]:
    if memories_kib is None:
        raise HwdseError(
            "--to scale-sim: give the memories of activations, weights and sums, such as "
            "--sram-kib 64 64 64"
        )
    memories = Memories(*memories_kib, dram_words_per_cycle)
    return {f"{design.module_name}.cfg": scale_sim_config(design, memories) for design in designs}


def _tables(
    designs: list[pe.Design],
    tool: str,
    technology: str | None,
    conditions: dict[str, Any],
    jobs: int | None,
) -> dict[str, str]:
    from hwdse.cost import evaluate

    if technology is None:
        raise HwdseError(f"--to {tool}: say --tech, as in --tech nangate45")
    if is_device(technology):
        raise HwdseError(
            f"--tech {technology}: figures on FPGAs have no energy and no area in um2; {tool} "
            "takes both"
        )
    if tool == "accelforge":
        for design in designs:
            check_compute(design)
    announce_compilation()
    specs = [design.canonical for design in designs]
    with progress(len(designs)) as step:
        frame = evaluate(specs, technology, **conditions, jobs=jobs, on_done=step)
    rows = [{str(k): v for k, v in row.items()} for row in frame.to_dict(orient="records")]
    return _OF_FIGURES[tool](components(designs, rows))

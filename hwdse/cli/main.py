"""The `hwdse` command: its options, and how errors leave it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hwdse import __version__
from hwdse.cli import (
    allocation_commands,
    cost_commands,
    format_commands,
    interchange_commands,
    sweep_commands,
    technology_commands,
    unit_commands,
)
from hwdse.cli.options import Jobs, Json
from hwdse.errors import HwdseError

__all__ = ["app", "run"]

_INTERRUPTED = 130

app = typer.Typer(
    name="hwdse",
    help="Hardware cost model and design-space explorer for low-precision arithmetic.",
    invoke_without_command=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def run() -> None:
    """Entry point: one line and the documented exit code for every error a user can make."""
    try:
        code = app(prog_name="hwdse", standalone_mode=False)
        sys.stdout.flush()
        # Of ctrl-C some releases of Typer make an exit code, and others an exception.
        if code == _INTERRUPTED:
            raise typer.Abort
    except HwdseError as error:
        code = _complain(str(error), error.exit_code)
    except _UsageError as error:
        command = error.ctx.command_path if error.ctx else "hwdse"
        code = _complain(f"{error.format_message()} (see `{command} --help`)", 2)
    except typer.Abort:
        code = _complain("interrupted; what was computed is kept", _INTERRUPTED)
    except OSError as error:
        # Where the reader of standard output has gone there is nobody to tell.
        gone = isinstance(error, BrokenPipeError)
        what = error.filename or "standard output"
        code = 0 if gone else _complain(f"{what}: {error.strerror or error}", 2)
        # Python must not complain again when it closes standard output.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    sys.exit(code or 0)


# Typer exports it under no name of its own, and carries its own copy of click since 0.26.
_UsageError: Any = typer.BadParameter.__base__


def _complain(message: str, code: int) -> int:
    # Names from files may hold anything; a terminal must not obey it.
    line = " ".join(message.split())
    shown = "".join(c if c.isprintable() else ascii(c)[1:-1] for c in line)
    sys.stderr.write(f"error: {shown}\n")
    return code


def _version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hwdse {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    context: typer.Context,
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Which number format on which arithmetic unit, and what does it cost in silicon?

    The main job: hwdse explore studies/resnet18.yaml -o out
    """
    if context.invoked_subcommand is None:
        typer.echo(context.get_help(), err=True)
        raise typer.Exit(2)


@app.command()
def explore(
    study: Annotated[Path, typer.Argument(help="Study file (YAML).")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    jobs: Jobs = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Leave a finished run of the same inputs as it is.")
    ] = False,
) -> None:
    """Cost every candidate unit, allocate over the budgets, write plots, report and Verilog.

    Example: hwdse explore studies/resnet18.yaml -o out
    """
    from hwdse.cli.study import explore as command

    raise typer.Exit(command(study, output, jobs=jobs, resume=resume))


for _group in (
    format_commands,
    unit_commands,
    cost_commands,
    interchange_commands,
    technology_commands,
    allocation_commands,
):
    _group.add_commands(app)


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is installed and whether the embedded synthesis works.

    Example: hwdse doctor
    """
    from hwdse.cli.doctor import examine

    raise typer.Exit(examine(json=json))


sweep_commands.add_commands(app)

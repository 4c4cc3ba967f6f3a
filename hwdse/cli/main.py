"""The `hwdse` command: its options, and how errors leave it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from hwdse import __version__
from hwdse.cli.sweep_commands import add_commands
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

Json = Annotated[bool, typer.Option("--json", help="Print one JSON document.")]
Jobs = Annotated[int | None, typer.Option("--jobs", min=1, help="Threads; default: all cores.")]
Tech = Annotated[str, typer.Option("--tech", help="Technology: a shipped name or a YAML path.")]
Specs = Annotated[list[str], typer.Argument(help="Unit specs, such as mac:w=int8,a=int8.")]
Activity = Annotated[
    str,
    typer.Option(
        help="How transitions are counted: timed (with glitches, delays from the tables), "
        "unit-delay (with glitches, every cell takes as long) or zero-delay (without glitches)."
    ),
]
Confidence = Annotated[
    float,
    typer.Option(help="Half-width of the energy's 95 % interval to reach, as a fraction of it."),
]
OneSpec = Annotated[str, typer.Argument(help="A unit spec, such as mac:w=int8,a=int8.")]


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


@app.command("formats")
def formats_(
    name: Annotated[str | None, typer.Argument(help="A format; all where left out.")] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Draw the format's values (.png, .svg, .pdf)."),
    ] = None,
    json: Json = False,
) -> None:
    """List number formats, or show one: its values, their steps, and where they lie.

    A codebook of your own is named by its file: hwdse formats levels.yaml

    Example: hwdse formats e4m3 -o e4m3.png
    """
    from hwdse.cli.formats import show

    show(name, output, json=json)


@app.command()
def quantize(
    source: Annotated[Path, typer.Argument(metavar="IN.npy", help="Array to quantise.")],
    format_name: Annotated[str, typer.Option("--format", help="Number format.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Where to write (.npy).")],
    axis: Annotated[int, typer.Option(help="Axis along which values share a scale.")] = -1,
    codes: Annotated[
        bool,
        typer.Option("--codes", help="Write codes, not values; scales go to files beside them."),
    ] = False,
    rounding: Annotated[
        str,
        typer.Option(
            help="nearest-even, nearest-away, toward-zero, toward-positive, toward-negative, "
            "to-odd or stochastic."
        ),
    ] = "nearest-even",
    overflow: Annotated[
        str, typer.Option(help="saturate, or nonfinite: infinity or NaN where there is one.")
    ] = "saturate",
    seed: Annotated[
        int | None, typer.Option(min=0, help="Of stochastic rounding and of random signs.")
    ] = None,
    rotate: Annotated[
        int | None,
        typer.Option(
            help="Rotate blocks of so many values by a Hadamard transform first, and back after; "
            "with --seed, after random signs."
        ),
    ] = None,
    per_channel: Annotated[
        int | None,
        typer.Option(metavar="AXIS", help="Print the ratio of each channel along this axis too."),
    ] = None,
    json: Json = False,
) -> None:
    """Round an array to a format and print the signal-to-quantisation-noise ratio.

    The array is mapped, not read, so it may be larger than memory.

    Example: hwdse quantize --format mxfp4 weights.npy -o rounded.npy
    """
    from hwdse import formats
    from hwdse.cli.quantize import quantize_file

    job = formats.Job(
        format=formats.get(format_name),
        axis=axis,
        rounding=rounding,
        overflow=overflow,
        seed=seed,
        rotation=None if rotate is None else formats.Rotation(block=rotate, seed=seed),
        channel_axis=per_channel,
    )
    quantize_file(source, output, job, codes=codes, json=json)


@app.command("pe")
def pe_(
    spec: Annotated[
        str | None, typer.Argument(help="A unit spec; the families if left out.")
    ] = None,
    json: Json = False,
) -> None:
    """List unit families, or show a unit's canonical form, ports and latency.

    Example: hwdse pe mac:w=e4m3,a=e4m3,acc=fp32
    """
    from hwdse.cli.units import show

    show(spec, json=json)


@app.command()
def export(
    spec: OneSpec,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory to write to.")],
    flow: Annotated[str, typer.Option(help="What to write: verilog.")] = "verilog",
    testbench: Annotated[bool, typer.Option("--tb", help="Write a testbench too.")] = False,
) -> None:
    """Write a unit's Verilog with golden vectors and constraints.

    Example: hwdse export mac:w=int8,a=int8 -o rtl --tb
    """
    from hwdse.cli.units import export_unit

    export_unit(spec, output, flow=flow, testbench=testbench)


@app.command()
def verify(
    spec: Annotated[str | None, typer.Argument(help="A unit spec.")] = None,
    every: Annotated[
        bool,
        typer.Option("--all", help="A unit of every kind, and netlists of one of each family."),
    ] = False,
    full: Annotated[
        bool, typer.Option("--full", help="With --all: netlists of all units.")
    ] = False,
    vectors: Annotated[
        int, typer.Option(min=1, help="Random elements; of converters, values.")
    ] = 1_000_000,
    netlist: Annotated[
        str | None,
        typer.Option(
            help="Check the netlist mapped to this technology, or to the logic cells of ice40, "
            "ecp5, gowin or xc7, not the RTL."
        ),
    ] = None,
    exhaustive: Annotated[
        bool,
        typer.Option(
            "--exhaustive", help="Try all operands up to 32 bits, not only 24: takes minutes."
        ),
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of the random elements.")] = 1,
    formal: Annotated[
        bool,
        typer.Option(
            "--formal",
            help="Prove pipelining and accumulation for all sequences; with --netlist, that the "
            "netlist is equivalent to the RTL.",
        ),
    ] = False,
    time_limit: Annotated[float, typer.Option(min=1.0, help="Seconds for each proof.")] = 600.0,
    jobs: Annotated[int | None, typer.Option(min=1, help="Processes; default: all cores.")] = None,
    json: Json = False,
) -> None:
    """Compare a unit's hardware with its bit-exact reference.

    Example: hwdse verify mac:w=int8,a=int8 --netlist nangate45

    Example: hwdse verify --all
    """
    from hwdse.cli.verify import verify_catalogue, verify_unit

    formal_seconds = time_limit if formal else None
    if every == (spec is not None):
        raise HwdseError("give one spec to verify, or --all")
    if spec is not None and full:
        raise HwdseError("--full belongs to --all")
    if every and exhaustive:
        raise HwdseError("--exhaustive takes one spec: it is minutes for each")
    if spec is not None:
        code = verify_unit(
            spec,
            vectors=vectors,
            netlist=netlist,
            exhaustive=exhaustive,
            seed=seed,
            formal_seconds=formal_seconds,
            jobs=jobs,
            json=json,
        )
    else:
        code = verify_catalogue(
            vectors=vectors,
            netlist=netlist,
            full=full,
            seed=seed,
            formal_seconds=formal_seconds,
            jobs=jobs,
            json=json,
        )
    raise typer.Exit(code)


@app.command()
def mutate(
    spec: OneSpec,
    mutants: Annotated[int, typer.Option(min=1, help="Faults to plant, one at a time.")] = 200,
    level: Annotated[
        str | None, typer.Option(help="rtl, or netlist where --netlist names a technology.")
    ] = None,
    netlist: Annotated[
        str | None, typer.Option(help="Change cells of the netlist mapped to this technology.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of the faults and the checks.")] = 1,
    json: Json = False,
) -> None:
    """Plant faults in a unit's hardware and count those that the checks of verify find.

    Example: hwdse mutate mac:w=int8,a=int8 --mutants 100
    """
    from hwdse.cli.mutation import mutate_unit

    raise typer.Exit(
        mutate_unit(spec, mutants=mutants, level=level, netlist=netlist, seed=seed, json=json)
    )


@app.command()
def cost(
    specs: Specs,
    tech: Tech,
    source: Annotated[
        str,
        typer.Option(help="auto, synth, or table: --tech then names a published table."),
    ] = "auto",
    operands: Annotated[
        str, typer.Option(help="uniform, normal, or an .npz file with arrays w and a.")
    ] = "uniform",
    clock_ns: Annotated[float | None, typer.Option(min=1e-6, help="Clock period in ns.")] = None,
    activity: Activity = "timed",
    confidence: Confidence = 0.01,
    dsp: Annotated[
        bool, typer.Option("--dsp/--no-dsp", help="On FPGAs: put products into DSP blocks.")
    ] = True,
    place: Annotated[
        bool, typer.Option("--place/--no-place", help="On FPGAs: place and route, for fmax_mhz.")
    ] = True,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Area, delay, energy per MAC and leakage of units, from synthesis; or what an FPGA takes.

    Example: hwdse cost mac:w=int8,a=int8 mac:w=e4m3,a=e4m3 --tech nangate45

    Example: hwdse cost mac:w=int8,a=int8 --tech ecp5
    """
    from hwdse.cli.fpga import cost_on_fpga
    from hwdse.cli.units import cost_units
    from hwdse.synth.devices import is_device

    if is_device(tech):
        usual = (source in ("auto", "synth"), operands == "uniform", clock_ns is None)
        cost_on_fpga(specs, tech, dsp=dsp, place=place, plain=all(usual), jobs=jobs, json=json)
        return
    cost_units(
        specs,
        tech,
        source=source,
        operands=operands,
        clock_ns=clock_ns,
        activity=activity,
        confidence=confidence,
        jobs=jobs,
        json=json,
    )


@app.command()
def explain(
    spec: OneSpec,
    tech: Tech,
    operands: Annotated[
        str, typer.Option(help="uniform, normal, or an .npz file with arrays w and a.")
    ] = "uniform",
    clock_ns: Annotated[float | None, typer.Option(min=1e-6, help="Clock period in ns.")] = None,
    activity: Activity = "timed",
    confidence: Confidence = 0.01,
    json: Json = False,
) -> None:
    """Where a unit's figures come from: cells, parts, critical path, energy, versions, sources.

    Example: hwdse explain mac:w=int8,a=int8 --tech nangate45
    """
    from hwdse.cli.explain import explain_unit

    explain_unit(
        spec,
        tech,
        operands=operands,
        clock_ns=clock_ns,
        activity=activity,
        confidence=confidence,
        json=json,
    )


@app.command()
def compare(
    specs: Annotated[
        list[str],
        typer.Argument(metavar="SPEC...|FILE.yaml", help="Unit specs, or one comparison file."),
    ],
    tech: Annotated[
        str | None,
        typer.Option("--tech", help="Technology: a shipped name or a YAML path."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Directory for compare.csv, .png and .svg."),
    ] = None,
    operands: Annotated[
        str | None, typer.Option(help="Operands of the energy: uniform, normal or a .npz file.")
    ] = None,
    clock_ns: Annotated[float | None, typer.Option(help="Clock period to map for, in ns.")] = None,
    dot_length: Annotated[
        int | None, typer.Option(min=1, max=1 << 20, help="MACs of a dot product; default: 32.")
    ] = None,
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Units side by side at equal throughput: area by part, delay, energy, and a chart.

    Example: hwdse compare mac:w=int8,a=int8 mac:w=e4m3,a=e4m3 --tech nangate45 -o compared
    """
    from hwdse.cli.compare import compare_units

    compare_units(
        specs,
        tech,
        output,
        operands=operands,
        clock_ns=clock_ns,
        dot_length=dot_length,
        jobs=jobs,
        json=json,
    )


@app.command()
def curve(
    spec: OneSpec,
    tech: Tech,
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    points: Annotated[
        int,
        typer.Option(min=2, max=200, help="Clock targets between the fastest and the smallest."),
    ] = 8,
    clock_ns: Annotated[
        list[float] | None, typer.Option(help="A clock target in ns, in place of --points; repeat.")
    ] = None,
    wire_load: Annotated[
        str, typer.Option(help="library (its Liberty file's default), none, or fF for every sink.")
    ] = "library",
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Area of a unit over clock targets: curve.csv, mappings.csv, curve.png and curve.svg.

    Example: hwdse curve mac:w=int8,a=int8 --tech nangate45 -o curve
    """
    from hwdse.cli.curve import draw_curve

    draw_curve(
        spec,
        tech,
        output,
        points=points,
        clocks_ns=clock_ns or [],
        wire_load=wire_load,
        jobs=jobs,
        json=json,
    )


@app.command()
def tech(
    words: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME | import FILE.lib[.gz]... | derive BASE]",
            help="What to show, import or derive from.",
        ),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="YAML to write (import, derive).")
    ] = None,
    name: Annotated[
        str | None, typer.Option(help="Name of the imported technology; default: the file's.")
    ] = None,
    licence: Annotated[str, typer.Option(help="Licence of the Liberty files.")] = "not stated",
    url: Annotated[str, typer.Option(help="Where the Liberty files are published.")] = "",
    description: Annotated[str, typer.Option(help="One line on the technology.")] = "",
    dont_use: Annotated[
        list[str] | None,
        typer.Option(help="Pattern of cells to leave out of the import, as in '*_lpflow_*'."),
    ] = None,
    start: Annotated[
        str | None, typer.Option("--from", help="Node of the base: 130, 45hp, 7lp (derive).")
    ] = None,
    end: Annotated[
        str | None, typer.Option("--to", help="Node to scale to, of the same flavour (derive).")
    ] = None,
    voltage: Annotated[
        float | None, typer.Option(help="Supply there in V; default: the nominal one (derive).")
    ] = None,
    relative: Annotated[
        str | None, typer.Option(help="Relative record to apply: ffet-over-cfet (derive).")
    ] = None,
    json: Json = False,
) -> None:
    """List technologies, show one, import Liberty files as one, or derive one from another.

    Example: hwdse tech import cells_tt.lib.gz -o cells.yaml

    Example: hwdse tech derive nangate45 --from 45hp --to 7hp -o scaled7.yaml
    """
    from hwdse.cli.tech import import_files, show

    if words and words[0] == "import":
        import_files(
            words[1:],
            output,
            name=name,
            licence=licence,
            url=url,
            description=description,
            dont_use=dont_use or [],
            json=json,
        )
    elif words and words[0] == "derive":
        from hwdse.cli.derive import derive_technology

        derive_technology(
            words[1:],
            output,
            start=start,
            end=end,
            voltage_v=voltage,
            relative=relative,
            name=name,
            json=json,
        )
    else:
        show(words or [], json=json)


@app.command()
def memory(
    kib: Annotated[
        float | None, typer.Option(help="Capacity in KiB; default: the published ones.")
    ] = None,
    width: Annotated[int, typer.Option(min=1, max=65536, help="Bits of one access.")] = 64,
    node: Annotated[
        str | None, typer.Option(help="45, 32, 22, 16, 7 (nm) or sg13g2; default: all.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="Draw energy over capacity (.png, .svg, .pdf)."),
    ] = None,
    json: Json = False,
) -> None:
    """Area and energy of on-chip memories, each with an interval, and of DRAM per bit.

    Example: hwdse memory --kib 32 --width 64 --node 45
    """
    from hwdse.cli.memory import show_memories

    show_memories(kib, width, node, output, json=json)


@app.command()
def allocate(
    table: Annotated[
        Path, typer.Argument(metavar="TABLE.csv", help="Option table, or problem file (.yaml).")
    ],
    minimize: Annotated[
        str | None, typer.Option(help="What to minimise: COL, A+0.5*B, avg(A,WEIGHT), max(COL).")
    ] = None,
    maximize: Annotated[str | None, typer.Option(help="What to maximise; likewise.")] = None,
    then: Annotated[
        list[str] | None,
        typer.Option(help="A next objective among the best answers, as in 'maximize snr'; repeat."),
    ] = None,
    budget: Annotated[
        list[str] | None,
        typer.Option(
            help="COL<=V, COL>=V, LOW<=COL<=HIGH, avg(COL,WEIGHT)<=V, max(COL)<=V, COL[SET]<=V."
        ),
    ] = None,
    frontier: Annotated[
        list[str] | None,
        typer.Option(help="Column to trade against the objective; a second one for a surface."),
    ] = None,
    exact: Annotated[
        bool, typer.Option("--exact", help="Every point of the frontier, on its hull or not.")
    ] = False,
    supported: Annotated[
        bool, typer.Option("--supported", help="Every point on the hull of the frontier.")
    ] = False,
    points: Annotated[
        int | None,
        typer.Option(min=2, help="Budgets along the frontier (33), or a side of a surface (13)."),
    ] = None,
    compare: Annotated[
        bool, typer.Option("--compare", help="Show what simpler methods find at these budgets.")
    ] = False,
    seed: Annotated[int, typer.Option(min=0, help="Of compared methods that draw.")] = 0,
    output: Annotated[
        list[Path] | None,
        typer.Option("-o", "--output", help="Write .csv, or a picture (.png, .svg, .pdf); repeat."),
    ] = None,
    time_limit: Annotated[float | None, typer.Option(min=0.0, help="Seconds.")] = None,
    gap: Annotated[
        float, typer.Option(min=0.0, help="Relative gap to the bound that counts as optimal.")
    ] = 0.0,
    solver: Annotated[str, typer.Option(help="auto, knapsack, highs or cbc.")] = "auto",
    confirm: Annotated[
        bool, typer.Option("--confirm", help="Let the second method run to its end.")
    ] = False,
    json: Json = False,
) -> None:
    """Choose an option for every layer, proven optimal.

    Example: hwdse allocate options.csv --minimize loss --budget "size_mib<=7.5"
    """
    from hwdse.cli.allocate import allocate_table

    raise typer.Exit(
        allocate_table(
            table,
            minimize=minimize,
            maximize=maximize,
            then=then or [],
            budgets=budget or [],
            frontier=frontier or [],
            exact=exact,
            supported=supported,
            points=points,
            compare=compare,
            seed=seed,
            outputs=output or [],
            time_limit=time_limit,
            gap=gap,
            solver=solver,
            confirm=confirm,
            json=json,
        )
    )


@app.command()
def portfolio(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Portfolio study (.yaml) or option table (.csv).")
    ],
    output: Annotated[Path, typer.Option("-o", "--output", help="Directory for the results.")],
    units: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Greatest number of units to build; repeat to compare."),
    ] = None,
    unit_table: Annotated[
        Path | None,
        typer.Option(help="With an option table: its units, as unit, [type], areas or the like."),
    ] = None,
    budget: Annotated[
        list[str] | None, typer.Option(help="COL<=V or COL>=V, besides those of the study.")
    ] = None,
    minimize: Annotated[str | None, typer.Option(help="Column to minimise: loss.")] = None,
    frontier: Annotated[
        str | None, typer.Option(help="Column to trade against it, for the curves.")
    ] = None,
    points: Annotated[int | None, typer.Option(min=2, help="Budgets along each curve.")] = None,
    time_limit: Annotated[
        float | None, typer.Option(min=0.0, help="Seconds for each answer, and for the curves.")
    ] = None,
    second: Annotated[
        str, typer.Option(help="Integer program that confirms the answers: highs, cbc or none.")
    ] = "highs",
    jobs: Jobs = None,
    json: Json = False,
) -> None:
    """Choose which units to build and which layer runs on which, proven optimal.

    Example: hwdse portfolio studies/portfolio.yaml -o out --units 2
    """
    from hwdse.cli.portfolio import choose_portfolio

    raise typer.Exit(
        choose_portfolio(
            file,
            output,
            unit_table=unit_table,
            units=units or [],
            budgets=budget or [],
            minimize=minimize,
            frontier=frontier,
            points=points,
            time_limit=time_limit,
            second=second,
            jobs=jobs,
            json=json,
        )
    )


@app.command()
def doctor(json: Json = False) -> None:
    """Say what is installed and whether the embedded synthesis works.

    Example: hwdse doctor
    """
    from hwdse.cli.doctor import examine

    raise typer.Exit(examine(json=json))


add_commands(app)

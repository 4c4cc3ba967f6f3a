"""Plain conversions: parts against fractions, blocks against torchao, and faults that are found."""

import dataclasses
import pathlib
from fractions import Fraction

import numpy as np
import pytest

import rtl
from hwdse import formats
from hwdse.formats import Rounding
from hwdse.pe import parse
from hwdse.synth.simulate import Simulator, pack, unpack
from hwdse.verify.check import check_program, compile_rtl
from rtl.converters import quantise
from rtl.parts import rounder
from rtl.parts.encoder import CodeOf
from rtl.parts.rounder import Grid, Rounder, grid_of

ROUNDINGS = [rounding for rounding in Rounding if rounding is not Rounding.STOCHASTIC]
SEED = 20_262


def on_grid(value, grid, rounding, *, negative):
    """Code of a magnitude on a grid that goes on for ever."""
    if value == 0 or (not grid.subnormals and value < Fraction(2) ** grid.min_exponent):
        return 0
    exponent = grid.min_exponent
    while value >= Fraction(2) ** (exponent + 1):
        exponent += 1
    units = value / Fraction(2) ** (exponent - grid.mantissa_bits)
    first = (exponent - grid.min_exponent) << grid.mantissa_bits
    # With a hidden bit everywhere, codes begin one binade later.
    whole = int(units) + first - (0 if grid.subnormals else 1 << grid.mantissa_bits)
    rest = units - int(units)
    half = Fraction(1, 2)
    match rounding:
        case Rounding.NEAREST_EVEN:
            return whole + (rest > half or (rest == half and whole % 2 == 1))
        case Rounding.NEAREST_AWAY:
            return whole + (rest >= half)
        case Rounding.TOWARD_ZERO:
            return whole
        case Rounding.TOWARD_POSITIVE:
            return whole + (rest > 0 and not negative)
        case Rounding.TOWARD_NEGATIVE:
            return whole + (rest > 0 and negative)
        case Rounding.TO_ODD:
            return whole + (rest > 0 and whole % 2 == 0)


GRIDS = [
    (Grid(2, 0), 5, (-4, 3)),
    (Grid(1, 0), 4, (0, 3)),
    (Grid(0, -1), 3, (-4, 2)),
    (Grid(3, -2), 3, (-6, 1)),
    (Grid(0, -3, subnormals=False), 4, (-2, 2)),
    (Grid(2, 1, subnormals=False), 4, (-1, 3)),
    (Grid(3, 3), 6, (-3, 5)),
]


@pytest.mark.parametrize("rounding", ROUNDINGS)
@pytest.mark.parametrize(("grid", "bits", "exponents"), GRIDS)
def test_rounder_is_one_rounding_of_a_fraction(combinational, grid, bits, exponents, rounding):
    most_left = max(exponents[1] - grid.min_exponent, 0)
    part = Rounder(
        grid=grid,
        rounding=rounding,
        significand_bits=bits,
        exponents=exponents,
        most_left=most_left,
    )
    low, high = exponents
    cases = [
        (sign, significand, exponent)
        for sign in (0, 1)
        for significand in range(1 << bits)
        for exponent in range(low, high + 1)
    ]
    sign, significand, exponent = np.array(cases).T
    width = part.exponent.shape().width
    got = combinational(part)(
        sign=sign,
        zero=(significand == 0).astype(np.int64),
        significand=significand,
        exponent=exponent & ((1 << width) - 1),
    )["code"]
    want = [
        on_grid(Fraction(s) * Fraction(2) ** (e - bits + 1), grid, rounding, negative=bool(n))
        for n, s, e in cases
    ]
    assert got.tolist() == want


@pytest.mark.parametrize("name", ["e4m3", "e2m1", "e5m2", "int4", "uint3", "fixed4_2", "e8m0"])
def test_grids_are_those_of_formats(name):
    fmt = formats.scalar(name)
    grid = grid_of(fmt)
    for code in fmt.codes()[: 1 << (fmt.bits - fmt.signed)].tolist():
        value = float(fmt.decode(code))
        if np.isfinite(value):
            assert on_grid(Fraction(value), grid, Rounding.TOWARD_ZERO, negative=False) == code


def test_encoder_keeps_the_sign_of_what_it_cannot_hold(combinational):
    fmt = formats.scalar("e4m3_fnuz")
    part = CodeOf(
        target=fmt,
        rounding=Rounding.NEAREST_EVEN,
        overflow=formats.Overflow.NONFINITE,
        magnitude_bits=8,
    )
    zeros = np.zeros(4, dtype=np.int64)
    got = combinational(part)(
        magnitude=np.array([0, 5, 200, 0]),
        sign=np.array([1, 1, 1, 0]),
        zero=zeros,
        nan=np.array([0, 0, 0, 1]),
        infinite=zeros,
    )["code"]
    # There is no negative zero: its code is the NaN.
    assert got.tolist() == [0, 0x85, 0x80, 0x80]


VECTORS = pathlib.Path(__file__).parents[1] / "formats" / "data" / "block_vectors.npz"


@pytest.mark.parametrize(
    "name",
    ["nvfp4", *(pytest.param(n, marks=pytest.mark.slow) for n in ("mxfp8_e4m3", "mxfp4_even"))],
)
def test_rtl_gives_the_blocks_of_torchao(name):
    """Past the reference altogether."""
    with np.load(VECTORS) as file:
        x = file["y" if name == "nvfp4" else "x"]
        key = "nvfp4_single" if name == "nvfp4" else name
        scales, elements = file[f"{key}/scales"].reshape(-1), file[f"{key}/elements"]
    design = parse(f"convert:from=fp32,to={name}")
    words = x.view(np.uint32).astype(np.int64).reshape(-1, design.block)
    got = driven(design, words)
    bits = design.target.element.bits
    if bits == 4:
        elements = np.stack([elements & 15, elements >> 4], axis=-1)
    elements = elements.reshape(-1, design.block)
    assert (got["y_scale"] == scales).all()
    # For scales of 2**-127, torchao divides by 2**-126.
    alike = (scales > 0) | ~words.any(axis=1)
    for lane in range(design.block):
        assert (got["y"][lane] == elements[:, lane])[alike].all()


def driven(design, words):
    """Outputs after one element, blocks side by side."""
    simulator = Simulator(compile_rtl(rtl.to_rtlil(design)), -(-len(words) // 64))
    inputs = {"x": np.concatenate([pack(lane, 32) for lane in words.T])}
    ones = pack(np.ones(len(words), dtype=np.int64), 1)
    for _ in range(design.latency):
        simulator.evaluate(inputs | {"in_valid": ones, "rst": 0 * ones})
        simulator.tick()
    simulator.evaluate(inputs | {"in_valid": ones, "rst": 0 * ones})
    rows, bits = simulator.output("y"), design.target.element.bits
    lanes = [unpack(rows[i * bits : (i + 1) * bits], len(words)) for i in range(design.block)]
    return {"y": lanes, "y_scale": unpack(simulator.output("y_scale"), len(words))}


def never(*args, **kwargs):
    return 0


@pytest.mark.parametrize(
    ("spec", "owner", "name", "fault"),
    [
        ("from=fp32,to=e4m3", rounder, "round_up", lambda *_, half, **__: half),
        ("from=fp32,to=e4m3", rounder, "round_up", never),
        ("from=bf16,to=nvfp4_b2", quantise, "_special", never),
        ("from=fp32,to=nvfp4_b2", quantise, "_count", lambda reached: reached[0]),
        ("from=fp32,to=mxfp4_b3", quantise, "_largest", lambda m, numbers: numbers[0]),
    ],
)
def test_planted_faults_are_found(monkeypatch, spec, owner, name, fault):
    design = parse(f"convert:{spec}")
    monkeypatch.setattr(owner, name, fault)
    program = compile_rtl(rtl.to_rtlil(design))
    assert check_program(design, program, "rtl", 10_000, 1).mismatches > 0


@pytest.mark.parametrize(
    "change", ["element", *(pytest.param(c, marks=pytest.mark.slow) for c in ("rows", "least"))]
)
def test_faults_of_one_step_are_found(monkeypatch, change):
    """A threshold that is off by one in the last bit, of 24."""
    design = parse("convert:from=fp32,to=nvfp4_b2")
    steps, elements = design.scale_steps, design.element_steps
    if change == "rows":
        row = dataclasses.replace(steps.rows[0], steps=(*steps.rows[0].steps[:-1], 8126466))
        wrong = dataclasses.replace(steps, rows=(row,))
    else:
        wrong = dataclasses.replace(steps, least=steps.least + 1) if change == "least" else steps
    design.__dict__["scale_steps"] = wrong
    if change == "element":
        first = (elements.rows[0][0] + 1, *elements.rows[0][1:])
        design.__dict__["element_steps"] = dataclasses.replace(
            elements, rows=(first, *elements.rows[1:])
        )
    program = compile_rtl(rtl.to_rtlil(design))
    # The stimulus is that of a design that is whole.
    whole = parse("convert:from=fp32,to=nvfp4_b2")
    assert check_program(whole, program, "rtl", 60_000, 1).mismatches > 0

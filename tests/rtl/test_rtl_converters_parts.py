"""Parts of converters by enumeration: dividers, registers of random bits, exponentials."""

import numpy as np
import pytest
from amaranth.sim import Simulator

from hwdse import formats
from hwdse.pe.converters.lfsr import states
from hwdse.pe.converters.pair_exp import exponent_bits, pair_exp
from hwdse.pe.converters.shift_exp import LARGEST_SUM, shift_exp
from rtl.parts.divider import Divider
from rtl.parts.lfsr import Lfsr
from rtl.parts.pair_exp import PairExp
from rtl.parts.shift_exp import ShiftExp


def quotients(dividend_bits, divisor_bits, quotient_bits):
    """All divisions whose quotient has so few bits."""
    dividend, divisor = np.divmod(np.arange(1 << (dividend_bits + divisor_bits)), 1 << divisor_bits)
    fits = dividend < divisor << quotient_bits
    return dividend[fits], divisor[fits]


@pytest.mark.parametrize("widths", [(7, 5, 7), (7, 5, 3), (4, 6, 2), (5, 5, 8)])
def test_divider_in_one_cycle(combinational, widths):
    names = ("dividend_bits", "divisor_bits", "quotient_bits")
    part = combinational(Divider(**dict(zip(names, widths, strict=True)), cycles=1))
    dividend, divisor = quotients(*widths)
    got = part(in_valid=np.ones_like(dividend), dividend=dividend, divisor=divisor)["quotient"]
    assert (got == dividend // divisor).all()


@pytest.mark.parametrize("cycles", [2, 3, 5])
def test_divider_in_several_cycles(cycles):
    divider = Divider(dividend_bits=5, divisor_bits=3, quotient_bits=5, cycles=cycles)
    cases = list(zip(*quotients(5, 3, 5), strict=True))

    async def drive(ctx):
        for index, (dividend, divisor) in enumerate(cases):
            ctx.set(divider.dividend, int(dividend))
            ctx.set(divider.divisor, int(divisor))
            for cycle in range(cycles):
                ctx.set(divider.in_valid, cycle == 0)
                assert ctx.get(divider.out_valid) == (cycle == cycles - 1)
                if cycle == cycles - 1:
                    assert ctx.get(divider.quotient) == dividend // divisor
                await ctx.tick()
            ctx.set(divider.in_valid, 0)
            for _ in range(index % 3):
                assert not ctx.get(divider.out_valid)
                await ctx.tick()

    simulator = Simulator(divider)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


@pytest.mark.parametrize("width", [3, 8, 16, 24, 32])
def test_lfsr_steps_where_enabled_and_starts_again(width):
    seed = (1 << width) - 2
    lfsr = Lfsr(width=width, seed=seed)
    want = states(width, seed, 200).tolist()

    async def drive(ctx):
        for length in (200, 7):
            for index in range(length):
                ctx.set(lfsr.clear, index == 0)
                ctx.set(lfsr.enable, 1)
                assert ctx.get(lfsr.state) == want[index]
                await ctx.tick()
                if index % 5 == 0:
                    ctx.set(lfsr.enable, 0)
                    ctx.set(lfsr.clear, 1)
                    await ctx.tick()

    simulator = Simulator(lfsr)
    simulator.add_clock(1e-9)
    simulator.add_testbench(drive)
    simulator.run()


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize(
    ("n", "bits", "most"), [(15, 9, 256), (23, 9, 256), (23, 5, 16), (15, 3, 4)]
)
def test_shift_exponential(combinational, n, bits, most, positive):
    part = combinational(ShiftExp(n=n, bits=bits, most_magnitude=most, positive=positive))
    low, high = -(1 << (bits - 1)), (1 << (bits - 1)) if positive else 1
    grid = np.meshgrid(np.arange(low, high), np.arange(1, most + 1))
    x, magnitude = (axis.ravel() for axis in grid)
    got = part(x=x & ((1 << bits) - 1), magnitude=magnitude)["e"]
    want = shift_exp(x, magnitude, n)
    assert (got == (np.minimum(want, LARGEST_SUM) if positive else want)).all()


@pytest.mark.parametrize("name", ["fixed8_4", "ufixed8_8", "int4", "fixed12_8"])
def test_pair_exponential(combinational, name):
    source = formats.scalar(name)
    codes = source.codes().astype(np.int64)
    got = combinational(PairExp(source=source))(x=codes)
    m, n = pair_exp(source, codes)
    assert (got["significand"] == m).all()
    assert (got["exponent"] == n & ((1 << exponent_bits(source)) - 1)).all()

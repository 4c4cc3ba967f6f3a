"""The check is checked: faults in the handshake and in the reference must be found."""

import numpy as np
import pytest

from hwdse.pe import accumulate, float_sum, parse
from hwdse.pe.lmul import Lmul
from hwdse.pe.mac import Mac
from hwdse.verify import check
from hwdse.verify.stimulus import Sequence, all_pairs

from . import units

# Small units of each family whose accumulators reach their extremes within a short check.
UNITS = [
    "mac:w=int3,a=uint3,acc=exact,terms=32",
    "mac:w=e5m2,a=e2m1,acc=fp16",
    "dot:w=int2,a=int3,lanes=2",
    "lmul:w=e4m3,a=e4m3,acc=fp16",
]

# Handshake


def rewired(module, old, new, cells=None, only_ports=False):
    """The module with every reader of a net (or only the output ports) moved to another net."""

    def move(bits):
        return [new if bit == old else bit for bit in bits]

    changed = dict(module["cells"])
    if not only_ports:
        changed = {
            name: cell
            | {
                "connections": {
                    pin: bits if pin in ("Y", "Q") else move(bits)
                    for pin, bits in cell["connections"].items()
                }
            }
            for name, cell in changed.items()
        }
    ports = {
        name: port | {"bits": move(port["bits"])} if port["direction"] == "output" else port
        for name, port in module["ports"].items()
    }
    return module | {"ports": ports, "cells": changed | (cells or {})}


def gate(kind, **pins):
    return {"type": kind, "connections": {pin: [bit] for pin, bit in pins.items()}}


FREE = 1_000_000


def handshake_faults(module):
    """Faulty control, by name."""
    net = {name: port["bits"][0] for name, port in module["ports"].items()}
    valid, clear, out, clk = net["in_valid"], net["clear"], net["out_valid"], net["clk"]
    late = {"late": gate("$_DFF_P_", C=clk, D=out, Q=FREE)}
    either = {"either": gate("$_OR_", A=valid, B=clear, Y=FREE)}
    both = {"both": gate("$_AND_", A=valid, B=clear, Y=FREE)}
    yield "out_valid one early", rewired(module, out, valid, only_ports=True)
    yield "out_valid one late", rewired(module, out, FREE, late, only_ports=True)
    yield "out_valid always", rewired(module, out, "1", only_ports=True)
    yield "out_valid never", rewired(module, out, "0", only_ports=True)
    yield "clear ignored", rewired(module, clear, "0")
    yield "clear always", rewired(module, clear, "1")
    yield "in_valid ignored", rewired(module, valid, "1")
    yield "in_valid never", rewired(module, valid, "0")
    yield "clear is valid too", _apart(rewired(module, valid, FREE), either)
    yield "valid only with clear", _apart(rewired(module, valid, FREE), both)


def _apart(module, cells):
    """Cells whose own inputs are not rewired."""
    return module | {"cells": module["cells"] | cells}


@pytest.mark.parametrize("spec", [*UNITS, "mac:w=int4,a=int4,pipeline=1", "mac:w=int4,a=int4"])
def test_handshake_faults_are_found(spec):
    unit = parse(spec)
    found = {}
    for name, module in handshake_faults(units.gates(spec)):
        program = units.compiled(module)
        found[name] = units.short_check(unit, program, 4096, enumerate_pairs=False)[1]
    assert len(found) == 10
    assert all(found.values()), found


@pytest.mark.parametrize("pipeline", [0, 1, 2])
def test_a_wrong_latency_is_found(pipeline):
    for stated in {0, 1, 2} - {pipeline}:
        unit = parse(f"mac:w=int4,a=int4,pipeline={stated}")
        program = units.program(f"mac:w=int4,a=int4,pipeline={pipeline}")
        bad = units.short_check(unit, program, 4096, enumerate_pairs=False)[1]
        assert bad > 1000


# Faults in the reference


def test_nothing_is_found_where_nothing_is_wrong():
    for spec in UNITS:
        compared, wrong = units.short_check(parse(spec), units.program(spec))
        assert compared > units.SHORT
        assert wrong == 0


def ties_away(right):
    return lambda fmt, magnitude, exponent: right(fmt, magnitude | 1, exponent)


def truncation(right):
    def wrong(fmt, magnitude, exponent):
        dropped = np.maximum(float_sum._bit_length(magnitude) - fmt.mantissa_bits - 1, 0)
        return right(fmt, (magnitude >> dropped) << dropped, exponent)

    return wrong


def odd_ties(right):
    """An exact tie goes to the odd neighbour, one in so many sums."""

    def wrong(fmt, magnitude, exponent):
        code = right(fmt, magnitude, exponent)
        below = right(fmt, magnitude - 1, exponent)
        above = right(fmt, magnitude + 1, exponent)
        return np.where((magnitude > 1) & (below != above), below + above - code, code)

    return wrong


@pytest.mark.parametrize("wrong", [ties_away, truncation, odd_ties])
@pytest.mark.parametrize("spec", ["mac:w=e4m3,a=e4m3", "mac:w=e5m2,a=e5m2,acc=fp16"])
def test_wrong_rounding_is_found(spec, wrong, monkeypatch):
    monkeypatch.setattr(float_sum, "_round", wrong(float_sum._round))
    unit, program = parse(spec), units.program(spec)
    assert units.short_check(unit, program, 1 << 16, enumerate_pairs=False)[1] > 0


def test_a_lost_sticky_bit_is_found(monkeypatch):
    """Alignment of fp16 that keeps two bits below the significand and forgets the rest."""
    lost = float_sum._TOP_BIT - 12

    def wrong(value, amount):
        return (value >> np.minimum(amount, 62)) >> lost << lost

    monkeypatch.setattr(float_sum, "_shift_right_jam", wrong)
    spec = "mac:w=e5m2,a=e5m2,acc=fp16"
    unit, program = parse(spec), units.program(spec)
    assert units.short_check(unit, program, 1 << 16, enumerate_pairs=False)[1] > 0


def test_a_narrower_wrapping_accumulator_is_found(monkeypatch):
    right = accumulate._wrap
    spec = "mac:w=int16,a=int16"
    unit, program = parse(spec), units.program(spec)
    monkeypatch.setattr(accumulate, "_wrap", lambda v, width: right(v, width - 1))
    assert units.short_check(unit, program, enumerate_pairs=False)[1] > 0


def test_a_narrower_exact_accumulator_is_found(monkeypatch):
    """The largest sum; the width formula is generous here, so it takes two bits to break it."""
    right = accumulate._wrap
    unit, program = parse(UNITS[0]), units.program(UNITS[0])
    w = np.full((32, 64), 4)
    clear = np.arange(32) == 0
    codes = {"w": w, "a": np.full((32, 64), 7)}
    largest = [Sequence(codes=codes, clear=clear, gaps=False)]
    assert check.run_sequences(unit, program, largest, 1)[:2] == (32 * 64, 0)
    monkeypatch.setattr(accumulate, "_wrap", lambda v, width: right(v, width - 2))
    assert check.run_sequences(unit, program, largest, 1)[1] > 0


@pytest.mark.parametrize("offset", [0, 2, 4])
def test_a_wrong_offset_is_found(offset, monkeypatch):
    spec = "lmul:w=e4m3,a=e4m3,acc=fp16"
    unit, program = parse(spec), units.program(spec)
    monkeypatch.setattr(Lmul, "offset", property(lambda self: offset))
    assert units.short_check(unit, program)[1] > 10_000


@pytest.mark.parametrize("spec", ["mac:w=e4m3,a=e4m3", "mac:w=e5m2,a=e5m2,acc=fp16"])
def test_one_wrong_pair_of_operands_is_found(spec, monkeypatch):
    right = Mac.terms_of

    def wrong(self, codes):
        term = right(self, codes)
        term.significand[(codes["w"] == 0x31) & (codes["a"] == 0xB7)] += 1
        return term

    unit, program = parse(spec), units.program(spec)
    monkeypatch.setattr(Mac, "terms_of", wrong)
    compared, bad, message = check.run_sequences(unit, program, all_pairs(unit), 1)
    assert (compared, bad) == (1 << 16, 1)
    assert message == "after element 1 of a sum; last codes w=[49], a=[183]"
    result = check.check_program(unit, program, "rtl", 4096, 1)
    assert result.exhaustive
    assert result.mismatches >= 1
    assert result.first_mismatch == message

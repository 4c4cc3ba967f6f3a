"""RTL of arrays: text, cycle counts as they are seen, and what a fault in the array does."""

import re

import numpy as np
import pytest
from amaranth import Const

import rtl
import rtl.array
from hwdse import pe
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.synth.simulate import Simulator
from hwdse.verify.array import NetlistEngine, compare_streams
from hwdse.verify.check import compile_rtl

# Small, so that what is around it takes most of the time.
SMALL = "mac:w=int3,a=uint2,acc=exact,terms=64"
# Ten-odd tiles, tight and with gaps, in 64 copies.
VECTORS = 1000


def array_of(unit: str, rows: int, cols: int, dataflow: str) -> Array:
    found = pe.parse(f"array:pe=({unit}),rows={rows},cols={cols},dataflow={dataflow}")
    assert isinstance(found, Array)
    return found


def outcome(array: Array) -> tuple[int, str | None]:
    program = compile_rtl(rtl.to_rtlil(array))
    _, wrong, first = compare_streams(array, NetlistEngine(array, program, 1), VECTORS, 1)
    return wrong, first


def test_the_pe_is_there_once_and_the_text_is_always_the_same() -> None:
    array = array_of("mac:w=e4m3,a=e4m3,acc=fp32", 4, 3, "ws")
    text = rtl.to_rtlil(array)
    assert text == rtl.to_rtlil(array)
    name = f"{array.module_name}_pe"
    assert len(re.findall(rf"^module \\{name}$", text, re.MULTILINE)) == 1
    assert len(re.findall(rf"^  cell \\{name} ", text, re.MULTILINE)) == 12
    assert text.count("attribute \\top 1") == 1


def test_verilog_keeps_the_pes() -> None:
    array = array_of(SMALL, 2, 3, "os")
    text = flow.verilog(rtl.to_rtlil(array))
    assert f"module {array.module_name}(" in text
    assert text.count(f"{array.module_name}_pe pe_") == 6


@pytest.mark.parametrize(
    ("dataflow", "rows", "cols"),
    [
        *[(d, *size) for d in ("ws", "os") for size in ((1, 1), (1, 3), (3, 1), (2, 3))],
        ("is", 2, 3),
        ("tile", 2, 3),
    ],
)
def test_any_size_gives_what_the_reference_says(dataflow: str, rows: int, cols: int) -> None:
    assert outcome(array_of(SMALL, rows, cols, dataflow)) == (0, None)


@pytest.mark.parametrize(
    ("unit", "dataflow"),
    [
        # Stages within the unit, a carry-save sum that goes on, specials that go on with it.
        ("mac:w=int4,a=uint4,mul=booth,fused=save,pipeline=1", "ws"),
        ("mac:w=e2m1,a=e3m2,acc=exact,pipeline=2", "os"),
        ("mac:w=e5m2,a=e2m1,acc=exact", "ws"),
        # A mode for all; scales; elements of several cycles; several sums; groups.
        ("composite:modes=int8_int4", "ws"),
        pytest.param("dot:w=mxfp4,a=mxfp4,lanes=2,acc=bf16", "is", marks=pytest.mark.slow),
        pytest.param("serial:w=int4,a=int4,lanes=2", "os", marks=pytest.mark.slow),
        pytest.param("lut:w=int2,a=int4,k=2,n=2", "os", marks=pytest.mark.slow),
        pytest.param("groupdot:w=int4,a=int4,lanes=4,group=8", "os", marks=pytest.mark.slow),
    ],
)
def test_any_unit_gives_what_the_reference_says(unit: str, dataflow: str) -> None:
    assert outcome(array_of(unit, 2, 2, dataflow)) == (0, None)


@pytest.mark.parametrize("dataflow", ["ws", "os", "tile"])
@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (2, 3)])
def test_cycle_counts_are_what_simulation_shows(rows: int, cols: int, dataflow: str) -> None:
    array = array_of(f"{SMALL},pipeline=1", rows, cols, dataflow)
    simulator = Simulator(compile_rtl(rtl.to_rtlil(array)), 1)
    elements = rows + 2
    loading = rows if array.chained else 0

    def flag(on: bool) -> np.ndarray:
        return np.full((1, 1), ~np.uint64(0) if on else np.uint64(0))

    seen = []
    for cycle in range(100):
        element = cycle - loading
        inputs = {"rst": flag(False), "in_valid": flag(0 <= element < elements)}
        inputs["clear"] = flag(element == 0)
        if array.chained:
            inputs |= {"load": flag(element < 0), "swap": flag(element == 0)}
        elif dataflow == "os":
            inputs["last"] = flag(element == elements - 1)
        simulator.evaluate(inputs)
        if simulator.output("out_valid").any():
            seen.append(cycle)
        simulator.tick()
    # Counted from the first cycle to that in which the last result is there, both included.
    assert seen[-1] + 1 == array.tile_cycles(elements)
    first = elements - 1 if dataflow == "os" else 0
    assert seen[0] == loading + first + array.latency
    assert seen == list(range(seen[0], seen[-1] + 1))


def skewed_less(monkeypatch: pytest.MonkeyPatch, wire: str) -> None:
    delayed = rtl.array._delayed

    def wrong(m, name, value, cycles, **options):
        return delayed(m, name, value, cycles - (name == wire), **options)

    monkeypatch.setattr(rtl.array, "_delayed", wrong)


def without(monkeypatch: pytest.MonkeyPatch, wire: str) -> None:
    register = rtl.array.register

    def wrong(m, name, value, **options):
        held = register(m, name, value, **options)
        return Const(0, len(held)) if name == wire else held

    monkeypatch.setattr(rtl.array, "register", wrong)


@pytest.mark.parametrize(
    ("dataflow", "wire"),
    [
        *[("ws", wire) for wire in ("a_row_1", "w_1", "acc_in_1", "acc_out_0")],
        *[("os", wire) for wire in ("a_row_1", "w_1", "acc_out_0")],
    ],
)
def test_a_wrong_skew_is_found(monkeypatch: pytest.MonkeyPatch, dataflow: str, wire: str) -> None:
    skewed_less(monkeypatch, wire)
    assert outcome(array_of(SMALL, 2, 2, dataflow))[0] > 0


@pytest.mark.parametrize(
    ("dataflow", "wire"),
    [("ws", "swap_row_1"), ("ws", "clear_1"), ("os", "last_row_1"), ("os", "shift_0")],
)
def test_a_missing_flag_is_found(monkeypatch: pytest.MonkeyPatch, dataflow: str, wire: str) -> None:
    without(monkeypatch, wire)
    assert outcome(array_of(SMALL, 2, 2, dataflow))[0] > 0


def test_loading_over_operands_that_a_late_row_still_waits_for_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rtl.array._Chained, "_loads", lambda self, m: [self.load] * self.array.rows)
    assert outcome(array_of(SMALL, 2, 2, "ws"))[0] > 0


def test_a_sum_that_moves_on_over_the_next_tiles_is_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    right = rtl.array._Summing._shifts

    def wrong(self, m, done):
        found = right(self, m, done)
        return [*found[:1], *[found[-1]] * (len(found) - 1)]

    monkeypatch.setattr(rtl.array._Summing, "_shifts", wrong)
    assert outcome(array_of(SMALL, 3, 2, "os"))[0] > 0

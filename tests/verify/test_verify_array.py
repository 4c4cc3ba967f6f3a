"""Verification of arrays: the command, both engines, and what streams contain."""

import numpy as np
import pytest

import rtl
from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.pe.array import Array
from hwdse.verify import array_compiled
from hwdse.verify.array import NetlistEngine, compare_streams
from hwdse.verify.array_compiled import CompiledEngine, compiler, wants_compiler
from hwdse.verify.array_streams import bits_of, random_stream
from hwdse.verify.check import compile_rtl, verify
from hwdse.verify.targets import Target

SMALL = "mac:w=int3,a=uint2,acc=exact,terms=64"


def array_of(rows: int, cols: int, dataflow: str, unit: str = SMALL) -> Array:
    found = pe.parse(f"array:pe=({unit}),rows={rows},cols={cols},dataflow={dataflow}")
    assert isinstance(found, Array)
    return found


@pytest.mark.parametrize("target", ["rtl", "nangate45", "ice40"])
def test_an_array_is_verified_on_every_kind_of_target(target: str) -> None:
    result = verify(array_of(2, 2, "ws"), target=Target.named(target), vectors=1000)
    assert result.mismatches == 0
    assert result.vectors >= 1000
    assert result.engine == NetlistEngine.name
    # What is within the unit is proven by itself.
    assert {part.part for part in result.parts} >= {"accumulator: step"}


def test_streams_are_tight_and_loose_with_swaps_in_between() -> None:
    array = array_of(3, 2, "ws")
    stream = random_stream(array, 200, 1, np.random.default_rng(1))
    valid = stream.inputs["in_valid"][:, 0, 0] == 1
    swaps = np.flatnonzero(valid & (stream.inputs["swap"][:, 0, 0] == 1))
    loads = stream.inputs["load"][:, 0, 0] == 1
    assert (np.diff(swaps) == array.rows).sum() > 5
    assert (np.diff(swaps) > array.rows).any()
    # The next tile is loaded in the very cycle of a swap, and elements pause.
    assert loads[swaps].any()
    assert not valid[1 : len(valid) // 2].all()
    assert stream.inputs["rst"][1:, 0, 0].sum() == 1
    assert stream.defined.sum() > 50


def test_bits_of_numbers_of_any_size() -> None:
    wide = np.array([[[-1, 1 << 69]]], dtype=object)
    assert bits_of(wide, 72).reshape(2, 72).sum(axis=1).tolist() == [72, 1]
    assert bits_of(np.array([[[-2]]]), 70).reshape(-1).tolist() == [0] + [1] * 69


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_the_compiled_engine_says_what_the_netlist_engine_says() -> None:
    array = array_of(3, 2, "os")
    text = rtl.to_rtlil(array)
    with CompiledEngine(array, text) as engine:
        assert compare_streams(array, engine, 3000, 1)[1:] == (0, None)
        # The same program against another array's reference.
        stream = random_stream(array, 50, 2, np.random.default_rng(1))
        stream.expected["acc"][:, 1] ^= 1
        outputs = engine.run(stream)
    netlist = NetlistEngine(array, compile_rtl(text), 1).run(stream)
    shown = stream.defined
    assert np.array_equal(outputs["acc"][shown], netlist["acc"][shown])
    assert (outputs["acc"][shown][:, 1] != stream.expected["acc"][shown][:, 1]).all()


@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
def test_large_arrays_are_compiled() -> None:
    result = verify(array_of(5, 4, "ws"), vectors=2000)
    assert (result.mismatches, result.engine) == (0, CompiledEngine.name)


@pytest.mark.slow
@pytest.mark.skipif(compiler() is None, reason="no C++ compiler")
@pytest.mark.parametrize("dataflow", ["ws", "os", "is", "tile"])
def test_16_by_16_int8(dataflow: str) -> None:
    result = verify(array_of(16, 16, dataflow, "mac:w=int8,a=int8"), vectors=500_000)
    assert (result.mismatches, result.engine) == (0, CompiledEngine.name)


def test_without_a_compiler_the_netlist_is_simulated(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(array_compiled.shutil, "which", lambda name: None)
    array = array_of(5, 4, "ws")
    assert not wants_compiler(array)
    assert verify(array, vectors=2000).engine == NetlistEngine.name


def test_flags_that_differ_between_copies_are_refused() -> None:
    array = array_of(1, 1, "os")
    codes = {name: np.zeros((2, 2), dtype=np.int64) for name in ("w", "a")}
    with pytest.raises(HwdseError, match="last must be the same for all copies"):
        array.outputs(codes | {"last": np.array([[0, 1], [0, 0]])})

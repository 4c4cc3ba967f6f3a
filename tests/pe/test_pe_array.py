"""Arrays: specs, timing, and a reference that is the unit's own in the order of the sums."""

import numpy as np
import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.pe.array import MAX_SIDE, Array
from hwdse.pe.array_stream import respond

from .refusals import nearest

INT8 = "mac:w=int8,a=int8"
FLOATS = "mac:w=e4m3,a=e4m3,acc=fp16"


def array_of(unit: str, rows: int, cols: int, dataflow: str) -> Array:
    found = pe.parse(f"array:pe=({unit}),rows={rows},cols={cols},dataflow={dataflow}")
    assert isinstance(found, Array)
    return found


def loaded_then(array: Array, matrix: np.ndarray, vectors: np.ndarray):
    """Codes and flags of one tile that is loaded and then multiplied."""
    rows, cols = array.rows, array.cols
    cycles = rows + len(vectors)
    stay, move = ("w", "a") if array.dataflow == "ws" else ("a", "w")
    codes = {
        stay: np.zeros((cycles, cols), dtype=np.int64),
        move: np.zeros((cycles, rows), dtype=np.int64),
        "load": (np.arange(cycles) < rows).astype(np.int64),
        "swap": (np.arange(cycles) == rows).astype(np.int64),
    }
    codes[stay][:rows] = matrix[::-1]
    codes[move][rows:] = vectors
    valid = np.arange(cycles) >= rows
    if cols == 1:
        codes[stay] = codes[stay][:, 0]
    if rows == 1:
        codes[move] = codes[move][:, 0]
    return codes, valid


def test_canonical_keeps_the_units_spec_in_parentheses() -> None:
    array = pe.parse(f"array:pe=({INT8}, pipeline=1) , cols=3")
    assert array.canonical == (
        "array:pe=(mac:w=int8,a=int8,acc=int32,pipeline=1),rows=16,cols=3,dataflow=ws"
    )
    assert pe.parse(array.canonical) == array
    assert array.module_name == "array_ws_16x3_mac_w_int8_a_int8_acc_int32_pipeline_1"


def test_long_names_stay_within_what_file_systems_take() -> None:
    array = array_of(INT8, 2, 2, "ws")
    unit = type("Long", (type(array.pe),), {"module_name": "m" * 300})
    long = Array(pe=unit(array.pe.common), rows=2, cols=2, dataflow="ws")
    assert len(long.module_name + "_vectors.json") < 255
    assert long.module_name != array.module_name


@pytest.mark.parametrize(
    ("spec", "says", "works"),
    [
        ("array:", "key 'pe' is missing", "array:pe=(mac:w=int8,a=int8)"),
        ("array:pe=mac", "stands in parentheses", "array:pe=(mac:w=int8,a=int8)"),
        ("array:pe=(mac:w=int8,a=int8", "not of the form", "array:pe=(mac:w=int8,a=int8)"),
        ("array:pe=(mac:w=int8)", "key 'a' is missing", "array:pe=(mac:w=int8,a=int8)"),
        (f"array:pe=({INT8}),rows=0", "1 to 256", f"array:pe=({INT8}),rows=1"),
        (f"array:pe=({INT8}),dataflow=oss", "did you mean 'os'", f"pe=({INT8}),dataflow=os"),
        (f"array:pe=(array:pe=({INT8}))", "no sums", f"array:pe=({INT8})"),
        ("array:pe=(convert:from=int8,to=int4)", "no sums", f"array:pe=({INT8})"),
        (
            "array:pe=(serial:w=int4,a=int8),rows=2",
            "use dataflow=os",
            "array:pe=(serial:w=int4,a=int8),rows=2,dataflow=os",
        ),
        (f"array:pe=({INT8}),lanes=4", "no key 'lanes'", f"array:pe=({INT8})"),
    ],
)
def test_refusals_name_the_nearest_array_that_works(spec: str, says: str, works: str) -> None:
    message = nearest(spec)[1]
    assert says in message
    assert works in message


@pytest.mark.parametrize(("rows", "cols"), [(1, 1), (1, 4), (4, 1), (3, 5)])
@pytest.mark.parametrize("dataflow", ["ws", "is"])
def test_integers_that_stay_give_the_product_of_matrices(
    rows: int, cols: int, dataflow: str
) -> None:
    array = array_of(INT8, rows, cols, dataflow)
    rng = np.random.default_rng(1)
    matrix = rng.integers(-128, 128, (rows, cols))
    vectors = rng.integers(-128, 128, (7, rows))
    before = rng.integers(-1000, 1000, (rows + 7, cols))
    codes, valid = loaded_then(array, matrix & 255, vectors & 255)
    clear = np.arange(rows + 7) % 2 == 0
    shown = before if cols > 1 else before[:, 0]
    response = respond(array, codes, valid, clear, {"acc": shown})
    start = np.where(clear[:, None], 0, before)[rows:]
    found = response.results["acc"].reshape(rows + 7, cols)[rows:]
    assert np.array_equal(found, vectors @ matrix + start)
    assert np.array_equal(response.out_valid, valid)


def test_float_sums_go_down_the_rows_rounding_at_each() -> None:
    array = array_of(FLOATS, 5, 2, "ws")
    rng = np.random.default_rng(2)
    matrix, vectors = rng.integers(0, 127, (5, 2)), rng.integers(0, 127, (3, 5))
    codes, valid = loaded_then(array, matrix, vectors)
    found = respond(array, codes, valid, valid).results["acc"][5:]
    alone = [[array.pe.reference(matrix[:, c], vector)[-1] for c in range(2)] for vector in vectors]
    assert np.array_equal(found, alone)


def test_float_sums_longer_than_the_rows_go_on_as_one_sum() -> None:
    array = array_of(FLOATS, 2, 1, "ws")
    w, a = np.random.default_rng(3).integers(0, 127, (2, 6))
    acc = np.zeros(1, dtype=np.int64)
    for tile in range(3):
        here = slice(2 * tile, 2 * tile + 2)
        codes, valid = loaded_then(array, w[here, None], a[None, here])
        clear = np.full(3, tile == 0)
        acc = respond(array, codes, valid, clear, {"acc": np.repeat(acc, 3)}).results["acc"][-1:]
    assert acc[0] == array.pe.reference(w, a)[-1]


def test_sums_that_stay_come_out_row_by_row() -> None:
    array = array_of(FLOATS, 3, 2, "os")
    rng = np.random.default_rng(4)
    w, a = rng.integers(0, 127, (9, 2)), rng.integers(0, 127, (9, 3))
    last = (np.arange(9) == 5).astype(np.int64)
    response = respond(array, {"w": w, "a": a, "last": last}, np.arange(9) < 6, np.arange(9) == 0)
    assert response.out_valid.tolist() == [False] * 5 + [True] * 3 + [False]
    for row in range(3):
        for col in range(2):
            alone = array.pe.reference(w[:6, col], a[:6, row])[-1]
            assert response.results["acc"][5 + row, col] == alone


def test_a_tile_gives_every_sum_after_every_element() -> None:
    array = array_of("dot:w=int4,a=int4,lanes=2", 2, 3, "tile")
    rng = np.random.default_rng(5)
    w, a = rng.integers(-8, 8, (4, 3, 2)), rng.integers(-8, 8, (4, 2, 2))
    out = array.outputs({"w": w.reshape(4, 6) & 15, "a": a.reshape(4, 4) & 15})["acc"]
    sums = np.einsum("kcl,krl->krc", w, a).cumsum(axis=0)
    assert np.array_equal(out, sums.reshape(4, 6))


def test_scales_go_with_their_codes() -> None:
    array = array_of("dot:w=mxint8,a=mxint8,lanes=32,acc=fp32", 2, 2, "tile")
    rng = np.random.default_rng(6)
    codes = {
        "w": rng.integers(0, 256, (1, 64)),
        "a": rng.integers(0, 256, (1, 64)),
        "w_scale": np.array([[120, 130]]),
        "a_scale": np.array([[125, 127]]),
    }
    out = array.outputs(codes)["acc"].reshape(2, 2)
    for row in range(2):
        for col in range(2):
            alone = array.pe.reference(
                codes["w"].reshape(1, 2, 32)[:, col],
                codes["a"].reshape(1, 2, 32)[:, row],
                w_scale=codes["w_scale"][:, col],
                a_scale=codes["a_scale"][:, row],
            )
            assert out[row, col] == alone[0]


def test_streams_that_break_the_protocol_are_refused() -> None:
    array = array_of(INT8, 2, 2, "ws")
    codes = {"w": np.zeros((3, 2), int), "a": np.zeros((3, 2), int)}
    flags = {"load": np.array([1, 0, 0]), "swap": np.array([0, 1, 0])}
    on = np.ones(3, dtype=np.bool_)
    with pytest.raises(HwdseError, match="swap comes while a tile of 2 rows is not complete"):
        respond(array, codes | flags, on, on)
    staying = array_of(INT8, 2, 2, "os")
    with pytest.raises(HwdseError, match="must be 2 cycles apart"):
        respond(staying, codes | {"last": np.array([1, 1, 0])}, on, on)


@pytest.mark.parametrize(
    ("dataflow", "latency", "tile", "interval"),
    # Rows + cols registers on the longest way, drain registers, loading, 8 elements.
    [("ws", 8, 3 + 7 + 8 + 1, 8), ("os", 9, 7 + 9 + 3, 8), ("tile", 1, 7 + 1 + 1, 8)],
)
def test_cycle_counts(dataflow: str, latency: int, tile: int, interval: int) -> None:
    array = array_of(INT8, 3, 5, dataflow)
    assert array.latency == latency
    assert array.tile_cycles(8) == tile
    assert array.tile_interval(8) == interval
    assert array.tile_interval(1) == (1 if dataflow == "tile" else 3)
    assert array.macs_per_cycle == 15


def test_the_largest_array_is_a_spec() -> None:
    assert array_of(INT8, MAX_SIDE, MAX_SIDE, "ws").macs_per_cycle == MAX_SIDE**2

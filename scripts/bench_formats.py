"""How fast formats quantise, on one core, as ratios against others in the same run.

Scalar formats: float32 to values, against the cast of ml_dtypes there and back. Block formats:
against a straightforward NumPy implementation of the same rules (below), whose results are equal.

    python scripts/bench_formats.py [--values N] [--repeats R]
"""

from __future__ import annotations

import argparse
import os
import sys
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import ml_dtypes
import numpy as np

from hwdse import formats

CASTS = {
    "e4m3": ml_dtypes.float8_e4m3fn,
    "e5m2": ml_dtypes.float8_e5m2,
    "e3m2": ml_dtypes.float6_e3m2fn,
    "e2m3": ml_dtypes.float6_e2m3fn,
    "e2m1": ml_dtypes.float4_e2m1fn,
    "bf16": ml_dtypes.bfloat16,
}


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--values", type=int, default=1 << 22, help="values per array")
    parser.add_argument("--repeats", type=int, default=7, help="runs, of which the best counts")
    options = parser.parse_args()
    _one_core()
    rng = np.random.default_rng(0)
    x = rng.standard_normal((options.values // 64, 64)).astype(np.float32)
    print(f"{x.size} float32 values, N(0, 1); best of {options.repeats}; one core")
    print(f"{'format':<14}{'hwdse ns/value':>16}{'peer ns/value':>16}{'ratio':>8}  peer")
    for name, dtype in CASTS.items():
        ours = _best(lambda name=name: formats.get(name).quantize(x), options.repeats)
        peer = _best(lambda dtype=dtype: x.astype(dtype).astype(np.float32), options.repeats)
        _row(name, ours, peer, x.size, "ml_dtypes, there and back")
    for name, peer_function in (("mxfp4", straightforward_mxfp4), ("nvfp4", straightforward_nvfp4)):
        fmt = formats.get(name)
        if not np.array_equal(fmt.quantize(x), peer_function(x)):
            sys.exit(f"{name}: the straightforward implementation gives other values")
        ours = _best(lambda fmt=fmt: fmt.quantize(x), options.repeats)
        peer = _best(lambda f=peer_function: f(x), options.repeats)
        _row(name, ours, peer, x.size, f"plain NumPy; {x.size / ours / 1e6:.0f} M values/s")
    print()
    print("memory that quantising a memory-mapped file takes, beside the mapping itself")
    for values in (1 << 22, 1 << 25):
        print(f"{values:>12} values {_peak_mib(values):8.1f} MiB")


def straightforward_mxfp4(x: np.ndarray) -> np.ndarray:
    """OCP MX v1.0 with E2M1 elements, as one writes it down: whole-array steps, in float64."""
    blocks = x.astype(np.float64).reshape(-1, 32)
    amax = np.abs(blocks).max(axis=1, keepdims=True)
    exponent = np.clip(np.frexp(amax)[1] - 1 - 2, -127, 127)
    exponent = np.where(amax == 0, -127, exponent)
    scale = np.ldexp(1.0, exponent)
    return (_round_e2m1(blocks / scale) * scale).reshape(x.shape)


def straightforward_nvfp4(x: np.ndarray) -> np.ndarray:
    """NVFP4 as torchao has it: float32 scales, one reciprocal, E4M3 by ml_dtypes."""
    blocks = x.reshape(-1, 16)
    tensor = np.float32(np.abs(x).max()) / np.float32(448 * 6)
    amax = np.abs(blocks).max(axis=1, keepdims=True)
    wanted = np.clip(amax / np.float32(6) / tensor, np.float32(2**-6), np.float32(448))
    scale = wanted.astype(ml_dtypes.float8_e4m3fn).astype(np.float32)
    elements = _round_e2m1(blocks * ((np.float32(1) / tensor) / scale))
    values = elements.astype(np.float64) * (scale.astype(np.float64) * np.float64(tensor))
    return values.reshape(x.shape)


def _round_e2m1(x: np.ndarray) -> np.ndarray:
    levels = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0])
    middles = (levels[1:] + levels[:-1]) / 2
    magnitude = np.abs(x)
    # Ties go to the even code: up where the lower one is odd.
    below = np.searchsorted(middles, magnitude, side="left")
    above = np.searchsorted(middles, magnitude, side="right")
    index = np.where(below % 2 == 0, below, above)
    return np.copysign(levels[index], x)


def _best(function: Callable[[], object], repeats: int) -> float:
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def _row(name: str, ours: float, peer: float, values: int, what: str) -> None:
    ns = 1e9 / values
    print(f"{name:<14}{ours * ns:>16.2f}{peer * ns:>16.2f}{peer / ours:>7.1f}x  {what}")


def _peak_mib(values: int) -> float:
    with TemporaryDirectory() as folder:
        source, output = Path(folder, "in.npy"), Path(folder, "out.npy")
        made = np.lib.format.open_memmap(source, mode="w+", dtype=np.float32, shape=(values,))
        made[:] = 1.0
        x = np.load(source, mmap_mode="r")
        job = formats.Job(format=formats.get("mxfp4"))

        def sink(role: str, shape: tuple[int, ...], dtype: np.dtype) -> np.ndarray:
            return np.lib.format.open_memmap(output, mode="w+", dtype=dtype, shape=shape)

        tracemalloc.start()
        formats.quantize_stream(job, x, sink)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return peak / 2**20


def _one_core() -> None:
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


if __name__ == "__main__":
    main()

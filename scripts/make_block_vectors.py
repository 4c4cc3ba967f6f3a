"""Records what torchao makes of hard blocks: python scripts/make_block_vectors.py OUT.npz

The recorded file, tests/formats/data/block_vectors.npz, came from torch 2.15.0 and torchao 0.18.0
on a CPU; the versions are in the file too. Neither package is needed to run the tests.
"""

from __future__ import annotations

import sys

import numpy as np
import torch
import torchao
from torchao.prototype.mx_formats.constants import DTYPE_FP6_E2M3, DTYPE_FP6_E3M2
from torchao.prototype.mx_formats.mx_tensor import ScaleCalculationMode, to_mx
from torchao.prototype.mx_formats.nvfp4_tensor import nvfp4_quantize, per_tensor_amax_to_scale

SEED = 20240229
ELEMENTS = {
    "mxfp8_e4m3": torch.float8_e4m3fn,
    "mxfp8_e5m2": torch.float8_e5m2,
    "mxfp6_e3m2": DTYPE_FP6_E3M2,
    "mxfp6_e2m3": DTYPE_FP6_E2M3,
    "mxfp4": torch.float4_e2m1fn_x2,
}
MODES = {
    "": ScaleCalculationMode.FLOOR,
    "_ceil": ScaleCalculationMode.RCEIL,
    "_ceillog2": ScaleCalculationMode.CEIL,
    "_even": ScaleCalculationMode.EVEN,
}


def hard_blocks() -> np.ndarray:
    """Blocks of 32 float32 values, of all sizes, with maxima at and beside powers of two."""
    rng = np.random.default_rng(SEED)
    normal = rng.normal(size=(64, 32)) * np.exp2(rng.integers(-100, 100, (64, 1)))
    ties = rng.integers(-128, 129, (48, 32)) / 16.0 * np.exp2(rng.integers(-60, 60, (48, 1)))
    edges = rng.uniform(-1, 1, (60, 32))
    tops = np.array([1.0, 1.25, 1.5, 1.75, 1.875, 1.96875, 1.9375, 448 / 256, 1.984375, 1.0])
    tops = np.float32(np.repeat(tops, 6))
    near = [np.float32(np.inf), np.float32(-np.inf)]
    tops[1::3] = np.nextafter(tops[1::3], near[0])
    tops[2::3] = np.nextafter(tops[2::3], near[1])
    edges *= tops[:, None] / 2
    edges[:, 5] = tops
    edges *= np.exp2(np.arange(-30, 30))[:, None]
    tiny = rng.integers(-200, 200, (8, 32)) * 2.0**-149
    huge = rng.uniform(-1, 1, (6, 32)) * float(np.finfo(np.float32).max)
    huge[:3, 0] = np.finfo(np.float32).max
    zeros = np.zeros((3, 32))
    zeros[1:, ::2] = -0.0
    zeros[2, 7] = 2.0**-149
    return np.concatenate([normal, ties, edges, tiny, huge, zeros]).astype(np.float32)


def moderate_blocks() -> np.ndarray:
    """Two blocks of 16 in each row; of maxima up to 2**18 apart, or all at midpoints of E2M1."""
    rng = np.random.default_rng(SEED + 1)
    x = rng.normal(size=(96, 32)) * np.exp2(rng.integers(-12, 6, (96, 1)))
    x[5] = 0.0
    x[6, ::2] = -0.0
    scales = rng.integers(8, 16, (32, 1)) * np.exp2(rng.integers(-6, 4, (32, 1)))
    middles = rng.choice([0.25, 0.75, 1.25, 1.75, 2.5, 3.5, 5.0], (32, 32))
    middles[:, [3, 20]] = 6.0
    ties = middles * scales * rng.choice([-1, 1], (32, 32))
    return np.concatenate([x, ties]).astype(np.float32)


def main(path: str) -> None:
    x, y = hard_blocks(), moderate_blocks()
    out = {
        "versions": np.array([f"torch {torch.__version__}", f"torchao {torchao.__version__}"]),
        "x": x,
        "y": y,
    }
    for name, dtype in ELEMENTS.items():
        for suffix, mode in MODES.items():
            scales, elements = to_mx(torch.from_numpy(x), dtype, 32, mode)
            out[f"{name}{suffix}/scales"] = scales.view(torch.uint8).numpy()
            # Those of E2M1 are packed in twos, the first in the low half.
            out[f"{name}{suffix}/elements"] = elements.view(torch.uint8).numpy()
    tensor = torch.from_numpy(y)
    amax = tensor.abs().max()
    for key, scale in (("single", None), ("double", per_tensor_amax_to_scale(amax))):
        scales, elements = nvfp4_quantize(tensor, 16, scale)
        out[f"nvfp4_{key}/scales"] = scales.view(torch.uint8).numpy()
        out[f"nvfp4_{key}/elements"] = elements.view(torch.uint8).numpy()
        out[f"nvfp4_{key}/tensor"] = np.float32(1.0 if scale is None else float(scale))
    np.savez_compressed(path, **out)


if __name__ == "__main__":
    main(sys.argv[1])

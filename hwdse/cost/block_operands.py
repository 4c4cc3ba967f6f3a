"""Operands of block formats for energy: elements and the scales that belong to them.

A sum takes a run of neighbouring values, ``lanes`` a cycle, and its blocks lie along that run; each
cycle shows the scale, and the zero point or value set, of the block that it is in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.formats import BlockCodes, BlockFormat, Format, ScalarFormat, scalar
from hwdse.formats.affine import AffineFormat
from hwdse.formats.bitmod import BitmodFormat
from hwdse.verify.codes import draw, draw_finite

__all__ = [
    "Run",
    "block_start",
    "integer_scales",
    "normal_blocks",
    "quantised",
    "stored",
    "uniform_blocks",
]

Codes = NDArray[np.int64]
# Scales lie so many binades around the one that makes the largest element 1.
_NEAR_BINADES = 2


@dataclass(frozen=True)
class Run:
    """How the values of many sums fall into cycles: ``lanes`` values in each of ``steps``."""

    steps: int
    sums: int
    lanes: int

    @property
    def shape(self) -> tuple[int, int]:
        """Sums, and values of each."""
        return self.sums, self.steps * self.lanes

    def blocks(self, fmt: Format) -> int:
        """Blocks of a sum."""
        return 1 if fmt.block is None else -(-self.shape[1] // fmt.block)

    def elements(self, codes: NDArray[Any]) -> Codes:
        """Codes of shape :attr:`shape` as (steps, sums, lanes)."""
        cycles = codes.reshape(self.sums, self.steps, self.lanes).transpose(1, 0, 2)
        return cycles.astype(np.int64)

    def shared(self, fmt: Format, codes: NDArray[Any]) -> Codes:
        """Codes of shape (sums, blocks), or one for all, as (steps, sums)."""
        of_step = np.arange(self.steps) * self.lanes // (fmt.block or self.shape[1])
        wide = np.broadcast_to(codes, (self.sums, self.blocks(fmt)))
        return np.ascontiguousarray(wide[:, of_step].T, dtype=np.int64)


def uniform_blocks(fmt: Format, side: str, run: Run, rng: np.random.Generator) -> dict[str, Codes]:
    """Finite elements, equally likely, and scales that make the largest of them about 1.

    So sums neither overflow a float accumulator nor vanish.
    """
    size = (run.sums, run.blocks(fmt))
    scale = _scale(fmt)
    binade = rng.integers(-_NEAR_BINADES, _NEAR_BINADES + 1, size=size)
    scales = np.ldexp(rng.uniform(1.0, 2.0, size=size) / fmt.element.max, binade)
    found = {
        side: draw_finite(fmt.element, (run.steps, run.sums, run.lanes), rng),
        f"{side}_scale": run.shared(fmt, scale.encode(scales)),
    }
    if isinstance(fmt, AffineFormat):
        found[f"{side}_zero"] = run.shared(fmt, draw(fmt.element, size, rng))
    if isinstance(fmt, BitmodFormat):
        sets = rng.integers(len(fmt.candidates), size=size)
        found[f"{side}_select"] = run.shared(fmt, sets)
    return found


def normal_blocks(fmt: Format, side: str, run: Run, rng: np.random.Generator) -> dict[str, Codes]:
    """N(0, 1), quantised in blocks.

    A second scale of the tensor is 1: it is no part of units.
    """
    limit = float(fmt.max)
    second = isinstance(fmt, BlockFormat) and fmt.tensor_scale
    values = rng.standard_normal(run.shape)
    return quantised(fmt, side, run, values, (-limit, limit) if second else None)


def quantised(
    fmt: Format,
    side: str,
    run: Run,
    values: NDArray[np.float64],
    tensor_range: tuple[float, float] | None,
) -> dict[str, Codes]:
    """Values of shape ``run.shape``, quantised in blocks.

    Args:
        fmt: The block format.
        side: ``w`` or ``a``.
        run: Where the values go.
        values: The values.
        tensor_range: Least and greatest value of the tensor that they come from.

    Raises:
        HwdseError: Values beyond what the format's scales reach.
    """
    codes: BlockCodes
    if isinstance(fmt, BitmodFormat):
        codes = fmt.encode(values, axis=-1)
    else:
        assert isinstance(fmt, BlockFormat | AffineFormat)
        codes = fmt.encode(values, axis=-1, tensor_range=tensor_range)
    found = {side: run.elements(codes.elements), f"{side}_scale": run.shared(fmt, codes.scales)}
    if codes.zero_points is not None:
        found[f"{side}_zero"] = run.shared(fmt, codes.zero_points)
    if codes.selectors is not None:
        found[f"{side}_select"] = run.shared(fmt, codes.selectors)
    return found


def integer_scales(fmt: Format, codes: Codes, bits: int) -> Codes:
    """Scales as unsigned integers of few bits, in units that make the largest one fit."""
    scales = np.abs(_scale(fmt).decode(codes))
    unit = float(scales.max()) / ((1 << bits) - 1) or 1.0
    return np.rint(scales / unit).astype(np.int64)


def block_start(fmt: Format, size: int, run: Run, rng: np.random.Generator) -> Codes:
    """Where the runs of a tensor of ``size`` values start: at blocks, shape (sums,)."""
    block = fmt.block or size
    return rng.integers(0, max(1, size // block), size=run.sums) * block


def stored(
    fmt: Format, side: str, run: Run, start: Codes, arrays: dict[str, NDArray[Any]], where: str
) -> dict[str, Codes]:
    """Codes of a tensor's elements with the scales, and zero points, that are stored beside them.

    Args:
        fmt: The block format.
        side: ``w`` or ``a``.
        run: Where the codes go.
        start: Of each sum in the tensor, as :func:`block_start` gives them.
        arrays: Flat, by name: ``side``, and ``side_scale`` with one code for each block.
        where: For messages.

    Raises:
        HwdseError: Scales are missing or are not one for each block, or something is no code.
    """
    elements = arrays[side]
    block = fmt.block or elements.size
    blocks = -(-elements.size // block)
    # A short last block would bring the runs that come around out of step with their scales.
    whole = max(1, elements.size // block) * min(block, elements.size)
    index = (start[:, None] + np.arange(run.shape[1])) % whole
    found = {side: run.elements(_checked(fmt.element, elements, f"{where}: array {side!r}")[index])}
    shared: dict[str, ScalarFormat] = {f"{side}_scale": _scale(fmt)}
    if isinstance(fmt, AffineFormat):
        shared[f"{side}_zero"] = fmt.element
    if isinstance(fmt, BitmodFormat):
        shared[f"{side}_select"] = scalar(f"uint{(len(fmt.candidates) - 1).bit_length()}")
    for name, held in shared.items():
        if name not in arrays or arrays[name].size != blocks:
            raise HwdseError(
                f"{where}: array {side!r} holds codes of {fmt.name}, so array {name!r} must hold "
                f"the {blocks} codes of its blocks; or give values instead of codes"
            )
        codes = _checked(held, arrays[name], f"{where}: array {name!r}")
        cycles = index[:, :: run.lanes] // block
        found[name] = np.ascontiguousarray(codes[cycles].T)
    return found


def _scale(fmt: Format) -> ScalarFormat:
    assert fmt.scale_format is not None
    return scalar(fmt.scale_format)


def _checked(fmt: ScalarFormat, codes: NDArray[Any], where: str) -> Codes:
    try:
        return fmt.bit_patterns(codes)
    except HwdseError as error:
        raise HwdseError(f"{where}: {error}") from None

"""Operands for energy: what a unit computes on while its switching is counted."""

from __future__ import annotations

import hashlib
import io
import math
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hwdse.cost.block_operands import (
    Run,
    block_start,
    integer_scales,
    normal_blocks,
    quantised,
    stored,
    uniform_blocks,
)
from hwdse.errors import HwdseError
from hwdse.formats import Format
from hwdse.pe import Design, Operand, Unit
from hwdse.pe.converter import Converter
from hwdse.pe.group_serial import SCALE_BITS, GroupSerial
from hwdse.verify.codes import draw_finite, near_one

__all__ = ["DISTRIBUTIONS", "Operands", "operands"]

DISTRIBUTIONS = ("uniform", "normal")
# Products of operands up to here cannot overflow any float accumulator within a dot product; of
# operands with several lanes, there are as many more.
_LARGEST_FLOAT = 256.0


class _Sampler(Protocol):
    def __call__(
        self, operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.int64]: ...


class _BlockSampler(Protocol):
    def __call__(
        self, fmt: Format, side: str, run: Run, rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]: ...


@dataclass(frozen=True)
class Operands:
    """A named operand distribution.

    Attributes:
        name: ``uniform``, ``normal`` or the file's name.
        description: One line for provenance.
        key: What identifies it in the store.
        draw: Codes of one operand; axis 0 is time.
        draw_blocks: Codes of one side of a block format, with its scales and zero points.
    """

    name: str
    description: str
    key: str
    draw: _Sampler
    draw_blocks: _BlockSampler

    def sample(
        self, unit: Design, shape: tuple[int, ...], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Codes of every operand of a unit, by its name; shape ``shape`` and its lanes.

        Those that can be read in several ways are read as ``unit.measured_view`` says.
        """
        codes: dict[str, NDArray[np.int64]] = {}
        inner = unit.unit if isinstance(unit, GroupSerial) else unit
        sides = (("w", inner.w), ("a", inner.a)) if isinstance(inner, Unit) else ()
        for side, fmt in sides:
            if fmt.scale_format is not None:
                assert isinstance(inner, Unit)
                steps, sums = shape
                codes |= self.draw_blocks(fmt, side, Run(steps, sums, inner.lanes), rng)
                if inner is not unit:
                    scales = integer_scales(fmt, codes[f"{side}_scale"], SCALE_BITS)
                    codes[f"{side}_scale"] = scales
        for operand in unit.drawn_operands:
            if operand.selects_view:
                codes[operand.name] = np.full(shape, unit.measured_view, dtype=np.int64)
                continue
            view = operand.view(unit.measured_view) if operand.views else operand
            if operand.name not in codes:
                codes[operand.name] = self.draw(view, (*shape, *view.trailing), rng)
                if self.name == "uniform" and isinstance(unit, Converter):
                    # Else each block would be one number of all orders of magnitude, and zeros.
                    codes[operand.name] = near_one(view.format, codes[operand.name], rng)
            if operand.views:
                codes[operand.name] = operand.packed(unit.measured_view, codes[operand.name])
        return dict(unit.port_codes(codes))


def operands(choice: str) -> Operands:
    """The distribution that ``--operands`` names.

    Args:
        choice: ``uniform`` (finite codes, equally likely; what converters take is within 6 binades
            of 1, where its format reaches much farther), ``normal`` (N(0, 1), scaled per tensor
            so that the greatest magnitude becomes the format's maximum, at most 256 for
            formats with exponents, and rounded), or the path of an ``.npz`` file with an array for
            each operand, such as ``w`` and ``a``, of codes (integer) or values (floating point,
            scaled as ``normal``). Block formats choose their scales themselves, so values are not
            scaled for them; ``uniform`` scales make the largest element about 1. With codes of a
            block format, the file holds those of the scales too, as ``w_scale`` and ``a_scale``.

    Raises:
        HwdseError: Neither a distribution nor a readable file.
    """
    if choice == "uniform":
        return Operands(choice, "finite codes, equally likely", choice, _uniform, uniform_blocks)
    if choice == "normal":
        text = "N(0, 1), scaled per tensor to the format's range, rounded to nearest even"
        return Operands(choice, text, choice, _normal, normal_blocks)
    if choice.endswith(".npz"):
        return _from_file(Path(choice))
    raise HwdseError(
        f"operands {choice!r} is neither one of {', '.join(DISTRIBUTIONS)} nor an .npz file"
    )


def _uniform(
    operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    return draw_finite(operand.format, shape, rng)


def _normal(
    operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
) -> NDArray[np.int64]:
    return _scaled(operand, rng.standard_normal(shape))


def _scaled(operand: Operand, values: NDArray[np.float64]) -> NDArray[np.int64]:
    fmt = operand.format
    largest_float = _LARGEST_FLOAT / math.sqrt(operand.lanes)
    limit = fmt.max if fmt.max_shift == 0 else min(fmt.max, largest_float)
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    return fmt.encode(values * (limit / largest)).astype(np.int64)


def _from_file(path: Path) -> Operands:
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        with zipfile.ZipFile(io.BytesIO(data)):
            pass  # np.load would take a single array, or nothing at all, for an archive
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
    except Exception as error:  # zipfile, zlib, tokenize and NumPy raise many kinds
        raise HwdseError(f"{path}: not a readable .npz file ({error})") from None
    for name in arrays:
        _check_array(path, name, arrays[name])
    arrays = {name: array.reshape(-1) for name, array in arrays.items()}

    def held(name: str) -> NDArray[Any]:
        if name not in arrays:
            raise HwdseError(f"{path}: array {name!r} is missing; give one for every operand")
        found: NDArray[Any] = arrays[name]
        return found

    def draw(
        operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        fmt, side = operand.format, operand.name
        flat = held(side)
        # Runs of neighbours keep the tensor's own correlation from cycle to cycle.
        start = rng.integers(0, flat.size, size=shape[1:])
        step = np.arange(shape[0]).reshape(-1, *([1] * (len(shape) - 1)))
        index = (start[None] + step) % flat.size
        if flat.dtype.kind in "iu":
            try:
                codes = fmt.bit_patterns(flat)
            except HwdseError as error:
                raise HwdseError(f"{path}: array {side!r}: {error}") from None
        else:
            codes = _scaled(operand, flat.astype(np.float64))
        return np.asarray(codes[index])

    def draw_blocks(
        fmt: Format, side: str, run: Run, rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        flat = held(side)
        start = block_start(fmt, flat.size, run, rng)
        if flat.dtype.kind in "iu":
            return stored(fmt, side, run, start, arrays, str(path))
        index = (start[:, None] + np.arange(run.shape[1])) % flat.size
        values = flat.astype(np.float64)
        ends = (float(values.min()), float(values.max()))
        return quantised(fmt, side, run, values[index], ends)

    return Operands(path.name, f"tensors of {path.name}", digest, draw, draw_blocks)


def _check_array(path: Path, name: str, array: NDArray[Any]) -> None:
    if array.size == 0:
        raise HwdseError(f"{path}: array {name!r} is empty")
    if array.dtype.kind not in "iuf":
        raise HwdseError(f"{path}: array {name!r} must hold numbers, not {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise HwdseError(f"{path}: array {name!r} holds NaN or infinity; remove them")

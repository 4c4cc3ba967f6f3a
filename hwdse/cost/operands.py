"""Operands for energy: what a unit computes on while its switching is counted."""

from __future__ import annotations

import hashlib
import io
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.formats import ScalarFormat
from hwdse.pe import Operand, Unit
from hwdse.verify.codes import draw_finite

__all__ = ["DISTRIBUTIONS", "Operands", "operands"]

DISTRIBUTIONS = ("uniform", "normal")
# Products of operands up to here cannot overflow any float accumulator within a dot product.
_LARGEST_FLOAT = 256.0


class _Sampler(Protocol):
    def __call__(
        self, operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.int64]: ...


@dataclass(frozen=True)
class Operands:
    """A named operand distribution.

    Attributes:
        name: ``uniform``, ``normal`` or the file's name.
        description: One line for provenance.
        key: What identifies it in the store.
        draw: Codes of one operand; axis 0 is time.
    """

    name: str
    description: str
    key: str
    draw: _Sampler

    def sample(
        self, unit: Unit, shape: tuple[int, ...], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Codes of every operand of a unit, by its name; shape ``shape`` and its lanes."""
        return {o.name: self.draw(o, (*shape, *o.trailing), rng) for o in unit.operands}


def operands(choice: str) -> Operands:
    """The distribution that ``--operands`` names.

    Args:
        choice: ``uniform`` (finite codes, equally likely), ``normal`` (N(0, 1), scaled per tensor
            so that the greatest magnitude becomes the format's maximum, at most 256 for
            formats with exponents, and rounded), or the path of an ``.npz`` file with arrays ``w``
            and ``a`` of codes (integer) or values (floating point, scaled as ``normal``).

    Raises:
        HwdseError: Neither a distribution nor a readable file.
    """
    if choice == "uniform":
        return Operands(choice, "finite codes, equally likely", choice, _uniform)
    if choice == "normal":
        text = "N(0, 1), scaled per tensor to the format's range, rounded to nearest even"
        return Operands(choice, text, choice, _normal)
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
    return _scaled(operand.format, rng.standard_normal(shape))


def _scaled(fmt: ScalarFormat, values: NDArray[np.float64]) -> NDArray[np.int64]:
    limit = fmt.max if fmt.max_shift == 0 else min(fmt.max, _LARGEST_FLOAT)
    largest = float(np.abs(values).max(initial=0.0)) or 1.0
    return fmt.encode(values * (limit / largest)).astype(np.int64)


def _from_file(path: Path) -> Operands:
    try:
        data = path.read_bytes()
        digest = hashlib.sha256(data).hexdigest()
        with zipfile.ZipFile(io.BytesIO(data)):
            pass  # np.load would take a single array, or nothing at all, for an archive
        with np.load(io.BytesIO(data), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in ("w", "a") if name in archive}
    except Exception as error:  # zipfile, zlib, tokenize and NumPy raise many kinds
        raise HwdseError(f"{path}: not a readable .npz file ({error})") from None
    for name in ("w", "a"):
        if name not in arrays:
            raise HwdseError(f"{path}: array {name!r} is missing; give arrays 'w' and 'a'")
        _check_array(path, name, arrays[name])

    def draw(
        operand: Operand, shape: tuple[int, ...], rng: np.random.Generator
    ) -> NDArray[np.int64]:
        fmt, side = operand.format, operand.name
        flat = arrays[side].reshape(-1)
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
            codes = _scaled(fmt, flat.astype(np.float64))
        return np.asarray(codes[index])

    return Operands(path.name, f"tensors of {path.name}", digest, draw)


def _check_array(path: Path, name: str, array: NDArray[Any]) -> None:
    if array.size == 0:
        raise HwdseError(f"{path}: array {name!r} is empty")
    if array.dtype.kind not in "iuf":
        raise HwdseError(f"{path}: array {name!r} must hold numbers, not {array.dtype}")
    if array.dtype.kind == "f" and not np.isfinite(array).all():
        raise HwdseError(f"{path}: array {name!r} holds NaN or infinity; remove them")

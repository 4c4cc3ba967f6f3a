"""`hwdse quantize`."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from hwdse import formats
from hwdse.cli.output import note, print_json, print_table, progress
from hwdse.errors import HwdseError
from hwdse.formats import Job, quantize_stream

__all__ = ["quantize_file"]

# How .npz files begin.
_ARCHIVE = b"PK\x03\x04"
# Below this a progress bar would be gone before it is seen.
_SHOW_PROGRESS_VALUES = 1 << 24


def quantize_file(source: Path, output: Path, job: Job, *, codes: bool, json: bool) -> None:
    """Quantise a .npy file, which is never read as a whole."""
    x = _open(source)
    with _Outputs(output) as outputs:
        with _bar(x.size) as step:
            meter = quantize_stream(job, x, outputs.make, codes=codes, step=step)
        outputs.commit()
    for path in outputs.extra:
        note(f"also wrote {path}")
    report(meter, job, x, json=json)


def report(meter: formats.SqnrMeter, job: Job, x: npt.NDArray[Any], *, json: bool) -> None:
    """Print the ratio, in all and per channel."""
    total = meter.total_db()
    channels = [] if job.channel_axis is None else meter.channel_db().tolist()
    if json:
        document: dict[str, Any] = {
            "format": job.format.name,
            "values": int(x.size),
            "bits_per_value": _number(job.format.bits_per_value),
            "sqnr_db": _number(total),
        }
        if job.channel_axis is not None:
            document["channel_sqnr_db"] = [_number(db) for db in channels]
        print_json(document)
        return
    print_table(
        ["format", "values", "bits_per_value", "sqnr_db"],
        [[job.format.name, int(x.size), job.format.bits_per_value, total]],
    )
    if channels:
        print_table(["channel", "sqnr_db"], [[i, db] for i, db in enumerate(channels)])


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _open(source: Path) -> npt.NDArray[Any]:
    try:
        with source.open("rb") as stream:
            archive = stream.read(len(_ARCHIVE)) == _ARCHIVE
        if not archive:
            return np.lib.format.open_memmap(source, mode="r")
    except Exception as error:  # tokenize and NumPy raise many kinds
        raise HwdseError(f"cannot read {str(source)!r} as .npy: {error}") from None
    raise HwdseError(f"{source}: an archive holds several arrays; give a .npy file with one")


@contextmanager
def _bar(values: int) -> Iterator[Any]:
    if values < _SHOW_PROGRESS_VALUES:
        yield lambda done: None
        return
    pieces = -(-values // formats.SLAB_VALUES)
    with progress(pieces) as advance:
        yield lambda done: advance("")


class _Outputs:
    """Files beside their places, which take them all at the end, or none."""

    def __init__(self, output: Path) -> None:
        if not output.name:
            raise HwdseError(f"cannot write {str(output)!r}: it names no file")
        self._output = output
        self._paths: dict[str, Path] = {}

    def __enter__(self) -> _Outputs:
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._paths.values():
            with suppress(OSError):
                _beside(path).unlink()

    @property
    def extra(self) -> list[Path]:
        """What was written besides the output itself."""
        return [path for path in self._paths.values() if path != self._output]

    def make(self, role: str, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """A place for an array; ``values`` and ``codes`` are the output, others lie beside it."""
        path = self._output
        if role not in ("values", "codes"):
            path = path.with_name(f"{path.stem}.{role}{path.suffix}")
        self._paths[role] = path
        try:
            made = np.lib.format.open_memmap(_beside(path), mode="w+", dtype=dtype, shape=shape)
        except OSError as error:
            raise _refusal(path, error) from None
        return made

    def commit(self) -> None:
        """Move all files to their places."""
        for path in self._paths.values():
            try:
                _beside(path).replace(path)
            except OSError as error:
                raise _refusal(path, error) from None


def _beside(path: Path) -> Path:
    return path.with_name(path.name + ".part")


def _refusal(path: Path, error: OSError) -> HwdseError:
    return HwdseError(f"cannot write {str(path)!r}: {error.strerror or error}")

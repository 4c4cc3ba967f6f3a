"""The crossovers of :mod:`hwdse.theory.qsnr` found by quantising Gaussian blocks.

The crest factor of a block is its largest magnitude over its own root mean square, and its noise is
counted relative to its own energy, as arXiv 2510.25602 defines both (equations 10 and 11).

Blocks of every crest factor are had by fixing the largest magnitude, in units of the deviation, and
drawing the other values from the Gaussian cut off there: that is the law of a Gaussian block given
its largest magnitude. A Gaussian block's direction and length are independent, so how the largest
magnitudes are spread does not matter among blocks of one crest factor.

Each block is then scaled so that its largest magnitude has a uniformly distributed logarithm within
one binade: on its place there depends the ratio ``rho`` of the stored scale to the ideal one, and
the deviation of real data may fall anywhere.

A block of ``g`` values has a crest factor of at most ``sqrt(g)``: in blocks of 32, 5.66. The
published crossover of the 8-bit pair, at 7.55, is beyond; there the integers stay ahead throughout.
The closed forms do not depend on the block's size with power-of-two scales, so this one pair is
measured with the same formats in blocks of 256.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from hwdse import formats
from hwdse.errors import HwdseError
from hwdse.formats.block import MAX_BLOCK, BlockFormat
from hwdse.theory.qsnr import Crossover, Pair, pair_of

__all__ = ["Curve", "Experiment", "gaussian_blocks", "run_experiment"]

_Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class _Setup:
    """How a pair is measured.

    Members:
        integer, minifloat: Names of the formats, with a place for the suffix of the block's size.
        own_block: The block's size that needs no suffix.
        block: Values per block.
        crest_factors: The least and the greatest to cover.
    """

    integer: str
    minifloat: str
    own_block: int
    block: int
    crest_factors: tuple[float, float]


# Scales rounded up, integers symmetric: section 3.2 of the paper.
_SETUPS = {
    "MX8": _Setup(
        integer="mxint8_sym{}_ceil",
        minifloat="mxfp8_e4m3{}_ceil",
        own_block=32,
        block=256,
        crest_factors=(5.0, 12.0),
    ),
    "MX6": _Setup(
        integer="mxint6_sym{}_ceil",
        minifloat="mxfp6_e2m3{}_ceil",
        own_block=32,
        block=32,
        crest_factors=(1.6, 4.0),
    ),
    "MX4": _Setup(
        integer="mxint4_sym{}_ceil",
        minifloat="mxfp4{}_ceil",
        own_block=32,
        block=32,
        crest_factors=(1.6, 4.0),
    ),
    "NV4": _Setup(
        integer="nvint4{}",
        minifloat="nvfp4{}",
        own_block=16,
        block=16,
        crest_factors=(1.6, 3.6),
    ),
}

# About 3 % of crest factor per bin: a quarter of a decibel of the integers.
_BINS_PER_E = 32
_LEAST_BLOCKS_PER_BIN = 50
_LEAST_PEAK = 0.5
_MAX_VALUES = 1 << 28


@dataclass(frozen=True, kw_only=True, eq=False)
class Curve:
    """What was measured, one value per bin of crest factors.

    Members:
        crest_factor: Geometric mean of those in the bin.
        integer_db, minifloat_db: Signal to quantisation noise ratio of either format.
        blocks: Blocks in the bin.
    """

    crest_factor: _Floats
    integer_db: _Floats
    minifloat_db: _Floats
    blocks: npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class Experiment:
    """One pair's measured crossover, and what explains it.

    Members:
        pair: The closed forms, and the published crossover.
        block: Values per block in the experiment.
        curve: The measurements.
        crossover: Where they cross; None if the integers stay ahead, or behind, throughout.
        rho_measured: Root mean square, over blocks and both formats, of the stored scale over the
            ideal one; its square is what the closed forms multiply noise by.
    """

    pair: Pair
    block: int
    curve: Curve
    crossover: Crossover | None
    rho_measured: float

    @property
    def closed_form(self) -> Crossover:
        """The closed forms' crossover at the measured ``rho``."""
        return self.pair.replace(rho=self.rho_measured).crossover()

    @property
    def refined_form(self) -> Crossover:
        """The same without the closed forms' two approximations: see ``refined`` there."""
        return self.pair.replace(rho=self.rho_measured, refined=True).crossover()

    @property
    def rho_explaining(self) -> float | None:
        """The ``rho`` at which the closed forms cross at the measured crest factor.

        A single number that stands for all differences, whatever their cause; None without a
        measured crossover.
        """
        if self.crossover is None:
            return None
        kappa = self.crossover.crest_factor
        low, high = 0.1, 10.0
        # A greater rho costs the integers more: they are ahead at the low end only.
        while low < (middle := (low + high) / 2) < high:
            pair = self.pair.replace(rho=middle)
            if pair.integer.db(kappa) > pair.minifloat.db(kappa):
                low = middle
            else:
                high = middle
        return low


def run_experiment(
    name: str,
    *,
    block: int | None = None,
    crest_factors: tuple[float, float] | None = None,
    values: int = 1 << 22,
    seed: int = 0,
) -> Experiment:
    """Quantise Gaussian blocks in a pair of formats and find where they are equally good.

    Args:
        name: ``MX8``, ``MX6``, ``MX4`` or ``NV4``.
        block: Values per block, 2 to 65536; by default the paper's 32 (MX) or 16 (NV), but 256
            for MX8.
        crest_factors: The least and the greatest to cover, between 1 and ``sqrt(block)``; by
            default those around the crossover.
        values: How many to draw, about; up to 2**28.
        seed: Of the random numbers, 0 or more.

    Raises:
        HwdseError: If there is no such pair, an argument is out of range, or there are too few
            values to tell anything.
    """
    pair = pair_of(name)
    setup = _SETUPS[name]
    size = setup.block if block is None else block
    low, high = setup.crest_factors if crest_factors is None else crest_factors
    if not 2 <= size <= MAX_BLOCK:
        raise HwdseError(f"block must be 2 to {MAX_BLOCK}, not {block!r}")
    if not 1 < low < high < math.sqrt(size):
        raise HwdseError(
            f"crest factors of blocks of {size} are 1 to {math.sqrt(size):.4g}, the least one "
            f"first, not {(low, high)!r}"
        )
    if not 1 <= values <= _MAX_VALUES:
        raise HwdseError(f"values must be 1 to {_MAX_VALUES}, not {values!r}")
    if seed < 0:
        raise HwdseError(f"seed must be 0 or more, not {seed!r}")
    suffix = "" if size == setup.own_block else f"_b{size}"
    integer = _block_format(setup.integer.format(suffix))
    minifloat = _block_format(setup.minifloat.format(suffix))
    rng = np.random.default_rng(seed)
    blocks, crest, bins = _binned_blocks(values // size, size, low, high, rng)
    if bins.size == 0:
        raise HwdseError(
            f"{values} values are too few to fill a bin of crest factors; give more values"
        )
    noise_i, rho_i = _relative_noise(integer, blocks)
    noise_f, rho_f = _relative_noise(minifloat, blocks)
    count = np.bincount(bins)
    curve = Curve(
        crest_factor=np.exp(np.bincount(bins, np.log(crest)) / count),
        integer_db=-10 * np.log10(np.bincount(bins, noise_i) / count),
        minifloat_db=-10 * np.log10(np.bincount(bins, noise_f) / count),
        blocks=count,
    )
    return Experiment(
        pair=pair,
        block=size,
        curve=curve,
        crossover=_crossing(curve),
        rho_measured=math.sqrt(float(np.mean(np.square([rho_i, rho_f])))),
    )


def gaussian_blocks(peaks: npt.ArrayLike, block: int, rng: np.random.Generator) -> _Floats:
    """Gaussian blocks of unit deviation given the largest magnitude of each.

    Args:
        peaks: The largest magnitudes, above 0, of shape (blocks,). One value of each block, in
            any place, has exactly this magnitude, the others less.
        block: Values per block.
        rng: Where they are drawn from.

    Returns:
        Shape (blocks, block).

    Raises:
        HwdseError: If a magnitude is not a finite number of at least 0.01.
    """
    peak = np.asarray(peaks, dtype=np.float64)
    if not (np.isfinite(peak) & (peak >= 0.01)).all():
        # Below, nearly all that is drawn would be thrown away.
        raise HwdseError("peaks must be finite numbers of at least 0.01")
    x = rng.standard_normal((peak.size, block))
    limit = np.broadcast_to(peak[:, None], x.shape)
    redraw = np.flatnonzero(np.abs(x) >= limit)
    flat, limits = x.reshape(-1), limit.reshape(-1)
    while redraw.size:
        flat[redraw] = rng.standard_normal(redraw.size)
        redraw = redraw[np.abs(flat[redraw]) >= limits[redraw]]
    rows = np.arange(peak.size)
    x[rows, rng.integers(0, block, peak.size)] = peak * rng.choice((-1.0, 1.0), peak.size)
    return x


def _binned_blocks(
    count: int, size: int, low: float, high: float, rng: np.random.Generator
) -> tuple[_Floats, _Floats, npt.NDArray[np.int64]]:
    """Blocks with crest factors from ``low`` to ``high``, those factors, and bins from 0 up."""
    # The largest value of a block with crest factor k, in units of the others' deviation.
    reach = high * math.sqrt((size - 1) / (size - high**2))
    # The least crest factors are those of values so cut off that they are nearly uniform.
    least = min(_LEAST_PEAK * low, reach)
    peaks = np.exp(rng.uniform(math.log(least), math.log(reach), count))
    x = gaussian_blocks(peaks, size, rng)
    crest = peaks / np.sqrt(np.mean(np.square(x), axis=1))
    edges = np.geomspace(low, high, max(2, round(_BINS_PER_E * math.log(high / low))) + 1)
    bins = np.searchsorted(edges, crest, side="right") - 1
    inside = (crest >= low) & (crest < high)
    enough = np.bincount(bins[inside], minlength=edges.size) >= _LEAST_BLOCKS_PER_BIN
    keep = np.flatnonzero(inside & enough[np.where(inside, bins, 0)])
    # Blocks of a bin side by side, in the order they were drawn, which tells nothing about them.
    keep = keep[np.argsort(bins[keep], kind="stable")]
    _, bins, counts = np.unique(bins[keep], return_inverse=True, return_counts=True)
    # One phase from each of as many equal parts of the binade as there are blocks in the bin.
    rank = np.arange(keep.size) - np.repeat(np.cumsum(counts) - counts, counts)
    phase = (rank + rng.random(keep.size)) / np.repeat(counts, counts)
    scaled = x[keep] * (np.exp2(phase) / peaks[keep])[:, None]
    return scaled, crest[keep], bins


def _relative_noise(fmt: BlockFormat, blocks: _Floats) -> tuple[_Floats, _Floats]:
    """Of each block: energy of the error over the block's, and ``rho``."""
    codes = fmt.encode(blocks)
    error = fmt.decode(codes) - blocks
    scale = fmt.scale.decode(codes.scales)[:, 0] * codes.tensor_scale
    rho = scale * fmt.element.max / np.abs(blocks).max(axis=1)
    return np.square(error).sum(axis=1) / np.square(blocks).sum(axis=1), rho


def _block_format(name: str) -> BlockFormat:
    fmt = formats.get(name)
    assert isinstance(fmt, BlockFormat)
    return fmt


def _crossing(curve: Curve) -> Crossover | None:
    """Where the integers first fall behind, by linear interpolation between bins."""
    lead = curve.integer_db - curve.minifloat_db
    falls = np.flatnonzero((lead[:-1] > 0) & (lead[1:] <= 0))
    if falls.size == 0:
        return None
    i = int(falls[0])
    part = float(lead[i] / (lead[i] - lead[i + 1]))
    log_crest = np.log(curve.crest_factor[i : i + 2])
    return Crossover(
        math.exp(float(log_crest[0] + part * (log_crest[1] - log_crest[0]))),
        float(curve.integer_db[i] + part * (curve.integer_db[i + 1] - curve.integer_db[i])),
    )

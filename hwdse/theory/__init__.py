"""What theory says about number formats, as functions to compare with what is measured.

Closed forms of the noise of integer and floating-point blocks, and the experiment that checks them
on this package's own formats; the error of multipliers that add; a scaling law for the formats that
language models are trained in.
"""

from hwdse.theory.lmul_error import (
    AddingMultiplier,
    RelativeError,
    offset_exponent,
    product,
    relative_error,
)
from hwdse.theory.qsnr import (
    PAIRS,
    Crossover,
    FloatQsnr,
    IntegerQsnr,
    Pair,
    QsnrModel,
    crossover,
    pair_of,
)
from hwdse.theory.qsnr_experiment import Curve, Experiment, gaussian_blocks, run_experiment
from hwdse.theory.scaling_law import FLOAT_TRAINING, FloatSplit, ScalingLaw

__all__ = [
    "FLOAT_TRAINING",
    "PAIRS",
    "AddingMultiplier",
    "Crossover",
    "Curve",
    "Experiment",
    "FloatQsnr",
    "FloatSplit",
    "IntegerQsnr",
    "Pair",
    "QsnrModel",
    "RelativeError",
    "ScalingLaw",
    "crossover",
    "gaussian_blocks",
    "offset_exponent",
    "pair_of",
    "product",
    "relative_error",
    "run_experiment",
]

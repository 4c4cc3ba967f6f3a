"""How the loss of a language model depends on the float format it was trained in.

The law of arXiv 2501.02423 ("Scaling Laws for Floating-Point Quantization Training"), equation 18:

``L = n / N**alpha + d / D**beta + epsilon
+ D**beta / N**alpha * log2(B) / (gamma * (E + 0.5)**delta * (M + 0.5)**nu)``

for N parameters, D training tokens, E exponent and M mantissa bits, and B values per scale. It was
fitted to models of 41 M to 679 M parameters, and held by its authors against some of up to 70 B;
the further from there, the less it is worth. Formulas and constants were checked against the
paper's text, and give its best formats of 2 to 16 bits and its critical data sizes (B = 128).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Integral

from hwdse.errors import HwdseError

__all__ = ["FLOAT_TRAINING", "FloatSplit", "ScalingLaw"]

_MAX_BITS = 64


@dataclass(frozen=True, kw_only=True)
class FloatSplit:
    """Bits of a signed float format, whole or fractional.

    Members:
        exponent_bits, mantissa_bits: 0 or more; the sign is one more bit.
    """

    exponent_bits: float
    mantissa_bits: float


@dataclass(frozen=True, kw_only=True)
class ScalingLaw:
    """The law with its fitted constants; see :data:`FLOAT_TRAINING`.

    Args:
        n, alpha: Scale and exponent of the model's size.
        d, beta: Scale and exponent of the data's size.
        epsilon: The loss that neither removes.
        gamma, delta, nu: Scale of the penalty of low precision, and its exponents of exponent and
            mantissa bits.

    Raises:
        HwdseError: If a constant is not a finite number above 0.
    """

    n: float
    alpha: float
    d: float
    beta: float
    epsilon: float
    gamma: float
    delta: float
    nu: float

    def __post_init__(self) -> None:
        for name in ("n", "alpha", "d", "beta", "epsilon", "gamma", "delta", "nu"):
            _check_positive(name, getattr(self, name))

    def loss(
        self,
        *,
        parameters: float,
        tokens: float,
        exponent_bits: float,
        mantissa_bits: float,
        block: float,
    ) -> float:
        """The validation loss.

        Args:
            parameters: N, above 0.
            tokens: D, above 0.
            exponent_bits: E, 0 or more.
            mantissa_bits: M, 0 or more.
            block: B, values that share a scale, 1 or more; at 1 there is no penalty.

        Raises:
            HwdseError: If an argument is out of range.
        """
        _check_positive("tokens", tokens)
        sensitivity = self._penalty_per_data(parameters, exponent_bits, mantissa_bits, block)
        data = tokens**self.beta
        base = self.n / parameters**self.alpha + self.epsilon
        return float(base + self.d / data + data * sensitivity)

    def critical_tokens(
        self, *, parameters: float, exponent_bits: float, mantissa_bits: float, block: float
    ) -> float:
        """The tokens from which on more of them raise the loss (equation 21).

        Args:
            parameters, exponent_bits, mantissa_bits, block: As for :meth:`loss`.

        Returns:
            Infinity for a block of 1.

        Raises:
            HwdseError: If an argument is out of range.
        """
        sensitivity = self._penalty_per_data(parameters, exponent_bits, mantissa_bits, block)
        if sensitivity == 0:
            return math.inf
        return float((self.d / sensitivity) ** (1 / (2 * self.beta)))

    def best_split(self, bits: int) -> FloatSplit:
        """The split of a format's bits that loses least, in fractions of bits (equation 19).

        It depends on nothing else. With few bits, a part of it may be below 0.

        Args:
            bits: Sign, exponent and mantissa, 1 to 64.

        Raises:
            HwdseError: If bits are out of range.
        """
        _check_bits(bits)
        share = bits / (self.delta + self.nu)
        return FloatSplit(
            exponent_bits=self.delta * share - 0.5, mantissa_bits=self.nu * share - 0.5
        )

    def best_format(self, bits: int) -> FloatSplit:
        """The split into whole bits that loses least.

        Args:
            bits: As for :meth:`best_split`.

        Raises:
            HwdseError: If bits are out of range.
        """
        _check_bits(bits)
        # Where two are as good, the one with more exponent bits comes first.
        splits = (
            FloatSplit(exponent_bits=e, mantissa_bits=bits - 1 - e) for e in reversed(range(bits))
        )
        return max(splits, key=lambda s: self._precision(s.exponent_bits, s.mantissa_bits))

    def _precision(self, exponent_bits: float, mantissa_bits: float) -> float:
        for name, value in (("exponent_bits", exponent_bits), ("mantissa_bits", mantissa_bits)):
            if not 0 <= value <= _MAX_BITS:
                raise HwdseError(f"{name} must be 0 to {_MAX_BITS}, not {value!r}")
        return float((exponent_bits + 0.5) ** self.delta * (mantissa_bits + 0.5) ** self.nu)

    def _penalty_per_data(
        self, parameters: float, exponent_bits: float, mantissa_bits: float, block: float
    ) -> float:
        """The penalty's factor before ``D**beta``."""
        _check_positive("parameters", parameters)
        if not (math.isfinite(block) and block >= 1):
            raise HwdseError(f"block must be a finite number of 1 or more, not {block!r}")
        precision = self._precision(exponent_bits, mantissa_bits)
        return float(math.log2(block) / (parameters**self.alpha * self.gamma * precision))


def _check_positive(name: str, value: float) -> None:
    if not (math.isfinite(value) and value > 0):
        raise HwdseError(f"{name} must be a finite number above 0, not {value!r}")


def _check_bits(bits: int) -> None:
    if not (isinstance(bits, Integral) and 1 <= bits <= _MAX_BITS):
        raise HwdseError(f"bits must be an integer of 1 to {_MAX_BITS}, not {bits!r}")


FLOAT_TRAINING = ScalingLaw(
    n=69.2343,
    alpha=0.2368,
    d=68973.0621,
    beta=0.5162,
    epsilon=1.9061,
    gamma=11334.5197,
    delta=3.1926,
    nu=2.9543,
)
"""The constants of arXiv 2501.02423, table 2."""

"""What every design has in common: ports, handshake, time, and a reference.

The house handshake: an element is taken at each rising edge of ``clk`` at which ``in_valid`` is
high; there is no back-pressure. Elements come at least ``initiation_interval`` cycles apart, and
where that is more than 1, operands stay as they are for so many cycles; ``in_valid`` is high in the
first of them alone, and ``clear`` is read there. ``out_valid`` is high, ``latency`` cycles after an
element was taken, where it completed a result (most designs: always). The results stay until the
next ones where ``holds``; else they are defined in that cycle alone. ``clear`` marks an element
that everything before is forgotten with, as the first of a sum. ``rst`` (synchronous) resets only
the bits that say what is on its way; results are defined from the first ``clear``, or element.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import HwdseError
from hwdse.pe.ports import Operand, Port, Result

__all__ = ["Codes", "Design", "clear_schedule"]

# Codes of every operand, by its name.
Codes = Mapping[str, NDArray[np.int64]]


@dataclass(frozen=True)
class Design:
    """Base of everything that has RTL and a reference: units, converters, arrays.

    A kind of design adds ``family``, ``key_values``, ``operands``, ``results``, ``latency`` and
    ``run``.
    """

    family: ClassVar[str]
    # Whether there is a port ``clear``.
    clears: ClassVar[bool] = True
    # What stands in the way of hardware; "" where there is none.
    no_rtl: ClassVar[str] = ""

    @property
    def key_values(self) -> dict[str, str]:
        """Keys of the canonical form, in order."""
        raise NotImplementedError

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Data inputs, in the order of the ports."""
        raise NotImplementedError

    @property
    def drawn_operands(self) -> tuple[Operand, ...]:
        """What typical values are drawn for: the operands, where their codes are the values."""
        return self.operands

    def port_codes(self, codes: Codes) -> Codes:
        """Codes of the operands from those of the drawn ones."""
        return codes

    def focused(
        self, codes: dict[str, NDArray[np.int64]], rng: np.random.Generator
    ) -> dict[str, NDArray[np.int64]]:
        """Codes that checks drew, some of them moved to where results change; by default none.

        Args:
            codes: As :meth:`run` takes them.
            rng: Chooses.
        """
        return codes

    @property
    def results(self) -> tuple[Result, ...]:
        """Data outputs, in the order of the ports."""
        raise NotImplementedError

    @property
    def latency(self) -> int:
        """Cycles from taking an element to its result."""
        raise NotImplementedError

    def run(self, codes: Codes, clear: NDArray[np.bool_]) -> dict[str, NDArray[Any]]:
        """Every result after each element: the bit-exact model of the hardware.

        Args:
            codes: Of every operand, shape (steps, ...) and the operand's lanes.
            clear: Shape (steps,).

        Returns:
            By name, shape (steps, ...) and the result's lanes. Where an element completes nothing
            (see :meth:`completes`), what the result was before, or anything.
        """
        raise NotImplementedError

    @property
    def initiation_interval(self) -> int:
        """Cycles from taking an element to when the next can be taken."""
        return 1

    @property
    def holds(self) -> bool:
        """Whether results stay until the next ones."""
        return self.initiation_interval == 1

    def completes(self, clear: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which elements complete a result, shape (steps,).

        Args:
            clear: Shape (steps,); its first element is True.
        """
        return np.ones(clear.shape, dtype=np.bool_)

    @property
    def elements_per_result(self) -> int:
        """Elements from a ``clear`` on, at least, until a result is complete.

        Checks make sums of several times as many, and energy is measured over a multiple of them.
        """
        return 1

    @property
    def enumerable(self) -> bool:
        """Whether elements that are each the first of a sum show all that operands can do.

        Not where results take several elements, or come of a state that only other elements change.
        """
        return self.elements_per_result == 1

    @property
    def macs_per_element(self) -> int:
        """Multiply-accumulates of one element; 0 where a design does none."""
        return 0

    @property
    def values_per_element(self) -> int:
        """Values that one element converts; 0 where a design converts none."""
        return 0

    @property
    def macs_per_cycle(self) -> int | float:
        """Multiply-accumulates a cycle, elements following as closely as they can."""
        return _number(Fraction(self.macs_per_element, self.initiation_interval))

    @property
    def values_per_cycle(self) -> int | float:
        """Values converted a cycle, elements following as closely as they can."""
        return _number(Fraction(self.values_per_element, self.initiation_interval))

    @property
    def measured_view(self) -> int:
        """Number of the view that operands are read in while energy is measured."""
        return 0

    @property
    def design(self) -> Design:
        """The design by which its hardware goes, where some differ in ``measured_view`` alone."""
        return self

    @property
    def canonical(self) -> str:
        """The spec with every key spelt out: the design's one name."""
        return f"{self.family}:" + ",".join(f"{k}={v}" for k, v in self.key_values.items())

    @property
    def module_name(self) -> str:
        """The Verilog module's and the files' name, in ``[a-z0-9_]``."""
        return self.family + "".join(f"_{k}_{v}" for k, v in self.key_values.items())

    @property
    def ports(self) -> tuple[Port, ...]:
        """Ports of the exported module besides ``clk`` and ``rst``, with what their bits mean."""
        clear = [Port("clear", "input", 1, "the element starts a new sum")] if self.clears else []
        return (
            Port("in_valid", "input", 1, "an element is present"),
            *clear,
            *(operand.port for operand in self.operands),
            Port("out_valid", "output", 1, "a result is complete"),
            *(result.port for result in self.results),
        )

    def outputs(self, codes: Mapping[str, Any], clear: Any = None) -> dict[str, NDArray[Any]]:
        """Every result after each element, as :meth:`run` gives it, of codes that are checked.

        Args:
            codes: Integer code words of every operand, by its name: axis 0 is time, the last one
                the lanes of operands that have several, and the rest are independent copies.
            clear: None, one flag, or shape (steps,): True where everything before is forgotten; by
                default at the first step only.

        Raises:
            HwdseError: Codes out of range, or shapes that do not go together.
        """
        if set(codes) != {operand.name for operand in self.operands}:
            names = ", ".join(operand.name for operand in self.operands)
            raise HwdseError(f"{self.canonical}: give codes of {names}, not of {', '.join(codes)}")
        checked = _aligned(
            self, {o.name: o.format.bit_patterns(codes[o.name]) for o in self.operands}
        )
        steps = len(next(iter(checked.values())))
        return self.run(checked, clear_schedule(clear, steps))


def clear_schedule(clear: Any, steps: int) -> NDArray[np.bool_]:
    """The elements at which a new sum starts, shape (steps,); by default only the first.

    Args:
        clear: None, one flag for all elements, or one for each.
        steps: Number of elements.

    Raises:
        HwdseError: Another shape.
    """
    if clear is None:
        schedule = np.zeros(steps, dtype=np.bool_)
        schedule[:1] = True
        return schedule
    flags = np.asarray(clear, dtype=np.bool_)
    if flags.shape not in ((), (1,), (steps,)):
        raise HwdseError(f"clear must have shape ({steps},), not {flags.shape}")
    return np.broadcast_to(flags, (steps,))


def _number(value: Fraction) -> int | float:
    return int(value) if value.denominator == 1 else float(value)


def _aligned(design: Design, codes: dict[str, NDArray[np.int64]]) -> dict[str, NDArray[np.int64]]:
    """Codes of every operand, broadcast to one shape but for the lanes."""
    outer = {}
    for operand in design.operands:
        shape = codes[operand.name].shape
        lanes = operand.trailing
        if len(shape) <= len(lanes) or shape[len(shape) - len(lanes) :] != lanes:
            trailing = ", ..., lanes" if lanes else ", ..."
            raise HwdseError(
                f"{design.canonical}: operand codes must have shape (steps{trailing}); those of "
                f"{operand.name} have {shape}"
            )
        outer[operand.name] = shape[: len(shape) - len(lanes)]
    try:
        common = np.broadcast_shapes(*outer.values())
    except ValueError:
        shapes = ", ".join(f"{name} {codes[name].shape}" for name in outer)
        raise HwdseError(
            f"{design.canonical}: codes of shapes {shapes} do not go together"
        ) from None
    return {
        operand.name: np.broadcast_to(codes[operand.name], common + operand.trailing)
        for operand in design.operands
    }

"""Block quantisers: the largest magnitude, the scale that follows from it, and the elements."""

from __future__ import annotations

from collections.abc import Sequence

from amaranth import Cat, Const, Module, Mux, Signal, Value
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import IntegerFormat, Minifloat, NanPolicy, Overflow
from hwdse.pe.converters.quantise import Quantise
from hwdse.pe.converters.thresholds import Digest, ElementSteps, ScaleSteps, digest
from rtl.converter import function_members
from rtl.parts.bits import leading_zeros, register
from rtl.parts.encoder import CodeOf
from rtl.parts.minifloat import Unpack
from rtl.parts.rounder import Rounder, grid_of

__all__ = ["BlockQuantiser"]


class BlockQuantiser(wiring.Component):
    """A block's elements and scale; with stage ``scale``, registers behind the scale."""

    def __init__(self, design: Quantise) -> None:
        self.design = design
        super().__init__(function_members(design))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        bits = design.source.bits
        words: list[Value] = [self.x[i * bits : (i + 1) * bits] for i in range(design.block)]
        m.submodules.scale = scale = _Scale(design)
        m.d.comb += scale.x.eq(self.x)
        code, bad = scale.code, scale.bad
        if "scale" in design.registers:
            words = [register(m, f"scale_x_{i}", word) for i, word in enumerate(words)]
            code, bad = register(m, "scale_code", code), register(m, "scale_bad", bad)
        if design.divides:
            lanes: Sequence[wiring.Component] = [_Divided(design) for _ in words]
            factor = code
        else:
            found = design.element_steps
            assert found is not None
            m.submodules.thresholds = table = _Thresholds(design, found)
            m.d.comb += table.scale.eq(code)
            lanes = [_Compared(design, table.digest) for _ in words]
            factor = table.numbers
        codes = []
        for i, (lane, word) in enumerate(zip(lanes, words, strict=True)):
            m.submodules[f"quantise_{i}"] = lane
            m.d.comb += [lane.x.eq(word), lane.factor.eq(factor)]
            codes.append(Mux(bad, 0, lane.y))
        m.d.comb += [
            self.y.eq(Cat(*codes)),
            self.y_scale.eq(Mux(bad, design.nan_code, code)),
        ]
        return m


class _Scale(wiring.Component):
    """The scale's code, and whether the block has none: a NaN or an infinity, or it is too large.

    Members:
        x: ``In``: the block's code words.
        code: ``Out``: of the scale; anything where there is none.
        bad: ``Out(1)``.
    """

    def __init__(self, design: Quantise) -> None:
        self.design = design
        super().__init__(
            {
                "x": In(design.source.bits * design.block),
                "code": Out(design.target.scale.bits),
                "bad": Out(1),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design, steps = self.design, self.design.scale_steps
        bits, mantissa_bits = design.source.bits, design.source.mantissa_bits
        short = Digest(0, False) if steps.normalised else digest(_numbers(steps), mantissa_bits)
        words = [self.x[i * bits : (i + 1) * bits] for i in range(design.block)]
        largest = _largest(m, [_digest(word[:-1], short) for word in words])
        code = _scale_code(m, largest, steps, short, mantissa_bits, design.source.exponent_bits)
        special = Cat(*(_special(word, design.source) for word in words)).any()
        beyond = largest >= short.of(steps.beyond) if steps.beyond is not None else Const(0)
        m.d.comb += [self.code.eq(code), self.bad.eq(special | beyond)]
        return m


def _numbers(steps: ScaleSteps) -> list[int]:
    """The numbers that magnitudes, or their mantissas, are compared with."""
    inside = [step for row in steps.rows for step in row.steps]
    return [*inside, *steps.low, steps.regular, steps.beyond or 0]


def _digest(magnitude: Value, short: Digest) -> Value:
    kept = magnitude[short.cut :]
    return Cat(magnitude[: short.cut].any(), kept) if short.sticky else kept


def _special(word: Value, fmt: Minifloat) -> Value:
    """Whether a code word is a NaN or an infinity."""
    match fmt.nan:
        case NanPolicy.NONE:
            return Const(0, 1)
        case NanPolicy.NEGATIVE_ZERO:
            return word == fmt.nan_code
        case NanPolicy.ALL_ONES:
            return word[:-1].all()
        case NanPolicy.IEEE:
            return word[fmt.mantissa_bits : -1].all()


def _largest(m: Module, numbers: list[Value]) -> Value:
    """The largest of some numbers, by a tree of comparisons."""
    level = 0
    while len(numbers) > 1:
        winners = []
        for i in range(0, len(numbers) - 1, 2):
            one, other = numbers[i : i + 2]
            winner = Signal(len(one), name=f"largest_{level}_{i // 2}")
            m.d.comb += winner.eq(Mux(one > other, one, other))
            winners.append(winner)
        numbers = winners + numbers[len(numbers) // 2 * 2 :]
        level += 1
    return numbers[0]


def _scale_code(
    m: Module,
    largest: Value,
    steps: ScaleSteps,
    short: Digest,
    mantissa_bits: int,
    exponent_bits: int,
) -> Value:
    """The code of :class:`ScaleSteps` of a digested magnitude."""
    mantissa, field = largest[:-exponent_bits], largest[-exponent_bits:]
    if steps.normalised:
        zeros, _ = leading_zeros(m, mantissa, "lead")
        left = Signal(range(mantissa_bits + 1))
        normal, exponent = Signal(mantissa_bits), Signal(range(-mantissa_bits, 1 << exponent_bits))
        m.d.comb += [
            left.eq(Mux(field == 0, zeros + 1, 0)),
            normal.eq(mantissa << left),
            exponent.eq(Mux(field == 0, 1 - left, field)),
        ]
        mantissa, field = normal, exponent
    sums = []
    for row in steps.rows:
        passed = [mantissa >= short.of(step) for step in row.steps]
        sums.append(sum(passed, Const(0, 1)) + row.code)
    reached = Mux(field[0], sums[-1], sums[0]) if len(sums) > 1 else sums[0]
    most = abs(steps.rows[0].code) + (steps.codes_per_binade << (exponent_bits + 1)) + 16
    rows = Signal(range(-most, most))
    code = Signal(range(steps.largest + 1))
    m.d.comb += [
        rows.eq(reached + field * steps.codes_per_binade),
        code.eq(Mux(rows > steps.largest, steps.largest, rows)),
    ]
    with m.If(rows < steps.least):
        m.d.comb += code.eq(steps.least)
    if steps.regular:
        low = sum((largest >= short.of(step) for step in steps.low), Const(0, 1)) + steps.least
        with m.If(largest < short.of(steps.regular)):
            m.d.comb += code.eq(low)
    if steps.normalised:
        with m.If(largest == 0):
            m.d.comb += code.eq(steps.least)
    return code


class _Divided(wiring.Component):
    """An element: a value divided by a power of two, and rounded.

    Members:
        x: ``In``: the value's code word.
        factor: ``In``: the scale's code.
        y: ``Out``: the element's code.
    """

    def __init__(self, design: Quantise) -> None:
        self.design = design
        target = design.target
        super().__init__(
            {
                "x": In(design.source.bits),
                "factor": In(target.scale.bits),
                "y": Out(target.element.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        source, element, scale = design.source, design.target.element, design.target.scale
        assert isinstance(element, Minifloat | IntegerFormat)
        assert isinstance(scale, Minifloat)
        m.submodules.unpack = fields = Unpack(fmt=source)
        grid = grid_of(element)
        # Quotients of subnormals look larger than they are.
        subnormal = source.min_exponent - design.least_scale_exponent
        exponents = (
            source.min_exponent + scale.bias - scale.max_code,
            max(design.largest_exponent, subnormal),
        )
        m.submodules.round = rounder = Rounder(
            grid=grid,
            rounding=design.rounding,
            significand_bits=source.significand_bits,
            exponents=exponents,
            most_left=max(subnormal - grid.min_exponent, 0),
        )
        m.submodules.encode = code = CodeOf(
            target=element,
            rounding=design.rounding,
            overflow=Overflow.SATURATE,
            magnitude_bits=len(rounder.code),
        )
        m.d.comb += [
            fields.code.eq(self.x),
            rounder.sign.eq(fields.sign),
            rounder.zero.eq(fields.zero),
            rounder.significand.eq(fields.significand),
            rounder.exponent.eq(fields.shift - self.factor + (source.min_exponent + scale.bias)),
            code.magnitude.eq(rounder.code),
            code.sign.eq(fields.sign),
            code.zero.eq(fields.zero),
            self.y.eq(code.code),
        ]
        return m


class _Thresholds(wiring.Component):
    """The numbers that magnitudes are compared with, for a scale that is no power of two.

    Attributes:
        digest: Of magnitudes, and of these numbers.

    Members:
        scale: ``In``: the scale's code.
        numbers: ``Out``: one for each magnitude of elements but zero, the least in the low bits.
    """

    def __init__(self, design: Quantise, steps: ElementSteps) -> None:
        self.design = design
        self.steps = steps
        source = design.source
        # A binade more changes the field alone, so mantissas have the bits that decide.
        self.binade = 1 << source.mantissa_bits
        numbers = [number % self.binade for row in steps.rows for number in row]
        self.digest = digest(numbers, source.mantissa_bits)
        self.width = source.bits - 1 - self.digest.cut + self.digest.sticky
        super().__init__(
            {
                "scale": In(design.target.scale.bits),
                "numbers": Out(self.width * design.magnitudes),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        scale = self.design.target.scale
        assert isinstance(scale, Minifloat)
        bits = scale.mantissa_bits
        mantissa = Signal(bits)
        field = Signal(range(-bits, 1 << scale.exponent_bits))
        m.d.comb += [
            mantissa.eq(self.scale[:bits]),
            field.eq(self.scale[bits : bits + scale.exponent_bits]),
        ]
        if self.design.scale_steps.least < 1 << bits:
            # Subnormal scales are normalised.
            zeros, _ = leading_zeros(m, self.scale[:bits], "lead")
            with m.If(self.scale[bits : bits + scale.exponent_bits] == 0):
                m.d.comb += [mantissa.eq((self.scale[:bits] << zeros) << 1), field.eq(-zeros)]
        numbers = []
        shift = self.source_bits
        for k in range(self.design.magnitudes):
            low, high = Signal(shift, name=f"low_{k}"), Signal(self.width - shift, name=f"high_{k}")
            with m.Switch(mantissa):
                for value, row in enumerate(self.steps.rows):
                    with m.Case(value):
                        part, whole = row[k] % self.binade, row[k] // self.binade
                        m.d.comb += [low.eq(self.digest.of(part)), high.eq(field + whole)]
            numbers.append(Cat(low, high))
        m.d.comb += self.numbers.eq(Cat(*numbers))
        return m

    @property
    def source_bits(self) -> int:
        """Bits of a mantissa's digest."""
        return self.design.source.mantissa_bits - self.digest.cut + self.digest.sticky


class _Compared(wiring.Component):
    """An element: as many codes up as there are numbers that its magnitude reaches.

    Members:
        x: ``In``: the value's code word.
        factor: ``In``: from :class:`_Thresholds`.
        y: ``Out``: the element's code.
    """

    def __init__(self, design: Quantise, short: Digest) -> None:
        self.design = design
        self.digest = short
        width = design.source.bits - 1 - short.cut + short.sticky
        super().__init__(
            {
                "x": In(design.source.bits),
                "factor": In(width * design.magnitudes),
                "y": Out(design.target.element.bits),
            }
        )

    def elaborate(self, platform: object) -> Module:
        m = Module()
        element = self.design.target.element
        magnitude = _digest(self.x[:-1], self.digest)
        width = len(magnitude)
        reached = Signal(self.design.magnitudes)
        m.d.comb += [
            reached[k].eq(magnitude >= self.factor[k * width : (k + 1) * width])
            for k in range(len(reached))
        ]
        count = Signal(range(len(reached) + 1))
        m.d.comb += count.eq(_count(reached))
        sign = self.x[-1]
        if isinstance(element, IntegerFormat):
            m.d.comb += self.y.eq(Mux(sign, -count, count))
        else:
            m.d.comb += self.y.eq(Cat(count, sign))
        return m


def _count(reached: Value) -> Value:
    """How many bits are set, where no bit is set above one that is not."""
    if len(reached) == 0:
        return Const(0, 0)
    half = 1 << (len(reached).bit_length() - 1)
    top = reached[half - 1]
    above, below = _count(reached[half:]), _count(reached[: half - 1])
    return Cat(Mux(top, above, below), top) if half > 1 else top

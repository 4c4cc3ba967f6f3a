"""Casts: a table of all codes, or fields taken apart, moved and rounded."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from amaranth import Cat, Const, Module
from amaranth.lib import wiring
from amaranth.lib.wiring import In, Out

from hwdse.formats import Minifloat
from hwdse.pe.converters.cast import Cast
from hwdse.pe.product import operand_shape
from rtl.converter import function_members
from rtl.parts.encoder import CodeOf
from rtl.parts.operand import float_decoder
from rtl.parts.rounder import Rounder, grid_of
from rtl.parts.table import look_up

__all__ = ["Casts"]


class Casts(wiring.Component):
    """A cast for each lane."""

    def __init__(self, design: Cast) -> None:
        self.design = design
        super().__init__(function_members(design))

    def elaborate(self, platform: object) -> Module:
        m = Module()
        design = self.design
        select = self.x_select if design.group is not None else Const(0, 0)
        codes = []
        for i in range(design.lanes):
            lane = _Table(design) if design.impl == "table" else _Logic(design)
            m.submodules[f"lane_{i}"] = lane
            m.d.comb += lane.x.eq(Cat(self.x.word_select(i, design.source.bits), select))
            codes.append(lane.y)
        m.d.comb += self.y.eq(Cat(*codes))
        return m


class _Table(wiring.Component):
    """A row for each code of each value set."""

    def __init__(self, design: Cast) -> None:
        self.one = replace(design, lanes=1)
        bits = sum(operand.width for operand in self.one.operands)
        super().__init__({"x": In(bits), "y": Out(design.target.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source = self.one.source
        rows = {}
        for number in range(len(self.one.sets)):
            codes = source.codes().astype(np.int64)
            select = {} if self.one.group is None else {"x_select": np.full_like(codes, number)}
            words = self.one.outputs({"x": codes} | select)["y"]
            index = codes | number << source.bits
            rows |= dict(zip(index.tolist(), words.tolist(), strict=True))
        m.d.comb += self.y.eq(look_up(m, self.x, rows, len(self.y), "row"))
        return m


class _Logic(wiring.Component):
    def __init__(self, design: Cast) -> None:
        self.design = design
        super().__init__({"x": In(design.source.bits), "y": Out(design.target.bits)})

    def elaborate(self, platform: object) -> Module:
        m = Module()
        source, target = self.design.source, self.design.target
        shape = operand_shape(source)
        m.submodules.decode = fields = float_decoder(source)
        grid = grid_of(target)
        low = shape.lsb_exponent + shape.significand_bits - 1
        exponents = (low, low + shape.max_shift)
        # Of minifloats, only the numbers of least exponent are not normalised.
        unnormalised = exponents[0 if isinstance(source, Minifloat) else 1]
        m.submodules.round = rounder = Rounder(
            grid=grid,
            rounding=self.design.rounding,
            significand_bits=shape.significand_bits,
            exponents=exponents,
            most_left=max(unnormalised - grid.min_exponent, 0),
        )
        m.submodules.encode = code = CodeOf(
            target=target,
            rounding=self.design.rounding,
            overflow=self.design.overflow,
            magnitude_bits=len(rounder.code),
        )
        m.d.comb += [
            fields.code.eq(self.x),
            rounder.sign.eq(fields.sign),
            rounder.zero.eq(fields.zero),
            rounder.significand.eq(fields.significand),
            rounder.exponent.eq(fields.shift + Const(low, range(min(low, -1), max(low, 0) + 1))),
            code.magnitude.eq(rounder.code),
            code.sign.eq(fields.sign),
            code.zero.eq(fields.zero),
            code.nan.eq(fields.nan),
            code.infinite.eq(fields.infinite),
            self.y.eq(code.code),
        ]
        return m

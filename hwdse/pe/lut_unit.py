"""``lut``: weights look sums of activations up, plane of bits by plane (LUT Tensor Core).

``k`` activations make a table of their sums (:mod:`hwdse.pe.lut_table`) that ``n`` outputs share.
Each output has weights of its own, of which every plane of ``k`` bits picks one entry: times
``2**i``, that is added for plane ``i``, the least significant one first. With ``planes=serial`` a
plane is a cycle, and operands stay as they are meanwhile; ``planes=parallel`` picks all at once and
adds their sum. ``m`` rows of activations, each with tables of its own, meet the same weights: an
element multiplies ``m x K`` activations by ``K x n`` weights, ``K = k * tables``. ``acc`` has
``m * n`` lanes; that of row ``i`` and column ``j`` is number ``i * n + j``. Port ``a`` has
``m * K`` lanes, row after row, and ``w`` has ``n * K``, column after column.

Structure, as ablated in LUT Tensor Core (arXiv 2408.06003, section 4.3):

* ``table=half`` holds one of every two sums that are each other's negative, ``table=full`` all.
  Of bipolar weights, bits are worth plus or minus one, and the half table gives planes' sums
  directly. The bits of other weights are worth 0 or 1; then each output also adds the sum of all
  activations and halves, which is what the reinterpretation as bipolar weights would leave to the
  zero point's correction outside.
* ``negate=online``: ``w`` holds plain codes. ``negate=offline``: codes as
  :func:`hwdse.pe.lut_table.fold` stores them, which are the indices.
* ``precompute=inside``: the unit makes its tables. ``precompute=outside``: they come in on a port
  ``entries``, in place of ``a``; :meth:`Lut.port_codes` makes them.

None of these changes a result, but for finished tables of floats. Activations that are floats are
summed as fixed-point numbers, exactly, or with ``align=N`` after they are cut off to ``N`` bits
below the largest of their row (as in :mod:`hwdse.pe.lanes`). Float accumulators round once a
cycle, so once for every plane in series. Finished tables of floats have entries of the format ``a``
itself, rounded where they were made; the unit adds the index of a plane to their exponent.

Declared: an activation that is NaN or infinite makes all terms of its row NaN, since planes of
different sign would add infinities of both. Terms of finished tables are what their entries are.
Of a finished half table whose sums are of no common parity, which no activations have, a plane's
sum is rounded down when it is halved.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from hwdse import formats
from hwdse.formats import IntegerFormat, ScalarFormat
from hwdse.pe.design import Codes
from hwdse.pe.lanes import cut_off, cut_shape
from hwdse.pe.lut_table import Table, WeightPlanes, fold, weight_planes
from hwdse.pe.ports import Operand
from hwdse.pe.product import integers, is_fixed_point, operand, operand_shape
from hwdse.pe.term import Term, TermShape, significand_dtype
from hwdse.pe.unit import Unit

__all__ = ["Lut"]

Ints = NDArray[Any]


@dataclass(frozen=True)
class Lut(Unit):
    """A unit of look-up tables.

    Attributes:
        k: Activations of a table.
        n: Columns of weights, which share the tables.
        m: Rows of activations.
        tables: Tables of a row, whose entries are added.
        half, online, inside, serial: See the module.
        align: Bits kept of float activations below the largest one; None keeps all.
    """

    k: int
    n: int
    m: int
    tables: int
    half: bool
    online: bool
    inside: bool
    serial: bool
    align: int | None

    family: ClassVar[str] = "lut"

    @property
    def lanes(self) -> int:
        """Products in each sum."""
        return self.k * self.tables

    @property
    def sums(self) -> int:
        """Rows by columns."""
        return self.m * self.n

    @property
    def own_keys(self) -> dict[str, str]:
        """Shape, then what is not the default."""
        keys = {"k": str(self.k), "n": str(self.n), "m": str(self.m)}
        if self.tables > 1:
            keys["tables"] = str(self.tables)
        if not self.half:
            keys["table"] = "full"
        if self.half and not self.online:
            keys["negate"] = "offline"
        if not self.inside:
            keys["precompute"] = "outside"
        if not self.serial:
            keys["planes"] = "parallel"
        return keys if self.align is None else keys | {"align": str(self.align)}

    @property
    def weight_planes(self) -> WeightPlanes:
        """How a weight is a sum over its bits."""
        found = weight_planes(self.w_element)
        assert found is not None
        return found

    @property
    def table(self) -> Table:
        """The kind of its tables."""
        return Table(self.k, self.half, self.weight_planes.signs)

    @property
    def halves(self) -> bool:
        """Whether plane sums are half of what an entry and the sum of all activations make."""
        return self.half and not self.weight_planes.signs

    @property
    def initiation_interval(self) -> int:
        """A cycle for each plane in series."""
        return self.w_element.bits if self.serial else 1

    @property
    def fixed_point(self) -> bool:
        """Whether terms are integers on a common step."""
        return is_fixed_point(self.a_element)

    @property
    def entry_format(self) -> ScalarFormat:
        """Of entries that come in on a port."""
        if not self.fixed_point:
            return self.a_element
        return formats.scalar(f"int{self.entry_bits}")

    @property
    def entry_bits(self) -> int:
        """Of entries that are integers, and a sign."""
        if self.align is None:
            low, high = _range(self.a_element)
        else:
            high = (1 << self.align) - 1
            low = -high
        counts = self.table.coefficients
        least = np.where(counts > 0, low, -high) * np.abs(counts).astype(object)
        most = np.where(counts > 0, high, -low) * np.abs(counts).astype(object)
        # One more than the least is as long without its sign.
        return max(int(most.sum(-1).max()), -1 - int(least.sum(-1).min())).bit_length() + 1

    @property
    def float_entries(self) -> bool:
        """Whether entries come in as floats, which are not added."""
        return not self.inside and not self.fixed_point

    @property
    def stored_format(self) -> ScalarFormat:
        """Of the weights' words: folded ones may be any."""
        return self.w_element if self.online else formats.scalar(f"uint{self.w_element.bits}")

    @property
    def drawn_operands(self) -> tuple[Operand, ...]:
        """Plain weights and activations."""
        return (
            Operand("w", self.w_element, self.n * self.lanes),
            Operand("a", self.a_element, self.m * self.lanes),
        )

    @property
    def operands(self) -> tuple[Operand, ...]:
        """Weights as they are stored, and activations or finished tables."""
        w, a = self.drawn_operands
        if not self.online:
            meaning = f"{self.w.name} code, all but the first of {self.k} XORed with the first"
            w = replace(w, format=self.stored_format, meaning=meaning)
        if not self.inside:
            entry, count = self.entry_format, self.m * self.tables * self.table.entries
            meaning = f"{entry.name} code, sum of {self.k} activations"
            a = Operand("entries", entry, count, meaning=meaning)
        return w, a

    def port_codes(self, codes: Codes) -> dict[str, NDArray[np.int64]]:
        """Codes of plain weights ``w`` and activations ``a`` as the ports take them.

        Sums that are made into codes of floats are rounded to nearest even, and saturate.
        """
        w, a = (codes[name] for name in ("w", "a"))
        ports = {"w": w if self.online or self.k == 1 else fold(w, self.k)}
        if self.inside:
            return ports | {"a": a}
        groups = self._grouped(a, self.m, self.tables, self.k)
        if isinstance(self.entry_format, IntegerFormat):
            sums = integers(self.a_element, groups) @ self.table.coefficients.T
            entries = sums & ((1 << self.entry_format.bits) - 1)
        else:
            values = self.a_element.decode(groups) @ self.table.coefficients.T
            entries = self.entry_format.encode(values).astype(np.int64)
        outer = entries.shape[: entries.ndim - 3]
        return ports | {"entries": entries.reshape(outer + self.operands[1].trailing)}

    @property
    def row_shape(self) -> TermShape:
        """Bounds of the activations' sum that a plane of a row makes, in units of activations."""
        one = operand_shape(self.entry_format if self.float_entries else self.a_element)
        if self.float_entries:
            return one
        if not self.inside:
            entry = operand_shape(self.entry_format)
            largest = entry.max_units * self.tables
            one = replace(one, max_units=largest, significand_bits=largest.bit_length())
            return replace(one, signed=True)
        signed = one.signed or self.weight_planes.signs
        nan = one.special
        one = replace(one, signed=signed, nan=nan, infinite=False)
        if self.align is not None:
            return cut_shape(one, self.lanes, self.align)
        largest = one.max_units * self.lanes
        return replace(one, max_units=largest, significand_bits=largest.bit_length(), max_shift=0)

    @property
    def term_shape(self) -> TermShape:
        """Bounds of one cycle's terms."""
        row, planes = self.row_shape, self.weight_planes
        signed = row.signed or planes.negative
        row = replace(
            row, signed=signed, lsb_exponent=row.lsb_exponent + self.w_element.lsb_exponent
        )
        if self.serial and not self.fixed_point:
            last = planes.bits - 1
            return replace(row, max_shift=row.max_shift + last, max_units=row.max_units << last)
        reach = 1 << (planes.bits - 1) if self.serial else planes.reach
        largest = row.max_units * reach
        bits = (_largest_significand(row) * reach).bit_length()
        return replace(row, significand_bits=bits, max_units=largest)

    @property
    def exact_bits(self) -> int:
        """Of the published width or, where that is more, what finished or cut off tables take."""
        one = -(-self.row_shape.max_units * self.weight_planes.reach // self.lanes)
        needed = (one * self.common.terms).bit_length() + 1
        return needed if self.align is not None else max(needed, super().exact_bits)

    def terms_of(self, codes: Codes) -> Term:
        """Terms of every plane, the least significant one first, or of their sum."""
        w = self._grouped(codes["w"], self.n, self.tables, self.k)
        if not self.online:
            w = fold(w, self.k)
        bits = [w >> i & 1 for i in range(self.w_element.bits)]
        if self.float_entries:
            planes = [self._entries_of_floats(codes["entries"], x, i) for i, x in enumerate(bits)]
        else:
            planes = self._integer_terms(codes, bits)
        outer = w.shape[: w.ndim - 3]
        lanes = (self.sums,) if self.sums > 1 else ()
        return Term.interleave([term.reshape((*outer, *lanes)) for term in planes])

    def _integer_terms(self, codes: Codes, bits: list[Ints]) -> list[Term]:
        if self.inside:
            sums, shift, nan = self._summed(codes["a"], bits)
        else:
            sums = self._looked_up(codes["entries"], bits)
            shift = np.zeros(sums[0].shape[:-1], dtype=np.int64)
            nan = np.zeros(shift.shape, dtype=np.bool_)
        if not self.serial:
            sums = [np.sum([plane << i for i, plane in enumerate(sums)], axis=0)]
        if not self.inside and self.halves:
            sums = [plane >> 1 for plane in sums]
        terms = []
        for i, plane in enumerate(sums):
            if self.fixed_point:
                terms.append(Term.from_integers(plane << i))
                continue
            numbers = Term.from_integers(np.where(nan[..., None], 0, plane))
            shifts = np.where(nan, 0, shift + i)[..., None]
            ones = np.ones(plane.shape, dtype=np.bool_)
            terms.append(replace(numbers, shift=shifts * ones, nan=nan[..., None] & ones))
        return terms

    def _summed(
        self, a: NDArray[np.int64], bits: list[Ints]
    ) -> tuple[list[Ints], NDArray[np.int64], NDArray[np.bool_]]:
        """Signed sums of each plane, shape (..., m, n); shifts and NaNs of rows, (..., m)."""
        rows = self._grouped(a, self.m, self.lanes)
        shape = operand_shape(self.a_element)
        dtype = significand_dtype(self.row_shape.significand_bits + self.w_element.bits)
        found = operand(self.a_element, rows)
        shift: NDArray[np.int64] = np.zeros(rows.shape[:-1], dtype=np.int64)
        nan: NDArray[np.bool_] = np.asarray((found.nan | found.infinite).any(axis=-1))
        if self.align is not None:
            units, shift = cut_off(found, shape, self.align)
        else:
            magnitude = found.significand.astype(dtype) << found.shift.astype(dtype)
            units = np.where(found.sign, -magnitude, magnitude)
        planes = []
        for i, plane in enumerate(bits):
            x = plane.reshape(*plane.shape[:-2], self.lanes)
            worth = 2 * x - 1 if self.weight_planes.signs else x
            if self._negative(i):
                worth = -worth
            planes.append(np.matmul(units.astype(dtype), np.swapaxes(worth.astype(dtype), -1, -2)))
        return planes, shift, nan

    def _looked_up(self, entries: NDArray[np.int64], bits: list[Ints]) -> list[Ints]:
        """Sums of the entries of each plane, shape (..., m, n), or twice as much if halved."""
        tables = self._grouped(entries, self.m, self.tables, self.table.entries)
        values = integers(self.entry_format, tables)
        planes = []
        for i, plane in enumerate(bits):
            index, negative = self.table.look_up(np.swapaxes(plane, -2, -3)[..., None, :, :, :])
            picked = np.take_along_axis(values, index, axis=-1)
            picked = np.where(negative, -picked, picked)
            if self.halves:
                picked = picked + values[..., :1]
            total = picked.sum(axis=-2)
            planes.append(-total if self._negative(i) else total)
        return planes

    def _entries_of_floats(self, entries: NDArray[np.int64], plane: Ints, i: int) -> Term:
        tables = self._grouped(entries, self.m, self.table.entries)
        index, negative = self.table.look_up(plane[..., None, :, 0, :])
        picked = np.take_along_axis(tables, index, axis=-1)
        term = operand(self.entry_format, picked)
        sign = term.sign ^ negative ^ np.bool_(self._negative(i))
        number = ~(term.nan | term.infinite)
        return replace(term, sign=sign, shift=np.where(number, term.shift + i, 0))

    def _negative(self, plane: int) -> bool:
        planes = self.weight_planes
        return planes.negative and plane == planes.bits - 1

    def _grouped(self, codes: NDArray[np.int64], *axes: int) -> NDArray[np.int64]:
        """Codes with their lanes divided into axes."""
        outer = codes.shape[:-1] if np.prod(axes) > 1 else codes.shape
        return codes.reshape(*outer, *axes)


def _range(fmt: ScalarFormat) -> tuple[int, int]:
    """The least and the greatest finite value, in units of the last bit."""
    if is_fixed_point(fmt):
        values = integers(fmt, fmt.codes().astype(np.int64))
        return int(values.min()), int(values.max())
    largest = operand_shape(fmt).max_units
    return -largest if fmt.signed else 0, largest


def _largest_significand(shape: TermShape) -> int:
    return shape.max_units if shape.max_shift == 0 else (1 << shape.significand_bits) - 1

"""Adders of every structure: narrow ones by enumeration, wide ones by SAT, and a planted bug."""

import numpy as np
import pytest
from amaranth import Fragment, Module, Signal

from hwdse.pe.implementation import ADDERS
from rtl.parts import adder
from rtl.parts.adder import add

STRUCTURES = [kind for kind in ADDERS if kind != "star"]


def adders(kind, widths):
    """One module with an adder of each width on the low bits of common operands."""
    m = Module()
    x, y = Signal(max(widths), name="x"), Signal(max(widths), name="y")
    carry = Signal(name="carry")
    totals = []
    for width in widths:
        total = Signal(width, name=f"sum{width}")
        found = add(m, x[:width], y[:width], kind=kind, name=f"add{width}", carry=carry)
        assert len(found) == width
        m.d.comb += total.eq(found)
        totals.append(total)
    return m, [x, y, carry, *totals]


@pytest.mark.parametrize("kind", ADDERS)
def test_every_pair_and_carry(combinational, kind):
    widths = range(1, 8)
    m, ports = adders(kind, widths)
    x, y, carry = (axis.ravel() for axis in np.indices((128, 128, 2)))
    got = combinational(m, ports=ports)(x=x, y=y, carry=carry)
    for width in widths:
        mask = (1 << width) - 1
        assert (got[f"sum{width}"] == ((x & mask) + (y & mask) + carry) & mask).all()


def disagreement(kind, width):
    """A module whose output ``bad`` says that an adder and the operator differ."""
    m = Module()
    x, y = Signal(width, name="x"), Signal(width, name="y")
    carry, bad = Signal(name="carry"), Signal(name="bad")
    m.d.comb += bad.eq(add(m, x, y, kind=kind, name="add", carry=carry) != (x + y + carry)[:width])
    return m, [x, y, carry, bad]


@pytest.mark.parametrize("width", [20, 32, 48])
@pytest.mark.parametrize("kind", STRUCTURES)
def test_wide_ones_by_sat(proven, kind, width):
    assert proven(*disagreement(kind, width))


@pytest.mark.parametrize("kind", STRUCTURES)
def test_one_wrong_cell_is_found(monkeypatch, proven, kind):
    right = adder._Prefix.__call__

    def wrong(self, high, low):
        generate, propagate = right(self, high, low)
        # A carry that another cell would have to pass on is lost.
        return (high[0], propagate) if self.count == 18 else (generate, propagate)

    monkeypatch.setattr(adder._Prefix, "__call__", wrong)
    assert not proven(*disagreement(kind, 20))


def depth(kind, width):
    """Cells of the prefix tree on the longest way from an operand to the sum."""
    deepest = {}

    class Measured(adder._Prefix):
        def __call__(self, high, low):
            found = super().__call__(high, low)
            level = 1 + max(deepest.get(id(high[0]), 0), deepest.get(id(low[0]), 0))
            deepest[id(found[0])] = level
            self.kept = [*getattr(self, "kept", []), found]
            return found

    m = Module()
    bits = [(Signal(name=f"g{i}"), Signal(name=f"p{i}")) for i in range(width)]
    merge = Measured(m, "x")
    adder._PREFIXES[kind](merge, bits)
    Fragment.get(m, None)  # so that no warning says that it was for nothing
    return max(deepest.values()), merge.count


def test_structures_are_what_their_names_say():
    """Depth and number of cells for 32 bits, as of the literature's formulae (Harris 2003)."""
    assert depth("ripple", 32) == (31, 31)
    assert depth("sklansky", 32) == (5, 80)
    assert depth("kogge", 32) == (5, 129)
    assert depth("brent", 32) == (8, 57)

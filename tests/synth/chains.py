"""Chains of inverters in the place of mappings, with areas and delays that are known."""

from hwdse.synth.flow import Mapped

from . import netlists, toy


def chain(length, area_um2):
    """A mapping to so many inverters in a row."""
    cells = [("INV", {"A": 2 + i, "Y": 3 + i}) for i in range(length)]
    module = netlists.module({"x": [2]}, {"y": [2 + length]}, cells)
    return Mapped(module, area_um2, {"INV": length})


def delay_ps(length):
    """Its delay, by the timing that the tests of timing hold to hand calculation."""
    from hwdse.synth.netlist import read_netlist
    from hwdse.synth.timing import analyse_timing

    return analyse_timing(read_netlist(chain(length, 1.0).netlist), toy.TECHNOLOGY).delay_ps

"""Proof by comparison: reference, RTL and mapped netlist of a unit compute the same bits."""

"""Verilog and netlists: Yosys, netlist simulation, timing and switching activity."""

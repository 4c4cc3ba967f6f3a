"""A study: layers, losses and candidate units in; frontier, assignments and their Verilog out."""

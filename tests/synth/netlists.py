"""Synthesised units, each made once, and small netlists written by hand."""

from __future__ import annotations

import functools

import rtl
from hwdse.pe import parse
from hwdse.synth import flow
from hwdse.synth.netlist import Instance, Netlist
from hwdse.tech import load, mapping_liberty


@functools.cache
def technology(name):
    return load(name)


@functools.cache
def rtlil(spec):
    return rtl.to_rtlil(parse(spec))


@functools.cache
def gates(spec):
    return flow.gate_netlist(rtlil(spec))


@functools.cache
def mapped(spec, technology_name):
    return flow.map_to_cells(rtlil(spec), mapping_liberty(technology(technology_name)))


def module(inputs, outputs, cells):
    """Yosys' JSON of a module: ports as name to bits, cells as (type, pin to bit)."""
    ports = {n: {"direction": "input", "bits": b} for n, b in inputs.items()}
    ports |= {n: {"direction": "output", "bits": b} for n, b in outputs.items()}
    return {
        "ports": ports,
        "cells": {
            f"u{i}": {"type": kind, "connections": {p: [b] for p, b in pins.items()}}
            for i, (kind, pins) in enumerate(cells)
        },
    }


def single_cell(cell, kind=None):
    """A netlist of one cell whose pins are ports of the same names."""
    nets = {pin.name: 2 + i for i, pin in enumerate(cell.pins.values())}
    return Netlist(
        inputs={pin.name: (nets[pin.name],) for pin in cell.inputs},
        outputs={pin.name: (nets[pin.name],) for pin in cell.outputs},
        instances=(Instance(name="u", kind=kind or cell.name, pins=nets),),
        net_count=2 + len(nets),
    )

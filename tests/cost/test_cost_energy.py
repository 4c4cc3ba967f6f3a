"""Switching counted a second way: one lane after another, in plain Python integers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hwdse import pe
from hwdse.cost import energy
from hwdse.cost.operands import operands
from hwdse.synth.netlist import read_netlist
from hwdse.synth.power import energy_weights
from hwdse.synth.timing import analyse_timing
from hwdse.verify.check import compile_mapped

SPEC = "mac:w=int2,a=int2"


@pytest.fixture
def parts(mapped_module, nangate45):
    netlist = read_netlist(mapped_module(SPEC))
    weights = energy_weights(netlist, nangate45, analyse_timing(netlist, nangate45))
    return pe.parse(SPEC), netlist, compile_mapped(netlist, nangate45), weights


def _python_step(module, technology):
    """A function (bits, state) -> state: settles all nets of one lane in `bits`, a dictionary."""

    def ref(bit):
        return str(int(bit == "1")) if isinstance(bit, str) else f"n[{bit}]"

    def text(function, cell, more):
        names = {**{pin: ref(bits[0]) for pin, bits in cell["connections"].items()}, **more}
        words = re.sub(r"[A-Za-z_]\w*", lambda m: names[m[0]], function.replace("!", "~"))
        return f"(({words}) & 1)"

    logic, before, after = {}, [], []
    for number, cell in enumerate(module["cells"].values()):
        kind = technology.cells[cell["type"]]
        state = {}
        if kind.ff is not None:
            state = {kind.ff.state: f"s[{number}]", kind.ff.state_n: f"(1 ^ s[{number}])"}
            after.append(f"t[{number}] = {text(kind.ff.next_state, cell, state)}")
        for pin in kind.outputs:
            if not (bits := cell["connections"].get(pin.name)):
                continue
            line = f"n[{bits[0]}] = {text(pin.function, cell, state)}"
            if kind.ff is not None:
                before.append(line)
            else:
                logic[line] = (
                    {b[0] for p, b in cell["connections"].items() if p != pin.name and b},
                    bits[0],
                )
    # Settle in any order that works: a line once all it reads is known.
    pending = {net for _, net in logic.values()}
    ordered = []
    while logic:
        ready = [line for line, (reads, _) in logic.items() if not reads & pending]
        assert ready
        for line in ready:
            pending.discard(logic.pop(line)[1])
        ordered += ready
    body = [*before, *ordered, "t = {}", *after, "return t"]
    scope: dict = {}
    exec("def step(n, s):\n  " + "\n  ".join(body), scope)  # noqa: S102
    return scope["step"], len(after)


@pytest.mark.parametrize("choice", ["uniform", "normal"])
def test_energy_against_counting_lane_by_lane(choice, parts, mapped_module, nangate45, monkeypatch):
    unit, netlist, program, weights = parts
    steps, lanes = 8, 128
    monkeypatch.setattr(energy, "DOT_LENGTH", steps)
    monkeypatch.setattr(energy, "_ACCUMULATORS", lanes)
    measured = energy.measure_energy(unit, program, weights, operands(choice))

    rng = np.random.default_rng(energy._SEED)
    w = operands(choice).sample(unit.w, (steps, lanes), "w", rng)
    a = operands(choice).sample(unit.a, (steps, lanes), "a", rng)
    module = mapped_module(SPEC)
    step, flops = _python_step(module, nangate45)
    assert flops > 32
    ports = {name: port["bits"] for name, port in module["ports"].items()}
    # Both simulators number nets in the order of the JSON: carry the weights over by pin.
    number = {}
    for cell, instance in zip(module["cells"].values(), netlist.instances, strict=True):
        for pin, bits in cell["connections"].items():
            if bits and not isinstance(bits[0], str):
                number[bits[0]] = instance.pins[pin]
    toggles: dict[int, int] = {}
    sums = np.zeros(lanes, dtype=int)
    for lane in range(lanes):
        bits: dict[int, int] = {}
        state: dict[int, int] = dict.fromkeys(range(len(module["cells"])), 0)
        previous: dict[int, int] = {}
        for cycle in range(-steps, steps):
            at = cycle % steps
            values = {
                "w": int(w[at, lane]),
                "a": int(a[at, lane]),
                "in_valid": 1,
                "clear": int(at == 0),
                "rst": 0,
                "clk": 0,
            }
            for name, value in values.items():
                bits.update({net: value >> i & 1 for i, net in enumerate(ports[name])})
            following = step(bits, state)
            if cycle >= 0:
                for net, value in bits.items():
                    toggles[net] = toggles.get(net, 0) + (value != previous[net])
            previous = dict(bits)
            state = following
        step(bits, state)
        sums[lane] = sum(bits[net] << i for i, net in enumerate(ports["acc"]))
    signed = np.where(sums >> 31 & 1, sums - (1 << 32), sums)
    values = unit.w.decode(w) * unit.a.decode(a)
    assert (signed == values.sum(axis=0)).all(), "this test's own simulator is wrong"

    cycles = steps * lanes
    volts = nangate45.corner.voltage_v
    load = dict.fromkeys(number, 0.0)
    for cell in module["cells"].values():
        for pin, nets in cell["connections"].items():
            if nets and nets[0] in load:
                load[nets[0]] += nangate45.cells[cell["type"]].pins[pin].capacitance_ff
    del load[ports["clk"][0]]
    switching = sum(toggles[net] * 0.5 * c * volts**2 for net, c in load.items()) / cycles
    internal = sum(toggles[net] * weights.internal_fj[number[net]] for net in load) / cycles
    assert measured.switching_fj == pytest.approx(switching, rel=1e-9)
    assert measured.internal_fj == pytest.approx(internal, rel=1e-9)
    assert measured.clock_fj == weights.clock_fj
    assert measured.vectors == cycles
    assert measured.dynamic_fj == pytest.approx(switching + internal + weights.clock_fj)


def test_the_interval_shrinks_with_the_sample(parts, monkeypatch):
    unit, _, program, weights = parts
    widths = []
    for lanes in (1024, 16384):
        monkeypatch.setattr(energy, "_ACCUMULATORS", lanes)
        found = energy.measure_energy(unit, program, weights, operands("uniform"))
        widths.append(found.half_width_fj)
    # 4, within what 16 words can say of a deviation.
    assert 2.5 < widths[0] / widths[1] < 6.5


def test_the_interval_holds_what_other_samples_give(parts, monkeypatch):
    unit, _, program, weights = parts
    monkeypatch.setattr(energy, "_ACCUMULATORS", 1024)
    found = []
    for seed in range(24):
        monkeypatch.setattr(energy, "_SEED", seed)
        found.append(energy.measure_energy(unit, program, weights, operands("uniform")))
    mean = np.mean([one.dynamic_fj for one in found])
    inside = [abs(one.dynamic_fj - mean) <= one.half_width_fj for one in found]
    # 95 % of 24, less three standard deviations.
    assert sum(inside) >= 19


def test_still_operands_have_no_spread(parts, tmp_path):
    unit, _, program, weights = parts
    np.savez(tmp_path / "z.npz", w=np.zeros(4, dtype=int), a=np.zeros(4, dtype=int))
    found = energy.measure_energy(unit, program, weights, operands(str(tmp_path / "z.npz")))
    assert found.half_width_fj == pytest.approx(0.0, abs=1e-9)
    assert found.clock_fj > 0

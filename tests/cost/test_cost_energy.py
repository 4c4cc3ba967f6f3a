"""Switching counted a second way: one lane after another, in plain Python integers."""

from __future__ import annotations

import re

import numpy as np
import pytest

from hwdse import pe
from hwdse.cost import energy
from hwdse.cost.operands import operands
from hwdse.synth.glitch import compile_events, timed_delays
from hwdse.synth.netlist import cell_models, read_netlist
from hwdse.synth.power import energy_weights
from hwdse.synth.timing import analyse_timing
from hwdse.verify.check import compile_mapped

SPEC = "mac:w=int2,a=int2"


@pytest.fixture
def parts(mapped_module, nangate45):
    netlist = read_netlist(mapped_module(SPEC))
    weights = energy_weights(netlist, nangate45, analyse_timing(netlist, nangate45))
    return pe.parse(SPEC), netlist, compile_mapped(netlist, nangate45), weights


@pytest.fixture
def events(parts, nangate45):
    """The same netlist with delays."""
    _, netlist, program, _ = parts
    delays = timed_delays(program, nangate45, analyse_timing(netlist, nangate45))
    return compile_events(
        program, cell_models(nangate45, {i.kind for i in netlist.instances}), delays
    )


@pytest.fixture
def few_sums(monkeypatch):
    """One tensor of 64 sums."""
    for name in ("_SIMULATED", "_SETTLED", "_FOLLOWED"):
        monkeypatch.setattr(energy, name, 64)
    monkeypatch.setattr(energy, "_MAX_TENSORS", 1)


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
def test_energy_against_counting_lane_by_lane(choice, parts, few_sums, mapped_module, nangate45):
    unit, netlist, program, weights = parts
    steps, lanes = 64, 64
    measured = energy.measure_energy(unit, program, None, weights, operands(choice), 1e-9)

    rng = np.random.default_rng(energy._SEED)
    drawn = operands(choice).sample(unit, (steps, lanes), rng)
    w, a = drawn["w"], drawn["a"]
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
    timing = analyse_timing(netlist, nangate45)
    data = number.keys() - {ports["clk"][0]}
    load = {net: timing.load_ff[number[net]] for net in data}
    switching = sum(toggles[net] * 0.5 * c * volts**2 for net, c in load.items()) / cycles
    internal = sum(toggles[net] * weights.internal_fj[number[net]] for net in data) / cycles
    assert measured.switching_fj == pytest.approx(switching, rel=1e-9)
    assert measured.internal_fj == pytest.approx(internal, rel=1e-9)
    assert measured.clock_fj == weights.clock_fj
    assert measured.vectors == measured.followed_vectors == cycles
    assert measured.glitch_fj == 0
    assert measured.dynamic_fj == pytest.approx(switching + internal + weights.clock_fj)
    rates = {number[net]: toggles[net] / cycles for net in data}
    for net, rate in rates.items():
        assert measured.settled_toggles[net] == pytest.approx(rate)


def test_glitches_are_what_the_event_simulation_counts_beyond(parts, events, few_sums):
    unit, netlist, program, weights = parts
    measured = energy.measure_energy(unit, program, events, weights, operands("uniform"), 1e-9)
    plain = energy.measure_energy(unit, program, None, weights, operands("uniform"), 1e-9)
    for figure in ("switching_fj", "internal_fj", "clock_fj", "vectors"):
        assert getattr(measured, figure) == getattr(plain, figure)
    each = weights.switching_fj + weights.internal_fj
    # All sums were followed, so that the regression has nothing to correct.
    assert measured.glitch_fj == pytest.approx(each @ measured.glitch_toggles)
    assert measured.glitch_fj > 0.1 * measured.switching_fj
    assert (measured.glitch_toggles >= 0).all()
    flops = [p for i in netlist.instances if "DFF" in i.kind for n, p in i.pins.items() if "Q" in n]
    assert flops
    assert not measured.glitch_toggles[flops].any(), "flip-flops change once a cycle"


@pytest.mark.parametrize("glitches", [False, True])
def test_vectors_are_added_until_the_interval_is_narrow_enough(
    glitches, parts, events, monkeypatch
):
    unit, _, program, weights = parts
    monkeypatch.setattr(energy, "_SIMULATED", 256)
    found = {
        wanted: energy.measure_energy(
            unit, program, events if glitches else None, weights, operands("uniform"), wanted
        )
        for wanted in (0.05, 0.01, 0.004)
    }
    for wanted, one in found.items():
        assert one.half_width_fj <= wanted * one.dynamic_fj
    counts = [one.followed_vectors for one in found.values()]
    assert counts == sorted(counts)
    assert counts[-1] > counts[0]
    # No more than needed: a sample of half the size would miss by far.
    assert found[0.004].half_width_fj > 0.5 * 0.004 * found[0.004].dynamic_fj
    tight, loose = found[0.004], found[0.05]
    apart = abs(tight.dynamic_fj - loose.dynamic_fj)
    assert apart <= 2 * (tight.half_width_fj + loose.half_width_fj)


def test_it_ends_where_the_interval_is_out_of_reach(parts, events, few_sums):
    unit, _, program, weights = parts
    found = energy.measure_energy(unit, program, events, weights, operands("uniform"), 1e-9)
    assert found.vectors == 64 * 64
    assert found.half_width_fj > 1e-9 * found.dynamic_fj


@pytest.mark.parametrize("glitches", [False, True])
def test_the_interval_holds_what_other_samples_give(glitches, parts, events, monkeypatch):
    unit, _, program, weights = parts
    monkeypatch.setattr(energy, "_SIMULATED", 256)
    monkeypatch.setattr(energy, "_MAX_TENSORS", 1)
    found = []
    for seed in range(24):
        monkeypatch.setattr(energy, "_SEED", seed)
        # So wide that a quarter of the sums, or none but the first, are followed.
        one = energy.measure_energy(
            unit, program, events if glitches else None, weights, operands("uniform"), 0.2
        )
        assert one.followed_vectors == (64 if glitches else 256) * 64
        found.append(one)
    mean = np.mean([one.dynamic_fj for one in found])
    inside = [abs(one.dynamic_fj - mean) <= one.half_width_fj for one in found]
    # 95 % of 24, less three standard deviations.
    assert sum(inside) >= 19
    # Nor is it wider than need be.
    spread = np.std([one.dynamic_fj for one in found])
    assert np.mean([one.half_width_fj for one in found]) < 3.5 * spread


def test_the_regression_uses_what_is_known_of_all_samples():
    rng = np.random.default_rng(5)
    errors, halves, plain = [], [], []
    for _ in range(300):
        helper = rng.normal(10.0, 1.0, 1024)
        wanted = 3 * helper[:64] + rng.normal(5.0, 0.5, 64)
        mean, half = energy._regression(wanted, helper)
        errors.append(mean - 35)
        halves.append(half)
        plain.append(wanted.mean() - 35)
    assert abs(np.mean(errors)) < 0.03
    assert np.std(errors) < 0.4 * np.std(plain)
    covered = np.mean(np.abs(errors) <= halves)
    assert 0.91 < covered < 0.98


def test_still_operands_have_no_spread(parts, tmp_path):
    unit, _, program, weights = parts
    np.savez(tmp_path / "z.npz", w=np.zeros(4, dtype=int), a=np.zeros(4, dtype=int))
    still = operands(str(tmp_path / "z.npz"))
    found = energy.measure_energy(unit, program, None, weights, still, 0.01)
    assert found.half_width_fj == pytest.approx(0.0, abs=1e-9)
    assert found.clock_fj > 0

"""SystemVerilog that puts opened modules side by side and asserts that they agree.

All inputs of the module ``miter`` are arbitrary. Names are those of the house's ports and numbers.
"""

from __future__ import annotations

from collections.abc import Mapping

from hwdse.verify.opened import Opened

__all__ = ["accumulation_miter", "base_miter", "step_miter"]


class _Text:
    """The miter's inputs, wires and assertions as they are written."""

    def __init__(self) -> None:
        self._inputs: list[str] = []
        self._body: list[str] = []
        self._assertions: list[str] = []

    def free(self, name: str, width: int) -> str:
        """A new input."""
        self._inputs.append(f"input [{width - 1}:0] {name}")
        return name

    def wire(self, name: str, width: int, value: str) -> str:
        """A new wire."""
        self._body.append(f"wire [{width - 1}:0] {name} = {value};")
        return name

    def instance(self, kind: str, label: str, opened: Opened, inputs: Mapping[str, str]) -> None:
        """One cycle of a module; its outputs become the wires ``<label>_<port>``."""
        pins = dict(inputs)
        outputs = opened.outputs | {f"next{i}": w for i, w in enumerate(opened.widths)}
        for port, width in outputs.items():
            self._body.append(f"wire [{width - 1}:0] {label}_{port};")
            pins[port] = f"{label}_{port}"
        text = ", ".join(f".{port}({value})" for port, value in pins.items())
        self._body.append(f"{kind} {label} ({text});")

    def require(self, left: str, right: str, *, where: str = "") -> None:
        """An assertion that two values are equal, everywhere or where a flag is high."""
        condition = f"!{where} || " if where else ""
        self._assertions.append(f"assert ({condition}{left} == {right});")

    def module(self) -> str:
        """The whole text."""
        ports = ",\n  ".join(self._inputs)
        body = "\n  ".join([*self._body, "always @* begin", *self._assertions, "end"])
        return f"module miter (\n  {ports}\n);\n  {body}\nendmodule\n"


def base_miter(pipe: Opened, core: Opened, stages: int, *, holds: bool = True) -> str:
    """Both from power-up, for ``stages + 2`` cycles: equal outputs, and equal sums at the end.

    Args:
        pipe: The pipelined design.
        core: The same without its stages.
        stages: Register stages between the two.
        holds: Whether results mean something where ``out_valid`` is low, too.
    """
    text = _Text()
    history = [_arbitrary_inputs(text, pipe, f"t{cycle}") for cycle in range(stages + 2)]
    pipe_states, core_states = list(pipe.initial), list(core.initial)
    for cycle, inputs in enumerate(history):
        text.instance("pipe", f"p{cycle}", pipe, inputs | _states(pipe_states))
        late = _late_inputs(text, core, history, cycle, stages)
        text.instance("core", f"c{cycle}", core, late | _states(core_states))
        _require_outputs(text, pipe, cycle, holds=holds)
        pipe_states = [f"p{cycle}_next{i}" for i in range(len(pipe.names))]
        core_states = [f"c{cycle}_next{i}" for i in range(len(core.names))]
    for mine, theirs in _sums(pipe, core):
        text.require(pipe_states[mine], core_states[theirs])
    return text.module()


def step_miter(pipe: Opened, core: Opened, stages: int, *, holds: bool = True) -> str:
    """From equal sums, after ``stages + 1`` cycles of arbitrary inputs: equal outputs and sums."""
    text = _Text()
    last = stages + 1
    history = [_arbitrary_inputs(text, pipe, f"t{cycle}") for cycle in range(last + 1)]
    sums = _sums(pipe, core)
    held = {mine: text.free(f"sum{mine}", pipe.widths[mine]) for mine, _ in sums}
    for cycle, inputs in enumerate(history):
        states = []
        for i, width in enumerate(pipe.widths):
            if cycle == last and i in held:
                states.append(held[i])
            elif cycle == 0 or i in pipe.feedback:
                states.append(text.free(f"p{cycle}_any{i}", width))
            else:
                states.append(f"p{cycle - 1}_next{i}")
        text.instance("pipe", f"p{cycle}", pipe, inputs | _states(states))
    partner = {theirs: held[mine] for mine, theirs in sums}
    for cycle in (last - 1, last):
        states = []
        for i, width in enumerate(core.widths):
            if cycle == last and i in partner:
                states.append(partner[i])
            elif cycle < last or i in core.feedback:
                states.append(text.free(f"c{cycle}_any{i}", width))
            else:
                states.append(f"c{cycle - 1}_next{i}")
        late = _late_inputs(text, core, history, cycle, stages)
        text.instance("core", f"c{cycle}", core, late | _states(states))
    _require_outputs(text, pipe, last, holds=holds)
    for mine, theirs in sums:
        text.require(f"p{last}_next{mine}", f"c{last}_next{theirs}")
    return text.module()


def accumulation_miter(core: Opened, *, special: bool, sums: int = 1) -> str:
    """One cycle of the core on arbitrary terms, with and without ``clear``, and the next outputs.

    Args:
        core: Its source of terms left out. Where that one says in which cycles it has terms, what
            it says is arbitrary too.
        special: Whether it has ``acc_special``.
        sums: How many sums ``acc`` holds.
    """
    # A flag that the source passes on as it is comes from the port.
    usual = {"term_valid": "in_valid", "term_clear": "clear", "term_last": "in_valid"}
    valid, clear, last = (name if name in core.inputs else usual[name] for name in usual)
    text = _Text()
    now = {port: text.free(f"t0_{port}", width) for port, width in core.inputs.items()}
    then = {port: text.free(f"t1_{port}", width) for port, width in core.inputs.items()}
    before = [text.free(f"content{i}", width) for i, width in enumerate(core.widths)]
    # "alone" is what the same term makes of the sum where it is the first and only one.
    for label, inputs in (("sum", now), ("alone", now | {valid: "1'b1", clear: "1'b1"})):
        text.instance("core", f"{label}0", core, inputs | _states(before))
        after = [f"{label}0_next{i}" for i in range(len(core.names))]
        text.instance("core", f"{label}1", core, then | _states(after))
    for port, operator in ({"acc": "+"} | ({"acc_special": "|"} if special else {})).items():
        width = core.outputs[port]
        held = text.wire(f"held_{port}", width, f"{now[clear]} ? {width}'d0 : sum0_{port}")
        each = width // sums
        for index in range(sums):
            at = f"[{(index + 1) * each - 1}:{index * each}]"
            total = f"{held}{at} {operator} alone1_{port}{at}"
            total = text.wire(f"total{index}_{port}", each, total)
            text.require(f"sum1_{port}{at}", f"({now[valid]} ? {total} : sum0_{port}{at})")
    text.require("sum1_out_valid", f"({now['rst']} ? 1'b0 : {now[last]})")
    return text.module()


def _require_outputs(text: _Text, pipe: Opened, cycle: int, *, holds: bool) -> None:
    """Equal outputs in a cycle, of instances ``p`` and ``c``."""
    for port in pipe.outputs:
        always = holds or port == "out_valid"
        where = "" if always else f"p{cycle}_out_valid"
        text.require(f"p{cycle}_{port}", f"c{cycle}_{port}", where=where)


def _arbitrary_inputs(text: _Text, opened: Opened, label: str) -> dict[str, str]:
    return {port: text.free(f"{label}_{port}", width) for port, width in opened.inputs.items()}


def _late_inputs(
    text: _Text, core: Opened, history: list[dict[str, str]], cycle: int, stages: int
) -> dict[str, str]:
    """The core's inputs in a cycle: those of ``stages`` cycles before, unless reset since.

    Before power-up there was nothing valid, and the rest is arbitrary.
    """
    since = [inputs["rst"] for inputs in history[max(cycle - stages, 0) : cycle]]
    if cycle < stages:
        late = _arbitrary_inputs(text, core, f"u{cycle}") | {"in_valid": "1'b0"}
    else:
        late = dict(history[cycle - stages])
        # Written as the registers are, so that equal logic has equal form.
        for rst in since:
            late["in_valid"] = f"({rst} ? 1'b0 : {late['in_valid']})"
    return late | {"rst": history[cycle]["rst"]}


def _sums(pipe: Opened, core: Opened) -> list[tuple[int, int]]:
    """Registers that hold the sums, of the unit and of its core, in pairs.

    A wrong pairing can only make a proof fail.
    """
    theirs = {core.names[i]: i for i in core.feedback}
    if {pipe.names[i] for i in pipe.feedback} == set(theirs):
        return [(i, theirs[pipe.names[i]]) for i in pipe.feedback]
    return list(zip(pipe.feedback, core.feedback, strict=False))


def _states(values: list[str]) -> dict[str, str]:
    return {f"state{index}": value for index, value in enumerate(values)}

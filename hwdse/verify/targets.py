"""What a unit is verified as: its RTL, or a netlist of a technology's or an FPGA's cells."""

from __future__ import annotations

from dataclasses import dataclass

from hwdse.synth import flow
from hwdse.synth.compaction import compact
from hwdse.synth.devices import DEVICES, Device, check_target
from hwdse.synth.fpga import FPGAS, fpga_gates, map_to_fpga
from hwdse.synth.netlist import Netlist, cell_models, gate_models, read_netlist
from hwdse.synth.simulate import Program, compile_netlist
from hwdse.tech import load, mapping_liberty
from hwdse.tech.model import Technology

__all__ = ["NETLISTS", "RTL", "Target", "compile_gates", "compile_mapped", "compile_rtl"]

RTL = "rtl"
# Two technologies and one FPGA: what the netlists of a catalogue are checked on.
NETLISTS = ("nangate45", "asap7", "ice40")


@dataclass(frozen=True)
class Target:
    """Cells that a unit is built of.

    Attributes:
        name: ``rtl``, the technology's name, an FPGA family or an FPGA.
        technology: The technology, where it is one.
        device: The FPGA, whose DSP blocks multiply; families have logic alone.
    """

    name: str
    technology: Technology | None = None
    device: Device | None = None

    @classmethod
    def named(cls, name: str) -> Target:
        """The target of a name: ``rtl``, an FPGA or family, a technology or a technology's file.

        Raises:
            HwdseError: No such target, or a file that cannot be used.
        """
        if name == RTL or name in FPGAS:
            return cls(name)
        if name in DEVICES:
            return cls(name, device=DEVICES[name])
        check_target(name)
        technology = load(name)
        return cls(technology.name, technology)

    def compile(self, rtlil: str) -> Program:
        """The simulator's program of a design built of these cells."""
        if self.technology is not None:
            return self.compile_netlist(self.map(rtlil))
        if self.name == RTL:
            return compile_rtl(rtlil)
        if self.device is None:
            return compile_gates(fpga_gates(map_to_fpga(rtlil, self.name), self.name))
        family, blocks = self.device.family, self.device.capacity["dsps"] > 0
        mapped = map_to_fpga(rtlil, family, options=self.device.synthesis, dsp=blocks)
        return compile_gates(fpga_gates(mapped, family))

    def map(self, rtlil: str) -> flow.Mapped:
        """A design mapped to the technology."""
        assert self.technology is not None
        return flow.map_to_cells(rtlil, mapping_liberty(self.technology))

    def compile_netlist(self, mapped: flow.Mapped) -> Program:
        """The simulator's program of what :meth:`map` made."""
        assert self.technology is not None
        return compact(compile_mapped(read_netlist(mapped.netlist), self.technology))


def compile_rtl(rtlil: str) -> Program:
    """A simulator program of the RTL itself, as gates."""
    return compile_gates(flow.gate_netlist(rtlil))


def compile_gates(module: dict[str, object]) -> Program:
    """A simulator program of a netlist of Yosys' gates."""
    return compact(compile_netlist(read_netlist(module), gate_models(), "clk"))


def compile_mapped(netlist: Netlist, technology: Technology) -> Program:
    """A simulator program of a technology's netlist, with all its nets."""
    kinds = {instance.kind for instance in netlist.instances}
    return compile_netlist(netlist, cell_models(technology, kinds), "clk")

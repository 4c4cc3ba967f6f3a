"""What designs take at least, against what they take."""

import pytest

import rtl
from hwdse.pe import parse
from hwdse.synth.fpga import fpga_netlist, resources
from hwdse.synth.size import least_size
from hwdse.synth.yosys import run_yosys

SPECS = (
    "mac:w=int4,a=uint3,acc=exact,terms=4,pipeline=2",
    "mac:w=int8,a=int8,acc=exact,terms=64,mul=booth",
    "mac:w=e3m4,a=e3m4,acc=exact,terms=2,pipeline=1",
    "dot:w=int4,a=int4,lanes=4,acc=exact,terms=4,pipeline=1",
    "array:pe=(mac:w=int3,a=int3,acc=exact,terms=4),rows=2,cols=2,dataflow=os",
)


SLOW = [(spec, family) for family in ("ice40", "xc7") for spec in SPECS][1:]


@pytest.mark.parametrize(
    ("spec", "family"),
    [(SPECS[0], "ice40"), *(pytest.param(*case, marks=pytest.mark.slow) for case in SLOW)],
)
def test_no_mapped_design_takes_less(spec, family):
    rtlil = rtl.to_rtlil(parse(spec))
    least = least_size(rtlil)
    taken = resources(fpga_netlist(rtlil, family), family)
    assert least.luts_beyond(0) <= taken["luts"]
    assert 0 < least.ffs <= taken["ffs"]


def test_multipliers_and_registers_are_counted():
    eight = least_size(rtl.to_rtlil(parse("dot:w=int8,a=int6,lanes=3,acc=exact,terms=3")))
    assert eight.multipliers == (7 * 5,) * 3
    assert [eight.luts_beyond(n) for n in range(5)] == [105, 70, 35, 0, 0]
    # The sum of 8 + 6 + 2 + 1 bits, and the valid bit: three quarters.
    assert eight.ffs == (17 + 1) * 3 // 4
    rows = parse("array:pe=(mac:w=int8,a=int8),rows=3,cols=5,dataflow=os")
    assert least_size(rtl.to_rtlil(rows)).multipliers == (7 * 7,) * 15
    assert least_size(rtl.to_rtlil(parse("mac:w=int8,a=int8,mul=booth"))).multipliers == ()


VERILOG = """
module top(input clk, input [7:0] a, input signed [3:0] s, output [15:0] square, output [11:0] by,
           output [15:0] scaled, output reg [3:0] q, output reg [3:0] r);
  wire signed [7:0] wide = s;
  assign square = a * a;
  assign by = {a[3:0], 4'b0101} * 4'd9;
  assign scaled = a * {8{a[0]}};
  always @(posedge clk) begin q <= a[3:0]; r <= a[3:0]; end
endmodule
"""


def test_what_is_constant_repeated_or_equal_does_not_count():
    script = "read_verilog {job}/d.v\nhierarchy -top top\nwrite_rtlil {job}/d.il\n"
    text = run_yosys(script, {"d.v": VERILOG}, ("d.il",))["d.il"]
    found = least_size(text)
    # A square counts half; a product by a constant, or by one bit eight times, not at all.
    assert found.luts_beyond(0) == 7 * 7 // 2
    assert found.ffs == 4 * 3 // 4

"""A Verilog-2005 testbench that holds a unit to its golden vectors."""

from __future__ import annotations

from hwdse.export.vectors import Field, Vectors

__all__ = ["testbench_text"]

# Names in @...@ are filled in. Inputs change at the falling edge, the unit works at the rising one.
_TEMPLATE = """\
// Testbench of @MODULE@, Verilog-2005. Run it in the directory of its files:
//   iverilog -g2005 -o tb @MODULE@.v @MODULE@_tb.v && vvp tb
// It prints one line that starts with PASS or FAIL.

module @MODULE@_tb;
  parameter VECTORS = "@FILE@";
  localparam LINES = @LINES@;
  localparam COMPLETED = @COMPLETED@;
  localparam HOLDS = @HOLDS@;
  localparam LATENCY = @LATENCY@;
  localparam WORD_BITS = @WORD_BITS@;

  reg clk;
  reg rst;
  reg failed;
  integer index;
  integer compared;
  reg [WORD_BITS-1:0] lines [0:LINES-1];
  // The line whose inputs are applied, and the one whose outputs are due.
  reg [WORD_BITS-1:0] applied;
  reg [WORD_BITS-1:0] due;

@WIRES@

  @MODULE@ unit (
@CONNECTIONS@
  );

  initial clk = 1'b0;
  always #5 clk = ~clk;

  task compare(input integer line);
    begin
      due = lines[line];
      if (out_valid !== due@OUT_VALID@) begin
        failed = 1'b1;
        $display("FAIL line %0d of %0s: out_valid is %b, not %b",
                 line + 1, VECTORS, out_valid, due@OUT_VALID@);
      end
@COMPARISONS@
      if (!failed && due@OUT_VALID@) compared = compared + 1;
    end
  endtask

  initial begin
    failed = 1'b0;
    compared = 0;
    $readmemh(VECTORS, lines);

    // Valid elements go in during reset: none may come out.
    rst = 1'b1;
    applied = {WORD_BITS{1'b1}};
    repeat (LATENCY + 2) @(negedge clk);
    if (out_valid !== 1'b0) begin
      failed = 1'b1;
      $display("FAIL: out_valid is %b after reset, not 0", out_valid);
    end
    rst = 1'b0;

    for (index = 0; index < LINES + LATENCY - 1 && !failed; index = index + 1) begin
      applied = (index < LINES) ? lines[index] : {WORD_BITS{1'b0}};
      if (^applied === 1'bx) begin
        failed = 1'b1;
        $display("FAIL: cannot read line %0d of %0s", index + 1, VECTORS);
      end else begin
        @(negedge clk);
        if (index + 1 >= LATENCY) compare(index + 1 - LATENCY);
        else if (out_valid !== 1'b0) begin
          failed = 1'b1;
          $display("FAIL: out_valid is %b before the first element came through", out_valid);
        end
      end
    end

    if (!failed && (compared == 0 || compared != COMPLETED)) begin
      failed = 1'b1;
      $display("FAIL: %0d results compared, not %0d: is %0s the file of this testbench?",
               compared, COMPLETED, VECTORS);
    end
    if (!failed) $display("PASS %0d vectors", compared);
    // Verilog-2005 has no exit codes: these are the simulators' own ways.
`ifdef __ICARUS__
    $finish_and_return(failed ? 1 : 0);
`else
`ifdef VERILATOR
    if (failed) $stop;
`endif
    $finish;
`endif
  end
endmodule
"""

_COMPARISON = """\
      if (!failed && (due@OUT_VALID@ || (HOLDS && compared > 0)) && @NAME@ !== due@SLICE@) begin
        failed = 1'b1;
        $display("FAIL line %0d of %0s: @NAME@ is %h, not %h (in_valid=%b @OPERANDS@)",
                 line + 1, VECTORS, @NAME@, due@SLICE@,
                 due@IN_VALID@, @CODES@);
      end"""


def testbench_text(vectors: Vectors) -> str:
    """Verilog of module ``<module>_tb``.

    It applies the vectors, compares every output in every cycle, and fails on the first
    difference, on a line that cannot be read and when it compared nothing.
    """
    unit = vectors.unit
    slices = {field.name: _slice(field) for field in vectors.fields}
    expected = [field for field in vectors.fields if field.role == "expected"]
    stimulus = [field for field in vectors.fields if field.role == "stimulus"]
    wires = [f"  wire {_range(f.bits)}{f.name} = applied{slices[f.name]};" for f in stimulus]
    wires += [f"  wire {_range(f.bits)}{f.name};" for f in expected]
    ports = ["clk", "rst", *(port.name for port in unit.ports)]
    operands = [f.name for f in stimulus if f.name != "in_valid"]
    shown = {
        "OPERANDS": " ".join(f"{name}=%h" for name in operands),
        "CODES": ", ".join(f"due{slices[name]}" for name in operands),
    }
    comparisons = "\n".join(
        _fill(_COMPARISON, {"NAME": f.name, "SLICE": slices[f.name]} | shown)
        for f in expected
        if f.name != "out_valid"
    )
    text = _fill(
        _TEMPLATE,
        {
            "WIRES": "\n".join(wires),
            "CONNECTIONS": ",\n".join(f"    .{name}({name})" for name in ports),
            "COMPARISONS": comparisons,
            "MODULE": unit.module_name,
            "FILE": vectors.file_name,
            "LINES": str(len(vectors.words)),
            "COMPLETED": str(vectors.completed),
            "HOLDS": str(int(unit.holds)),
            "LATENCY": str(unit.latency),
            "WORD_BITS": str(vectors.word_bits),
        },
    )
    return _fill(text, {name.upper(): slices[name] for name in ("in_valid", "out_valid")})


def _slice(field: Field) -> str:
    if field.bits == 1:
        return f"[{field.bit_offset}]"
    return f"[{field.bit_offset + field.bits - 1}:{field.bit_offset}]"


def _range(bits: int) -> str:
    return "" if bits == 1 else f"[{bits - 1}:0] "


def _fill(template: str, values: dict[str, str]) -> str:
    for name, value in values.items():
        template = template.replace(f"@{name}@", value)
    return template

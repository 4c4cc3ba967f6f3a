"""How products and sums become gates where Yosys' own way costs area: maps for its ``techmap``.

Signed products are Baugh-Wooley arrays (C. Baugh, B. Wooley, "A two's complement parallel array
multiplication algorithm", IEEE Trans. Computers, 1973), whose partial products need no sign
extension. For the ``compact`` recipe, compressors and adders become a placeholder, of which those
with constant inputs are folded into gates and the others become the library's full adder: ABC
cannot use cells of two outputs.
"""

from __future__ import annotations

from hwdse.tech.full_adder import FullAdder

__all__ = ["FOLD", "PLACEHOLDER", "PLACES", "PRODUCTS", "adder_cells"]

PRODUCTS = """\
(* techmap_celltype = "$mul" *)
module baugh_wooley (A, B, Y);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  localparam WIDTH = A_WIDTH + B_WIDTH;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  output [Y_WIDTH-1:0] Y;
  wire _TECHMAP_FAIL_ = !(A_SIGNED && B_SIGNED) || WIDTH < 5 || Y_WIDTH > WIDTH;
  wire [WIDTH-1:0] signs = (1 << (A_WIDTH-1)) + (1 << (B_WIDTH-1)) + (1 << (WIDTH-1));
  wire [WIDTH*(B_WIDTH+1)-1:0] sums;
  assign sums[WIDTH-1:0] = signs;
  genvar i, j;
  generate
    for (j = 0; j < B_WIDTH; j = j + 1) begin : row
      wire [A_WIDTH-1:0] products;
      for (i = 0; i < A_WIDTH; i = i + 1) begin : column
        if ((i == A_WIDTH-1) != (j == B_WIDTH-1)) assign products[i] = ~(A[i] & B[j]);
        else assign products[i] = A[i] & B[j];
      end
      wire [WIDTH-1:0] extended = products;
      assign sums[(j+1)*WIDTH +: WIDTH] = sums[j*WIDTH +: WIDTH] + (extended << j);
    end
  endgenerate
  assign Y = sums[B_WIDTH*WIDTH +: WIDTH];
endmodule
"""

PLACEHOLDER = """\
(* blackbox *)
module hwdse_full_adder (input A, B, C, output X, Y);
endmodule
"""

PLACES = r"""
(* techmap_celltype = "$fa" *)
module compressor (A, B, C, X, Y);
  parameter WIDTH = 1;
  input [WIDTH-1:0] A, B, C;
  output [WIDTH-1:0] X, Y;
  genvar i;
  generate
    for (i = 0; i < WIDTH; i = i + 1) begin : bit
      hwdse_full_adder adder (.A(A[i]), .B(B[i]), .C(C[i]), .X(X[i]), .Y(Y[i]));
    end
  endgenerate
endmodule

(* techmap_celltype = "$alu" *)
module ripple (A, B, CI, BI, X, Y, CO);
  parameter A_SIGNED = 0, B_SIGNED = 0, A_WIDTH = 1, B_WIDTH = 1, Y_WIDTH = 1;
  input [A_WIDTH-1:0] A;
  input [B_WIDTH-1:0] B;
  input CI, BI;
  output [Y_WIDTH-1:0] X, Y, CO;
  wire _TECHMAP_FAIL_ = A_WIDTH == 0 || B_WIDTH == 0;
  wire [Y_WIDTH-1:0] a, b;
  generate
    if (A_WIDTH > 0 && B_WIDTH > 0) begin : extend
      \$pos #(.A_SIGNED(A_SIGNED), .A_WIDTH(A_WIDTH), .Y_WIDTH(Y_WIDTH)) first (.A(A), .Y(a));
      \$pos #(.A_SIGNED(B_SIGNED), .A_WIDTH(B_WIDTH), .Y_WIDTH(Y_WIDTH)) second (.A(B), .Y(b));
    end
  endgenerate
  wire [Y_WIDTH-1:0] addend = BI ? ~b : b;
  wire [Y_WIDTH:0] carry;
  assign carry[0] = CI;
  assign CO = carry[Y_WIDTH:1];
  assign X = a ^ addend;
  genvar i;
  generate
    for (i = 0; i < Y_WIDTH; i = i + 1) begin : bit
      hwdse_full_adder adder (.A(a[i]), .B(addend[i]), .C(carry[i]), .X(carry[i+1]), .Y(Y[i]));
    end
  endgenerate
endmodule
"""

FOLD = """\
(* techmap_celltype = "hwdse_full_adder" *)
module fold (A, B, C, X, Y);
  input A, B, C;
  output X, Y;
  parameter _TECHMAP_CONSTMSK_A_ = 0, _TECHMAP_CONSTMSK_B_ = 0, _TECHMAP_CONSTMSK_C_ = 0;
  wire _TECHMAP_FAIL_ = !_TECHMAP_CONSTMSK_A_ && !_TECHMAP_CONSTMSK_B_ && !_TECHMAP_CONSTMSK_C_;
  assign X = (A & B) | (A & C) | (B & C);
  assign Y = A ^ B ^ C;
endmodule
"""


def adder_cells(adder: FullAdder) -> str:
    """The map from placeholders to a technology's full adder."""
    a, b, c = adder.inputs
    total = "~" if adder.sum_inverted else ""
    carry = "~" if adder.carry_inverted else ""
    # Names from Liberty may be anything; Verilog takes them with a backslash and a blank.
    return f"""\
(* techmap_celltype = "hwdse_full_adder" *)
module to_cell (input A, B, C, output X, Y);
  wire carry, total;
  \\{adder.cell} adder (
    .\\{a} (A), .\\{b} (B), .\\{c} (C), .\\{adder.carry} (carry), .\\{adder.sum} (total));
  assign X = {carry}carry;
  assign Y = {total}total;
endmodule
"""

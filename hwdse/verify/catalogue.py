"""Units of every family and accumulator: what `hwdse verify --all` checks."""

from __future__ import annotations

__all__ = ["CATALOGUE"]

CATALOGUE = (
    "mac:w=int8,a=int8",
    "mac:w=int4,a=int8,acc=exact",
    "mac:w=uint4,a=uint8,pipeline=1",
    "mac:w=int16,a=int16,acc=exact,pipeline=2",
    "mac:w=e4m3,a=e4m3,acc=fp32",
    "mac:w=e4m3,a=e4m3,acc=exact",
    "mac:w=e5m2,a=e5m2,acc=exact",
    "mac:w=e3m2,a=e3m2,acc=fp32",
    "mac:w=e2m3,a=e2m3,acc=exact",
    "mac:w=e2m1,a=e4m3,acc=fp32,pipeline=2",
    "mac:w=e2m1,a=e2m1,acc=exact,pipeline=1",
    "mac:w=fp16,a=fp16,acc=fp32",
    "mac:w=bf16,a=bf16,acc=fp32",
    "mac:w=e5m2,a=e5m2,acc=fp16",
    "mac:w=fp32,a=fp32,acc=fp32",
    "mac:w=ternary,a=int8",
    "mac:w=flint4,a=fixed8_4,acc=exact",
    "mac:w=int4,a=fp16,acc=fp32",
    "mac:w=nf4,a=e4m3_fnuz,acc=fp32",
    "mac:w=posit8,a=posit8,acc=exact",
    "mac:w=e8m0,a=ue4m3,acc=bf16",
    "dot:w=bipolar2,a=ternary,lanes=5",
    "dot:w=int8,a=int8,lanes=4",
    "dot:w=int4,a=int8,lanes=16,acc=exact,pipeline=1",
    "lmul:w=e4m3,a=e4m3,acc=fp32",
    "lmul:w=e5m2,a=e5m2,acc=exact",
    "lmul:w=bf16,a=bf16,acc=fp32,pipeline=1",
)

"""Golden vectors: what the sidecar says is true, and the sums are right by an independent count."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import pytest

from hwdse.export.vectors import golden_vectors
from hwdse.pe import parse

from . import export_oracle as oracle
from .conftest import SPECS, Exported

Bundle = Callable[[str], Exported]


def read(exported: Exported) -> tuple[dict[str, Any], list[dict[str, int]]]:
    """Sidecar and lines, decoded as the sidecar says."""
    sidecar = json.loads(exported.text("_vectors.json"))
    lines = []
    for line in exported.text("_vectors.hex").splitlines():
        word = int(line, 16)
        assert word >> sidecar["word_bits"] == 0
        lines.append(
            {f["name"]: (word >> f["bit_offset"]) % (1 << f["bits"]) for f in sidecar["fields"]}
        )
    return sidecar, lines


def sums(lines: list[dict[str, int]]) -> Iterator[list[dict[str, int]]]:
    """The elements of every sum."""
    current: list[dict[str, int]] = []
    for line in lines:
        if line["in_valid"]:
            if line["clear"] and current:
                yield current
                current = []
            current.append(line)
    yield current


def test_sidecar_tells_the_truth(exported: Exported) -> None:
    unit = exported.unit
    sidecar, lines = read(exported)
    assert sidecar["spec"] == unit.canonical
    assert sidecar["module"] == unit.module_name
    assert (sidecar["file"], sidecar["seed"]) == (exported.path("_vectors.hex").name, 1)
    text = exported.text("_vectors.hex")
    assert sidecar["sha256"] == hashlib.sha256(text.encode()).hexdigest()
    assert sidecar["lines"] == len(lines)
    assert sidecar["elements"] == sum(line["in_valid"] for line in lines) == 1000
    assert sidecar["latency"] == unit.latency
    assert sidecar["accumulator"]["bits"] == unit.accumulator.width
    assert sidecar["completed"] == sum(line["out_valid"] for line in lines) == 1000
    ports = {port.name: port for port in unit.ports}
    assert [field["name"] for field in sidecar["fields"]] == list(ports)
    free = sidecar["word_bits"]
    for field in sidecar["fields"]:
        port = ports[field["name"]]
        assert (field["bits"], field["lanes"]) == (port.width, port.lanes)
        assert field["role"] == {"input": "stimulus", "output": "expected"}[port.direction]
        assert field["bit_offset"] % 4 == 0
        assert field["bit_offset"] + field["bits"] <= free
        free = field["bit_offset"]
    assert free == 0


def test_idle_cycles_are_there_and_hold_the_sum(exported: Exported) -> None:
    _, lines = read(exported)
    assert lines[0]["in_valid"] == lines[0]["clear"] == 1
    assert lines[-1]["in_valid"] == 0
    idle = [i for i, line in enumerate(lines) if not line["in_valid"]]
    assert 0.1 < len(idle) / len(lines) < 0.3
    assert {lines[i]["clear"] for i in idle} == {0, 1}
    for i in idle:
        for name in {"acc", "acc_special"} & lines[i].keys():
            assert lines[i][name] == lines[i - 1][name]
    assert any(lines[i]["w"] != lines[i - 1]["w"] for i in idle)


def test_sums_are_of_many_lengths(exported: Exported) -> None:
    lengths = {len(elements) for elements in sums(read(exported)[1])}
    assert max(lengths) >= 20
    assert len(lengths) >= 8


@pytest.mark.parametrize("name", ["int8", "int4-all-pairs", "dot"])
def test_integer_sums(name: str, bundle: Bundle) -> None:
    exported = bundle(name)
    unit, (sidecar, lines) = exported.unit, read(exported)
    assert sidecar["accumulator"]["lsb_exponent"] == 0
    width = sidecar["accumulator"]["bits"]
    for elements in sums(lines):
        total = 0
        for element in elements:
            w, a = element["w"], element["a"]
            for _ in range(unit.lanes):
                w, w_code = divmod(w, 1 << unit.w.bits)
                a, a_code = divmod(a, 1 << unit.a.bits)
                total += oracle.integer(w_code, unit.w.name) * oracle.integer(a_code, unit.a.name)
            assert (w, a) == (0, 0)
            assert element["acc"] == total % (1 << width)


@pytest.mark.parametrize("name", ["kulisch", "lmul"])
def test_exact_float_sums(name: str, bundle: Bundle) -> None:
    exported = bundle(name)
    fmt, (sidecar, lines) = exported.unit.w.name, read(exported)
    accumulator = sidecar["accumulator"]
    assert accumulator["bits"] == (80 if name == "kulisch" else 47)
    unit_value = Fraction(2) ** accumulator["lsb_exponent"]
    seen = set()
    for elements in sums(lines):
        total, specials = Fraction(0), []
        for element in elements:
            w, a = element["w"], element["a"]
            if name == "lmul":
                term = oracle.lmul_product(w, a, fmt)
            else:
                term = oracle.product(oracle.minifloat(w, fmt), oracle.minifloat(a, fmt))
            total += term.value
            specials += [] if term.special is None else [term.special]
            assert (total / unit_value).denominator == 1
            assert element["acc"] == int(total / unit_value) % (1 << accumulator["bits"])
            assert element["acc_special"] == oracle.sticky(specials)
            seen.add(element["acc_special"])
    assert seen == ({0, 1, 2, 3} if name == "kulisch" else {0, 3})


def test_fp32_sums(bundle: Bundle) -> None:
    _, lines = read(bundle("fp32"))
    codes = set()
    for elements in sums(lines):
        acc = 0
        for element in elements:
            w, a = (oracle.minifloat(element[name], "e4m3") for name in "wa")
            acc = oracle.fp32_sum(acc, oracle.product(w, a))
            assert element["acc"] == acc
            codes.add(acc)
    assert 0x7FC00000 in codes
    assert len(codes) > 400


def test_small_operands_are_enumerated(bundle: Bundle) -> None:
    sidecar, lines = read(bundle("int4-all-pairs"))
    assert sidecar["exhaustive"] is True
    first = {(v["w"], v["a"]) for v in lines if v["in_valid"] and v["clear"]}
    assert first == {(w, a) for w in range(16) for a in range(16)}
    assert json.loads(bundle("int8").text("_vectors.json"))["exhaustive"] is False


@pytest.mark.parametrize("vectors", [1, 63, 64, 65, 5000])
def test_the_number_of_elements_is_exact(vectors: int) -> None:
    golden = golden_vectors(parse(SPECS["int8"]), vectors=vectors, seed=3)
    assert golden.elements == vectors
    valid = golden.fields[0]
    assert valid.name == "in_valid"
    assert sum((word >> valid.bit_offset) & 1 for word in golden.words) == vectors


def test_corner_values_are_met(exported: Exported) -> None:
    unit = exported.unit
    sign = 1 << (unit.w.bits - 1)
    mask = (1 << unit.w.bits) - 1
    codes = {line["w"] & mask for line in read(exported)[1] if line["in_valid"]}
    assert {0, 1, sign - 1, sign, mask} <= codes


def test_only_valid_codes_go_in_and_the_sums_are_right() -> None:
    """Ternary codes are 0, 1 and 3; 128 is none of symmetric int8."""
    golden = golden_vectors(parse("mac:w=ternary,a=int8_sym,acc=exact"), vectors=2000, seed=3)
    fields = {f.name: f for f in golden.fields}
    value = {0: 0, 1: 1, 3: -1}
    total, elements = 0, 0
    for word in golden.words:
        line = {n: (word >> f.bit_offset) % (1 << f.bits) for n, f in fields.items()}
        assert line["w"] in value
        assert line["a"] != 128
        if line["in_valid"]:
            term = value[line["w"]] * oracle.integer(line["a"], "int8")
            total = term if line["clear"] else total + term
            elements += 1
        assert line["acc"] == total % (1 << fields["acc"].bits)
    assert elements == 2000
    assert golden.exhaustive

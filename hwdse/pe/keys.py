"""Reading ``FAMILY:key=value,...``: text to checked keys, without knowing any family.

A value in parentheses is one value, whatever commas and equals signs are in it: a spec itself.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hwdse.errors import HwdseError, nearest_hint

__all__ = ["Keys", "SpecError", "nearest", "split_spec"]

# Far more than the longest canonical form has.
_MOST_CHARACTERS = 1000
_SHOWN_CHARACTERS = 40
_FAMILY = re.compile(r"[a-z][a-z0-9_]*")
_KEY_VALUE = re.compile(r"([a-z][a-z0-9_]*)=([a-z0-9_]+|\([a-z0-9_=,:() ]*\))")


class SpecError(HwdseError):
    """A refused spec.

    Attributes:
        instead: A spec near it without this fault; it may have others.
    """

    def __init__(self, message: str, instead: str) -> None:
        super().__init__(message)
        self.instead = instead


@dataclass
class Keys:
    """The keys of one spec, taken one by one by its family; what is left over is an error.

    Attributes:
        family, text: Of the spec.
        values: By key.
        example: Values by key of a spec of the family that works.
    """

    family: str
    text: str
    values: dict[str, str]
    example: dict[str, str]
    _taken: set[str] = field(default_factory=set)

    def refusal(
        self,
        reason: str,
        changes: Mapping[str, str | int | None],
        *,
        family: str | None = None,
    ) -> SpecError:
        """The error for a spec that makes no sense.

        Args:
            reason: What is wrong, and why.
            changes: Keys that mend the fault, with their values; None leaves a key out.
            family: The family that would serve instead; by default the same one.
        """
        kept = {k: str(v) for k, v in {**self.values, **changes}.items() if v is not None}
        return SpecError(f"spec {self.text!r}: {reason}", _joined(family or self.family, kept))

    def text_of(self, key: str, default: str | None = None) -> str:
        """The value of a key; without a default the key is required."""
        self._taken.add(key)
        if key in self.values:
            return self.values[key]
        if default is None:
            raise self.refusal(f"key {key!r} is missing; add {key}=...", {key: self.example[key]})
        return default

    def choice_of(self, key: str, choices: Sequence[str], default: str) -> str:
        """The value of a key that must be one of ``choices``."""
        value = self.text_of(key, default)
        if value not in choices:
            raise self.refusal(
                f"{key}={value} is not supported here{nearest_hint(value, choices)}",
                {key: nearest(value, choices)},
            )
        return value

    def integer_of(self, key: str, default: int, low: int, high: int) -> int:
        """The value of a key that must be an integer in ``low..high``."""
        value = self.text_of(key, str(default))
        if not value.isdecimal() or len(value) > 18 or not low <= int(value) <= high:
            near = min(max(int(value[:18]), low), high) if value.isdecimal() else None
            raise self.refusal(
                f"{key}={value} must be an integer from {low} to {high}", {key: near}
            )
        return int(value)

    def finish(self) -> None:
        """Refuse keys that the family did not take."""
        for key, value in self.values.items():
            if key not in self._taken:
                # Under the name that was meant, or not at all.
                meant = nearest(key, self._taken - set(self.values))
                changes = {key: None} | ({} if meant is None else {meant: value})
                raise self.refusal(
                    f"{self.family} has no key {key!r}{nearest_hint(key, self._taken)}", changes
                )


def nearest(name: str, known: Iterable[str]) -> str | None:
    """The known name that is most like another; None where none is."""
    found = difflib.get_close_matches(name, sorted(known), n=1)
    return found[0] if found else None


def split_spec(text: str, examples: Mapping[str, str]) -> Keys:
    """Split a spec into its family and keys.

    Args:
        text: The spec.
        examples: By family, a spec of it that works.

    Raises:
        SpecError: Unknown family, malformed or repeated key.
    """
    if len(text) > _MOST_CHARACTERS:
        shown = text[:_SHOWN_CHARACTERS]
        raise SpecError(
            f"spec {shown + '...'!r} has {len(text)} characters, more than the {_MOST_CHARACTERS} "
            "of the longest one",
            shown.partition(":")[0],
        )
    family, _, rest = text.strip().partition(":")
    if family not in examples or not _FAMILY.fullmatch(family):
        meant = nearest(family.lower(), examples) or next(iter(examples))
        raise SpecError(
            f"unknown unit family {family!r}{nearest_hint(family, examples)}", f"{meant}:{rest}"
        )
    values: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in _parts(rest))):
        match = _KEY_VALUE.fullmatch(part)
        if match is None:
            raise SpecError(
                f"spec {text!r}: {part!r} is not of the form key=value, in lower case",
                _tidy(family, rest),
            )
        key, value = match.groups()
        if key in values:
            raise SpecError(f"spec {text!r}: key {key!r} is given twice", _tidy(family, rest))
        values[key] = value
    example = examples[family].partition(":")[2]
    return Keys(family=family, text=text, values=values, example=_key_values(example))


def _tidy(family: str, rest: str) -> str:
    """The spec of what can be read of keys; of a repeated one, of the first."""
    return _joined(family, _key_values(re.sub(r"[^a-z0-9_=,:()]", "", rest.lower())))


def _parts(text: str) -> list[str]:
    """What commas part; those within parentheses do not."""
    parts, depth = [""], 0
    for character in text:
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _key_values(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    for match in map(_KEY_VALUE.fullmatch, _parts(text)):
        if match is not None:
            found.setdefault(*match.groups())
    return found


def _joined(family: str, values: Mapping[str, str]) -> str:
    return f"{family}:" + ",".join(f"{key}={value}" for key, value in values.items())

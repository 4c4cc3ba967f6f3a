"""Reading ``FAMILY:key=value,...``: text to checked keys, without knowing any family."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from hwdse.errors import HwdseError, nearest_hint

__all__ = ["Keys", "split_spec"]

_FAMILY = re.compile(r"[a-z][a-z0-9_]*")
_KEY_VALUE = re.compile(r"([a-z][a-z0-9_]*)=([a-z0-9_]+)")


@dataclass
class Keys:
    """The keys of one spec, taken one by one by its family; what is left over is an error."""

    family: str
    text: str
    values: dict[str, str]
    _taken: set[str] = field(default_factory=set)

    def text_of(self, key: str, default: str | None = None) -> str:
        """The value of a key; without a default the key is required."""
        self._taken.add(key)
        if key in self.values:
            return self.values[key]
        if default is None:
            raise HwdseError(f"spec {self.text!r}: key {key!r} is missing; add {key}=...")
        return default

    def choice_of(self, key: str, choices: Sequence[str], default: str) -> str:
        """The value of a key that must be one of ``choices``."""
        value = self.text_of(key, default)
        if value not in choices:
            raise HwdseError(
                f"spec {self.text!r}: {key}={value} is not supported here"
                f"{nearest_hint(value, choices)}"
            )
        return value

    def integer_of(self, key: str, default: int, low: int, high: int) -> int:
        """The value of a key that must be an integer in ``low..high``."""
        value = self.text_of(key, str(default))
        if not value.isdecimal() or len(value) > 18 or not low <= int(value) <= high:
            raise HwdseError(
                f"spec {self.text!r}: {key}={value} must be an integer from {low} to {high}"
            )
        return int(value)

    def finish(self) -> None:
        """Refuse keys that the family did not take."""
        for key in self.values:
            if key not in self._taken:
                raise HwdseError(
                    f"spec {self.text!r}: {self.family} has no key {key!r}"
                    f"{nearest_hint(key, self._taken)}"
                )


def split_spec(text: str, families: Mapping[str, object]) -> Keys:
    """Split a spec into its family and keys.

    Raises:
        HwdseError: Unknown family, malformed or repeated key.
    """
    family, _, rest = text.strip().partition(":")
    if family not in families or not _FAMILY.fullmatch(family):
        raise HwdseError(f"unknown unit family {family!r}{nearest_hint(family, families)}")
    values: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in rest.split(","))):
        match = _KEY_VALUE.fullmatch(part)
        if match is None:
            raise HwdseError(f"spec {text!r}: {part!r} is not of the form key=value")
        key, value = match.groups()
        if key in values:
            raise HwdseError(f"spec {text!r}: key {key!r} is given twice")
        values[key] = value
    return Keys(family=family, text=text, values=values)

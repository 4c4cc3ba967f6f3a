"""A user's own codebook, from YAML."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any

from hwdse.errors import HwdseError, nearest_hint
from hwdse.files.yaml_input import parse_yaml
from hwdse.formats.base import parse_option
from hwdse.formats.codebook import Codebook, Ties

__all__ = ["load"]

_KEYS = ("name", "values", "ties", "source")
_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")
_MAX_CODES = 1 << 16


def load(path: Path) -> Codebook:
    """The codebook that a YAML file describes.

    Keys: ``name``, of lower-case letters, digits and underscores; ``values``, one number for each
    code from 0, or null for a code that is unused; and if wanted ``ties`` (``even``, ``lower`` or
    ``upper``) and ``source``, a text. There are as many bits as the number of values needs; codes
    beyond the last are unused. Numbers are taken as binary64.

    Args:
        path: The file.

    Raises:
        HwdseError: In one line, the file, the key, and what is wrong.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise HwdseError(f"{path}: not UTF-8 text (byte {error.start}); save it as UTF-8") from None
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        reason = getattr(error, "strerror", None) or error
        raise HwdseError(f"{path}: cannot be read: {reason}") from None
    raw = parse_yaml(text, where=str(path))
    if not isinstance(raw, dict):
        raise HwdseError(f"{path}: not a codebook: it holds no mapping of keys")
    for key in raw:
        if key not in _KEYS:
            raise HwdseError(f"{path}: unknown key {key!r:.60}{nearest_hint(str(key), _KEYS)}")
    try:
        values = _values(raw)
        return Codebook(
            name=_name(raw),
            bits=max((len(values) - 1).bit_length(), 1),
            values=values,
            ties=parse_option(Ties, _text(raw, "ties", Ties.EVEN)),
            source=_text(raw, "source", ""),
        )
    except HwdseError as error:
        raise HwdseError(f"{path}: {error}") from None


def _text(raw: dict[Any, Any], key: str, default: str) -> str:
    value = raw.get(key, default)
    if not isinstance(value, str):
        raise HwdseError(f"{key} must be a text, not {value!r:.60}")
    return value


def _name(raw: dict[Any, Any]) -> str:
    if "name" not in raw:
        raise HwdseError("the key 'name' is missing")
    name = raw["name"]
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise HwdseError(
            "name must be a lower-case letter, then at most 63 letters, digits and underscores, "
            f"not {name!r:.60}"
        )
    return name


def _values(raw: dict[Any, Any]) -> tuple[float | None, ...]:
    if "values" not in raw:
        raise HwdseError("the key 'values' is missing")
    values = raw["values"]
    if not isinstance(values, list):
        raise HwdseError(f"values must be a list of numbers, not {values!r:.60}")
    if not 2 <= len(values) <= _MAX_CODES:
        raise HwdseError(f"values must be 2 to {_MAX_CODES}, not {len(values)}")
    return tuple(_value(code, value) for code, value in enumerate(values))


def _value(code: int, value: Any) -> float | None:
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "; YAML wants a dot and a sign, as in 1.0e+3" if isinstance(value, str) else ""
        raise HwdseError(f"values: code {code} must be a number or null, not {value!r:.60}{hint}")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number) or number != value:
        raise HwdseError(f"values: code {code} must be a binary64 number, not {value!r:.60}")
    # Of zeros there is one only.
    return number + 0.0

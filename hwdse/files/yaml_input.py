"""Reading a user's YAML: safe, strict about repeated keys, and one line for every mistake."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from hwdse.errors import HwdseError

if TYPE_CHECKING:
    from pydantic import ValidationError

__all__ = ["parse_yaml", "read_mapping", "schema_error"]

# What PyYAML lets through where a value does not fit its explicit tag, as in !!int "".
_TAG_ERRORS = (LookupError, AttributeError, OverflowError)
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_LOADER):  # type: ignore[misc]
    """Safe loader that refuses a key written twice, of which YAML would silently keep the last."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"key {str(key.value)[:60]!r} occurs twice",
                    problem_mark=key.start_mark,
                )
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep=deep)
        return found


def parse_yaml(text: str, *, where: str) -> Any:
    """The document that a YAML text holds.

    Args:
        text: The text.
        where: What messages call it, usually the file's name.

    Raises:
        HwdseError: In one line, the file and the line of malformed YAML.
    """
    try:
        # A subclass of SafeLoader, which ruff cannot see.
        return yaml.load(text, Loader=_Loader)  # noqa: S506
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise HwdseError(f"{where}:{line}: not YAML: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError, *_TAG_ERRORS) as error:
        raise HwdseError(f"{where}: not YAML: {' '.join(str(error).split())[:200]}") from None


def read_mapping(path: Path, what: str) -> dict[Any, Any]:
    """The mapping that a YAML file holds.

    Args:
        path: The file.
        what: What messages call it, such as ``study``.

    Raises:
        HwdseError: It cannot be read, is malformed (with its line), or holds no mapping.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
        raise HwdseError(f"cannot read {what} {str(path)!r}: {reason}") from None
    raw = parse_yaml(text, where=str(path))
    if not isinstance(raw, dict):
        raise HwdseError(f"{path}: not a {what}: it holds no mapping of keys")
    return raw


def schema_error(error: ValidationError, *, where: str) -> HwdseError:
    """One line for what a document breaks in its schema: file, path of the key, and the rule."""
    found = error.errors(include_url=False, include_input=False, include_context=False)
    # Pydantic marks an error about a key itself with a last part "[key]".
    path = ".".join(str(part)[:60] for part in found[0]["loc"] if part != "[key]")
    more = f" (and {len(found) - 1} more)" if len(found) > 1 else ""
    message = re.sub(r"^Extra inputs are not permitted$", "unknown key", found[0]["msg"])
    # An error of a whole document has no path; our own checks need no word of Pydantic's.
    place = f"{path!a}: " if path else ""
    message = message.removeprefix("Value error, ")
    return HwdseError(f"{where}: {place}{message}{more}".replace("\n", " "))

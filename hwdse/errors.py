"""Errors that reach the user as one line and an exit code, and the hints that go with them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["ExternalToolError", "HwdseError", "InfeasibleError", "nearest_hint"]


class HwdseError(ValueError):
    """Bad input or usage: one line that says what is wrong, where, and how to mend it."""

    exit_code: int = 2


class InfeasibleError(HwdseError):
    """No assignment meets the budgets: the message names one and the least value it can reach."""

    exit_code = 3


class ExternalToolError(HwdseError):
    """An external tool failed: the message holds its last lines."""

    exit_code = 5


def nearest_hint(name: str, known: Iterable[str]) -> str:
    """A clause such as ``; did you mean 'int8'?``, or the first few known names when none is near.

    Args:
        name: What the user wrote.
        known: The names that would have been accepted.
    """
    choices = sorted(set(known))
    near = difflib.get_close_matches(name, choices, n=3, cutoff=0.6)
    if near:
        return "; did you mean " + " or ".join(repr(n) for n in near) + "?"
    shown = ", ".join(choices[:12]) + (", ..." if len(choices) > 12 else "")
    return f"; known: {shown}" if shown else ""

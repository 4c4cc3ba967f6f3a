"""What is said of specs that are refused."""

from __future__ import annotations

import re

import pytest

from hwdse.errors import HwdseError
from hwdse.pe import parse


def refusal(spec):
    """The message: one line, with the exit code of a bad request."""
    with pytest.raises(HwdseError) as caught:
        parse(spec)
    message = str(caught.value)
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message


def nearest(spec):
    """The spec that is named instead, which must work, and the message."""
    message = refusal(spec)
    found = re.search(r" \(nearest that works: ([a-z0-9_:=,()]+)\)$", message)
    assert found, message
    assert parse(found[1]).canonical
    return found[1], message

"""What is said of names and arguments that are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from hwdse import formats
from hwdse.errors import HwdseError

ARGUMENTS = (
    ({"axis": 2}, "axis 2"),
    ({"rounding": "up"}, "unknown rounding"),
    ({"overflow": "wrap"}, "unknown overflow"),
    ({"rounding": "stochastic"}, "needs a seed"),
)


def refused_name(name):
    """The message about a name: one line."""
    with pytest.raises(HwdseError) as caught:
        formats.get(name)
    message = str(caught.value)
    assert "\n" not in message
    return message


def check_arguments_of_encode(fmt):
    for arguments, message in ARGUMENTS:
        with pytest.raises(HwdseError, match=message):
            fmt.encode(np.ones((2, 8)), **arguments)

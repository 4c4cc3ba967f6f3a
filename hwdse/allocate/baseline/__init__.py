"""What one would do without an exact solver: methods that give an assignment or say why none.

All of them see the same problem in whole numbers as the solver does (ties are one group, options
that rules forbid are gone), and what they return is within every limit, exactly.
"""

from __future__ import annotations

from collections.abc import Callable

from .balanced import balanced
from .plain import greedy, uniform
from .sampling import evolutionary, random_draws
from .setting import Setting, Tried

__all__ = ["METHODS", "Setting", "Tried"]

METHODS: dict[str, Callable[[Setting], Tried]] = {
    "uniform": uniform,
    "greedy": greedy,
    "random": random_draws,
    "balanced": balanced,
    "evolutionary": evolutionary,
}
"""By name, in the order they are shown."""

"""What names of block formats have in common: suffixes for the block size and the scale rule."""

from __future__ import annotations

from hwdse.errors import HwdseError
from hwdse.formats.block import check_block
from hwdse.formats.scale import ScaleRule

__all__ = ["BLOCK_SUFFIX", "RULE_SUFFIX", "named_block", "named_rule"]

BLOCK_SUFFIX = r"(?:_b(0|[1-9][0-9]{0,9}))?"
"""Regular expression of a block size in a format's name; its group is for :func:`named_block`."""

_RULE_NAMES = {str(rule).replace("-", ""): rule for rule in ScaleRule}

RULE_SUFFIX = rf"(?:_({'|'.join(_RULE_NAMES)}))?"
"""Regular expression of the end of names that says a rule; its group is for :func:`named_rule`."""


def named_block(suffix: str | None, *, default: int, name: str) -> int:
    """The block size that a format's name says.

    Args:
        suffix: The size's digits; None if there are none.
        default: What no suffix means.
        name: The format's name.

    Raises:
        HwdseError: If the size is out of range, or the default: each format has one name.
    """
    if suffix is None:
        return default
    block = int(suffix)
    check_block(block, name=f"unknown format {name!r}")
    if block == default:
        raise HwdseError(
            f"unknown format {name!r}: blocks of {block} are what it has without '_b{block}'; "
            "leave it out"
        )
    return block


def named_rule(suffix: str | None, *, default: ScaleRule, name: str) -> ScaleRule:
    """The rule that a format's name ends in.

    Args:
        suffix: A rule's name without hyphens; None if there is none.
        default: What no suffix means.
        name: The format's name.

    Raises:
        HwdseError: If the suffix names the default: each format has one name.
    """
    rule = default if suffix is None else _RULE_NAMES[suffix]
    if suffix is not None and rule is default:
        raise HwdseError(
            f"unknown format {name!r}: {suffix!r} is the scale rule it has without a suffix; "
            "leave it out"
        )
    return rule

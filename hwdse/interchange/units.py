"""The unit of a column of figures, from its name."""

from __future__ import annotations

__all__ = ["unit_of"]

# Written as in UDUNITS, where "1" is a count.
_BY_SUFFIX = {
    "_um2": "um^2",
    "_ps": "ps",
    "_ns": "ns",
    "_uw": "uW",
    "_mhz": "MHz",
    "_pj_per_mac": "pJ/MAC",
    "_pj_per_value": "pJ/value",
}
_BY_NAME = {
    "macs_per_cycle": "MAC/cycle",
    "values_per_cycle": "value/cycle",
} | dict.fromkeys(("cells", "luts", "carries", "ffs", "dsps", "brams"), "1")


def unit_of(column: str) -> str | None:
    """The unit of a column of costs or of a sweep; None where it is no quantity.

    Args:
        column: Its name, such as ``area_um2`` or ``delay_ps_low``.
    """
    name = column.removesuffix("_low").removesuffix("_high")
    for suffix, unit in _BY_SUFFIX.items():
        if name.endswith(suffix):
            return unit
    return _BY_NAME.get(name)

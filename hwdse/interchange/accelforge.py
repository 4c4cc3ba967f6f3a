"""Units as accelforge's ``!Compute`` components, in its units: J, m2, W, actions per second.

Written for accelforge 1.0.467. Every figure that it would ask a model for is there, so none is
asked. An action ``compute`` is one multiply-accumulate; the unit does ``throughput`` of them a
second. Its energy is dynamic alone: accelforge adds ``leak_power`` over the time that a mapping
takes.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import yaml

from hwdse import __version__
from hwdse.errors import HwdseError
from hwdse.interchange.component import Component, header
from hwdse.pe import Design

__all__ = ["accelforge_files", "check_compute"]

_PS_PER_S = 1e12


class _Compute(dict[str, Any]):
    """A mapping that YAML writes with the tag ``!Compute``."""


class _Dumper(yaml.SafeDumper):
    """PyYAML's safe dumper, and that tag."""


_Dumper.add_representer(
    _Compute, lambda dumper, node: dumper.represent_mapping("!Compute", dict(node))
)


def check_compute(design: Design) -> None:
    """Say so where a design can be no ``Compute``.

    Raises:
        HwdseError: A converter, which does no multiply-accumulates.
    """
    if not design.macs_per_element:
        raise HwdseError(
            f"{design.canonical}: it does no multiply-accumulates, and can be no Compute of "
            "accelforge; leave it out, or write it --to accelergy"
        )


def accelforge_files(components: Sequence[Component]) -> dict[str, str]:
    """Texts of the files, by their names: an architecture of one node for each unit.

    Args:
        components: Of units that :func:`check_compute` takes.
    """
    files = {}
    for each in components:
        head = header(
            [each],
            [
                f"Written by hwdse {__version__} for accelforge: J, m^2, W, actions per second",
                "compute has no leakage in it",
            ],
        )
        node = _Compute(
            name=each.name,
            area=_scaled(each.area_um2, -12),
            leak_power=_scaled(each.leakage_uw, -6),
            actions=[
                {
                    "name": "compute",
                    "energy": _scaled(each.energy_pj, -12),
                    "throughput": each.actions_per_cycle * _PS_PER_S / each.period_ps,
                }
            ],
        )
        document = {"arch": {"nodes": [node]}}
        files[f"{each.name}.yaml"] = head + yaml.dump(document, Dumper=_Dumper, sort_keys=False)
    return files


def _scaled(value: float, exponent: int) -> float:
    """``value * 10**exponent``, rounded once: no digits that the value does not have."""
    return float(Decimal(repr(value)).scaleb(exponent))

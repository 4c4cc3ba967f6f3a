"""Files for accelforge; with accelforge 1.0.467 or later installed (Python 3.12), read by it.

pip install accelforge && pytest tests/interchange/test_interchange_accelforge.py
"""

from __future__ import annotations

import pytest
import yaml

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.interchange.accelforge import accelforge_files, check_compute
from hwdse.interchange.component import components

SPECS = ["mac:w=int8,a=int8", "dot:w=e4m3,a=e4m3,lanes=4", "serial:w=int4,a=int8,lanes=4,radix=4"]


class Tagged(yaml.SafeLoader):
    """Reads `!Compute` as a mapping."""


Tagged.add_constructor("!Compute", lambda loader, node: loader.construct_mapping(node, deep=True))


@pytest.fixture
def files(row):
    rows = [row(spec, seed) for seed, spec in enumerate(SPECS, 1)]
    written = accelforge_files(components([pe.parse(spec) for spec in SPECS], rows))
    return list(zip(rows, written.items(), strict=True))


def test_figures_are_in_units_of_si(files):
    for row, (name, text) in files:
        assert "- !Compute\n" in text
        assert "{" not in text
        loader = Tagged(text)
        (node,) = loader.get_single_data()["arch"]["nodes"]
        assert name == f"{node['name']}.yaml"
        (action,) = node["actions"]
        assert action["name"] == "compute"
        assert node["area"] == pytest.approx(row["area_um2"] * 1e-12, rel=1e-12, abs=0)
        assert node["leak_power"] == pytest.approx(row["leakage_uw"] * 1e-6, rel=1e-12, abs=0)
        period_s = row["period_ps"] * 1e-12
        assert action["throughput"] == pytest.approx(
            row["macs_per_cycle"] / period_s, rel=1e-12, abs=0
        )
        per_mac = action["energy"] + node["leak_power"] / action["throughput"]
        assert per_mac * 1e12 == pytest.approx(row["energy_pj_per_mac"], rel=1e-12, abs=0)


def test_converters_are_no_compute():
    check_compute(pe.parse(SPECS[0]))
    with pytest.raises(HwdseError, match="no multiply-accumulates"):
        check_compute(pe.parse("convert:from=fp32,to=mxfp4"))


def test_accelforge_reads_the_same(files, tmp_path):
    accelforge = pytest.importorskip("accelforge", exc_type=ImportError)
    for row, (name, text) in files:
        path = tmp_path / name
        path.write_text(text)
        costed = accelforge.Spec.from_yaml(path).calculate_component_costs()
        (node,) = costed.arch.nodes
        action = node.actions["compute"]
        assert node.area * 1e12 == pytest.approx(row["area_um2"], rel=1e-12, abs=0)
        per_mac = action.energy + node.leak_power / action.throughput
        assert per_mac * 1e12 == pytest.approx(row["energy_pj_per_mac"], rel=1e-12, abs=0)

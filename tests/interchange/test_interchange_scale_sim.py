"""Configurations of SCALE-Sim; with scalesim installed, read by it.

pip install scalesim && pytest tests/interchange/test_interchange_scale_sim.py
"""

from __future__ import annotations

import configparser

import pytest

from hwdse import pe
from hwdse.errors import HwdseError
from hwdse.interchange.scale_sim import Memories, scale_sim_config

ARRAY = "array:pe=(mac:w=int8,a=int4),rows=16,cols=8,dataflow={}"


@pytest.mark.parametrize("dataflow", ["ws", "os", "is"])
@pytest.mark.parametrize("bandwidth", [None, 16])
def test_shape_and_memories(dataflow, bandwidth):
    array = pe.parse(ARRAY.format(dataflow))
    config = configparser.ConfigParser()
    config.read_string(scale_sim_config(array, Memories(64, 60, 32, bandwidth)))
    assert config["general"]["run_name"] == array.module_name
    shape = config["architecture_presets"]
    assert (shape["ArrayHeight"], shape["ArrayWidth"], shape["Dataflow"]) == ("16", "8", dataflow)
    # 64 KiB of 4 bits, 60 KiB of 8 bits and 32 KiB of 32 bits, in 1024 words.
    sizes = [shape[f"{name}SramSzkB"] for name in ("Ifmap", "Filter", "Ofmap")]
    assert sizes == ["128", "60", "8"]
    mode = config["run_presets"]["InterfaceBandwidth"]
    assert mode == ("CALC" if bandwidth is None else "USER")
    if bandwidth is not None:
        banks = [config["layout"][f"{side}SRAMBankBandwidth"] for side in ("Ifmap", "Filter")]
        assert [shape["Bandwidth"], *banks] == ["16"] * 3


def test_sizes_are_rounded_down():
    array = pe.parse("array:pe=(mac:w=e2m3,a=int12),rows=4,cols=4,dataflow=os")
    config = configparser.ConfigParser()
    config.read_string(scale_sim_config(array, Memories(13, 8, 4)))
    shape = config["architecture_presets"]
    # 13 KiB of 12 bits are 8.67 x 1024 words, 8 KiB of 6 bits are 10.67 x 1024.
    assert (shape["IfmapSramSzkB"], shape["FilterSramSzkB"]) == ("8", "10")


@pytest.mark.parametrize(
    ("spec", "memory", "message"),
    [
        ("mac:w=int8,a=int8", 64, "SCALE-Sim takes arrays"),
        (ARRAY.format("tile"), 64, "ws, os or is"),
        (
            "array:pe=(dot:w=int8,a=int8,lanes=4),rows=4,cols=4,dataflow=ws",
            64,
            "of 4 MACs every 1 ",
        ),
        (
            "array:pe=(serial:w=int4,a=int8,lanes=1,radix=2),rows=4,cols=4,dataflow=os",
            64,
            "of 1 MACs every 4 ",
        ),
        (ARRAY.format("ws"), 1, "fewer than 1024 words of 32 bits"),
    ],
)
def test_what_scale_sim_has_no_place_for(spec, memory, message):
    with pytest.raises(HwdseError, match=message):
        scale_sim_config(pe.parse(spec), Memories(memory, memory, memory))


@pytest.mark.parametrize("bandwidth", [None, 16])
def test_scale_sim_reads_it(bandwidth, tmp_path):
    scale_config = pytest.importorskip("scalesim.scale_config", exc_type=ImportError)
    path = tmp_path / "array.cfg"
    path.write_text(scale_sim_config(pe.parse(ARRAY.format("is")), Memories(64, 64, 32, bandwidth)))
    config = scale_config.scale_config()
    config.read_conf_file(str(path))
    assert config.valid_conf_flag
    assert config.get_array_dims() == (16, 8)
    assert config.get_dataflow() == "is"
    assert config.get_mem_sizes() == (128, 64, 8)
    assert config.use_user_dram_bandwidth() == (bandwidth is not None)
    assert config.get_bandwidths_as_list() == ([] if bandwidth is None else [16])

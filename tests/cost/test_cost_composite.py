"""What a composite unit costs in each of its modes."""

from __future__ import annotations

import numpy as np

from hwdse.cost.operands import operands
from hwdse.pe import parse

COARSE = "composite:modes=int8_int4"
FINE = "composite:modes=int8_int4,mode=int4"


def test_modes_are_measured_apart_on_one_netlist(costed):
    coarse, fine = costed(COARSE), costed(FINE)
    for figure in ("area_um2", "delay_ps", "leakage_uw", "cells"):
        assert coarse[figure] == fine[figure]
    assert (coarse["macs_per_cycle"], fine["macs_per_cycle"]) == (1, 2)
    assert coarse["energy_pj_per_mac"] > fine["energy_pj_per_mac"] * 1.5
    # Once more, from the store.
    assert costed.__wrapped__(FINE)["energy_pj_per_mac"] == fine["energy_pj_per_mac"]
    assert fine["spec"] == parse(FINE).canonical


def test_words_are_those_of_the_measured_mode():
    rng = np.random.default_rng(1)
    unit = parse("composite:modes=mxint8_nvint4,lanes=4,mode=nvint4")
    codes = operands("uniform").sample(unit, (8, 16), rng)
    assert (codes["mode"] == 1).all()
    assert codes["w"].shape == (8, 16, 4)
    assert codes["w_scale"].shape == (8, 16)
    # The reference refuses words with what is no code of the mode, such as -8.
    unit.outputs(codes)
    nibbles = unit.operands[1].unpacked(1, codes["w"])
    assert set(np.unique(nibbles).tolist()) == set(range(16)) - {8}


def test_codes_of_a_file_are_those_of_the_measured_mode(tmp_path):
    path = tmp_path / "codes.npz"
    np.savez(path, w=np.array([1, 2, 3]), a=np.array([5]))
    unit = parse(FINE)
    codes = operands(str(path)).sample(unit, (4, 8), np.random.default_rng(0))
    assert (codes["a"] == 0x55).all()
    assert set(unit.operands[1].unpacked(1, codes["w"]).ravel().tolist()) == {1, 2, 3}

"""The script that extracts macros, on a small Liberty text of our own."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import yaml

SCRIPT = Path(__file__).parents[2] / "scripts" / "import_memories.py"


def energy(rise: float, fall: float, when: str) -> str:
    return (
        f'internal_power () {{ when : "{when}"; rise_power (scalar) {{ values ({rise}); }} '
        f"fall_power (scalar) {{ values ({fall}); }} }}"
    )


LIBERTY = f"""library (ram) {{
  time_unit : "1ns"; voltage_unit : "1V"; leakage_power_unit : "1uW";
  capacitive_load_unit (1, pf); nom_voltage : 1.2; nom_temperature : 25;
  cell (RAM_16x8) {{
    memory () {{ type : ram; address_width : 4; word_width : 8; }}
    area : 1000; cell_leakage_power : 2;
    pin (A_CLK) {{
      {energy(9, 0, "!A_MEN & A_WEN & !A_REN")}
      {energy(5, 1, "A_MEN  & A_WEN  & !A_REN")}
      {energy(3, 1, "A_MEN  & !A_WEN & A_REN")}
    }}
    bus (A_ADDR) {{ pin (A_ADDR[0]) {{ capacitance : 1; }}
      pin (A_ADDR[3:0]) {{ {energy(7, 7, "!A_MEN")} {energy(0.3, 0.1, "A_MEN")} }} }}
    bus (A_DIN) {{ pin (A_DIN[7:0]) {{ {energy(0.4, 0.2, "A_MEN")} }} }}
  }}
}}
"""


@pytest.fixture
def script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("import_memories", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_figures(script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "ram.lib").write_text(LIBERTY)
    output = tmp_path / "macros.yaml"
    monkeypatch.setattr(script, "OUTPUT", output)
    script.main(tmp_path)
    (macro,) = yaml.safe_load(output.read_text())["macros"]
    assert (macro["words"], macro["width_bits"], macro["area_um2"]) == (16, 8, 1000.0)
    # 1 pF x (1 V)^2 is the unit: 1 pJ.
    assert (macro["read_pj"], macro["write_pj"]) == (4.0, 6.0)
    assert macro["address_pj"] == pytest.approx(4 * 0.2)
    assert macro["data_pj"] == pytest.approx(8 * 0.3)
    assert macro["leakage_nw"] == 2000.0


def test_a_macro_without_the_pins(script: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "ram.lib").write_text(LIBERTY.replace("A_CLK", "CK"))
    with pytest.raises(SystemExit, match="has no pin A_CLK"):
        script.main(tmp_path)

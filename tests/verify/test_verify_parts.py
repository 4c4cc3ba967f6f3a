"""The parts that `hwdse verify --all` lists are proven by tests that exist."""

import re
from pathlib import Path

import pytest

from hwdse.verify.parts import PARTS

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_the_test_of_a_part_exists(part):
    file, function = part.test.split("::")
    assert re.search(rf"^def {function}\(", (ROOT / file).read_text(), re.MULTILINE)
    module = part.name.split(":")[0]
    assert (ROOT / "rtl" / "parts" / f"{module}.py").is_file()

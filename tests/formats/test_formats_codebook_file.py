"""A user's codebook from YAML: what is read, and one line for every mistake."""

import re

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from hwdse.errors import HwdseError
from hwdse.formats.codebook import Codebook, Ties
from hwdse.formats.codebook_file import load


def write(tmp_path, text):
    path = tmp_path / "book.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_all_keys(tmp_path):
    text = "name: mine_5\nvalues: [0, 1, 2.5, null, -0.1]\nties: lower\nsource: a paper\n"
    book = load(write(tmp_path, text))
    assert book == Codebook(
        name="mine_5",
        bits=3,
        values=(0.0, 1.0, 2.5, None, -0.1),
        ties=Ties.LOWER,
        source="a paper",
    )
    assert book.codes().tolist() == [0, 1, 2, 4]
    assert book.decode([2, 4]).tolist() == [2.5, -0.1]
    assert book.quantize([1.75, -7]).tolist() == [1.0, -0.1]
    with pytest.raises(HwdseError, match="5 at index 0 is not a code of mine_5"):
        book.decode([5])


@pytest.mark.parametrize(("count", "bits"), [(2, 1), (3, 2), (4, 2), (5, 3), (16, 4), (17, 5)])
def test_bits_are_what_the_values_need(tmp_path, count, bits):
    book = load(write(tmp_path, f"name: b\nvalues: {list(range(count))}"))
    assert (book.bits, len(book.codes()), book.ties) == (bits, count, Ties.EVEN)


def test_zeros_have_no_sign(tmp_path):
    book = load(write(tmp_path, "name: b\nvalues: [-0.0, 1]"))
    assert not np.signbit(book.decode(0))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not a codebook: it holds no mapping of keys"),
        ("[1, 2]", "not a codebook: it holds no mapping of keys"),
        ("name: x", "the key 'values' is missing"),
        ("values: [1, 2]", "the key 'name' is missing"),
        ("name: X\nvalues: [1, 2]", "name must be a lower-case letter"),
        ("name: 4\nvalues: [1, 2]", "name must be a lower-case letter"),
        ("name: a/b\nvalues: [1, 2]", "name must be a lower-case letter"),
        ("name: x\nvalues: 3", "values must be a list of numbers, not 3"),
        ("name: x\nvalues: [1]", "values must be 2 to 65536, not 1"),
        ("name: x\nvalues: [1, null]", "at least two codes must have values, not 1"),
        ("name: x\nvalues: [1, 2, 1.0]", "codes 0 and 2 have the same value 1.0"),
        ("name: x\nvalues: [0.0, -0.0]", "codes 0 and 1 have the same value"),
        ("name: x\nvalues: [1, 1e-3]", "code 1 must be a number or null, not '1e-3'; YAML wants"),
        ("name: x\nvalues: [1, true]", "code 1 must be a number or null, not True"),
        ("name: x\nvalues: [1, [2]]", "code 1 must be a number or null, not [2]"),
        ("name: x\nvalues: [1, .nan]", "code 1 must be a binary64 number, not nan"),
        ("name: x\nvalues: [1, -.inf]", "code 1 must be a binary64 number, not -inf"),
        ("name: x\nvalues: [1, 9007199254740993]", "code 1 must be a binary64 number, not 90071"),
        (f"name: x\nvalues: [1, 1{'0' * 400}]", "code 1 must be a binary64 number, not 1000"),
        ("name: x\nvalues: [1, 1.0e+308]", "code 1 must be a number of magnitude 2**1022"),
        ("name: x\nvalues: [1, 2]\nties: odd", "unknown ties 'odd'"),
        ("name: x\nvalues: [1, 2]\nties: 1", "ties must be a text, not 1"),
        ("name: x\nvalues: [1, 2]\nsource: [1]", "source must be a text, not [1]"),
        ("name: x\nvalues: [1, 2]\ntie: even", "unknown key 'tie'; did you mean 'ties'?"),
        ("name: x\nvalues: [1, 2]\n3: 4", "unknown key 3; known: "),
        ("name: x\nname: y\nvalues: [1, 2]", "key 'name' occurs twice"),
        ("name: x\nvalues: [1, 2", "not YAML"),
        ("name: !!python/object:os.system x\nvalues: [1, 2]", "not YAML"),
    ],
)
def test_mistakes(tmp_path, text, message):
    path = write(tmp_path, text)
    with pytest.raises(HwdseError, match=re.escape(message)) as caught:
        load(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 200


def test_unreadable_files(tmp_path):
    with pytest.raises(HwdseError, match=r"absent.yaml: cannot be read"):
        load(tmp_path / "absent.yaml")
    with pytest.raises(HwdseError, match="cannot be read"):
        load(tmp_path)
    path = tmp_path / "latin.yaml"
    path.write_bytes(b"name: \xe9")
    with pytest.raises(HwdseError, match="not UTF-8 text"):
        load(path)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=8,
)


@settings(deadline=None, max_examples=60)
@given(
    document=st.fixed_dictionaries(
        {}, optional=dict.fromkeys(("name", "values", "ties", "source"), _JSON)
    )
)
def test_any_wrong_document_is_refused_in_one_line(tmp_path_factory, document):
    path = tmp_path_factory.getbasetemp() / "any.yaml"
    document["values"] = document.get("values", [1, 2])
    document["name"] = 0
    path.write_text(yaml.safe_dump(document), encoding="utf-8")
    with pytest.raises(HwdseError) as caught:
        load(path)
    assert "\n" not in str(caught.value)

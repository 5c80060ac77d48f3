"""Named transformations give the same bytes everywhere, or say what is wrong with the content."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controller.definition.transforms import TRANSFORMS

CASES: list[tuple[str, bytes, bytes]] = [
    ("csv-to-json", b'a,b\r\n1,x\r\n2,"y,\nz"\r\n', b'[{"a":"1","b":"x"},{"a":"2","b":"y,\\nz"}]'),
    ("csv-to-json", b"\xef\xbb\xbfa\n\n1\n", b'[{"a":"1"}]'),
    ("csv-to-json", b"a\n", b"[]"),
    ("json-to-csv", b'[{"b": 1, "a": null}, {"c": [1.0], "a": "x,y"}]', b'b,a,c\r\n1,,\r\n,"x,y",[1]\r\n'),
    ("json-to-ndjson", b'[1, {"b": 2, "a": 1.0}, null]', b'1\n{"a":1,"b":2}\nnull\n'),
    ("ndjson-to-json", b'1\n\n{"b": 2, "a": 1}\r\n"x"', b'[1,{"a":1,"b":2},"x"]'),
    ("text-to-json", "é\n".encode(), '"é\\n"'.encode()),
]

WRONG: list[tuple[str, bytes, str]] = [
    ("csv-to-json", b"", "no header line"),
    ("csv-to-json", b"a,a\n1,2\n", "same name"),
    ("csv-to-json", b"a,b\n1,2\n3\n", "row 2 has 1 cells"),
    ("csv-to-json", b"\xff", "not UTF-8"),
    ("json-to-csv", b"{}", "list of objects"),
    ("json-to-csv", b"[1]", "list of objects"),
    ("json-to-csv", b"[]", "no columns"),
    ("json-to-csv", b'[{"a": 1, "a": 2}]', "one name twice"),
    ("json-to-ndjson", b"{}", "expected a list"),
    ("json-to-ndjson", b"[NaN]", "NaN is not JSON"),
    ("json-to-ndjson", b"[99999999999999999]", "99999999999999999"),
    ("ndjson-to-json", b"1\n{\n", "line 2"),
    ("text-to-json", b"\xff", "not UTF-8"),
]


@pytest.mark.requirement("ENG-012")
@pytest.mark.parametrize(("name", "content", "made"), CASES)
def test_content_is_transformed(name: str, content: bytes, made: bytes) -> None:
    assert TRANSFORMS[name](content) == made


@pytest.mark.parametrize(("name", "content", "message"), WRONG)
def test_what_cannot_be_transformed_says_why(name: str, content: bytes, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        TRANSFORMS[name](content)


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=6)


@given(st.lists(st.fixed_dictionaries({"a": TEXT, "b,": TEXT}), min_size=1, max_size=5))
def test_a_table_comes_back(rows: list[dict[str, str]]) -> None:
    content = json.dumps(rows).encode()
    table = TRANSFORMS["json-to-csv"](content)
    assert json.loads(TRANSFORMS["csv-to-json"](table)) == rows


@given(st.lists(st.none() | st.booleans() | st.integers(-9, 9) | TEXT, max_size=6))
def test_lines_come_back(values: list[object]) -> None:
    lines = TRANSFORMS["json-to-ndjson"](json.dumps(values).encode())
    assert json.loads(TRANSFORMS["ndjson-to-json"](lines)) == values

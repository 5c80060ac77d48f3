"""A message says as much as fits, and is always whole."""

import json
from pathlib import Path

import pytest

from controller.entrypoints.courier.message import artifact_list, cut, encode, fits, leave


@pytest.mark.parametrize("most", [512, 1000, 3072])
@pytest.mark.parametrize("count", [1, 7, 5000])
@pytest.mark.parametrize("line", ["short", "ä" * 1000, '"\\\n' * 400], ids=["short", "long", "escaped"])
def test_problems_are_cut_to_what_fits(most: int, count: int, line: str) -> None:
    content = cut({"output": "1", "problems": [f"{number} {line}" for number in range(count)]}, most)
    assert len(content) <= most
    message = json.loads(content)
    assert message["v"] == 1
    assert message["problems"][0].startswith("0")
    if count == 1 and len(line) < 10:
        assert message == {"v": 1, "output": "1", "problems": ["0 short"]}


def test_without_problems_nothing_is_cut() -> None:
    members = {"output": '"ä"', "artifacts": [("a", "blake3:00", 1)]}
    assert cut(members, 3072) == encode(members)
    assert json.loads(encode(members)) == {"v": 1, "output": '"ä"', "artifacts": [["a", "blake3:00", 1]]}
    assert fits(members, len(encode(members)))
    assert not fits(members, len(encode(members)) - 1)


def test_lists_are_written_alike() -> None:
    assert artifact_list([("ä", "blake3:00", 1)]) == '[["ä","blake3:00",1]]'.encode()


def test_the_last_message_counts(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for content in (b"a long first one", b"short"):
        leave(str(path), content)
    assert path.read_bytes() == b"short"

"""The list of unproved requirements tells the truth about the markers."""

from pathlib import Path

import pytest

from tools.requirements import Claim, Row, claims_in, main, read_rows

PLACES: dict[str, tuple[str, list[Claim]]] = {
    "on a function": ('@pytest.mark.requirement("A-1")\ndef test_x(): ...', [Claim("A-1", "t.py:1")]),
    "on a class": ('@pytest.mark.requirement("A-1")\nclass TestX: ...', [Claim("A-1", "t.py:1")]),
    "several at once": (
        '@mark.requirement("A-1", "A-2")\ndef test_x(): ...',
        [Claim(i, "t.py:1") for i in ("A-1", "A-2")],
    ),
    "for the module": ('pytestmark = [pytest.mark.requirement("A-1")]', [Claim("A-1", "t.py:1")]),
    "on one case": ('C = [pytest.param(1, marks=pytest.mark.requirement("A-1"))]', [Claim("A-1", "t.py:1")]),
    "a skipped test proves nothing": (
        '@pytest.mark.skip(reason="later")\n@pytest.mark.requirement("A-1")\ndef test_x(): ...',
        [],
    ),
    "nor does one that is expected to fail": (
        '@pytest.mark.requirement("A-1")\n@pytest.mark.xfail\ndef test_x(): ...',
        [],
    ),
    "a computed id cannot be counted": ("@pytest.mark.requirement(ID)\ndef test_x(): ...", [Claim(None, "t.py:1")]),
    "nor can an empty marker": ("@pytest.mark.requirement()\ndef test_x(): ...", [Claim(None, "t.py:1")]),
    "other markers are no claims": ('@pytest.mark.slow("A-1")\ndef test_x(): ...', []),
}


@pytest.mark.parametrize(("source", "claims"), PLACES.values(), ids=PLACES)
def test_where_a_marker_counts(source: str, claims: list[Claim]) -> None:
    assert list(claims_in(source, "t.py")) == claims


@pytest.fixture
def tests(tmp_path: Path) -> Path:
    folder = tmp_path / "tests"
    folder.mkdir()
    (folder / "requirements.tsv").write_text(
        "id\tarea\trequirement\nA-1\tfirst\tone\nA-2\tfirst\ttwo\nB-1\tsecond\tthree\n"
    )
    (folder / "test_some.py").write_text('import pytest\n\n\n@pytest.mark.requirement("A-1")\ndef test_a(): ...\n')
    return folder


def test_the_report_lists_what_nobody_proves(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tests", str(tests)]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "first: 1 of 2 proved",
        "  A-2  two",
        "",
        "second: 0 of 1 proved",
        "  B-1  three",
        "",
        "all: 1 of 3 proved",
    ]


def test_the_other_report_says_where(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--tests", str(tests), "--proved"]) == 0
    assert "  A-1  one\n           tests/test_some.py:4\n" in capsys.readouterr().out


def test_an_unknown_id_fails(tests: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tests / "test_typo.py").write_text('import pytest\n\npytestmark = pytest.mark.requirement("A-9")\n')
    assert main(["--tests", str(tests)]) == 1
    assert capsys.readouterr().err == "tests/test_typo.py:3: no requirement is called A-9\n"


def test_a_doubled_id_is_refused(tests: Path) -> None:
    with (tests / "requirements.tsv").open("a") as file:
        file.write("A-1\tfirst\tagain\n")
    with pytest.raises(ValueError, match="A-1 stands there twice"):
        read_rows(tests / "requirements.tsv")


def test_rows_keep_their_order(tests: Path) -> None:
    rows = read_rows(tests / "requirements.tsv")
    assert list(rows) == ["A-1", "A-2", "B-1"]
    assert rows["B-1"] == Row("B-1", "second", "three")

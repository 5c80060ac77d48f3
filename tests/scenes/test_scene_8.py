"""Scene 8: proof. A bundle is exported, verified elsewhere, and what was edited in it is named."""

import zipfile
from pathlib import Path

import orjson
import pytest

from tests.scenes.normalise import loosely
from tests.scenes.program import libretto
from tests.scenes.project import project

EXPORTED = """\
q3.zip: finance-quarterly-review 2.0.0, run RUN with 1 child run, 46 records, SIZE
  head  DIGEST
  verify  libretto verify q3.zip
"""

SOUND = """\
q3.zip: sound. 46 records of 2 runs, chains unbroken, 11 artifacts, 14 results, 1 receipt and 2 definitions match their digests.
  quarterly-summary approved by USER (record 18): exactly DIGEST
  head  DIGEST
"""

ANCHORED = """\
q3.zip: sound. 46 records of 2 runs, chains unbroken, 11 artifacts, 14 results, 1 receipt and 2 definitions match their digests.
  quarterly-summary approved by USER (record 18): exactly DIGEST
  anchor  record 27 is the head that was given; nothing follows it
"""

BROKEN = """\
q3-edited.zip: BROKEN at record 16 (quarterly-summary succeeded and waits for approval)
  its result names artifact "summary.md" as DIGEST, the artifact in the bundle is DIGEST
  the chain of 28 records is sound; this is not what was approved (record 18)
  also: MEMBER is not what manifest.json lists: it was changed
  also: byte 7 is not what its members make: the file was changed or written by another tool
"""

REWRITTEN = """\
q3.zip: BROKEN
  no record is DIGEST: since that head was noted, the chain was rewritten, or cut before it
"""

WHOLE = """\
sound: 1 run tree, 46 records
  run RUN  finance-quarterly-review 2.0.0: sound. 46 records of 2 runs, chains unbroken, 11 artifacts, 14 results, 1 receipt and 2 definitions match their digests.
    quarterly-summary approved by USER (record 18): exactly DIGEST
"""


def normalised(text: str) -> str:
    return "\n".join([*loosely(text), ""])


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = project(tmp_path_factory.mktemp("scene"), "finance-quarterly-review", "kpi-tracking", shipped=True)
    assert libretto(place, "try").code == 0
    return place


@pytest.fixture(scope="module")
def auditor(played: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another machine, as far as anybody can tell: nothing but the bundle."""
    seen = libretto(played, "export", "latest", "-o", "q3.zip")
    size = seen.out.splitlines()[0].rpartition(", ")[2]
    assert (normalised(seen.out).replace(size, "SIZE"), seen.err, seen.code) == (EXPORTED, "", 0)
    place = tmp_path_factory.mktemp("auditor")
    (place / "q3.zip").write_bytes((played / "q3.zip").read_bytes())
    return place


def edited(place: Path) -> str:
    """Somebody unpacks the bundle, improves the summary that was approved, and packs it again."""
    target = "q3-edited.zip"
    with zipfile.ZipFile(place / "q3.zip") as source, zipfile.ZipFile(place / target, "w") as copy:
        manifest = orjson.loads(source.read("manifest.json"))
        (name,) = [
            one["path"] for one in manifest["members"] if one["what"] == "artifact summary.md of quarterly-summary"
        ]
        for info in source.infolist():
            content = source.read(info)
            copy.writestr(info.filename, content.replace(b"Costs", b"costs") if info.filename == name else content)
    return str(name)


@pytest.mark.requirement("ENG-059")
def test_scene_8(auditor: Path) -> None:
    seen = libretto(auditor, "verify", "q3.zip")
    assert (normalised(seen.out), seen.err, seen.code) == (SOUND, "", 0)
    name = edited(auditor)
    seen = libretto(auditor, "verify", "q3-edited.zip")
    assert (normalised(seen.out).replace(name, "MEMBER"), seen.err, seen.code) == (BROKEN, "", 8)
    assert not (auditor / ".libretto").exists()


def test_scene_8_against_an_anchor(played: Path, auditor: Path) -> None:
    status = orjson.loads(libretto(auditor, "verify", "q3.zip", "-o", "json").out)[0]
    seen = libretto(auditor, "verify", "q3.zip", "--head", status["runs"][0]["head"])
    assert (normalised(seen.out), seen.code) == (ANCHORED, 0)
    seen = libretto(auditor, "verify", "q3.zip", "--head", "blake3:" + "0" * 64)
    assert (normalised(seen.out), seen.code) == (REWRITTEN, 8)


def test_scene_8_where_the_run_lies(played: Path) -> None:
    seen = libretto(played, "verify")
    assert (normalised(seen.out), seen.code) == (WHOLE, 0)
    seen = libretto(played, "verify", "latest")
    assert (normalised(seen.out), seen.code) == (SOUND.replace("q3.zip", "run RUN"), 0)


def test_exporting_twice_gives_the_same_bytes(played: Path, auditor: Path) -> None:
    assert libretto(played, "export", "latest", "-o", "again.zip").code == 0
    assert (played / "again.zip").read_bytes() == (auditor / "q3.zip").read_bytes()


def test_a_bundle_tells_the_run_as_the_state_directory_does(played: Path, auditor: Path) -> None:
    there = libretto(played, "report", "latest")
    here = libretto(auditor, "report", "q3.zip")
    assert there.out == here.out
    assert there.out.startswith("# Finance quarterly review: Succeeded\n")


def test_a_run_is_told_as_a_page(played: Path) -> None:
    seen = libretto(played, "report", "-o", "report.html")
    assert (seen.out, seen.err, seen.code) == ("report.html written\n", "", 0)
    page = (played / "report.html").read_text(encoding="utf-8")
    assert page.count('<iframe sandbox=""') == 1
    assert 'src="data:image/svg+xml;base64,' in page


def test_a_real_run_is_simulated_from_its_ledger_to_the_same_end(played: Path) -> None:
    assert libretto(played, "export", "latest", "--outcomes", "outcomes.yaml").code == 0
    expected = orjson.loads(libretto(played, "verify", "latest", "-o", "json").out)[0]["runs"][0]["semanticDigest"]
    seen = libretto(
        played, "simulate", "definitions/finance-quarterly-review", "--outcomes", "outcomes.yaml", "-o", "json"
    )
    assert seen.code == 0, seen.err
    assert expected in seen.out


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("verify", "none.zip"), 2, "libretto: none.zip does not exist"),
        (("verify", "01NONE"), 2, "libretto: no run begins with 01NONE"),
        (("verify", "--head", "blake3:00"), 2, "Error: --head is about one run: name it, or its bundle"),
        (("verify", "latest", "--head", "5e0c"), 2, "Error: --head takes a whole digest, blake3: and 64 hex digits"),
        (("export", "01NONE"), 2, "libretto: no run begins with 01NONE"),
    ],
)
def test_mistakes_are_said(played: Path, words: tuple[str, ...], code: int, said: str) -> None:
    seen = libretto(played, *words)
    assert (seen.code, said in seen.err) == (code, True), seen.err

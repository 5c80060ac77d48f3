"""Looking: every verb that looks shows a run, for people and for programs, and changes nothing."""

import hashlib
from pathlib import Path

import pytest
import yaml

from tests.scenes.mara import Project, waits
from tests.scenes.program import ended

LOOKS: dict[str, tuple[str, ...]] = {
    "status of all": ("status",),
    "status of one": ("status", "latest"),
    "list": ("list",),
    "tree": ("tree", "latest"),
    "show a run": ("show", "latest"),
    "show a step": ("show", "latest", "transform"),
    "logs": ("logs", "latest", "load"),
    "output": ("output", "latest", "transform"),
    "explain a run": ("explain", "latest"),
    "explain a step": ("explain", "latest", "publish"),
}


@pytest.fixture(scope="module")
def mara(tmp_path_factory: pytest.TempPathFactory) -> Project:
    """A project whose nightly load has failed."""
    project = Project.with_definitions(tmp_path_factory.mktemp("looking"))
    assert project.call("run", "definitions/nightly").code == 4
    return project


def everything(folder: Path) -> dict[str, tuple[str, int]]:
    return {
        path.relative_to(folder).as_posix(): (hashlib.sha256(path.read_bytes()).hexdigest(), path.stat().st_mtime_ns)
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.mark.parametrize("words", LOOKS.values(), ids=LOOKS)
def test_looking_changes_nothing_and_speaks_to_programs(mara: Project, words: tuple[str, ...]) -> None:
    before = everything(mara.state)
    said = mara.call(*words)
    assert (said.code, said.err) == (0, "")
    told = mara.told(*words)
    again = mara.call(*words, "-o", "yaml")
    assert type(yaml.safe_load(again.out)) is type(told)
    assert everything(mara.state) == before


def test_where_nothing_was_ever_run_nothing_is_made(tmp_path: Path) -> None:
    mara = Project(tmp_path)
    assert mara.call("status").out == "nothing goes on, waits, or failed within a day (all runs: libretto list)\n"
    assert mara.call("list").out == "no runs yet (libretto run PATH starts one)\n"
    for words in (("show", "latest"), ("approve", "latest"), ("retry", "latest"), ("undo", "latest")):
        assert mara.call(*words).code == 2
    assert list(tmp_path.iterdir()) == []


def test_a_tree_shows_the_attempts_where_there_were_several(mara: Project) -> None:
    assert mara.call("tree", "latest").lines == [
        "RUN  nightly 1.0.0  Failed (StepFailed)  0.0s",
        "├─ extract  Succeeded  0.0s",
        "├─ warn-team  Succeeded  0.0s",
        "├─ transform  Succeeded  0.0s",
        "├─ load  Failed  0.0s  exit code 1",
        "│  ├─ attempt 1  failed  0.0s  exit code 1",
        "│  ├─ attempt 2  failed  0.0s  exit code 1",
        "│  └─ attempt 3  failed  0.0s  exit code 1",
        "├─ publish  Pending",
        "└─ notify  Pending",
    ]


def test_an_artifact_comes_byte_by_byte(mara: Project) -> None:
    artifact = ("transform", "--artifact", "orders_clean.csv")
    shown = mara.call("show", "latest", *artifact).out
    assert shown.splitlines()[0] == "id,customer,country,amount,status"
    assert mara.call("output", "latest", *artifact, "-O", "orders.csv").out == ""
    assert (mara.folder / "orders.csv").read_text(encoding="utf-8") == shown
    missing = mara.call("show", "latest", "transform", "--artifact", "x")
    assert missing.code == 2
    assert "its artifacts: orders_clean.csv" in missing.err


def test_a_run_that_failed_has_no_outputs(mara: Project) -> None:
    said = mara.call("output", "latest")
    assert (said.code, said.out) == (9, "")


REFUSED: dict[str, tuple[tuple[str, ...], str]] = {
    "a step that is not there": (("show", "latest", "laod"), 'did you mean "load"?'),
    "an instance of a step that has none": (("show", "latest", "load[1]"), '"load" has no instances'),
    "a child of a step that has none": (("explain", "latest", "load/x"), '"load" plays no orchestration'),
    "a step that never began": (("logs", "latest", "publish"), "it is Pending and was never started"),
    "an attempt that never was": (("logs", "latest", "load", "--attempt", "9"), "it had 3 attempts"),
    "a run that is not there": (("show", "ZZZ"), "no run begins with ZZZ"),
}


@pytest.mark.parametrize(("words", "said"), REFUSED.values(), ids=REFUSED)
def test_what_is_not_there_is_said(mara: Project, words: tuple[str, ...], said: str) -> None:
    seen = mara.call(*words)
    assert seen.code == 2
    assert said in seen.err


def test_lists_are_searched(mara: Project) -> None:
    assert mara.told("list", "night", "--lifecycle", "completed", "--state", "Failed")["total"] == 1
    assert mara.told("list", "--lifecycle", "active")["total"] == 0
    assert mara.told("list", "other")["total"] == 0


SLOW = """\
apiVersion: libretto.dev/v1alpha1
kind: Orchestration
metadata: {name: slow}
spec:
  version: 1.0.0
  steps:
    - id: talk
      agent: talker
"""

TALKER = """\
apiVersion: libretto.dev/v1alpha1
kind: Agent
metadata: {name: talker}
spec:
  modes: [BUILD]
  process:
    argv: [sh, -c, 'echo one; until test -e go; do sleep 0.02; done; echo two']
    workingDirectory: repository
"""


@pytest.mark.requirement("ENG-018")
def test_a_log_is_followed_until_the_attempt_has_ended(tmp_path: Path) -> None:
    mara = Project(tmp_path)
    for name, text in {"slow/definition.yaml": SLOW, "agents/talker/agent.yaml": TALKER}.items():
        path = tmp_path / "definitions" / name
        path.parent.mkdir(parents=True)
        path.write_text(text, encoding="utf-8")
    run = mara.begin("run", "definitions/slow")
    mara.until(lambda answer: bool(answer) and "talk" in answer[0]["status"]["frontier"], "status")
    following = mara.begin("logs", "latest", "-f")
    assert following.stdout is not None
    assert following.stdout.readline() == "one\n"
    status = mara.told("status", "latest")
    assert (status["driven"], status["status"]["frontier"]) == (True, {"talk": "Running"})
    (tmp_path / "go").touch()
    assert ended(following).out == "two\n"
    assert ended(run).code == 0
    assert not waits(mara.told("status"))

"""The program is somebody else's: links, pipes, names and modes that it leaves lead nowhere and hold nobody up."""

import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.courier.pod import Pod
from tests.courier.serving import Serving

SECRET = "the token of the courier"


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / "secret"
    path.mkdir()
    (path / "output.json").write_text(f'"{SECRET}"')
    (path / "artifacts").mkdir()
    (path / "artifacts" / "stolen").write_text(SECRET)
    return path


def _output(pod: Pod, secret: Path) -> None:
    (pod.step / "output.json").symlink_to(secret / "output.json")


def _receipt(pod: Pod, secret: Path) -> None:
    (pod.step / "receipt.json").symlink_to(secret / "output.json")


def _artifact(pod: Pod, secret: Path) -> None:
    (pod.step / "artifacts" / "a").symlink_to(secret / "output.json")


def _folder(pod: Pod, secret: Path) -> None:
    (pod.step / "artifacts" / "a").symlink_to(secret)


def _artifacts(pod: Pod, secret: Path) -> None:
    (pod.step / "artifacts").rmdir()
    (pod.step / "artifacts").symlink_to(secret / "artifacts")


def _pipe(pod: Pod, _: Path) -> None:
    os.mkfifo(pod.step / "output.json")


def _pipe_below(pod: Pod, _: Path) -> None:
    os.mkfifo(pod.step / "artifacts" / "pipe")


def _file_for_folder(pod: Pod, _: Path) -> None:
    (pod.step / "artifacts").rmdir()
    (pod.step / "artifacts").write_text("no folder")


ATTACKS: dict[str, tuple[Callable[[Pod, Path], None], str]] = {
    "a link as output": (_output, "output.json is not a regular file"),
    "a link as receipt": (_receipt, "receipt.json is not a regular file"),
    "a link as artifact": (_artifact, "artifact a is a symbolic link"),
    "a link to a folder": (_folder, "artifact a is a symbolic link"),
    "a link instead of the artifacts": (_artifacts, "artifacts is not a folder"),
    "a pipe without a writer": (_pipe, "output.json is not a regular file"),
    "a pipe as artifact": (_pipe_below, "artifact pipe is neither file nor folder"),
    "a file for a folder": (_file_for_folder, "artifacts is not a folder"),
}


@pytest.mark.parametrize(("attack", "problem"), ATTACKS.values(), ids=ATTACKS)
def test_what_must_not_be_published_is_not(
    pod: Pod, serving: Serving, secret: Path, attack: Callable[[Pod, Path], None], problem: str
) -> None:
    assert pod.stage() == 0
    attack(pod, secret)
    assert pod.publish() == 0
    assert pod.message == {"problems": [problem]}
    assert serving.requests == []


def test_the_whole_directory_may_be_a_link(pod: Pod, serving: Serving, secret: Path) -> None:
    assert pod.stage() == 0
    shutil.rmtree(pod.step)
    pod.step.symlink_to(secret)
    assert pod.publish() == 1
    assert SECRET.encode() not in pod.raw
    assert pod.message["problems"] == ["what the program left could not be read: Not a directory"]
    assert serving.requests == []


def test_a_link_as_progress_tells_nothing(lonely: Pod, secret: Path) -> None:
    from controller.entrypoints.courier.waiting import ProgressFile

    assert lonely.stage() == 0
    (secret / "numbers").write_text("1/2")
    (lonely.step / "progress").symlink_to(secret / "numbers")
    assert ProgressFile(str(lonely.step)).changed() is None


def test_ten_thousand_problems_fit(lonely: Pod) -> None:
    assert lonely.stage() == 0
    lonely.program({"output.json": "1", "receipt.json": '{"changed": []}'})
    for number in range(3000):
        (lonely.step / "artifacts" / f"link-{number:04}").symlink_to("/etc/passwd")
    assert lonely.publish() == 0
    problems = lonely.message["problems"]
    assert problems[0] == "artifact link-0000 is a symbolic link"
    assert problems[-1] == f"and {3000 - len(problems) + 1} more"
    assert (lonely.message["output"], lonely.message["receipt"]) == ("1", '{"changed": []}')


needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can be somebody else")


@pytest.fixture
def user(tmp_path: Path) -> int:
    """A user of its own that reaches the pod."""
    below = len(tmp_path.relative_to(tempfile.gettempdir()).parts)
    for folder in (tmp_path, *tmp_path.parents[: below - 1]):
        folder.chmod(0o755)
    return 65_532


@needs_root
@pytest.mark.requirement("K8S-010")
def test_any_user_will_do(tmp_path: Path, serving: Serving, user: int) -> None:
    pod = Pod(tmp_path, user)
    pod.reaches(serving.url, serving.token())
    assert pod.stage({"a": 1}, [{"path": "agent/run.sh", "text": "#!/bin/sh", "mode": 0o755}]) == 0
    assert {path.stat().st_uid for path in pod.volume.rglob("*")} == {user}
    # The program may be yet another one.
    assert {oct(path.stat().st_mode & 0o777) for path in pod.volume.rglob("*") if path.is_dir()} == {"0o777"}
    assert oct((pod.step / "input.json").stat().st_mode & 0o777) == "0o666"
    assert oct((pod.volume / "agent" / "run.sh").stat().st_mode & 0o777) == "0o777"
    pod.program({"output.json": '"x"', "artifacts/a": "1" * 5000})
    assert pod.publish() == 0
    assert pod.message["output"] == '"x"'
    assert [name for name, *_ in pod.message["artifacts"]] == ["a"]


@needs_root
def test_what_cannot_be_read_is_said(tmp_path: Path, serving: Serving, user: int) -> None:
    pod = Pod(tmp_path, user)
    pod.reaches(serving.url, serving.token())
    assert pod.stage() == 0
    pod.program({"output.json": "1", "artifacts/a": "1", "artifacts/closed/b": "2"})
    (pod.step / "output.json").chmod(0)
    (pod.step / "artifacts" / "closed").chmod(0)
    assert pod.publish() == 0
    assert pod.message == {
        "problems": [
            "output.json could not be read: Permission denied",
            "artifacts/closed could not be read: Permission denied",
        ]
    }
    (pod.step / "artifacts" / "closed").chmod(0o777)
    (pod.step / "output.json").chmod(0o666)
    shutil.rmtree(pod.step / "artifacts" / "closed")
    (pod.step / "artifacts" / "a").chmod(0)
    assert pod.publish() == 0
    assert pod.message == {"output": "1", "problems": ["artifact a could not be read: Permission denied"]}

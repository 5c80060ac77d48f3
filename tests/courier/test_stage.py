"""Everything lies ready before the program starts; or the reason says why that cannot be."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from controller.model.digest import digest_bytes
from tests.courier.pod import Pod
from tests.courier.serving import Serving

LARGE = os.urandom(3 << 20)


@pytest.mark.requirement("K8S-009")
def test_input_and_files_lie_ready(pod: Pod, serving: Serving) -> None:
    kept = serving.stored()
    plan = [
        {"path": "step/inputs/extract/rows.csv", "digest": kept.put(LARGE)},
        {"path": "step/inputs/extract/note", "digest": kept.put(b"1"), "mode": 0o444},
        {"path": "agent/bin/run.sh", "digest": digest_bytes(b"#!/bin/sh\n"), "mode": 0o755, "text": "#!/bin/sh\n"},
        {"path": "agent/empty", "text": ""},
    ]
    assert pod.stage({"ä": [1.5]}, plan) == 0
    assert json.loads((pod.step / "input.json").read_bytes()) == {"ä": [1.5]}
    assert (pod.step / "artifacts").is_dir()
    assert (pod.step / "inputs/extract/rows.csv").read_bytes() == LARGE
    assert (pod.step / "inputs/extract/note").read_bytes() == b"1"
    assert (pod.volume / "agent/bin/run.sh").read_text() == "#!/bin/sh\n"
    assert os.access(pod.volume / "agent/bin/run.sh", os.X_OK)
    assert (pod.volume / "agent/empty").read_bytes() == b""
    assert list(pod.volume.rglob("*.part")) == []


def test_input_and_plan_may_be_blobs(pod: Pod, serving: Serving) -> None:
    kept = serving.stored()
    plan = json.dumps([{"path": "step/inputs/a", "text": "1"}])
    given = {"LIBRETTO_INPUT_BLOB": kept.put(b'{"large":1}'), "LIBRETTO_STAGED_BLOB": kept.put(plan.encode())}
    assert pod.stage("not this", [{"path": "step/inputs/b", "text": "nor this"}], **given) == 0
    assert (pod.step / "input.json").read_bytes() == b'{"large":1}'
    assert [path.name for path in (pod.step / "inputs").iterdir()] == ["a"]


def test_staging_twice_is_staging_once(pod: Pod) -> None:
    """A kubelet may run an init container again."""
    plan = [{"path": "step/inputs/a", "text": "1", "mode": 0o400}]
    assert [pod.stage(1, plan), pod.stage(2, plan)] == [0, 0]
    assert (pod.step / "input.json").read_text() == "2"


def test_a_link_that_lies_there_is_not_followed(pod: Pod, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "a").write_text("precious")
    assert pod.stage() == 0
    (pod.step / "input.json").unlink()
    (pod.step / "input.json").symlink_to(precious / "a")
    assert pod.stage(2) == 0
    assert (pod.step / "input.json").read_text() == "2"
    (pod.step / "inputs").symlink_to(precious)
    assert pod.stage(2, [{"path": "step/inputs/a", "text": "1"}]) == 75
    assert (precious / "a").read_text() == "precious"


UNSTAGEABLE: dict[str, tuple[Any, str]] = {
    "upwards": ({"path": "step/../../etc/passwd", "text": ""}, "not a path below the shared folder"),
    "from the root": ({"path": "/etc/passwd", "text": ""}, "not a path below the shared folder"),
    "no name": ({"path": "step//a", "text": ""}, "not a path below the shared folder"),
    "here": ({"path": "./a", "text": ""}, "not a path below the shared folder"),
    "NUL": ({"path": "a\0b", "text": ""}, "not a path below the shared folder"),
    "neither content nor digest": ({"path": "a"}, "not a file to stage"),
    "no object": ("a", "not a file to stage"),
    "setuid": ({"path": "a", "text": "", "mode": 0o4755}, "not a mode"),
    "another text than its digest's": (
        {"path": "a", "digest": digest_bytes(b"1"), "text": "2"},
        "does not match its digest",
    ),
    "unknown blob": (
        {"path": "a", "digest": digest_bytes(b"nobody stored it")},
        "could not be fetched: there is no blob",
    ),
    "no digest": ({"path": "a", "digest": "sha256:00"}, "a digest is blake3:"),
}


@pytest.mark.parametrize(("entry", "reason"), UNSTAGEABLE.values(), ids=UNSTAGEABLE)
def test_what_can_never_be_staged(pod: Pod, entry: Any, reason: str) -> None:
    assert pod.stage(1, [entry]) == 64
    assert pod.message.keys() == {"rejected"}
    assert reason in pod.message["rejected"]
    assert not (pod.step / "input.json").exists()


def test_a_plan_that_is_none(pod: Pod) -> None:
    for plan in ("{", "{}"):
        assert pod.stage(LIBRETTO_STAGED=plan) == 64
        assert "the plan of what to stage is no" in pod.message["rejected"]


def test_without_a_service_nothing_can_be_fetched(lonely: Pod) -> None:
    assert lonely.stage(1, [{"path": "step/inputs/a", "digest": digest_bytes(b"1")}]) == 64
    assert "there is no results service" in lonely.message["rejected"]


def test_damage_is_found(pod: Pod, serving: Serving) -> None:
    digest = serving.stored().put(LARGE)
    path = serving.folder / "team-a" / "blake3" / digest[7:9] / digest[9:]
    path.write_bytes(b"x" * len(LARGE))
    assert pod.stage(1, [{"path": "step/inputs/a", "digest": digest}]) == 64
    assert "does not match" in pod.message["rejected"]
    assert not (pod.step / "inputs" / "a").exists()


def test_another_namespace_has_other_blobs(pod: Pod, serving: Serving) -> None:
    digest = serving.stored("team-b").put(b"theirs")
    assert pod.stage(1, [{"path": "step/inputs/a", "digest": digest}]) == 64
    assert "there is no blob" in pod.message["rejected"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("LIBRETTO_DIR", "step"),
        ("LIBRETTO_DIR", "/step"),
        ("LIBRETTO_RESULTS", "results:8090"),
        ("LIBRETTO_MESSAGE_BYTES", "100"),
        ("LIBRETTO_STAGE_BUDGET_S", "soon"),
    ],
)
def test_settings_that_are_wrong(lonely: Pod, variable: str, value: str) -> None:
    assert lonely.stage(1, **{variable: value}) == 64

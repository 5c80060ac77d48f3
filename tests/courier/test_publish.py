"""What the program left gets to where it is kept: by the message, or by the service."""

import json
import os
import signal
from pathlib import Path

import pytest

from controller.adapters.cluster.jobs.message import parse
from controller.adapters.results_service.blobs import Owner
from controller.model.digest import digest_bytes
from tests.cluster.waiting import until
from tests.courier.pod import Pod, ended, entry
from tests.courier.serving import Serving

LARGE = json.dumps({"rows": ["x" * 70] * 100_000}).encode()
"""Seven megabytes: the service is asked first whether it has it."""


@pytest.mark.requirement("K8S-009")
def test_what_is_small_needs_no_service(lonely: Pod) -> None:
    assert lonely.stage({"a": 1}) == 0
    lonely.program({"output.json": '{"rows": 3}\n', "receipt.json": '{"changed": ["ä"]}'})
    assert lonely.publish() == 0
    assert lonely.message == {"output": '{"rows": 3}\n', "receipt": '{"changed": ["ä"]}'}


def test_nothing_was_left(lonely: Pod) -> None:
    assert lonely.stage() == 0
    assert lonely.publish() == 0
    assert lonely.message == {}


def test_nothing_was_even_staged(lonely: Pod) -> None:
    """A pod that must end before its program began."""
    assert lonely.publish() == 1
    assert lonely.message == {"problems": ["what the program left could not be read: No such file or directory"]}


@pytest.mark.requirement("K8S-009")
def test_what_is_large_goes_through_the_service(pod: Pod, serving: Serving) -> None:
    files = {
        "output.json": LARGE,
        "receipt.json": json.dumps({"changed": ["y" * 2000]}).encode(),
        "artifacts/rows.csv": b"1,2\n3,4\n",
        "artifacts/deep/er/empty": b"",
        "artifacts/big.bin": os.urandom(5 << 20),
    }
    assert pod.stage() == 0
    pod.program(files)
    assert pod.publish() == 0
    names = ["big.bin", "deep/er/empty", "rows.csv"]
    assert pod.message == {
        "outputBlob": digest_bytes(LARGE),
        "receiptBlob": digest_bytes(files["receipt.json"]),
        "artifacts": [entry(name, files[f"artifacts/{name}"]) for name in names],
    }
    kept = serving.stored()
    for content in files.values():
        assert kept.get(digest_bytes(content)) == content
    assert set(serving.owners) == {Owner("nightly-abc", "run-uid-1")}


def test_the_operator_understands_the_message(pod: Pod) -> None:
    assert pod.stage() == 0
    pod.program({"output.json": '"short"', "receipt.json": json.dumps("r" * 5000), "artifacts/a": "1"})
    assert pod.publish() == 0
    message = parse(pod.raw.decode())
    assert message is not None
    collected = message.collected
    assert (collected.output, collected.receipt, message.output_blob) == (b'"short"', None, None)
    assert message.receipt_blob == digest_bytes(json.dumps("r" * 5000).encode())
    assert [*collected.artifacts] == [("a", digest_bytes(b"1"), 1)]


def test_a_long_list_of_artifacts_is_a_blob(pod: Pod, serving: Serving) -> None:
    files = {f"artifacts/part-{number:04}": str(number) for number in range(200)}
    assert pod.stage() == 0
    pod.program({"output.json": "1", **files})
    assert pod.publish() == 0
    listed = json.loads(serving.stored().get(pod.message["listBlob"]))
    assert listed == [entry(f"part-{number:04}", str(number).encode()) for number in range(200)]
    assert pod.message["output"] == "1"


@pytest.mark.parametrize("limit", [512, 3072])
def test_the_message_never_grows_beyond_its_limit(pod: Pod, serving: Serving, limit: int) -> None:
    """Quotes and backslashes double when they are written into JSON."""
    output, receipt = json.dumps('"' * 500), json.dumps("\\" * 500)
    assert pod.stage() == 0
    pod.program({"output.json": output, "receipt.json": receipt, **{f"artifacts/{n}": "" for n in range(30)}})
    assert pod.publish(LIBRETTO_MESSAGE_BYTES=str(limit)) == 0
    assert len(pod.raw) <= limit
    said, kept = pod.message, serving.stored()
    found = said["output"] if "output" in said else kept.get(said["outputBlob"]).decode()
    assert found == output
    assert ("output" in said) is (limit == 3072)


def test_an_output_that_is_no_text_is_somebody_elses_problem(pod: Pod, serving: Serving) -> None:
    assert pod.stage() == 0
    pod.program({"output.json": b"\xff\xfe"})
    assert pod.publish() == 0
    assert serving.stored().get(pod.message["outputBlob"]) == b"\xff\xfe"


def test_without_a_service_the_reason_says_what_to_do(lonely: Pod) -> None:
    assert lonely.stage() == 0
    lonely.program({"output.json": json.dumps("x" * 2000), "receipt.json": "{}"})
    assert lonely.publish() == 1
    assert lonely.message["receipt"] == "{}"
    (problem,) = lonely.message["problems"]
    assert problem.startswith("output.json has 2002 bytes: that needs the results service")
    assert "chart value" in problem


def test_what_is_stored_already_is_not_sent_again(pod: Pod, serving: Serving) -> None:
    assert pod.stage() == 0
    pod.program({"output.json": LARGE})
    assert [pod.publish(), pod.publish()] == [0, 0]
    blob = f"/v1/blobs/{digest_bytes(LARGE)}"
    assert serving.requests == [f"HEAD {blob}", f"PUT {blob}", f"HEAD {blob}"]


def test_progress_is_told_when_it_changes(lonely: Pod) -> None:
    """In the log of the container, where no service is needed and no operator has to hear of it."""
    assert lonely.stage() == 0
    process = lonely.start("publish")
    assert process.stdout is not None
    for text, told in (("1/4", b"progress 1/4\n"), ("2/4\n", b"progress 2/4\n")):
        lonely.program({"progress": text})
        assert process.stdout.readline() == told
    lonely.program({"output.json": "1"})
    process.send_signal(signal.SIGTERM)
    assert (process.stdout.read(), ended(process)) == (b"", 0)
    assert lonely.message == {"output": "1"}


def test_a_signal_that_comes_while_it_starts_is_not_lost(lonely: Pod) -> None:
    """The program waits for this file; what ends it afterwards may come at once."""
    listens = lonely.volume / ".courier-listens"
    assert lonely.stage() == 0
    process = lonely.start("publish", LIBRETTO_LISTENS=str(listens))
    until(listens.exists, "the courier listens", pause=0.01)
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 0
    assert lonely.message == {}


@pytest.mark.parametrize("mode", ["", "stag", "--help"])
def test_a_mode_that_is_none(lonely: Pod, mode: str) -> None:
    assert ended(lonely.start(mode)) == 64


def test_the_message_cannot_be_written(lonely: Pod, tmp_path: Path) -> None:
    assert lonely.stage() == 0
    assert lonely.publish(LIBRETTO_TERMINATION_LOG=str(tmp_path / "nowhere" / "log")) == 1

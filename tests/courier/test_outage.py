"""The service is away, for a while or for good: what steps achieved is not lost for it."""

import json
import os
import signal
import socket
import threading
from pathlib import Path

import pytest

from controller.model.digest import digest_bytes
from tests.courier.pod import Pod, ended, entry
from tests.courier.serving import Serving

LARGE = json.dumps("x" * 5000).encode()
FILES = {"output.json": LARGE, "artifacts/a": b"1" * (2 << 20)}
HANDED_OVER = {"outputBlob": digest_bytes(LARGE), "artifacts": [entry("a", FILES["artifacts/a"])]}


def test_answers_of_whoever_stands_before_it_are_not_its_own(pod: Pod, serving: Serving) -> None:
    assert pod.stage() == 0
    pod.program(FILES)
    serving.failing = 5
    assert pod.publish() == 0
    assert pod.message == HANDED_OVER


def test_an_outage_that_ends(tmp_path: Path) -> None:
    """It begins while the program runs and ends while the courier tries: nothing is lost."""
    serving, pod = Serving(tmp_path / "kept"), Pod(tmp_path)
    pod.reaches(serving.url, serving.token())
    assert pod.stage() == 0
    pod.program(FILES)
    process = pod.start("publish")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    said = process.stderr.readline()
    assert b"output.json could not be stored yet: no answer of the results service" in said
    # What is left if it is killed now.
    assert pod.message == {"problems": ["the courier was ended before it had handed everything over"]}
    with serving.running():
        assert ended(process) == 0
    assert pod.message == HANDED_OVER


def test_staging_waits_as_well(tmp_path: Path) -> None:
    serving, pod = Serving(tmp_path / "kept"), Pod(tmp_path)
    pod.reaches(serving.url, serving.token())
    plan = [{"path": "step/inputs/a", "digest": serving.stored().put(LARGE)}]
    process = pod.start("stage", LIBRETTO_INPUT="1", LIBRETTO_STAGED=json.dumps(plan))
    assert process.stderr is not None
    assert b"step/inputs/a could not be fetched yet" in process.stderr.readline()
    with serving.running():
        assert ended(process) == 0
    assert (pod.step / "inputs/a").read_bytes() == LARGE


def test_an_outage_that_does_not_end(tmp_path: Path) -> None:
    serving, pod = Serving(tmp_path / "kept"), Pod(tmp_path)
    pod.reaches(serving.url, serving.token())
    assert pod.stage() == 0
    pod.program({**FILES, "receipt.json": '{"changed": []}'})
    assert pod.publish(LIBRETTO_PUBLISH_BUDGET_S="0.2") == 1
    message = pod.message
    (problem,) = message.pop("problems")
    assert message == {"receipt": '{"changed": []}'}
    assert problem.startswith("output.json could not be stored: no answer of the results service: ")
    pod.reset()
    plan = [{"path": "step/inputs/a", "digest": digest_bytes(b"1")}]
    assert pod.stage(1, plan, LIBRETTO_STAGE_BUDGET_S="0.2") == 75
    assert "could not be fetched: no answer of the results service" in pod.message["rejected"]


def test_a_pod_that_must_end_while_it_is_staged(tmp_path: Path) -> None:
    serving, pod = Serving(tmp_path / "kept"), Pod(tmp_path)
    pod.reaches(serving.url, serving.token())
    plan = [{"path": "step/inputs/a", "digest": digest_bytes(b"1")}]
    process = pod.start("stage", LIBRETTO_INPUT="1", LIBRETTO_STAGED=json.dumps(plan))
    assert process.stderr is not None
    process.stderr.readline()
    process.send_signal(signal.SIGTERM)
    assert ended(process) == 143


def test_a_service_that_does_not_answer_is_given_up_in_time(tmp_path: Path) -> None:
    """It takes the connection and everything that is sent, and says nothing."""
    pod = Pod(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        pod.reaches(f"http://127.0.0.1:{silent.getsockname()[1]}", "token")
        assert pod.stage() == 0
        pod.program(FILES)
        assert pod.publish(LIBRETTO_PUBLISH_BUDGET_S="0.3") == 1
    assert "output.json could not be stored" in pod.message["problems"][0]


def test_a_service_that_breaks_off_in_the_middle(pod: Pod, serving: Serving) -> None:
    """The answer is cut; the next one is taken from its beginning."""
    content = os.urandom(1 << 20)
    digest = serving.stored().put(content)
    with socket.create_server(("127.0.0.1", 0)) as between:
        thread = threading.Thread(target=_cut_first, args=(between, serving.port))
        thread.start()
        pod.reaches(f"http://127.0.0.1:{between.getsockname()[1]}", serving.token())
        assert pod.stage(1, [{"path": "step/inputs/a", "digest": digest}]) == 0
        thread.join(30)
    assert (pod.step / "inputs/a").read_bytes() == content


def test_a_token_that_was_renewed_is_used(pod: Pod, serving: Serving) -> None:
    fresh = serving.token()
    pod.reaches(serving.url, serving.signer.token(0))
    assert pod.stage() == 0
    pod.program(FILES)
    process = pod.start("publish")
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    assert b"the token has expired (HTTP 401)" in process.stderr.readline()
    pod.reaches(serving.url, fresh)
    assert ended(process) == 0
    assert pod.message == HANDED_OVER


@pytest.mark.parametrize("namespace", ["team-b"])
def test_a_refusal_is_final(pod: Pod, serving: Serving, namespace: str) -> None:
    pod.reaches(serving.url, serving.signer.token(2e9, **{"kubernetes.io": {"namespace": namespace}}, nbf=0))
    assert pod.stage() == 0
    pod.program(FILES)
    assert pod.publish() == 1
    assert pod.message["problems"] == ["output.json could not be stored: the token is bound to no pod (HTTP 403)"]
    assert len(serving.requests) == 1


def _cut_first(between: socket.socket, port: int) -> None:
    """Pass two connections on, the first one only up to half of the answer."""
    for most in (300_000, 1 << 30):
        client, _ = between.accept()
        with client, socket.create_connection(("127.0.0.1", port)) as service:
            service.sendall(client.recv(65_536))
            passed = 0
            while passed < most and (chunk := service.recv(65_536)):
                client.sendall(chunk)
                passed += len(chunk)
                if passed > 1 << 20:
                    break

"""An operator with a bucket, and one with libretto-store: what is published reaches the pods, what is large goes from step to step."""

import json
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.operators import Bench, OperatorProcess, grant, reachable
from tests.cluster.results import large
from tests.cluster.results.test_store import BOUND, pod_of, running, token_of
from tests.cluster.shared_process_node import SharedProcessNode
from tests.contract.blob_machines import s3_server

Json = dict[str, Any]

BUCKET = "results"


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as opened:
        yield opened


def settings(kind: str, cluster: ControlPlane, namespace: str, folder: Path, stack: ExitStack) -> dict[str, str]:
    """Start what a kind of store needs, and return what the operator is told of it."""
    if kind == "s3":
        gateway = stack.enter_context(s3_server(folder))
        (gateway.folder / BUCKET).mkdir()
        return {
            "LIBRETTO_BLOBS": kind,
            "LIBRETTO_S3_BUCKET": BUCKET,
            "LIBRETTO_S3_ENDPOINT": gateway.address,
            "LIBRETTO_S3_ALLOW_HTTP": "true",
            "AWS_ACCESS_KEY_ID": gateway.access_key,
            "AWS_SECRET_ACCESS_KEY": gateway.secret_key,
        }
    pod_of(cluster, namespace)
    token = folder / "token"
    token.write_text(token_of(cluster, namespace, *BOUND))
    store = stack.enter_context(running(cluster, folder / "volume", f"{namespace}/default"))
    return {
        "LIBRETTO_BLOBS": kind,
        "LIBRETTO_STORE_URL": store.url,
        "LIBRETTO_STORE_TOKEN_FILE": str(token),
        "LIBRETTO_RESULTS_URL": f"http://{reachable(cluster)}:{store.url.rpartition(':')[2]}",
    }


@pytest.mark.parametrize("kind", ["s3", "store"])
def test_files_of_agents_and_large_results(
    kind: str, cluster: ControlPlane, process_node: SharedProcessNode, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    del process_node
    grant(cluster, namespace)
    bench = Bench(cluster, namespace)
    written = large.write(tmp_path)
    given = settings(kind, cluster, namespace, tmp_path, stack)
    operator = OperatorProcess(cluster, tmp_path, namespace, given)
    stack.callback(operator.kill)
    operator.start()
    written.publish(cluster, namespace)
    bench.apply(large.run_object("r"))
    status = bench.until_state("r", "AwaitingApproval", "Failed")
    assert status["state"] == "AwaitingApproval", (status.get("message"), operator.log())
    # Whoever takes over finds what the run executes, wherever results go.
    operator.stop()
    second = OperatorProcess(cluster, tmp_path, namespace, given)
    stack.callback(second.kill)
    second.start()
    bench.kubectl("create", "-f", "-", input=json.dumps(large.approval(bench.get("run", "r"))))
    status = bench.until_state("r", "Succeeded", "Failed")
    assert status["state"] == "Succeeded", (status.get("message"), second.log())
    assert large.came_to(status) == large.OUTPUT
    assert status["semanticDigest"] == written.local_digest(tmp_path / ".libretto")
    assert bench.all("configmaps", "libretto.dev/kind=blob") == []
    # Somebody who looks on reads all of it through the service, and knows without it where it is.
    pod = bench.all("pods")[0]["metadata"]["name"]
    bound = ("--bound-object-kind=Pod", f"--bound-object-name={pod}")
    (tmp_path / "mine").write_text(token_of(cluster, namespace, *bound))
    url = given.get("LIBRETTO_STORE_URL", f"http://127.0.0.1:{second.results_port}")
    mine = {"LIBRETTO_RESULTS_URL": url, "LIBRETTO_RESULTS_TOKEN_FILE": str(tmp_path / "mine")}
    assert large.libretto(cluster, namespace, "verify", "r", **mine).stdout.startswith("run r: sound.")
    assert len(large.libretto(cluster, namespace, "output", "r", "makes", **mine).stdout) > 20_000
    without = large.libretto(cluster, namespace, "output", "r", "makes")
    assert without.returncode != 0
    assert "may lie in a bucket or libretto-store" in without.stderr


def test_a_file_that_nobody_published_is_told(
    cluster: ControlPlane, process_node: SharedProcessNode, namespace: str, tmp_path: Path, stack: ExitStack
) -> None:
    del process_node
    grant(cluster, namespace)
    bench = Bench(cluster, namespace)
    operator = OperatorProcess(cluster, tmp_path, namespace, settings("s3", cluster, namespace, tmp_path, stack))
    stack.callback(operator.kill)
    operator.start()
    large.write(tmp_path).publish(cluster, namespace)
    bench.kubectl("delete", "configmaps", "-l", "libretto.dev/kind=agent-file")
    bench.apply(large.run_object("r"))
    status = bench.until_state("r")
    assert status["state"] == "Failed", operator.log()
    assert "table.txt was not published with its agent" in status["message"]

"""libretto-store beside a real API server: its tokens, its keys, its pods."""

import asyncio
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import aiohttp
import pytest

from controller.adapters.store_blobs import StoreBlobs
from controller.errors import NotFound, StoreUnavailable
from controller.model.digest import digest_bytes
from tests.cluster.control_plane import ControlPlane
from tests.courier.pod import Pod, entry

ROOT = Path(__file__).resolve().parents[3]
LARGE = json.dumps("x" * 50_000).encode()


class Store(NamedTuple):
    url: str
    probes: str


@contextmanager
def running(control_plane: ControlPlane, folder: Path, trusted: str) -> Iterator[Store]:
    """Run libretto-store as its pod would, with the administrator's kubeconfig in place of its own account."""
    folder.mkdir()
    environment = {
        "PATH": os.environ["PATH"],
        "KUBECONFIG": str(control_plane.kubeconfig),
        "LIBRETTO_STORE_DIRECTORY": str(folder),
        "LIBRETTO_STORE_TRUSTED": trusted,
        "LIBRETTO_RESULTS_PORT": "0",
        "LIBRETTO_PORT": "0",
        "LIBRETTO_LOG_FORMAT": "text",
    }
    command = [sys.executable, "-m", "controller.entrypoints.store"]
    process = subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        ports = re.search(r"on port (\d+), probes on (\d+)", line)
        assert ports, line + process.stderr.read()
        yield Store(f"http://127.0.0.1:{ports[1]}", f"http://127.0.0.1:{ports[2]}")
    finally:
        process.terminate()
        _, rest = process.communicate(timeout=60)
        assert (process.returncode, "Traceback" in rest) == (0, False), rest


def pod_of(control_plane: ControlPlane, namespace: str, name: str = "step") -> None:
    """A pod that no node takes: tokens are bound to the object."""
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "automountServiceAccountToken": False,
            "nodeSelector": {"libretto.dev/test": "no-such-node"},
            "containers": [{"name": "main", "image": "none"}],
        },
    }
    control_plane.kubectl("apply", "-f", "-", input=json.dumps(body))


def token_of(control_plane: ControlPlane, namespace: str, *more: str, audience: str = "libretto-results") -> str:
    """A token as the kubelet asks for it."""
    return control_plane.kubectl(
        "create", "token", "default", "-n", namespace, f"--audience={audience}", "--duration=1h", *more
    ).strip()


BOUND = ("--bound-object-kind=Pod", "--bound-object-name=step")


@pytest.mark.requirement("K8S-009")
def test_a_step_hands_over_and_the_operator_reads(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    pod_of(control_plane, namespace)
    token = token_of(control_plane, namespace, *BOUND)
    operator = tmp_path / "operator"
    with running(control_plane, tmp_path / "volume", f"{namespace}/default") as store:
        pod = Pod(tmp_path)
        pod.reaches(store.url, token)
        assert pod.stage() == 0
        pod.program({"output.json": LARGE, "artifacts/a": "1"})
        assert pod.publish() == 0
        assert pod.message == {"outputBlob": digest_bytes(LARGE), "artifacts": [entry("a", b"1")]}
        operator.write_text(token)

        async def read() -> None:
            async with aiohttp.ClientSession() as session:
                blobs = StoreBlobs(lambda: session, store.url, operator, namespace)
                assert await blobs.get(digest_bytes(LARGE)) == LARGE
                assert await blobs.size(digest_bytes(b"1")) == 1
                others = StoreBlobs(lambda: session, store.url, operator, "another-namespace")
                assert await others.size(digest_bytes(LARGE)) is None
                await others.put(digest_bytes(b"theirs"), b"theirs")
                with pytest.raises(NotFound):
                    await blobs.get(digest_bytes(b"theirs"))
                async with session.get(f"{store.probes}/readyz") as ready:
                    assert ready.status == 200
                async with session.get(f"{store.probes}/metrics") as page:
                    assert "libretto_store_requests_total" in await page.text()

        asyncio.run(read())
    assert (tmp_path / "volume" / "namespaces" / namespace / "blake3").is_dir()


def test_only_tokens_of_pods_for_us_count(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> None:
    pod_of(control_plane, namespace)
    file = tmp_path / "token"
    with running(control_plane, tmp_path / "volume", "") as store:

        async def put(token: str, where: str = namespace) -> None:
            file.write_text(token)
            async with aiohttp.ClientSession() as session:
                await StoreBlobs(lambda: session, store.url, file, where).put(digest_bytes(b"1"), b"1")

        asyncio.run(put(token_of(control_plane, namespace, *BOUND)))
        for token, where, status in (
            (token_of(control_plane, namespace, *BOUND, audience="https://kubernetes.default.svc"), namespace, 401),
            (token_of(control_plane, namespace), namespace, 403),
            (token_of(control_plane, namespace, *BOUND), "another-namespace", 403),
            ("forged", namespace, 401),
        ):
            with pytest.raises(StoreUnavailable, match=f" {status} "):
                asyncio.run(put(token, where))

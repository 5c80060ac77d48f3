"""The image is built from the Dockerfile as it is, and works as nobody on a root file system that cannot be written."""

import json
import re
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster import machine
from tests.cluster.image import CONTEXT, ROOT, Image, bases, buildah, image

Json = dict[str, Any]
Told = subprocess.CompletedProcess[str]
Run = Callable[..., Told]

USER = 65532


@pytest.fixture(scope="module")
def built() -> Image:
    if machine.skipped():
        pytest.skip("LIBRETTO_SKIP_NODE=1: nothing that needs root is tried")
    return image()


@pytest.fixture(scope="module")
def configuration(built: Image) -> Json:
    with tarfile.open(built.archive) as archive:
        [manifest] = json.load(_member(archive, "manifest.json"))
        assert manifest["RepoTags"] == [built.reference]
        told: Json = json.load(_member(archive, manifest["Config"]))
    return told


@pytest.fixture(scope="module")
def run(built: Image) -> Iterator[Run]:
    """Runs a command in the image as a pod of the restricted level does: no root, no powers, nothing writable but /tmp."""
    container = _told(buildah("from", "--pull-never", f"docker-archive:{built.archive}"))
    root = Path(_told(buildah("mount", container)))
    config = json.loads(_told(buildah("inspect", container)))["OCIv1"]["config"]

    def within(*command: str) -> Told:
        script = (
            'mount --bind "$1" "$1" && mount -o remount,bind,ro "$1" && mount -t tmpfs tmpfs "$1/tmp" -o mode=1777 '
            '&& mount -t proc proc "$1/proc" && cd / && root=$1 && shift '
            f'&& exec chroot --userspec={USER}:{USER} --groups= "$root" setpriv --no-new-privs -- "$@"'
        )
        unshared = ["unshare", "--mount", "--pid", "--fork", "sh", "-euc", script, "sh", str(root), *command]
        environment = dict(each.split("=", 1) for each in config["Env"])
        host = {"PATH": f"{environment['PATH']}:/usr/sbin:/sbin"}
        return subprocess.run(unshared, capture_output=True, text=True, check=False, env={**environment, **host})

    yield within
    for words in (("umount", container), ("rm", container)):
        _told(buildah(*words))


@pytest.mark.requirement("K8S-028")
def test_it_runs_as_nobody_on_a_root_that_cannot_be_written(configuration: Json, run: Run) -> None:
    assert configuration["config"]["User"] == f"{USER}:{USER}"
    assert run("id", "-u").stdout.strip() == str(USER)
    assert "Read-only file system" in run("touch", "/opt/libretto/x").stderr
    assert run("touch", "/tmp/x").returncode == 0
    # Without a cluster it says what it misses, which is all of it but the cluster.
    told = run(*configuration["config"]["Cmd"])
    assert (told.returncode, "Traceback" in told.stderr) == (2, False), told.stderr


def test_it_is_an_operator_unless_told_otherwise(configuration: Json) -> None:
    assert configuration["config"]["Cmd"] == ["python", "-m", "controller.entrypoints.operator"]
    assert "Entrypoint" not in configuration["config"]


def test_a_courier_starts_and_says_how_it_is_called(run: Run) -> None:
    told = run("python", "-m", "controller.entrypoints.courier")
    assert told.returncode not in (0, 126, 127)
    assert "Traceback" not in told.stderr, told.stderr
    assert "publish" in told.stderr


def test_no_start_compiles_anything(run: Run) -> None:
    """On a root that cannot be written it would do so each time."""
    for module in ("controller.entrypoints.operator.settings", "controller.adapters.cluster.client"):
        told = run("python", "-v", "-c", f"import {module}").stderr
        assert "code object from" in told
        assert re.findall(r"code object from '?(/\S+\.py)\b(?!c)", told) == []


def test_it_has_git_and_ssh_and_no_kubernetes_client(run: Run) -> None:
    assert run("git", "--version").returncode == 0
    assert run("ssh", "-V").returncode == 0
    assert "No module named 'kubernetes'" in run("python", "-c", "import kubernetes").stderr


def test_the_command_line_is_there(run: Run) -> None:
    assert run("libretto", "--version").returncode == 0


def test_bases_of_a_dockerfile_are_not_its_stages() -> None:
    text = (
        "FROM --platform=x python:3@sha256:1 AS one\nFROM one AS two\nFROM scratch\nFROM debian\nCOPY --from=two / /\n"
    )
    assert bases(text) == {"python:3@sha256:1", "debian"}


def test_what_is_looked_at_for_changes_is_what_the_builder_gets() -> None:
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == set(CONTEXT)


def _member(archive: tarfile.TarFile, name: str) -> Any:
    return archive.extractfile(name)


def _told(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

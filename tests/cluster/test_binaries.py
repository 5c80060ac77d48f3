"""Programs are looked for where one says, then in PATH if the version fits, then in the cache; else it says what to do."""

from pathlib import Path

import pytest

from tests.cluster import binaries
from tests.cluster.binaries import BinariesMissing


@pytest.fixture
def places(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Path]:
    """Three empty folders, and nothing else in PATH."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("LIBRETTO_KUBE_BIN", str(tmp_path / "named"))
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.delenv("KUBE_VERSION", raising=False)
    found = {"named": tmp_path / "named", "path": tmp_path / "path", "cache": binaries.cache()}
    for folder in found.values():
        folder.mkdir(parents=True)
    return found


def program(folder: Path, name: str, says: str) -> Path:
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


def test_the_named_folder_comes_first_whatever_its_version(places: dict[str, Path]) -> None:
    for folder in places.values():
        program(folder, "kube-apiserver", "Kubernetes v1.36.3")
    named = program(places["named"], "kube-apiserver", "Kubernetes v1.29.0")
    assert binaries.find("kube-apiserver") == {"kube-apiserver": named}


def test_path_counts_if_the_version_fits(places: dict[str, Path]) -> None:
    program(places["cache"], "kubectl", "")
    in_path = program(places["path"], "kubectl", "Client Version: v1.36.1")
    assert binaries.find("kubectl") == {"kubectl": in_path}


@pytest.mark.parametrize("says", ["Client Version: v1.32.4-dispatcher", "Client Version: v1.35.9", "no idea"])
def test_a_stand_in_of_another_version_does_not(places: dict[str, Path], says: str) -> None:
    program(places["path"], "kubectl", says)
    cached = program(places["cache"], "kubectl", "")
    assert binaries.find("kubectl") == {"kubectl": cached}


def test_another_kubernetes_has_a_cache_of_its_own(places: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_VERSION", "1.35.3")
    binaries.cache().mkdir(parents=True)
    cached = program(binaries.cache(), "kubelet", "")
    assert binaries.find("kubelet") == {"kubelet": cached}
    assert "v1.35.3" in str(cached)


def test_a_version_that_is_none_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KUBE_VERSION", "latest")
    with pytest.raises(BinariesMissing, match=r"write it like v1\."):
        binaries.version()


@pytest.mark.usefixtures("places")
def test_without_go_it_says_what_to_install() -> None:
    with pytest.raises(BinariesMissing, match=r"etcd, kubelet: neither .* install Go 1\.26"):
        binaries.find("etcd", "kubelet")


def test_it_builds_only_what_is_missing_and_says_so(places: dict[str, Path], capfd: pytest.CaptureFixture[str]) -> None:
    compiler = places["path"] / "go"
    compiler.write_text(
        '#!/bin/sh\nwhile [ "$1" != -o ]; do shift; done\necho "$GOFLAGS $3" >"$2"\n/bin/chmod +x "$2"\n'
    )
    compiler.chmod(0o755)
    program(places["cache"], "etcd", "")
    found = binaries.find("etcd", "kubelet", "helm")
    assert found["kubelet"].read_text().split() == ["-mod=readonly", "-buildvcs=false", "k8s.io/kubernetes/cmd/kubelet"]
    told = capfd.readouterr().err
    assert "kubelet (1 of 2)" in told
    assert "helm (2 of 2)" in told
    assert "etcd" not in told

"""Programs are built once, whole or not at all, from what our modules pin; another Kubernetes gets a module of its own."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cluster import binaries, building

_ROOT = Path(__file__).resolve().parents[2]
_GO = """#!/bin/sh
echo "$GOFLAGS $*" >> "$CALLS"
case "$*" in
  "mod download"*) cat "$ANSWER"; exit;;
  *cmd/broken*) echo "no such package"; exit 1;;
esac
sleep 0.3
while [ "$1" != -o ]; do shift; done
echo built > "$2"; chmod +x "$2"
"""


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where a `go` that builds nothing notes how it was called; no program is anywhere."""
    compiler = tmp_path / "path" / "go"
    compiler.parent.mkdir()
    compiler.write_text(_GO)
    compiler.chmod(0o755)
    for name in ("sh", "cat", "sleep", "chmod"):
        (compiler.parent / name).symlink_to(f"/bin/{name}")
    monkeypatch.setenv("PATH", str(compiler.parent))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    monkeypatch.setenv("CALLS", str(tmp_path / "calls"))
    monkeypatch.setenv("ANSWER", str(tmp_path / "answer"))
    monkeypatch.delenv("LIBRETTO_KUBE_BIN", raising=False)
    monkeypatch.delenv("KUBE_VERSION", raising=False)
    return tmp_path / "calls"


def test_processes_that_need_the_same_program_build_it_once(calls: Path) -> None:
    code = "from tests.cluster import binaries; print(binaries.find('kubectl')['kubectl'])"
    command = [sys.executable, "-c", code]
    both = [subprocess.Popen(command, cwd=_ROOT, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {process.communicate()[0].strip() for process in both} == {str(binaries.cache() / "kubectl")}
    assert len(calls.read_text().splitlines()) == 1


def test_a_failed_build_shows_its_end_and_leaves_no_program(calls: Path) -> None:
    cache = binaries.cache()
    with building.locked(cache), pytest.raises(building.BuildFailed, match=r"ended with 1(.|\n)*no such package"):
        building.build(["broken"], cache, binaries.PINNED, pinned=True)
    assert [path.name for path in cache.iterdir() if not path.name.startswith(".")] == []


def test_another_kubernetes_has_a_module_of_its_own(
    calls: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBE_VERSION", "1.35.2")
    theirs = tmp_path / "theirs.mod"
    theirs.write_text("go 1.25.0\nrequire (\n\tk8s.io/api v0.0.0\n\tk8s.io/utils v0.5.0\n)\n")
    (tmp_path / "answer").write_text(json.dumps({"GoMod": str(theirs)}))
    built = binaries.find("kubelet")["kubelet"]
    lines = (built.parents[1] / "module" / "go.mod").read_text().splitlines()
    assert "require k8s.io/kubernetes v1.35.2" in lines
    assert [line for line in lines if line.startswith("replace")] == ["replace k8s.io/api => k8s.io/api v0.35.2"]
    assert [line.split()[0] for line in calls.read_text().splitlines() if " build " in line] == ["-mod=mod"]


def test_our_modules_pin_what_is_promised() -> None:
    pinned = {path.parent.name: path.read_text() for path in building.MODULES.glob("*/go.mod")}
    assert f"k8s.io/kubernetes {binaries.PINNED}" in pinned["kubernetes"]
    assert f"helm.sh/helm/v4 {building._HELM}" in pinned["helm"]
    assert "go.etcd.io/etcd/server/v3 v3.6." in pinned["etcd"]
    assert all((building.MODULES / name / "go.sum").exists() for name in pinned)

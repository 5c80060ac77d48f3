"""How are the programs of a cluster built? With `go build`, from versions that our go.mod files pin."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MODULES = Path(__file__).parent / "modules"
_SAY_EVERY_SECONDS = 15
_HELM = "v4.3.1"

_PACKAGES = {
    "etcd": ("etcd", "go.etcd.io/etcd/server/v3"),
    "helm": ("helm", "helm.sh/helm/v4/cmd/helm"),
    "coredns": ("coredns", "."),
    "versitygw": ("s3", "github.com/versity/versitygw/cmd/versitygw"),
}
"""Program -> module folder and package; every other program is one of Kubernetes."""


class BuildFailed(Exception):
    """`go build` has failed; the text has the end of what it said."""


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """One builder at a time; who waits finds the programs there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def build(names: Sequence[str], into: Path, version: str, *, pinned: bool) -> None:
    """Build these programs; `pinned` says that our go.mod names this Kubernetes."""
    for number, name in enumerate(names, 1):
        folder, package = _PACKAGES.get(name, ("kubernetes", f"k8s.io/kubernetes/cmd/{name}"))
        other = folder == "kubernetes" and not pinned
        module = _module_of(version, into.parent / "module") if other else MODULES / folder
        part = into / f".{name}.{os.getpid()}"
        command = ["go", "build", "-trimpath", "-ldflags", _flags(name, version), "-o", str(part), package]
        mode = "mod" if other else "readonly"
        _run(command, module, f"{name} ({number} of {len(names)})", mode, into / f".{name}.log")
        part.replace(into / name)


def _flags(name: str, version: str) -> str:
    """Without its version, the API server says v0.0.0-master, and clients that compare versions give up."""
    names = {}
    if name == "helm":
        names = {"helm.sh/helm/v4/internal/version.version": _HELM}
    elif name not in _PACKAGES:
        packages = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
        names = {f"{package}.gitVersion": version for package in packages}
    return " ".join(["-s", "-w", *(f"-X {key}={value}" for key, value in names.items())])


def _run(command: Sequence[str], folder: Path, what: str, mode: str, log: Path) -> None:
    _say(f"building {what}; a few minutes the first time, the result is kept in {log.parent}")
    begun = time.monotonic()
    environment = {**os.environ, "GOFLAGS": f"-mod={mode} -buildvcs=false"}
    with log.open("w") as output:
        process = subprocess.Popen(command, cwd=folder, stdout=output, stderr=output, env=environment)
        try:
            while True:
                try:
                    code = process.wait(_SAY_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    _say(f"  {what}: {time.monotonic() - begun:.0f} s")
        finally:
            process.kill()
            process.wait()
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        free = shutil.disk_usage(log.parent).free >> 30
        raise BuildFailed(f"`{' '.join(command)}` in {folder} ended with {code} ({free} GB free):\n{tail}")
    _say(f"  {what}: done in {time.monotonic() - begun:.0f} s")


def _module_of(version: str, folder: Path) -> Path:
    """A go.mod for a Kubernetes that ours does not pin.

    Kubernetes requires its staging modules at v0.0.0; the published ones have its own minor and patch.
    """
    folder.mkdir(parents=True, exist_ok=True)
    command = ["go", "mod", "download", "-json", f"k8s.io/kubernetes@{version}"]
    told = subprocess.run(command, cwd=folder.parent, capture_output=True, text=True, check=False)
    answer = json.loads(told.stdout or "{}")
    if "GoMod" not in answer:
        raise BuildFailed(f"no Kubernetes {version}: {answer.get('Error') or told.stderr}")
    theirs = Path(answer["GoMod"]).read_text()
    staging = re.findall(r"^\s*(k8s\.io/[\w.-]+) v0\.0\.0\s*$", theirs, re.MULTILINE)
    language = re.findall(r"^go (\S+)", theirs, re.MULTILINE)[0]
    lines = ["module libretto.dev/cluster/kubernetes", f"go {language}", f"require k8s.io/kubernetes {version}"]
    lines += [f"replace {name} => {name} v0.{version.removeprefix('v1.')}" for name in staging]
    (folder / "go.mod").write_text("\n".join(lines) + "\n")
    return folder


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)

"""Where do the programs of a cluster come from? Named folder, PATH, cache, and if all fail: `go build`.

The modules in `modules/` pin what is built. `KUBE_VERSION` asks for another Kubernetes than the pinned one.
"""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.cluster.building import build, locked

PINNED = "v1.36.3"
CONTROL_PLANE = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kubectl")
NODE = ("kubelet", "kube-proxy", "coredns")


@dataclass(frozen=True)
class _Tool:
    """How a program found in PATH tells its version, and which one fits; `{minor}` is that of Kubernetes."""

    asked: tuple[str, ...]
    fits: str


_KUBERNETES = _Tool(("--version",), r"Kubernetes v1\.{minor}\.")
_TOOLS = {
    "etcd": _Tool(("--version",), r"etcd Version: 3\.[56]\."),
    "kube-apiserver": _KUBERNETES,
    "kube-controller-manager": _KUBERNETES,
    "kube-scheduler": _KUBERNETES,
    "kubelet": _KUBERNETES,
    "kube-proxy": _KUBERNETES,
    "kubectl": _Tool(("version", "--client"), r"Client Version: v1\.{minor}\.\d+\s"),
    "helm": _Tool(("version", "--short"), r"v4\."),
    "coredns": _Tool(("-version",), r"CoreDNS-1\."),
    "versitygw": _Tool(("--version",), r"v?1\."),
}


class BinariesMissing(Exception):
    """A program is neither there nor can it be built; the text says what to install."""


def version() -> str:
    """The Kubernetes version asked for, as `v1.36.3`."""
    asked = os.environ.get("KUBE_VERSION") or PINNED
    asked = asked if asked.startswith("v") else f"v{asked}"
    if not re.fullmatch(r"v1\.\d+\.\d+", asked):
        raise BinariesMissing(f"KUBE_VERSION={asked} is no release of Kubernetes: write it like {PINNED}")
    return asked


def cache() -> Path:
    """Where built programs of this version are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "libretto" / "kube" / version() / "bin"


def find(*names: str) -> dict[str, Path]:
    """The paths of these programs; builds what is missing, and says so on standard error."""
    found = {name: path for name in names if (path := _present(name))}
    missing = [name for name in names if name not in found]
    if missing:
        if shutil.which("go") is None:
            raise BinariesMissing(
                f"{', '.join(missing)}: neither in LIBRETTO_KUBE_BIN, PATH nor {cache()}, and `go` is missing to build "
                "them: install Go 1.26 or later (https://go.dev/dl), or set LIBRETTO_KUBE_BIN to a folder with them"
            )
        with locked(cache()):
            wanted = [name for name in missing if not _runnable(cache() / name)]
            build(wanted, cache(), version(), pinned=version() == PINNED)
        found |= {name: cache() / name for name in missing}
    return found


def _present(name: str) -> Path | None:
    return next(_candidates(name), None)


def _candidates(name: str) -> Iterator[Path]:
    named = os.environ.get("LIBRETTO_KUBE_BIN")
    if named and _runnable(Path(named) / name):
        yield Path(named) / name
    in_path = shutil.which(name)
    if in_path and _fits(name, in_path):
        yield Path(in_path)
    if _runnable(cache() / name):
        yield cache() / name


def _runnable(path: Path) -> bool:
    return path.is_file() and os.access(path, os.X_OK)


def _fits(name: str, path: str) -> bool:
    tool = _TOOLS[name]
    pattern = tool.fits.replace("{minor}", version().split(".")[1])
    with suppress(OSError, subprocess.SubprocessError):
        told = subprocess.run([path, *tool.asked], capture_output=True, text=True, timeout=10, check=False)
        return re.search(pattern, told.stdout + told.stderr) is not None
    return False

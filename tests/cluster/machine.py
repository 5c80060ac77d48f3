"""Can this machine have a real node? What is missing for it, and on Debian as root: getting it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PLUGINS = Path("/usr/lib/cni")
"""Where Debian's containernetworking-plugins are."""

LINK = {"ip": "iproute2", "nsenter": "util-linux"}
"""Command -> Debian's package: what the link between this machine and a node needs."""

COMMANDS = {
    **LINK,
    "containerd": "containerd",
    "ctr": "containerd",
    "runc": "runc",
    "ptp": "containernetworking-plugins",
    "busybox": "busybox-static",
    "nft": "nftables",
}
"""The same for a whole node."""


class NodeUnavailable(Exception):
    """This machine cannot have a real node; the text says why, and what to do."""


def skipped() -> bool:
    """Whether somebody has said that there shall be no real node."""
    return os.environ.get("LIBRETTO_SKIP_NODE") == "1"


def refusal() -> str | None:
    """Why no real node can be here, before anything is installed."""
    if sys.platform != "linux":
        return f"a kubelet needs Linux, this is {sys.platform}"
    if os.geteuid() != 0:
        return "a kubelet needs root: run the tests as root"
    if shutil.which("unshare") and subprocess.run(["unshare", "--net", "--mount", "true"], check=False).returncode:
        return "a node needs namespaces, and this root may not make them: allow it (CAP_SYS_ADMIN, CAP_NET_ADMIN)"
    missing = _missing(COMMANDS)
    if missing and not _installs():
        return (
            f"missing: {', '.join(missing)}; install containerd, runc, the CNI plugins, nftables and a static busybox"
        )
    return None


def prepare(commands: Mapping[str, str] = COMMANDS) -> None:
    """Make sure that these are there; installs packages, and says so."""
    if problem := refusal():
        raise NodeUnavailable(f"{problem}; or set LIBRETTO_SKIP_NODE=1 to do without the real node")
    packages = _missing(commands)
    if packages:
        print(f"installing for the real node: {' '.join(packages)}", file=sys.stderr, flush=True)
        environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
        for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *packages]):
            told = subprocess.run(["apt-get", *words], env=environment, capture_output=True, text=True, check=False)
            if told.returncode:
                raise NodeUnavailable(f"apt-get {' '.join(words)} failed:\n{told.stderr[-2000:]}")


def _missing(commands: Mapping[str, str]) -> list[str]:
    """Packages whose commands are not here."""
    search = f"{os.environ.get('PATH', '')}:{PLUGINS}:/usr/sbin:/sbin"
    return sorted({package for command, package in commands.items() if not shutil.which(command, path=search)})


def _installs() -> bool:
    return Path("/etc/debian_version").exists() and shutil.which("apt-get") is not None

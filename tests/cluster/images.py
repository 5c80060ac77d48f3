"""How does a node get an image without any registry? As a docker-archive, made here from files.

It has the layout that `docker save` writes and containerd imports: one layer, one configuration, one manifest.
"""

import hashlib
import io
import json
import platform
import shutil
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

PAUSE = "localhost/pause:1"
BUSYBOX = "localhost/busy:1"

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_FOLDERS = {"bin": 0o755, "etc": 0o755, "proc": 0o755, "sys": 0o755, "dev": 0o755, "run": 0o755, "tmp": 0o1777}
_ACCOUNTS = {
    "etc/passwd": "root:x:0:0:root:/:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/sh\n",
    "etc/group": "root:x:0:\nnogroup:x:65534:\n",
}


def busybox(program: Path | None = None) -> bytes:
    """The layer of an image that has nothing but a statically linked busybox; a tar."""
    found = program or Path(shutil.which("busybox") or "")
    content = found.read_bytes()
    if b"/ld-linux" in content[:8192]:
        raise ValueError(f"{found} needs libraries that the image would not have: install busybox-static")
    applets = subprocess.run([found, "--list"], capture_output=True, text=True, check=True).stdout.split()
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as layer:
        for name, mode in _FOLDERS.items():
            folder = tarfile.TarInfo(name)
            folder.type, folder.mode = tarfile.DIRTYPE, mode
            layer.addfile(folder)
        _add(layer, "bin/busybox", content, mode=0o755)
        for name in sorted(set(applets) - {"busybox"}):
            link = tarfile.TarInfo(f"bin/{name}")
            link.type, link.linkname = tarfile.SYMTYPE, "busybox"
            layer.addfile(link)
        for name, text in _ACCOUNTS.items():
            _add(layer, name, text.encode())
    return made.getvalue()


def write_archive(
    path: Path, reference: str, layer: bytes | Path, command: Sequence[str], env: Mapping[str, str] | None = None
) -> Path:
    """Write an image of this one layer (a tar of a root file system: bytes, or a file)."""
    content = layer.read_bytes() if isinstance(layer, Path) else layer
    digest = hashlib.sha256(content).hexdigest()
    configuration = json.dumps(
        {
            "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
            "os": "linux",
            "config": {
                "Cmd": list(command),
                "Env": [f"{key}={value}" for key, value in {"PATH": _PATH, **(env or {})}.items()],
            },
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{digest}"]},
        }
    ).encode()
    named = f"{hashlib.sha256(configuration).hexdigest()}.json"
    manifest = [{"Config": named, "RepoTags": [reference], "Layers": [f"{digest}/layer.tar"]}]
    with tarfile.open(path, "w") as archive:
        _add(archive, "manifest.json", json.dumps(manifest).encode())
        _add(archive, named, configuration)
        _add(archive, f"{digest}/layer.tar", content)
    return path


def _add(archive: tarfile.TarFile, name: str, content: bytes, mode: int = 0o644) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(content), mode
    archive.addfile(entry, io.BytesIO(content))

"""What does an image look like on disk? A thin layer over the machine's own root.

The layer brings device nodes, empties what belongs to the machine's users (`/tmp`, `/run`), opens the way to the
image's folders for users other than root, and puts the commands of busybox first where the image is one.
"""

import os
import subprocess
from pathlib import Path

from tests.cluster.process_node.sandbox import OLD_ROOT
from tests.cluster.process_node.settings import Image

_DEVICES = {"null": (1, 3), "zero": (1, 5), "full": (1, 7), "random": (1, 8), "urandom": (1, 9), "tty": (5, 0)}
_LINKS = {"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2"}
_EMPTIED = {"tmp": 0o1777, "var/tmp": 0o1777, "run": 0o755, "dev": 0o755}
_APPLETS = "/.applets"


class Layer:
    """The layer of one image, and what must be mounted beside it."""

    def __init__(self, folder: Path, image: Image) -> None:
        self.image = image
        self.path = str(folder)
        self.env = dict(image.env)
        self.mounts: list[tuple[str, str, bool]] = []
        folder.mkdir(parents=True)
        for name in ("proc", OLD_ROOT[1:]):
            (folder / name).mkdir()
        for name, mode in _EMPTIED.items():
            _make(folder, Path("/", name).parent)
            (folder / name).mkdir()
            (folder / name).chmod(mode)
            os.setxattr(folder / name, "trusted.overlay.opaque", b"y")
        _make_devices(folder / "dev")
        for path in image.paths:
            self._show(folder, Path(path))
        if image.applets:
            _link_applets(folder / _APPLETS[1:], image.applets)
            self.env["PATH"] = f"{_APPLETS}:{self.env['PATH']}"

    def _show(self, folder: Path, path: Path) -> None:
        emptied = any(path.is_relative_to(f"/{name}") for name in _EMPTIED)
        if emptied or path.stat().st_dev != Path("/").stat().st_dev:
            self.mounts.append((str(path), str(path), True))
        else:
            _make(folder, path)


def _make(folder: Path, path: Path) -> None:
    """The folder `path` of the machine and its parents, in the layer, with a way through for everybody."""
    for each in [*reversed(path.parents), path]:
        here = folder / each.relative_to("/")
        if here != folder and not here.exists():
            here.mkdir()
            here.chmod((each.stat().st_mode & 0o7777) | 0o055)


def _make_devices(dev: Path) -> None:
    for name, (major, minor) in _DEVICES.items():
        os.mknod(dev / name, 0o020666, os.makedev(major, minor))
        (dev / name).chmod(0o666)
    for name, target in _LINKS.items():
        (dev / name).symlink_to(target)
    (dev / "shm").mkdir()
    (dev / "shm").chmod(0o1777)


def _link_applets(folder: Path, busybox: str) -> None:
    folder.mkdir()
    listing = subprocess.run([busybox, "--list"], check=True, capture_output=True, text=True).stdout
    for name in listing.split():
        (folder / name).symlink_to(busybox)

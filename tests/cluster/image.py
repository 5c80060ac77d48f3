"""How is the project's image built without any registry? The Dockerfile as it is, over a base made from Debian's packages.

buildah answers the Dockerfile's FROM lines with the base, and exports an archive that containerd imports. Both are kept in
the cache and named by what they were made from. `python -m tests.cluster.image` builds, and prints the archive's path.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from tests.cluster.building import locked

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = "localhost/libretto:test"
"""How the image is called where it was imported."""

SUITE = "trixie"
"""Debian's release with the Python that the Dockerfile asks for."""

_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CONTEXT = ("controller", "pyproject.toml", "README.md", "LICENSE", "requirements/operator.txt", "requirements/dev.txt")
"""What of the project goes into it; .dockerignore says the same."""

_KEPT = 3
"""Archives of the project that stay in the cache."""
_MOST_LAYERS = 40
"""Of more layers in buildah's store most are of old builds, so all are made anew."""

_SAY_EVERY_SECONDS = 10
_PACKAGES = {"buildah": "buildah", "mmdebstrap": "mmdebstrap"}

_BOOTSTRAP = (
    "mmdebstrap",
    "--quiet",
    "--variant=minbase",
    "--mode=root",
    "--include=python3,python3-venv,ca-certificates",
    "--dpkgopt=path-exclude=/usr/share/man/*",
    "--dpkgopt=path-exclude=/usr/share/doc/*",
    "--dpkgopt=path-exclude=/usr/share/locale/*",
    '--aptopt=Apt::Install-Recommends "false"',
    # Where the Dockerfile's own base has python and pip.
    '--customize-hook=chroot "$1" python3 -m venv /usr/local',
    '--customize-hook=rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/*',
    SUITE,
)


class ImageUnavailable(Exception):
    """The image cannot be built here; the text says why, and what to do."""


class Image(NamedTuple):
    """A built image."""

    reference: str
    archive: Path
    """What `ctr images import` and `buildah pull docker-archive:` take."""


def image() -> Image:
    """The project's image as the sources are now; takes a second when it was built before."""
    folder = cache()
    archive = folder / f"libretto-{_digest(_sources())}.tar"
    with locked(folder):
        if not archive.exists():
            _prepare()
            _build(folder, archive)
        archive.touch()
        _forget(folder, archive)
    return Image(REFERENCE, archive)


def cache() -> Path:
    """Where bases, archives and buildah's layers are kept."""
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "libretto" / "images"


def buildah(*arguments: str) -> list[str]:
    """A command of buildah's, on the store in the cache."""
    store = cache() / "store"
    return ["buildah", "--root", str(store / "root"), "--runroot", str(store / "run"), *arguments]


def bases(dockerfile: str) -> set[str]:
    """The images that a Dockerfile starts from, as it names them; not its own stages."""
    found, stages = set(), set()
    for line in re.findall(r"(?im)^FROM\s+(.+)$", dockerfile):
        words = [word for word in line.split() if not word.startswith("--")]
        if words[0] not in stages and words[0] != "scratch":
            found.add(words[0])
        if len(words) == 3:
            stages.add(words[2])
    return found


def _build(folder: Path, archive: Path) -> None:
    if len(_told(buildah("images", "--all", "--quiet")).splitlines()) > _MOST_LAYERS:
        _told(buildah("rm", "--all"))
        _told(buildah("rmi", "--all", "--force"))
    base = _base(folder)
    dockerfile = ROOT / "Dockerfile"
    answered = [f"--build-context={name}=docker-image://{base}" for name in sorted(bases(dockerfile.read_text()))]
    # A proxy may have a CA of its own. Mounts are no part of the image.
    mounted = [f"--volume={path}:{path}:ro" for path in ("/etc/ssl/certs", "/etc/pip.conf") if Path(path).exists()]
    options = ["--isolation=chroot", "--layers", "--pull-never", "--network=host", *mounted, *answered]
    _run(buildah("build", *options, f"--tag={REFERENCE}", f"--file={dockerfile}", str(ROOT)), "the image", folder)
    part = archive.with_suffix(".part")
    part.unlink(missing_ok=True)
    _run(buildah("push", "--quiet", REFERENCE, f"docker-archive:{part}:{REFERENCE}"), "the archive", folder)
    part.replace(archive)


def _base(folder: Path) -> str:
    """The base in buildah's store, named by the command that makes it."""
    digest = _digest({"command": " ".join(_BOOTSTRAP).encode()})
    name = f"localhost/libretto-base:{digest}"
    if subprocess.run(buildah("inspect", "--type=image", name), capture_output=True, check=False).returncode:
        files = folder / f"base-{digest}.tar"
        if not files.exists():
            part = folder / "base.part.tar"
            part.unlink(missing_ok=True)
            _run([*_BOOTSTRAP, str(part)], f"a base from the packages of Debian {SUITE}", folder)
            part.replace(files)
        container = _told(buildah("from", "scratch"))
        _run(buildah("add", "--quiet", container, str(files), "/"), "the base's image", folder)
        _told(buildah("config", f"--env=PATH={_PATH}", "--env=LANG=C.UTF-8", '--cmd=["python3"]', container))
        _run(buildah("commit", "--quiet", "--rm", container, name), "the base's image", folder)
    return name


def _sources() -> Mapping[str, bytes]:
    """Everything that decides what the image holds."""
    found = {"base": " ".join(_BOOTSTRAP).encode()}
    for path in (ROOT / "Dockerfile", ROOT / ".dockerignore", *_files()):
        found[path.relative_to(ROOT).as_posix()] = path.read_bytes()
    return found


def _files() -> Iterator[Path]:
    for name in CONTEXT:
        path = ROOT / name
        yield from sorted(each for each in path.rglob("*") if _counts(each)) if path.is_dir() else [path]


def _counts(path: Path) -> bool:
    return path.is_file() and "__pycache__" not in path.parts


def _digest(contents: Mapping[str, bytes]) -> str:
    whole = hashlib.sha256()
    for name, content in sorted(contents.items()):
        whole.update(f"{name} {len(content)}\n".encode() + content)
    return whole.hexdigest()[:16]


def _forget(folder: Path, used: Path) -> None:
    """Keep the newest archives: a test run of an older commit may still need its own."""
    archives = sorted(folder.glob("libretto-*.tar"), key=lambda path: path.stat().st_mtime, reverse=True)
    for old in archives[_KEPT:]:
        if old != used:
            old.unlink()


def _prepare() -> None:
    if sys.platform != "linux" or os.geteuid() != 0:
        raise ImageUnavailable("the image is built on Linux as root: its base is a root file system made from packages")
    missing = [package for command, package in _PACKAGES.items() if shutil.which(command) is None]
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise ImageUnavailable(f"missing: {', '.join(missing)}; install them, on Debian with apt-get")
    print(f"installing to build the image: {' '.join(missing)}", file=sys.stderr, flush=True)
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for words in (["update", "-qq"], ["install", "-y", "-qq", "--no-install-recommends", *missing]):
        told = subprocess.run(["apt-get", *words], env=environment, capture_output=True, text=True, check=False)
        if told.returncode:
            raise ImageUnavailable(f"apt-get {' '.join(words)} failed:\n{told.stderr[-2000:]}")


def _run(command: Sequence[str], what: str, folder: Path) -> None:
    print(f"building {what}; the first time a minute or two, it is kept in {folder}", file=sys.stderr, flush=True)
    begun = time.monotonic()
    log = folder / "build.log"
    with log.open("w") as output:
        process = subprocess.Popen(["nice", *command], stdout=output, stderr=output)
        try:
            while True:
                try:
                    code = process.wait(_SAY_EVERY_SECONDS)
                    break
                except subprocess.TimeoutExpired:
                    print(f"  {what}: {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)
        finally:
            process.kill()
            process.wait()
    if code:
        tail = "\n".join(log.read_text(errors="replace").splitlines()[-20:])
        raise ImageUnavailable(f"`{' '.join(command)}` ended with {code}:\n{tail}")
    print(f"  {what}: done in {time.monotonic() - begun:.0f} s", file=sys.stderr, flush=True)


def _told(command: Sequence[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


if __name__ == "__main__":
    print(image().archive)

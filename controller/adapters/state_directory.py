"""Where the state of a project lies on disk, and how it is found and made."""

import errno
import shutil
from pathlib import Path

from controller.errors import ConfigurationInvalid, DiskFull, StoreUnavailable

NAME = ".libretto"

_DATABASE = "state.db"
_KNOWN = frozenset({".gitignore", "alerts.log", "blobs", "config.toml", "runs"})
_IGNORE = "# Made by Libretto: the state of runs does not belong into Git.\n*\n"


class StateDirectory:
    """The layout of one state directory; making an object touches nothing."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.database = path / _DATABASE
        self.blobs = path / "blobs"
        self.runs = path / "runs"
        """One folder per run tree, by the uid of its root."""
        self.alerts = path / "alerts.log"
        self.configuration = path / "config.toml"
        self.project = path.parent
        """The folder that the state directory stands in; `libretto.toml` lies there."""

    @classmethod
    def find(cls, given: str | None, start: Path) -> "StateDirectory":
        """Return the directory that is `given`, else the nearest `.libretto` at or above `start`, else that of `start`.

        It need not exist.
        """
        if given is not None:
            return cls((start / Path(given).expanduser()).resolve())
        start = start.resolve()
        for folder in (start, *start.parents):
            if (folder / NAME).is_dir():
                return cls(folder / NAME)
        return cls(start / NAME)

    def free_share(self) -> float:
        """Return how much of the disk that it lies on is free, 0 to 1. Raises StoreUnavailable."""
        try:
            usage = shutil.disk_usage(self.path)
        except OSError as error:
            raise StoreUnavailable(f"cannot see how much space is left in {self.path}: {error}") from error
        return usage.free / usage.total if usage.total else 1.0

    @property
    def exists(self) -> bool:
        """Whether anything was ever run here."""
        return self.database.exists()

    def tree(self, root: str) -> Path:
        """Return the folder of a run tree."""
        return self.runs / root

    def create(self) -> None:
        """Make what is missing, private to the user. Making it twice is making it once.

        Raises ConfigurationInvalid for a folder that holds other things: the `.gitignore` would hide them from Git.
        """
        try:
            self._refuse_foreign()
            for folder in (self.path, self.blobs, self.runs):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            ignore = self.path / ".gitignore"
            if not ignore.exists():
                ignore.write_text(_IGNORE, encoding="utf-8")
        except OSError as error:
            if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}:
                raise DiskFull(f"cannot make {self.path}: no space left", hint="free some space") from error
            raise StoreUnavailable(
                f"cannot make {self.path}: {error.strerror}", hint="name a writable folder with --state-dir"
            ) from error

    def _refuse_foreign(self) -> None:
        if not self.path.exists() or self.database.exists():
            return
        foreign = sorted(
            entry.name
            for entry in self.path.iterdir()
            if entry.name not in _KNOWN and not entry.name.startswith(_DATABASE)
        )
        if foreign:
            raise ConfigurationInvalid(
                f"{self.path} is not a state directory: it holds {', '.join(foreign[:3])}"
                + (f" and {len(foreign) - 3} more" if len(foreign) > 3 else ""),
                hint=f"name a new or empty folder with --state-dir, e.g. {self.path / NAME}",
            )

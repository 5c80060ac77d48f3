"""Where is measured, with which Libretto, and who is told how far it is?"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.bench.children import Usage, run

ROOT = Path(__file__).resolve().parent.parent.parent
LIBRETTO = Path(sys.executable).with_name("libretto")


class Workshop:
    """Fresh folders on a real disk, and the installed command line. Nothing is written into the project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._count = 0
        self._began = time.monotonic()
        # What a person has set for daily work must not change what is measured.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("LIBRETTO_")}

    @classmethod
    def make(cls) -> "Workshop":
        """Make one in the folder for temporary files."""
        return cls(Path(tempfile.mkdtemp(prefix="libretto-bench-")))

    def close(self) -> None:
        """Remove everything."""
        shutil.rmtree(self._folder)

    def folder(self, name: str) -> Path:
        """Return a path that is new each time; its folder is not made yet."""
        self._count += 1
        return self._folder / f"{self._count:03d}-{name}"

    def libretto(
        self,
        folder: Path,
        *words: str | Path,
        environment: Mapping[str, str] | None = None,
        companion: str | None = None,
        codes: Sequence[int] = (0,),
    ) -> Usage:
        """Run the command line in a folder. Raises CommandFailed."""
        given = {**self.environment, **(environment or {})}
        return run([LIBRETTO, *words], folder, environment=given, companion=companion, codes=codes)

    def say(self, text: str) -> None:
        """Tell how far it is; standard output is for the result."""
        print(f"{time.monotonic() - self._began:6.1f} s  {text}", file=sys.stderr, flush=True)

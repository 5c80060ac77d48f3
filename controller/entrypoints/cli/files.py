"""Which files may options name? What is read must be there; what is written needs a folder that is there."""

import os
from pathlib import Path
from typing import Any

import click


class WrittenFile(click.Path):
    """A file that is made or replaced."""

    def __init__(self) -> None:
        super().__init__(dir_okay=False, path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path. Fails where its folder is not there: nothing else would come of the work."""
        path = Path(os.fsdecode(super().convert(value, param, ctx)))
        if not path.parent.is_dir():
            self.fail(f"there is no folder {path.parent}", param, ctx)
        return path


READ = click.Path(exists=True, dir_okay=False, path_type=Path)
WRITTEN = WrittenFile()

"""Snakemake to compare with, in an environment of its own that stays in the user's folder for caches."""

import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

VERSION = "9.27.1"


class NotInstallable(Exception):
    """Why there is no Snakemake to compare with."""


def installed() -> Path:
    """Return the program, installed where it was not yet. Raises NotInstallable."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    home = cache / "libretto-bench" / f"snakemake-{VERSION}-py{python}"
    program = home / "bin" / "snakemake"
    if not program.exists():
        shutil.rmtree(home, ignore_errors=True)
        try:
            venv.create(home, with_pip=True)
            words = [str(home / "bin" / "python"), "-m", "pip", "--quiet", "install", f"snakemake=={VERSION}"]
            subprocess.run(words, check=True, capture_output=True, text=True)
        except subprocess.CalledProcessError as error:
            shutil.rmtree(home, ignore_errors=True)
            said = str(error.stderr or error).strip().splitlines()
            raise NotInstallable(f"it cannot be installed: {said[-1] if said else error}") from error
        except OSError as error:
            raise NotInstallable(f"it cannot be installed: {error}") from error
    return program

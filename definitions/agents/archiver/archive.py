"""Keep what earlier steps made: one archive outside the run, a manifest inside it, and a receipt that can take it back.

The archive goes to `outbox/<run>/archive/` in the folder that holds the state directory. Its bytes depend on the packed
files alone: names in order, one fixed date, stored without compression (a compressor's bytes differ between versions).
"""

import hashlib
import json
import os
import re
import sys
import zipfile
from pathlib import Path
from typing import NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
RUN = os.environ.get("LIBRETTO_RUN", "run")
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it

EARLIEST = (1980, 1, 1, 0, 0, 0)
"""The first moment that the ZIP format can express; it means "no date"."""


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"archiver: {problem}\n")
    sys.exit(BAD_INPUT)


def sha256(content: bytes) -> str:
    return "sha256:" + hashlib.sha256(content).hexdigest()


def pack(files: dict[str, bytes], archive: Path) -> None:
    """Write the archive beside its place and move it there, so that nobody ever sees half of it."""
    archive.parent.mkdir(parents=True, exist_ok=True)
    unfinished = archive.with_suffix(".part")
    with zipfile.ZipFile(unfinished, "w", zipfile.ZIP_STORED) as box:
        for name, content in files.items():
            entry = zipfile.ZipInfo(name, EARLIEST)
            entry.create_system = 3  # Unix, whatever it was packed on
            entry.external_attr = 0o644 << 16
            box.writestr(entry, content)
    unfinished.replace(archive)


def keep() -> None:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    name = payload.get("name")
    if not isinstance(name, str) or not re.fullmatch(r"[\w.-]*\w", name):
        refuse(f"name must be a plain file name without its ending, not {json.dumps(name)}")
    inputs = STEP / "inputs"
    found = sorted(path for path in inputs.rglob("*") if path.is_file())
    if not found:
        refuse("no earlier step handed over an artifact, so there is nothing to archive")
    files = {path.relative_to(inputs).as_posix(): path.read_bytes() for path in found}

    archive = Path("outbox", RUN, "archive", f"{name}.zip")
    pack(files, archive)
    digest = sha256(archive.read_bytes())
    manifest = {
        "archive": archive.name,
        "digest": digest,
        "files": [{"name": name, "bytes": len(data), "digest": sha256(data)} for name, data in files.items()],
    }
    receipt = {
        "changes": [{"created": archive.as_posix(), "digest": digest}],
        "undo": {"input": {"remove": archive.as_posix(), "digest": digest}, "reversible": True},
    }
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / "manifest.json").write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")
    (STEP / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    output = {"archive": archive.name, "digest": digest, "bytes": archive.stat().st_size, "files": list(files)}
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")


def take_back() -> None:
    """Remove the archive, unless somebody changed it since. Safe to repeat: what is gone already is undone."""
    undo = json.loads((STEP / "inputs" / "receipt.json").read_text(encoding="utf-8"))["undo"]["input"]
    archive = Path(undo["remove"])
    if archive.exists():
        if sha256(archive.read_bytes()) != undo["digest"]:
            sys.stderr.write(f"archiver: {archive} is not what this run made; it stays\n")
            sys.exit(1)
        archive.unlink()
        for folder in (archive.parent, archive.parent.parent):
            if not any(folder.iterdir()):
                folder.rmdir()
    (STEP / "output.json").write_text(json.dumps({"removed": archive.name}), encoding="utf-8")


if __name__ == "__main__":
    if os.environ.get("LIBRETTO_ROLE") == "undo":
        take_back()
    else:
        keep()

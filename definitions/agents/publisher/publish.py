"""Where can people read it? Publishes a page of facts in `outbox/<run>/public/`, with a receipt that takes it down again.

An earlier page of that name is kept inside the receipt, so that the undo puts it back instead of leaving a hole.
"""

import json
import os
import re
import sys
from pathlib import Path
from typing import Any, NoReturn

STEP = Path(os.environ.get("LIBRETTO_DIR", "."))
PUBLIC = Path("outbox", os.environ.get("LIBRETTO_RUN", "run"), "public")
BAD_INPUT = 65  # sysexits' EX_DATAERR: Libretto never retries it


def refuse(problem: str) -> NoReturn:
    sys.stderr.write(f"publisher: {problem}\n")
    sys.exit(BAD_INPUT)


def put(page: Path, text: str) -> None:
    """Write beside and move, so that a reader sees the old page or the new one."""
    page.parent.mkdir(parents=True, exist_ok=True)
    unfinished = page.with_suffix(".part")
    unfinished.write_text(text, encoding="utf-8")
    unfinished.replace(page)


def publish() -> dict[str, Any]:
    payload = json.loads((STEP / "input.json").read_text(encoding="utf-8"))["payload"]
    name, title, facts = payload.get("name"), payload.get("title"), payload.get("facts")
    if not isinstance(name, str) or not re.fullmatch(r"[\w-]+\.md", name):
        refuse(f"name must be a file name such as orders.md, not {json.dumps(name)}")
    if not isinstance(title, str) or not title.strip():
        refuse(f"title must be a text, not {json.dumps(title)}")
    if not isinstance(facts, dict):
        refuse(f"facts must map names to values, not {json.dumps(facts)}")

    text = "\n".join([f"# {title}", "", *(f"- {name}: {value}" for name, value in facts.items()), ""])
    page = PUBLIC / name
    before = page.read_text(encoding="utf-8") if page.exists() else None
    undo = {"page": page.as_posix(), "before": before if before != text else None}
    receipt = {"changes": [{"published": page.as_posix()}], "undo": {"input": undo, "reversible": True}}
    (STEP / "receipt.json").write_text(json.dumps(receipt), encoding="utf-8")
    put(page, text)
    (STEP / "artifacts").mkdir(exist_ok=True)
    (STEP / "artifacts" / name).write_text(text, encoding="utf-8")
    return {"published": name, "facts": len(facts)}


def take_down() -> dict[str, Any]:
    undo = json.loads((STEP / "inputs" / "receipt.json").read_text(encoding="utf-8"))["undo"]["input"]
    page = Path(undo["page"])
    if undo["before"] is None:
        page.unlink(missing_ok=True)
    else:
        put(page, undo["before"])
    return {"taken_down": page.name}


if __name__ == "__main__":
    output = take_down() if os.environ.get("LIBRETTO_ROLE") == "undo" else publish()
    (STEP / "output.json").write_text(json.dumps(output), encoding="utf-8")

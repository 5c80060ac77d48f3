"""What is said at the end, in the few bytes that the kubelet keeps of it?

{"v": 1,
 "output": text of output.json | "outputBlob": digest,
 "receipt": text of receipt.json | "receiptBlob": digest,
 "artifacts": [[path, digest, size], ...] | "listBlob": digest of such a list,
 "problems": [text, ...],          what keeps the results from being published
 "rejected": text}                 of `stage`: why the program cannot start
"""

import json
import os
from collections.abc import Sequence
from typing import Any

from controller.entrypoints.courier.folders import write_all

Members = dict[str, Any]

LONGEST_LINE = 300
"""Characters of one problem."""


def encode(members: Members) -> bytes:
    return _text({"v": 1, **members})


def artifact_list(artifacts: Sequence[tuple[str, str, int]]) -> bytes:
    """Return the list as it is stored when it is too long for a message."""
    return _text(artifacts)


def fits(members: Members, most: int) -> bool:
    return len(encode(members)) <= most


def cut(members: Members, most: int) -> bytes:
    """Return the message, with as many of its problems as fit; at least it says that there are some."""
    problems = members.get("problems", ())
    if not problems:
        return encode(members)
    plain = {name: value for name, value in members.items() if name != "problems"}
    left = most - len(encode({**plain, "problems": [f"and {len(problems)} more"]}))
    kept: list[str] = []
    for line in problems:
        short = _short(line)
        left -= len(_text(short)) + len(",")
        if left < 0:
            break
        kept.append(short)
    rest = len(problems) - len(kept)
    if not kept:
        # There is not even room for one beside the rest, so the rest is not said.
        return encode({"problems": [_short(problems[0])[: most // 8]]})
    return encode({**plain, "problems": [*kept, *([f"and {rest} more"] if rest else [])]})


def leave(path: str, content: bytes) -> None:
    """Put a message where the kubelet reads it. The file is the kubelet's own, so no other can take its place."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o644)
    try:
        write_all(descriptor, content)
    finally:
        os.close(descriptor)


def _text(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "replace")


def _short(line: str) -> str:
    return line if len(line) <= LONGEST_LINE else line[: LONGEST_LINE - 1] + "…"
